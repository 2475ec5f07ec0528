"""The shape of every tensor of one block, from the configuration alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tfcli.model.config import Experts, LatentAttention, ModelConfig
from tfcli.model.parameter_shapes import Parameters, Size, block_parameters, part


@dataclass(frozen=True)
class Step:
    """One tensor, and what it is made with.

    Attributes:
        module: "attention", "cross-attention" or "feed-forward" in a block; else "".
        name: unique within the module: "Q".
        axes: what each dimension counts, by the letters of `AXES`.
        size: how long each is.
        how: how it is made, in the field's notation.
        parameters: those that take part, by their names, with their shapes.
    """

    module: str
    name: str
    axes: tuple[str, ...]
    size: Size
    how: str
    parameters: Parameters = field(default_factory=dict)

    @property
    def elements(self) -> int:
        """How many numbers the tensor holds."""
        return math.prod(self.size)


AXES = {
    "B": "texts",
    "T": "tokens",
    "S": "tokens of the encoder",
    "D": "width",
    "H": "heads",
    "G": "key/value heads",
    "d": "width of a head",
    "v": "width of its value",
    "q": "query latent",
    "r": "key/value latent",
    "R": "dimensions that turn",
    "P": "pairs that turn",
    "I": "neurons",
    "E": "experts",
    "k": "experts chosen",
    "V": "vocabulary",
}


@dataclass(frozen=True)
class Lengths:
    """How long the axes of one stack are.

    Attributes:
        tokens: the letter of the stack's own tokens: "S" in an encoder beside a decoder, else "T".
    """

    by_axis: Mapping[str, int]
    tokens: str

    def step(
        self,
        module: str,
        name: str,
        axes: str,
        how: str,
        parameters: Parameters | None = None,
        **others: int,
    ) -> Step:
        """A tensor with these axes; `others` are lengths that are not the stack's.

        "T" stands for the stack's own tokens, and "1" for a dimension of length 1.
        """
        letters = tuple(self.tokens if axis == "T" else axis for axis in axes)
        lengths = {"1": 1, **self.by_axis, **others}
        size = tuple(lengths[letter] for letter in letters)
        return Step(module, name, letters, size, how, parameters or {})


def block_shapes(config: ModelConfig, experts: Experts | None, lengths: Lengths) -> list[Step]:
    """Every tensor of a block with these experts, or without, in the order they are made."""
    return _Block(config, experts, lengths).steps()


class _Block:
    def __init__(self, config: ModelConfig, experts: Experts | None, lengths: Lengths) -> None:
        self.config, self.experts, self.lengths = config, experts, lengths
        self.parameters = block_parameters(config, experts)

    def steps(self) -> list[Step]:
        config = self.config
        latent = config.latent
        attention = self._attention("attention") if latent is None else self._latent(latent)
        steps = self._within("attention", "attention", attention)
        if config.encoder is not None:
            steps += self._within("cross-attention", "cross", self._attention("cross_attention"))
        inner = self._feed_forward() if self.experts is None else self._experts(self.experts)
        return steps + self._within("feed-forward", "feed_forward", inner)

    def _within(self, module: str, norm: str, inside: list[Step]) -> list[Step]:
        """A module between its norms: of what it reads, of what it gives, of the sum."""
        config = self.config
        name = "RMSNorm" if config.norm == "rms" else "LayerNorm"
        own = {
            place: part(self.parameters, f"{norm}_{place}.")
            for place in ("norm", "branch_norm", "post_norm")
        }

        def step(title: str, how: str, parameters: Parameters | None = None) -> Step:
            return self.lengths.step(module, title, "BTD", how, parameters)

        steps: list[Step] = []
        if config.pre_norm:
            reads = "the block's E" if config.parallel else "E"
            steps.append(step("norm", f"{name}({reads})", own["norm"]))
        *before, last = inside
        if config.branch_norm:
            output = step("output", last.how, last.parameters)
            steps += [*before, output, step("ΔE", f"{name}(output)", own["branch_norm"])]
        else:
            steps += inside
        if not config.post_norm:
            return [*steps, step("residual", "E + ΔE")]
        return [*steps, step("sum", "E + ΔE"), step("residual", f"{name}(sum)", own["post_norm"])]

    def _attention(self, module: str) -> list[Step]:
        config, cross = self.config, module == "cross_attention"
        name, reads, keys = ("cross-attention", "memory", "S") if cross else ("attention", "x", "T")
        bias = " + b" if config.qkv_bias else ""
        after = ", normed" if config.qk_norm != "none" else ""
        after += ", turned" if config.position == "rope" and not cross else ""
        own = {x: part(self.parameters, f"{module}.{x}.", f"{module}.{x}_norm.") for x in "qkv"}
        step = self.lengths.step
        return [
            step(name, "Q", "BHTd", f"x·W{bias}{after}", own["q"]),
            step(name, "K", f"BG{keys}d", f"{reads}·W{bias}{after}", own["k"]),
            step(name, "V", f"BG{keys}d", f"{reads}·W{bias}", own["v"]),
            *self._mixed(module, name, keys),
        ]

    def _latent(self, latent: LatentAttention) -> list[Step]:
        step, module = self.lengths.step, "attention"

        def own(*names: str) -> Parameters:
            return part(self.parameters, *(f"attention.{name}." for name in names))

        down = own("kv_down", "kv_norm")
        steps = [
            step(module, "kv latent", "BTr", "norm(x·W)", down, r=latent.kv_rank),
            step(module, "turned key", "B1TR", "rest of x·W, turned", R=latent.rope_dim),
            step(module, "K", "BHTd", "latent·W, turned key", own("kv_up")),
            step(module, "V", "BHTv", "rest of latent·W"),
        ]
        if latent.q_rank:
            made = own("q_down", "q_norm")
            steps.insert(0, step(module, "q latent", "BTq", "norm(x·W)", made, q=latent.q_rank))
            steps.insert(1, step(module, "Q", "BHTd", "latent·W, part turned", own("q_up")))
        else:
            steps.insert(0, step(module, "Q", "BHTd", "x·W, part turned", own("q")))
        return [*steps, *self._mixed(module, module, "T")]

    def _mixed(self, module: str, name: str, keys: str) -> list[Step]:
        """From queries, keys and values to what the module gives."""
        config, cross = self.config, module == "cross_attention"
        scores = score_words(config)
        if not cross:
            scores += " + bias" if config.position == "relative" else ""
            scores += ", causal" if config.causal else ""
        softmax = "softmax with a sink" if config.attention_sinks else "softmax"
        output = "heads·W + b" if config.output_bias else "heads·W"
        step = self.lengths.step
        return [
            step(name, "scores", f"BHT{keys}", scores),
            step(name, "weights", f"BHT{keys}", softmax, part(self.parameters, f"{module}.sinks")),
            step(name, "heads", "BHTd" if config.latent is None else "BHTv", "weights·V"),
            step(name, "ΔE", "BTD", output, part(self.parameters, f"{module}.o.")),
        ]

    def _feed_forward(self) -> list[Step]:
        config, step, module = self.config, self.lengths.step, "feed-forward"
        bias = " + b" if config.feed_forward_bias else ""
        gate = " × x·W" if config.gated else ""
        inner = part(self.parameters, "feed_forward.gate.", "feed_forward.up.")
        down = part(self.parameters, "feed_forward.down.")
        return [
            step(module, "neurons", "BTI", f"{config.activation}(x·W{bias}){gate}", inner),
            step(module, "ΔE", "BTD", f"neurons·W{bias}", down),
        ]

    def _experts(self, experts: Experts) -> list[Step]:
        step, module = self.lengths.step, "feed-forward"

        def own(*names: str) -> Parameters:
            return part(self.parameters, *(f"feed_forward.{name}" for name in names))

        each, chosen, inner = experts.count, experts.chosen, experts.intermediate_size
        down, made = own("experts.down"), own("experts.gate", "experts.up")
        steps = [
            step(module, "router", "BTE", "x·W", own("router."), E=each),
            step(module, "chosen", "BTk", f"the best of {each}", k=chosen),
            step(module, "neurons", "BTkI", "of each", made, k=chosen, I=inner),
        ]
        if experts.shared_intermediate_size:
            common = experts.shared_intermediate_size
            first, last = own("shared.gate.", "shared.up."), own("shared.down.", "shared_gate.")
            steps.append(step(module, "shared", "BTI", "neurons for all", first, I=common))
            steps.append(step(module, "shared ΔE", "BTD", "neurons·W", last))
        return [*steps, step(module, "ΔE", "BTD", "all of them, weighted", down)]


def score_words(config: ModelConfig) -> str:
    """How a score is made: “Q·Kᵀ/√128”."""
    if config.attention_scale is None:
        words = f"Q·Kᵀ/√{config.head_dim}"
    elif config.attention_scale == 1:
        words = "Q·Kᵀ"
    else:
        words = f"Q·Kᵀ/√{config.attention_scale**-2:.6g}"
    words += "/layer" if config.scale_by_layer else ""
    if config.latent is not None and config.rope.score_factor != 1:
        words += f" × {config.rope.score_factor:.3g}"
    return words if config.attention_softcap is None else f"{words}, capped"
