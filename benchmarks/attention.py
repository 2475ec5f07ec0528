"""Fused attention against two plain products, forward and backward, in bfloat16 on this CPU.

`python benchmarks/attention.py` prints how many times faster the plain products are: the choice in
tfcli/model/attention.py rests on it.
"""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

SHAPES = ((12, 4, 128, 32), (6, 4, 256, 32), (8, 8, 256, 32), (8, 4, 256, 64), (4, 8, 512, 64))
REPEATS = 12


def fused(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def written_out(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    T = q.shape[2]
    future = q.new_full((T, T), float("-inf")).triu(1)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + future
    return torch.softmax(scores, dim=-1) @ v


def seconds(attend: Callable[..., torch.Tensor], shape: tuple[int, ...]) -> float:
    """The shortest of several passes forward and backward."""
    q, k, v = (torch.randn(shape).bfloat16().requires_grad_() for _ in range(3))
    gradient = torch.randn(shape).bfloat16()
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        attend(q, k, v).backward(gradient)
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Print the table."""
    torch.manual_seed(0)
    print("batch heads tokens size   fused/plain")
    for shape in SHAPES:
        ratio = seconds(fused, shape) / seconds(written_out, shape)
        print("{:5d} {:5d} {:6d} {:4d}   {:.2f}".format(*shape, ratio))


if __name__ == "__main__":
    main()
