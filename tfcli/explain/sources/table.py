"""The measures side by side: from which tokens the vector at the followed position comes."""

import math
from collections.abc import Sequence

from torch import Tensor

from tfcli.explain.precision import optional
from tfcli.explain.request import listed_tokens, resolve_window
from tfcli.explain.result import Sources, SourceShares, SourceSides, SourceToken
from tfcli.explain.run import Run
from tfcli.explain.sources.flow import attention_flow, flow_across
from tfcli.explain.sources.measures import (
    ACROSS,
    MEASURES,
    context_across,
    context_shares,
    rolled_out,
    rolled_out_across,
)
from tfcli.explain.sources.work import left_out
from tfcli.model.config import ModelConfig


def sources(run: Run) -> Sources:
    """Measure from which tokens the vector behind the last layer comes.

    In an encoder-decoder it is the decoder's, and comes from the prompt that the encoder reads as
    well as from what the decoder has written.
    """
    model, trace, position = run.model, run.trace, run.position
    across = model.encoder is not None
    read = len(run.source_labels)
    labels = [*run.source_labels, *run.labels]
    if model.config.causal:
        del labels[read + position + 1 :]
    prompt = read or len(labels)  # the tokens behind are those that the decoder has written
    missing = left_out(model, read, len(labels) - read)
    asked = [name for name in (ACROSS if across else MEASURES) if name not in missing]
    found = (rolled_out_across if across else rolled_out)(model, trace, position, asked)
    shares = {name: values.double().cpu() for name, values in found.items()}
    flow = None
    if "flow" not in missing:
        flow = (flow_across if across else attention_flow)(model, trace, position)
        shares["flow"] = flow / flow.sum()
    window = resolve_window(run.request.window, len(run.source_labels or run.labels))
    order = shares.get("alti", shares["rollout"]).tolist()
    shown = listed_tokens(order, prompt, window)
    rest = sorted(set(range(len(labels))) - set(shown))
    return Sources(
        position=position,
        label=run.labels[position],
        count=len(labels),
        tokens=tuple(
            SourceToken(
                written=i >= prompt,
                position=i - prompt if i >= prompt else i,
                label=labels[i],
                shares=_shares(shares, [i]),
                flow=None if flow is None else float(flow[i]),
            )
            for i in shown
        ),
        others=_shares(shares, rest) if rest else None,
        others_count=len(rest),
        sides=_sides(run, shares) if across else None,
        sinks=1 - float(shares["rollout"].sum()) if _has_sinks(model.config) else None,
        largest={name: int(values.argmax()) for name, values in shares.items()},
        context=tuple(map(optional, context_shares(model, trace, position))),
        left_out=missing,
    )


def _shares(shares: dict[str, Tensor], tokens: Sequence[int]) -> SourceShares:
    def of(name: str) -> float | None:
        found = shares.get(name)
        return None if found is None else optional(math.fsum(found[list(tokens)].tolist()))

    return SourceShares(of("rollout"), of("flow"), of("alti"), of("zeroing"), of("norm"))


def _sides(run: Run, shares: dict[str, Tensor]) -> SourceSides:
    prompt, count = len(run.source_labels), len(shares["rollout"])
    context = context_across(run.model, run.trace, run.position)
    return SourceSides(
        _shares(shares, range(prompt)),
        _shares(shares, range(prompt, count)),
        tuple(map(optional, context)),
    )


def _has_sinks(config: ModelConfig) -> bool:
    return config.attention_sinks or (config.encoder is not None and config.encoder.attention_sinks)
