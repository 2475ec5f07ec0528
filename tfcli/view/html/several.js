// The page of several prompts or models: what was read, the tables, and the screen as it is. What is
// pointed at is marked wherever it stands.
let kept = "";

function mark(spot) {
  for (const element of page.querySelectorAll("[data-spot]")) {
    const here = element.dataset.spot === spot;
    element.classList.toggle("on", here);
    if (element.matches("button")) element.setAttribute("aria-pressed", String(here));
  }
}

function readStrip({ side, title, tokens }) {
  const buttons = tokens.map((token) => {
    const button = tokenButton(token, side);
    const spot = button.dataset.spot;
    pointable(button, () => mark(spot), () => mark((kept = spot)));
    return button;
  });
  return strip(title, buttons, () => mark(kept));
}

page.append(drawn(data.top));
section("tokens", "Tokens", data.said ? make("p", "dim", data.said) : null, ...data.strips.map(readStrip));
data.tables.forEach(plain);
section("screen", "The screen", ...data.screen.map(drawn));
for (const line of page.querySelectorAll("tr[data-spot]")) {
  line.addEventListener("mouseenter", () => mark(line.dataset.spot));
  line.closest("table").addEventListener("mouseleave", () => mark(kept));
}
