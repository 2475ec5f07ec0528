"""What transformers computes on a checkpoint: the numbers to compare with, each computed once."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from parity.checkpoints import VARIANTS, reference_model
from parity.variants import Variant
from torch import Tensor

LENGTH, DECODER_LENGTH, PADDING, NEW_TOKENS = 20, 12, 7, 12
SIDES = ("left", "right")
_BLOCKS = ("model.layers", "transformer.h", "gpt_neox.layers", "bert.encoder.layer")
_BLOCKS += ("encoder.layer", "decoder.block", "model.decoder.layers", "model.language_model.layers")
_ENCODER_BLOCKS = ("encoder.block", "model.encoder.layers")


@dataclass(frozen=True)
class Inputs:
    """What a model is run on. Two rows: where there is padding, the first one has it.

    Attributes:
        ids: [2, T]; mask: [2, T] or None; types: BERT's token types [2, T] or None.
        decoder_ids: what an encoder–decoder's decoder reads [2, Td], or None.
    """

    ids: Tensor
    mask: Tensor | None = None
    types: Tensor | None = None
    decoder_ids: Tensor | None = None

    def ours(self) -> dict[str, Any]:
        """As the arguments of our model."""
        found = {
            "ids": self.ids,
            "attention_mask": self.mask,
            "token_type_ids": self.types,
            "decoder_ids": self.decoder_ids,
        }
        return {name: value for name, value in found.items() if value is not None}

    def theirs(self, kind: str) -> dict[str, Any]:
        """As the arguments of transformers' model.

        A decoder's positions count the real tokens, as they do in `generate`; in an encoder a
        token's position is where it stands.
        """
        found = {
            "input_ids": self.ids,
            "attention_mask": self.mask,
            "token_type_ids": self.types,
            "decoder_input_ids": self.decoder_ids,
        }
        if self.mask is not None and kind == "decoder":
            found["position_ids"] = (self.mask.cumsum(-1) - 1).clamp(min=0)
        return {name: value for name, value in found.items() if value is not None}

    def real(self, logits: Tensor) -> Tensor:
        """Logits (or hidden states) [2, T, …] at the real tokens only, in one row each."""
        if self.mask is None or logits.shape[1] != self.mask.shape[1]:
            return logits.flatten(0, 1)
        return logits[self.mask.bool()]


@dataclass(frozen=True)
class Layer:
    """One block: the residual stream [2, T, D] before and after it, and its attention weights.

    Attributes:
        attention, cross_attention: [2, H, T, S]; cross_attention is None without an encoder.
        router: (logits [2, T, E], weights [2, T, E] with 0 where not chosen); None when dense.
    """

    residual_in: Tensor
    residual_out: Tensor
    attention: Tensor
    cross_attention: Tensor | None
    router: tuple[Tensor, Tensor] | None


@dataclass(frozen=True)
class Outputs:
    """One forward pass of transformers' model.

    Attributes:
        logits: [2, T, V]; the hidden states [2, T, D] of an encoder without a head.
        final: the hidden states [2, T, D] after the last norm.
        layers: the decoder's blocks, or those of the only stack.
        encoder_layers: an encoder–decoder's encoder.
    """

    logits: Tensor
    final: Tensor
    layers: list[Layer]
    encoder_layers: list[Layer]


@dataclass(frozen=True)
class Greedy:
    """Greedy decoding by transformers, with its cache.

    Attributes:
        ids: [2, T + new], or the decoder's [2, 1 + new].
        logits: what each new token was chosen by [2, new, V].
    """

    ids: Tensor
    logits: Tensor

    @property
    def margin(self) -> float:
        """By how much the closest of all choices was won."""
        best = self.logits.topk(2, dim=-1).values
        return float((best[..., 0] - best[..., 1]).min())


def inputs(variant: Variant, side: str = "", seed: int = 2) -> Inputs:
    """Random inputs, padded on the given side; tokens below 3 are special and left out."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int, length: int) -> Tensor:
        return torch.randint(low, high, (2, length), generator=generator)

    given = Inputs(draw(3, 225, LENGTH))
    if side:
        mask = torch.ones_like(given.ids)
        mask[0, slice(0, PADDING) if side == "left" else slice(-PADDING, None)] = 0
        given = dataclasses.replace(given, mask=mask)
    if variant.kind == "encoder":
        given = dataclasses.replace(given, types=draw(0, variant.config["type_vocab_size"], LENGTH))
    if variant.kind == "encoder-decoder":
        decoder_ids = draw(3, 225, DECODER_LENGTH)
        decoder_ids[:, 0] = variant.config["decoder_start_token_id"]
        given = dataclasses.replace(given, decoder_ids=decoder_ids)
    return given


@cache
def outputs(name: str, side: str = "") -> Outputs:
    """The reference for `inputs(variant, side)`."""
    return run(reference_model(name), VARIANTS[name], inputs(VARIANTS[name], side))


@torch.inference_mode()
def run(model: Any, variant: Variant, given: Inputs) -> Outputs:
    """One forward pass, watched."""
    _settle(model)
    with _watched(model, _BLOCKS) as blocks, _watched(model, _ENCODER_BLOCKS) as encoder_blocks:
        watch = {"output_attentions": True, "output_hidden_states": True, "use_cache": False}
        found = model(**given.theirs(variant.kind), **watch)
    if variant.kind != "encoder-decoder":
        layers = _layers(blocks, found.attentions)
        return Outputs(_logits(found), found.hidden_states[-1], layers, [])
    return Outputs(
        found.logits,
        found.decoder_hidden_states[-1],
        _layers(blocks, found.decoder_attentions, found.cross_attentions),
        _layers(encoder_blocks, found.encoder_attentions),
    )


@torch.inference_mode()
def logits(model: Any, variant: Variant, given: Inputs) -> Tensor:
    """The logits alone [2, T, V]; hidden states [2, T, D] where there is no head."""
    _settle(model)
    return _logits(model(**given.theirs(variant.kind), use_cache=False))


def _logits(found: Any) -> Tensor:
    return found.logits if "logits" in found else found.last_hidden_state


@cache
def greedy(name: str, side: str = "") -> Greedy:
    """What transformers' `generate` appends to `inputs(variant, side)`."""
    return decode(reference_model(name), VARIANTS[name], inputs(VARIANTS[name], side))


@torch.inference_mode()
def decode(model: Any, variant: Variant, given: Inputs, new: int = NEW_TOKENS) -> Greedy:
    """Greedy decoding of so many tokens, whatever they are."""
    _settle(model)
    found = model.generate(
        given.ids,
        attention_mask=torch.ones_like(given.ids) if given.mask is None else given.mask,
        max_new_tokens=new,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=variant.config.get("pad_token_id", 0),
        output_logits=True,
        return_dict_in_generate=True,
    )
    return Greedy(found.sequences, torch.stack(found.logits, dim=1))


def _settle(model: Any) -> None:
    """Run on one token: dynamic RoPE else keeps the base of the longest text it has seen."""
    parameters = getattr(model.config, "rope_parameters", None) or {}
    if parameters.get("rope_type") == "dynamic":
        with torch.inference_mode():
            model(torch.tensor([[3]]), use_cache=False)


@contextmanager
def _watched(model: Any, paths: tuple[str, ...]) -> Iterator[list[dict[str, Any]]]:
    """Keep each block's input and output and its router's word while it runs."""
    blocks = next((found for path in paths if (found := _at(model, path)) is not None), ())
    seen: list[dict[str, Any]] = []
    handles = []
    for i, block in enumerate(blocks):
        seen.append({})
        handles.append(block.register_forward_hook(_keep_block(seen[i]), with_kwargs=True))
        handles += [
            module.register_forward_hook(_keep_router(seen[i]))
            for module in block.modules()
            if type(module).__name__.endswith("Router")
        ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _at(model: Any, path: str) -> Any:
    for part in path.split("."):
        model = getattr(model, part, None)
    return model


def _keep_block(seen: dict[str, Any]) -> Any:
    def keep(_: Any, args: Any, kwargs: Any, output: Any) -> None:
        seen["in"] = args[0] if args else kwargs["hidden_states"]
        seen["out"] = output[0] if isinstance(output, tuple) else output

    return keep


def _keep_router(seen: dict[str, Any]) -> Any:
    def keep(_: Any, args: Any, output: Any) -> None:
        logits, weights, chosen = output
        empty = torch.zeros_like(logits, dtype=weights.dtype)
        seen["router"] = logits, empty.scatter(-1, chosen, weights)

    return keep


def _layers(
    seen: list[dict[str, Any]],
    attentions: tuple[Tensor, ...],
    cross_attentions: tuple[Tensor, ...] | None = None,
) -> list[Layer]:
    assert len(seen) == len(attentions)
    layers = []
    for i, block in enumerate(seen):
        shape = block["in"].shape[:2]
        router = block.get("router")
        layers.append(
            Layer(
                residual_in=block["in"],
                residual_out=block["out"],
                attention=attentions[i],
                cross_attention=cross_attentions[i] if cross_attentions else None,
                router=router and tuple(part.unflatten(0, shape) for part in router),
            )
        )
    return layers
