"""A saved explanation: any part of the whole is what the model itself would have given."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from explain_shapes import IDS, WRITTEN, build

from tfcli.errors import DataError, NotFoundError, TfcliError, UsageError
from tfcli.explain.edits.request import EditRequest, parse_sites
from tfcli.explain.explanation import explain
from tfcli.explain.request import MEASURES, SCREEN, SECTIONS, Request
from tfcli.explain.result import Explanation, SavedExplanation
from tfcli.explain.result.documents import document
from tfcli.explain.saved import file, whole
from tfcli.explain.saved.file import read_saved, write_saved
from tfcli.explain.saved.part import part
from tfcli.explain.saved.whole import explain_whole

UNTIMED = tuple(name for name in SECTIONS if name != "cost")  # times are new in every run
REQUESTS = {
    "screen": Request(SCREEN),
    "named": Request(UNTIMED, all_keys=True),
    "all": Request(UNTIMED, layers="all", heads="all", all_keys=True, top_k=40),
    "chosen": Request(UNTIMED, layers=(0, -1), heads=(1, 3), top_k=3),
    "window": Request(UNTIMED, window=(2, -2), heads="all"),
    "end": Request(UNTIMED, layers="all", window=(-1, None), top_k=1),
}
LONG = [(7 * i * i + 3 * i) % 61 for i in range(40)]


@pytest.fixture(autouse=True)
def short_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfcli.explain.layers.cost._SECONDS", 0.0)


def read_of(model: Any) -> dict[str, Any]:
    return {} if model.encoder is None else {"decoder_ids": WRITTEN}


def saved_of(shape: str = "qwen3", ids: list[int] = IDS, **fields: Any) -> SavedExplanation:
    model = build(shape)
    return explain_whole(model, ids, Request(**fields), **read_of(model))


def test_every_part_is_what_a_run_gives(shape):
    model = build(shape)
    read = read_of(model)
    saved = explain_whole(model, IDS, Request(), **read)
    for name, request in REQUESTS.items():
        assert part(saved, request) == explain(model, IDS, request, **read), name
    for measure in saved.measures:
        request = Request(("heads",), measure=measure)
        assert part(saved, request) == explain(model, IDS, request, **read), measure
    assert set(saved.measures) == set(MEASURES) - {"patching"}


def test_a_long_prompt_has_windows_and_few_keys(monkeypatch):
    model = build("qwen3")
    saved = explain_whole(model, LONG, Request())
    for window in (None, (0, 7), (5, 38), (33, 34)):
        request = Request(UNTIMED, window=window, heads="all")
        found = part(saved, request)
        assert found == explain(model, LONG, request)
        assert found.qkv is not None and found.qkv[0].others is not None
        assert found.qkv[0].others.count == 30
    monkeypatch.setattr("tfcli.explain.request.LARGEST_MATRIX", 20)
    found = part(saved, Request(("attention",)))
    assert found.attention is not None and found.attention[0].matrix is None


def test_options_of_the_save_are_those_of_the_part():
    model = build("gpt2")
    edits = EditRequest(ablate=parse_sites("L1H0", "ablate"), other_ids=tuple(IDS[::-1]))
    request = Request(position=4, answer=7, against=9, edits=edits, measure="patching", seed=3)
    saved = explain_whole(model, IDS, request)
    for top_k in (1, 4):
        asked = replace(request, sections=UNTIMED, top_k=top_k)
        assert part(saved, asked) == explain(model, IDS, asked)
    asked = replace(request, sections=("heads",), measure="induction")
    assert part(saved, asked) == explain(model, IDS, asked)


def test_a_file_gives_back_what_was_saved(tmp_path, shape):
    saved = saved_of(shape)
    size = write_saved(tmp_path / "new" / "a.gz", saved)
    assert size == (tmp_path / "new" / "a.gz").stat().st_size
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.gz"]
    assert read_saved(tmp_path / "new" / "a.gz") == saved


@pytest.mark.parametrize("bound", ["MOST_WEIGHTS", "MOST_KEYS", "MOST_CELLS"])
def test_what_has_no_room_is_left_out_and_said(monkeypatch, bound):
    monkeypatch.setattr(whole, bound, 100)
    monkeypatch.setattr("tfcli.explain.request.LENS_POSITIONS", 8)
    model = build("qwen3")
    asked = Request(UNTIMED, layers=(0,), heads=(2,))
    saved = explain_whole(model, LONG, asked)
    assert part(saved, asked) == explain(model, LONG, asked)
    sizes = {
        "MOST_WEIGHTS": ("attention", Request(("attention",), layers=(0,), heads=(1,))),
        "MOST_KEYS": ("layers", Request(("qkv",), layers="all")),
        "MOST_CELLS": ("lens", Request(("lens_grid",), window=(0, 5))),
    }
    what, missing = sizes[bound]
    if bound == "MOST_KEYS":
        held = saved.whole.focus.layers
        assert len(held) < 3 and 0 in held
        missing = replace(missing, layers=tuple({0, 1, 2} - set(held)))
        what = "layer"
    with pytest.raises(UsageError, match=f"The file does not hold.* {what}") as error:
        part(saved, missing)
    assert error.value.hint is not None and "--" in error.value.hint


def test_an_expensive_measure_is_kept_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(whole, "MOST_WORK", 0)
    cheap = set(MEASURES) - {"patching", "copying", "ablation"}
    assert set(saved_of().measures) == cheap
    assert set(saved_of(measure="copying").measures) == {*cheap, "copying"}
    with pytest.raises(UsageError, match="does not hold --measure ablation") as error:
        part(saved_of(), Request(("heads",), measure="ablation"))
    assert error.value.hint == "Save the explanation with --measure ablation."


def test_what_a_file_cannot_know_is_refused():
    saved = saved_of()
    assert part(saved, Request(position=-1)) == part(saved, Request())
    for request, words in (
        (Request(position=2), "position 8: another --pos"),
        (Request(position=9), "There is no position 9"),
        (Request(layers=(3,)), "There is no layer 3"),
        (Request(heads=(4,)), "There is no head 4"),
        (Request(window=(9, 12)), "holds no token"),
        (Request(top_k=101), "100 likeliest"),
    ):
        with pytest.raises(UsageError, match=words):
            part(saved, request)


def test_an_explanation_of_a_screen_gives_what_it_holds(tmp_path):
    model = build("qwen3")
    found = explain(model, IDS, Request(("model", "qkv", "heads", "next"), layers=(0, 2), top_k=4))
    (tmp_path / "a.json").write_text(json.dumps(document(found)), encoding="utf-8")
    saved = read_saved(tmp_path / "a.json")
    assert not saved.complete
    assert part(saved, Request(found.sections)) == found
    one = part(saved, Request(("qkv", "next"), layers=(2,), top_k=2))
    expected = explain(model, IDS, Request(("qkv", "next"), layers=(2,), top_k=2))
    assert (one.qkv, one.next) == (expected.qkv, expected.next)
    for request, words in (
        (Request(("lens", "audit")), "not hold the sections lens, audit: it holds model, qkv"),
        (Request(("qkv",), layers=(1,)), "not hold layer 1: it holds 0, 2"),
        (Request(("heads",), measure="sink"), "not hold --measure sink: it holds delta"),
    ):
        with pytest.raises(UsageError, match=words):
            part(saved, request)


def damaged(saved: SavedExplanation) -> dict[str, tuple[bytes, str]]:
    """Files that hold something else, with a word of what is said about each."""
    good = document(saved)
    columns = good["columns"]
    packed = gzip.compress(json.dumps(good).encode())

    def changed(**fields: Any) -> bytes:
        return gzip.compress(json.dumps(good | fields).encode())

    def column(**fields: Any) -> bytes:
        return changed(columns=columns | fields)

    def values(**fields: Any) -> bytes:
        written = document(replace(saved, **fields))
        return gzip.compress(json.dumps(written).encode())

    return {
        "cut": (packed[: len(packed) // 2], "damaged"),
        "bits": (packed[:200] + b"\x00" * 50 + packed[250:], "damaged"),
        "end": (packed[:-4] + b"\x00" * 4, "damaged"),
        "empty": (b"", "no saved explanation"),
        "text": (b"The cat sat", "no saved explanation"),
        "packed text": (gzip.compress(b"The cat sat"), "no saved explanation"),
        "deep": (gzip.compress(b"[" * 100_000), "no saved explanation"),
        "list": (gzip.compress(b"[]"), "expected an object"),
        "newer": (changed(schema="tfcli.explain-trace/3"), "a newer tfcli"),
        "older": (changed(schema="tfcli.explain-trace/1"), "an older tfcli"),
        "other": (changed(schema="tfcli.run/1"), "schema: expected"),
        "missing": (column(whole={}), "whole.sections: is missing"),
        "type": (column(delta_norms=["1"]), "delta_norms: expected an object, found a list"),
        "long": (
            column(delta_norms=columns["delta_norms"] | {"lengths": [2**62]}),
            "delta_norms.lengths: they do not add up to the 3 values",
        ),
        "infinite": (
            column(delta_norms={"lengths": [1], "values": {"float32": "AACAfw=="}}),
            "delta_norms.values.float32: expected numbers, found an infinite one",
        ),
        "layers": (values(delta_norms=(1.0,) * 99), "do not fit together"),
        "measures": (values(measures={}), "do not fit together"),
    }


def test_a_damaged_file_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "a.gz"
    for name, (content, words) in damaged(saved_of()).items():
        path.write_bytes(content)
        with pytest.raises(DataError, match=words) as error:
            read_saved(path)
        assert str(path) in error.value.message, name


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "LARGEST", 2**20)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b" " * 2**24))
    assert path.stat().st_size < 2**16
    with pytest.raises(DataError, match="holds more than 1 MB"):
        read_saved(path)
    path.write_bytes(b" " * (2**20 + 1))
    with pytest.raises(DataError, match="holds more than 1 MB"):
        read_saved(path)
    monkeypatch.setattr(file, "MOST_VALUES", 1000)
    path.write_bytes(gzip.compress(b"[" + b"[]," * 999 + b"[]]"))
    with pytest.raises(DataError, match="more than 1,000 values"):
        read_saved(path)
    monkeypatch.setattr(file, "LARGEST", 2**10)
    with pytest.raises(UsageError, match="too many for a file"):
        write_saved(path, saved_of())


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path):
    with pytest.raises(NotFoundError, match="There is no file"):
        read_saved(tmp_path / "none.gz")
    with pytest.raises(DataError, match="cannot be read"):
        read_saved(tmp_path)
    (tmp_path / "a").write_text("")
    with pytest.raises(TfcliError, match="cannot be written"):
        write_saved(tmp_path / "a" / "b.gz", saved_of())


def test_a_value_that_is_no_number_comes_back_as_one(tmp_path):
    saved = saved_of()
    assert saved.whole.norms is not None
    row = replace(saved.whole.norms.rows[0], scale=float("nan"))
    norms = replace(saved.whole.norms, rows=(row,))
    write_saved(tmp_path / "a.gz", replace(saved, whole=replace(saved.whole, norms=norms)))
    found: Explanation = read_saved(tmp_path / "a.gz").whole
    assert found.norms is not None and str(found.norms.rows[0].scale) == "nan"
