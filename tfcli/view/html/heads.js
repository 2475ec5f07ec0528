// The grids of all heads, and the head that is pointed at.
const headButtons = {};
const headPanel = set(make("div", ""), { id: "head", "aria-live": "polite" });

function gridOf(grid) {
  const table = make("table", "heat");
  table.append(make("caption", "", grid.title), make("thead", "", headNumbers(grid)));
  const body = make("tbody");
  const rows = grid.rows.map((row, layer) => {
    const line = make("tr", "", rowHead(`${grid.letter}${layer}`));
    const buttons = row.map((cell, head) => {
      const name = `${grid.letter}${layer}H${head}`;
      const button = make("button", level(cell.level), cell.text || "–");
      const known = name in data.heads;
      const words = `${name}: ${cell.value}${known ? "" : ", not measured for this page"}`;
      set(button, { type: "button", "aria-pressed": "false", "aria-label": words, title: words });
      if (known) {
        headButtons[name] = button;
        const keep = () => {
          chosen.head = name;
          showHead(name);
        };
        pointable(button, () => showHead(name), keep);
      } else {
        button.classList.add("unknown");
        button.setAttribute("aria-disabled", "true");
      }
      line.append(make("td", "", button));
      return button;
    });
    body.append(line);
    return buttons;
  });
  walkable(rows);
  table.append(body);
  table.addEventListener("mouseleave", () => showHead(chosen.head));
  const note = grid.note ? make("p", "dim", grid.note) : null;
  return make("div", "", scrolled(table, grid.title), note);
}

function showHead(name) {
  const head = data.heads[name];
  for (const [other, button] of Object.entries(headButtons)) {
    button.setAttribute("aria-pressed", String(other === name));
  }
  clear(headPanel);
  headPanel.dataset.head = name;
  if (!head) {
    headPanel.append(make("p", "dim", `${name} was not measured for this page.`));
    return;
  }
  const [asking, asked] = data.sides[head.kind];
  headPanel.append(make("h3", "", `Head ${name}`));
  if (head.matrix) headPanel.append(matrix(name, head, asking, asked));
  else headPanel.append(make("p", "dim", "The prompt is too long for a matrix: --window A:B."));
  headPanel.append(ledger(head, asking, asked), make("p", "", head.sums));
  mark(shownToken());
}

function shownToken() {
  const button = tokenButtons.find((one) => one.classList.contains("on"));
  if (!button) return null;
  const [side, position] = button.dataset.spot.split(" ");
  return { side, position: +position };
}

function matrix(name, head, asking, asked) {
  const { first, firstKey, columns, query, rows, before, after } = head.matrix;
  const table = set(make("table", "heat matrix"), { id: "matrix" });
  table.append(make("caption", "", `Weights of ${name}, %, ** = 100: rows ask, columns are asked`));
  const top = make("tr", "", make("td"));
  if (before.length) top.append(column("before"));
  for (let key = firstKey; key < firstKey + columns; key += 1) {
    const cell = column(String(key), "key");
    cell.title = data.tokens[asked][key].label;
    cell.dataset.key = `${asked} ${key}`;
    top.append(cell);
  }
  if (after.length) top.append(column("after"));
  table.append(make("thead", "", top));
  const body = make("tbody");
  rows.forEach((row, i) => {
    const position = first + i;
    const token = data.tokens[asking][position];
    const line = make("tr", position === query ? "followed" : "");
    line.dataset.spot = `${asking} ${position}`;
    line.append(rowHead(`${position} ${token.label}`));
    if (before.length) line.append(make("td", "dim", before[i]));
    row.forEach(([text, step], j) => {
      const cell = make("td", level(step), text);
      cell.dataset.key = `${asked} ${firstKey + j}`;
      line.append(cell);
    });
    for (let j = row.length; j < columns; j += 1) line.append(make("td", "masked"));
    if (after.length) line.append(make("td", "dim", after[i]));
    body.append(line);
  });
  table.append(body);
  return scrolled(table, `Weights of ${name}`);
}

function ledger(head, asking, asked) {
  const table = set(make("table", "plain"), { id: "ledger" });
  table.append(make("caption", "", `${nameOf(asking, head.query)} asks`));
  const names = ["key", head.score, "weight", "‖w·v·W_O‖", "share of ΔE"];
  table.append(make("thead", "", make("tr", "", ...names.map((name) => column(name)))));
  const body = make("tbody");
  for (const row of head.rows) {
    const [label, ...values] = row.cells;
    const line = make("tr", row.largest ? "largest" : "", rowHead(label));
    line.dataset.spot = `${asked} ${row.position}`;
    values.forEach((value, i) => line.append(make("td", i === 1 ? level(row.level) : "", value)));
    body.append(line);
  }
  table.append(body);
  return scrolled(table, "The row of the token that asks");
}

// The rows and columns of a token in the head that is shown.
function mark(spot) {
  const name = spot ? `${spot.side} ${spot.position}` : "";
  for (const cell of headPanel.querySelectorAll("[data-key]")) {
    cell.classList.toggle("on", cell.dataset.key === name);
  }
  for (const line of headPanel.querySelectorAll("[data-spot]")) {
    line.classList.toggle("on", line.dataset.spot === name);
  }
}
