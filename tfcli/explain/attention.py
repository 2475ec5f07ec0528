"""Attention at one position: who was asked, what each answered, what it moved.

ΔE_i = Σ_h Σ_j A_hij · v_hj W_O^h + b_O (Elhage et al. 2021, “A Mathematical Framework for
Transformer Circuits”), so what a head takes from one token is a vector that can be measured.
Attention weights alone are not an explanation (Jain & Wallace 2019; Wiegreffe & Pinter 2019).

Only asked rows of A are computed.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from tfcli.explain.precision import optional, upcast
from tfcli.explain.result import (
    AttentionMatrix,
    HeadAttention,
    HeadLedger,
    KeyTerm,
    KeyWeight,
    OtherKeys,
)
from tfcli.model.attention import Attention
from tfcli.model.trace import AttentionTrace

CAVEAT = "Attention alone is not an explanation (Jain & Wallace 2019)"

_TOP_KEYS = 10


def output_of_heads(module: Attention, dtype: torch.dtype) -> Tensor:
    """W_O by head: [H, Dh, D]."""
    config = module.config
    w_o = module.o.weight.to(dtype).view(-1, config.num_heads, config.head_dim)  # [D, H, Dh]
    return w_o.permute(1, 2, 0)


def head_deltas(module: Attention, attention: AttentionTrace, position: int) -> Tensor:
    """What each head adds to the residual stream at a position, Σ_j A_hij v_hj W_O^h: [H, D].

    Computed by the written-out formula, not from the kernel's result (Elhage et al. 2021).

    Args:
        attention: upcast to the dtype of measures.
    """
    weights = attention.rows(queries=[position])[0, :, 0]  # [H, T]
    mixed = torch.einsum("hs,hsd->hd", weights, attention.v[0])  # [H, Dh]
    return torch.einsum("hd,hdo->ho", mixed, output_of_heads(module, mixed.dtype))


def head_ledger(
    module: Attention,
    attention: AttentionTrace,
    *,
    layer: int,
    head: int,
    position: int,
    labels: Sequence[str],
    keys_listed: int | None,
) -> HeadLedger:
    """One head's row of attention, key by key, with what each key moved.

    score = q·k/√d_k and weight = softmax(scores) (Vaswani et al. 2017). norm = ‖A·v·W_O‖, the
    norm-weighted attention of Kobayashi et al. 2020. share = ⟨A·v·W_O, ΔE⟩ / ‖ΔE‖², the signed
    part of the layer's ΔE; over all keys, heads and the bias shares sum to 1.

    Args:
        keys_listed: how many keys to list, those with the largest weights; None for all.
    """
    attention = upcast(attention)
    heads = head_deltas(module, attention, position)  # [H, D]
    delta = attention.output[0, position]  # [D]
    size = float(delta.square().sum())

    w_o = output_of_heads(module, delta.dtype)[head]  # [Dh, D]
    scores = attention.scores([head], [position])[0, 0, 0]  # [T]
    weights = torch.softmax(scores, dim=-1)
    moved = weights[: position + 1, None] * attention.v[0, head, : position + 1]  # [S, Dh]
    terms = moved @ w_o  # [S, D]
    shares = (terms @ delta).tolist()

    head_shares = [_share(value, size) for value in (heads @ delta).tolist()]
    bias = None if module.o.bias is None else float(module.o.bias.to(delta.dtype) @ delta)
    rows = list(
        zip(scores.tolist(), weights.tolist(), terms.norm(dim=-1).tolist(), shares, strict=False)
    )
    keys = [
        KeyTerm(j, labels[j], score, weight, norm, _share(share, size))
        for j, (score, weight, norm, share) in enumerate(rows)
    ]
    listed = _strongest(weights[: position + 1], keys_listed)
    return HeadLedger(
        layer=layer,
        head=head,
        keys=tuple(keys[j] for j in sorted(listed)),
        others=_others([key for j, key in enumerate(keys) if j not in listed]),
        largest=int(weights.argmax()),
        norm=float(heads[head].norm()),
        delta_norm=float(delta.norm()),
        share=head_shares[head],
        other_heads_share=_total(share for h, share in enumerate(head_shares) if h != head),
        bias_share=None if bias is None else _share(bias, size),
        head_shares=tuple(head_shares),
    )


def head_attention(
    attention: AttentionTrace,
    *,
    layer: int,
    head: int,
    query: int,
    labels: Sequence[str],
    window: tuple[int, int] | None,
) -> HeadAttention:
    """One head's attention weights: the query's strongest keys, and the matrix of a window.

    Args:
        window: (first, end) of the queries and keys of the matrix; None for no matrix.
    """
    attention = upcast(attention)
    row = attention.rows([head], [query])[0, 0, 0, : query + 1]  # [S]
    top = _strongest(row, _TOP_KEYS)
    return HeadAttention(
        layer=layer,
        head=head,
        query=query,
        top=tuple(KeyWeight(j, labels[j], float(row[j])) for j in top),
        others=query + 1 - len(top),
        others_weight=float(row.sum() - row[top].sum()) if query + 1 > len(top) else 0.0,
        matrix=None if window is None else _matrix(attention, head, *window),
    )


def _matrix(attention: AttentionTrace, head: int, first: int, end: int) -> AttentionMatrix:
    weights = attention.rows([head], range(first, end))[0, 0]  # [q, T]
    shown = weights[:, first:end].tolist()
    return AttentionMatrix(
        first=first,
        rows=tuple(tuple(row[: i + 1]) for i, row in enumerate(shown)),
        before=tuple(weights[:, :first].sum(-1).tolist()),
    )


def _strongest(weights: Tensor, count: int | None) -> list[int]:
    """Positions of the largest weights, largest first; the earlier one of equals."""
    order: list[int] = torch.sort(weights, descending=True, stable=True).indices.tolist()
    # “1 more” would take as much room as the one
    return order if count is None or len(order) <= count + 1 else order[:count]


def _others(keys: Sequence[KeyTerm]) -> OtherKeys | None:
    if not keys:
        return None
    return OtherKeys(len(keys), sum(k.weight for k in keys), _total(k.share for k in keys))


def _share(part: float, size: float) -> float | None:
    """Part of ‖ΔE‖²; there is none of a ΔE that is zero."""
    return optional(part / size) if size else None


def _total(shares: Iterable[float | None]) -> float | None:
    found = list(shares)
    known = [share for share in found if share is not None]
    return sum(known) if len(known) == len(found) else None
