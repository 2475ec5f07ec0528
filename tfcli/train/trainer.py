"""One training run's moving parts: model, optimiser, and the step that moves them."""

import math

import torch
from torch import Tensor

from tfcli.data import batches
from tfcli.data.shards import TokenShard
from tfcli.errors import TrainingError
from tfcli.model.device import has_fast_bfloat16
from tfcli.model.transformer import Transformer
from tfcli.train.config import TrainConfig
from tfcli.train.objective import linear_cross_entropy
from tfcli.train.optimizer import AdamW, Muon, Optimizer, split_parameters

_BETAS = (0.9, 0.95)


class Trainer:
    """A model under training. The state after n steps depends on config, data and n only."""

    def __init__(
        self,
        model: Transformer,
        shard: TokenShard,
        config: TrainConfig,
        autocast: torch.dtype | None,
    ) -> None:
        self.model = model
        self.config = config
        self.context = model.config.max_position_embeddings
        self.batch_size = config.sequences(self.context)
        self.tokens_per_step = self.batch_size * self.context * config.accumulate
        self._tokens = shard.tokens
        self._autocast = autocast
        self.optimizer = build_optimizer(model, config)

    def step(self, step: int, scale: float) -> tuple[float, float]:
        """Do step number `step` at `scale` of the learning rate; returns loss and gradient norm.

        Raises:
            TrainingError: the loss or the gradient is not a finite number. Nothing was updated.
        """
        config = self.config
        loss_sum = torch.zeros((), device=self.model.device)
        for part in range(config.accumulate):
            loss = self._loss(step * config.accumulate + part)
            (loss / config.accumulate).backward()
            loss_sum += loss.detach()
        parameters = list(self.model.parameters())
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        loss_value, norm_value = float(loss_sum) / config.accumulate, float(norm)
        if not (math.isfinite(loss_value) and math.isfinite(norm_value)):
            raise TrainingError(
                f"The loss became {loss_value} at step {step + 1}: training has diverged.",
                hint="Lower --lr and --muon-lr, or raise --warmup; the last checkpoint is intact.",
            )
        if config.clip and norm_value > config.clip:
            for p in parameters:
                if p.grad is not None:
                    p.grad.mul_(config.clip / norm_value)
        self.optimizer.step(scale)
        self.model.zero_grad(set_to_none=True)
        return loss_value, norm_value

    def _loss(self, number: int) -> Tensor:
        window = batches.batch(
            self._tokens,
            seed=self.config.seed,
            step=number,
            batch_size=self.batch_size,
            context=self.context,
        )
        ids = torch.from_numpy(window).to(self.model.device)
        inputs, targets = ids[:, :-1], ids[:, 1:]  # [B, T]
        with torch.autocast(ids.device.type, self._autocast, enabled=self._autocast is not None):
            hidden = self.model.hidden(inputs)
        return linear_cross_entropy(
            hidden.flatten(0, 1), self.model.head.weight, targets.flatten(), self._autocast
        )

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
