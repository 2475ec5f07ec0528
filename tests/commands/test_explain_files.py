"""`tfcli explain` into files: what is written, what is said, what is refused."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from explain_page import Parts

from tfcli.cli.screens import SCREENS, main
from tfcli.main import run

NS = "http://www.w3.org/2000/svg"
ROOT = Path(__file__).parents[2]


def words_in(svg: Path) -> str:
    """All its text, with one space between words."""
    elements = ElementTree.fromstring(svg.read_bytes()).iter(f"{{{NS}}}text")
    return " ".join(" ".join(element.text or "" for element in elements).split())


def names_in(folder: Path) -> set[str]:
    return {place.name for place in folder.iterdir()}


def test_the_screen_goes_into_a_picture_and_nothing_else_is_shown(tfcli_explain, tmp_path):
    place = tmp_path / "new" / "cat.svg"
    code, out, err = tfcli_explain("The cat 猫", "--svg", str(place))
    assert (code, out) == (0, "")
    assert str(place) in err and "kB" in err
    assert names_in(place.parent) == {"cat.svg"}
    found = words_in(place)
    assert 'tfcli explain "The cat 猫"' in found and "AUDIT PASS" in found


def test_json_still_goes_to_stdout(tfcli_explain, tmp_path):
    words = ("The cat", "--section", "next", "--json", "--svg", str(tmp_path / "a.svg"))
    code, out, _ = tfcli_explain(*words)
    assert code == 0
    best = json.loads(out)["next"]["candidates"][0]
    assert f"{best['logit']:.2f}" in words_in(tmp_path / "a.svg")


def test_columns_ascii_and_teaching_are_followed(tfcli_explain, tmp_path, monkeypatch):
    places = [tmp_path / name for name in ("a.svg", "b.svg", "c.svg")]
    tfcli_explain("The cat", "--svg", str(places[0]))
    monkeypatch.setenv("COLUMNS", "60")
    tfcli_explain("The cat", "--ascii", "--svg", str(places[1]))
    tfcli_explain("The cat", "--teach", "--lang", "zh", "--svg", str(places[2]))
    wide, narrow = (ElementTree.parse(place).getroot().attrib["width"] for place in places[:2])
    assert int(wide) > 1.5 * int(narrow)
    assert words_in(places[1]).isascii() and "词元" in words_in(places[2])


def test_a_png_is_written(tfcli_explain, tmp_path):
    pytest.importorskip("resvg_py")
    code, out, _ = tfcli_explain("The cat", "--png", str(tmp_path / "cat.png"))
    assert (code, out) == (0, "")
    assert (tmp_path / "cat.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
def test_a_page_has_every_head(tfcli_explain, tmp_path, model):
    place = tmp_path / "cat.html"
    code, out, err = tfcli_explain("The cat </script>", "--html", str(place), model=model)
    assert (code, out) == (0, "") and str(place) in err
    data = Parts(place.read_text(encoding="utf-8")).data()
    found = json.loads(tfcli_explain("The cat </script>", "--json", model=model)[1])
    layers, heads = found["model"]["num_layers"], found["model"]["num_heads"]
    assert len(data["heads"]) == layers * heads and data["partial"] is False
    ((layer, head),) = found["focus"]["heads"]
    assert data["focus"]["head"] == f"L{layer}H{head}"
    opened = data["heads"][f"L{layer}H{head}"]
    assert opened["sums"].startswith(f"share of ΔE {100 * found['qkv'][0]['share']:.0f}%")
    assert len(opened["matrix"]["rows"]) == len(found["ids"]) == len(data["lensGrid"]["labels"])


def test_a_page_of_named_sections_a_loop_and_changes(tfcli_explain, tmp_path):
    place = tmp_path / "cat.html"
    words = ("--section", "ledger,residual,audit", "--steps", "2", "--ablate", "L0H1")
    code, out, _ = tfcli_explain("The cat", *words, "--html", str(place), "--window", "0:1")
    assert (code, out) == (0, "")
    data = Parts(place.read_text(encoding="utf-8")).data()
    names = [block["name"] for block in data["screen"]]
    assert names == ["edits", "ledger", "residual", "audit", "loop"]
    assert [table["name"] for table in data["tables"]] == ["audit"]
    assert data["heads"] and data["grids"]


@pytest.mark.parametrize("flag", ["--svg", "--png", "--html"])
def test_a_folder_is_no_place_for_a_file(tfcli_explain, tmp_path, flag):
    code, out, err = tfcli_explain("The cat", flag, str(tmp_path))
    assert (code, out) == (2, "") and "is a folder" in err and not names_in(tmp_path)


def test_what_cannot_be_written_is_said_and_leaves_what_was_there(tfcli_explain, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, _, err = tfcli_explain("The cat", "--svg", str(tmp_path / "file" / "a.svg"))
    assert code == 1 and "cannot be written" in err and "Traceback" not in err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("words", [("--by-key",), ("--fit-lens", "world")])
def test_no_picture_of_what_has_no_screen(tfcli_explain, tmp_path, words):
    prompt = () if words[0] == "--fit-lens" else ("The cat",)
    code, out, err = tfcli_explain(*prompt, *words, "--svg", str(tmp_path / "a.svg"))
    assert (code, out) == (2, "") and "cannot be combined" in err


@pytest.mark.parametrize("other", ["compare", "with"])
def test_two_prompts_and_two_models_go_into_files(tfcli_explain, explain_folders, tmp_path, other):
    value = {"compare": "she ate an apple", "with": str(explain_folders["gpt2"])}[other]
    words = ("shares of the apple </script>", f"--{other}", value)
    svg, html = tmp_path / "a.svg", tmp_path / "a.html"
    code, out, err = tfcli_explain(*words, "--svg", str(svg), "--html", str(html))
    assert (code, out) == (0, "") and str(svg) in err and str(html) in err
    shown = " ".join(tfcli_explain(*words)[1].split())
    named = value if other == "compare" else explain_folders["gpt2"].name
    title = f'tfcli explain "shares of the apple </script>" --{other} "{named}"'
    assert title in words_in(svg)
    assert " NEXT " in shown and len(words_in(svg)) > 500
    parts = Parts(html.read_text(encoding="utf-8"))
    parts.require_closed()
    assert parts.all("h1") == [title]
    found = json.loads(tfcli_explain(*words, "--json")[1])
    (table,) = (table for table in parts.data()["tables"] if table["name"] == "next")
    assert [row[0] for row in table["rows"]] == [c["label"] for c in found["candidates"]]
    code, out, _ = tfcli_explain(*words, "--json", "--svg", str(svg))
    assert code == 0 and json.loads(out) == found


def test_two_files_have_two_names(tfcli_explain, tmp_path):
    pytest.importorskip("resvg_py")
    place = str(tmp_path / "a")
    code, _, err = tfcli_explain("The cat", "--svg", place, "--png", place)
    assert code == 2 and "the same file" in err


def test_without_the_package_a_png_names_the_extra(tfcli_explain, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    code, out, err = tfcli_explain("The cat", "--png", str(tmp_path / "a.png"))
    assert (code, out) == (2, "") and "tfcli[png]" in err


def test_the_readme_s_pictures_are_those_that_the_module_makes(explain_folders, tmp_path):
    assert main([str(tmp_path), "--model", str(explain_folders["qwen3"])]) == 0
    names = {name for name, _, _ in SCREENS}
    assert names_in(tmp_path) == names == names_in(ROOT / "docs" / "screens")
    for name in names:
        shown = ROOT / "docs" / "screens" / name
        assert shown.stat().st_size < 150_000 and "AUDIT PASS" in words_in(shown)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "docs/screens/explain.svg" in readme and "python -m tfcli.cli.screens" in readme


def test_a_page_of_a_saved_explanation_has_every_head_without_the_model(
    tfcli_explain, tmp_path, capsys
):
    kept, first, second = tmp_path / "cat.json.gz", tmp_path / "1.html", tmp_path / "2.html"
    assert tfcli_explain("The cat sat", "--save", str(kept), "--html", str(first))[0] == 0
    assert run(["explain", "--from", str(kept), "--html", str(second)]) == 0
    data = [Parts(place.read_text(encoding="utf-8")).data() for place in (first, second)]
    assert data[0] == data[1] and len(data[0]["heads"]) == 12


def test_a_page_of_a_document_has_what_that_holds(tfcli_explain, tmp_path, capsys):
    kept, place = tmp_path / "cat.json", tmp_path / "cat.html"
    kept.write_text(tfcli_explain("The cat sat", "--section", "qkv,next", "--json")[1], "utf-8")
    assert run(["explain", "--from", str(kept), "--html", str(place)]) == 0
    data = Parts(place.read_text(encoding="utf-8")).data()
    assert len(data["heads"]) == 1 and data["partial"] is True and data["grids"] == []
    assert [table["name"] for table in data["tables"]] == ["next"]
