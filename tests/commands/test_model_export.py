"""`tfcli model export`: what it writes is what transformers reads, whatever it came from."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from parity.checkpoints import VARIANTS, checkpoint, config_of
from parity.ours import LOGITS, difference, ours, same_tensors
from parity.reference import inputs, logits, outputs
from safetensors.torch import load_file
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import QWEN3, redraw

from tfcli.api import load_model
from tfcli.checkpoint.write import write_checkpoint
from tfcli.errors import CheckpointError
from tfcli.main import run
from tfcli.model.config import ModelConfig, Rope
from tfcli.model.position import rotary_frequencies
from tfcli.model.transformer import Transformer

Call = Callable[..., tuple[int, str, str]]
_CLASSES: dict[str, Any] = {
    "decoder": transformers.AutoModelForCausalLM,
    "encoder": transformers.AutoModelForMaskedLM,
    "encoder-decoder": transformers.AutoModelForSeq2SeqLM,
}
TEMPLATE = "{% for m in messages %}{{ m.content }} 模板{% endfor %}"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    transformers.utils.logging.disable_progress_bar()
    monkeypatch.setattr(os, "fsync", lambda _: None)  # it takes most of the time
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*words: str) -> tuple[int, str, str]:
        code = run(["model", "export", *words])
        shown = capsys.readouterr()
        return code, shown.out, " ".join(shown.err.replace("│", " ").split())

    return call


@pytest.mark.parametrize("name", ["llama", "gemma2", "qwen2_moe", "bert", "t5", "marian"])
def test_transformers_computes_the_same(name: str, export: Call) -> None:
    """In several files as well, which its own reader puts together."""
    variant = VARIANTS[name]
    code, out, err = export(str(checkpoint(name)), "--to", "out", "--max-shard-size", "70KB")
    assert (code, out) == (0, "out\n"), err
    index = json.loads(Path("out/model.safetensors.index.json").read_text())
    shards = {path.name for path in Path("out").glob("*.safetensors")}
    assert set(index["weight_map"].values()) == shards
    assert len(shards) > 2
    sizes = [sum(t.nbytes for t in load_file(Path("out") / shard).values()) for shard in shards]
    assert index["metadata"]["total_size"] == sum(sizes)
    assert all(size <= 70_000 for size in sizes)
    model, notes = _CLASSES[variant.kind].from_pretrained(
        "out",
        output_loading_info=True,
        attn_implementation="eager",
        experts_implementation="eager",
    )
    assert not any(notes.values()), notes
    found = logits(model, variant, inputs(variant))
    assert difference(found, outputs(name).logits) < LOGITS
    again = load_model("out", device="cpu")
    assert again.family == variant.family
    assert same_tensors(again, ours(name))


def test_chatglm_keeps_its_own_layout(export: Call) -> None:
    code, _, err = export(str(checkpoint("chatglm")), "--to", "out")
    assert code == 0, err
    assert config_of(Path("out"))["model_type"] == "chatglm"
    written = load_file("out/model.safetensors")
    before = load_file(checkpoint("chatglm") / "model.safetensors").keys()
    assert written.keys() == before - {"transformer.rotary_pos_emb.inv_freq"}  # it is computed
    assert same_tensors(load_model("out", device="cpu"), ours("chatglm"))


def ours_with(folder: Path, config: Any = QWEN3) -> Path:
    model = Transformer(config).eval()
    redraw(model)
    write_checkpoint(folder, model, None, {"step": 7}, settings={"temperature": 0.7})
    return folder


def test_everything_that_belongs_to_it_comes_along(export: Call, work: Path) -> None:
    tokenizer = load_tokenizer(default_tokenizer_path())
    config = dataclasses.replace(QWEN3, vocab_size=tokenizer.vocab_size)
    model = Transformer(config).eval()
    redraw(model)
    settings = {"temperature": 0.7, "do_sample": True}
    write_checkpoint(
        work / "model",
        model,
        tokenizer,
        {"step": 7},
        settings=settings,
        chat_template=TEMPLATE,
    )
    code, out, err = export("model", "--to", "out", "--dtype", "bfloat16", "--json")
    assert code == 0, err
    facts = json.loads(out)
    assert facts["schema"] == "tfcli.model.export/1"
    assert (facts["model_type"], facts["dtype"]) == ("qwen3", "bfloat16")
    assert facts["files"] == {f.name: f.stat().st_size for f in Path("out").iterdir()}
    assert {t.dtype for t in load_file("out/model.safetensors").values()} == {torch.bfloat16}
    assert Path("out/chat_template.jinja").read_text(encoding="utf-8") == TEMPLATE
    generation = json.loads(Path("out/generation_config.json").read_text())
    assert settings.items() <= generation.items()
    again = load_model("out", device="cpu")
    assert again.training == {"step": 7}
    assert again.tokenizer is not None
    assert again.tokenizer.fingerprint == tokenizer.fingerprint
    theirs = transformers.AutoTokenizer.from_pretrained("out")
    assert theirs.encode("The cat 猫") == tokenizer.encode("The cat 猫")
    assert "模板" in theirs.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False)


def test_what_chooses_experts_is_not_rounded(export: Call) -> None:
    """DeepSeek's corrections are saved in float32 among bfloat16 weights."""
    code, _, err = export(str(checkpoint("deepseek_v3")), "--to", "out", "--dtype", "bfloat16")
    assert code == 0, err
    found = load_file("out/model.safetensors")
    kinds = {name.rpartition(".")[2]: t.dtype for name, t in found.items()}
    assert kinds["e_score_correction_bias"] == torch.float32
    assert kinds["weight"] == torch.bfloat16


def gguf_model(work: Path, factors: Any) -> Path:
    import numpy as np
    from gguf_files import SIZES, converted, drawn, metadata_of, write_gguf

    sizes = {**SIZES, "head_dim": 32, "max_position_embeddings": 131_072}
    config = transformers.LlamaConfig(**sizes, rope_theta=500_000.0)
    model = drawn(config)
    tensors = converted(model, "llama")
    tensors["rope_freqs.weight"] = np.array(factors, dtype=np.float32)
    metadata = metadata_of(config, "llama") | {"llama.rope.freq_base": 500_000.0}
    return write_gguf(work / "model.gguf", "llama", metadata, tensors)


def test_gguf_becomes_a_directory_that_transformers_reads(export: Call, work: Path) -> None:
    """Also Llama 3.1's rotation, which a GGUF file keeps as divisors, by its own name again."""
    named = Rope(theta=500_000.0, scaling="llama3", factor=8.0, low=1.0, high=4.0, original=8192)
    sizes = {"num_layers": 1, "num_heads": 1, "num_kv_heads": 1, "intermediate_size": 8}
    config = ModelConfig(9, 32, head_dim=32, max_position_embeddings=9, **sizes)
    plain = rotary_frequencies(config, Rope(theta=500_000.0))
    file = gguf_model(work, (plain / rotary_frequencies(config, named)).tolist())
    code, _, err = export(str(file), "--to", "out")
    assert code == 0, err
    model, notes = transformers.AutoModelForCausalLM.from_pretrained(
        "out", output_loading_info=True, attn_implementation="eager"
    )
    assert not any(notes.values()), notes
    assert model.config.rope_parameters["rope_type"] == "llama3"
    assert model.config.rope_parameters["factor"] == 8.0
    ids = torch.arange(2, 26)[None]
    with torch.no_grad():
        found = load_model(file, device="cpu")(ids)
        assert difference(found, model(ids).logits) < LOGITS


def test_divisors_of_no_known_kind_are_refused(export: Call, work: Path) -> None:
    code, out, err = export(str(gguf_model(work, [1.0 + i for i in range(16)])), "--to", "out")
    assert (code, out) == (CheckpointError.exit_code, "")
    assert "numbers of its own" in err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("none", "--to", "out"), 3, "no model at none"),
        (("model", "--to", "full"), 2, "not empty"),
        (("model", "--to", "full", "--force"), 2, "holds other files and no model"),
        (("model", "--to", "model"), 2, "holds the model itself"),
        (("model", "--to", "model", "--force"), 2, "holds the model itself"),
        (("runs/first", "--to", "runs/first", "--force"), 2, "holds the model itself"),
        (("model", "--to", "."), 2, "holds the model itself"),
        (("model", "--to", "note.txt"), 2, "is a file"),
        (("model", "--to", "note.txt/out"), 1, "is no folder"),
        (("model", "--to", "out", "--max-shard-size", "much"), 2, "is no size"),
        (("model", "--to", "out", "--max-shard-size", "0"), 2, "is no size"),
        (("model", "--to", "out", "--dtype", "int8"), 2, "float32, bfloat16, float16"),
    ],
)
def test_what_is_not_exported(
    export: Call, work: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    ours_with(work / "model")
    ours_with(work / "runs" / "first" / "best")
    (work / "full").mkdir()
    (work / "full" / "letter.txt").write_text("mine")
    (work / "note.txt").write_text("mine")
    before = sorted(work.rglob("*"))
    found, out, err = export(*words)
    assert (found, out) == (code, "")
    assert said in err
    assert sorted(work.rglob("*")) == before


def test_a_model_is_replaced_when_it_is_asked_for(export: Call, work: Path) -> None:
    ours_with(work / "model")
    assert export("model", "--to", "out")[0] == 0
    before = Path("out/model.safetensors").read_bytes()
    Path("out/model.safetensors").write_bytes(b"")
    assert export("model", "--to", "out")[0] == 2
    assert export("model", "--to", "out", "--force")[0] == 0
    assert Path("out/model.safetensors").read_bytes() == before
    assert not [path for path in work.iterdir() if path.name.startswith(".")]
