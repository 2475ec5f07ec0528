"""The words of the screen: its title, its tabs, its keys."""

from rich.text import Text

from tfcli.explain.result import Explanation
from tfcli.explain.spot import Spot
from tfcli.view import console
from tfcli.view.explain.lines import ACCENT, BAD, DIM, STRONG, Pen
from tfcli.view.explore.panes import NAMES, Name

_FEW = 4

_MOVES, _MOVES_IN_ASCII = "←→ token  ↑↓ layer", "arrows token, layer"
_KEYS = ("hl head", "m grid", "a ablate", "g go on", "/ edit", "? help", "q quit")

HELP = """\
 left, right     the token that is followed, in the encoder's own attention (E)
                 the one that asks; Home and End: the first, the last
 up, down        the layer
 h, l            the head; also Shift with left and right
 m               the measure of the grid: norm of ΔE, entropy, weight on the
                 first token, on the one before, part of the top logit
 k               the kind of attention, where a model has several: the decoder's
                 own (L), to the encoder (X), the encoder's own (E)
 a               take the head away, or give it back; A gives all back
 1 to 7, Tab     the pane; 7 again: the next of the further sections of explain;
                 PageUp and PageDown scroll
 g               go on: append the likeliest token; in an encoder, fill it in
 n, p            the next or previous row of the next-token table
 Enter           take the token of that row; what stands behind is dropped
 u, Backspace    undo: the text as it was before
 / or e          edit the prompt: Enter takes it, Escape leaves it
 t               what the pane means, in a few sentences
 q               quit

 A cell of the grid is a percentage, ** for 100; ×× is a head taken away.
 Attention alone is not an explanation (Jain & Wallace 2019).
"""


def title(pen: Pen, explanation: Explanation | None, spot: Spot, computing: bool) -> Text:
    """The model, the head, what is taken away, and whether something is computed."""
    name = (
        "" if explanation is None else " ".join(console.printable(explanation.model.name).split())
    )
    line = pen.line(
        (" EXPLORE ", f"{STRONG} reverse"),
        f" {pen.fit(name, 24)} · ",
        (spot.name, f"{STRONG} {ACCENT}"),
        f" at {spot.position} · {spot.measure}",
    )
    if spot.ablated:
        some = ", ".join(f"{place}" for place in spot.ablated[:_FEW])
        more = f" and {len(spot.ablated) - _FEW} more" if len(spot.ablated) > _FEW else ""
        line.append_text(pen.line(" · ", (f"without {some}{more}", BAD)))
    if computing:
        line.append_text(pen.line(" · ", ("computing…", DIM)))
    return line


def tabs(main: Name, section: str) -> Text:
    """The panes by number; the one that was asked for in brackets.

    Args:
        section: what the last pane shows.
    """
    line = Text(" ")
    for number, name in enumerate(NAMES, start=1):
        here = name == main
        shown = section if here and name == "more" else name
        words = f"[{number} {shown}]" if here else f" {number} {name} "
        line.append(words, f"{STRONG} {ACCENT}" if here else DIM)
    return line


def footer(pen: Pen, message: str) -> Text:
    """The keys, or something that has to be said."""
    if message:
        return pen.line(" ", (message, STRONG))
    keys = [_MOVES_IN_ASCII if pen.ascii else _MOVES, *_KEYS]
    while keys[3:] and pen.size("  ".join(keys)) + 1 > pen.width:
        del keys[-3]  # help and quit stay
    return pen.line((" " + "  ".join(keys), DIM))


def help_lines(pen: Pen) -> list[Text]:
    """All keys."""
    return [pen.line((" KEYS", STRONG)), Text(), *(pen.line(line) for line in HELP.splitlines())]
