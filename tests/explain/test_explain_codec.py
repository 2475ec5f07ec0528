"""Results become JSON and come back equal; what is no such document is refused at the place."""

import dataclasses
import json
import math
from random import Random
from typing import Any, Literal, get_args

import pytest
from explain_kind_samples import (
    SAMPLES,
    pair_sample,
)

from tfcli.errors import DataError
from tfcli.explain.result.codec import decode, encode, parts_of
from tfcli.explain.result.documents import SCHEMAS, document, read_document


@dataclasses.dataclass(frozen=True)
class Leaf:
    kind: Literal["a", "b", 3]
    size: float
    known: float | None = None


@dataclasses.dataclass(frozen=True)
class Tree:
    """One of everything that a result may hold."""

    flag: bool
    count: int
    text: str
    pair: tuple[int, str]
    leaves: tuple[Leaf, ...]
    by_name: dict[str, float | str]
    grid: tuple[tuple[float | None, ...], ...] = ()
    places: tuple[tuple[int, int], ...] | None = None
    notes: dict[str, str] = dataclasses.field(default_factory=dict)


TREE = Tree(
    True, 7, "苹\\n", (1, "x"), (Leaf("a", 0.1), Leaf(3, 1e-300, 2.0)), {"t": 0.7, "s": "two"},
    ((1.0, None), ()), ((1, 2),),
)  # fmt: skip
PLAIN = encode(TREE)


def text_of(value: Any) -> Any:
    """Through the text of JSON, as a file has it."""
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize("result", SAMPLES)
def test_what_is_read_equals_what_was_written(result):
    assert read_document(text_of(document(result))) == result


def test_one_of_everything_comes_back():
    assert decode(Tree, text_of(PLAIN)) == TREE
    again = decode(Tree, text_of(PLAIN))
    assert type(again.pair) is type(again.leaves) is tuple
    assert type(again.leaves[0].size) is float


def test_no_number_is_null_and_comes_back_as_what_the_field_allows():
    sick = Leaf("b", math.inf, math.nan)
    assert encode(sick) == {"kind": "b", "size": None, "known": None}
    again = decode(Leaf, encode(sick))
    assert math.isnan(again.size) and again.known is None


def test_a_whole_number_may_stand_for_a_float():
    assert decode(Leaf, {"kind": "a", "size": 3}) == Leaf("a", 3.0)


def test_every_field_of_every_document_can_be_read():
    """A section whose field no reader knows would be seen here."""

    def walk(kind: Any, seen: set[Any]) -> None:
        if kind not in seen:
            seen.add(kind)
            if not dataclasses.is_dataclass(kind):
                with pytest.raises(DataError):
                    decode(kind, object())  # a TypeError would say that the type is unknown
            for part in parts_of(kind):
                if isinstance(part, type) or get_args(part):
                    walk(part, seen)

    for kind in SCHEMAS.values():
        walk(kind, {Any})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["flag"], 1, "flag: expected true or false, found a number"),
        (["count"], True, "count: expected a whole number, found true or false"),
        (["count"], 1.5, "count: expected a whole number, found a number"),
        (["count"], 10**40, "count: expected a whole number, found one of 41 digits"),
        (["text"], None, "text: expected text, found null"),
        (["pair"], [1], "pair: expected 2 values, found 1"),
        (["pair", 1], 2, "pair[1]: expected text, found a number"),
        (["leaves"], {}, "leaves: expected a list, found an object"),
        (["leaves", 1], [], "leaves[1]: expected an object, found a list"),
        (["leaves", 1, "size"], "x", "leaves[1].size: expected a number, found text"),
        (["leaves", 1, "size"], math.inf, "leaves[1].size: expected a number"),
        (["leaves", 0, "kind"], True, "leaves[0].kind: expected “a” or “b” or “3”"),
        (["leaves", 0, "more"], 1, "leaves[0].more: there is no such field"),
        (["by_name", "t"], [], "by_name.t: expected text, found a list"),
        (["grid", 0, 1], "1", "grid[0][1]: expected a number, found text"),
        (["places", 0], [1, 2, 3], "places[0]: expected 2 values, found 3"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(path, value, message):
    spoilt = text_of(PLAIN)
    place = spoilt
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(DataError) as error:
        decode(Tree, spoilt)
    assert error.value.message.startswith(message)


def test_a_missing_value_is_named_and_a_default_stands_for_itself():
    with pytest.raises(DataError, match=r"^leaves\[0\]\.size: is missing$"):
        decode(Tree, PLAIN | {"leaves": [{"kind": "a"}]})
    short = {name: value for name, value in PLAIN.items() if name not in ("grid", "notes")}
    assert decode(Tree, short).notes == {} and decode(Tree, short).grid == ()


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\x1b[31m", "a\\x1b[31m"),
        ("a\nb", "a\\nb"),
        ("\u202egnp", "\\u202egnp"),
        ("\ud800", "\\ud800"),
        ("苹 नमस्ते 😀", "苹 नमस्ते 😀"),
    ],
)
def test_text_that_moves_the_cursor_comes_back_as_its_escapes(text, drawn):
    assert decode(Tree, PLAIN | {"text": text, "notes": {text: text}}).text == drawn
    assert decode(Tree, PLAIN | {"notes": {text: text}}).notes == {drawn: drawn}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "the document: expected an object"),
        ({}, "schema: expected tfcli.explain/1"),
        ({"schema": 1}, "schema: expected tfcli.explain/1"),
        ({"schema": ["tfcli.explain/1"]}, "schema: expected tfcli.explain/1"),
        ({"schema": "other/1"}, "schema: expected tfcli.explain/1.*found “other/1”"),
        ({"schema": "tfcli.explain/x"}, "found “tfcli.explain/x”"),
        ({"schema": "tfcli.explain/99"}, "a newer tfcli: its schema is tfcli.explain/99"),
        ({"schema": "tfcli.explain/0"}, "an older tfcli"),
        ({"schema": "tfcli.explain/1"}, "sections: is missing"),
    ],
)
def test_another_document_is_refused(value, message):
    with pytest.raises(DataError, match=message):
        read_document(value)


def spoil(value: Any, draw: Random) -> Any:
    """The value with something in it, anywhere, put in another's place."""
    if isinstance(value, dict | list) and value and draw.random() < 0.9:
        key = draw.choice(list(value) if isinstance(value, dict) else range(len(value)))
        value = value.copy()
        value[key] = spoil(value[key], draw)
        return value
    return draw.choice([None, True, -1, 10**30, 0.5, "", "x", [], {}, [[]], {"a": 1}])


def test_a_spoilt_document_is_read_or_refused_in_words():
    """Never anything but a result or a DataError, and most are refused."""
    draw, refused = Random(3), 0
    plain = text_of(document(pair_sample()))
    for _ in range(400):
        try:
            read_document(spoil(plain, draw))
        except DataError as error:
            assert error.message and len(error.message) < 400
            refused += 1
    assert refused > 300
