"""The ledger of an update: which source token gave how much of ΔE, through which head.

ΔE_i = Σ_j Σ_h A_hij · v_hj W_O^h + b_O (Elhage et al. 2021, “A Mathematical Framework for
Transformer Circuits”). Where a norm stands on what the module gives, its σ is held at that of the
whole, and its bias is among the bias. So the parts sum to ΔE, and with E to E'.

No vector is kept for each head and token: those of one head at a time, and their sum.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from tfcli.explain.heads.attention import output_bias, output_of_heads
from tfcli.explain.heads.sites import Site
from tfcli.explain.logits.flow import Passage, passages
from tfcli.explain.precision import blocks, optional, relative_error
from tfcli.explain.result import (
    Kind,
    OtherSources,
    SourceTerm,
    UpdateLedger,
    Walk,
    WalkStep,
)
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace

SOURCES_LISTED = 64


def update_ledger(
    site: Site, labels: Sequence[str], listed: int | None = SOURCES_LISTED
) -> UpdateLedger:
    """The ledger of one attention module at its query.

    A share is ⟨part, ΔE⟩ / ‖ΔE‖²: signed, and all of them sum to 1. A norm is ‖part‖, the
    norm-weighted attention of Kobayashi et al. 2020.

    Args:
        labels: of the source tokens.
        listed: how many to list, those that give the longest vectors; None for all.
    """
    delta, seen = site.delta, site.keys
    size = float(delta.square().sum())
    shares, norms, totals = _parts(site)
    bias = output_bias(site)
    whole = totals.sum(0) if bias is None else totals.sum(0) + bias
    chosen = _strongest(totals.norm(dim=-1), listed)
    rest = [n for n in range(len(seen)) if n not in set(chosen)]
    heads = _through_heads(site, range(len(seen)))

    def share_of(part: Tensor) -> float | None:
        return optional(float(part @ delta) / size) if size else None

    def by_head(values: Tensor) -> tuple[float | None, ...]:
        return tuple(optional(value) if size else None for value in values.tolist())

    sources = tuple(
        SourceTerm(
            position=seen[n],
            label=labels[seen[n]],
            share=share_of(totals[n]),
            norm=float(totals[n].norm()),
            shares=by_head(shares[:, n]),
            norms=tuple(norms[:, n].tolist()),
        )
        for n in sorted(chosen)
    )
    others = None
    if rest:
        together = _through_heads(site, rest)  # [H, D]
        others = OtherSources(
            count=len(rest),
            share=share_of(together.sum(0)),
            norm=float(together.sum(0).norm()),
            shares=by_head(shares[:, rest].sum(-1)),
            norms=tuple(together.norm(dim=-1).tolist()),
        )
    return UpdateLedger(
        kind=site.kind,
        layer=site.layer,
        query=site.query,
        norm=float(delta.norm()),
        sources=sources,
        others=others,
        head_shares=by_head(shares.sum(-1)),
        head_norms=tuple(heads.norm(dim=-1).tolist()),
        bias_share=None if bias is None else share_of(bias),
        bias_norm=None if bias is None else float(bias.norm()),
        error=relative_error(whole, delta),
    )


def walk(
    stack: Stack, trace: StackTrace, layer: int, position: int, kind: Kind, found: Sequence[Site]
) -> Walk:
    """Add up one block's vectors at a position, from E to E'.

    Args:
        found: the block's attention modules at this position, self before cross.
    """
    steps = passages(blocks(stack)[layer], trace.layers[layer], position)
    summed = {_MODULES[site.kind]: _whole(site) for site in found}
    total = steps[0].before
    for step in steps:
        total = _after(step, total + summed.get(step.kind, step.delta))
    end = trace.layers[layer].residual_out[0, position].to(total.dtype)
    return Walk(
        kind=kind,
        layer=layer,
        position=position,
        start=float(steps[0].before.norm()),
        steps=tuple(_walk_step(step) for step in steps),
        error=relative_error(total, end),
    )


_MODULES: dict[Kind, str] = {
    "self": "attention",
    "encoder": "attention",
    "cross": "cross-attention",
}


def key_norms(site: Site) -> Tensor:
    """‖A_hij · v_hj W_O^h‖ of the keys that the query sees [H, s] (Kobayashi et al. 2020)."""
    return _parts(site)[1]


def along(site: Site, direction: Tensor) -> Tensor:
    """How far what each head takes from each seen key reaches along a direction: [H, s].

    ⟨A_hij · v_hj W_O^h, d⟩, signed.

    Args:
        direction: in what the module gives [D], before a norm on it.
    """
    turned = output_of_heads(site.module, direction.dtype) @ direction  # [H, Dv]
    return torch.einsum("hsd,hd->hs", _moved(site), turned)


def _walk_step(step: Passage) -> WalkStep:
    total = step.before + step.delta
    cosine = float(F.cosine_similarity(step.before, step.delta, dim=0, eps=0.0))
    return WalkStep(
        module=step.kind,
        delta=float(step.delta.norm()),
        cosine=optional(cosine),
        total=float(total.norm()),
        after=None if step.post.norm is None else float(_after(step, total).norm()),
    )


def _after(step: Passage, total: Tensor) -> Tensor:
    """The sum behind the norm on it, where there is one."""
    bias = step.post.bias(total)
    passed = step.post.forward(total)
    return passed if bias is None else passed + bias


def _whole(site: Site) -> Tensor:
    """ΔE by its parts: Σ heads + bias [D]."""
    total = _through_heads(site, range(len(site.keys))).sum(0)
    bias = output_bias(site)
    return total if bias is None else total + bias


def _parts(site: Site) -> tuple[Tensor, Tensor, Tensor]:
    """Of the keys that the query sees: shares [H, s], norms [H, s], and Σ_h of the parts [s, D]."""
    moved, delta = _moved(site), site.delta
    w_o = output_of_heads(site.module, delta.dtype)  # [H, Dv, D]
    size = delta.square().sum()
    totals = delta.new_zeros(moved.shape[1], delta.shape[0])
    shares: list[Tensor] = []
    norms: list[Tensor] = []
    for head in range(moved.shape[0]):
        terms = site.branch.forward(moved[head] @ w_o[head])  # [s, D]
        shares.append(terms @ delta / size)
        norms.append(terms.norm(dim=-1))
        totals += terms
    return torch.stack(shares), torch.stack(norms), totals


def _through_heads(site: Site, keys: Sequence[int]) -> Tensor:
    """What some of the seen keys give together, by head: [H, D]."""
    moved = _moved(site)[:, list(keys)].sum(1)  # [H, Dv]
    outputs = torch.einsum("hd,hdo->ho", moved, output_of_heads(site.module, moved.dtype))
    return site.branch.forward(outputs)


def _moved(site: Site) -> Tensor:
    """A_hij · v_hj of the keys that the query sees: [H, s, Dv]."""
    attention, seen = site.trace, site.keys
    weights = attention.rows(queries=[site.query])[0, :, 0, seen]  # [H, s]
    return weights[..., None] * attention.v[0][:, seen]


def _strongest(norms: Tensor, count: int | None) -> list[int]:
    """Positions of the largest, the earlier one of equals first; one more is no rest."""
    order: list[int] = torch.sort(norms, descending=True, stable=True).indices.tolist()
    return order if count is None or len(order) <= count + 1 else order[:count]
