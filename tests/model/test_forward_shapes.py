"""The shapes that are planned are those of the model itself, run on PyTorch's meta device."""

import dataclasses
from typing import Any

import pytest
from family_configs import NAMES, config_of, family_of
from hypothesis import given
from hypothesis import strategies as st

from tfcli.checkpoint import meta_check
from tfcli.checkpoint.build import empty_model
from tfcli.checkpoint.meta_check import check_on_meta
from tfcli.errors import UsageError
from tfcli.families import MODEL_TYPES, family
from tfcli.families.presets import PRESETS, preset
from tfcli.model.block_shapes import AXES
from tfcli.model.config import ModelConfig
from tfcli.model.forward_shapes import ForwardShapes, forward_shapes
from tfcli.model.parameter_shapes import all_parameters, count
from tfcli.model.resize import NewSizes, resized

# What a trace does not keep: sums on the way, the second of two rotations, a scaled copy, and
# what each of several experts makes, for on the meta device no token chooses one.
UNSEEN = {"sum", "cos, sin near", "scaled"}


def planned(name: str) -> ForwardShapes:
    return forward_shapes(config_of(name), 2, 7, 9 if config_of(name).encoder else None)


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_is_what_the_model_does(name: str) -> None:
    check = check_on_meta(planned(name))
    assert check.differences == ()
    experts = {"neurons"} if config_of(name).experts else set()
    assert {tensor for _, tensor in check.unseen} <= UNSEEN | experts
    layers = config_of(name).num_layers
    assert check.tensors > 12 * layers
    assert check.parameters > 7 * layers


def test_every_family_is_planned() -> None:
    assert {family_of(name) for name in NAMES} == set(MODEL_TYPES)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("llama", {"num_kv_heads": 4}),
        ("llama", {"head_dim": 16}),
        ("llama", {"intermediate_size": 95}),
        ("llama", {"gated": False}),
        ("llama", {"tie_embeddings": True}),
        ("gpt2", {"qkv_bias": False}),
        ("gpt2", {"max_position_embeddings": 127}),
        ("gemma2", {"branch_norm": False}),
        ("qwen3", {"qk_norm": "none"}),
        ("gpt_oss", {"attention_sinks": False}),
        ("bert", {"token_types": 0}),
        ("bert", {"head_transform": False}),
        ("t5", {"relative_buckets": 8}),
        ("bart", {"position_offset": 0}),
        ("bart", {"embedding_norm": False}),
    ],
)
def test_a_plan_of_another_model_is_seen(
    monkeypatch: pytest.MonkeyPatch, name: str, change: dict[str, Any]
) -> None:
    """The comparison finds one field that differs."""
    other = dataclasses.replace(config_of(name), **change)
    monkeypatch.setattr(meta_check, "empty_model", lambda file, _: empty_model(file, other))
    assert check_on_meta(planned(name)).differences


def test_every_parameter_stands_at_one_tensor() -> None:
    for name in NAMES:
        shapes = planned(name)
        stood = sum(s.times * count(step.parameters) for s in shapes.sections for step in s.steps)
        assert stood == count(dict(all_parameters(shapes.config))), name


def test_axes_and_sizes_belong_together() -> None:
    """One letter is one length within a section, but for an expert's own neurons."""
    for section in (section for name in NAMES for section in planned(name).sections):
        lengths: dict[tuple[str, str], int] = {}
        for step in section.steps:
            assert len(step.axes) == len(step.size)
            for axis, size in zip(step.axes, step.size, strict=True):
                assert axis in AXES or (axis, size) == ("1", 1)
                of = step.name if axis == "I" else ""
                assert lengths.setdefault((axis, of), size) == size


def tensor(shapes: ForwardShapes, module: str, name: str) -> tuple[int, ...]:
    (found,) = [
        step.size
        for section in shapes.sections
        for step in section.steps
        if (step.module, step.name) == (module, name)
    ]
    return found


def test_gpt3_shares_its_width_out() -> None:
    """12288 in 96 heads makes V 128 wide in each; in 16 heads it is 768."""
    found = preset("gpt3-175b")
    assert found is not None
    for heads, wide in ((96, 128), (16, 768)):
        sizes = NewSizes(num_heads=heads, num_layers=2)
        shapes = forward_shapes(resized(found[1], sizes), 1, 2048)
        assert tensor(shapes, "attention", "V") == (1, heads, 2048, wide)
        assert tensor(shapes, "attention", "ΔE") == (1, 2048, 12288)
        assert check_on_meta(shapes).differences == ()


def test_more_tokens_than_learned_positions_are_refused() -> None:
    with pytest.raises(UsageError, match="128"):
        forward_shapes(config_of("gpt2"), 1, 129)
    forward_shapes(config_of("llama"), 1, 10**9)


@given(
    heads=st.integers(1, 64),
    dim=st.sampled_from([2, 8, 64, 96]),
    layers=st.integers(1, 200),
    name=st.sampled_from(["llama", "gpt2", "gpt_neox", "gemma2", "mixtral", "t5", "phi3-long"]),
)
def test_another_size_is_as_it_was_asked_for(heads: int, dim: int, layers: int, name: str) -> None:
    sizes = NewSizes(num_heads=heads, hidden_size=heads * dim, num_kv_heads=1, num_layers=layers)
    changed = resized(config_of(name), sizes)
    for side in filter(None, (changed, changed.encoder)):
        assert (side.num_heads, side.head_dim, side.hidden_size) == (heads, dim, heads * dim)
        assert (side.num_layers, side.num_kv_heads) == (layers, 1)
    if name != "gpt_neox":
        assert changed.norm == config_of(name).norm
    shapes = forward_shapes(changed, 1, 3)
    layer_count = sum(len(s.layers) for s in shapes.sections if s.side != "encoder")
    assert layer_count == layers


@pytest.mark.parametrize("sizes", [{"num_heads": 5}, {"num_kv_heads": 3}, {"hidden_size": 65}])
def test_sizes_that_do_not_fit_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        resized(config_of("mixtral-full"), NewSizes(**sizes))


WITH_LAYERS = [n for n, f in PRESETS.items() if "num_hidden_layers" in f and "bert" not in n]


@pytest.mark.parametrize("name", WITH_LAYERS)
def test_more_layers_go_on_as_the_family_has_them(name: str) -> None:
    """Windows by turns and experts from a layer on, as config.json would give them."""
    fields = PRESETS[name]
    module = family(str(fields["model_type"]))

    def with_layers(layers: int) -> ModelConfig:
        return module.read_config({**fields, "num_hidden_layers": layers})

    for layers in (8, fields["num_hidden_layers"] + 7):
        found = resized(module.read_config(fields), NewSizes(num_layers=layers))
        assert found == with_layers(layers)
