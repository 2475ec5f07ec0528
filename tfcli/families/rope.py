"""The rotation of positions in a config.json, in the style of transformers 4 and of 5."""

from collections.abc import Mapping
from typing import Any

from tfcli.errors import CheckpointError
from tfcli.families.fields import Fields, positive, section, shown
from tfcli.model.config import ModelConfig, Rope

_SCALINGS = ("default", "linear", "dynamic", "yarn", "llama3", "longrope", "factors")
_NEED_ORIGINAL = ("yarn", "llama3", "longrope")


def read_rope(
    f: Fields,
    head_dim: int,
    *,
    theta: float = 10_000.0,
    partial: float | None = None,
    interleaved: bool = False,
    names: Mapping[str, str] | None = None,
    nested: str | None = None,
) -> Rope:
    """The rotation: in `rope_parameters` (5.x), or in `rope_theta` and `rope_scaling` (4.x).

    Args:
        theta, partial: the family's, where the file says nothing. A family without `partial` turns
            whole heads, whatever its files say.
        names: other names of "rope_theta" and "partial_rotary_factor" beside the section.
        nested: of a section that has one for each kind of layer, which one.
    """
    for place in ("rope_scaling", "rope_parameters"):
        part = section(place, f.get(place))
        if nested is not None and nested in part:
            part = section(f"{place}.{nested}", part[nested])
        if part:
            break
    p = Fields(part)
    names = names or {}

    def beside(name: str, default: float) -> float:
        outer = names.get(name, name)
        return p.number(name) if p.get(name) is not None else f.number(outer, default)

    kind = p.get("rope_type", p.get("type", "default"))
    share = beside("partial_rotary_factor", partial or 1.0)
    if partial is None and share != 1:
        if kind != "default":
            raise CheckpointError("partial_rotary_factor is for families that turn parts of heads")
        share = 1.0  # the reference passes it over
    if not isinstance(head_dim, int) or not 0 < share <= 1:
        raise CheckpointError(f"partial_rotary_factor is {share}; it must be above 0, at most 1")
    dim = int(head_dim * share)
    rope = {
        "theta": beside("rope_theta", theta),
        "dim": 0 if dim == head_dim else max(dim, 1),
        "interleaved": interleaved,
    }
    if kind not in _SCALINGS:
        raise CheckpointError(f"rope_type is {shown(kind)}; supported are {', '.join(_SCALINGS)}")
    if kind == "default":
        return Rope(**rope)
    return Rope(**rope, scaling=kind, **_scaling(kind, p, f))


def _scaling(kind: str, p: Fields, f: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if kind in _NEED_ORIGINAL:
        outer = f.get("original_max_position_embeddings")
        inner = p.get("original_max_position_embeddings", f["max_position_embeddings"])
        found["original"] = int(
            positive("original_max_position_embeddings", outer if outer is not None else inner)
        )
        longest = positive("max_position_embeddings", f["max_position_embeddings"])
        # DeepSeek-V3 and Phi-3 leave the factor to be found from the two lengths
        found["factor"] = p.number("factor", longest / found["original"])
        found["attention_factor"] = p.optional("attention_factor")
    elif kind != "factors":
        found["factor"] = p.number("factor")
    if kind == "yarn":
        found["high"] = p.number("beta_fast", 32.0)
        found["low"] = p.number("beta_slow", 1.0)
        found["truncate"] = p.flag("truncate", True)
        found["mscale"] = p.get("mscale", 0) and p.number("mscale")
        found["mscale_all"] = p.get("mscale_all_dim", 0) and p.number("mscale_all_dim")
    if kind == "llama3":
        found["high"] = p.number("high_freq_factor")
        found["low"] = p.number("low_freq_factor")
        found.pop("attention_factor")
    for name, place in (("short", "short_factor"), ("long", "long_factor")):
        if kind == "longrope":
            found[name] = _list(place, p[place])
    if kind == "factors":
        found["short"] = _list("factors", p["factors"])
    return found


def _list(name: str, values: Any) -> tuple[float, ...]:
    if not isinstance(values, list):
        raise CheckpointError(f"{name} is {shown(values)}; it must be a list of numbers")
    return tuple(positive(name, value) for value in values)


def write_rope(config: ModelConfig) -> dict[str, Any]:
    """The rotation for config.json, readable by transformers 4 and 5."""
    parameters = rope_section(config, config.rope)
    scaled = config.rope.scaling != "default"
    return {
        "rope_theta": config.rope.theta,
        "rope_parameters": parameters,
        "rope_scaling": dict(parameters) if scaled else None,
        "partial_rotary_factor": parameters.get("partial_rotary_factor", 1.0),
    }


def rope_section(config: ModelConfig, rope: Rope) -> dict[str, Any]:
    """One rotation as `rope_parameters` has it."""
    found: dict[str, Any] = {"rope_type": rope.scaling, "rope_theta": rope.theta}
    if rope.dim:
        share = rope.dim / config.head_dim
        exact = int(config.head_dim * share) == rope.dim
        found["partial_rotary_factor"] = share if exact else (rope.dim + 0.5) / config.head_dim
    if rope.scaling in ("linear", "dynamic", *_NEED_ORIGINAL):
        found["factor"] = rope.factor
    if rope.scaling in _NEED_ORIGINAL:
        found["original_max_position_embeddings"] = rope.original
    if rope.attention_factor is not None:
        found["attention_factor"] = rope.attention_factor
    if rope.scaling == "yarn":
        found |= {"beta_fast": rope.high, "beta_slow": rope.low, "truncate": rope.truncate}
        if rope.mscale:
            found["mscale"] = rope.mscale
        if rope.mscale_all:
            found["mscale_all_dim"] = rope.mscale_all
    if rope.scaling == "llama3":
        found |= {"low_freq_factor": rope.low, "high_freq_factor": rope.high}
    if rope.scaling == "longrope":
        found |= {"short_factor": list(rope.short), "long_factor": list(rope.long)}
    if rope.scaling == "factors":
        found["factors"] = list(rope.short)
    return found
