"""The page as a document: well-formed, closed to the outside, and with the screen's numbers."""

import dataclasses
import re

import pytest
from explain_drawn import lines
from explain_kind_samples import pair_sample
from explain_page import HEADS, LAYERS, Parts, opened, page_of
from explain_samples import ENGLISH, MIXED, against_sample, long_sample, sample

from tfcli.explain.request import Request
from tfcli.view.explain.lines import Pen
from tfcli.view.explain.screen import draw_section
from tfcli.view.html.page import every_head, page

HOSTILE = ("</script><img src=x onerror=alert(1)>", "<!--<script>", "&lt;", "\u2028\u202e\x1b\x00")


@pytest.mark.parametrize("labels", [ENGLISH, MIXED, HOSTILE])
def test_it_is_well_formed_and_holds_nothing_but_its_parts(labels):
    found = Parts(page_of(*opened(labels), title=f"tfcli explain {labels[0]}"))
    found.require_closed()
    assert [token["label"] for token in found.data()["tokens"]["self"]][:3] == list(labels[:3])


def test_the_policy_stands_before_what_it_is_for():
    document = page_of(*opened())
    assert document.index("Content-Security-Policy") < document.index("<style>")


def test_no_address_and_nothing_that_makes_markup():
    found = Parts(page_of(*opened()))
    style, script = found.all("style")[0], found.all("script")[1]
    assert not re.search(r"@import|@font-face|url\(|https?:", style)
    for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval", "Function("):
        assert word not in script
    assert not re.search(r"fetch|XMLHttp|WebSocket|https?:|import\s*\(|localStorage", script)


def test_hostile_text_cannot_end_the_data():
    document = page_of(*opened(HOSTILE))
    data = document[document.index('id="data">') :].split("</script>")[0]
    assert not re.search("[<&\u2028\u202e\x1b\x00]", data.removeprefix('id="data">'))


@pytest.mark.parametrize("language", [None, "zh"])
@pytest.mark.parametrize("labels", [ENGLISH, MIXED])
def test_the_screen_is_in_it_as_the_terminal_shows_it(labels, language):
    found, every = opened(labels)
    data = Parts(page(found, every, Pen(80, language=language), "")).data()
    assert [block["name"] for block in data["screen"]] == list(found.sections)
    shown = ["".join(t for t, _ in line) for block in data["screen"] for line in block["lines"]]
    words = {word for line in lines(found, 80, language=language) for word in line.split()}
    assert len(words) > 100
    assert words <= set(" ".join([*shown, data["caveat"]]).split())


def test_every_number_of_every_head_is_the_terminal_s():
    found, every = opened()
    data = Parts(page_of(found, every)).data()
    assert len(data["heads"]) == LAYERS * HEADS and data["partial"] is False
    for ledger, attention in zip(every.qkv, every.attention, strict=True):
        head = data["heads"][f"L{ledger.layer}H{ledger.head}"]
        alone = dataclasses.replace(every, qkv=(ledger,), attention=(attention,))
        drawn = [line.plain for line in draw_section(Pen(120), alone, "qkv")]
        rows = [line for line in drawn if re.match(r"   \d", line)]
        for row, line in zip(head["rows"], rows, strict=True):
            cells = line.replace("*", " ").split()
            assert [*row["cells"][0].split(), *row["cells"][1:]] == [
                cell for cell in cells if not re.match("[█▉▊▋▌▍▎▏]", cell)
            ]
        matrix = [line.plain for line in draw_section(Pen(120), alone, "attention")[2:]]
        for cells, line in zip(head["matrix"]["rows"], matrix, strict=True):
            assert [text for text, _ in cells] == line.split()[2:]


def test_every_cell_of_the_tables_is_on_the_screen_in_full():
    for found in (sample(), against_sample()):
        words = set(" ".join(lines(found, 100, brief=False)).replace("“", " ").split())
        for table in Parts(page_of(found, opened()[1])).data()["tables"]:
            if table["name"] not in set(found.sections) - {"audit"}:  # its meanings are not shown
                continue
            hidden = {"entropy, bits", "middle"}  # columns that the screen has no room for
            for row in table["rows"]:
                for name, cell in zip(table["columns"], row, strict=True):
                    assert name in hidden or set(cell.split()) <= words, (table["name"], name, cell)


def test_all_heads_are_measured_where_they_fit():
    request = Request(steps=3, measure="ablation")
    asked = every_head(request, sample())
    assert (asked.layers, asked.heads, asked.all_keys, asked.steps) == ("all", "all", True, 0)
    wide = dataclasses.replace(sample().model, num_layers=96, num_heads=96)
    assert every_head(request, dataclasses.replace(long_sample(), model=wide)).layers == "top"
    found, every = opened()
    few = dataclasses.replace(every, qkv=every.qkv[-4:], attention=every.attention[-4:])
    assert Parts(page_of(found, few)).data()["partial"] is True


def test_an_encoder_and_its_decoder_have_a_strip_each():
    found = pair_sample()
    data = Parts(page_of(found, found)).data()
    assert set(data["tokens"]) == {"self", "encoder"}
    assert data["sides"]["cross"] == ["self", "encoder"]
    assert [grid["letter"] for grid in data["grids"]] == ["E", "L", "X"]
    assert data["focus"]["head"] in data["heads"]
