"""`TrainConfig`: every choice of a training run, once, for flags, TOML, help and the record."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tfcli.errors import UsageError
from tfcli.model.config import ModelConfig
from tfcli.train.architectures import ARCHITECTURES, RATES, SIZES, Shape


def _option(default: Any, help: str, panel: str, **more: Any) -> Any:
    return field(default=default, metadata={"help": help, "panel": panel, **more})


_MODEL, _BUDGET, _DATA = "Model", "Budget", "Data and tokenizer"
_OPTIMISER, _RUN = "Optimiser", "Run"
_BEFORE, _AFTER = RATES["qwen3"], RATES["transformer-2017"]


@dataclass(frozen=True)
class TrainConfig:
    """What `tfcli train` can be told; a key of its TOML file, a flag and a line of its help."""

    minutes: float | None = _option(
        None, "Train for this long (3, where no budget is given).", _BUDGET, min=0.01
    )
    steps: int | None = _option(None, "Train for this many optimiser steps.", _BUDGET, min=1)
    tokens: int | None = _option(None, "Train on this many tokens.", _BUDGET, min=1)
    size: Literal["nano", "micro", "tiny", "mini", "base", "small", "big", "medium"] = _option(
        "nano", "Preset of the model's shape; the next options change parts of it.", _MODEL
    )
    architecture: Literal["qwen3", "gpt2", "transformer-2017"] = _option(
        "qwen3", "The family whose form the model takes.", _MODEL
    )
    layers: int | None = _option(
        None, "Number of blocks; beside an encoder, of each side.", _MODEL, min=1
    )
    heads: int | None = _option(None, "Query heads a block.", _MODEL, min=1)
    kv_heads: int | None = _option(None, "Key/value heads a block.", _MODEL, min=1)
    hidden_size: int | None = _option(None, "Width of the residual stream.", _MODEL, min=2)
    intermediate_size: int | None = _option(
        None, "Inner width of the feed-forward module.", _MODEL, min=1
    )
    context: int | None = _option(None, "Tokens that the model sees at once.", _MODEL, min=2)
    tokenizer_type: Literal["bpe", "unigram", "char", "word"] = _option(
        "bpe", "Type of the tokenizer made from the corpus, where none is given.", _DATA
    )
    vocab_size: int | None = _option(
        None, "Size of that tokenizer; by default it grows with the corpus.", _DATA, min=260
    )
    validation_fraction: float | None = _option(
        None, "Share of the documents held out (default 0.05).", _DATA, min=0.0001, max=0.5
    )
    batch_size: int | None = _option(
        None, "Sequences a step (default: what fits the size's tokens a step).", _OPTIMISER, min=1
    )
    accumulate: int = _option(1, "Micro-batches added up to a step.", _OPTIMISER, min=1)
    optimizer: Literal["muon", "adamw"] = _option(
        "muon", "Muon for the blocks' matrices and AdamW for the rest, or AdamW alone.", _OPTIMISER
    )
    learning_rate: float = _option(
        None,
        f"AdamW's peak learning rate (default: {_BEFORE.adamw:g}; for transformer-2017 without "
        f"Muon {_AFTER.alone:g}).",
        _OPTIMISER,
        min=0.0,
        flag="--lr",
    )
    muon_learning_rate: float = _option(
        None,
        f"Muon's peak learning rate (default: {_BEFORE.muon:g}; for transformer-2017 "
        f"{_AFTER.muon:g}).",
        _OPTIMISER,
        min=0.0,
        flag="--muon-lr",
    )
    momentum: float = _option(0.9, "Muon's momentum.", _OPTIMISER, min=0.0, max=0.999)
    weight_decay: float = _option(0.01, "Decay of matrices.", _OPTIMISER, min=0.0)
    clip: float = _option(
        1.0,
        "Largest gradient norm; larger ones are scaled down; 0 turns it off.",
        _OPTIMISER,
        min=0,
    )
    warmup: float = _option(
        None,
        f"Share of the budget to warm up in (default: {_BEFORE.warmup:g}; for transformer-2017 "
        f"without Muon {_AFTER.warmup_alone:g}).",
        _OPTIMISER,
        min=0,
        max=1,
    )
    decay: float = _option(0.8, "Share of the budget to decay in.", _OPTIMISER, min=0, max=1)
    seed: int = _option(0, "Of the weights and the order of the data.", _RUN, min=0)
    save_every: int | None = _option(
        None, "Save every N steps (default: every 30 seconds).", _RUN, min=1
    )
    validate_every: int | None = _option(
        None, "Validate every N steps (default: ten times a run).", _RUN, min=1
    )
    snapshots: int | None = _option(
        None,
        "Models to keep on the way, more of them early, in RUN/snapshots (default: 12 where they "
        "take no more than 256 MB together, as of nano; else none).",
        _RUN,
        min=0,
        max=1000,
    )
    sample: str = _option("The cat", "Prompt of the samples while training.", _RUN)
    compile: bool = _option(False, "Compile each block (worth it on a GPU).", _RUN)

    def __post_init__(self) -> None:
        """Exactly one budget, UsageError otherwise; and rates, where none are given."""
        given = [name for name in ("minutes", "steps", "tokens") if getattr(self, name) is not None]
        if len(given) > 1:
            raise UsageError(f"Give one budget, not {' and '.join('--' + g for g in given)}.")
        if not given:
            object.__setattr__(self, "minutes", 3.0)
        rates = RATES[self.architecture]
        alone = self.optimizer == "adamw"
        if self.warmup is None:
            object.__setattr__(self, "warmup", rates.warmup_alone if alone else rates.warmup)
        if self.learning_rate is None:
            object.__setattr__(self, "learning_rate", rates.alone if alone else rates.adamw)
        if self.muon_learning_rate is None:
            object.__setattr__(self, "muon_learning_rate", rates.muon)

    def model_config(self, vocab_size: int) -> ModelConfig:
        """The model's configuration: the size's, with the given parts changed."""
        size = SIZES[self.size]
        return ARCHITECTURES[self.architecture](
            Shape(
                vocab_size=vocab_size,
                layers=self.layers or size.layers,
                heads=self.heads or size.heads,
                hidden_size=self.hidden_size or size.hidden_size,
                context=self.context or size.context,
                kv_heads=self.kv_heads,
                intermediate_size=self.intermediate_size,
                preset=size,
            )
        )

    def sequences(self, context: int) -> int:
        """Sequences a micro-batch."""
        return self.batch_size or max(1, SIZES[self.size].step_tokens // context)
