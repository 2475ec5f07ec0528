"""Training and validation sides: disjoint, stable, never empty, nothing lost."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.data import split
from tfcli.data.readers import Document
from tfcli.data.split import (
    by_document,
    by_tail,
    is_held_out,
    suits_by_document,
    tails,
    take_census,
)
from tfcli.errors import DataError

LINES = st.lists(st.sampled_from(["a cat sat", "ab", "", "猫在这里", "x" * 30])).map("\n".join)
PARTS = st.lists(st.tuples(LINES.filter(bool), st.booleans()), min_size=1)


def corpus(parts):
    """Documents of the given parts, of which the booleans say whether they end."""
    documents, part = [], 0
    for text, ends in [*parts[:-1], (parts[-1][0], True)]:
        documents.append(Document(text, "f", part, ends))
        part = 0 if ends else part + 1
    return documents


def joined(sides, side):
    return "".join(document.text for where, document in sides if where == side)


def story(number):
    return Document(f"Story {number}: the cat saw {number * number} birds.", "f")


def test_a_fraction_of_the_documents_is_held_out_by_content_and_seed():
    texts = [story(number).text for number in range(20_000)]
    held = {text for text in texts if is_held_out(text, 0, 0.05)}
    assert 0.045 < len(held) / len(texts) < 0.055
    assert held <= {text for text in texts if is_held_out(text, 0, 0.1)}  # a larger share adds
    other = {text for text in texts if is_held_out(text, 1, 0.05)}
    assert len(held & other) < len(held) / 4


def test_all_parts_of_a_document_and_all_its_copies_are_on_one_side():
    parts = [Document(text, "f", part, part == 2) for part, text in enumerate("abc")]
    documents = [replace(part, text=f"{n % 200} {part.text}") for n in range(400) for part in parts]
    sides = [side for side, _ in by_document(documents, 3, 0.3)]
    assert all(len(set(sides[at : at + 3])) == 1 for at in range(0, len(sides), 3))
    assert sides[:600] == sides[600:]
    assert set(sides) == {"train", "validation"}


def divided(documents, fraction):
    census = take_census(documents, 0, 0.05)
    spans = tails(census, fraction)
    return spans, list(by_tail(documents, spans, census.total.characters))


@given(PARTS, st.floats(0.01, 0.5), st.sampled_from([2, 5, 40, 10**6]))
def test_tails_lose_nothing_and_leave_neither_side_empty(parts, fraction, long):
    documents = corpus(parts)
    text = "".join(document.text for document in documents)
    if len(text) < 2:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split, "LONG_CHARACTERS", long)
        spans, sides = divided(documents, fraction)
    assert "".join(document.text for _, document in sides) == text
    assert all(document.text for _, document in sides)
    train, validation = joined(sides, "train"), joined(sides, "validation")
    assert train
    assert validation
    length = sum(span.end - span.start for span in spans)
    assert abs(len(validation) - length) <= length / 2
    for side, total in (("train", train), ("validation", validation)):
        shard = [document for where, document in sides if where == side]
        # On each side a document begins where, and only where, another has ended.
        assert shard[0].part == 0
        for former, latter in pairwise(shard):
            assert former.ends == (latter.part == 0)
        assert sum(len(document.text) for document in shard) == len(total)
    assert sides[-1][1].ends


def test_a_tail_begins_at_a_line_end_that_is_near():
    lines = "".join(f"line {number}\n" for number in range(1000))
    _, sides = divided([Document(lines, "f")], 0.1)
    validation = joined(sides, "validation")
    assert validation.startswith("line 9")
    assert abs(len(validation) - len(lines) / 10) < 6
    _, sides = divided([Document("word " * 1000, "f")], 0.1)
    assert len(joined(sides, "validation")) == 500


def test_each_of_a_few_long_documents_gives_its_tail():
    books = [Document(letter * 30_000, "f") for letter in "abc"]
    short = [Document("short", "f")] * 5
    _, sides = divided([*short, *books, *short], 0.1)
    assert joined(sides, "validation") == "a" * 3000 + "b" * 3000 + "c" * 3000
    assert [document.ends for side, document in sides if side == "train"] == [True] * 13
    _, sides = divided([*short * 10_000, books[0]], 0.1)  # most of the text is not in the book
    assert len(joined(sides, "validation")) == 28_000


def test_a_single_character_cannot_be_divided():
    with pytest.raises(DataError):
        divided([Document("a", "f")], 0.1)


@pytest.mark.parametrize(
    ("documents", "fits"),
    [
        ([story(0)], False),
        ([story(n) for n in range(20)], False),
        ([story(n) for n in range(1000)], True),
        ([*map(story, range(1000)), Document("x" * 10**6, "f")], False),
        ([story(0)] * 1000, False),
    ],
    ids=["one", "few", "many", "one of them huge", "copies"],
)
def test_when_documents_are_held_out(documents, fits):
    census = take_census(documents, 0, 0.05)
    assert census.total.documents == len(documents)
    assert suits_by_document(census, 0.05) == fits


def test_a_census_counts_documents_bytes_and_characters():
    reports = []
    parts = [Document("猫" * 500_000, "f", 0, False), Document("cat", "f", 1), Document("狗", "g")]
    census = take_census(parts, 0, 0.05, lambda *report: reports.append(report))
    assert census.total == split.Count(documents=2, bytes=1_500_006, characters=500_004)
    assert reports == [(1_500_000, None)]
