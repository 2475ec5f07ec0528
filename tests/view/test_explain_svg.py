"""The screen as a picture: each character in its cell, and nothing from anywhere else."""

import re
import struct
import sys
from xml.etree import ElementTree

import pytest
from explain_drawn import lines
from explain_samples import ENGLISH, MIXED, sample
from rich.cells import cell_len
from rich.text import Text

from tfcli.errors import UsageError
from tfcli.view import console, picture
from tfcli.view.explain.lines import Pen
from tfcli.view.explain.screen import screen
from tfcli.view.svg import _PADDING, CELL, FONT_SIZE, LINE, svg

NS = "{http://www.w3.org/2000/svg}"
BARS = re.compile("[█▉▊▋▌▍▎▏]")
CHINESE = ("她", "每天", "吃", "一个", "苹果")


def drawing(found, pen, title):
    return picture.drawn(screen(pen, found), pen, title)


def characters(document):
    """(line, column, text) of each character that the picture places by itself or side by side."""
    for element in ElementTree.fromstring(document).iter(f"{NS}text"):
        if "class" not in element.attrib:
            continue  # the title
        text, places = element.text, element.attrib["x"].split()
        line = round((float(element.attrib["y"]) - FONT_SIZE - 34) / LINE)
        columns = [(float(place) - _PADDING) / CELL for place in places]
        if "textLength" in element.attrib:
            assert len(text) * CELL == pytest.approx(float(element.attrib["textLength"]), abs=0.1)
            columns = [columns[0] + i for i in range(len(text))]
        if len(columns) == 1:  # one character, be it of several code points
            yield line, columns[0], text
            continue
        assert len(columns) == len(text)
        yield from ((line, *pair) for pair in zip(columns, text, strict=True))


@pytest.mark.parametrize("labels", [ENGLISH, CHINESE, MIXED])
@pytest.mark.parametrize("width", [60, 100, 200])
def test_every_character_stands_in_its_cell(labels, width):
    found = sample(labels)
    document = drawing(found, Pen(width), "tfcli explain").document
    shown = lines(found, width)
    rows = [""] * len(shown)
    for line, column, text in sorted(characters(document)):
        cells = cell_len(text)
        inset = (2 - FONT_SIZE / CELL) / 2 if cells == 2 else 0
        rows[line] += " " * (round(column - inset) - cell_len(rows[line])) + text
        assert column - inset == pytest.approx(cell_len(rows[line]) - cells, abs=0.02)
    bare = [BARS.sub(" ", line).rstrip() for line in shown]
    assert rows == bare
    assert any(cell_len(c) == 2 for _, _, c in characters(document))


def test_a_bar_is_as_long_as_its_blocks():
    document = svg([Text("a ██▌ b")], 10, "")
    (bar,) = [r for r in ElementTree.fromstring(document).iter(f"{NS}rect") if "class" in r.attrib]
    assert float(bar.attrib["width"]) == pytest.approx(2.5 * CELL)
    assert float(bar.attrib["x"]) == pytest.approx(_PADDING + 2 * CELL)


def test_a_course_is_as_high_as_its_blocks():
    document = svg([Text("a █▁▄█ b ██")], 12, "")
    rows = [r for r in ElementTree.fromstring(document).iter(f"{NS}rect") if "class" in r.attrib]
    heights = [float(row.attrib["height"]) for row in rows]
    assert heights == [14, 14 / 8, 7, 14, 14]  # the last is a bar of two columns
    feet = {float(row.attrib["y"]) + float(row.attrib["height"]) for row in rows}
    assert feet == {34 + LINE - 2}
    at = [(float(row.attrib["x"]) - _PADDING) / CELL for row in rows]
    assert at == pytest.approx([2, 3, 4, 5, 9], abs=0.02)


@pytest.mark.parametrize("labels", [ENGLISH, CHINESE, ("</style><script>alert(1)</script>", "&")])
def test_it_refers_to_nothing_outside(labels):
    found = sample(labels, candidates=["<img src=http://x>", "]]>", '"', "\x1b[2J", "a", "b"])
    title = 'tfcli explain "</title><script>"\x07\ud800\uffff'
    document = drawing(found, Pen(100), title).document
    root = ElementTree.fromstring(document.encode())  # UTF-8, and well-formed
    kinds = {element.tag.removeprefix(NS) for element in root.iter()}
    assert kinds == {"svg", "title", "style", "rect", "text", "g"}
    for element in root.iter():
        assert not any("href" in name or name.startswith("on") for name in element.attrib)
        assert not any("url" in value or "http" in value for value in element.attrib.values())
    style = root.find(f"{NS}style")
    assert style is not None and not re.search(r"@|url|http|\\", style.text or "")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", document)
    assert "\\x1b[2J" in document and "\\x07" in document


def test_colours_are_in_it_unless_they_are_refused(monkeypatch):
    def inks():
        document = drawing(sample(), Pen(80), "").document
        return set(re.findall("#[0-9a-f]{6}", document))

    colored = inks()
    assert "#00afaf" in colored
    monkeypatch.setenv("NO_COLOR", "1")
    assert len(inks()) < len(colored) and "#00afaf" not in inks()


def test_a_png_has_twice_the_pixels_and_shows_the_text():
    pytest.importorskip("resvg_py")
    picture.require_png()
    drawn = drawing(sample(), Pen(80), "tfcli explain")
    image = picture.png(drawn)
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", image[16:24]) == (2 * drawn.width, 2 * drawn.height)
    blank = picture.png(picture.Drawing(svg([Text()] * 3, 80, ""), 2, 2))
    assert len(image) > 5 * len(blank)
    with pytest.raises(UsageError, match="too long for a PNG"):
        picture.png(picture.Drawing("", 1000, 10**6))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(UsageError, match="resvg-py") as refused:
        picture.require_png()
    assert "pip install 'tfcli[png]'" in (refused.value.hint or "")


def test_a_machine_without_fonts_is_said(monkeypatch):
    monkeypatch.setattr(picture, "_rendered", lambda document, zoom: b"blank")
    with pytest.raises(UsageError, match="no font"):
        monkeypatch.setitem(sys.modules, "resvg_py", console)  # whatever: it is there
        picture.require_png()
