// The data of the page, unpacked: columns of statements, and the speeches and meetings they belong to.
const unpack = async text => {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).json();
};
$("live").hidden = false;
if (!("DecompressionStream" in window)) {
  $("live").replaceChildren(el("p", { class: "note" }, "Everything below needs a browser of 2023 or later."));
  return;
}
const D = await unpack($("data").textContent);
$("data").remove();
const N = D.speech.length, texts = Boolean(D.text);
const speeches = D.speeches.map(([meeting, id, order, speaker, affiliation, country, chair]) => ({
  meeting, id, order, speaker, affiliation, country, chair: Boolean(chair),
  who: country || affiliation || speaker || "(unknown)",
  kind: chair ? "chair" : country ? "state" : "body",
  words: `${speaker} ${affiliation}`.toLowerCase(),
}));
const meetings = D.meetings.map(([name, source, date]) => ({ name, source, date }));
const names = new Map(), spoken = new Map();
for (const s of speeches) {
  if (!s.country) { names.set(s.who, s.who); continue; }
  const seen = spoken.get(s.who) || spoken.set(s.who, new Map()).get(s.who);
  if (s.affiliation) seen.set(s.affiliation, (seen.get(s.affiliation) || 0) + 1);
}
for (const [code, seen] of spoken) names.set(code, [...seen].sort((a, b) => b[1] - a[1])[0]?.[0] || code);
const confidence = i => { let most = 0; for (let k = 0; k < L; k++) most = Math.max(most, D.p[i * L + k]); return most / 1000; };
const sureness = Float32Array.from({ length: N }, (_, i) => confidence(i));
const lower = texts ? D.text.map(text => text.toLowerCase()) : null;
const away = i => Boolean(D.abstained?.[i]);
const previous = i => D.previous[i] === 0 ? D.text[i - 1] : D.previous[i];
const key = i => `${speeches[D.speech[i]].id}:${D.start[i]}`;
const percent = share => `${Math.round(100 * share)} %`;
