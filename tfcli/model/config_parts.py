"""The parts of a `ModelConfig` that have fields of their own: rotation, latents, experts."""

import math
from dataclasses import dataclass
from typing import Literal

Scaling = Literal["default", "linear", "dynamic", "yarn", "llama3", "longrope", "factors"]
_MOST_EXPERTS = 2**16
Score = Literal["softmax", "sigmoid", "topk_softmax"]


@dataclass(frozen=True)
class Rope:
    """Rotary position embedding (Su et al. 2021): pairs of dimensions turn with the position.

    Attributes:
        theta: base of the geometric row of angular frequencies.
        dim: how many of the head's dimensions are turned; 0 means all of them.
        interleaved: pairs are (0, 1), (2, 3), … instead of (0, d/2), (1, d/2 + 1), …
        scaling: how the frequencies are changed for longer contexts: "linear" (Chen et al. 2023),
            "dynamic" (NTK-aware, by the length at hand), "yarn" (Peng et al. 2023), "llama3"
            (Llama 3.1), "longrope" (Ding et al. 2024), or "factors", a divisor for each pair.
        factor: by how much the context grows.
        original: the context that the model was first trained with, in tokens.
        low, high: llama3: wavelengths of original/low and original/high tokens bound the change;
            yarn: numbers of turns in the original context that do (beta slow and fast).
        truncate: yarn's bounds are whole numbers.
        attention_factor: what cosines and sines are multiplied with; None for the scaling's own.
        mscale, mscale_all: yarn in DeepSeek: a ratio of two such factors; `mscale_all` also makes
            the scores larger.
        short, long: longrope: a divisor for each pair, up to `original` tokens and beyond;
            factors: `short` alone.
    """

    theta: float = 10_000.0
    dim: int = 0
    interleaved: bool = False
    scaling: Scaling = "default"
    factor: float = 1.0
    original: int = 0
    low: float = 1.0
    high: float = 32.0
    truncate: bool = True
    attention_factor: float | None = None
    mscale: float = 0.0
    mscale_all: float = 0.0
    short: tuple[float, ...] = ()
    long: tuple[float, ...] = ()

    def faults(self, rotary_dim: int) -> list[str]:
        """What is wrong with it, in words, for a head of which `rotary_dim` dimensions turn."""
        faults = []
        if self.scaling in ("yarn", "llama3", "longrope") and self.original < 1:
            faults.append(f"rope scaling “{self.scaling}” lacks the original context's length")
        if self.scaling == "dynamic" and rotary_dim < 4:
            faults.append("rope scaling “dynamic” needs two pairs or more")
        if self.scaling == "llama3" and self.high == self.low:
            faults.append("rope scaling “llama3” has equal bounds")
        lists = {"longrope": (self.short, self.long), "factors": (self.short,)}
        for values in lists.get(self.scaling, ()):
            if len(values) != rotary_dim // 2:
                faults.append(
                    f"rope scaling “{self.scaling}” has {len(values)} factors for "
                    f"{rotary_dim // 2} pairs"
                )
        return faults

    @property
    def depends_on_length(self) -> bool:
        """Whether the frequencies change with the length of the text at hand."""
        return self.scaling in ("dynamic", "longrope")

    @property
    def score_factor(self) -> float:
        """What the scores are multiplied with besides 1/√d (DeepSeek-V2, YaRN)."""
        return magnitude(self.factor, self.mscale_all) ** 2 if self.mscale_all else 1.0


def magnitude(factor: float, weight: float = 1.0) -> float:
    """YaRN's 0.1·w·ln(factor) + 1: how much longer vectors must be in a longer context."""
    return 0.1 * weight * math.log(factor) + 1.0 if factor > 1 else 1.0


@dataclass(frozen=True)
class LatentAttention:
    """Multi-head latent attention (DeepSeek-V2, 2024): q, k and v made from low-rank latents.

    Attributes:
        q_rank: width of the query latent; 0: queries are projected directly.
        kv_rank: width of the latent that keys and values share, which the cache keeps.
        rope_dim: dimensions of a head that turn with the position; the key's are shared by all
            heads.
        value_dim: width of a head's value.
        norm_eps: of the latents' RMS norms.
    """

    q_rank: int
    kv_rank: int
    rope_dim: int
    value_dim: int
    norm_eps: float = 1e-6

    def faults(self, head_dim: int) -> list[str]:
        """What is wrong with it, in words, for heads of this width."""
        if min(self.kv_rank, self.rope_dim, self.value_dim) < 1 or self.q_rank < 0:
            return ["a latent of the attention has no width"]
        if self.rope_dim >= head_dim:
            return [f"all {head_dim} dimensions of a head turn; latent attention needs others too"]
        return []


@dataclass(frozen=True)
class Experts:
    """Several feed-forward modules, and a router that sends each token to some of them.

    Attributes:
        count: number of experts, E.
        chosen: how many each token goes to, k.
        intermediate_size: inner width of one expert.
        layers: the blocks that have experts; the others have one feed-forward module.
        score: probabilities of the router's logits: "softmax" or "sigmoid" over all experts, or
            "topk_softmax", over the chosen ones.
        normalise: the chosen ones' weights are divided by their sum.
        normalise_eps: added to that sum; normalise_min: its least value.
        scale: what the weights are then multiplied with.
        groups, chosen_groups: experts stand in groups of which the best few are open to a token.
        group_score: a group's score: its "max", or the sum of its best two ("top2").
        correction: a learned bias per expert takes part in the choice, not in the weights.
        router_bias: the router has a bias.
        bias: the experts' projections have biases.
        shared_intermediate_size: width of a feed-forward module that every token goes to; 0: none.
        shared_gate: what it gives is multiplied with σ of a learned projection.
        limit, alpha: gpt-oss's gate: gate ≤ limit, |up| ≤ limit, (up + 1)·gate·σ(alpha·gate);
            limit 0: the configuration's activation.
    """

    count: int
    chosen: int
    intermediate_size: int
    layers: tuple[int, ...]
    score: Score = "softmax"
    normalise: bool = False
    normalise_eps: float = 0.0
    normalise_min: float = 0.0
    scale: float = 1.0
    groups: int = 1
    chosen_groups: int = 1
    group_score: Literal["max", "top2"] = "max"
    correction: bool = False
    router_bias: bool = False
    bias: bool = False
    shared_intermediate_size: int = 0
    shared_gate: bool = False
    limit: float = 0.0
    alpha: float = 1.702

    def faults(self) -> list[str]:
        """What is wrong with it, in words."""
        if min(self.count, self.chosen, self.intermediate_size, self.groups) < 1:
            return ["the experts' sizes must be positive"]
        if self.count > _MOST_EXPERTS:
            return [f"{self.count:,} experts are more than any model has"]
        faults = []
        if self.chosen > self.count:
            faults.append(f"{self.chosen} of {self.count} experts cannot be chosen")
        if self.count % self.groups:
            faults.append(f"{self.count} experts do not make {self.groups} equal groups")
        elif not 1 <= self.chosen_groups <= self.groups:
            faults.append(f"{self.chosen_groups} of {self.groups} groups cannot be chosen")
        elif self.chosen > self.chosen_groups * (self.count // self.groups):
            faults.append(f"{self.chosen_groups} groups have fewer than {self.chosen} experts")
        elif self.group_score == "top2" and self.groups > 1 and self.count // self.groups < 2:
            faults.append("a group has one expert, but its best two are asked for")
        return faults
