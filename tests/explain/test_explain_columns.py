"""Results become columns and come back equal; what is no such document is refused at the place."""

import base64
import json
import math
import struct
from dataclasses import dataclass, field, make_dataclass
from random import Random
from typing import Any, Literal

import pytest
from explain_kind_samples import (
    SAMPLES,
    pair_sample,
)
from explain_samples import sample

from tfcli.errors import DataError
from tfcli.explain.result import Explanation, SavedExplanation
from tfcli.explain.result.columns import decode_columns, encode_columns
from tfcli.explain.result.documents import document, read_document
from tfcli.explain.result.form import form_of
from tfcli.explain.result.packed import pack, unpack


@dataclass(frozen=True)
class Leaf:
    kind: Literal["a", "b", 3]
    size: float
    known: float | None = None


@dataclass(frozen=True)
class Tree:
    """One of everything that a result may hold."""

    flag: bool
    count: int
    text: str | None
    pair: tuple[int, str]
    leaves: tuple[Leaf, ...]
    by_name: dict[str, float | str]
    first: Leaf | None
    grid: tuple[tuple[float | None, ...], ...] = ()
    places: tuple[tuple[int, int], ...] | None = None
    named: dict[str, Leaf] = field(default_factory=dict)


FORM = form_of(SavedExplanation)
LEAVES = (Leaf("a", 0.1), Leaf(3, 1e-300, 2.0), Leaf("b", -0.0, 0.5))
TREE = Tree(
    True, 7, None, (1, "x"), LEAVES, {"t": 0.7, "s": "two"}, None,
    ((1.0, None), (), (0.25,)), ((1, 2), (3, 4)), {"l": LEAVES[0]},
)  # fmt: skip
BARE = Tree(False, -1, "苹\\n", (2, ""), (), {}, LEAVES[1])


def text_of(value: Any) -> Any:
    """Through the text of JSON, as a file has it."""
    return json.loads(json.dumps(value, allow_nan=False))


def float32(*values: float) -> dict[str, str]:
    content = struct.pack(f"<{len(values)}f", *values)
    return {"float32": base64.b64encode(b"".join(content[i::4] for i in range(4))).decode()}


@pytest.mark.parametrize("result", SAMPLES)
def test_what_is_read_equals_what_was_written(result):
    assert decode_columns(Explanation, text_of(encode_columns(result))) == result
    saved = SavedExplanation(result, rows=7)
    assert read_document(text_of(document(saved))) == saved


@pytest.mark.parametrize("tree", [TREE, BARE])
def test_one_of_everything_comes_back(tree):
    again = decode_columns(Tree, text_of(encode_columns(tree)))
    assert again == tree and repr(again) == repr(tree)
    assert type(again.pair) is type(again.leaves) is type(again.grid) is tuple


def test_like_numbers_stand_side_by_side():
    written = encode_columns(TREE)
    assert written["leaves"]["lengths"] == [3]
    assert written["leaves"]["values"]["kind"] == ["a", 3, "b"]
    assert list(written["leaves"]["values"]["size"]) == ["float64"]
    assert list(written["leaves"]["values"]["known"]) == ["float32"]
    assert written["grid"]["values"]["lengths"] == [2, 0, 1]
    assert encode_columns(BARE)["leaves"]["values"] == []


@pytest.mark.parametrize(
    ("values", "name", "size"),
    [
        ([0.5, -2.0, 2.0**127, 2.0**-149], "float32", 4),
        ([struct.unpack("<f", struct.pack("<f", 0.1))[0], None], "float32", 4),
        ([0.1, 0.5], "float64", 8),
        ([1e39, 0.0], "float64", 8),
        ([5e-324], "float64", 8),
    ],
)
def test_numbers_take_the_fewest_bytes_that_hold_them(values, name, size):
    packed = pack(values)
    assert list(packed) == [name]
    assert len(base64.b64decode(packed[name])) == size * len(values)
    again = [None if math.isnan(x) else x for x in unpack(packed)]
    assert [str(x) for x in again] == [str(None if x is None else float(x)) for x in values]


def test_the_bytes_are_grouped_by_weight_on_every_machine(monkeypatch):
    packed = pack([1.0, -2.0])  # 0x3f800000, 0xc0000000
    assert base64.b64decode(packed["float32"]) == bytes.fromhex("0000 0000 8000 3fc0")
    monkeypatch.setattr("sys.byteorder", "big")
    swapped = pack([1.0, -2.0])
    assert base64.b64decode(swapped["float32"]) == bytes.fromhex("3fc0 8000 0000 0000")
    assert unpack(swapped) == [1.0, -2.0]


def test_no_number_comes_back_as_what_the_field_allows():
    sick = Leaf("b", math.inf, math.nan)
    again = decode_columns(Leaf, text_of(encode_columns(sick)))
    assert math.isnan(again.size) and again.known is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ([], [], "the document: expected one value, found 0"),
        (["flag"], [1], "flag[0]: expected true or false, found a number"),
        (["flag"], [], "count: expected 0 values, found 1"),
        (["count"], [7, 8], "count: expected 1 values, found 2"),
        (["count"], None, "count: expected a list, found null"),
        (["count"], [10**40], "count[0]: expected a whole number, found one of 41 digits"),
        (["pair"], [[1]], "pair: expected 2 columns, found 1"),
        (["pair", 1], ["x", "y"], "pair[1]: expected 1 values, found 2"),
        (["leaves"], {"values": []}, "leaves.lengths: is missing"),
        (["leaves", "lengths"], [2], "leaves.lengths: they do not add up to the 3 values"),
        (["leaves", "lengths"], [4, -1], "leaves.lengths: they do not add up"),
        (["leaves", "lengths"], [10**18], "leaves.lengths: they do not add up"),
        (["leaves", "lengths"], [1, 2], "leaves: expected 1 values, found 2"),
        (["leaves", "values", "kind"], ["a", True, "b"], "leaves.values.kind[1]: expected “a”"),
        (["leaves", "values", "more"], [], "leaves.values.more: there is no such field"),
        (["leaves", "values", "size"], [1.0], "leaves.values.size: expected numbers in base64"),
        (["leaves", "values", "size"], float32(1.0), "leaves.values.size: expected 3 values"),
        (["leaves", "values", "size"], {"float16": ""}, "leaves.values.size: expected float32 or"),
        (["leaves", "values", "size"], {}, "leaves.values.size: expected float32 or"),
        (["leaves", "values", "size", "float64"], 3, "leaves.values.size.float64: expected base64"),
        (["leaves", "values", "size", "float64"], "é", "leaves.values.size.float64: expected base"),
        (["leaves", "values", "size", "float64"], "A", "leaves.values.size.float64: expected base"),
        (["leaves", "values", "size", "float64"], "AAA=", "leaves.values.size.float64: expected n"),
        (["leaves", "values", "known"], float32(1, 2, math.inf), "leaves.values.known.float32: ex"),
        (["by_name", "names"], ["t"], "by_name.values: expected 1 values, found 2"),
        (["by_name", "names"], ["t", 1], "by_name.names[1]: expected text, found a number"),
        (["first", "there"], [True], "first: 1 are there, and 0 are given"),
        (["first", "there"], [1], "first.there[0]: expected true or false"),
        (["places", "there"], [False], "places: 0 are there, and 1 are given"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_place(path, value, message):
    spoilt = {"": text_of(encode_columns(TREE))}
    place: Any = spoilt
    for step in ["", *path][:-1]:
        place = place[step]
    place[["", *path][-1]] = value
    with pytest.raises(DataError) as error:
        decode_columns(Tree, spoilt[""])
    assert error.value.message.startswith(message)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"form": FORM, "rows": []},
        {"form": FORM, "columns": {}, "whole": 1},
        {"form": FORM, "columns": 7},
        {"form": FORM, "columns": []},
    ],
)
def test_a_document_of_columns_has_columns(value):
    with pytest.raises(DataError, match=r"^the document: expected"):
        read_document({"schema": "tfcli.explain-trace/2", **value})


@pytest.mark.parametrize("form", ["00000000", None, [FORM], 7])
def test_columns_of_another_form_are_of_another_tfcli(form):
    written = document(SavedExplanation(sample()))
    with pytest.raises(DataError, match="written by another tfcli") as error:
        read_document(written | {"form": form})
    assert error.value.hint is not None


def test_the_form_changes_with_every_field():
    def made(*fields: tuple[str, Any]) -> str:
        return form_of(make_dataclass("Leaf", fields))

    plain = made(("size", float), ("kind", Literal["a", "b"]))
    assert plain == made(("size", float), ("kind", Literal["a", "b"])) and len(plain) == 8
    others = [
        made(("size", float | None), ("kind", Literal["a", "b"])),
        made(("size", float), ("kind", Literal["a", "c"])),
        made(("length", float), ("kind", Literal["a", "b"])),
        made(("kind", Literal["a", "b"]), ("size", float)),
        made(("size", tuple[float, ...]), ("kind", Literal["a", "b"])),
    ]
    assert len({plain, *others}) == 6
    inner = make_dataclass("Inner", [("x", int)])
    other = make_dataclass("Inner", [("y", int)])
    forms = [made(("all", dict[str, tuple[kind | None, ...]])) for kind in (inner, other)]
    assert forms[0] != forms[1]


def spoil(value: Any, draw: Random) -> Any:
    """The value with something in it, anywhere, put in another's place."""
    if isinstance(value, dict | list) and value and draw.random() < 0.95:
        key = draw.choice(list(value) if isinstance(value, dict) else range(len(value)))
        value = value.copy()
        value[key] = spoil(value[key], draw)
        return value
    if isinstance(value, str) and value and draw.random() < 0.5:
        cut = draw.randrange(len(value))
        return value[:cut] + draw.choice(["", "A", "/", "é", "=", value]) + value[cut + 1 :]
    return draw.choice(
        [None, True, -1, 10**18, 10**30, 0.5, "", "x", [], {}, [[]], [0], {"a": 1},
         {"float32": ""}, float32(math.inf), float32(math.nan), {"lengths": [], "values": []}]
    )  # fmt: skip


def test_a_spoilt_document_is_read_or_refused_in_words():
    """Never anything but a result or a DataError, and most are refused."""
    draw, refused = Random(5), 0
    plain = text_of(document(SavedExplanation(pair_sample())))
    for _ in range(500):
        try:
            read_document(spoil(plain, draw))
        except DataError as error:
            assert error.message and len(error.message) < 400
            refused += 1
    assert refused > 350
