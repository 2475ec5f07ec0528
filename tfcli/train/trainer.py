"""One training run's moving parts: model, optimiser, and the step that moves them."""

import math

import torch
from torch import Tensor

from tfcli.errors import TrainingError
from tfcli.model.device import has_fast_bfloat16
from tfcli.model.transformer import Transformer
from tfcli.train.config import TrainConfig
from tfcli.train.examples import Cut, Examples
from tfcli.train.objective import batch_loss
from tfcli.train.optimizer import AdamW, Muon, Optimizer, split_parameters

_BETAS = (0.9, 0.95)


class Trainer:
    """A model under training. The state after n steps depends on config, examples and n only.

    Attributes:
        batch_size: sequences a micro-batch.
        cut: of the examples for an encoder-decoder; None where they draw it.
        tokens_per_step: predicted in one call of `step`.
    """

    def __init__(
        self,
        model: Transformer,
        examples: Examples,
        config: TrainConfig,
        autocast: torch.dtype | None,
    ) -> None:
        self.model = model
        self.config = config
        self.batch_size = config.sequences(examples.context)
        self.cut: Cut | None = None
        self.tokens_per_step = self.batch_size * examples.context * config.accumulate
        self._examples = examples
        self._autocast = autocast
        self.optimizer = build_optimizer(model, config)

    def step(self, step: int, scale: float) -> tuple[float, float]:
        """Do step number `step` at `scale` of the learning rate; returns loss and gradient norm.

        Raises:
            TrainingError: the loss or the gradient is not a finite number. Nothing was updated.
        """
        loss, norm = self.gradients(step)
        if not math.isfinite(loss):
            raise self.diverged(f"The loss became {loss}", step + 1)
        if not math.isfinite(norm):
            raise self.diverged(f"The gradient's norm became {norm}", step + 1)
        clip = self.config.clip
        if clip and norm > clip:
            for p in self.model.parameters():
                if p.grad is not None:
                    p.grad.mul_(clip / norm)
        self.optimizer.step(scale)
        self.model.zero_grad(set_to_none=True)
        return loss, norm

    def gradients(self, step: int) -> tuple[float, float]:
        """Add the gradient of step number `step` to the parameters; returns loss and its norm."""
        accumulate = self.config.accumulate
        total = torch.zeros((), device=self.model.device)
        for part in range(accumulate):
            loss = self._loss(step * accumulate + part)
            (loss / accumulate).backward()
            total += loss.detach()
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        return float(total) / accumulate, float(norm)

    def diverged(self, what: str, step: int) -> TrainingError:
        """The error for a number that is none."""
        rates = "--lr and --muon-lr" if self.config.optimizer == "muon" else "--lr"
        return TrainingError(
            f"{what} at step {step:,}: training has diverged.",
            hint=f"Begin a new run with a lower {rates}, or a higher --warmup.",
        )

    def _loss(self, number: int) -> Tensor:
        batch = self._examples.batch(number, self.batch_size, self.config.seed, self.cut)
        return batch_loss(self.model, batch.to(self.model.device), self._autocast)

    def state(self) -> dict[str, Tensor]:
        """Weights and optimiser state, named."""
        weights = {f"model.{name}": p for name, p in self.model.named_parameters()}
        return {**weights, **self.optimizer.state()}


def build_optimizer(model: Transformer, config: TrainConfig) -> Optimizer:
    """The optimiser that the configuration asks for."""
    matrices, others = split_parameters(model)
    if config.optimizer == "adamw":
        return Optimizer(
            [AdamW({**matrices, **others}, config.learning_rate, _BETAS, config.weight_decay)]
        )
    fast = has_fast_bfloat16(model.device)
    return Optimizer(
        [
            Muon(
                matrices,
                learning_rate=config.muon_learning_rate,
                momentum=config.momentum,
                weight_decay=config.weight_decay,
                compute_dtype=torch.bfloat16 if fast else torch.float32,
            ),
            AdamW(others, config.learning_rate, _BETAS, 0.0),
        ]
    )
