"""Sections that show the heads: the ledger of one (q·k·v), its matrix, the grid of all."""

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from tfcli.explain.result import (
    LETTERS,
    AttentionMatrix,
    Explanation,
    HeadAttention,
    HeadLedger,
    HeadsGrid,
    KeyTerm,
    Kind,
    Token,
)
from tfcli.view.explain import heat, numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, heading

CAVEAT = "Attention alone is not an explanation (Jain & Wallace 2019)."
_ROW_LABEL = 12
_GRID_LABEL = 6
_LARGE_GRID = 64


def draw_qkv(pen: Pen, explanation: Explanation) -> list[Text]:
    """The opened heads, each key by key."""
    lines: list[Text] = []
    for ledger in explanation.qkv or ():
        lines += [Text()] * bool(lines) + _ledger(pen, explanation, ledger)
    return lines


def _ledger(pen: Pen, explanation: Explanation, ledger: HeadLedger) -> list[Text]:
    note = ""
    if explanation.focus.head_was_chosen and len(ledger.head_shares) > 1:
        note = f"moves it most of {LETTERS[ledger.kind]}{ledger.layer}'s heads"
    asker = _queries(explanation, ledger.kind)[ledger.query].label
    asks = f"“{pen.fit(asker, 10)}” asks"
    names = [asks, *(f"{k.position} {k.label}" for k in ledger.keys)]
    label = min(max(12, *map(pen.size, names)), 20)
    column = max(pen.size(ledger.score) + 1, 10)
    bar = max(pen.width - 3 - label - column - 7 - 2 - 13 - 16, 0)
    lines = [
        heading(pen, f"HEAD {name(ledger)}", _what_meets(explanation, ledger), note, pen.width),
        pen.line(
            "   ",
            (pen.left(asks, label), DIM),
            (pen.right(ledger.score, column), DIM),
            (pen.right("weight", 8), DIM),
            (" " * (bar + 1), DIM),
            (pen.right("‖w·v·W_O‖", 13), DIM),
            (pen.right("share of ΔE", 16), DIM),
        ),
    ]
    for key in ledger.keys:
        lines.append(_key_line(pen, key, key.position == ledger.largest, (label, column, bar)))
    if ledger.others is not None:
        rest = ledger.others
        lines.append(
            pen.line(
                "   ",
                (pen.left(f"{numbers.count(rest.count)} more", label + column), DIM),
                pen.right(numbers.percent(rest.weight), 7),
                " " * (bar + 2 + 13),
                pen.right(numbers.percent(rest.share), 16),
            )
        )
    if ledger.sink is not None:
        words = (pen.left("learned sink", label + column), DIM)
        lines.append(pen.line("   ", words, pen.right(numbers.percent(ledger.sink), 7)))
    return [*lines, _sum_line(pen, ledger, label + column)]


def name(opened: HeadLedger | HeadAttention) -> str:
    """“L3H2”, or with another letter for cross-attention and for the encoder."""
    return f"{LETTERS[opened.kind]}{opened.layer}H{opened.head}"


def _what_meets(explanation: Explanation, ledger: HeadLedger) -> str:
    if explanation.source is not None:
        return "asks the decoder" if ledger.kind == "self" else "asks the encoder"
    return "q and k after RoPE" if explanation.model.position == "rope" else ""


def _queries(explanation: Explanation, kind: Kind) -> Sequence[Token]:
    """The tokens that ask in an attention."""
    if kind == "encoder" and explanation.source is not None:
        return explanation.source.tokens
    return explanation.tokens.tokens


def _keys(explanation: Explanation, kind: Kind) -> Sequence[Token]:
    """The tokens that are asked in an attention."""
    if kind != "self" and explanation.source is not None:
        return explanation.source.tokens
    return explanation.tokens.tokens


def _key_line(pen: Pen, key: KeyTerm, largest: bool, columns: tuple[int, int, int]) -> Text:
    label, score, bar = columns
    return pen.line(
        "   ",
        (pen.left(f"{key.position} {key.label}", label), STRONG if largest else ""),
        pen.right(numbers.number(key.score), score),
        (pen.right(numbers.percent(key.weight), 7), STRONG if largest else ""),
        "*" if largest else " ",
        " ",
        (pen.left(pen.bar(key.weight, bar), bar), ACCENT),
        pen.right(numbers.number(key.norm), 13),
        pen.right(numbers.percent(key.share), 16),
    )


def _sum_line(pen: Pen, ledger: HeadLedger, indent: int) -> Text:
    total = sum(key.weight for key in ledger.keys) + (ledger.others.weight if ledger.others else 0)
    total += ledger.sink or 0
    parts = [f"{numbers.percent(ledger.share)}"]
    parts.append(f"other heads {numbers.percent(ledger.other_heads_share)}")
    if ledger.bias_share is not None:
        parts.append(f"bias {numbers.percent(ledger.bias_share)}")
    line = pen.line("   ", " " * indent, (pen.right(numbers.percent(total), 7), DIM))
    words = pen.say(", ".join(parts))
    line.append(words.rjust(max(pen.width - line.cell_len, len(words) + 2)), DIM)
    return line


def draw_attention(pen: Pen, explanation: Explanation) -> list[Text]:
    """The opened heads' matrices; of a long prompt the query's strongest keys."""
    lines: list[Text] = []
    for attention in explanation.attention or ():
        lines += [Text()] * bool(lines)
        width = _cell_width(pen, attention.matrix)
        if attention.matrix is not None and width is not None:
            words = _reading(explanation, attention)
            lines.append(heading(pen, f"WEIGHTS {name(attention)}", words))
            lines += _matrix(pen, explanation, attention, attention.matrix, width)
        else:
            lines += _top_keys(pen, explanation, attention)
    return lines


def narrowest_cell(pen: Pen, explanation: Explanation) -> int | None:
    """Columns of a cell in the opened heads' matrices; None where one is no matrix here."""
    widths = [_cell_width(pen, attention.matrix) for attention in explanation.attention or ()]
    return None if None in widths else min((w for w in widths if w is not None), default=None)


def shows_matrix(pen: Pen, explanation: Explanation) -> bool:
    """Whether one of the opened heads is drawn as a matrix here."""
    return any(_cell_width(pen, opened.matrix) for opened in explanation.attention or ())


def _cell_width(pen: Pen, matrix: AttentionMatrix | None) -> int | None:
    """Three columns a cell where they fit, else two; None where it does not fit."""
    if matrix is None:
        return None
    for width in (3, 2):
        if _ROW_LABEL + _beside(matrix) + width * matrix.columns <= pen.width:
            return width
    return None


def _before(matrix: AttentionMatrix) -> int:
    """Columns for the weight on what stands before the window."""
    return 8 if matrix.first_key else 0


def _after(matrix: AttentionMatrix) -> int:
    """Columns for the weight on what stands behind it, where that is not masked."""
    return 8 if any(matrix.after) else 0


def _beside(matrix: AttentionMatrix) -> int:
    return _before(matrix) + _after(matrix)


def _matrix(
    pen: Pen,
    explanation: Explanation,
    attention: HeadAttention,
    matrix: AttentionMatrix,
    width: int,
) -> list[Text]:
    end = matrix.first + len(matrix.rows)
    tokens = _queries(explanation, attention.kind)[matrix.first : end]
    columns = range(matrix.first_key, matrix.first_key + matrix.columns)
    digits = len(str(end - 1))
    names = [f"{token.position:>{digits}} {token.label}" for token in tokens]
    room = pen.width - _beside(matrix) - width * matrix.columns
    label = max(_ROW_LABEL, min(room, 4 + max(pen.size(name) for name in names)))

    header = Text(" " * label + "before".rjust(_before(matrix))[: _before(matrix)], DIM)
    header.append(_column_numbers(columns, width))
    if _after(matrix):
        end = label + _beside(matrix) + width * matrix.columns
        header.append("after".rjust(end - header.cell_len))
    lines = [header]
    sums = zip(matrix.before, matrix.after, strict=True)
    for token, called, row, (before, after) in zip(tokens, names, matrix.rows, sums, strict=True):
        here = token.position == attention.query
        style = f"{STRONG} {ACCENT}" if here else ""
        line = pen.line("   ", (pen.left(called, label - 4), style), " ")
        if matrix.first_key:
            line.append(heat.digits(before).rjust(_before(matrix)), DIM)
        for piece in heat.cells(row, width):
            line.append(*piece)
        if _after(matrix):
            line.append(heat.digits(after).rjust(_after(matrix)), DIM)
        lines.append(line)
    return lines


def _reading(explanation: Explanation, attention: HeadAttention) -> str:
    """How to read a matrix: its unit, and whose tokens the rows are; columns are asked."""
    words = "%, ** = 100, rows ask"
    if explanation.source is not None:
        words = {
            "encoder": "%, ** = 100, encoder rows ask",
            "self": "%, ** = 100, decoder rows ask",
            "cross": "%, rows ask the encoder",
        }[attention.kind]
    return words if attention.sink is None else f"{words}; rest: sink"


def _column_numbers(positions: range, width: int) -> str:
    """Indices over the columns; every second or fourth where they would touch."""
    longest = len(str(positions[-1]))
    step = next(n for n in (1, 2, 4) if n * width > longest)
    text = ""
    for column, position in enumerate(positions):
        start = (column + 1) * width - len(str(position))
        if position % step == 0 and start >= len(text) + bool(text):
            text = text.ljust(start) + str(position)
    return text


def _top_keys(pen: Pen, explanation: Explanation, attention: HeadAttention) -> list[Text]:
    token = _queries(explanation, attention.kind)[attention.query]
    title = heading(
        pen,
        f"WEIGHTS {name(attention)}",
        f"{token.position} “{pen.fit(token.label, 20)}” asks; the strongest keys",
    )
    items: list[list[Piece]] = [
        [f"{key.position} “", (pen.fit(key.label, 20), STRONG), f"” {numbers.percent(key.weight)}"]
        for key in attention.top
    ]
    if attention.others:
        items.append(
            [f"{numbers.count(attention.others)} more {numbers.percent(attention.others_weight)}"]
        )
    if attention.sink is not None:
        items.append([f"learned sink {numbers.percent(attention.sink)}"])
    lines = [title, *pen.flow(items, " · ", head=Text("   "), indent=3, room=pen.width)]
    if pen.keys:
        return [*lines, pen.line("   ", ("The matrix needs a wider screen.", DIM))]
    if explanation.source is not None and attention.kind == "self":
        return lines  # a window is of the prompt, which the encoder reads
    last = attention.query + 1 if attention.kind != "cross" else attention.top[0].position + 10
    end = min(max(last, 20), len(_keys(explanation, attention.kind)))
    hint = f"The matrix of a part: --window {max(0, end - 20)}:{end}"
    return [*lines, pen.line("   ", (hint, DIM))]


def draw_heads(pen: Pen, explanation: Explanation) -> list[Text]:
    """One measure for every layer and head, of each kind of attention that the model has."""
    lines: list[Text] = []
    for grid in (explanation.encoder_heads, explanation.heads, explanation.cross_heads):
        if grid is not None:
            word = "HEADS" if explanation.source is None else f"HEADS {LETTERS[grid.kind]}"
            lines += [Text()] * bool(lines) + _grid(pen, grid, word)
            if grid.kind == "cross" and grid.measure == "credit":
                lines.append(pen.line("   ", ("The encoder adds to a logit through these.", DIM)))
    return lines


def by_kind(explanation: Explanation) -> list[Explanation]:
    """The explanation once for each kind of attention, with the matrices and the grid of that."""
    grids: dict[Kind, HeadsGrid | None] = {
        "encoder": explanation.encoder_heads,
        "self": explanation.heads,
        "cross": explanation.cross_heads,
    }
    found: list[Explanation] = []
    for kind, grid in grids.items():
        opened = tuple(a for a in explanation.attention or () if a.kind == kind)
        if opened or grid is not None:
            fields = {f"{_GRIDS[other]}": grid if other == kind else None for other in grids}
            found.append(replace(explanation, attention=opened, **fields))
    return found


_GRIDS: dict[Kind, str] = {"encoder": "encoder_heads", "self": "heads", "cross": "cross_heads"}


def _grid(pen: Pen, grid: HeadsGrid, word: str) -> list[Text]:
    """The five largest stand under a large grid."""
    negative = any(value is not None and value < 0 for row in grid.scaled for value in row)
    heads = len(grid.values[0])
    digits = len(str(len(grid.values) - 1))
    width = 4 if negative else 3
    if _GRID_LABEL + digits + width * heads > pen.width:
        width -= 1
    at_once = max((pen.width - _GRID_LABEL - digits) // width, 1)
    letter = LETTERS[grid.kind]
    lines = [heading(pen, word, f"{grid.unit}, {grid.scale}")]
    for first in range(0, heads, at_once):
        shown = range(first, min(first + at_once, heads))
        lines.append(Text(" " * (_GRID_LABEL + digits) + _column_numbers(shown, width), DIM))
        for layer, row in enumerate(grid.scaled):
            line = Text(f"   {letter}{layer}".ljust(_GRID_LABEL + digits))
            for piece in heat.cells(row[shown.start : shown.stop], width):
                line.append(*piece)
            lines.append(line)
    if not grid.largest:
        return [*lines, pen.line("   ", ("There is no such number at this token.", DIM))]
    compared = any(best.deviations is not None for best in grid.largest)
    if not pen.brief or compared or len(grid.values) * heads > _LARGE_GRID:
        items: list[list[Piece]] = [
            [
                f"{letter}{best.layer}H{best.head} ",
                (numbers.number(best.value), ACCENT),
                f" {numbers.signed(best.deviations, 1)} sd" if compared else "",
            ]
            for best in grid.largest
        ]
        lines += pen.flow(items, " · ", head=Text("   "), indent=3, room=min(pen.width, 64))
    return lines + _grid_notes(pen, grid, compared)


def _grid_notes(pen: Pen, grid: HeadsGrid, compared: bool) -> list[Text]:
    """What the numbers of a grid are of, where that is not the prompt alone."""
    notes = [] if grid.note is None else [grid.note]
    repeated = grid.repeated
    if repeated is not None:
        notes.append(f"{repeated.length} random tokens, given twice, seed {repeated.seed}")
        if repeated.first_bits is not None:
            first, second = (numbers.number(b) for b in (repeated.first_bits, repeated.second_bits))
            notes.append(f"surprisal {first} bits, the second time {second}")
    if grid.measure == "copying":
        notes.append("of the weights alone: norms, biases and positions are ignored")
    if compared:
        notes.append("sd: standard deviations above the mean of all heads")
    words: list[list[Piece]] = [[(word, DIM)] for word in "; ".join(notes).split()]
    return (
        pen.flow(words, " ", head=Text("   "), indent=3, room=min(pen.width, 64)) if words else []
    )
