"""The residual stream: what every layer added, and how gradients come back through it.

Y = x + F(x), so dY/dx = 1 + dF/dx: the gradient has a way back past every module (He et al. 2016,
“Identity Mappings in Deep Residual Networks”). To see what that way is worth, the gradient of one
log-probability is carried back through the blocks twice, by vector–Jacobian products: once as the
model is, and once with every such 1 left out, at the same vectors.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from tfcli.explain.precision import at, blocks, optional, unembed, working_dtype
from tfcli.explain.result import Gradients, Residual, ResidualRow
from tfcli.explain.text.labels import label
from tfcli.model.block import Block, Surroundings
from tfcli.model.stack import Memory
from tfcli.model.trace import LayerTrace, Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

AnyModule = TypeVar("AnyModule", bound=torch.nn.Module)


def residual_stream(
    model: Transformer,
    trace: Trace,
    position: int,
    answer: int | None,
    tokenizer: "Tokenizer | None" = None,
) -> Residual:
    """A row a layer: norms and cosines at the position, and gradients at the layer's input.

    Args:
        answer: whose log-probability at the position the gradients are of; None leaves them out.
    """
    found = [None] * (len(trace.layers) + 1)
    if answer is not None:
        found = gradients(model, trace, position, answer)
    last = at(trace.layers[-1].residual_out, position)
    return Residual(
        position=position,
        answer_id=answer,
        answer_label=None if answer is None else label(tokenizer, answer),
        rows=tuple(
            _row(i, layer, position, last, found[i]) for i, layer in enumerate(trace.layers)
        ),
        end=found[-1],
    )


def gradients(model: Transformer, trace: Trace, position: int, answer: int) -> list[Gradients]:
    """∂ log p(answer) / ∂x at every layer's input and after the last: norms, with and without.

    With: the gradient of the model, as training would have it. Without: from the same gradient at
    the end, each module passes back J_F alone instead of 1 + J_F; in parallel blocks the sum of
    both modules' J_F; where a norm stands on the sum, Y = norm(x + F(x)), the norm's Jacobian at
    x + F(x) times J_F. One block's graph is held at a time, and no gradient is left behind. What
    an encoder gave a decoder is held fixed, for it does not depend on the decoder's stream.
    """
    # tensors of an inference run cannot be differentiated through: each is copied when it is needed
    count = position + 1 if model.config.causal else trace.ids.shape[1]  # behind, all of it is 0
    with torch.inference_mode(False), torch.enable_grad():
        around = _surroundings(model, trace, count)
        whole = _end_gradient(model, trace, position, answer)[:, :count]  # [1, n, D]
        parts = whole
        found = [_norms(whole, parts, position)]
        for i in reversed(range(len(trace.layers))):
            whole, parts = carried_back(
                _wide(blocks(model)[i]),
                _usable(trace.layers[i].residual_in[:, :count]),
                around(i),
                whole,
                parts,
            )
            found.append(_norms(whole, parts, position))
    return found[::-1]


def carried_back(
    block: Block, x: Tensor, around: Surroundings, whole: Tensor, parts: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients at a block's output, carried back to its input x [1, T, D].

    Args:
        whole: the gradient that passes as it does in the model.
        parts: the one that passes through the modules only.
    """
    x = x.requires_grad_()
    y, layer = block(x, around, tracing=True)
    assert layer is not None
    (back,) = torch.autograd.grad(y, x, whole, retain_graph=True)
    return back, _through_modules(block, x, y, layer, parts)


def _through_modules(
    block: Block, x: Tensor, y: Tensor, layer: LayerTrace, gradient: Tensor
) -> Tensor:
    """A gradient at y carried back to x with every “x +” of the block left out.

    On the way from a sum to what a module added there is at most a norm, so that derivative is
    the norm's (or 1), and the one from there to what the module read is J_F.
    """

    def back(outputs: Sequence[Tensor], inputs: Tensor, passed: Sequence[Tensor]) -> Tensor:
        return torch.autograd.grad(outputs, inputs, passed, retain_graph=True)[0]

    at_feed_forward = back([y], layer.feed_forward_delta, [gradient])
    if block.parallel:
        at_attention = back([y], layer.attention_delta, [gradient])
        both = [layer.attention_delta, layer.feed_forward_delta]
        return back(both, x, [at_attention, at_feed_forward])
    gradient = back([layer.feed_forward_delta], layer.residual_mid, [at_feed_forward])
    middle = layer.residual_mid
    if layer.residual_cross is not None and layer.cross_attention_delta is not None:
        at_cross = back([middle], layer.cross_attention_delta, [gradient])
        middle = layer.residual_cross
        gradient = back([layer.cross_attention_delta], middle, [at_cross])
    at_attention = back([middle], layer.attention_delta, [gradient])
    return back([layer.attention_delta], x, [at_attention])


def _end_gradient(model: Transformer, trace: Trace, position: int, answer: int) -> Tensor:
    """∂ log p(answer) / ∂x after the last block [1, T, D]: 0 but at the position."""
    stream = _usable(trace.layers[-1].residual_out)
    x = stream[0, position : position + 1].requires_grad_()  # [1, D]
    norm = model.final_norm
    normed = x if norm is None else _wide(norm)(x)
    log_p = torch.log_softmax(unembed(model, normed), dim=-1)[0, answer]
    (gradient,) = torch.autograd.grad(log_p, x)
    whole = torch.zeros_like(stream)
    whole[0, position] = gradient[0]
    return whole


def _surroundings(model: Transformer, trace: Trace, count: int) -> Callable[[int], Surroundings]:
    """What each block needs besides the stream of the first tokens, in the dtype of measures."""
    encoder = trace.encoder
    memory = None
    if encoder is not None:
        memory = Memory(encoder.final_norm_out, encoder.attention_mask)
    padded = trace.attention_mask
    padded = padded if padded is None else padded[:, :count]
    around = model.surroundings(trace.ids[:, :count], padded, memory)

    def wide(layer: int) -> Surroundings:
        found = around(layer)
        rotary = found.rotary
        return Surroundings(
            rotary=None if rotary is None else (_usable(rotary[0]), _usable(rotary[1])),
            mask=None if found.mask is None else _usable(found.mask),
            memory=None if found.memory is None else _usable(found.memory),
            memory_mask=None if found.memory_mask is None else _usable(found.memory_mask),
        )

    return wide


def _usable(vectors: Tensor) -> Tensor:
    """A copy in the dtype of measures that a gradient can be taken through."""
    return vectors.detach().to(working_dtype(vectors.dtype), copy=True)


def _wide(module: AnyModule) -> AnyModule:
    """The module in the dtype of measures; itself where it is in it."""
    dtype = next(module.parameters()).dtype
    wide = working_dtype(dtype)
    return module if dtype == wide else deepcopy(module).to(wide)


def _norms(whole: Tensor, parts: Tensor, position: int) -> Gradients:
    return Gradients(
        here=float(whole[0, position].norm()),
        everywhere=float(whole.norm()),
        here_without=float(parts[0, position].norm()),
        everywhere_without=float(parts.norm()),
    )


def _row(
    i: int, layer: LayerTrace, position: int, last: Tensor, found: Gradients | None
) -> ResidualRow:
    before, after = at(layer.residual_in, position), at(layer.residual_out, position)
    crossed = layer.cross_attention_delta
    return ResidualRow(
        layer=i,
        residual_in=float(before.norm()),
        attention=float(at(layer.attention_delta, position).norm()),
        cross_attention=None if crossed is None else float(at(crossed, position).norm()),
        feed_forward=float(at(layer.feed_forward_delta, position).norm()),
        residual_out=float(after.norm()),
        cosine=_cosine(before, after),
        cosine_to_end=_cosine(after, last),
        gradients=found,
    )


def _cosine(a: Tensor, b: Tensor) -> float | None:
    return optional(float(F.cosine_similarity(a, b, dim=0, eps=0.0)))
