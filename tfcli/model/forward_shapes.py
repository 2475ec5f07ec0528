"""The shape of every tensor of a forward pass, from the configuration alone.

It is what a trace on PyTorch's meta device shows, and a test compares the two for every family;
but PyTorch's import alone takes longer than all this.
"""

from dataclasses import dataclass

from tfcli.errors import UsageError
from tfcli.model.block_shapes import Lengths, Step, block_shapes
from tfcli.model.config import ModelConfig
from tfcli.model.parameter_shapes import (
    Parameters,
    head_parameters,
    layer_kinds,
    part,
    stack_parameters,
)


@dataclass(frozen=True)
class Section:
    """A part of the pass: what stands before the blocks, a block, or what stands behind them.

    Attributes:
        name: "embedding", "block" or "end".
        side: "encoder" or "decoder" where there are both, else "".
        layers: the blocks that are like this one; empty for what is no block.
        window: how many tokens one sees in these blocks, itself included; 0 for all.
    """

    name: str
    side: str
    steps: tuple[Step, ...]
    layers: tuple[int, ...] = ()
    window: int = 0

    @property
    def times(self) -> int:
        """How often it stands in the model."""
        return len(self.layers) or 1


@dataclass(frozen=True)
class ForwardShapes:
    """A forward pass.

    Attributes:
        batch: how many texts.
        tokens: in each; in an encoder-decoder, in what the decoder reads.
        source_tokens: in an encoder-decoder, in what the encoder reads; else 0.
        cache: what each block keeps of these tokens for those to come; empty in an encoder.
    """

    config: ModelConfig
    batch: int
    tokens: int
    source_tokens: int
    sections: tuple[Section, ...]
    cache: tuple[Step, ...]


def forward_shapes(
    config: ModelConfig, batch: int, tokens: int, source_tokens: int | None = None
) -> ForwardShapes:
    """Every tensor of a forward pass, in the order they are made.

    Args:
        source_tokens: what the encoder of an encoder-decoder reads; None for as many as `tokens`.

    Raises:
        UsageError: positions are learned, and there are fewer of them than tokens.
    """
    if config.encoder is None:
        only = _Stack(config, "", batch, tokens)
        sections = (*only.sections(), only.end())
        return ForwardShapes(config, batch, tokens, 0, sections, only.cache())
    source = tokens if source_tokens is None else source_tokens
    encoder = _Stack(config.encoder, "encoder", batch, source)
    decoder = _Stack(config, "decoder", batch, tokens, source)
    sections = (*encoder.sections(), encoder.memory(), *decoder.sections(), decoder.end())
    return ForwardShapes(config, batch, tokens, source, sections, decoder.cache())


class _Stack:
    """The way through one stack."""

    def __init__(
        self,
        config: ModelConfig,
        side: str,
        batch: int,
        tokens: int,
        source: int = 0,
    ) -> None:
        if config.position == "learned" and tokens > config.max_position_embeddings:
            raise UsageError(
                f"The model has learned {config.max_position_embeddings:,} positions, and reads no "
                f"text of {tokens:,} tokens."
            )
        self.config, self.side = config, side
        self.found = stack_parameters(config)
        own = "S" if side == "encoder" else "T"
        by_axis = {
            "B": batch,
            "S": source,
            own: tokens,
            "D": config.hidden_size,
            "H": config.num_heads,
            "G": config.num_kv_heads,
            "d": config.head_dim,
            "v": config.value_dim,
            "I": config.intermediate_size,
            "V": config.vocab_size,
        }
        self.lengths = Lengths(by_axis, own)

    def sections(self) -> list[Section]:
        """The embedding, and a block of each kind."""
        blocks = [
            Section(
                "block",
                self.side,
                tuple(block_shapes(self.config, kind.experts, self.lengths)),
                kind.layers,
                kind.window,
            )
            for kind in layer_kinds(self.config)
        ]
        return [Section("embedding", self.side, tuple(self._embedding())), *blocks]

    def memory(self) -> Section:
        """What the decoder attends to."""
        norm = self._final_norm("memory")
        steps = norm or [self._step("memory", "BTD", "the last residual")]
        return Section("end", self.side, tuple(steps))

    def end(self) -> Section:
        """The last norm, and the logits."""
        config, found = self.config, head_parameters(self.config)
        steps = self._final_norm("final norm")
        if config.output_scale != 1:
            steps.append(self._step("scaled", "BTD", f"x × {config.output_scale:.4g}"))
        if config.head_transform:
            own = part(found, "head_transform.")
            steps.append(
                self._step("transformed", "BTD", f"norm({config.activation}(x·W + b))", own)
            )
        if config.head:
            how = "x·Eᵀ" if config.tie_embeddings else "x·W"
            how += " + b" if config.head_bias else ""
            how += "" if config.logit_softcap is None else f", capped at {config.logit_softcap:g}"
            steps.append(self._step("logits", "BTV", how, part(found, "head.")))
        return Section("end", self.side, tuple(steps))

    def cache(self) -> tuple[Step, ...]:
        """What one block keeps of the tokens."""
        config, latent, step = self.config, self.config.latent, self.lengths.step
        if not config.causal:
            return ()
        if latent is not None:
            return (
                step("cache", "kv latents", "B1Tr", "for all heads", r=latent.kv_rank),
                step("cache", "turned keys", "B1TR", "for all heads", R=latent.rope_dim),
            )
        steps = [step("cache", "keys", "BGTd", "K"), step("cache", "values", "BGTd", "V")]
        if config.encoder is not None:
            steps.append(step("cache", "memory's keys", "BGSd", "K of cross-attention"))
            steps.append(step("cache", "memory's values", "BGSd", "V of cross-attention"))
        return tuple(steps)

    def _embedding(self) -> list[Step]:
        config = self.config
        scale = "" if config.embedding_scale == 1 else f" × {config.embedding_scale:.4g}"
        shared = config.share_embeddings  # then it was counted in the encoder
        own = {} if shared else self._own("embedding.")
        row = "a row of the encoder's" if shared else "a row of the table"
        steps = [self._step("token", "BTD", row + scale, own)]
        if config.position == "learned":
            own = self._own("position_embedding.")
            steps.append(self._step("position", "BTD", "a row for each place", own))
        if config.position == "sinusoidal":
            steps.append(self._step("position", "BTD", "sines and cosines"))
        if config.token_types:
            own = self._own("type_embedding.")
            steps.append(self._step("segment", "BTD", "a row for each segment", own))
        if config.embedding_norm:
            steps.append(self._step("sum", "BTD", "of these"))
            steps.append(self._step("E", "BTD", "norm(sum)", self._own("embedding_norm.")))
        elif len(steps) > 1:
            steps.append(self._step("E", "BTD", " + ".join(step.name for step in steps)))
        else:
            steps = [self._step("E", "BTD", row + scale, own)]
        if config.position == "rope":
            ropes = {"cos, sin": config.rope}
            if config.window_rope is not None:
                ropes["cos, sin near"] = config.window_rope
            steps += [
                self._step(name, "TP", f"angles, base {rope.theta:,.0f}", P=config.rotary_dim // 2)
                for name, rope in ropes.items()
            ]
        if config.position == "relative":
            own = self._own("relative_bias.")
            steps.append(self._step("bias", "1HTT", "a number for each distance", own))
        return steps

    def _final_norm(self, name: str) -> list[Step]:
        how = "RMSNorm" if self.config.norm == "rms" else "LayerNorm"
        own = self._own("final_norm.")
        return [self._step(name, "BTD", f"{how}(E)", own)] if own else []

    def _own(self, prefix: str) -> Parameters:
        return part(self.found, prefix)

    def _step(
        self, name: str, axes: str, how: str, own: Parameters | None = None, **others: int
    ) -> Step:
        return self.lengths.step("", name, axes, how, own, **others)
