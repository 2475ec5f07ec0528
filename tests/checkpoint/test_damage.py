"""A damaged model directory is refused with one error that names the file."""

import json
from pathlib import Path

import pytest
from tiny import tiny_model

from tfcli.checkpoint.files import recover_directory, replace_directory
from tfcli.checkpoint.read import read_checkpoint
from tfcli.checkpoint.write import write_checkpoint
from tfcli.errors import CheckpointError, TfcliError
from tfcli.main import run

CPU = __import__("torch").device("cpu")


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "model", tiny_model("qwen3"), None, {})
    return tmp_path / "model"


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x55
    path.write_bytes(content)


def edit(folder: Path, **changes: object) -> None:
    """Change config.json, and take the manifest away, as a download has none."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
    (folder / "tfcli.json").unlink()


DAMAGES = {
    "truncated": lambda f: (f / "model.safetensors").write_bytes(
        (f / "model.safetensors").read_bytes()[:-100]
    ),
    "altered": lambda f: flip(f / "model.safetensors", -50),
    "missing": lambda f: (f / "model.safetensors").unlink(),
    "manifest": lambda f: (f / "tfcli.json").write_text("{"),
    "layers": lambda f: edit(f, num_hidden_layers=10**9),
    "width": lambda f: edit(f, hidden_size=10**9),
    "kind": lambda f: edit(f, hidden_size="wide"),
    "lacks": lambda f: edit(f, hidden_size=None),
    "type": lambda f: edit(f, model_type="unheard-of"),
    "fewer": lambda f: edit(f, num_hidden_layers=2),
    "nested": lambda f: (f / "config.json").write_text("[" * 100_000),
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_damage_is_one_clear_error(
    model_folder: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    read_checkpoint(model_folder, CPU, None)
    DAMAGES[damage](model_folder)
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(model_folder, CPU, None)
    assert isinstance(error.value, TfcliError)
    assert run(["generate", "--ids", "1,2", "--model", str(model_folder)]) == 4
    shown = capsys.readouterr().err
    assert "Traceback" not in shown


def test_an_index_cannot_leave_its_directory(model_folder: Path) -> None:
    (model_folder / "tfcli.json").unlink()
    index = {"weight_map": {"model.norm.weight": "../model.safetensors"}}
    (model_folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="outside"):
        read_checkpoint(model_folder, CPU, None)


def test_a_replacement_that_fails_keeps_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "last"
    with replace_directory(target) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(RuntimeError), replace_directory(target) as folder:
        (folder / "a").write_text("new")
        raise RuntimeError
    assert (target / "a").read_text() == "old"
    target.rename(tmp_path / ".last.old")  # killed between the two moves
    recover_directory(target)
    assert (target / "a").read_text() == "old"
