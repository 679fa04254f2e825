// Downloads.
const cell = value => {
  let text = String(value);
  if (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) text = `'${text}`; // no formula in a spreadsheet
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const save = (name, rows) => {
  const url = URL.createObjectURL(new Blob([`\ufeff${rows.map(row => row.map(cell).join(",")).join("\r\n")}\r\n`], { type: "text/csv" }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};
const saveTable = () => save("countries.csv", [["country", "name", ...S.labels, "statements", ...(D.abstained ? ["abstained"] : [])],
  ...table.map(r => [r.who, names.get(r.who), ...r.counts, r.total, ...(D.abstained ? [r.away] : [])])]);
const saveStatements = () => save("statements.csv", [["meeting", "date", "turn", "speaker", "affiliation", "country", "stance", "confidence", ...(texts ? ["start", "end", "statement"] : [])],
  ...matched.map(i => { const s = speeches[D.speech[i]], m = meetings[s.meeting];
    return [m.name, m.date, s.order, s.speaker, s.affiliation, s.country, S.labels[D.stance[i]], sureness[i].toFixed(3), ...(texts ? [D.start[i], D.end[i], D.text[i]] : [])]; })]);
