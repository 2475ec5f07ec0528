"""What a training run reports while it goes on. A view draws these; nothing here prints."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Started:
    """The run begins, or goes on after a pause; `progress` is the share of the budget spent."""

    run: Path
    parameters: int
    device: str
    dtype: str
    description: str
    train_tokens: int
    validation_tokens: int
    step: int
    progress: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Stepped:
    """One optimiser step: mean loss in nats a token, the gradient's norm, how far we are.

    Attributes:
        progress: share of the budget spent, up to 1.
        tokens: learnt from so far.
        tokens_per_second: of the last steps, validation and saving left out.
        elapsed: seconds of training so far, all included.
    """

    step: int
    loss: float
    gradient_norm: float
    learning_rate_scale: float
    progress: float
    tokens: int
    tokens_per_second: float
    elapsed: float


@dataclass(frozen=True)
class Validated:
    """The held-out text's loss in nats a token, in bits a byte, and nats a character."""

    step: int
    loss: float
    bits_per_byte: float
    loss_per_character: float
    is_best: bool


@dataclass(frozen=True)
class Sampled:
    """A text that the model writes at this point."""

    step: int
    text: str


@dataclass(frozen=True)
class Saved:
    """A checkpoint is on the disk."""

    step: int


@dataclass(frozen=True)
class Snapshot:
    """The model of this step is kept, beside best/ and last/."""

    step: int


@dataclass(frozen=True)
class Finished:
    """The run ended: by its budget, or because it was asked to.

    Attributes:
        tokens: learnt from.
        seconds: of training, pauses left out.
        best_step: the step of the model in best/, 0 where none was measured; its held-out loss
            and bits a byte are infinite then.
    """

    run: Path
    step: int
    tokens: int
    seconds: float
    best_step: int
    best_loss: float
    best_bits_per_byte: float
    interrupted: bool


Event = Started | Stepped | Validated | Sampled | Saved | Snapshot | Finished
