// The lens at every position.
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
