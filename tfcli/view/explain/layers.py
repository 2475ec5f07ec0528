"""Sections that go through the layers one by one: the residual stream, and the norms on it."""

from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import Explanation, Gradients, NormRow, Residual, ResidualRow, Spread
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, margin

_ROOMY = 110
_NORM_NAME = 23
_MEAN, _NUMBER = 7, 8
_SPELLED = {"γ": "gamma", "β": "beta", "σ": "sigma", "ε": "eps", "√": "sqrt", "²": "^2"}


def draw_residual(pen: Pen, explanation: Explanation) -> list[Text]:
    """A row a layer: what it reads, what it adds, how far it turns the vector, the gradients."""
    found = explanation.residual
    if found is None:
        return []
    token = explanation.tokens.tokens[found.position]
    where = [f"x at {token.position} “{pen.fit(token.label, 16)}”"]
    if found.answer_label is not None:
        answer = pen.fit(found.answer_label, 16)
        where = [f"{where[0]};", f"gradients of ln p(“{answer}”)", "over all tokens"]
    widths = _columns(pen, found)
    header = pen.line("   ", *((pen.right(name.strip(), w), DIM) for name, w in widths.items()))
    head = margin(pen, "RESIDUAL")
    items: list[list[Piece]] = [[part] for part in where]
    lines = [*pen.flow(items, " ", head=head, indent=head.cell_len, room=pen.width), header]
    lines += [_line(pen, widths, _cells(row)) for row in found.rows]
    end = {"layer": "end", "|x|": numbers.number(found.rows[-1].residual_out)}
    lines.append(_line(pen, widths, end | _gradient_cells(found.end)))
    return lines + _verdict(pen, explanation, found)


def _columns(pen: Pen, found: Residual) -> dict[str, int]:
    """The columns by their names, with the cells that each takes."""
    if found.rows[0].cross_attention is None:
        widths = {"layer": 5, "|x|": 8, "+ attention": 13, "+ feed-forward": 16, "cos": 6}
    else:
        widths = {"layer": 5, "|x|": 8, "attention": 11, "cross": 7, "feed-forward": 14, "cos": 6}
    widths["to end"] = 7
    if found.end is not None:
        widths |= {"gradient": 10, "F alone": 9}
        if pen.width >= _ROOMY:
            widths |= {"at the token": 16, "F alone ": 9}
    return widths


def _cells(row: ResidualRow) -> dict[str, str]:
    return {
        "layer": str(row.layer),
        "|x|": numbers.number(row.residual_in),
        "+ attention": numbers.number(row.attention),
        "+ feed-forward": numbers.number(row.feed_forward),
        "attention": numbers.number(row.attention),
        "cross": numbers.number(row.cross_attention),
        "feed-forward": numbers.number(row.feed_forward),
        "cos": numbers.cosine(row.cosine),
        "to end": numbers.cosine(row.cosine_to_end),
        **_gradient_cells(row.gradients),
    }


def _gradient_cells(found: Gradients | None) -> dict[str, str]:
    if found is None:
        return {}
    return {
        "gradient": numbers.significant(found.everywhere),
        "F alone": numbers.significant(found.everywhere_without),
        "at the token": numbers.significant(found.here),
        "F alone ": numbers.significant(found.here_without),
    }


def _line(pen: Pen, widths: dict[str, int], cells: dict[str, str]) -> Text:
    styles = {"layer": DIM, "gradient": STRONG, "at the token": STRONG}
    return pen.line(
        "   ", *((pen.right(cells.get(n, ""), w), styles.get(n, "")) for n, w in widths.items())
    )


def _verdict(pen: Pen, explanation: Explanation, found: Residual) -> list[Text]:
    """What the way past the modules is worth, from the end down to the embedding."""
    first = found.rows[0].gradients
    if first is None or found.end is None:
        words = "No gradients: this model has no output matrix, so there is no ln p of an answer."
        return pen.flow(_words(words), " ", head=Text("   "), indent=3, room=pen.width)
    whole, alone, end = first.everywhere, first.everywhere_without, found.end.everywhere
    if not end:
        return []
    post = "post" in explanation.model.norm_places
    rule = "Y = norm(x + F(x))" if post else "Y = x + F(x), dY/dx = 1 + dF/dx"
    items: list[list[Piece]] = _words(f"{rule}: at layer 0 the gradient is")
    items.append([(numbers.significant(whole / end), ACCENT)])
    items += _words("times the end's, and through F alone, without “x +”,")
    items += [[(numbers.significant(alone / end), ACCENT)], *_words("times the end's.")]
    return pen.flow(items, " ", head=Text("   "), indent=3, room=pen.width)


def draw_norms(pen: Pen, explanation: Explanation) -> list[Text]:
    """A row a norm: the vector before it, what it was divided by, the vector after it."""
    found = explanation.norms
    if found is None:
        return []
    token = explanation.tokens.tokens[found.position]
    items: list[list[Piece]] = [
        [f"{found.kind} at {token.position} “{pen.fit(token.label, 16)}”:"],
        [(_spelled(pen, found.formula), ACCENT)],
    ]
    head = margin(pen, "NORMS")
    lines = pen.flow(items, " ", head=head, indent=head.cell_len, room=pen.width)
    if not found.rows:
        return [*lines, pen.line("   ", ("There is none here.", DIM))]
    titles = ("mean", "rms", "max |x|")
    header = (
        pen.left("", _NORM_NAME) + _norm_cells(pen, titles) + pen.right(_spelled(pen, "σ"), _NUMBER)
    )
    lines.append(pen.line("   ", (header + _norm_cells(pen, ("mean", "rms", "max |y|")), DIM)))
    for row in found.rows:
        lines.append(
            pen.line(
                "   ",
                pen.left(_norm_name(row), _NORM_NAME),
                _norm_cells(pen, _spread(row.before)),
                (pen.right(numbers.number(row.scale), _NUMBER), ACCENT),
                _norm_cells(pen, _spread(row.after)),
            )
        )
    return lines


def _norm_name(row: NormRow) -> str:
    """Where a norm stands: “L3 attention reads”, “L3 attention gives”, “L3 + attention”."""
    if row.layer is None or row.module is None:
        return {"embedding": "on the embeddings"}.get(row.place, "final")
    module = "cross" if row.module == "cross-attention" else row.module
    words = {"pre": f"{module} reads", "branch": f"{module} gives", "post": f"x + {module}"}
    return f"L{row.layer} {words[row.place]}"


def _spread(spread: Spread) -> list[str]:
    return [numbers.number(value) for value in (spread.mean, spread.rms, spread.largest)]


def _norm_cells(pen: Pen, values: Sequence[str]) -> str:
    widths = (_MEAN, _NUMBER, _NUMBER)
    return "".join(pen.right(value, width) for value, width in zip(values, widths, strict=True))


def _spelled(pen: Pen, formula: str) -> str:
    """The formula with its Greek letters written out where there are none."""
    for letter, name in _SPELLED.items() if pen.ascii else ():
        formula = formula.replace(letter, name)
    return formula


def _words(text: str) -> list[list[Piece]]:
    return [[(word, DIM)] for word in text.split(" ")]
