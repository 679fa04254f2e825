// When: over the turns of one debate, over meetings, or over years.
const meetingOf = i => speeches[D.speech[i]].meeting;
const byTurn = meeting => {
  const turns = speeches.map((s, i) => i).filter(i => speeches[i].meeting === meeting), first = turns[0];
  const width = Math.ceil(turns.length / BINS), names = [];
  for (let at = 0; at < turns.length; at += width) {
    const a = speeches[first + at].order, z = speeches[first + Math.min(at + width, turns.length) - 1].order;
    names.push(a === z ? `turn ${a}` : `turns ${a} to ${z}`);
  }
  return { kind: "turn", names, of: i => Math.floor((D.speech[i] - first) / width) };
};
const bins = () => {
  const used = [...new Set(matched.map(meetingOf))], year = meeting => meetings[meeting].date.slice(0, 4);
  const years = [...new Set(used.map(year))].filter(Boolean).sort();
  if (years.length > 1) return { kind: "year", names: years, of: i => years.indexOf(year(meetingOf(i))) };
  if (used.length > 1) return { kind: "meeting", names: used.map(m => meetings[m].name), of: i => used.indexOf(meetingOf(i)) };
  return byTurn(used[0]);
};
const drawTimeline = () => {
  if (!matched.length) {
    $("timeline-how").textContent = "No statement fits these filters.";
    $("timeline").replaceChildren(); $("timeline-table").replaceChildren();
    return;
  }
  const by = bins(), lanes = S.labels.map((_, i) => i).filter(i => i !== S.none), n = by.names.length;
  const counts = by.names.map(() => new Array(L).fill(0)), first = new Array(n).fill(-1);
  for (const i of matched) { const b = by.of(i); if (b < 0) continue; counts[b][D.stance[i]]++; if (first[b] < 0) first[b] = i; }
  const totals = counts.map(row => row.reduce((a, b) => a + b, 0)), share = by.kind !== "turn";
  const value = (b, i) => share ? (totals[b] ? counts[b][i] / totals[b] : 0) : counts[b][i];
  const most = Math.max(share ? 0.01 : 1, ...lanes.flatMap(i => by.names.map((_, b) => value(b, i))));
  const highest = i => Math.max(...by.names.map((_, b) => value(b, i)));
  const width = Math.max(300, $("timeline").clientWidth || 940), left = 105, lane = 58, height = lanes.length * lane + 26, step = (width - left) / n;
  const go = b => by.kind === "turn" || by.kind === "year" ? (first[b] >= 0 && texts && show(first[b], false)) : (view.meeting = by.names[b], update());
  const parts = lanes.flatMap((i, row) => {
    const base = row * lane + lane - 6;
    return [svg("text", { x: 0, y: base - 14 }, `${S.marks[i]} ${S.labels[i]}`), svg("text", { x: 0, y: base }, `at most ${share ? percent(highest(i)) : number(highest(i))}`),
      svg("line", { x1: left, x2: width, y1: base, y2: base }),
      ...by.names.map((_, b) => svg("rect", { class: shape(i), x: left + b * step + step * 0.1, width: step * 0.8, y: base - (lane - 14) * value(b, i) / most, height: (lane - 14) * value(b, i) / most }))];
  });
  const every = Math.ceil(n / Math.max(2, Math.floor(width / 120)));
  parts.push(...by.names.map((name, b) => b % every ? "" : svg("text", { x: left + b * step, y: height - 4 }, name.length > 16 ? `${name.slice(0, 15)}…` : name)).filter(Boolean));
  parts.push(...by.names.map((name, b) => {
    const hit = svg("rect", { class: "hit", x: left + b * step, y: 0, width: step, height: height - 20 },
      svg("title", {}, `${name}: ${lanes.map(i => `${S.labels[i]} ${counts[b][i]}`).join(", ")} of ${totals[b]}`));
    hit.addEventListener("click", () => go(b));
    return hit;
  }));
  const unit = { year: "year", meeting: "meeting", turn: "turn of the debate" }[by.kind];
  $("timeline-how").textContent = share
    ? `A lane a stance: its share of the statements shown, by ${unit}. All lanes have one scale. It does not show how many statements a ${unit} has; the table does.`
    : "A lane a stance, from the first turn to the last: how many of the statements shown take it. All lanes have one scale. A tall bar can be one long speech. Press a place to read on there.";
  $("timeline").replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Stances by ${unit}; the table below holds the figures` }, ...parts));
  $("timeline-table").replaceChildren(
    el("thead", {}, el("tr", {}, ...[unit, ...S.labels, "statements"].map(t => el("th", { scope: "col" }, t)))),
    el("tbody", {}, ...by.names.map((name, b) => el("tr", {}, el("td", {}, first[b] >= 0 && (texts || by.kind === "meeting") ? el("button", { type: "button", onclick: () => go(b) }, name) : name),
      ...counts[b].map(c => el("td", {}, number(c))), el("td", {}, number(totals[b]))))));
};
