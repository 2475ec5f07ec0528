"""Attention at one position: who was asked, what each answered, what it moved.

ΔE_i = Σ_h Σ_j A_hij · v_hj W_O^h + b_O (Elhage et al. 2021, “A Mathematical Framework for
Transformer Circuits”), so what a head takes from one token is a vector that can be measured.
Attention weights alone are not an explanation (Jain & Wallace 2019; Wiegreffe & Pinter 2019).

Only asked rows of A are computed.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from tfcli.explain.heads.sites import AnyAttention, Site
from tfcli.explain.precision import blocks_of, optional
from tfcli.explain.result import (
    AttentionMatrix,
    HeadAttention,
    HeadLedger,
    KeyTerm,
    KeyWeight,
    OtherKeys,
)
from tfcli.model.trace import AttentionTrace

CAVEAT = "Attention alone is not an explanation (Jain & Wallace 2019)"

_TOP_KEYS = 10
_ROWS_AT_ONCE = 32


def output_of_heads(module: AnyAttention, dtype: torch.dtype) -> Tensor:
    """W_O by head: [H, Dv, D]."""
    config = module.config
    w_o = module.o.weight.to(dtype).view(-1, config.num_heads, config.value_dim)  # [D, H, Dv]
    return w_o.permute(1, 2, 0)


def head_outputs(site: Site) -> Tensor:
    """What each head gives at the query, Σ_j A_hij v_hj W_O^h: [H, D].

    Computed by the written-out formula, not from the kernel's result (Elhage et al. 2021).
    """
    weights = site.trace.rows(queries=[site.query])[0, :, 0]  # [H, S]
    mixed = torch.einsum("hs,hsd->hd", weights, site.trace.v[0])  # [H, Dv]
    mixed[list(site.silent)] = 0
    return torch.einsum("hd,hdo->ho", mixed, output_of_heads(site.module, mixed.dtype))


def head_deltas(site: Site) -> Tensor:
    """What each head adds to the residual stream at the query: [H, D].

    Where a norm stands on what the module gives, its σ is held at that of the whole.
    """
    return site.branch.forward(head_outputs(site))


def head_ledger(
    site: Site, *, head: int, labels: Sequence[str], keys_listed: int | None
) -> HeadLedger:
    """One head's row of attention, key by key, with what each key moved.

    score = q·k/√d_k and weight = softmax(scores) (Vaswani et al. 2017). norm = ‖A·v·W_O‖, the
    norm-weighted attention of Kobayashi et al. 2020. share = ⟨A·v·W_O, ΔE⟩ / ‖ΔE‖², the signed
    part of the layer's ΔE; over all keys, heads and the bias shares sum to 1.

    Args:
        labels: of the keys.
        keys_listed: how many keys to list, those with the largest weights; None for all.
    """
    heads = head_deltas(site)  # [H, D]
    delta = site.delta  # [D]
    size = float(delta.square().sum())
    seen = site.keys

    w_o = output_of_heads(site.module, delta.dtype)[head]  # [Dv, D]
    scores = site.trace.scores([head], [site.query])[0, 0, 0]  # [S]
    weights = site.trace.rows([head], [site.query])[0, 0, 0]  # [S]
    moved = weights[seen, None] * site.trace.v[0, head, seen]  # [s, Dv]
    if head in site.silent:
        moved = torch.zeros_like(moved)
    terms = site.branch.forward(moved @ w_o)  # [s, D]
    shares = (terms @ delta).tolist()

    head_shares = [_share(value, size) for value in (heads @ delta).tolist()]
    bias = output_bias(site)
    rows = zip(
        seen,
        scores[seen].tolist(),
        weights[seen].tolist(),
        terms.norm(dim=-1).tolist(),
        shares,
        strict=True,
    )
    keys = [
        KeyTerm(j, labels[j], score, weight, norm, _share(share, size))
        for j, score, weight, norm, share in rows
    ]
    listed = _strongest(weights[seen], keys_listed)
    sinks = site.trace.sink_weights([site.query])
    return HeadLedger(
        kind=site.kind,
        layer=site.layer,
        head=head,
        query=site.query,
        score=score_words(site.ran),
        keys=tuple(keys[j] for j in sorted(listed)),
        others=OtherKeys.of([key for j, key in enumerate(keys) if j not in listed]),
        largest=seen[int(weights[seen].argmax())],
        sink=None if sinks is None else float(sinks[0, head, 0]),
        norm=float(heads[head].norm()),
        delta_norm=float(delta.norm()),
        share=head_shares[head],
        other_heads_share=_total(share for h, share in enumerate(head_shares) if h != head),
        bias_share=None if bias is None else _share(float(bias @ delta), size),
        head_shares=tuple(head_shares),
    )


def head_attention(
    site: Site,
    *,
    head: int,
    labels: Sequence[str],
    queries: tuple[int, int] | None,
    keys: tuple[int, int] | None,
) -> HeadAttention:
    """One head's attention weights: the query's strongest keys, and the matrix of a window.

    Args:
        labels: of the keys.
        queries, keys: (first, end) of the matrix's rows and columns; None for no matrix.
    """
    seen = site.keys
    row = site.trace.rows([head], [site.query])[0, 0, 0, seen]  # [s]
    top = _strongest(row, _TOP_KEYS)
    rest = len(seen) - len(top)
    sinks = site.trace.sink_weights([site.query])
    return HeadAttention(
        kind=site.kind,
        layer=site.layer,
        head=head,
        query=site.query,
        top=tuple(KeyWeight(seen[j], labels[seen[j]], float(row[j])) for j in top),
        others=rest,
        others_weight=float(row.sum() - row[top].sum()) if rest else 0.0,
        sink=None if sinks is None else float(sinks[0, head, 0]),
        matrix=None if queries is None or keys is None else _matrix(site, head, queries, keys),
    )


def _matrix(
    site: Site, head: int, queries: tuple[int, int], keys: tuple[int, int]
) -> AttentionMatrix:
    """A window of the attention matrix. Where later keys are masked, a row ends at its query."""
    first, end = keys
    length = site.ran.q.shape[2]
    weights: list[list[float]] = []
    for block, asked in blocks_of(*queries, length, _ROWS_AT_ONCE):
        weights += site.trace.rows([head], block)[0, 0, asked].tolist()
    rows: list[tuple[float | None, ...]] = []
    for query, row in zip(range(*queries), weights, strict=True):
        seen = site.ran.seen_by(query)[first:end].tolist()
        last = max(query - first + 1, 0) if site.ran.causal else end - first
        cells = zip(row[first:end][:last], seen, strict=False)
        rows.append(tuple(weight if visible else None for weight, visible in cells))
    return AttentionMatrix(
        first=queries[0],
        first_key=first,
        rows=tuple(rows),
        before=tuple(math.fsum(row[:first]) for row in weights),
        after=tuple(math.fsum(row[end:]) for row in weights),
    )


def output_bias(site: Site) -> Tensor | None:
    """What the output's bias, and that of a norm on the branch, add to ΔE [D]."""
    bias = site.module.o.bias
    through = None if bias is None else site.branch.forward(bias.to(site.delta.dtype))
    own = site.branch.bias(site.delta)
    if through is None or own is None:
        return own if through is None else through
    return through + own


def score_words(attention: AttentionTrace) -> str:
    """How a score is made, for a table's head: “q·k/√64”."""
    width = attention.q.shape[-1]
    if math.isclose(attention.scale, width**-0.5, rel_tol=1e-6):
        words = f"q·k/√{width}"
    else:
        words = "q·k" if attention.scale == 1 else f"q·k×{attention.scale:.3g}"
    if attention.softcap is not None:
        words += " capped"
    biased = attention.mask is not None and attention.mask.shape[1] > 1
    return f"{words}+b" if biased else words


def _strongest(weights: Tensor, count: int | None) -> list[int]:
    """Positions of the largest weights, largest first; the earlier one of equals."""
    order: list[int] = torch.sort(weights, descending=True, stable=True).indices.tolist()
    # “1 more” would take as much room as the one
    return order if count is None or len(order) <= count + 1 else order[:count]


def _share(part: float, size: float) -> float | None:
    """Part of ‖ΔE‖²; there is none of a ΔE that is zero."""
    return optional(part / size) if size else None


def _total(shares: Iterable[float | None]) -> float | None:
    found = list(shares)
    known = [share for share in found if share is not None]
    return sum(known) if len(known) == len(found) else None
