"""The tiny random checkpoints, made by transformers itself, each once a session.

Every number that is saved is drawn anew: a norm that is all 1 or a bias that is all 0, as they
are at the start of training, would hide that it was read from the wrong place or not at all.
"""

import json
import shutil
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from parity import decoder_variants, encoder_variants, expert_variants
from parity.chatglm_layout import chatglm_config, chatglm_tensors
from parity.variants import SEEDS, Variant
from safetensors.torch import load_file, save_file
from torch import Tensor

VARIANTS: dict[str, Variant] = {
    **decoder_variants.VARIANTS,
    **expert_variants.VARIANTS,
    **encoder_variants.VARIANTS,
}
FAMILIES = sorted({variant.family for variant in VARIANTS.values()})
WEIGHTS = "model.safetensors"
_AUTO = {
    "decoder": transformers.AutoModelForCausalLM,
    "encoder": transformers.AutoModelForMaskedLM,
    "encoder-decoder": transformers.AutoModelForSeq2SeqLM,
}
_EAGER: dict[str, Any] = {"attn_implementation": "eager", "experts_implementation": "eager"}


@cache
def scratch() -> Path:
    """A folder of this process, gone at its end."""
    folder = tempfile.TemporaryDirectory(prefix="parity-")
    _KEPT.append(folder)
    return Path(folder.name)


_KEPT: list[Any] = []


def family_variants(family: str) -> list[str]:
    """The names of a family's variants, the one that switches most on first."""
    return [name for name, variant in VARIANTS.items() if variant.family == family]


def config_class(variant: Variant) -> Any:
    """transformers' class for the variant's configuration."""
    return transformers.CONFIG_MAPPING[variant.model_type]


def auto_class(variant: Variant) -> Any:
    """transformers' class for what the variant computes."""
    if variant.headless:
        return transformers.AutoModel
    if variant.family == "gemma3":
        return transformers.AutoModelForImageTextToText
    return _AUTO[variant.kind]


def build(variant: Variant, config: Any) -> Any:
    """transformers' model of a configuration, with the plain kernels and first values."""
    model = auto_class(variant).from_config(config, **_EAGER).eval()
    if variant.untied:
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    return model


@cache
def reference_model(name: str) -> Any:
    """transformers' model with the variant's weights."""
    variant = VARIANTS[name]
    # a copy, because transformers moves fields about within what it is given
    model = build(variant, config_class(variant)(**json.loads(json.dumps(variant.config))))
    redraw(model, zlib.crc32(name.encode()) + SEEDS.get(name, 0))
    return model


@torch.no_grad()
def redraw(model: Any, seed: int) -> None:
    """Give all that is saved a random value, so that logits are a few units apart."""
    drawn: set[int] = set()
    for key, tensor in sorted(model.state_dict().items(), key=lambda item: "lm_head" in item[0]):
        fixed = "embed_positions" in key and model.config.model_type == "marian"
        if fixed or tensor.data_ptr() in drawn or not tensor.is_floating_point():
            continue
        drawn.add(tensor.data_ptr())  # a tied matrix goes by its first name
        mean, deviation = _distribution(model.config.model_type, key, tensor)
        own = torch.Generator().manual_seed(zlib.crc32(key.encode()) + seed)
        tensor.copy_(torch.randn(tensor.shape, generator=own) * deviation + mean)


def _distribution(model_type: str, key: str, tensor: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of a tensor's new values.

    Chosen so that a model does not say one word for ever: what depends on the input must not
    drown in biases, in what all tokens attend to alike, nor in the embedding that the output is
    tied to.
    """
    if tensor.dim() < 2 or tensor.shape[0] == 1:  # norms, biases, sinks, corrections
        if key.endswith("bias") or not ("norm" in key.lower() or ".ln_" in key):
            return 0.0, 0.1 if model_type in _POST_NORM else 0.3
        mean = 0.8 if model_type in _PLUS_ONE else 1.5
        return (mean if "q_norm" in key or "k_norm" in key else mean - 0.8), 0.3
    return 0.0, _deviation(model_type, key)


def _deviation(model_type: str, key: str) -> float:
    """Standard deviation of a matrix; a product with 64 of them is that times 8."""
    if any(part in key for part in ("embed", "shared.", "wte", "wpe", "lm_head")):
        shared = any(part in key for part in ("embed_tokens", "shared."))
        return _EMBEDDINGS.get(model_type, 0.5) if shared else 0.5
    if model_type in _POST_NORM:
        return 0.25 if "q_proj" in key or "k_proj" in key else 0.07 if "out" in key else 0.3
    if model_type == "t5" and key.endswith((".q.weight", ".k.weight")):
        return 0.1  # its attention divides by nothing
    return 0.2


_POST_NORM = ("bart", "marian")
_PLUS_ONE = ("gemma", "gemma2", "gemma3", "gemma3_text")
# Embeddings that are scaled up, or taken up by every norm, or both.
_EMBEDDINGS = {**dict.fromkeys(_POST_NORM, 0.2), **dict.fromkeys(_PLUS_ONE, 0.1)}


@cache
def checkpoint(name: str) -> Path:
    """The variant's directory, in one safetensors file, as transformers saves it."""
    variant, folder = VARIANTS[name], scratch() / name
    if variant.family == "chatglm":
        return _chatglm(name, folder)
    reference_model(name).save_pretrained(folder)
    return folder


def _chatglm(name: str, folder: Path) -> Path:
    """The weights and configuration of a GLM under the names of ChatGLM 2 and 3."""
    glm = scratch() / f"{name}-as-glm"
    reference_model(name).save_pretrained(glm)
    folder.mkdir()
    config = chatglm_config(config_of(glm))
    (folder / "config.json").write_text(json.dumps(config))
    save_file(chatglm_tensors(load_file(glm / WEIGHTS)), folder / WEIGHTS, {"format": "pt"})
    return folder


def config_of(folder: Path) -> dict[str, Any]:
    """Its config.json."""
    return json.loads((folder / "config.json").read_text())


def with_config(folder: Path, config: dict[str, Any], target: Path) -> Path:
    """The same weights beside another config.json."""
    target.mkdir(parents=True)
    for file in folder.glob("*model*"):
        (target / file.name).symlink_to(file)
    (target / "config.json").write_text(json.dumps(config))
    return target


def with_tensors(
    folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]], target: Path
) -> Path:
    """The same config.json beside changed weights."""
    target.mkdir(parents=True)
    shutil.copy(folder / "config.json", target)
    tensors = {name: t.contiguous() for name, t in change(load_file(folder / WEIGHTS)).items()}
    save_file(tensors, target / WEIGHTS, {"format": "pt"})
    return target
