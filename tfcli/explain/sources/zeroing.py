"""Value zeroing: how much a block's output turns where a token's value is taken away.

Mohebbi et al. 2023, “Quantifying Context Mixing in Transformers”. Attention weights do not depend
on v, and what attention gives is linear in it: so to zero v_j is to take c_ij away, and the rest of
the block is run anew for each pair.
"""

from bisect import bisect_left
from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor

from tfcli.explain.sources.blocks import Block as RowBlock
from tfcli.explain.sources.blocks import blocks_of_rows
from tfcli.explain.sources.mixture import Mixture
from tfcli.model.block import Block
from tfcli.model.norm import Norm

_GIVEN_AT_ONCE = 2**22  # keys · heads · width
_PARTS_AT_ONCE = 2**19  # numbers that fit into a processor's cache
_ROUNDING = 16  # of a vector's length, in its dtype's smallest steps


def zeroed(block: Block, mixture: Mixture, rows: list[int]) -> Tensor:
    """1 - cos(h_i, h_i without v_j) of some rows, h what the block gives [r, n]."""
    dtype = mixture.after.dtype
    wide = block if block.attention.o.weight.dtype == dtype else deepcopy(block).to(dtype)
    found = mixture.after.new_zeros(len(rows), mixture.tokens)
    for some in blocks_of_rows(mixture, rows):
        at = slice(some.first, some.first + len(some.rows)), slice(some.seen)
        found[at] = _zeroed(wide, some)
    return found


def _zeroed(block: Block, some: RowBlock) -> Tensor:
    """Of a few rows [b, k]."""
    mixture, rows = some.mixture, torch.tensor(some.rows)
    output, x = mixture.output[rows], mixture.before[rows]
    whole = _unit(_run_on(block, x, output[None]))[0]  # [b, D]
    seen = (some.weights > 0).any(0)  # [b, k]
    found = whole.new_zeros(seen.shape)
    for keys, asking, parts in _parts(some):
        changed = _unit(_run_on(block, x[asking], output[asking] - parts))  # [k', b', D]
        # 1 - cos of unit vectors as half their squared distance: no digit is lost where it is small
        found[asking, keys] = (changed - whole[asking]).square().sum(-1).T / 2
    # a change no larger than rounding is none: it would be all there is where nothing matters
    seen &= found > (_ROUNDING * torch.finfo(found.dtype).eps) ** 2 / 2
    return torch.where(seen, found, 0.0)


def _parts(some: RowBlock) -> Iterator[tuple[slice, slice, Tensor]]:
    """c_ij of a few keys before any norm [k', b', D], with the keys and the rows that see them."""
    mixture, rows = some.mixture, some.rows
    by_key = some.weights.permute(2, 1, 0).contiguous()  # [k, b, H]
    heads, _, width = mixture.w_o.shape
    step = max(_PARTS_AT_ONCE // (len(rows) * width), 1)
    held = max(_GIVEN_AT_ONCE // (heads * width) // step, 1) * step
    given = by_key
    for start in range(0, some.seen, step):
        if start % held == 0:
            given = (mixture.values[:, start : start + held] @ mixture.w_o).transpose(0, 1)
        keys = slice(start, min(start + step, some.seen))
        # rows before the first of the keys do not see them
        first = bisect_left(rows, start) if mixture.attention.causal else 0
        own = given[start % held : start % held + keys.stop - start]
        yield keys, slice(first, None), torch.bmm(by_key[keys, first:], own)


def _run_on(block: Block, x: Tensor, output: Tensor) -> Tensor:
    """The block's output [.., r, D] where its attention module gives this [.., r, D] beside x.

    The feed-forward module reads each token by itself, so any number of them can be asked.
    """
    middle = _read(block.attention_post_norm, x + _read(block.attention_branch_norm, output))
    read = x[None] if block.parallel else middle
    found, _ = block.feed_forward(_read(block.feed_forward_norm, read), False)
    return _read(
        block.feed_forward_post_norm, middle + _read(block.feed_forward_branch_norm, found)
    )


def _read(norm: Norm | None, x: Tensor) -> Tensor:
    return x if norm is None else norm(x)


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True)
