"use strict";
// What every page is built with. Every string goes in as a text node or an attribute's value, never
// as markup, and every number is shown as it was written: nothing is computed here.
const data = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("page");
page.querySelector("noscript").remove();

function make(tag, names, ...children) {
  const element = document.createElement(tag);
  if (names) element.className = names;
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const level = (step) => (step < 0 ? `n${-step}` : `h${step}`);
const column = (text, names) => set(make("th", names, text), { scope: "col" });
const rowHead = (text, names) => set(make("th", names, text), { scope: "row" });
const clear = (element) => element.replaceChildren();

function section(id, title, ...children) {
  const heading = set(make("h2", "", title), { id: `${id}-title` });
  const part = make("section", "", heading, ...children);
  page.append(set(part, { id, "aria-labelledby": `${id}-title` }));
  return part;
}

function scrolled(table, label) {
  return set(make("div", "scrolled", table), { role: "region", "aria-label": label, tabindex: 0 });
}

// One stop for the Tab key; arrows walk over the buttons, Home and End to the ends of a row.
function walkable(rows) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  rows.forEach((row, y) =>
    row.forEach((button, x) => {
      button.tabIndex = x + y === 0 ? 0 : -1;
      button.addEventListener("keydown", (event) => {
        const step = steps[event.key];
        const ends = { Home: 0, End: row.length - 1 };
        if (!step && !(event.key in ends)) return;
        event.preventDefault();
        const to = step ? rows[y + step[0]]?.[x + step[1]] : row[ends[event.key]];
        to?.focus();
      });
      button.addEventListener("focus", () => {
        rows.flat().forEach((other) => (other.tabIndex = other === button ? 0 : -1));
      });
    }),
  );
}

// Pointing shows something for as long as one points; focus or a click keeps it.
function pointable(button, show, keep) {
  button.addEventListener("mouseenter", show);
  button.addEventListener("focus", keep);
  button.addEventListener("click", keep);
}

// A token as a button: its place, its text, and facts about it, of which the first is dim.
function tokenButton(token, side) {
  const button = make(
    "button",
    "token",
    make("span", "dim", `${token.position} `),
    make("span", "label", token.label),
    ...token.facts.map((fact, i) => make("span", i ? "fact" : "fact dim", fact)),
  );
  if (token.followed) {
    button.classList.add("followed");
    button.append(make("span", "fact accent", "followed"));
  }
  button.dataset.spot = `${side} ${token.position}`;
  return set(button, { type: "button", "aria-pressed": "false" });
}

function strip(title, buttons, leave) {
  walkable([buttons]);
  const group = set(make("div", "strip", ...buttons), { role: "group", "aria-label": title });
  group.addEventListener("mouseleave", leave);
  return make("div", "", make("h3", "", title), group);
}

// A table in a section of its own. Its rows carry what they are about as `data-spot`.
function plain(part) {
  const table = make("table", "plain");
  table.append(make("caption", "hidden", part.title));
  const style = (x) => (part.words.includes(x) ? "words" : "");
  const titles = part.columns.map((name, x) => column(name, style(x)));
  table.append(make("thead", "", make("tr", "", ...titles)));
  if (part.bars.length) table.querySelector("tr").append(make("td"));
  const body = make("tbody");
  part.rows.forEach((row, i) => {
    const line = make("tr", part.marked.includes(i) ? "largest" : "");
    if (part.spots[i]) line.dataset.spot = part.spots[i];
    row.forEach((value, x) => {
      line.append(x === 0 ? rowHead(value) : make("td", style(x), value));
    });
    if (part.bars.length) {
      const bar = set(make("span", part.down.includes(i) ? "bar down" : "bar"), { "aria-hidden": "true" });
      bar.style.width = `${part.bars[i]}%`;
      line.append(make("td", "bars", bar));
    }
    body.append(line);
  });
  table.append(body);
  const note = part.note ? make("p", "dim", part.note) : null;
  section(part.name, part.title, scrolled(table, part.title), note);
}

function drawn(block) {
  const pre = set(make("pre"), { tabindex: 0, "aria-label": block.name.replaceAll("_", " ") });
  block.lines.forEach((line) => {
    for (const [text, names] of line) pre.append(names ? make("span", names, text) : text);
    pre.append("\n");
  });
  return pre;
}
