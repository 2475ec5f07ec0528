"""The measures side by side: from which tokens the vector at the followed position comes."""

import math

import torch
from torch import Tensor

from tfcli.explain.precision import blocks, optional
from tfcli.explain.request import TOKENS_LISTED, resolve_window
from tfcli.explain.result import Kind, Sources, SourceShares, SourceToken
from tfcli.explain.run import Run
from tfcli.explain.sources.flow import LARGEST_FLOW, attention_flow, flow_work
from tfcli.explain.sources.measures import context_shares, rolled_out
from tfcli.model.stack import Stack

# Multiplications of one pass over all layers: each takes a minute or so of one core.
LARGEST_PARTS = 12 * 10**11
LARGEST_ZEROING = 10**12


def sources(run: Run) -> Sources:
    """Measure from which tokens of the prompt the vector behind the last layer comes.

    In an encoder-decoder the prompt is read by the encoder: it is then the vector of the prompt's
    token that the decoder looks at most.
    """
    stack, inner = run.reading_stack, run.model.encoder is not None
    trace = run.trace.encoder if inner else run.trace
    assert trace is not None
    kind: Kind = "encoder" if inner else "self"
    position = run.sites["encoder"][0].query if inner else run.position
    labels = run.source_labels if inner else run.labels
    count = position + 1 if stack.config.causal else len(labels)
    left_out = _left_out(stack, count)
    asked = [name for name in ("rollout", "alti", "zeroing", "norm") if name not in left_out]
    shares = {k: v.double().cpu() for k, v in rolled_out(stack, trace, position, asked).items()}
    flow = None
    if "flow" not in left_out:
        flow = attention_flow(stack, trace, position)
        shares["flow"] = flow / flow.sum()
    window = resolve_window(run.request.window, len(labels))
    listed = _listed(shares.get("alti", shares["rollout"]), window)
    rest = sorted(set(range(count)) - set(listed))
    return Sources(
        kind=kind,
        position=position,
        label=labels[position],
        count=count,
        tokens=tuple(
            SourceToken(
                i, labels[i], _shares(shares, [i]), None if flow is None else float(flow[i])
            )
            for i in listed
        ),
        others=_shares(shares, rest) if rest else None,
        others_count=len(rest),
        sinks=1 - float(shares["rollout"].sum()) if stack.config.attention_sinks else None,
        largest={name: int(values.argmax()) for name, values in shares.items()},
        context=tuple(map(optional, context_shares(stack, trace, position))),
        left_out=left_out,
    )


def _shares(shares: dict[str, Tensor], tokens: list[int]) -> SourceShares:
    def of(name: str) -> float | None:
        return optional(math.fsum(shares[name][tokens].tolist())) if name in shares else None

    return SourceShares(of("rollout"), of("flow"), of("alti"), of("zeroing"), of("norm"))


def _listed(shares: Tensor, window: tuple[int, int] | None) -> list[int]:
    """A window's tokens, else those that give most, in the order of the prompt."""
    count = shares.shape[0]
    if window is not None:
        return list(range(*window))[: max(count - window[0], 0)]
    order: list[int] = torch.sort(shares, descending=True, stable=True).indices.tolist()
    # “1 more” would take as much room as the one
    return sorted(order if count <= TOKENS_LISTED + 1 else order[:TOKENS_LISTED])


def _left_out(stack: Stack, count: int) -> dict[str, str]:
    """The measures that would take too long on so many tokens."""
    config = stack.config
    layers, pairs = config.num_layers, count * count
    if config.causal:
        pairs = count * (count + 1) // 2
    found: dict[str, str] = {}
    work = flow_work(layers, count, config.causal)
    if work > LARGEST_FLOW:
        found["flow"] = f"{work:,} pipes times tokens, more than {LARGEST_FLOW:,}"
    parts = layers * pairs * config.num_heads * config.hidden_size
    if parts > LARGEST_PARTS:
        said = f"{parts:.1e} multiplications, more than {LARGEST_PARTS:.0e}"
        found |= {"alti": said, "norm": said}
    work = parts
    if not config.parallel:
        work += pairs * sum(_read_by_token(stack, layer) for layer in range(layers))
    if work > LARGEST_ZEROING:
        found["zeroing"] = f"{work:.1e} multiplications, more than {LARGEST_ZEROING:.0e}"
    return found


def _read_by_token(stack: Stack, layer: int) -> int:
    """Weights of a feed-forward module that one token meets."""
    size = sum(p.numel() for p in blocks(stack)[layer].feed_forward.parameters())
    experts = stack.config.experts_in(layer)
    return size if experts is None else size * experts.chosen // experts.count
