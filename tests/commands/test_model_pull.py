"""`tfcli model pull`: where the model is on stdout, what was done on stderr; then by its name."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_stand_in import NAME, StandIn, contents, forget_connections, serving
from tiny import QWEN3, redraw

from tfcli.checkpoint.write import write_checkpoint
from tfcli.main import run
from tfcli.model.transformer import Transformer

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A tiny model that can be opened."""
    folder = tmp_path_factory.mktemp("hub") / "model"
    model = Transformer(QWEN3).eval()
    redraw(model)
    write_checkpoint(folder, model, None, {})
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(tmp_path)
    forget_connections()
    with serving(tmp_path / "home") as hub:
        yield hub
    forget_connections()


@pytest.fixture
def model(stand_in: StandIn, capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*words: str) -> tuple[int, str, str]:
        code = run(["model", *words])
        shown = capsys.readouterr()
        return code, shown.out, " ".join(shown.err.replace("│", " ").split())

    return call


def test_the_path_is_the_result(
    model: Call, stand_in: StandIn, files: dict[str, bytes], tmp_path: Path
) -> None:
    stand_in.files = files
    code, out, err = model("pull", NAME)
    assert code == 0, err
    path = Path(out.removesuffix("\n"))
    assert path.is_relative_to(tmp_path / "home")
    assert contents(path) == {k: v for k, v in files.items() if k != "tfcli.json"}
    assert f"pulling {NAME} (main)" in err
    assert f"tfcli model info {NAME}" in err

    asked = len(stand_in.fetched())
    assert model("pull", NAME, "--json")[0] == 0  # it is there: no file is asked for again
    assert len(stand_in.fetched()) == asked

    for command in ("info", "plan"):
        code, out, err = model(command, NAME, "--json")
        assert code == 0, err
        assert json.loads(out)["model_type"] == "qwen3"
    rows = json.loads(model("list", "--json")[1])["models"]
    assert [(row["name"], row["kind"], row["path"]) for row in rows] == [
        (NAME, "pulled", str(path))
    ]
    (path / "model.safetensors").unlink()
    assert "pull it again" in model("list")[1]


def test_a_folder_and_a_revision(model: Call, stand_in: StandIn, tmp_path: Path) -> None:
    code, out, err = model("pull", NAME, "--revision", "refs/pr/1", "--to", "here", "--json")
    assert code == 0, err
    facts = json.loads(out)
    assert facts["schema"] == "tfcli.model.pull/1"
    assert (facts["path"], facts["revision"]) == ("here", "refs/pr/1")
    assert facts["commit"] == stand_in.commit
    assert set(facts["files"]) == set(contents(tmp_path / "here"))
    assert "--model here" in err


def test_one_gguf_file_of_several(model: Call, stand_in: StandIn) -> None:
    stand_in.files = {"a-Q4_0.gguf": b"GGUF4", "a-Q8_0.gguf": b"GGUF8"}
    code, out, err = model("pull", NAME)
    assert (code, out) == (2, "")
    assert "--file a-Q4_0.gguf" in err
    code, out, _ = model("pull", NAME, "--file", "a-Q8_0.gguf")
    assert code == 0
    assert Path(out.strip()).read_bytes() == b"GGUF8"
    assert model("pull", NAME, "--file", "a-Q4_0.gguf")[0] == 0
    names = [row["name"] for row in json.loads(model("list", "--json")[1])["models"]]
    assert [name.rpartition("/")[2] for name in names] == ["a-Q4_0.gguf", "a-Q8_0.gguf"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nobody/nothing",), 3, "no model nobody/nothing"),
        (("../etc",), 2, "cannot be the name"),
        ((NAME, "--revision", "other"), 3, "no revision “other”"),
        ((NAME, "--file", "none.gguf"), 3, "none.gguf"),
    ],
)
def test_what_cannot_be_pulled(model: Call, words: tuple[str, ...], code: int, said: str) -> None:
    found, out, err = model("pull", *words)
    assert (found, out) == (code, "")
    assert said in err
