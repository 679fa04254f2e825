// Everything together: controls, keys, printing.
const controls = () => {
  if ($("q").value !== view.q) $("q").value = view.q;
  for (const box of $("stances").querySelectorAll("input")) box.checked = view.stance.includes(box.value);
  $("kind").value = view.kind; $("meeting").value = view.meeting; $("min").value = view.min; $("min-now").textContent = `${view.min} %`;
  $("sure").checked = view.sure; $("country").value = "";
  $("chips").replaceChildren(...view.country.map(who => el("button", { type: "button", "aria-label": `Without ${names.get(who)}`, onclick: () => { toggleCountry(who); $("country").focus(); } }, `${names.get(who)} ×`)));
  const said = `${number(matched.length)} of ${number(N)} statements, ${number(new Set(matched.map(i => D.speech[i])).size)} speeches, ${number(table.length)} ${table.length === 1 ? "country or body" : "countries and bodies"}`;
  if ($("count").textContent !== said) $("count").textContent = said;
};
const update = (write = true) => {
  performance.mark("filter-begins");
  whole.clear();
  matched = select();
  tally(); drawCountries(); drawTimeline(); drawDebate(); controls();
  if (write) toHash();
  document.documentElement.style.scrollPaddingTop = getComputedStyle($("bar")).position === "sticky" ? `${$("bar").offsetHeight + 12}px` : "";
  document.body.offsetHeight; // so that the measure below includes the layout
  performance.measure("filter", "filter-begins");
};
const kept = name => event => { view[name] = event.target.type === "checkbox" ? event.target.checked : event.target.type === "range" ? Number(event.target.value) : event.target.value; update(); };

$("stances").append(...S.labels.map((label, i) => el("label", { class: shape(i) }, el("input", { type: "checkbox", value: label, onchange: e => {
  view.stance = S.labels.filter(n => n === label ? e.target.checked : view.stance.includes(n)); update(); } }), " ", mark(i), ` ${label}`)));
const byName = [...names].sort((a, b) => a[1].localeCompare(b[1]));
$("country").append(...byName.map(([who, name]) => el("option", { value: who }, name)));
$("meeting").append(...meetings.map(m => el("option", { value: m.name }, m.date ? `${m.name} (${m.date})` : m.name)));
$("meeting-label").hidden = meetings.length < 2; $("sure-label").hidden = !D.abstained?.includes(1);
$("countries-how").textContent = `How many of the statements shown take which stance, by country, or by affiliation where there is none. ${sided.length > 1 ? `Bars to the left are ${S.labels[S.left]}, to the right ${S.labels[S.right]}; all bars have one scale. ` : ""}`
  + `Hatched and marked “few”: fewer than ${S.few} statements with a stance, which say little. Counts are the model’s. Press a country to choose it, a heading to sort.`;
let typing = 0;
$("q").addEventListener("input", e => { clearTimeout(typing); typing = setTimeout(() => { view.q = e.target.value.trim(); update(); }, 120); });
$("country").addEventListener("change", e => { if (e.target.value && !view.country.includes(e.target.value)) { view.country.push(e.target.value); update(); } });
for (const name of ["kind", "meeting", "sure"]) $(name).addEventListener("change", kept(name));
$("min").addEventListener("input", kept("min"));
$("form").addEventListener("submit", e => e.preventDefault());
$("reset").addEventListener("click", () => { view = empty(); update(); $("q").focus(); });
$("link").addEventListener("click", e => copy(location.href, null, { set textContent(t) { e.target.textContent = t; setTimeout(() => { e.target.textContent = "Copy link to this view"; }, 1500); } }));
$("more").addEventListener("click", () => { allRows = !allRows; drawCountries(); });
$("csv").addEventListener("click", saveTable); $("csv-statements").addEventListener("click", saveStatements);
$("theme").hidden = false;
$("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});
$("debate").addEventListener("click", e => { const st = e.target.closest(".st"); if (st && !String(getSelection())) { show(Number(st.dataset.i), false); open(Number(st.dataset.i)); } });
$("debate").addEventListener("keydown", e => {
  const st = e.target.closest(".st");
  if (!st || e.ctrlKey || e.metaKey || e.altKey) return;
  const i = Number(st.dataset.i), to = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[e.key];
  if (to) { e.preventDefault(); const next = step(i, to); if (next !== undefined) show(next); }
  else if (e.key === "Home" || e.key === "End") { e.preventDefault(); show(e.key === "Home" ? matched[0] : matched.at(-1)); }
  else if (e.key === "Enter" || e.key === " ") { e.preventDefault(); open(i); }
});
addEventListener("keydown", e => {
  if (e.key === "Escape") shut();
  if (e.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) { e.preventDefault(); $("q").focus(); }
});
addEventListener("hashchange", () => { if (location.hash === "#debate-section") return; view = fromHash(); if ($("panel").open) shut(false); update(false); openNamed(); });
let resizing = 0;
addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(drawTimeline, 150); });
const described = () => [
  view.q && `search ${view.q}`, view.stance.length && view.stance.join(" or "), view.country.map(who => names.get(who)).join(" or "),
  view.kind && $("kind").selectedOptions[0].textContent, view.meeting, view.min && `confidence from ${view.min} %`, view.sure && "without abstentions",
].filter(Boolean).join("; ");
addEventListener("beforeprint", () => {
  printing = true;
  let left = PRINTED;
  for (let c = 0; c < chunks.length; c++) {
    if (left > 0) { if (!chunks[c].drawn) redraw(c); left -= chunks[c].size; } else chunks[c].node.hidden = true;
  }
  const chosen = described(), cut = `Of ${number(matched.length)} statements the first ${number(PRINTED - left)} are printed; filter to print others.`;
  $("print-note").textContent = [chosen && `Chosen: ${chosen}.`, left > 0 ? "" : cut].filter(Boolean).join(" ");
  $("print-note").hidden = false;
});
addEventListener("afterprint", () => { printing = false; $("print-note").hidden = true; for (const chunk of chunks) chunk.node.hidden = false; });
if (N > 5000) document.documentElement.dataset.large = "1";
if (matchMedia("(max-width: 640px)").matches) $("filters").open = false;
view = fromHash();
update(false);
openNamed();
document.documentElement.dataset.ready = "1";
