"""The metadata of a GGUF file as a Hugging Face config.json, as a dict.

Keys and defaults are llama.cpp's (src/llama-model.cpp and src/models/ in ggml-org/llama.cpp), and
for Gemma 3 also Ollama's (convert/convert_gemma3.go in ollama/ollama). What the architecture of
Hugging Face cannot express is refused by name.
"""

import math
import struct
from pathlib import Path
from typing import Any

from tfcli.checkpoint.files import readable
from tfcli.checkpoint.gguf.header import Header, damaged, shown
from tfcli.errors import CheckpointError

ARCHITECTURES = {
    "llama": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "gemma2": "gemma2",
    "gemma3": "gemma3_text",
}
ROPE_FACTORS = "rope_freqs.weight"
_MOST_FACTORS = 4096
# Layers of the 27B models, whose scores alone are scaled by the width per head, not by head_dim.
_WIDTH_PER_HEAD = {"gemma2": 46, "gemma3": 62}
# Layers of the Gemma 3 models whose full attention has positions eight times as close, which
# Ollama's files do not say.
_CLOSER = (34, 48, 62)


def architecture(header: Header) -> str:
    """What llama.cpp calls the model's architecture. CheckpointError for one we cannot run."""
    kind = header.metadata.get("general.type", "model")
    if kind != "model":
        raise CheckpointError(f"it holds no model but, in its own words, “{shown(str(kind))}”")
    parts = header.metadata.get("split.count", 1)
    if parts not in (0, 1):
        raise CheckpointError(
            f"it is one of {parts} parts of a model",
            "Join them: `llama-gguf-split --merge FIRST-PART OUTPUT` from llama.cpp does.",
        )
    name = header.metadata.get("general.architecture")
    if not isinstance(name, str):
        raise damaged("it does not say which architecture it holds")
    if name not in ARCHITECTURES:
        raise CheckpointError(
            f"GGUF files of the architecture “{shown(name)}” are not supported",
            f"Supported architectures: {', '.join(ARCHITECTURES)}.",
        )
    return name


def read_config(header: Header, rope_factors: tuple[float, ...] = ()) -> dict[str, Any]:
    """The config.json of the model, in the style of transformers 4.

    Args:
        rope_factors: the values of the tensor `rope_freqs.weight`, where the file has one: what
            the angular frequency of each rotated pair is divided by (Llama 3.1).

    Raises:
        CheckpointError: a key is missing, of the wrong kind, or asks for what we cannot compute;
            the caller knows the file.
    """
    arch = architecture(header)
    fields = _Fields(header, arch)
    if fields.integer("expert_count", 0):
        raise CheckpointError("it holds a mixture of experts, which is not supported as GGUF")
    heads = fields.integer("attention.head_count")
    width = fields.integer("embedding_length")
    if heads < 1:
        raise damaged("it has no attention heads")
    head_dim = fields.integer("attention.key_length", width // heads)
    if head_dim < 1:
        raise damaged("its attention heads have no width")
    fields.refuse("attention.value_length", head_dim)
    fields.refuse("rope.dimension_count", head_dim)
    layers = fields.integer("block_count")
    if layers > len(header.tensors):
        raise damaged(f"it claims {layers:,} layers, but holds {len(header.tensors):,} tensors")
    config = {
        "model_type": ARCHITECTURES[arch],
        "vocab_size": _rows(header, "token_embd.weight"),
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": fields.integer("attention.head_count_kv", heads),
        "head_dim": head_dim,
        "intermediate_size": fields.integer("feed_forward_length"),
        "max_position_embeddings": fields.integer("context_length"),
        "rms_norm_eps": fields.number(
            "attention.layer_norm_rms_epsilon", 1e-6 if arch == "gemma3" else None
        ),
        "rope_theta": fields.number(
            "rope.freq_base",
            fields.number("rope.global.freq_base", 1e6 if arch == "gemma3" else 1e4),
        ),
        "rope_scaling": _rope_scaling(
            fields, rope_factors, 8.0 if arch == "gemma3" and layers in _CLOSER else 1.0
        ),
        "tie_word_embeddings": "output.weight" not in header.tensors,
    }
    if arch.startswith("gemma"):
        return config | _gemma(arch, fields, width // heads, head_dim, layers)
    fields.refuse("attention.scale", head_dim**-0.5)
    return config | {
        "hidden_act": "silu",
        "attention_bias": "blk.0.attn_q.bias" in header.tensors,
        "mlp_bias": "blk.0.ffn_gate.bias" in header.tensors,
    }


def _gemma(
    arch: str, fields: "_Fields", width_per_head: int, head_dim: int, layers: int
) -> dict[str, Any]:
    large = layers == _WIDTH_PER_HEAD[arch]
    config: dict[str, Any] = {
        "hidden_activation": "gelu_pytorch_tanh",
        "query_pre_attn_scalar": width_per_head if large else head_dim,
    }
    if arch == "gemma2":
        config["attn_logit_softcapping"] = fields.number("attn_logit_softcapping", 50.0)
        config["final_logit_softcapping"] = fields.number("final_logit_softcapping", 30.0)
        window = fields.integer("attention.sliding_window", 4096)
        sliding = fields.sliding_layers(layers, period=2)
    else:
        config["attn_logit_softcapping"] = None
        # Ollama's first converter, known by its own key, wrote Gemma 2's cap for Gemma 3.
        capped = not fields.has("rope.global.freq_base")
        cap = fields.number("final_logit_softcapping", 0.0) if capped else 0.0
        config["final_logit_softcapping"] = cap or None
        config["rope_local_base_freq"] = fields.number(
            "rope.freq_base_swa", fields.number("rope.local.freq_base", 1e4)
        )
        window = fields.integer("attention.sliding_window", 0)
        sliding = fields.sliding_layers(layers, period=6 if window else 1)
    names = ("full_attention", "sliding_attention")
    return config | {"sliding_window": window, "layer_types": [names[each] for each in sliding]}


def _rope_scaling(
    fields: "_Fields", factors: tuple[float, ...], default: float
) -> dict[str, Any] | None:
    old = fields.number("rope.scale_linear", default)
    factor = fields.number("rope.scaling.factor", old) or 1.0
    kind = fields.text("rope.scaling.type", "linear")
    fields.refuse("rope.scaling.yarn_ext_factor", 1.0)
    fields.refuse("rope.scaling.yarn_log_multiplier", 0.0)
    stretch = fields.number("rope.scaling.attn_factor", 1.0)
    if stretch != 1.0 and kind != "yarn":
        raise CheckpointError(f"its rope scaling “{shown(kind)}” has an attention factor")
    if factors and any(each != 1.0 for each in factors):
        if kind != "none" and factor != 1.0:
            raise CheckpointError("it has two kinds of rope scaling, which is not supported")
        return {"rope_type": "factors", "factors": list(factors)}
    if kind == "none" or factor == 1.0:
        return None
    if kind == "linear":
        return {"rope_type": "linear", "factor": factor}
    if kind != "yarn":
        raise CheckpointError(f"its rope scaling “{shown(kind)}” is not supported as GGUF")
    magnitude = 0.1 * math.log(factor) + 1.0 if factor > 1 else 1.0  # Peng et al. 2023
    return {
        "rope_type": "yarn",
        "factor": factor,
        "original_max_position_embeddings": fields.integer(
            "rope.scaling.original_context_length", fields.integer("context_length")
        ),
        "beta_fast": fields.number("rope.scaling.yarn_beta_fast", 32.0),
        "beta_slow": fields.number("rope.scaling.yarn_beta_slow", 1.0),
        "attention_factor": stretch * fields.number("rope.scaling.yarn_attn_factor", magnitude),
    }


def _rows(header: Header, name: str) -> int:
    tensor = header.tensors.get(name)
    if tensor is None:
        raise CheckpointError(f"it lacks the tensor “{name}”")
    return tensor.shape[0]


class _Fields:
    """The keys of one architecture, each value checked for its kind."""

    def __init__(self, header: Header, arch: str) -> None:
        self._metadata = header.metadata
        self._prefix = arch

    def has(self, key: str) -> bool:
        """Whether the file has the key."""
        return f"{self._prefix}.{key}" in self._metadata

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number; a list of one for each layer counts where they are all equal."""
        value = self._found(key, default)
        if isinstance(value, tuple) and value:
            if len(set(value)) > 1:
                raise CheckpointError(
                    f"“{self._prefix}.{key}” differs from layer to layer, which is not supported"
                )
            value = value[0]
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._odd(key, value, "a whole number")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number, as its decimal was written: 1e-5 for the float32 next to it."""
        value = self._found(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or value - value != 0:
            raise self._odd(key, value, "a number")
        return _as_written(float(value))

    def text(self, key: str, default: str) -> str:
        """A string."""
        value = self._found(key, default)
        if not isinstance(value, str):
            raise self._odd(key, value, "a string")
        return value

    def refuse(self, key: str, only: float) -> None:
        """Refuse a number with any value but the one that we compute."""
        value = self.number(key, only)
        if not math.isclose(value, only, rel_tol=1e-5):
            raise CheckpointError(
                f"“{self._prefix}.{key}” is {value:g}, which is not supported; only {only:g} is"
            )

    def sliding_layers(self, layers: int, period: int) -> list[bool]:
        """Which layers have a window: all but the last of each `period`, or as a list says."""
        key = "attention.sliding_window_pattern"
        value = self._metadata.get(f"{self._prefix}.{key}", period)
        if isinstance(value, tuple) and len(value) == layers and set(value) <= {False, True}:
            return [bool(each) for each in value]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self._odd(key, value, "a number of layers, or a flag for each")
        return [i % value < value - 1 for i in range(layers)]

    def _found(self, key: str, default: Any) -> Any:
        value = self._metadata.get(f"{self._prefix}.{key}", default)
        if value is None:
            raise damaged(f"it lacks the key “{self._prefix}.{key}”")
        return value

    def _odd(self, key: str, value: Any, kind: str) -> CheckpointError:
        return damaged(f"“{self._prefix}.{key}” is {shown(repr(value))}, and should be {kind}")


def _as_written(value: float) -> float:
    """The shortest decimal that is the same float32."""
    if abs(value) > 3e38:
        return value
    single = struct.pack("<f", value)
    shortest = (float(f"{value:.{digits}g}") for digits in range(6, 10))
    return next((each for each in shortest if struct.pack("<f", each) == single), value)


def rope_factors(path: Path, header: Header) -> tuple[float, ...]:
    """The divisors of the rotation's frequencies, a short list of numbers beside the weights.

    CheckpointError, without the file's name, for one that is damaged; () where there is none.
    """
    info = header.tensors.get(ROPE_FACTORS)
    if info is None:
        return ()
    if info.type != "F32" or len(info.shape) != 1 or info.shape[0] > _MOST_FACTORS:
        raise damaged(f"its tensor “{ROPE_FACTORS}” is no short list of numbers")
    with readable(path), path.open("rb") as file:
        file.seek(info.offset)
        factors = struct.unpack(f"<{info.shape[0]}f", file.read(info.size))
    if not all(0 < each < math.inf for each in factors):
        raise damaged(f"its tensor “{ROPE_FACTORS}” holds numbers that are not above 0")
    return factors
