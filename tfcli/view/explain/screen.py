"""The screen of `tfcli explain`: all sections, one under the other or in two columns."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from tfcli.explain.result import Explanation
from tfcli.view import console, stdout
from tfcli.view.explain import (
    answer,
    attention,
    cost,
    edits,
    experts,
    layers,
    ledger,
    memories,
    model,
    sampling,
    sources,
    surprisal,
    words,
)
from tfcli.view.explain.lens_grid import draw_lens_grid
from tfcli.view.explain.lines import DIM, Language, Pen, Piece, beside, crop, margin, widest
from tfcli.view.teach import lesson

_TWO_COLUMNS = 160
_GAP = 4

_SECTIONS = {
    "model": model.draw_model,
    "tokens": model.draw_tokens,
    "shapes": model.draw_shapes,
    "block": model.draw_block,
    "qkv": attention.draw_qkv,
    "attention": attention.draw_attention,
    "heads": attention.draw_heads,
    "lens": answer.draw_lens,
    "credit": answer.draw_credit,
    "next": answer.draw_next,
    "parameters": model.draw_parameters,
    "audit": model.draw_audit,
}
# Sections that are named to be seen, one under the other below the rest.
_FURTHER: dict[str, Callable[[Pen, Explanation], list[Text]]] = {
    "edits": edits.draw_edits,
    "ledger": ledger.draw_ledger,
    "sources": sources.draw_sources,
    "lens_grid": draw_lens_grid,
    "residual": layers.draw_residual,
    "neighbors": words.draw_neighbors,
    "analogy": words.draw_analogy,
    "memories": memories.draw_memories,
    "experts": experts.draw_experts,
    "sampling": sampling.draw_sampling,
    "surprisal": surprisal.draw_surprisal,
    "norms": layers.draw_norms,
    "cost": cost.draw_cost,
}
_LEFT = ("model", "tokens", "shapes", "block", "qkv")
_MIDDLE = ("attention", "heads")
_RIGHT = ("lens", "credit", "next", "parameters", "audit")
# Sections that continue the one above them stand close to it.
_CLOSE = {("block", "qkv"), ("lens", "credit"), ("parameters", "audit")}


def show(explanation: Explanation, brief: bool, language: Language | None = None) -> None:
    """Draw the screen on stdout, as wide as it is, in the characters that it shows.

    Args:
        brief: leave rows out where a section is long.
        language: in which each section is taught; None for not at all.
    """
    pen = stdout.pen(brief, language)
    write(console.out_console(), pen, explanation)


def show_by_step(
    explanations: Iterator[Explanation],
    brief: bool,
    language: Language | None,
    go_on: Callable[[], bool],
) -> Explanation:
    """Draw an explanation, and each turn of its loop as soon as it is there.

    Args:
        explanations: as `explain_by_step` yields them.
        brief, language: as in `show`.
        go_on: asked between two turns; False ends the loop.

    Returns:
        the explanation without its loop.
    """
    pen = stdout.pen(brief, language)
    out = console.out_console()
    found = next(explanations)
    write(out, pen, found)
    begun = False
    for turn in explanations:
        if turn.loop is None or (begun and not go_on()):
            break
        lines = answer.draw_turns(pen, turn.loop) if begun else [Text(), *_loop(pen, turn)]
        _write_lines(out, pen, lines)
        sys.stdout.flush()
        begun = True
    return found


def write(out: Console, pen: Pen, explanation: Explanation) -> None:
    """Draw the screen on a Rich console."""
    _write_lines(out, pen, screen(pen, explanation))


def _write_lines(out: Console, pen: Pen, lines: Sequence[Text]) -> None:
    for line in lines:
        out.print(crop(line, pen.width, pen.say("…")), soft_wrap=True)


def screen(pen: Pen, explanation: Explanation) -> list[Text]:
    """The lines of the screen, in one column, or in two where the terminal is wide.

    A terminal narrower than 80 columns crops them at its edge.
    """
    return _join([_sections(pen, explanation), _loop(pen, explanation)])


def blocks(pen: Pen, explanation: Explanation) -> Iterator[tuple[str, list[Text]]]:
    """Each section by itself, its lesson under it, and the loop, in the order of the screen."""
    *most, last = _SECTIONS
    for name in (*most, *_FURTHER, last):
        if name in explanation.sections:
            taught = [] if name in explanation.omitted else lesson(pen, explanation, name)
            yield name, [*draw_section(pen, explanation, name), *taught]
    if explanation.loop is not None:
        yield "loop", _loop(pen, explanation)


def _loop(pen: Pen, explanation: Explanation) -> list[Text]:
    """The loop, under what teaches it."""
    loop = answer.draw_loop(pen, explanation)
    taught = lesson(pen, explanation, "loop") if loop else []
    return [*taught, Text(), *loop] if taught else loop


def _sections(pen: Pen, explanation: Explanation) -> list[Text]:
    if pen.width >= _TWO_COLUMNS:
        half = replace(pen, width=(pen.width - _GAP) // 2)
        left = _stack(half, explanation, _LEFT)
        right = _stack(half, explanation, _RIGHT)
        if left and right:
            middle, beneath = _stack(half, explanation, _MIDDLE), []
            if _is_pair(explanation) and not _pair(half, explanation, roomy=True):
                middle, beneath = [], _stack(pen, explanation, _MIDDLE)
            columns = beside(_join([left, middle]), right, half.width + _GAP)
            return _join([columns, beneath, _stack(pen, explanation, tuple(_FURTHER))])
    *most, last = _SECTIONS  # the audit ends the screen
    return _stack(pen, explanation, (*most, *_FURTHER, last))


def _stack(pen: Pen, explanation: Explanation, names: Sequence[str]) -> list[Text]:
    """Some sections one under the other, those that were asked for."""
    lines: list[Text] = []
    above = ""
    for name in names:
        if name not in explanation.sections:
            continue
        pair = _pair(pen, explanation) if name in _MIDDLE and _is_pair(explanation) else []
        if pair and name == "heads":
            continue
        drawn = pair or draw_section(pen, explanation, name)
        if name == "attention" or (name == "qkv" and "attention" not in explanation.sections):
            drawn = [*drawn, pen.line("   ", (attention.CAVEAT, DIM))]
        if lines and (pen.language or (above, name) not in _CLOSE):
            lines.append(Text())
        lines += drawn
        if name not in explanation.omitted:
            lines += lesson(pen, explanation, name)
            lines += lesson(pen, explanation, "heads") if pair else []
        above = name
    return lines


def draw_section(pen: Pen, explanation: Explanation, name: str) -> list[Text]:
    """One section; where it does not apply to the model, a line that says why."""
    if name not in explanation.omitted:
        return (_SECTIONS | _FURTHER)[name](pen, explanation)
    said: list[list[Piece]] = [[(word, DIM)] for word in explanation.omitted[name].split(" ")]
    head = margin(pen, name.upper().replace("_", " "))
    return pen.flow(said, " ", head=head, indent=9, room=pen.width)


def _is_pair(explanation: Explanation) -> bool:
    shown = set(explanation.sections) - set(explanation.omitted)
    return {"attention", "heads"} <= shown


def _pair(pen: Pen, explanation: Explanation, roomy: bool = False) -> list[Text]:
    """Matrix and grid of each kind of attention side by side; nothing where none of them fits.

    Args:
        roomy: cells with two columns do not count as fitting, and all have to fit.
    """
    kinds = attention.by_kind(explanation)
    rows = [_pair_of_kind(pen, kind, roomy) for kind in kinds]
    if not any(rows) or (roomy and not all(rows)):
        return []
    stacked = [
        _join([attention.draw_attention(pen, kind), attention.draw_heads(pen, kind)])
        for kind in kinds
    ]
    return _join([row or below for row, below in zip(rows, stacked, strict=True)])


def _pair_of_kind(pen: Pen, explanation: Explanation, roomy: bool) -> list[Text]:
    right = attention.draw_heads(pen, explanation)
    rest = replace(pen, width=pen.width - widest(right) - 3)
    width = attention.narrowest_cell(rest, explanation)
    if width is None or (roomy and width < 3):
        return []
    left = attention.draw_attention(rest, explanation)
    if widest(left) > rest.width:
        return []
    at = max(widest(left) + 3, min(pen.width // 2, pen.width - widest(right)))
    return beside(left, right, at)


def _join(blocks: Sequence[list[Text]]) -> list[Text]:
    lines: list[Text] = []
    for block in blocks:
        if lines and block:
            lines.append(Text())
        lines += block
    return lines
