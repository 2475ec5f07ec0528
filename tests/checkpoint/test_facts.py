"""What is said of a model without loading it is what loading it gives."""

import json
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from family_configs import NAMES, config_of, family_of
from safetensors.torch import load_file, save_file
from tiny import redraw

from tfcli.checkpoint.facts import ModelFacts, read_facts
from tfcli.checkpoint.read import read_checkpoint
from tfcli.checkpoint.weight_headers import stored_tensors
from tfcli.checkpoint.write import write_checkpoint
from tfcli.errors import CheckpointError
from tfcli.families import family
from tfcli.model.config import ModelConfig
from tfcli.model.size import parameter_count
from tfcli.model.transformer import Transformer

CPU = torch.device("cpu")
ONE_EACH = list({family_of(name): name for name in reversed(NAMES)}.values())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # it takes most of the time


def written(folder: Path, name: str, **settings: Any) -> Path:
    model = Transformer(config_of(name)).eval()
    redraw(model)
    write_checkpoint(folder, model, None, {}, model_family=family(family_of(name)), **settings)
    (folder / "tfcli.json").unlink()  # so that files can be changed
    return folder


def loaded(folder: Path) -> ModelConfig:
    return read_checkpoint(folder, CPU, None).model.config


@pytest.mark.parametrize("name", ONE_EACH)
def test_the_configuration_is_the_loaded_model_s(name: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "model", name)
    facts, model = read_facts(str(folder)), read_checkpoint(folder, CPU, None).model
    assert facts.config == model.config
    assert parameter_count(facts.config).total == model.num_parameters()
    assert facts.form == "directory"
    assert facts.weights is not None
    stored = {t.numel() for t in load_file(folder / "model.safetensors").values()}
    assert facts.weights.bytes == 4 * sum(facts.weights.elements.values()) >= 4 * max(stored)


def change_tensors(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    file = folder / "model.safetensors"
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file, {"format": "pt"})


def change_config(folder: Path, **fields: Any) -> None:
    file = folder / "config.json"
    found = json.loads(file.read_text())
    kept = {name: value for name, value in (found | fields).items() if value is not ...}
    file.write_text(json.dumps(kept))


def test_the_file_decides_whether_the_output_is_the_embedding(tmp_path: Path) -> None:
    """Configurations err: a head that differs is its own, one that is equal or missing is not."""
    head, embedding = "lm_head.weight", "model.embed_tokens.weight"
    for number, (change, said, tied) in enumerate(
        (
            (lambda t: t.update({head: t[embedding] * 2}), True, False),
            (lambda t: t.update({head: t[embedding] * 2}), ..., False),
            (lambda t: t.update({head: t[embedding].clone()}), True, True),
            (lambda t: t.update({head: t[embedding].clone()}), False, False),
            (lambda t: t.pop(head, None), True, True),
        )
    ):
        folder = written(tmp_path / str(number), "llama")
        change_tensors(folder, change)
        change_config(folder, tie_word_embeddings=said)
        assert read_facts(str(folder)).config.tie_embeddings == tied
        assert read_facts(str(folder)).config == loaded(folder)


def test_one_number_that_differs_in_a_small_matrix_is_seen(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", "llama-tied")

    def change(tensors: dict[str, Any]) -> None:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
        tensors["lm_head.weight"][100, 7] += 1

    change_tensors(folder, change)
    assert not read_facts(str(folder)).config.tie_embeddings
    assert read_facts(str(folder)).config == loaded(folder)


def test_an_encoder_without_its_head_has_none(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", "bert")

    def change(tensors: dict[str, Any]) -> None:
        for name in [name for name in tensors if name.startswith("cls.")]:
            del tensors[name]

    change_tensors(folder, change)
    assert not read_facts(str(folder)).config.head
    assert read_facts(str(folder)).config == loaded(folder)


@pytest.mark.parametrize("name", ["llama", "t5-1.1", "marian-two"])
def test_shards_and_pickles_are_read_alike(name: str, tmp_path: Path) -> None:
    whole = read_facts(str(written(tmp_path / "whole", name)))
    sharded = written(tmp_path / "sharded", name, max_shard_bytes=20_000)
    assert len(list(sharded.glob("*.safetensors"))) > 3
    pickled = written(tmp_path / "pickled", name)
    torch.save(load_file(pickled / "model.safetensors"), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    for folder in (sharded, pickled):
        facts = read_facts(str(folder))
        assert (facts.config, facts.weights) == (whole.config, whole.weights)
        assert facts.config == loaded(folder)


def test_a_directory_without_weights_is_described_too(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", "llama")
    for path in (folder, folder / "config.json"):
        (folder / "model.safetensors").unlink(missing_ok=True)
        facts = read_facts(str(path))
        assert facts.weights is None
        assert facts.config == config_of("llama")
    assert facts.form == "config.json"


def test_a_model_of_a_hundred_gigabytes_takes_no_time(tmp_path: Path) -> None:
    """The file has holes, and nothing of it is read but the header and samples of two matrices."""
    folder = tmp_path / "model"
    folder.mkdir()
    fields = {"vocab_size": 128_256, "hidden_size": 8192, "intermediate_size": 28_672}
    fields |= {"num_hidden_layers": 80, "num_attention_heads": 64, "num_key_value_heads": 8}
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", **fields}))
    names = ["model.embed_tokens.weight", "lm_head.weight"]
    names += [f"model.layers.{i}.mlp.up_proj.weight" for i in range(46)]
    size = 128_256 * 8192 * 2
    header = json.dumps(
        {
            name: {
                "dtype": "BF16",
                "shape": [128_256, 8192],
                "data_offsets": [i * size, (i + 1) * size],
            }
            for i, name in enumerate(names)
        }
    ).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        try:
            file.truncate(8 + len(header) + len(names) * size)
        except OSError:
            pytest.skip("the file system has no holes")
    begin = time.process_time()
    facts = read_facts(str(folder))
    assert time.process_time() - begin < 1
    assert facts.weights is not None
    assert facts.weights.bytes == 48 * size > 100e9
    assert parameter_count(facts.config).total > 69e9


def with_header(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


def beyond(header: dict[str, Any]) -> None:
    header["model.norm.weight"]["data_offsets"] = [0, 10**12]


def negative(header: dict[str, Any]) -> None:
    header["model.norm.weight"]["shape"] = [-64]


def backwards(header: dict[str, Any]) -> None:
    header["model.norm.weight"]["data_offsets"] = [64, 0]


def no_object(header: dict[str, Any]) -> None:
    header["model.norm.weight"] = "nothing"


@pytest.mark.parametrize("change", [beyond, negative, backwards, no_object])
def test_a_header_that_lies_is_refused(tmp_path: Path, change: Any) -> None:
    folder = written(tmp_path / "model", "llama")
    with_header(folder / "model.safetensors", change)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        read_facts(str(folder))


@pytest.mark.parametrize("content", [b"", b"\1\2", b"\xff" * 8, b"\2" + b"\0" * 7 + b"[]" + b"x"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = written(tmp_path / "model", "llama")
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        read_facts(str(folder))


def test_an_index_is_not_followed_outside(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", "llama")
    index = folder / "model.safetensors.index.json"
    for names, said in (
        ({"a": "../model/model.safetensors"}, "outside"),
        ({"a": "missing.safetensors"}, "missing.safetensors is missing"),
        ({"a": 3}, "outside"),
        ([], "no weight_map"),
    ):
        index.write_text(json.dumps({"weight_map": names}))
        with pytest.raises(CheckpointError, match=said):
            stored_tensors(folder)


def test_gguf_is_read_by_its_header(tmp_path: Path) -> None:
    """The same configuration as loading it, tied or not, quantised or not."""
    import numpy as np
    from gguf_files import write_gguf

    rng = np.random.default_rng(0)
    shapes = {
        "token_embd.weight": (96, 64),
        "output_norm.weight": (64,),
        **{
            f"blk.{i}.{part}.weight": shape
            for i in range(2)
            for part, shape in {
                "attn_norm": (64,),
                "attn_q": (64, 64),
                "attn_k": (32, 64),
                "attn_v": (32, 64),
                "attn_output": (64, 64),
                "ffn_norm": (64,),
                "ffn_gate": (96, 64),
                "ffn_up": (96, 64),
                "ffn_down": (64, 96),
            }.items()
        },
    }
    tensors = {name: rng.standard_normal(s).astype(np.float32) for name, s in shapes.items()}
    tensors["rope_freqs.weight"] = np.linspace(1, 8, 8, dtype=np.float32)
    metadata = {
        "llama.embedding_length": 64,
        "llama.block_count": 2,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.feed_forward_length": 96,
        "llama.context_length": 128,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
    }
    heads = {"tied": None, "equal": tensors["token_embd.weight"]}
    heads["own"] = tensors["token_embd.weight"] + 1
    for kind, head in heads.items():
        more = {} if head is None else {"output.weight": head}
        file = write_gguf(tmp_path / f"{kind}.gguf", "llama", metadata, {**tensors, **more})
        facts: ModelFacts = read_facts(str(file))
        assert facts.config == loaded(file)
        assert facts.config.tie_embeddings == (kind != "own")
        assert facts.form == "GGUF"
        assert facts.config.rope.short == tuple(range(1, 9))
        assert facts.weights is not None
        assert set(facts.weights.elements) == {"F32"}
