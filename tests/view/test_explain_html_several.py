"""The pages of several prompts and models: closed to the outside, with the screen's numbers."""

import dataclasses
import re
from typing import Any

import pytest
from explain_compare_samples import compare_sample, side, unseen_sample, vectors_sample
from explain_over_samples import over_sample
from explain_page import Parts
from explain_with_samples import with_sample

from tfcli.view.explain.lines import Pen, crop
from tfcli.view.html.several import page
from tfcli.view.several import Several, screen

HOSTILE = ("</script><img src=x onerror=alert(1)>", "<!--<script>", "&lt;", "\u2028\u202e\x1b\x00")
CJK = ("她", "每天", "吃", "一个", "苹果")
SAMPLES: dict[str, Several] = {
    "compare": compare_sample(),
    "unseen": unseen_sample(),
    "vectors": vectors_sample(),
    "with": with_sample(),
    "with-apart": with_sample(("The", "␣cat"), ("T", "he", "␣cat"), layers=(4, 12)),
    "over": over_sample(),
    "over-named": over_sample(names=tuple(f"models/{i}" for i in range(13)), chosen=True),
    "over-pair": over_sample(source=("a", "␣cat"), omitted="heads are not measured"),
    "compare-hostile": compare_sample(side(HOSTILE, 3, 3)),
    "with-hostile": with_sample(HOSTILE, answer=HOSTILE[0]),
    "over-hostile": over_sample(HOSTILE, answer=HOSTILE[0]),
    "compare-chinese": compare_sample(side(CJK, 4)),
}
# Columns that the screen has no room for, and cells of tables that it shows in another way.
HIDDEN = {
    "bits": {"likeliest", "p"},
    "answer": {"a byte"},
    "courses": None,
    "layers": {"parameters"},
}


def data_of(found: Several, width: int = 100) -> dict[str, Any]:
    return Parts(page(found, Pen(width), "tfcli explain")).data()


def shown(found: Several, width: int) -> list[str]:
    return [crop(line, width, "…").plain for line in screen(Pen(width, brief=False), found)]


@pytest.mark.parametrize("name", SAMPLES)
def test_it_holds_nothing_but_its_parts_and_the_screen(name):
    found = SAMPLES[name]
    document = page(found, Pen(100), f"tfcli explain {HOSTILE[0]}")
    parts = Parts(document)
    parts.require_closed()
    assert not re.search("[\u2028\u202e\x1b\x00]", document)
    (block,) = parts.data()["screen"]
    assert ["".join(text for text, _ in line).rstrip() for line in block["lines"]] == [
        re.sub("[\u2028\u202e\x1b\x00]", lambda c: c[0].encode("unicode_escape").decode(), line)
        for line in map(str.rstrip, shown(found, 100))
    ]


@pytest.mark.parametrize("name", [name for name in SAMPLES if "hostile" not in name])
def test_every_cell_of_the_tables_is_on_the_screen(name):
    """A screen of 159 columns has all that the tables have, but for what `HIDDEN` names."""
    found = SAMPLES[name]
    words = set(re.sub("[“”]", " ", " ".join(shown(found, 159))).split())
    tables = {table["name"]: table for table in data_of(found)["tables"]}
    many = {"vectors": ("layers", "context-1"), "with-apart": ("lens",)}  # of which it has some
    for table in tables.values():
        hidden = HIDDEN.get(table["name"], set())
        if hidden is None or table["name"] in many.get(name, ()):
            continue
        for row in table["rows"]:
            for column, cell in zip(table["columns"], row, strict=True):
                if column not in hidden:
                    assert set(cell.split()) <= words, (table["name"], column, cell)


def test_each_has_its_tables():
    names = {
        name: [table["name"] for table in data_of(SAMPLES[name])["tables"]] for name in SAMPLES
    }
    compared = ["layers", "pulled", "context-1", "context-2", "heads", "next"]
    assert names["compare"] == compared and names["vectors"] == compared[:-1]
    assert names["unseen"] == ["layers", "next"]
    assert names["with"] == ["bits", "next", "lens", "heads", "modules", "layers"]
    assert names["with-apart"] == ["bits", "next", "lens"]
    assert names["over"] == ["answer", "head", "moved", "courses"]
    assert names["over-pair"] == ["answer"]


def test_a_token_and_all_that_is_about_it_have_one_mark():
    data = data_of(compare_sample())
    tables = {table["name"]: table for table in data["tables"]}
    assert [strip["side"] for strip in data["strips"]] == ["1", "2"]
    followed = [[t["position"] for t in s["tokens"] if t["followed"]] for s in data["strips"]]
    assert followed == [[5], [3]]
    assert data["strips"][0]["tokens"][0]["facts"] == ["id 40", "directly +21%"]
    assert data["strips"][0]["tokens"][6]["facts"] == ["id 46"]  # behind the word: not seen
    assert tables["context-1"]["spots"][0] == "1 0"
    assert tables["context-2"]["spots"] == ["2 0", "2 1", "2 2"]
    assert tables["heads"]["spots"][:2] == ["1 0", "1 1"]
    strips = data_of(SAMPLES["over-pair"])["strips"]
    assert [strip["title"] for strip in strips] == [
        "What the encoder read",
        "What the decoder has written",
    ]
    assert [s["side"] for s in data_of(SAMPLES["with-apart"])["strips"]] == ["1", "2"]


def test_what_is_smaller_has_a_bar_of_its_own_colour():
    rows = {table["name"]: table for table in data_of(with_sample())["tables"]}
    assert rows["next"]["down"] == [0, 1]  # what the second finds less likely
    over = over_sample()
    head = dataclasses.replace(over.moved[1])
    course = {t["name"]: t for t in data_of(dataclasses.replace(over, head=head))["tables"]}["head"]
    assert course["down"] == list(range(1, 13)) and course["bars"][0] == 0.0
    assert course["bars"][-1] == 100.0


def test_a_page_in_which_a_number_is_none_is_made():
    sample = compare_sample(distances=None, omitted={"next": "there is none"}, candidates=())
    rows = tuple(dataclasses.replace(row, cosine=None, baseline=None) for row in sample.layers)
    data = data_of(dataclasses.replace(sample, layers=rows))
    assert data["tables"][0]["rows"][0][1:3] == ["–", "–"]
    assert data["tables"][0]["bars"] == [0.0] * 5
