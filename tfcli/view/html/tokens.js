// The tokens of one prompt, and what each one gets from the one that asks.
const chosen = { head: data.focus.head, token: null, cell: null };
const tokenButtons = [];

function tokenStrip(side, tokens, title) {
  const buttons = tokens.map((token) => {
    const button = tokenButton(token, side);
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
  return strip(title, buttons, () => showToken(chosen.token));
}

const onToken = set(make("div", "", ""), { id: "on-token", "aria-live": "polite" });

function nameOf(side, position) {
  const token = data.tokens[side][position];
  return `${token.position} “${token.label}”`;
}

// The token's row and column wherever it stands, and what it gets from the one that asks.
function showToken(spot) {
  for (const button of tokenButtons) {
    const here = spot !== null && button.dataset.spot === `${spot.side} ${spot.position}`;
    button.classList.toggle("on", here);
    button.setAttribute("aria-pressed", String(here));
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
