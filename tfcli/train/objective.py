"""The training objective: next-token cross-entropy that never holds all logits at once."""

import torch
from torch import Tensor
from torch.autograd import Function

CHUNK_ELEMENTS = 2 * 2**20  # logits held at a time; 8 MiB in float32


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, compute_dtype: torch.dtype | None = None
) -> Tensor:
    """Mean cross-entropy of softmax(hidden · weightᵀ) against the targets, in nats.

    Equals F.cross_entropy(hidden @ weight.T, targets), and so do its gradients, but the logits
    [N, V] exist only a slice of rows at a time: their gradient is computed in the forward pass,
    slice by slice, and multiplied into hidden and weight at once.

    Args:
        hidden: the final normed residual stream [N, D].
        weight: the output matrix [V, D].
        targets: token ids [N].
        compute_dtype: element type of the matrix products; None keeps hidden's.

    Returns:
        a float32 scalar (float64 for float64 input).
    """
    if not torch.is_grad_enabled():  # inside the function it never is, so it cannot ask there
        hidden, weight = hidden.detach(), weight.detach()
    return _LinearCrossEntropy.apply(hidden, weight, targets, compute_dtype or hidden.dtype)  # pyright: ignore[reportReturnType]


class _LinearCrossEntropy(Function):
    @staticmethod
    def forward(ctx, hidden: Tensor, weight: Tensor, targets: Tensor, dtype: torch.dtype) -> Tensor:
        n, vocab = hidden.shape[0], weight.shape[0]
        rows = max(1, CHUNK_ELEMENTS // vocab)
        exact = torch.float64 if hidden.dtype == torch.float64 else torch.float32
        w = weight.to(dtype)
        needs_gradient = hidden.requires_grad or weight.requires_grad
        grad_hidden = torch.empty_like(hidden) if needs_gradient else None
        grad_weight = torch.zeros_like(weight, dtype=exact) if needs_gradient else None
        total = torch.zeros((), dtype=exact, device=hidden.device)
        for start in range(0, n, rows):
            h = hidden[start : start + rows].to(dtype)  # [R, D]
            t = targets[start : start + rows, None]  # [R, 1]
            logits = (h @ w.T).to(exact)  # [R, V]
            if grad_hidden is None or grad_weight is None:
                total -= torch.log_softmax(logits, dim=-1).gather(1, t).sum()
                continue
            p, log_p_t = _probabilities(logits, t, rounded=dtype != exact)
            total -= log_p_t.sum()
            # d(-log p_t)/d logits = p - onehot(t); 1/n comes last, to the smaller matrices
            grad = p.scatter_add_(1, t, t.new_full(t.shape, -1, dtype=exact)).to(dtype)
            grad_hidden[start : start + rows] = grad @ w
            grad_weight += grad.T @ h
        if grad_hidden is not None and grad_weight is not None:
            ctx.save_for_backward(grad_hidden.div_(n), grad_weight.div_(n).to(weight.dtype))
        return total / n

    @staticmethod
    def backward(ctx, grad_loss: Tensor) -> tuple[Tensor, Tensor, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        grad_hidden, grad_weight = ctx.saved_tensors
        return (
            grad_hidden * grad_loss.to(grad_hidden.dtype),
            grad_weight * grad_loss.to(grad_weight.dtype),
            None,
            None,
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
