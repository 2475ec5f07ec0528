"""The training objective: next-token cross-entropy that never holds all logits at once."""

import torch
from torch import Tensor
from torch.autograd import Function

from tfcli.model.transformer import Transformer
from tfcli.train.examples import Batch

CHUNK_ELEMENTS = 2 * 2**20  # logits held at a time; 8 MiB in float32


def batch_loss(model: Transformer, batch: Batch, autocast: torch.dtype | None) -> Tensor:
    """Mean cross-entropy of the model's logits against the batch's targets, in nats.

    Args:
        autocast: element type of the matrix products; None for the weights' own.
    """
    head, device = model.head, batch.ids.device.type
    assert head is not None, "a model without an output matrix cannot be trained"
    with torch.autocast(device, autocast, enabled=autocast is not None):
        memory = None if batch.encoder_ids is None else model.encode(batch.encoder_ids)
        hidden = model.head_input(model.hidden(batch.ids, memory=memory))  # [B, T, D]
    return linear_cross_entropy(
        hidden.flatten(0, 1),
        head.weight,
        batch.targets.flatten(),
        autocast,
        bias=head.bias,
        softcap=model.config.logit_softcap,
    )


def linear_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    compute_dtype: torch.dtype | None = None,
    *,
    bias: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """Mean cross-entropy of softmax(hidden · weightᵀ + bias) against the targets, in nats.

    Equals F.cross_entropy(hidden @ weight.T + bias, targets), and so do its gradients, but the
    logits [N, V] exist only a slice of rows at a time: their gradient is computed in the forward
    pass, slice by slice, and multiplied into hidden and weight at once.

    Args:
        hidden: what the output matrix reads [N, D].
        weight: the output matrix [V, D].
        targets: token ids [N].
        compute_dtype: element type of the matrix products; None keeps hidden's.
        bias: the output matrix's [V].
        softcap: c of logits that become c·tanh(logits / c).

    Returns:
        a float32 scalar (float64 for float64 input).
    """
    if not torch.is_grad_enabled():  # inside the function it never is, so it cannot ask there
        hidden, weight = hidden.detach(), weight.detach()
        bias = None if bias is None else bias.detach()
    dtype = compute_dtype or hidden.dtype
    return _LinearCrossEntropy.apply(hidden, weight, bias, targets, dtype, softcap)  # pyright: ignore[reportReturnType]


class _LinearCrossEntropy(Function):
    @staticmethod
    def forward(
        ctx,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        dtype: torch.dtype,
        softcap: float | None,
    ) -> Tensor:
        n, vocab = hidden.shape[0], weight.shape[0]
        rows = max(1, CHUNK_ELEMENTS // vocab)
        exact = torch.float64 if hidden.dtype == torch.float64 else torch.float32
        w = weight.to(dtype)
        needs_gradient = any(t is not None and t.requires_grad for t in (hidden, weight, bias))
        gradients = _Gradients(hidden, weight, bias, exact) if needs_gradient else None
        total = torch.zeros((), dtype=exact, device=hidden.device)
        for start in range(0, n, rows):
            here = slice(start, start + rows)
            h = hidden[here].to(dtype)  # [R, D]
            t = targets[here, None]  # [R, 1]
            logits = (h @ w.T).to(exact)  # [R, V]
            if bias is not None:
                logits += bias
            if softcap is not None:
                logits = softcap * torch.tanh(logits / softcap)
            if gradients is None:
                total -= torch.log_softmax(logits, dim=-1).gather(1, t).sum()
                continue
            p, log_p_t = _probabilities(logits, t, rounded=dtype != exact)
            total -= log_p_t.sum()
            # d(-log p_t)/d logits = p - onehot(t); 1/n comes last, to the smaller tensors
            grad = p.scatter_add_(1, t, t.new_full(t.shape, -1, dtype=exact))
            if softcap is not None:
                grad *= 1 - (logits / softcap).square()
            gradients.add(here, grad, h, w)
        if gradients is not None:
            ctx.save_for_backward(*gradients.mean(n))
        return total / n

    @staticmethod
    def backward(ctx, grad_loss: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        scaled = (None if g is None else g * grad_loss.to(g.dtype) for g in ctx.saved_tensors)
        return (*scaled, None, None, None)


class _Gradients:
    """Sums of the gradients of hidden, weight and bias, slice of rows by slice."""

    def __init__(
        self, hidden: Tensor, weight: Tensor, bias: Tensor | None, exact: torch.dtype
    ) -> None:
        self._types = weight.dtype, None if bias is None else bias.dtype
        self._hidden = torch.empty_like(hidden)
        self._weight = torch.zeros_like(weight, dtype=exact)
        self._bias = None if bias is None else torch.zeros_like(bias, dtype=exact)

    def add(self, here: slice, grad: Tensor, h: Tensor, w: Tensor) -> None:
        """Add what the logits' gradient [R, V] of these rows makes, h [R, D] times w [V, D]."""
        if self._bias is not None:
            self._bias += grad.sum(0)
        grad = grad.to(w.dtype)
        self._hidden[here] = grad @ w
        self._weight += grad.T @ h

    def mean(self, n: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """The gradients, divided by the number of rows."""
        bias = self._bias
        return (
            self._hidden.div_(n),
            self._weight.div_(n).to(self._types[0]),
            None if bias is None else bias.div_(n).to(self._types[1]),
        )


def _probabilities(logits: Tensor, targets: Tensor, rounded: bool) -> tuple[Tensor, Tensor]:
    """softmax(logits) [R, V] and the log of the targets' [R, 1].

    Logits that were `rounded` to 16 bits do not need the log taken before the exponential, which
    costs a second one; a probability below float32's smallest, 87 nats, then counts as that.
    """
    if not rounded:
        log_p = torch.log_softmax(logits, dim=-1)
        return log_p.exp(), log_p.gather(1, targets)
    p = torch.softmax(logits, dim=-1)
    return p, p.gather(1, targets).clamp_min(torch.finfo(p.dtype).tiny).log()
