"""The same weights, however their files are cut, named and filled up."""

import copy
import json
from pathlib import Path

import pytest
import torch
from parity import expert_variants
from parity.checkpoints import (
    FAMILIES,
    VARIANTS,
    WEIGHTS,
    checkpoint,
    family_variants,
    reference_model,
    with_tensors,
)
from parity.leftovers import LEFTOVERS, RENAMED, renamed, tied_copies
from parity.ours import LOGITS, compute, difference, ours, same_tensors
from parity.reference import inputs, logits
from safetensors.torch import load_file, save_file
from torch import Tensor

from tfcli.api import load_model
from tfcli.errors import CheckpointError

FIRST = [family_variants(family)[0] for family in FAMILIES]
SAVED_BY_TRANSFORMERS = [name for name in FIRST if VARIANTS[name].family != "chatglm"]
TIED = [name for name, variant in VARIANTS.items() if variant.tied]


def copied(name: str, folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text((checkpoint(name) / "config.json").read_text())
    return folder


def halves(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """By file: every other tensor, so that what belongs together is torn apart."""
    names = sorted(tensors)
    return {
        f"{part + 1:05d}-of-00002": {name: tensors[name] for name in names[part::2]}
        for part in (0, 1)
    }


def index_of(parts: dict[str, dict[str, Tensor]], stem: str, ending: str) -> str:
    where = {name: f"{stem}-{file}{ending}" for file, part in parts.items() for name in part}
    return json.dumps({"metadata": {}, "weight_map": where})


@pytest.mark.parametrize("name", FIRST)
def test_shards_are_one_model(name: str, tmp_path: Path) -> None:
    folder = copied(name, tmp_path / "model")
    parts = halves(load_file(checkpoint(name) / WEIGHTS))
    for file, part in parts.items():
        save_file(part, folder / f"model-{file}.safetensors")
    index = index_of(parts, "model", ".safetensors")
    (folder / "model.safetensors.index.json").write_text(index)
    assert same_tensors(load_model(folder, device="cpu"), ours(name))


@pytest.mark.parametrize("name", SAVED_BY_TRANSFORMERS)
def test_shards_of_transformers_are_one_model(name: str, tmp_path: Path) -> None:
    reference_model(name).save_pretrained(tmp_path / "model", max_shard_size="200KB")
    assert len(list((tmp_path / "model").glob("model-*.safetensors"))) > 1
    assert same_tensors(load_model(tmp_path / "model", device="cpu"), ours(name))


@pytest.mark.parametrize("name", [*SAVED_BY_TRANSFORMERS, *expert_variants.VARIANTS])
def test_the_names_within_transformers_do_as_well(name: str, tmp_path: Path) -> None:
    """Experts stacked in one tensor; and what else its own modules call otherwise."""
    reference_model(name).save_pretrained(tmp_path / "model", save_original_format=False)
    assert same_tensors(load_model(tmp_path / "model", device="cpu"), ours(name))


def test_experts_are_tested_both_ways(tmp_path: Path) -> None:
    each = load_file(checkpoint("qwen3_moe") / WEIGHTS)
    assert "model.layers.0.mlp.experts.4.up_proj.weight" in each
    reference_model("qwen3_moe").save_pretrained(tmp_path, save_original_format=False)
    assert "model.layers.0.mlp.experts.gate_up_proj" in load_file(tmp_path / WEIGHTS)


@pytest.mark.parametrize("sharded", [False, True], ids=["one", "sharded"])
@pytest.mark.parametrize("name", FIRST)
def test_a_pickle_of_tensors_is_read(name: str, sharded: bool, tmp_path: Path) -> None:
    """With the tied copies that such files hold."""
    folder = copied(name, tmp_path / "model")
    tensors = load_file(checkpoint(name) / WEIGHTS)
    tensors |= tied_copies(name, tensors)
    if sharded:
        parts = halves(tensors)
        for file, part in parts.items():
            torch.save(part, folder / f"pytorch_model-{file}.bin")
        index = index_of(parts, "pytorch_model", ".bin")
        (folder / "pytorch_model.bin.index.json").write_text(index)
    else:
        torch.save(tensors, folder / "pytorch_model.bin")
    assert same_tensors(load_model(folder, device="cpu"), ours(name))


@pytest.mark.parametrize("name", TIED)
def test_a_tied_copy_says_nothing_new(name: str, tmp_path: Path) -> None:
    def doubled(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        copies = tied_copies(name, tensors)
        assert copies
        return {**tensors, **copies}

    model = load_model(with_tensors(checkpoint(name), doubled, tmp_path / "model"), device="cpu")
    assert same_tensors(model, ours(name))


@pytest.mark.parametrize("name", LEFTOVERS)
def test_leftovers_are_passed_over(name: str, tmp_path: Path) -> None:
    folder = with_tensors(
        checkpoint(name), lambda tensors: {**tensors, **LEFTOVERS[name]}, tmp_path / "model"
    )
    assert same_tensors(load_model(folder, device="cpu"), ours(name))


@pytest.mark.parametrize("name", FIRST)
def test_what_does_not_belong_is_named(name: str, tmp_path: Path) -> None:
    """Else the leftovers would prove nothing: anything would be passed over."""
    odd = "model.layers.0.self_attn.z_proj.weight"
    folder = with_tensors(
        checkpoint(name), lambda tensors: {**tensors, odd: torch.ones(2)}, tmp_path / "model"
    )
    with pytest.raises(CheckpointError, match=r"z_proj"):
        load_model(folder, device="cpu")


@pytest.mark.parametrize("name", FIRST)
def test_each_tensor_is_needed(name: str, tmp_path: Path) -> None:
    """A file that lacks one is refused, whichever it is (here every fifth)."""
    names = sorted(load_file(checkpoint(name) / WEIGHTS))
    for missing in names[:: max(1, len(names) // 5)]:
        if missing in _OPTIONAL or missing.startswith(_FOREIGN):
            continue
        folder = with_tensors(
            checkpoint(name),
            lambda tensors, missing=missing: {k: v for k, v in tensors.items() if k != missing},
            tmp_path / missing,
        )
        with pytest.raises(CheckpointError):
            load_model(folder, device="cpu")


# transformers fills up final_logits_bias with zeros, too; a tied head may be missing.
_OPTIONAL = {"final_logits_bias", "lm_head.weight", "transformer.rotary_pos_emb.inv_freq"}
_FOREIGN = ("vision_tower.", "multi_modal_projector.")


@pytest.mark.parametrize(("name", "difference"), RENAMED)
def test_other_names_are_known(name: str, difference: str, tmp_path: Path) -> None:
    folder = with_tensors(checkpoint(name), renamed(name, difference), tmp_path / "model")
    assert same_tensors(load_model(folder, device="cpu"), ours(name))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("name", ["llama", "gpt_oss", "deepseek_v3", "marian"])
def test_halved_files_run_in_float32(name: str, kind: torch.dtype, tmp_path: Path) -> None:
    folder = with_tensors(
        checkpoint(name), lambda t: {k: v.to(kind) for k, v in t.items()}, tmp_path / "model"
    )
    model = load_model(folder, device="cpu", dtype="float32")
    found = compute(model, inputs(VARIANTS[name]))
    assert found.dtype == torch.float32
    rounded = rounded_reference(name, kind)
    assert difference(found, rounded) < LOGITS


def rounded_reference(name: str, kind: torch.dtype) -> Tensor:
    """transformers' logits with the weights rounded to that type."""
    model = copy.deepcopy(reference_model(name))
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if "embed_positions" not in key:  # Marian's are computed, not read
                tensor.copy_(tensor.to(kind).to(tensor.dtype))
    return logits(model, VARIANTS[name], inputs(VARIANTS[name]))
