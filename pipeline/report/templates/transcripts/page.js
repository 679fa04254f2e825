// What every part uses: elements, marks, numbers. Text from transcripts only ever becomes text nodes, never markup.
const CHUNK = 120, PRINTED = 1500, TOP = 25, BINS = 60;
const $ = id => document.getElementById(id);
const S = JSON.parse($("settings").textContent), L = S.labels.length;
const number = n => n.toLocaleString("en");

const el = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(child => child != null && child !== ""));
  return node;
};
const svg = (tag, props = {}, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) if (value != null) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
const shape = i => `l${i % 8}`;
const mark = i => el("span", { class: "mark", "aria-hidden": "true" }, S.marks[i]);
