"""The section that shows what a run costs: operations, bytes, milliseconds."""

from rich.text import Text

from tfcli.explain.result import Cost, CostPart, Explanation, Timing
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, margin
from tfcli.view.model_lines import operations
from tfcli.view.pull import size

_NAME, _COUNT, _CELL = 16, 11, 10
_NAMES = {"scores": "scores·values", "cross-scores": "cross scores·v", "rest": "the rest"}


def draw_cost(pen: Pen, explanation: Explanation) -> list[Text]:
    """By kind of module, then what the passes took and how fast that is."""
    found = explanation.cost
    if found is None:
        return []
    lines = [*_title(pen, found), *_header(pen, found)]
    lines += [_part(pen, found, part) for part in found.parts]
    return [*lines, _total(pen, found), Text(), *_measured(pen, found)]


def _title(pen: Pen, found: Cost) -> list[Text]:
    text = numbers.counted(found.tokens, "token")
    if found.source_tokens:
        text = f"{numbers.counted(found.source_tokens, 'token')} read, {text} written"
    words: list[list[Piece]] = [[f"{text} at once"]]
    if found.step is not None:
        words[0].append(",")
        words.append(["then one more against the cache"])
    where = f"{found.device}, {found.dtype}"
    if found.threads is not None:
        where += f", {numbers.counted(found.threads, 'thread')}"
    words.append([(f"({where})", DIM)])
    return pen.flow(words, " ", head=margin(pen, "COST"), indent=9, room=pen.width)


def _header(pen: Pen, found: Cost) -> list[Text]:
    first = pen.left("", _NAME + _COUNT) + pen.right("at once", 2 * _CELL)
    second = pen.left("", _NAME) + pen.right("parameters", _COUNT)
    second += pen.right("FLOP", _CELL) + pen.right("ms", _CELL)
    if found.step is not None:
        first += pen.right("one more", 3 * _CELL)
        second += pen.right("FLOP", _CELL) + pen.right("weights", _CELL) + pen.right("ms", _CELL)
    return [pen.line("   ", (line, DIM)) for line in (first, second)]


def _part(pen: Pen, found: Cost, part: CostPart) -> Text:
    cells = [_flops(part.text_flops), _milliseconds(part.text_ms)]
    if found.step is not None:
        step = _bytes(part.step_bytes)
        cells += [_flops(part.step_flops), step, _milliseconds(part.step_ms)]
    count = numbers.amount(part.parameters) if part.parameters else numbers.NONE
    return _row(pen, _NAMES.get(part.name, part.name), count, cells, "")


def _total(pen: Pen, found: Cost) -> Text:
    cells = [_flops(found.text.flops), _sum_ms([part.text_ms for part in found.parts])]
    if found.step is not None:
        weights = _bytes(sum(part.step_bytes for part in found.parts))
        cells += [_flops(found.step.flops), weights]
        cells.append(_sum_ms([part.step_ms for part in found.parts]))
    count = numbers.amount(sum(part.parameters for part in found.parts))
    return _row(pen, "in all", count, cells, STRONG)


def _row(pen: Pen, name: str, count: str, cells: list[str], style: str) -> Text:
    line = pen.line("   ", (pen.left(name, _NAME), style), pen.right(count, _COUNT))
    line.append("".join(pen.right(cell, _CELL) for cell in cells), style)
    return line


def _measured(pen: Pen, found: Cost) -> list[Text]:
    lines = _timing(pen, "at once", found.text)
    if found.step is not None:
        lines += _timing(pen, "one more", found.step)
    if found.cache_bytes is not None and found.cache_bytes_per_token is not None:
        items: list[list[Piece]] = [
            [(size(found.cache_bytes), ACCENT)],
            [(size(found.cache_bytes_per_token), ACCENT), " a token"],
        ]
        lines += _items(pen, "KV cache", items)
    notes = "ms of a module: medians with a clock at every module; FLOP: a multiplication and an "
    notes += "addition are two, and every token sees all of its text"
    words: list[list[Piece]] = [[(word, DIM)] for word in notes.split(" ")]
    return lines + pen.flow(words, " ", head=Text("   "), indent=3, room=pen.width)


def _timing(pen: Pen, name: str, timing: Timing) -> list[Text]:
    of = f"median of {timing.repetitions}"
    rate = operations(timing.flops_per_second)
    items: list[list[Piece]] = [
        [(f"{numbers.significant(timing.milliseconds)} ms", STRONG), f", {of}"],
        [(f"{numbers.number(timing.tokens_per_second, 1)}", ACCENT), " tokens/s"],
        [(f"{rate}/s", ACCENT)],
        ["reads ", (f"{size(timing.bytes_per_second)}/s", ACCENT)],
    ]
    return _items(pen, name, items)


def _items(pen: Pen, name: str, items: list[list[Piece]]) -> list[Text]:
    head = pen.line("   ", (pen.left(name, 11), DIM))
    return pen.flow(items, " · ", head=head, indent=14, room=pen.width)


def _flops(value: int) -> str:
    return operations(value).removesuffix("FLOP") if value else numbers.NONE


def _bytes(value: int) -> str:
    return size(value) if value else numbers.NONE


def _milliseconds(value: float | None) -> str:
    return numbers.significant(value)


def _sum_ms(values: list[float | None]) -> str:
    return _milliseconds(sum(value or 0.0 for value in values))
