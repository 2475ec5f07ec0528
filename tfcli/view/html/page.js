// The page of one prompt.
const model = data.screen.find((block) => block.name === "model");
if (model) page.append(drawn(model));
if (data.audit !== null) {
  const words = data.audit ? "Audit passed: the numbers add up." : "The audit FAILED: see below.";
  page.append(make("p", data.audit ? "good" : "bad", words));
}
const { self, encoder } = data.tokens;
const strips = encoder ? [tokenStrip("encoder", encoder, "What the encoder read")] : [];
strips.push(tokenStrip("self", self, encoder ? "What the decoder has written" : "The prompt"));
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
