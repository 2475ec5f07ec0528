"""How vectors pass to the end: every norm on the way, linear once its σ is held.

A norm is y = w·(x - mean x)/σ + b (RMSNorm: no mean, no b). With σ fixed at the value that it had
on the whole x, it is linear, so what a part of x becomes behind the norm can be computed for the
part alone (Elhage et al. 2021), wherever the norm stands: on the embeddings, on what a module
gives, on the sum, or before the output. `FrozenNorm.forward` carries a part on; `back` carries a
direction the other way, so that ⟨part, back(d)⟩ = ⟨forward(part), d⟩ - ⟨b, d⟩.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from tfcli.explain.precision import at, blocks
from tfcli.model.block import Block
from tfcli.model.norm import Norm, RMSNorm
from tfcli.model.stack import Stack
from tfcli.model.trace import LayerTrace, StackTrace
from tfcli.model.transformer import Transformer


@dataclass(frozen=True, eq=False)
class FrozenNorm:
    """A norm at one position; with no norm there, everything passes unchanged.

    Attributes:
        norm: the module, or None.
        scale: its σ [1], or None.
    """

    norm: Norm | None
    scale: Tensor | None

    def forward(self, part: Tensor) -> Tensor:
        """What parts [..., D] of the norm's input become; the bias is not among it."""
        if self.norm is None or self.scale is None:
            return part
        return self.norm.apply_frozen(part, self.scale)

    def back(self, direction: Tensor) -> Tensor:
        """The direction [..., D] in the norm's input that `direction` in its output stands for."""
        if self.norm is None or self.scale is None:
            return direction
        if isinstance(self.norm, RMSNorm):
            return direction * self.norm.multiplier(direction.dtype) / self.scale
        turned = direction * self.norm.weight.to(direction.dtype) / self.scale
        return turned - turned.mean(-1, keepdim=True)

    def bias(self, like: Tensor) -> Tensor | None:
        """What the norm adds by itself [D], in the dtype of `like`."""
        bias = None if self.norm is None else self.norm.bias
        return None if bias is None else bias.to(like.dtype)


def frozen(norm: nn.Module | None, x: Tensor) -> FrozenNorm:
    """The norm with its σ at the vector x [D], its input."""
    if norm is None:
        return FrozenNorm(None, None)
    known = cast("Norm", norm)
    return FrozenNorm(known, known.scale(x))


@dataclass(frozen=True, eq=False)
class Passage:
    """One module's way into the residual stream at one position.

    Attributes:
        kind: "attention", "cross-attention" or "feed-forward".
        before: the residual stream that it is added to [D].
        output: what the module gave [D].
        branch: the norm on that.
        delta: what was added [D].
        post: the norm on the sum.
    """

    kind: str
    before: Tensor
    output: Tensor
    branch: FrozenNorm
    delta: Tensor
    post: FrozenNorm


def passages(block: Block, layer: LayerTrace, position: int) -> list[Passage]:
    """The modules of a block, in the order in which they are added."""
    found = [
        _passage(
            "attention",
            at(layer.residual_in, position),
            at(layer.attention.output, position),
            at(layer.attention_delta, position),
            (block.attention_branch_norm, block.attention_post_norm),
        )
    ]
    crossed = layer.cross_attention
    if crossed is not None and layer.residual_cross is not None:
        assert layer.cross_attention_delta is not None
        found.append(
            _passage(
                "cross-attention",
                at(layer.residual_cross, position),
                at(crossed.output, position),
                at(layer.cross_attention_delta, position),
                (block.cross_branch_norm, block.cross_post_norm),
            )
        )
    found.append(
        _passage(
            "feed-forward",
            at(layer.residual_mid, position),
            at(layer.feed_forward.output, position),
            at(layer.feed_forward_delta, position),
            (block.feed_forward_branch_norm, block.feed_forward_post_norm),
        )
    )
    return found


def embedding_parts(trace: StackTrace, position: int) -> dict[str, Tensor]:
    """What is added up before the first block: [D] each, by name."""
    parts = {
        "embedding": trace.token_embedding,
        "position": trace.position_embedding,
        "segment": trace.type_embedding,
    }
    return {name: at(part, position) for name, part in parts.items() if part is not None}


def embedding_norm(stack: Stack, trace: StackTrace, position: int) -> FrozenNorm:
    """The norm on the sum of the embeddings."""
    parts = list(embedding_parts(trace, position).values())
    return frozen(stack.embedding_norm, torch.stack(parts).sum(0))


def last_norm(model: Transformer, trace: StackTrace, position: int) -> FrozenNorm:
    """The norm before the output."""
    return frozen(model.final_norm, at(trace.layers[-1].residual_out, position))


def residual_sum(stack: Stack, trace: StackTrace, position: int) -> Tensor:
    """Embedding and what every module gave, carried through every norm on the way [D].

    It is the last residual stream, as far as rounding goes.
    """
    norm = embedding_norm(stack, trace, position)
    total = norm.forward(torch.stack(list(embedding_parts(trace, position).values())).sum(0))
    total = _with(total, norm)
    for block, layer in zip(blocks(stack), trace.layers, strict=True):
        for passage in passages(block, layer, position):
            added = _with(passage.branch.forward(passage.output), passage.branch)
            total = _with(passage.post.forward(total + added), passage.post)
    return total


@dataclass(frozen=True, eq=False)
class Directions:
    """A direction at the end, carried back to every place where something is added.

    Attributes:
        embedding: in the sum of the embeddings [D].
        modules: by layer and kind, in what the module gave [D], before a norm on it.
        added: by layer and kind, in what was added [D].
        bias: what all norms' biases on the way add to the number at the end.
    """

    embedding: Tensor
    modules: tuple[dict[str, Tensor], ...]
    added: tuple[dict[str, Tensor], ...]
    bias: float


def directions(
    model: Transformer, trace: StackTrace, position: int, direction: Tensor
) -> Directions:
    """Carry a direction [D] of what the head reads back through all norms."""
    last = last_norm(model, trace, position)
    found = carried_back(model, trace, position, last.back(direction))
    return replace(found, bias=found.bias + _dot(last.bias(direction), direction))


def carried_back(stack: Stack, trace: StackTrace, position: int, direction: Tensor) -> Directions:
    """Carry a direction [D] of the last residual stream, before the final norm, back likewise.

    ⟨residual, direction⟩ is what the embedding, all that was added, and the norms' biases have
    along theirs.
    """
    g, bias = direction, 0.0
    modules: list[dict[str, Tensor]] = []
    added: list[dict[str, Tensor]] = []
    layers: Sequence[tuple[Block, LayerTrace]] = list(zip(blocks(stack), trace.layers, strict=True))
    for block, layer in reversed(layers):
        inner: dict[str, Tensor] = {}
        outer: dict[str, Tensor] = {}
        for passage in reversed(passages(block, layer, position)):
            bias += _dot(passage.post.bias(g), g)
            g = passage.post.back(g)
            outer[passage.kind] = g
            inner[passage.kind] = passage.branch.back(g)
        modules.append(inner)
        added.append(outer)
    norm = embedding_norm(stack, trace, position)
    bias += _dot(norm.bias(g), g)
    return Directions(norm.back(g), tuple(reversed(modules)), tuple(reversed(added)), bias)


def to_the_end(
    model: Transformer, trace: StackTrace, position: int, layer: int, parts: Tensor
) -> Tensor:
    """What parts [n, D] of what a layer's feed-forward module gave become behind the last norm.

    As `directions`, the other way: ⟨row, to_the_end(part)⟩ = ⟨back(row), part⟩; the norms' biases
    are not among it.
    """
    layers: Sequence[tuple[Block, LayerTrace]] = list(zip(blocks(model), trace.layers, strict=True))
    own = passages(*layers[layer], position)[-1]
    parts = own.post.forward(own.branch.forward(parts))
    for block, ran in layers[layer + 1 :]:
        for passage in passages(block, ran, position):
            parts = passage.post.forward(parts)
    return last_norm(model, trace, position).forward(parts)


def _passage(
    kind: str,
    before: Tensor,
    output: Tensor,
    delta: Tensor,
    norms: tuple[nn.Module | None, nn.Module | None],
) -> Passage:
    branch, post = norms
    return Passage(
        kind, before, output, frozen(branch, output), delta, frozen(post, before + delta)
    )


def _with(x: Tensor, norm: FrozenNorm) -> Tensor:
    bias = norm.bias(x)
    return x if bias is None else x + bias


def _dot(a: Tensor | None, b: Tensor) -> float:
    return 0.0 if a is None else float(a @ b)
