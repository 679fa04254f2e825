// The debate, turn by turn; only what is near the window is drawn.
let chunks = [], where = new Map(), current = -1, opened = -1;
const divide = () => {
  chunks = []; where = new Map();
  let turn = null;
  for (const i of matched) {
    const speech = D.speech[i];
    if (!turn || turn.speech !== speech) {
      if (!chunks.length || chunks.at(-1).size >= CHUNK) chunks.push({ turns: [], size: 0, node: null, drawn: false });
      turn = { speech, items: [] };
      chunks.at(-1).turns.push(turn);
    }
    turn.items.push(i); chunks.at(-1).size++; where.set(i, chunks.length - 1);
  }
};
let ends = null;
const extent = speech => {
  if (!ends) { ends = new Map(); for (let i = 0; i < N; i++) { const e = ends.get(D.speech[i]); if (e) e[1] = i; else ends.set(D.speech[i], [i, i]); } }
  return ends.get(speech);
};
const marked = (text, wanted) => {
  if (!wanted.length) return [text];
  const low = text.toLowerCase(), parts = [];
  if (low.length !== text.length) return [text];
  for (let at = 0; at < text.length;) {
    const hits = wanted.map(w => [low.indexOf(w, at), w.length]).filter(h => h[0] >= 0).sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    if (!hits.length) { parts.push(text.slice(at)); break; }
    parts.push(text.slice(at, hits[0][0]), el("mark", {}, text.slice(hits[0][0], hits[0][0] + hits[0][1])));
    at = hits[0][0] + hits[0][1];
  }
  return parts.filter(Boolean);
};
const statement = (i, wanted) => {
  const label = D.stance[i], stance = label !== S.none;
  const told = `${S.labels[label]}, ${away(i) ? "the model abstains" : percent(sureness[i])}: `;
  const node = el("span", { class: `st ${shape(label)}${away(i) ? " away" : ""}`, role: "button", tabindex: i === current ? "0" : "-1", "data-i": i, "aria-current": i === opened ? "true" : false },
    el("span", { class: "vh" }, told), stance ? mark(label) : "", stance ? " " : "", ...marked(D.text[i], wanted));
  if (stance && !away(i)) node.style.setProperty("--k", `${Math.round(8 + 34 * Math.max(0, sureness[i] - 0.3) / 0.7)}%`);
  return node;
};
const title = s => `${s.speaker || (s.chair ? "The chair" : s.affiliation || "(no name)")}${s.affiliation && s.speaker ? ` (${s.affiliation})` : ""}`;
const drawTurn = (turn, wanted) => {
  const s = speeches[turn.speech], [from, to] = extent(turn.speech), body = el("p");
  const full = whole.has(turn.speech), items = full ? Array.from({ length: to - from + 1 }, (_, k) => from + k) : turn.items;
  let before = from - 1;
  for (const i of items) { if (i !== before + 1) body.append("… "); body.append(statement(i, wanted), " "); before = i; }
  if (before !== to) body.append("…");
  const partial = turn.items.length < to - from + 1;
  const widen = () => { if (!whole.delete(turn.speech)) whole.add(turn.speech); redraw(where.get(turn.items[0])); $("debate").querySelector(`[data-turn="${turn.speech}"] button`)?.focus(); };
  const place = meetings.length > 1 ? `${meetings[s.meeting].name}, ` : "";
  return el("article", { class: "turn", "data-turn": turn.speech }, el("h3", {}, title(s), el("span", { class: "soft" }, ` ${place}turn ${s.order}`),
    partial ? el("button", { type: "button", "aria-pressed": String(full), onclick: widen }, "whole turn") : ""), body);
};
const redraw = c => {
  const chunk = chunks[c];
  chunk.node.replaceChildren(...chunk.turns.map(turn => drawTurn(turn, terms(view.q))));
  chunk.node.style.height = "";
  chunk.drawn = true;
  if (current >= 0 && whole.size) fixStop();
};
const fixStop = () => { if (!$("debate").querySelector('.st[tabindex="0"]')) $("debate").querySelector(".st")?.setAttribute("tabindex", "0"); };
const clear = chunk => {
  chunk.node.style.height = `${chunk.node.offsetHeight}px`;
  chunk.node.replaceChildren();
  chunk.drawn = false;
};
let printing = false;
const watcher = new IntersectionObserver(entries => {
  if (printing) return;
  for (const entry of entries) {
    const c = Number(entry.target.dataset.c), chunk = chunks[c];
    if (!chunk || chunk.node !== entry.target) continue;
    if (entry.isIntersecting && !chunk.drawn) redraw(c);
    else if (!entry.isIntersecting && chunk.drawn && where.get(current) !== c && !chunk.node.contains(document.activeElement)) clear(chunk);
  }
}, { rootMargin: "1800px 0px" });
const drawDebate = () => {
  watcher.disconnect();
  if (!texts) { $("debate-section").hidden = true; return; }
  divide();
  if (!where.has(current)) current = matched.length ? matched[0] : -1;
  const wide = Math.max(30, ($("debate").clientWidth || 900) / 8);
  const nodes = chunks.map((chunk, c) => {
    const lines = chunk.turns.reduce((sum, turn) => sum + 2.6 + turn.items.reduce((n, i) => n + D.text[i].length, 0) / wide, 0);
    chunk.node = el("div", { "data-c": c });
    chunk.node.style.height = `${Math.round(lines * 28)}px`;
    return chunk.node;
  });
  $("debate").replaceChildren(...(nodes.length ? nodes : [el("p", {}, "No statement fits these filters.")]));
  if (chunks.length) redraw(0);
  nodes.forEach(node => watcher.observe(node));
};
const nodeOf = i => $("debate").querySelector(`.st[data-i="${i}"]`);
const show = (i, focus = true) => {
  const c = where.get(i);
  if (c === undefined && !whole.has(D.speech[i])) return;
  if (c !== undefined && !chunks[c].drawn) redraw(c);
  nodeOf(current)?.setAttribute("tabindex", "-1");
  current = i;
  const node = nodeOf(i);
  node?.setAttribute("tabindex", "0");
  if (focus) node?.focus({ preventScroll: true });
  node?.scrollIntoView({ block: focus ? "nearest" : "center" });
};
const step = (from, by) => {
  const drawn = [...$("debate").querySelectorAll(".st")].map(n => Number(n.dataset.i)), at = drawn.indexOf(from);
  if (at >= 0 && drawn[at + by] !== undefined && Math.abs((where.get(drawn[at + by]) ?? where.get(from)) - (where.get(from) ?? 0)) <= 1) return drawn[at + by];
  const place = matched.indexOf(from);
  return place < 0 ? undefined : matched[place + by];
};
