"""The screens of `tfcli model`: golden where a person looks, and words that leave nothing out.

Golden files are written anew by `TFCLI_WRITE_GOLDEN=1 pytest tests/view`.
"""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from family_configs import config_of
from rich.text import Text

from tfcli.checkpoint.at_hand import ModelAtHand
from tfcli.checkpoint.facts import ModelFacts, StoredWeights
from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.families import family
from tfcli.families.presets import preset
from tfcli.model.config import Experts, ModelConfig, Rope
from tfcli.model.forward_shapes import forward_shapes
from tfcli.model.resize import NewSizes, resized
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.model_info import Described, info_lines
from tfcli.view.model_lines import operations, ranges
from tfcli.view.model_list import list_lines, type_lines
from tfcli.view.model_plan import Planned, plan_lines
from tfcli.view.model_words import architecture_words

GOLDEN = Path(__file__).with_name("golden")


def planned(name: str, **sizes: int) -> Planned:
    found = preset(name)
    assert found is not None
    config = resized(found[1], NewSizes(**sizes))
    changes = tuple(f"{value:,} {name.removeprefix('num_')}" for name, value in sizes.items())
    return Planned(name, found[0], forward_shapes(config, 1, 512), "bfloat16", changes)


def facts() -> Described:
    config = config_of("mixtral")
    return Described(
        ModelFacts(
            path=Path("models/tiny\x1b[2J"),
            family=family("mixtral"),
            config=config,
            fields={},
            weights=StoredWeights(1_234_567, {"BF16": 600_000, "F32": 1200}),
            files=(("config.json", 700), ("model.safetensors", 1_234_999)),
            training={"step": 10, "tokens": "many", "best_loss": 1.5},
            generation=GenerationDefaults(eos_ids=(2, 7), banned_ids=(5,)),
            chat_template="chat_template.jinja",
        ),
        None,
        "tokenizer.json is damaged.",
    )


MODELS = [
    ModelAtHand("runs/first", "run", Path("runs/first/best"), "", "qwen3", 5_123_456, 20_600_000),
    ModelAtHand(
        "runs/broken", "run", Path("runs/broken"), fault="config.json is damaged: no JSON."
    ),
    ModelAtHand("Qwen/Qwen3-0.6B", "pulled", Path("/c/q"), "main", "qwen3", 596_049_920, 10**9),
]


def text(pen: Pen, lines: Iterable[Text]) -> list[str]:
    return [crop(line, pen.width, pen.say("…")).plain for line in lines]


def plan(pen: Pen, name: str, **sizes: int) -> list[str]:
    return text(pen, plan_lines(pen, planned(name, **sizes)))


CASES = {
    "plan-80": lambda: plan(Pen(80), "gpt3-175b", num_heads=16),
    "plan-experts-80": lambda: plan(Pen(80), "deepseek-v3"),
    "plan-pair-200": lambda: plan(Pen(200), "t5-small"),
    "plan-ascii-80": lambda: plan(Pen(80, ascii=True), "gemma-2-2b"),
    "info-80": lambda: text(Pen(80), info_lines(Pen(80), facts())),
    "list-80": lambda: text(Pen(80), list_lines(Pen(80), MODELS)),
    "list-200": lambda: text(Pen(200), list_lines(Pen(200), MODELS)),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_model_screen(case: str) -> None:
    path = GOLDEN / f"model-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [20, 50, 80, 116, 200, 300])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    pen = Pen(width)
    lines = plan(pen, "deepseek-v3") + text(pen, info_lines(pen, facts()))
    lines += text(pen, list_lines(pen, MODELS)) + text(pen, type_lines(pen, {"a": "b " * 90}))
    assert max(map(len, lines)) <= width


ROPE = Rope(theta=500.0)
EXPERTS = Experts(count=4, chosen=2, intermediate_size=8, layers=(0, 1))
# A field of the configuration, and two values of it that are different models.
SWITCHES: list[tuple[str, Any, Any]] = [
    ("norm", "rms", "layer"),
    ("norm_eps", 1e-5, 1e-6),
    ("norm_plus_one", False, True),
    ("pre_norm", True, False),
    ("branch_norm", False, True),
    ("post_norm", False, True),
    ("parallel", False, True),
    ("final_norm", True, False),
    ("embedding_norm", False, True),
    ("position", "rope", "learned"),
    ("position", "sinusoidal", "none"),
    ("rope", ROPE, dataclasses.replace(ROPE, theta=10.0)),
    ("rope", ROPE, dataclasses.replace(ROPE, dim=8)),
    ("rope", ROPE, dataclasses.replace(ROPE, interleaved=True)),
    ("rope", ROPE, dataclasses.replace(ROPE, scaling="linear", factor=2.0)),
    *(
        ("rope", ROPE, dataclasses.replace(ROPE, scaling=scaling, factor=2.0, original=64))
        for scaling in ("dynamic", "yarn", "llama3")
    ),
    ("window_rope", None, ROPE),
    ("qkv_bias", False, True),
    ("output_bias", False, True),
    ("num_kv_heads", 4, 2),
    ("num_kv_heads", 2, 1),
    ("qk_norm", "none", "head"),
    ("qk_norm", "head", "full"),
    ("attention_scale", None, 1.0),
    ("attention_scale", 1.0, 0.5),
    ("attention_softcap", None, 30.0),
    ("attention_sinks", False, True),
    ("window", 0, 16),
    ("activation", "silu", "gelu"),
    ("gated", True, False),
    ("feed_forward_bias", False, True),
    ("experts", None, EXPERTS),
    *(
        ("experts", EXPERTS, dataclasses.replace(EXPERTS, **change))
        for change in (
            {"count": 8},
            {"chosen": 1},
            {"layers": (1,)},
            {"score": "sigmoid"},
            {"groups": 2, "chosen_groups": 1},
            {"correction": True},
            {"shared_intermediate_size": 8},
            {"limit": 7.0},
        )
    ),
    ("embedding_scale", 1.0, 8.0),
    ("token_types", 0, 2),
    ("output_scale", 1.0, 0.1),
    ("head", True, False),
    ("head_bias", False, True),
    ("head_transform", False, True),
    ("logit_softcap", None, 30.0),
    ("tie_embeddings", False, True),
    ("architecture", "decoder", "encoder"),
]
# One whose fields can be changed one by one.
BASE = ModelConfig(
    vocab_size=50,
    hidden_size=64,
    num_layers=2,
    num_heads=4,
    num_kv_heads=4,
    head_dim=16,
    intermediate_size=96,
    max_position_embeddings=128,
    window_layers=(0,),
    tie_embeddings=False,
)


@pytest.mark.parametrize(("field", "one", "other"), SWITCHES)
def test_the_words_tell_two_architectures_apart(field: str, one: Any, other: Any) -> None:
    beside = {"window": 16} if field == "window_rope" else {}
    first, second = (
        architecture_words(dataclasses.replace(BASE, **beside, **{field: value}))
        for value in (one, other)
    )
    assert first != second


def test_every_switch_is_among_them() -> None:
    """A new field of the configuration asks for words."""
    sizes = {"vocab_size", "hidden_size", "num_layers", "num_heads", "head_dim"}
    sizes |= {"intermediate_size", "max_position_embeddings", "window_layers"}
    elsewhere = {"encoder", "share_embeddings", "latent", "position_offset", "scale_by_layer"}
    elsewhere |= {"relative_buckets", "relative_max_distance"}
    fields = {field.name for field in dataclasses.fields(ModelConfig)}
    assert fields - sizes - elsewhere == {field for field, _, _ in SWITCHES}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("t5", "buckets of distances"),
        ("marian", "one embedding for both sides"),
        ("deepseek_v3", "(MLA)"),
        ("phi3-long", "(LongRoPE)"),
        ("gemma3_text", "in layers with a window"),
        ("gpt_oss", "a sink in each head"),
    ],
)
def test_what_is_peculiar_has_words(name: str, said: str) -> None:
    assert said in " ".join(architecture_words(config_of(name)).values())


def test_numbers_are_short() -> None:
    assert operations(3.59e11) == "359 GFLOP"
    assert operations(999.6e9) == "1 TFLOP"
    assert operations(12) == "12 FLOP"
    assert ranges(range(96)) == "0–95"
    assert ranges([0, 2, 4, 6]) == "0, 2, 4, …"
    assert ranges([0, 1, 3, 5, 6]) == "0–1, 3, 5–6"
