"""The section that sets temperatures and filters side by side."""

from rich.text import Text

from tfcli.explain.result import Explanation, SamplingColumn, SamplingTable
from tfcli.view.explain import heat, numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, margin

_LABEL = 14
_COLUMN = 9


def draw_sampling(pen: Pen, explanation: Explanation) -> list[Text]:
    """A row a token, a column a setting; what is left, and how undecided it is."""
    table = explanation.sampling
    if table is None:
        return []
    token = explanation.tokens.tokens[table.position]
    words = f"after {token.position} “{pen.fit(token.label, 16)}”: p of the next token, one setting"
    words += " at a time"
    head = margin(pen, "SAMPLING", 11)
    items: list[list[Piece]] = [[word] for word in words.split(" ")]
    lines = pen.flow(items, " ", head=head, indent=11, room=pen.width)
    count = len(table.columns)
    label = max(min(pen.width - 3 - _COLUMN * count, 24), _LABEL)
    lines.append(_line(pen, label, "token", [column.name for column in table.columns], DIM))
    for i, row in enumerate(table.rows):
        line = pen.line("   ", (pen.left(row.label, label), STRONG if i == 0 else ""))
        for column in table.columns:
            line.append_text(_cell(pen, column, i))
        lines.append(line)
    left = [numbers.count(column.kept) for column in table.columns]
    lines += [
        _line(pen, label, "all others", [_rest(column) for column in table.columns]),
        _line(pen, label, "tokens left", left),
        _line(pen, label, "entropy, bits", [numbers.number(c.entropy) for c in table.columns]),
    ]
    return lines + _yours(pen, table)


def _cell(pen: Pen, column: SamplingColumn, row: int) -> Text:
    """A probability on its colour; a dash for a token that the filter took away."""
    p = column.probabilities[row]
    shown = numbers.NONE if p == 0 else numbers.probability(p)
    return pen.line(" " * (_COLUMN - 7), (pen.right(shown, 6), heat.style(p) if p else DIM), " ")


def _rest(column: SamplingColumn) -> str:
    return numbers.NONE if column.kept <= _listed(column) else numbers.probability(column.rest)


def _listed(column: SamplingColumn) -> int:
    return sum(p > 0 for p in column.probabilities)


def _line(pen: Pen, label: int, name: str, values: list[str], style: str = "") -> Text:
    cells = "".join(pen.right(value, _COLUMN - 1) + " " for value in values)
    return pen.line("   ", (pen.left(name, label), DIM), (cells, style))


def _yours(pen: Pen, table: SamplingTable) -> list[Text]:
    """What the given settings are, and a penalty that stands in every column."""
    lines: list[Text] = []
    for column in table.columns:
        words = [f"{name.replace('_', '-')} {value:g}" for name, value in column.settings.items()]
        if column.name == "yours":
            lines.append(pen.line("   ", ("yours: ", DIM), (", ".join(words), ACCENT)))
    if table.taken_from is not None:
        note = f"temperature 0 draws nothing: the largest p of {table.taken_from} is taken"
        lines.append(pen.line("   ", (note, DIM)))
    penalty = table.columns[0].settings.get("repetition_penalty")
    if penalty is not None:
        own = table.columns[-1].settings.get("repetition_penalty") == penalty
        where = "in every column" if own else "in every other column"
        note = f"repetition-penalty {penalty:g} is the model's own, {where}"
        lines.append(pen.line("   ", (note, DIM)))
    return lines
