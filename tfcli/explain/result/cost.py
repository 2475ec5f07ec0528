"""Cost: parameters, operations, bytes, and the milliseconds that they took on this machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CostPart:
    """One kind of module, in all layers.

    Attributes:
        name: embedding, positions, attention (its projections), scores (with the weighted sum of
            values), cross-attention, cross-scores, feed-forward, router, experts, norms, output,
            or rest: what stands in no module.
        parameters: a matrix in two places counts once, where it stands first.
        text_flops: of the whole text at once; step_flops: of one more token against the cache.
        step_bytes: of the weights that one more token reads.
        text_ms, step_ms: measured, with a clock at every module; None where it was not.
    """

    name: str
    parameters: int
    text_flops: int
    step_flops: int
    step_bytes: int
    text_ms: float | None
    step_ms: float | None


@dataclass(frozen=True)
class Timing:
    """One kind of pass, measured without clocks inside.

    Attributes:
        tokens: how many it computed.
        milliseconds: the median of `repetitions`; `fastest` of them.
        flops: operations of one pass.
        bytes: of weights and cache that it reads at least.
    """

    tokens: int
    milliseconds: float
    fastest: float
    repetitions: int
    flops: int
    bytes: int
    flops_per_second: float
    bytes_per_second: float
    tokens_per_second: float


@dataclass(frozen=True)
class Cost:
    """What one run costs.

    Attributes:
        tokens: of the text; `source_tokens` of what an encoder beside the decoder reads.
        threads: of a CPU; None on another device.
        text: the whole text at once, as a prompt is read.
        step: one more token against the cache; None where there is none: in an encoder, or where
            the context is full.
        cache_bytes: of these tokens' keys and values; None in an encoder.
        cache_bytes_per_token: of one.
    """

    tokens: int
    source_tokens: int
    device: str
    dtype: str
    threads: int | None
    parts: tuple[CostPart, ...]
    text: Timing
    step: Timing | None
    cache_bytes: int | None
    cache_bytes_per_token: int | None
