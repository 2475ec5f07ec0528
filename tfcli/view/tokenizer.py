"""How tokenizers look: pieces with their ids beneath, figures side by side, progress."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from tfcli.explain.text.labels import label, labels
from tfcli.view import console, stdout
from tfcli.view.explain.lines import ACCENT, BAD, DIM, STRONG, Pen, Piece, margin

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer
    from tfcli_tokenizer.measures import Measure, Vocabulary

_COLOURS = ("cyan", "yellow", "green", "magenta")
_SPECIAL = "bold reverse"
_GAP = 2
_INDENT = 10
_FIRST_PART = re.compile(r"(.+)\(1/([2-9])\)", re.DOTALL)


@dataclass(frozen=True)
class Facts:
    """What `tfcli tokenizer info` shows.

    Attributes:
        path: where the tokenizer is.
        lossless: whether it is made to give back any text.
        measures: by the name of the text that was measured.
        pieces: groups of ids to show, by what they have in common.
    """

    path: str
    lossless: bool
    vocabulary: "Vocabulary"
    measures: "Mapping[str, Measure]"
    pieces: Mapping[str, Sequence[int]]


def show_tokens(tokenizer: "Tokenizer", ids: Sequence[int]) -> None:
    """Each piece with its id beneath it; a line ends where the text's line does."""
    stdout.write(stdout.pen(), token_lines(stdout.pen(), tokenizer, ids))


def show_facts(tokenizer: "Tokenizer", facts: Facts) -> None:
    """What a tokenizer is, and what it makes of some texts."""
    pen = stdout.pen()
    stdout.write(pen, fact_lines(pen, tokenizer, facts))


def show_comparison(
    tokenizers: "Mapping[str, Tokenizer]", measures: "Sequence[Measure]", text: str
) -> None:
    """Figures of several tokenizers on one text, a row each, and how each cuts `text`."""
    pen = stdout.pen()
    stdout.write(pen, comparison_lines(pen, tokenizers, measures, text))


def write_exact(text: str) -> None:
    """Write a text to stdout: to a terminal with what would move it escaped, else as it is."""
    sys.stdout.flush()
    if console.is_terminal(sys.stdout):
        console.write_text(text if text.endswith("\n") else text + "\n")
        return
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


@contextmanager
def training_progress() -> Iterator[Callable[[str], None]]:
    """A line on a terminal's stderr that is told what is being done, with the time gone."""
    if console.settings().quiet or not console.is_terminal(sys.stderr):
        yield lambda _: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    spinner = SpinnerColumn("dots" if console.unicode(sys.stderr) else "line")
    columns = (spinner, TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console.err_console(), transient=True) as progress:
        task = progress.add_task("Reading the corpus")
        yield lambda doing: progress.update(task, description=doing)


def token_lines(pen: Pen, tokenizer: "Tokenizer", ids: Sequence[int]) -> Iterator[Text]:
    """Two lines for each row of tokens: the pieces, and their ids."""
    special = set(tokenizer.special_tokens.values())
    pieces, numbers = Text(" "), Text(" ")
    ended = False
    for count, (token, name) in enumerate(zip(ids, labels(tokenizer, ids), strict=True)):
        shown = pen.fit(name, pen.width - 2)
        size = max(pen.size(shown), len(str(token)))
        ends = tokenizer.token_bytes(token).endswith(b"\n")
        blank = ends and not tokenizer.token_bytes(token).strip()
        if len(pieces) > 1 and (
            (ended and not blank) or pieces.cell_len + _GAP + size > pen.width - 1
        ):
            yield from (pieces, numbers, Text())
            pieces, numbers = Text(" "), Text(" ")
        gap = " " * (_GAP if len(pieces) > 1 else 0)
        style = _SPECIAL if token in special else _COLOURS[count % len(_COLOURS)]
        pieces.append(gap).append(shown, style).append(" " * (size - pen.size(shown)))
        numbers.append(gap).append(str(token).ljust(size), DIM)
        ended = ends
    if len(pieces) > 1:
        yield from (pieces, numbers)


def fact_lines(pen: Pen, tokenizer: "Tokenizer", facts: Facts) -> Iterator[Text]:
    """The screen of `tfcli tokenizer info`."""
    counted = facts.vocabulary
    promise = ", lossless" if facts.lossless else ""
    yield from _paragraph(pen, "FILE", [[console.printable(facts.path)]])
    yield from _paragraph(pen, "TYPE", [[tokenizer.kind + promise]])
    kinds = [("text", len(counted.text)), ("bytes", counted.bytes), ("parts", counted.parts)]
    kinds += [("special", counted.special)]
    sizes: list[list[Piece]] = [[(f"{counted.size:,}", ACCENT), " in all"]]
    sizes += [[(f"{count:,}", ACCENT), f" {name}"] for name, count in kinds if count]
    yield from _paragraph(pen, "PIECES", sizes, " · ")
    yield from _paragraph(pen, "SPECIAL", _special_items(tokenizer), " · ")
    yield Text()
    yield from _histogram(pen, "SCRIPT", counted.scripts)
    yield Text()
    yield from _histogram(pen, "LENGTH", _lengths(counted))
    yield Text()
    yield from _measure_table(pen, "TEXT", facts.measures)
    for name, measured in facts.measures.items():
        yield from _missing(pen, name, measured)
    yield Text()
    for name, ids in facts.pieces.items():
        yield from _paragraph(pen, name.upper(), _samples(pen, tokenizer, ids), "  ")
    yield Text()
    yield from _paragraph(pen, "SHA-256", [[(tokenizer.fingerprint, DIM)]])


def comparison_lines(
    pen: Pen, tokenizers: "Mapping[str, Tokenizer]", measures: "Sequence[Measure]", text: str
) -> Iterator[Text]:
    """The screen of `tfcli tokenizer compare`."""
    wide = pen.width >= 110
    sizes = (10, 10, 11, 13, 10, 10) if wide else (10, 8, 9, 13, 10, 10)
    width = min(max(map(pen.size, tokenizers), default=0), max(pen.width - sum(sizes) - 2, 8))
    room = min(pen.width - width - sum(sizes) - 4, 30) if wide else 0
    heads = ("type", "pieces", "tokens", "bytes/token", "in bytes", "coverage")
    titles = [pen.right(head, size) for head, size in zip(heads, sizes, strict=True)]
    yield pen.line(" ", (" " * width + "".join(titles), DIM))
    densest = max((found.bytes_per_token or 0 for found in measures), default=0)
    for (name, tokenizer), found in zip(tokenizers.items(), measures, strict=True):
        cells = [tokenizer.kind, f"{tokenizer.vocab_size:,}", f"{found.tokens:,}"]
        cells += [_number(found.bytes_per_token), _share(found.byte_share), _share(found.coverage)]
        row = "".join(pen.right(cell, size) for cell, size in zip(cells, sizes, strict=True))
        bar = pen.bar((found.bytes_per_token or 0) / densest, room) if densest and room > 8 else ""
        line = pen.line(" ", (_end_of(pen, name, width), STRONG), row)
        yield line.append(f"  {bar}", ACCENT) if bar else line
    yield from _lost(pen, 1, tokenizers, measures)
    for name, tokenizer in tokenizers.items():
        yield Text()
        yield pen.line(" ", (_end_of(pen, name, pen.width - 2), STRONG))
        yield from _flow(pen, tokenizer, tokenizer.encode(text))


def _flow(pen: Pen, tokenizer: "Tokenizer", ids: Sequence[int]) -> Iterator[Text]:
    """Pieces one behind the other, a space between; a line ends where the text's line does."""
    line: list[Sequence[Piece]] = []
    for number, name in enumerate(_folded(labels(tokenizer, ids))):
        line.append([(pen.fit(name, pen.width - 4), _COLOURS[number % len(_COLOURS)])])
        if name.endswith("\\n"):
            yield from pen.flow(line, " ", head=Text("   "), indent=3, room=pen.width - 1)
            line = []
    if line:
        yield from pen.flow(line, " ", head=Text("   "), indent=3, room=pen.width - 1)


def _folded(names: Sequence[str]) -> Iterator[str]:
    """The labels, those of one character's parts in one: 龘(1/3) 龘(2/3) 龘(3/3) as 龘(3)."""
    number = 0
    while number < len(names):
        first = _FIRST_PART.fullmatch(names[number])
        size = int(first[2]) if first else 1
        yield f"{first[1]}({size})" if first else names[number]
        number += size


def _special_items(tokenizer: "Tokenizer") -> list[list[Piece]]:
    roles = {
        "begins a text": tokenizer.bos_id,
        "ends a text": tokenizer.eos_id,
        "fills up": tokenizer.pad_id,
        "unknown": tokenizer.unk_id,
    }
    tokens = dict(tokenizer.special_tokens)
    if tokenizer.unk_id is not None:
        tokens.setdefault(tokenizer.piece(tokenizer.unk_id).strip(), tokenizer.unk_id)
    items: list[list[Piece]] = []
    for name, token in list(tokens.items())[:24]:
        role = ", ".join(role for role, each in roles.items() if each == token)
        items.append(
            [console.printable(name), (f" {token}", DIM), (f" {role}" if role else "", "")]
        )
    if len(tokens) > len(items):
        items.append([f"{len(tokens) - len(items):,} more"])
    return items or [["none"]]


def _lengths(counted: "Vocabulary") -> list[tuple[str, int]]:
    """Pieces by their number of characters: 1, 2, 3, 4, 5-8, 9 and more."""
    bins = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4": (4, 4), "5-8": (5, 8), "9+": (9, 10**9)}
    rows = [
        (name, sum(n for length, n in counted.lengths if low <= length <= high))
        for name, (low, high) in bins.items()
    ]
    return [(f"{name} character{'s' * (name != '1')}", count) for name, count in rows if count]


def _histogram(pen: Pen, word: str, rows: Sequence[tuple[str, int]]) -> Iterator[Text]:
    most = max((count for _, count in rows), default=1)
    for number, (name, count) in enumerate(rows[:8]):
        head = margin(pen, "" if number else word, _INDENT)
        bar = pen.bar(count / most, min(pen.width - _INDENT - 32, 40))
        yield head.append_text(
            pen.line(pen.left(name, 15), (pen.right(f"{count:,}", 9), ACCENT), "  ", (bar, ACCENT))
        )


def _measure_table(pen: Pen, word: str, measures: "Mapping[str, Measure]") -> Iterator[Text]:
    width = min(max([15, *map(pen.size, measures)]), max(pen.width - _INDENT - 52, 15))
    heads = ("bytes", "tokens", "bytes/token", "in bytes", "coverage")
    titles = "".join(pen.right(h, s) for h, s in zip(heads, _MEASURE_SIZES, strict=True))
    yield margin(pen, word, _INDENT).append_text(pen.line((pen.left("", width) + titles, DIM)))
    for name, found in measures.items():
        cells = [f"{found.bytes:,}", f"{found.tokens:,}", _number(found.bytes_per_token)]
        cells += [_share(found.byte_share), _share(found.coverage)]
        row = "".join(pen.right(c, s) for c, s in zip(cells, _MEASURE_SIZES, strict=True))
        yield pen.line(" " * _INDENT, _end_of(pen, name, width), row)
    yield from _lost(pen, _INDENT, measures, list(measures.values()))


_MEASURE_SIZES = (9, 9, 13, 10, 10)


def _lost(
    pen: Pen, indent: int, names: Iterable[str], measures: "Sequence[Measure]"
) -> Iterator[Text]:
    """Where decoding did not give back the text."""
    lost = [name for name, found in zip(names, measures, strict=True) if not found.reads_back]
    if lost:
        items: list[Sequence[Piece]] = [
            [_end_of(pen, name, pen.width - 30).strip()] for name in lost
        ]
        head = pen.line(" " * indent, ("not given back by decoding: ", BAD))
        yield from pen.flow(items, ", ", head=head, indent=indent + 2, room=pen.width - 1)


def _missing(pen: Pen, name: str, measured: "Measure") -> Iterator[Text]:
    """The characters without a piece, the most frequent first."""
    from tfcli.explain.text.labels import escape

    if not measured.missing:
        return
    shown = measured.missing[:24]
    items: list[list[Piece]] = [
        [escape(character), (f"×{count}" if count > 1 else "", DIM)] for character, count in shown
    ]
    if len(measured.missing) > len(shown):
        items.append([f"and {len(measured.missing) - len(shown):,} more"])
    head = pen.line(" " * _INDENT, (f"no piece in {name}: ", DIM))
    yield from pen.flow(items, "  ", head=head, indent=_INDENT + 2, room=pen.width - 1)


def _samples(pen: Pen, tokenizer: "Tokenizer", ids: Sequence[int]) -> list[list[Piece]]:
    return [
        [(pen.fit(label(tokenizer, token), 40), _COLOURS[number % 4]), (f" {token}", DIM)]
        for number, token in enumerate(ids)
    ]


def _paragraph(
    pen: Pen, word: str, items: Sequence[Sequence[Piece]], joint: str = " "
) -> Iterator[Text]:
    head = margin(pen, word, _INDENT)
    yield from pen.flow(items, joint, head=head, indent=_INDENT, room=pen.width - 1)


def _end_of(pen: Pen, name: str, width: int) -> str:
    """The end of a path in exactly `width` columns: there paths differ."""
    shown = pen.say(console.printable(name))
    if pen.size(shown) <= width:
        return pen.left(shown, width)
    while shown and pen.size(shown) > width - 1:
        shown = shown[1:]
    return pen.left(pen.say("…") + shown, width)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    """A share in per cent, never rounded to 0 or 100 where it is not."""
    if value is None:
        return "-"
    if 0 < value < 0.001:
        return "<0.1%"
    return ">99.9%" if 0.999 < value < 1 else f"{value:.1%}"
