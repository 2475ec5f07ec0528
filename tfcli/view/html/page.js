"use strict";
// Draws the page from its data. Every string goes in as a text node or an attribute's value, never
// as markup, and every number is shown as it was written: nothing is computed here.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const page = document.getElementById("page");
  const chosen = { head: data.focus.head, token: null, cell: null };

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

  // --- tokens -----------------------------------------------------------------------------------

  const tokenButtons = [];

  function strip(side, tokens, title) {
    const buttons = tokens.map((token) => {
      const button = make(
        "button",
        "token",
        make("span", "dim", `${token.position} `),
        make("span", "label", token.label),
        ...token.facts.map((fact, i) => make("span", i ? "fact" : "fact dim", fact)),
      );
      set(button, { type: "button", "aria-pressed": "false" });
      button.dataset.side = side;
      button.dataset.position = token.position;
      if (token.position === (side === "self" ? data.focus.position : data.focus.source)) {
        button.classList.add("followed");
        button.append(make("span", "fact accent", "followed"));
      }
      const spot = { side, position: token.position };
      const keep = () => {
        const same = chosen.token && chosen.token.side === side;
        if (same && chosen.token.position === spot.position) return;
        chosen.token = spot;
        showToken(spot);
      };
      pointable(button, () => showToken(spot), keep);
      tokenButtons.push(button);
      return button;
    });
    walkable([buttons]);
    const group = set(make("div", "strip", ...buttons), { role: "group", "aria-label": title });
    group.addEventListener("mouseleave", () => showToken(chosen.token));
    return make("div", "", make("h3", "", title), group);
  }

  const onToken = set(make("div", "", ""), { id: "on-token", "aria-live": "polite" });

  function nameOf(side, position) {
    const token = data.tokens[side][position];
    return `${token.position} “${token.label}”`;
  }

  // The token's row and column wherever it stands, and what it gets from the one that asks.
  function showToken(spot) {
    for (const button of tokenButtons) {
      const here =
        spot && button.dataset.side === spot.side && +button.dataset.position === spot.position;
      button.classList.toggle("on", Boolean(here));
      button.setAttribute("aria-pressed", String(Boolean(here)));
    }
    mark(spot);
    clear(onToken);
    if (!spot) {
      onToken.append(make("p", "dim", "Point at a token above: its weight in every head."));
      return;
    }
    for (const grid of data.grids) {
      const sides = data.sides[grid.kind];
      if (!sides || sides[1] !== spot.side) continue;
      onToken.append(weightsOn(grid, spot));
    }
  }

  function weightsOn(grid, spot) {
    const table = make("table", "heat");
    const found = Object.values(data.heads).find((head) => head.kind === grid.kind);
    const asks = nameOf(data.sides[grid.kind][0], found.query);
    const words = `Weight on ${nameOf(spot.side, spot.position)} when ${asks} asks, %`;
    table.append(make("caption", "", words));
    table.append(make("thead", "", headNumbers(grid)));
    const body = make("tbody");
    grid.rows.forEach((row, layer) => {
      const line = make("tr", "", rowHead(`${grid.letter}${layer}`));
      row.forEach((_, head) => {
        const opened = data.heads[`${grid.letter}${layer}H${head}`];
        const key = opened?.rows.find((one) => one.position === spot.position);
        line.append(key ? make("td", level(key.level), key.digits) : make("td", "dim", "–"));
      });
      body.append(line);
    });
    table.append(body);
    return table;
  }

  function headNumbers(grid) {
    const line = make("tr", "", make("td"));
    grid.rows[0].forEach((_, head) => line.append(column(`H${head}`)));
    return line;
  }

  // --- heads ------------------------------------------------------------------------------------

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
    return button ? { side: button.dataset.side, position: +button.dataset.position } : null;
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
      line.dataset.row = `${asking} ${position}`;
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
      line.dataset.row = `${asked} ${row.position}`;
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
    for (const line of headPanel.querySelectorAll("[data-row]")) {
      line.classList.toggle("on", line.dataset.row === name);
    }
  }

  // --- the lens at every position -----------------------------------------------------------------

  function lens(grid) {
    const panel = set(make("div", ""), { id: "lens-cell", "aria-live": "polite" });
    const table = make("table", "heat lens");
    const what = grid.answer ? `probability of “${grid.answer}”` : "the likeliest token and its probability";
    table.append(make("caption", "", `${what} ${grid.where} each token, %`));
    const top = make("tr", "", make("td"));
    grid.labels.forEach((label, i) => top.append(column(`${grid.first + i} ${label}`)));
    table.append(make("thead", "", top));
    const body = make("tbody");

    const show = (spot) => {
      clear(panel);
      if (!spot) {
        panel.append(make("p", "dim", "Point at a cell: what the layer would say there."));
        return;
      }
      const [row, i] = spot;
      panel.append(make("h3", "", `${row.name} ${grid.where} ${grid.first + i} “${grid.labels[i]}”`));
      const facts = make("dl");
      for (const [name, value] of row.cells[i].facts) {
        facts.append(make("dt", "", name), make("dd", "", value));
      }
      panel.append(facts);
    };

    const rows = grid.rows.map((row) => {
      const line = make("tr", "", rowHead(row.name));
      const buttons = row.cells.map((cell, i) => {
        const label = make("span", "label", grid.answer ? "" : cell.label);
        const button = make("button", level(cell.level), label, make("span", "", cell.text));
        set(button, { type: "button", "aria-label": `${row.name}, ${grid.labels[i]}: ${cell.label} ${cell.text}%` });
        pointable(button, () => show([row, i]), () => show((chosen.cell = [row, i])));
        line.append(make("td", "", button));
        return button;
      });
      body.append(line);
      return buttons;
    });
    walkable(rows);
    table.append(body);
    table.addEventListener("mouseleave", () => show(chosen.cell));
    show(null);
    section("lens-grid", "What every layer would say after every token", scrolled(table, what), panel);
  }

  // --- tables, and the screen as it is --------------------------------------------------------------

  function plain(part) {
    const table = make("table", "plain");
    table.append(make("caption", "hidden", part.title));
    const wordy = (x) => /^(token|most likely|what)/.test(part.columns[x]);
    const titles = part.columns.map((name, x) => column(name, wordy(x) ? "words" : ""));
    table.append(make("thead", "", make("tr", "", ...titles)));
    if (part.bars.length) table.querySelector("tr").append(make("td"));
    const body = make("tbody");
    part.rows.forEach((row, i) => {
      const line = make("tr", part.marked.includes(i) ? "largest" : "");
      row.forEach((value, x) => {
        line.append(x === 0 ? rowHead(value) : make("td", wordy(x) ? "words" : "", value));
      });
      if (part.bars.length) {
        const bar = set(make("span", "bar"), { "aria-hidden": "true" });
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

  page.querySelector("noscript").remove();
  const model = data.screen.find((block) => block.name === "model");
  if (model) page.append(drawn(model));
  if (data.audit !== null) {
    const words = data.audit ? "Audit passed: the numbers add up." : "The audit FAILED: see below.";
    page.append(make("p", data.audit ? "good" : "bad", words));
  }
  const { self, encoder } = data.tokens;
  const strips = encoder ? [strip("encoder", encoder, "What the encoder read")] : [];
  strips.push(strip("self", self, encoder ? "What the decoder has written" : "The prompt"));
  section("tokens", "Tokens", ...strips);
  const said = make(
    "p",
    "dim",
    "Point at a head or a token, or walk with Tab and the arrow keys. ",
    data.partial
      ? "The prompt is too long for all heads: only those that were opened can be looked into."
      : "",
  );
  const grids = make("div", "", ...data.grids.map(gridOf), onToken);
  const parts = make("div", "columns", grids, headPanel);
  section("heads", "Heads", said, parts, make("p", "dim", data.caveat));
  showToken(null);
  showHead(chosen.head);
  if (data.lensGrid) lens(data.lensGrid);
  data.tables.forEach(plain);
  section("screen", "The screen", ...data.screen.map(drawn));
})();
