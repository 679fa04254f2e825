// One statement: figures, source, the sentence before, citation.
const cite = i => {
  const s = speeches[D.speech[i]], m = meetings[s.meeting];
  return [m.name, title(s), m.date].filter(Boolean).join(", ") + `: “${D.text[i]}”`;
};
const copy = async (text, area, told) => {
  try { await navigator.clipboard.writeText(text); } catch {
    if (area) { area.select(); document.execCommand("copy"); }
  }
  told.textContent = "Copied.";
};
const open = i => {
  const s = speeches[D.speech[i]], m = meetings[s.meeting], label = D.stance[i];
  nodeOf(opened)?.removeAttribute("aria-current");
  opened = i; view.s = key(i); toHash();
  nodeOf(i)?.setAttribute("aria-current", "true");
  const told = el("span", { role: "status", class: "soft" });
  const area = el("textarea", { readonly: true, rows: 4, "aria-label": "Citation" });
  area.value = cite(i);
  const move = by => { const next = step(i, by); if (next !== undefined) { show(next, false); open(next); } };
  const sets = D.set?.[i]?.length ? [el("dt", {}, "cannot rule out"), el("dd", {}, D.set[i].map(k => S.labels[k]).join(", "))] : [];
  const order = S.labels.map((_, k) => k).sort((a, b) => D.p[i * L + b] - D.p[i * L + a]);
  $("panel").replaceChildren(
    el("h2", { id: "panel-title", class: shape(label) }, mark(label), ` ${S.labels[label]}, ${percent(sureness[i])}`),
    away(i) ? el("p", {}, "The model abstains: too unsure for the label to be counted on.") : "",
    el("div", { class: "buttons" }, el("button", { type: "button", id: "close", onclick: shut }, "Close"), el("button", { type: "button", onclick: () => move(-1) }, "Previous"), el("button", { type: "button", onclick: () => move(1) }, "Next")),
    el("p", {}, el("strong", {}, title(s))),
    previous(i) ? el("blockquote", { class: "soft" }, el("span", { class: "vh" }, "The sentence before: "), previous(i)) : el("p", { class: "soft" }, "The first statement of its turn."),
    el("blockquote", {}, D.text[i]),
    ...order.map(k => { const b = bar(k, D.p[i * L + k] / 1000); return el("div", { class: `row ${shape(k)}` }, el("span", {}, mark(k), ` ${S.labels[k]}`), el("span", { "aria-hidden": "true" }, b), el("span", {}, `${(D.p[i * L + k] / 10).toFixed(1)} %`)); }),
    el("dl", {}, ...sets, el("dt", {}, "meeting"), el("dd", {}, [m.name, m.date].filter(Boolean).join(", ")), el("dt", {}, "source"), el("dd", {}, m.source),
      el("dt", {}, "place"), el("dd", {}, `turn ${s.order}, characters ${number(D.start[i])} to ${number(D.end[i])}`)),
    area, el("div", { class: "buttons" }, el("button", { type: "button", id: "cite", onclick: () => copy(area.value, area, told) }, "Copy citation"),
      el("button", { type: "button", onclick: () => copy(location.href, null, told) }, "Copy link to it"), told));
  if (!$("panel").open) $("panel").show();
  document.documentElement.dataset.panel = "1";
  $("close").focus();
};
const shut = (back = true) => {
  if (!$("panel").open) return;
  $("panel").close();
  delete document.documentElement.dataset.panel;
  const i = opened;
  nodeOf(i)?.removeAttribute("aria-current");
  opened = -1;
  if (!back) return;
  view.s = ""; toHash();
  show(i);
};
const openNamed = () => {
  if (!view.s || !texts) return;
  for (let i = 0; i < N; i++) if (key(i) === view.s) { if (where.has(i)) { show(i, false); open(i); } return; }
};
