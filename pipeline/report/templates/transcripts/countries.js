// Who stands where: a row a country, drawn and in figures.
const others = S.labels.map((_, i) => i).filter(i => i !== S.left && i !== S.right && i !== S.none);
const sided = [S.left, S.right].filter(i => i >= 0);
let table = [];
const tally = () => {
  const found = new Map();
  for (const i of matched) {
    const who = speeches[D.speech[i]].who;
    const row = found.get(who) || found.set(who, { who, counts: new Array(L).fill(0), total: 0, away: 0 }).get(who);
    row.counts[D.stance[i]]++; row.total++; row.away += away(i);
  }
  table = [...found.values()];
  for (const row of table) row.stances = row.total - row.counts[S.none];
};
const sorters = () => ({
  country: (a, b) => names.get(a.who).localeCompare(names.get(b.who)),
  total: (a, b) => b.stances - a.stances || b.total - a.total,
  net: (a, b) => (b.counts[S.right] || 0) - (b.counts[S.left] || 0) - (a.counts[S.right] || 0) + (a.counts[S.left] || 0),
  all: (a, b) => b.total - a.total,
  ...Object.fromEntries(S.labels.map((label, i) => [`n-${label}`, (a, b) => b.counts[i] - a.counts[i]])),
});
const bar = (i, share) => { const b = el("span", { class: `bar ${shape(i)}` }); b.style.width = `${100 * share}%`; return b; };
const columns = () => [
  ["country", "country"],
  ...(sided.length ? [["net", [S.left, S.right].map(i => i < 0 ? "" : `${S.marks[i]} ${S.labels[i]}`).filter(Boolean).join(" | ")]] : []),
  ...others.map(i => [`n-${S.labels[i]}`, `${S.marks[i]} ${S.labels[i]}`, true]),
  ...S.labels.map((label, i) => [`n-${label}`, label]),
  ["all", "statements"],
];
const drawCountries = () => {
  const order = sorters()[view.sort] || sorters().total;
  table.sort((a, b) => order(a, b) || names.get(a.who).localeCompare(names.get(b.who)));
  const most = Math.max(1, ...table.map(row => Math.max(...sided.concat(others).map(i => row.counts[i]))));
  const head = el("tr", {}, ...columns().map(([sort, text, drawn]) => {
    const on = view.sort === sort && !drawn;
    const press = () => { view.sort = view.sort === sort ? "total" : sort; drawCountries(); toHash(); };
    return el("th", { scope: "col", "aria-sort": on ? (sort === "country" ? "ascending" : "descending") : false },
      drawn ? text : el("button", { type: "button", onclick: press, "data-sort": sort }, text + (on ? (sort === "country" ? " ▲" : " ▼") : "")));
  }));
  const focused = document.activeElement?.dataset?.sort;
  $("countries").tHead.replaceChildren(head);
  if (focused) head.querySelector(`[data-sort="${CSS.escape(focused)}"]`)?.focus();
  $("countries").tBodies[0].replaceChildren(...table.slice(0, allRows ? undefined : TOP).map(row => countryRow(row, most)));
  const hidden = table.length - TOP;
  $("more").hidden = hidden <= 0;
  $("more").textContent = allRows ? `Show the first ${TOP} alone` : `Show all ${number(table.length)}`;
};
const countryRow = (row, most) => {
  const few = row.stances < S.few, chosen = view.country.includes(row.who);
  const name = el("button", { type: "button", "aria-pressed": String(chosen), title: row.who, onclick: () => toggleCountry(row.who) }, names.get(row.who));
  const two = sided.length ? el("td", { "aria-hidden": "true" }, el("span", { class: "two" },
    el("span", {}, S.left < 0 ? "" : bar(S.left, row.counts[S.left] / most)), el("span", {}, S.right < 0 ? "" : bar(S.right, row.counts[S.right] / most)))) : null;
  return el("tr", { class: few ? "few" : false }, el("td", {}, name, few ? el("span", { class: "soft" }, " few") : ""), two,
    ...others.map(i => el("td", { "aria-hidden": "true" }, el("span", { class: "one" }, bar(i, row.counts[i] / most)))),
    ...row.counts.map(n => el("td", {}, number(n))), el("td", {}, number(row.total)));
};
const toggleCountry = who => {
  view.country = view.country.includes(who) ? view.country.filter(w => w !== who) : [...view.country, who];
  update();
  [...$("countries").querySelectorAll("button[title]")].find(b => b.title === who)?.focus();
};
