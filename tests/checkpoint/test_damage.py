"""A damaged model directory is refused with one error that names the file, at once."""

import dataclasses
import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import QWEN3, redraw, tiny_model

from tfcli.checkpoint import read as reading
from tfcli.checkpoint.files import recover_directory, replace_directory
from tfcli.checkpoint.read import read_checkpoint
from tfcli.checkpoint.write import write_checkpoint
from tfcli.errors import CheckpointError, TfcliError
from tfcli.main import run
from tfcli.model.transformer import Transformer

CPU = torch.device("cpu")
TOKENIZER = load_tokenizer(default_tokenizer_path())
WEIGHTS = "model.safetensors"


def write_model(folder: Path) -> Path:
    write_checkpoint(folder, tiny_model("qwen3"), None, {})
    return folder


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def download(model_folder: Path) -> Path:
    """A directory without our manifest, as a hub has it."""
    (model_folder / "tfcli.json").unlink()
    return model_folder


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x55
    path.write_bytes(content)


def cut(path: Path, count: int) -> None:
    path.write_bytes(path.read_bytes()[:-count])


def config(folder: Path, **changes: object) -> None:
    """Change fields of config.json; None takes one away."""
    path = folder / "config.json"
    fields = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in fields.items() if v is not None}))


def header(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what the weights' header says of them."""
    path = folder / WEIGHTS
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    fields = json.loads(content[8 : 8 + size])
    change(fields)
    text = json.dumps(fields).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])


def tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Save the weights again, changed."""
    found = load_file(folder / WEIGHTS)
    change(found)
    save_file(found, folder / WEIGHTS, {"format": "pt"})


def shards(folder: Path, change: Callable[[dict[str, str]], object]) -> None:
    """Split the weights in two files with an index, changed."""
    found = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names = sorted(found)
    parts = {"a.safetensors": names[:9], "b.safetensors": names[9:]}
    for file, part in parts.items():
        save_file({name: found[name] for name in part}, folder / file)
    where = {name: file for file, part in parts.items() for name in part}
    change(where)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))


NORM = "model.norm.weight"
Damage = Callable[[Path], object]

# What each does to a directory that tfcli wrote, and the file that the message must name.
ALTERED: dict[str, tuple[Damage, str]] = {
    "weights cut": (lambda f: cut(f / WEIGHTS, 100), WEIGHTS),
    "weights altered": (lambda f: flip(f / WEIGHTS, -50), WEIGHTS),
    "weights missing": (lambda f: (f / WEIGHTS).unlink(), WEIGHTS),
    "weights empty": (lambda f: (f / WEIGHTS).write_bytes(b""), WEIGHTS),
    "config altered": (lambda f: config(f, rms_norm_eps=0.1), "config.json"),
    "config missing a byte": (lambda f: cut(f / "config.json", 1), "config.json"),
    "generation missing": (
        lambda f: (f / "generation_config.json").unlink(),
        "generation_config.json",
    ),
    "manifest no JSON": (lambda f: (f / "tfcli.json").write_text("{"), "tfcli.json"),
    "manifest a list": (lambda f: (f / "tfcli.json").write_text("[]"), "tfcli.json"),
    "manifest odd": (lambda f: (f / "tfcli.json").write_text('{"files": {"a": 5}}'), "tfcli.json"),
    "manifest odder": (
        lambda f: (f / "tfcli.json").write_text('{"files": {"a": {"bytes": "x"}}}'),
        "tfcli.json",
    ),
}
# The same for a download, which has no checksums.
DAMAGED: dict[str, tuple[Damage, str]] = {
    "cut": (lambda f: cut(f / WEIGHTS, 100), WEIGHTS),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), WEIGHTS),
    "header length": (lambda f: flip(f / WEIGHTS, 6), WEIGHTS),
    "header text": (lambda f: flip(f / WEIGHTS, 9), WEIGHTS),
    "header offsets": (
        lambda f: header(f, lambda h: h[NORM].update(data_offsets=[0, 2**62])),
        WEIGHTS,
    ),
    "header shape": (lambda f: header(f, lambda h: h[NORM].update(shape=[2**40])), WEIGHTS),
    "header dtype": (lambda f: header(f, lambda h: h[NORM].update(dtype="F00")), WEIGHTS),
    "tensor missing": (lambda f: tensors(f, lambda t: t.pop(NORM)), WEIGHTS),
    "tensor extra": (lambda f: tensors(f, lambda t: t.update(odd=torch.ones(2))), WEIGHTS),
    "tensor of a layer too many": (
        lambda f: tensors(
            f, lambda t: t.update({"model.layers.3.input_layernorm.weight": torch.ones(48)})
        ),
        WEIGHTS,
    ),
    "shape wrong": (lambda f: tensors(f, lambda t: t.update({NORM: torch.ones(47)})), WEIGHTS),
    "shape scalar": (lambda f: tensors(f, lambda t: t.update({NORM: torch.ones(())})), WEIGHTS),
    "quantised": (
        lambda f: tensors(f, lambda t: t.update({NORM: torch.ones(48, dtype=torch.int8)})),
        WEIGHTS,
    ),
    "shard missing": (
        lambda f: (shards(f, lambda w: None), (f / "b.safetensors").unlink()),
        "b.safetensors",
    ),
    "shard cut": (
        lambda f: (shards(f, lambda w: None), cut(f / "b.safetensors", 9)),
        "b.safetensors",
    ),
    "shard forgotten": (
        lambda f: shards(f, lambda w: [w.pop(n) for n in list(w) if w[n][0] == "b"]),
        "model.safetensors.index.json",
    ),
    "index outside": (
        lambda f: shards(f, lambda w: w.update({NORM: "../b.safetensors"})),
        "model.safetensors.index.json",
    ),
    "index of numbers": (
        lambda f: shards(f, lambda w: w.update({NORM: 5})),  # type: ignore[dict-item]
        "model.safetensors.index.json",
    ),
    "index empty": (lambda f: shards(f, dict.clear), "model.safetensors.index.json"),
    "config gone wrong": (lambda f: (f / "config.json").write_text("{'a': 1}"), "config.json"),
    "config no UTF-8": (lambda f: (f / "config.json").write_bytes(b"\xff{}"), "config.json"),
    "config a list": (lambda f: (f / "config.json").write_text("[1]"), "config.json"),
    "config nested": (lambda f: (f / "config.json").write_text("[" * 100_000), "config.json"),
    "generation wrong": (
        lambda f: (f / "generation_config.json").write_text("eos"),
        "generation_config.json",
    ),
    "layers": (lambda f: config(f, num_hidden_layers=10**9), "config.json"),
    "layers fewer": (lambda f: config(f, num_hidden_layers=2), WEIGHTS),
    "layers more": (lambda f: config(f, num_hidden_layers=4), WEIGHTS),
    "layers negative": (lambda f: config(f, num_hidden_layers=-1), "config.json"),
    "width": (lambda f: config(f, hidden_size=10**9), WEIGHTS),
    "width beyond any memory": (lambda f: config(f, hidden_size=2**60), "config.json"),
    "width beyond any number": (lambda f: config(f, hidden_size=10**30), "config.json"),
    "width in words": (lambda f: config(f, hidden_size="wide"), "config.json"),
    "width missing": (lambda f: config(f, hidden_size=None), "config.json"),
    "heads none": (lambda f: config(f, num_attention_heads=0), "config.json"),
    "heads odd": (lambda f: config(f, num_key_value_heads=3), "config.json"),
    "eps in words": (lambda f: config(f, rms_norm_eps="small"), "config.json"),
    "eps negative": (lambda f: config(f, rms_norm_eps=-1), "config.json"),
    "theta zero": (lambda f: config(f, rope_parameters={"rope_theta": -5}), "config.json"),
    "rope a list": (lambda f: config(f, rope_parameters=[5]), "config.json"),
    "rope scaled": (lambda f: config(f, rope_scaling={"type": "odd"}), "config.json"),
    "rope scaled, 5.x": (lambda f: config(f, rope_parameters={"rope_type": "odd"}), "config.json"),
    "rope scaled by nothing": (
        lambda f: config(f, rope_parameters={"rope_type": "linear"}),
        "config.json",
    ),
    "windows": (
        lambda f: config(
            f, use_sliding_window=True, sliding_window=-5, layer_types=["sliding_attention"] * 3
        ),
        "config.json",
    ),
    "layers with windows": (
        lambda f: config(f, use_sliding_window=True, layer_types=["sliding_attention"]),
        "config.json",
    ),
    "layers of another kind": (
        lambda f: config(f, use_sliding_window=True, layer_types=["chunked_attention"] * 3),
        "config.json",
    ),
    "activation": (lambda f: config(f, hidden_act="mish"), "config.json"),
    "tied in words": (lambda f: config(f, tie_word_embeddings="yes"), "config.json"),
    "bias that is not there": (lambda f: config(f, attention_bias=True), WEIGHTS),
    "type unknown": (lambda f: config(f, model_type="unheard-of"), "config.json"),
    "type missing": (lambda f: config(f, model_type=None), "config.json"),
    "type another": (lambda f: config(f, model_type="gpt2"), WEIGHTS),
}


def error_of(folder: Path) -> CheckpointError:
    begin = time.process_time()
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(folder, CPU, None)
    assert time.process_time() - begin < 1
    return error.value


@pytest.mark.parametrize("damage", sorted(ALTERED))
def test_what_tfcli_wrote_is_known_by_its_checksum(model_folder: Path, damage: str) -> None:
    change, name = ALTERED[damage]
    read_checkpoint(model_folder, CPU, None)
    change(model_folder)
    assert str(model_folder / name) in error_of(model_folder).message


@pytest.mark.parametrize("damage", sorted(DAMAGED))
def test_a_download_is_checked_as_it_is_read(download: Path, damage: str) -> None:
    change, name = DAMAGED[damage]
    read_checkpoint(download, CPU, None)
    change(download)
    assert str(download / name) in error_of(download).message


def test_shards_that_are_whole_are_read(download: Path) -> None:
    """Else the tests above that break them would prove nothing."""
    whole = read_checkpoint(download, CPU, None).model.state_dict()
    shards(download, lambda where: None)
    again = read_checkpoint(download, CPU, None).model.state_dict()
    assert all(torch.equal(whole[name], again[name]) for name in whole)


@pytest.mark.parametrize("damage", ["weights altered", "config missing a byte"])
def test_the_command_shows_one_panel(
    model_folder: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, name = ALTERED[damage]
    change(model_folder)
    assert run(["generate", "--ids", "1,2", "--model", str(model_folder)]) == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    assert name in "".join(shown.err.replace("│", "").split())  # the panel folds a long path
    assert "Traceback" not in shown.err


def test_a_message_says_what_is_wrong_in_the_files_own_words(download: Path) -> None:
    tensors(download, lambda t: t.pop("model.layers.1.self_attn.q_proj.weight"))
    message = error_of(download).message
    assert "lack 1 of 36 tensors" in message
    assert "“model.layers.1.self_attn.q_proj.weight”" in message
    tensors(download, lambda t: t.update({NORM: torch.ones(47)}))
    assert f"“{NORM}” has the shape [47]; config.json asks for [48]" in error_of(download).message


PICKLE = "pytorch_model.bin"


def pickled(folder: Path, content: object, **options: Any) -> Path:
    """Keep the weights as a pickle, changed."""
    (folder / WEIGHTS).unlink(missing_ok=True)
    torch.save(content, folder / PICKLE, **options)
    return folder


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_of_tensors_is_read_like_safetensors(download: Path, zipped: bool) -> None:
    whole = read_checkpoint(download, CPU, None).model.state_dict()
    weights = load_file(download / WEIGHTS)
    pickled(download, weights, _use_new_zipfile_serialization=zipped)
    again = read_checkpoint(download, CPU, None).model.state_dict()
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_shards_of_pickles_are_read(download: Path) -> None:
    whole = read_checkpoint(download, CPU, None).model.state_dict()
    weights = load_file(download / WEIGHTS)
    (download / WEIGHTS).unlink()
    names = sorted(weights)
    where = {}
    for file, part in (("a.bin", names[:9]), ("b.bin", names[9:])):
        torch.save({name: weights[name] for name in part}, download / file)
        where |= dict.fromkeys(part, file)
    (download / f"{PICKLE}.index.json").write_text(json.dumps({"weight_map": where}))
    again = read_checkpoint(download, CPU, None).model.state_dict()
    assert all(torch.equal(whole[name], again[name]) for name in whole)


class Code:
    """What runs when a pickle of it is opened."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        import os

        return os.mkdir, (str(Path("ran").absolute()),)


@pytest.mark.parametrize(
    "content",
    [{NORM: Code()}, Code(), {NORM: torch.ones(48), 5: torch.ones(2)}, [torch.ones(2)], {NORM: 1}],
)
def test_a_pickle_of_anything_else_is_refused(
    download: Path, content: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = error_of(pickled(download, content))
    assert str(download / PICKLE) in error.message
    assert not Path("ran").exists()


def test_a_pickle_with_code_is_called_one(download: Path) -> None:
    error = error_of(pickled(download, {NORM: Code()}))
    assert "run code" in error.message
    assert "safetensors" in (error.hint or "")


def test_a_pickle_that_asks_for_memory_is_refused_before_it_gets_it(download: Path) -> None:
    raw = b"\x80\x02cbuiltins\nbytearray\nJ\x00\x00\x00\x7f\x85R."
    (download / WEIGHTS).unlink()
    (download / PICKLE).write_bytes(raw)
    assert "bytearray" in error_of(download).message
    with (download / PICKLE).open("wb") as file:  # a text of two gigabytes, with nothing in it
        file.write(b"\x80\x02X" + (2**31 - 1).to_bytes(4, "little"))
        file.truncate(2**31)
    assert str(download / PICKLE) in error_of(download).message
    (download / PICKLE).write_bytes(b"\x80\x02" + b"]" * 3_000_000 + b".")
    assert str(download / PICKLE) in error_of(download).message


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_pickle_of_another_protocol_is_told_so(download: Path, protocol: int) -> None:
    pickled(download, load_file(download / WEIGHTS), pickle_protocol=protocol)
    if protocol == 2:
        read_checkpoint(download, CPU, None)
        return
    message = error_of(download).message
    assert protocol < 2 or f"protocol {protocol}" in message


@pytest.mark.parametrize(
    "change",
    [
        lambda f: config(f, num_hidden_layers=10**9),
        lambda f: config(f, hidden_size=10**400),
        lambda f: config(f, vocab_size=2**41),
        lambda f: config(f, max_position_embeddings=10**400),
    ],
)
def test_sizes_beyond_any_model_are_refused(download: Path, change: Damage) -> None:
    change(download)
    assert "config.json" in error_of(download).message
    assert run(["model", "info", str(download)]) == 4


@pytest.mark.parametrize("change", [lambda f: cut(f, 3000), lambda f: f.write_bytes(b"")])
def test_a_damaged_pickle_is_refused(download: Path, change: Callable[[Path], object]) -> None:
    pickled(download, load_file(download / WEIGHTS))
    change(download / PICKLE)
    assert str(download / PICKLE) in error_of(download).message


@pytest.mark.parametrize(
    "entry",
    [
        {"shape": [2**62, 4], "data_offsets": [0, 2**63]},
        {"shape": [-48], "data_offsets": [0, 192]},
        {"data_offsets": [64, 0]},
        {"data_offsets": [-8, 184]},
        {"shape": [0], "data_offsets": [0, 0]},
        {"data_offsets": [2**64, 2**65]},
    ],
)
def test_a_header_that_lies_is_refused(download: Path, entry: dict[str, Any]) -> None:
    header(download, lambda h: h[NORM].update(entry))
    assert str(download / WEIGHTS) in error_of(download).message


def test_tensors_that_overlap_are_refused(download: Path) -> None:
    def overlap(fields: dict[str, Any]) -> None:
        norms = [name for name in fields if fields[name].get("shape") == [48]]
        fields[norms[1]]["data_offsets"] = fields[norms[0]]["data_offsets"]

    header(download, overlap)
    assert str(download / WEIGHTS) in error_of(download).message


@pytest.fixture
def with_tokenizer(tmp_path: Path) -> Path:
    model = Transformer(dataclasses.replace(QWEN3, vocab_size=TOKENIZER.vocab_size))
    redraw(model)
    write_checkpoint(tmp_path / "model", model, TOKENIZER, {})
    return tmp_path / "model"


def test_a_tokenizer_that_does_not_belong_is_found(with_tokenizer: Path) -> None:
    file = with_tokenizer / "tokenizer.model"
    own = file.read_bytes()
    file.write_bytes(own + b"\x3a\x00")  # another trainer's note: a valid model, the same pieces
    error = error_of(with_tokenizer)
    assert str(file) in error.message
    assert "does not belong" in error.message
    # also where the manifest lists the new file, and where it does not list it at all
    for change in (
        lambda files: files[file.name].update(
            bytes=file.stat().st_size, sha256=load_tokenizer(file).fingerprint
        ),
        lambda files: files.pop(file.name),
    ):
        path = with_tokenizer / "tfcli.json"
        manifest = json.loads(path.read_text())
        change(manifest["files"])
        path.write_text(json.dumps(manifest))
        error = error_of(with_tokenizer)
        assert str(file) in error.message
        assert "trained with" in error.message
    file.write_bytes(b"no model")
    assert str(file) in error_of(with_tokenizer).message


def test_a_tokenizer_larger_than_the_model_is_refused(download: Path) -> None:
    TOKENIZER.save(download)
    message = error_of(download).message
    assert str(download / "tokenizer.model") in message
    assert f"{TOKENIZER.vocab_size:,}" in message
    assert "256" in message


def test_an_embedding_is_tied_as_the_file_says(download: Path) -> None:
    """As in transformers: a configuration that says otherwise does not stand for the file."""
    untied = read_checkpoint(download, CPU, None).model
    config(download, tie_word_embeddings=True)
    model = read_checkpoint(download, CPU, None).model
    assert not model.config.tie_embeddings
    assert torch.equal(model.head.weight, untied.head.weight)

    one = "model.embed_tokens.weight"
    tensors(download, lambda t: t.update({"lm_head.weight": t[one].clone()}))
    model = read_checkpoint(download, CPU, None).model
    assert model.config.tie_embeddings
    assert model.head.weight is model.embedding.weight

    tensors(download, lambda t: t.pop("lm_head.weight"))
    assert read_checkpoint(download, CPU, None).model.head.weight.shape == (256, 48)
    config(download, tie_word_embeddings=False)
    assert "lm_head.weight" in error_of(download).message


def test_a_run_that_trains_on_meanwhile_is_read_again(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the checksums and the weights, the directory is replaced by the next checkpoint."""
    opened, newer = reading.open_weights, tiny_model("qwen3", seed=5)

    def late(directory: Path) -> Any:
        monkeypatch.setattr(reading, "open_weights", opened)
        write_checkpoint(model_folder, newer, None, {})
        (model_folder / WEIGHTS).rename(model_folder / "elsewhere")  # as if not yet there
        try:
            return opened(directory)
        finally:
            (model_folder / "elsewhere").rename(model_folder / WEIGHTS)

    monkeypatch.setattr(reading, "open_weights", late)
    found = read_checkpoint(model_folder, CPU, None).model
    assert torch.equal(found.head.weight, newer.head.weight)


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


def test_every_known_error_is_a_tfcli_error() -> None:
    assert issubclass(CheckpointError, TfcliError)
