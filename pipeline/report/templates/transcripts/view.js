// The view: filters as they stand in the address, and the statements that fit them.
const empty = () => ({ q: "", stance: [], country: [], kind: "", meeting: "", min: 0, sure: false, sort: "total", s: "" });
let view = empty(), matched = [], whole = new Set(), allRows = false;

const fromHash = () => {
  const given = new URLSearchParams(location.hash.slice(1)), found = empty();
  const listed = (name, known) => (given.get(name) || "").split("|").filter(value => known(value));
  found.q = given.get("q") || "";
  found.stance = listed("stance", value => S.labels.includes(value));
  found.country = listed("country", value => names.has(value));
  found.kind = ["state", "body", "chair"].includes(given.get("kind")) ? given.get("kind") : "";
  found.meeting = meetings.some(m => m.name === given.get("meeting")) ? given.get("meeting") : "";
  found.min = Math.min(99, Math.max(0, Math.round(Number(given.get("min")) || 0)));
  found.sure = given.has("sure");
  found.sort = given.get("sort") || "total";
  found.s = given.get("s") || "";
  return found;
};
const toHash = () => {
  const out = new URLSearchParams(), base = empty();
  for (const [name, value] of Object.entries(view)) {
    if (Array.isArray(value) ? value.length : value !== base[name]) {
      out.set(name, Array.isArray(value) ? value.join("|") : value === true ? "1" : value);
    }
  }
  const hash = out.toString();
  if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
};
const terms = text => [...text.toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)].map(m => m[1] || m[2].replace(/"/g, "")).filter(Boolean);

const select = () => {
  const wanted = terms(view.q), stances = new Set(view.stance.map(n => S.labels.indexOf(n))), countries = new Set(view.country);
  const fits = speeches.map(s => (!countries.size || countries.has(s.who)) && (!view.kind || s.kind === view.kind)
    && (!view.meeting || meetings[s.meeting].name === view.meeting));
  const found = [], least = view.min / 100;
  for (let i = 0; i < N; i++) {
    const speech = D.speech[i];
    if (!fits[speech] || sureness[i] < least || (stances.size && !stances.has(D.stance[i])) || (view.sure && away(i))) continue;
    if (wanted.length && !wanted.every(w => (lower && lower[i].includes(w)) || speeches[speech].words.includes(w))) continue;
    found.push(i);
  }
  return found;
};
