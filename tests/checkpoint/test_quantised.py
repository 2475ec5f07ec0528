"""MXFP4 and FP8 files read as the numbers that they stand for, and as transformers reads them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny import redraw
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

from tfcli.api import load_model
from tfcli.checkpoint.quantised import _from_fp8, _from_mxfp4
from tfcli.errors import CheckpointError

WEIGHTS = "model.safetensors"


def rewrite(folder: Path, tensors: dict[str, torch.Tensor], settings: object) -> None:
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = settings
    (folder / "config.json").write_text(json.dumps(config))


@pytest.fixture
def gpt_oss(tmp_path: Path) -> Path:
    """A tiny gpt-oss whose experts are MXFP4, beside the same one in bfloat16."""
    config = transformers.GptOssConfig(
        vocab_size=64,
        hidden_size=64,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        num_local_experts=3,
        num_experts_per_tok=2,
    )
    model = transformers.GptOssForCausalLM(config)
    redraw(model)
    generator = torch.Generator().manual_seed(3)
    packed: dict[str, torch.Tensor] = {}
    for i, layer in enumerate(model.model.layers):
        for name, rows, columns in (("gate_up_proj", 64, 64), ("down_proj", 64, 32)):
            shape = (3, rows, columns // 32)
            blocks = torch.randint(0, 256, (*shape, 16), generator=generator, dtype=torch.uint8)
            scales = torch.randint(122, 126, shape, generator=generator, dtype=torch.uint8)
            values = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
            getattr(layer.mlp.experts, name).data.copy_(values)
            key = f"model.layers.{i}.mlp.experts.{name}"
            packed |= {f"{key}_blocks": blocks, f"{key}_scales": scales}
    plain, quantised = tmp_path / "plain", tmp_path / "quantised"
    for folder in (plain, quantised):
        model.save_pretrained(folder)
    tensors = load_file(quantised / WEIGHTS)
    for key in packed:
        tensors.pop(key.removesuffix("_blocks").removesuffix("_scales"), None)
    rewrite(quantised, tensors | packed, {"quant_method": "mxfp4"})
    return tmp_path


def test_mxfp4_opens_as_the_numbers_that_it_stands_for(gpt_oss: Path) -> None:
    ids = torch.arange(10)[None]
    plain, quantised = (load_model(gpt_oss / n, device="cpu") for n in ("plain", "quantised"))
    assert torch.equal(plain(ids), quantised(ids))


def test_every_nibble_and_exponent_is_exact() -> None:
    blocks = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    scales = torch.linspace(60, 190, 16).to(torch.uint8)[None, None]
    expected = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
    found = _from_mxfp4("x", blocks, scales)
    assert torch.equal(found.float().transpose(-1, -2), expected)
    # 0x3 in the low half is 1.5, 0xD in the high half is -3
    one = torch.full((1, 1, 16), 0xD3, dtype=torch.uint8)
    assert _from_mxfp4("x", one, torch.tensor([[128]], dtype=torch.uint8))[0, :2].tolist() == [
        3,
        -6,
    ]


@pytest.fixture
def deepseek(tmp_path: Path) -> Path:
    """A tiny DeepSeek-V3 whose matrices are FP8 in blocks of 16, beside the numbers they are."""
    config = transformers.DeepseekV3Config(
        vocab_size=64,
        hidden_size=40,
        intermediate_size=48,
        moe_intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        q_lora_rank=24,
        kv_lora_rank=16,
        qk_rope_head_dim=8,
        qk_nope_head_dim=8,
        v_head_dim=8,
        n_routed_experts=4,
        n_group=2,
        topk_group=1,
        num_experts_per_tok=2,
        first_k_dense_replace=1,
    )
    model = transformers.DeepseekV3ForCausalLM(config)
    redraw(model)
    plain, quantised = tmp_path / "plain", tmp_path / "quantised"
    for folder in (plain, quantised):
        model.save_pretrained(folder)
    tensors, packed = load_file(plain / WEIGHTS), {}
    for name, tensor in tensors.items():
        if "_proj" not in name:
            packed[name] = tensor
            continue
        grid = [-(-size // 16) for size in tensor.shape]
        factors = torch.rand(grid, generator=torch.Generator().manual_seed(len(name))) + 0.5
        each = factors.repeat_interleave(16, 0).repeat_interleave(16, 1)
        each = each[: tensor.shape[0], : tensor.shape[1]]
        packed[name] = (tensor / each).to(torch.float8_e4m3fn)
        packed[f"{name}_scale_inv"] = factors
        tensors[name] = packed[name].float() * each
    save_file(tensors, plain / WEIGHTS, {"format": "pt"})
    settings = {"quant_method": "fp8", "weight_block_size": [16, 16]}
    rewrite(quantised, packed, settings)
    return tmp_path


def test_fp8_opens_as_the_numbers_that_it_stands_for(deepseek: Path) -> None:
    ids = torch.arange(10)[None]
    plain, quantised = (load_model(deepseek / n, device="cpu") for n in ("plain", "quantised"))
    assert torch.equal(plain(ids), quantised(ids))


def test_blocks_at_the_edge_are_cut() -> None:
    tensor = torch.ones(5, 3, dtype=torch.float8_e4m3fn)
    found = _from_fp8("x", tensor, torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), 2)
    assert found.tolist() == [[1, 1, 2], [1, 1, 2], [3, 3, 4], [3, 3, 4], [5, 5, 6]]


@pytest.mark.parametrize(
    "settings",
    [
        {"quant_method": "gptq"},
        {},
        5,
        {"quant_method": "fp8", "weight_block_size": 5},
        {"quant_method": "fp8", "weight_block_size": [0, 0]},
        {"quant_method": "fp8", "weight_block_size": [128, 64]},
        {"quant_method": "fp8", "weight_block_size": [7, 7]},
    ],
)
def test_other_quantisations_are_refused(deepseek: Path, settings: Any) -> None:
    folder = deepseek / "quantised"
    rewrite(folder, load_file(folder / WEIGHTS), settings)
    with pytest.raises(CheckpointError) as error:
        load_model(folder, device="cpu")
    assert str(folder) in error.value.message


@pytest.mark.parametrize("change", ["scales missing", "scales short", "blocks of another kind"])
def test_damaged_blocks_are_refused(gpt_oss: Path, change: str) -> None:
    folder = gpt_oss / "quantised"
    tensors = load_file(folder / WEIGHTS)
    key = "model.layers.1.mlp.experts.down_proj"
    if change == "scales missing":
        del tensors[f"{key}_scales"]
    elif change == "scales short":
        tensors[f"{key}_scales"] = tensors[f"{key}_scales"][:, :5].contiguous()
    else:
        tensors[f"{key}_blocks"] = tensors[f"{key}_blocks"].float()
    rewrite(folder, tensors, {"quant_method": "mxfp4"})
    with pytest.raises(CheckpointError, match="down_proj"):
        load_model(folder, device="cpu")
