"""The optimisers: Muon for the matrices inside the blocks, AdamW for everything else."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from tfcli.model.block import Block
from tfcli.model.transformer import Transformer

# Quintic Newton–Schulz iteration of Jordan et al. 2024 (Muon): X ← aX + b(XXᵀ)X + c(XXᵀ)²X
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Muon:
    """Momentum, orthogonalised by Newton–Schulz (Jordan et al. 2024).

    Matrices of one shape are stacked and orthogonalised in one batched product. The update is
    scaled by max(1, rows/columns)^½, so a learning rate serves every shape.
    """

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        *,
        learning_rate: float,
        momentum: float,
        weight_decay: float,
        compute_dtype: torch.dtype,
        iterations: int = 5,
    ) -> None:
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.compute_dtype = compute_dtype
        self.iterations = iterations
        self._stacks: dict[str, tuple[list[str], list[nn.Parameter]]] = {}
        for name, parameter in parameters.items():
            names, stack = self._stacks.setdefault(_shape_key(parameter), ([], []))
            names.append(name)
            stack.append(parameter)
        self._momenta = {
            key: torch.zeros(len(stack), *stack[0].shape, device=stack[0].device)
            for key, (_, stack) in self._stacks.items()
        }

    @torch.no_grad()
    def step(self, scale: float) -> None:
        """One update, at `scale` times the learning rate."""
        rate = self.learning_rate * scale
        for key, (_, parameters) in self._stacks.items():
            gradient = torch.stack([p.grad for p in parameters])  # pyright: ignore[reportArgumentType,reportCallIssue]
            buffer = self._momenta[key]
            buffer.lerp_(gradient, 1 - self.momentum)
            update = gradient.lerp_(buffer, self.momentum)  # Nesterov
            update = orthogonalise(update, self.iterations, self.compute_dtype)
            rows, columns = update.shape[-2:]
            update = update.to(parameters[0].dtype)
            if self.weight_decay:
                for parameter in parameters:
                    parameter.mul_(1 - rate * self.weight_decay)
            factor = -rate * max(1.0, rows / columns) ** 0.5
            for parameter, change in zip(parameters, update.unbind(0), strict=True):
                parameter.add_(change, alpha=factor)

    def state(self) -> dict[str, Tensor]:
        """The momenta by parameter name."""
        return {
            f"muon.momentum.{name}": momentum
            for key, (names, _) in self._stacks.items()
            for name, momentum in zip(names, self._momenta[key], strict=True)
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take the momenta back. KeyError names one that is missing."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])


def orthogonalise(matrices: Tensor, iterations: int, dtype: torch.dtype) -> Tensor:
    """Replace each matrix UΣVᵀ [n, R, C] by roughly UVᵀ, with quintic Newton–Schulz steps.

    The singular values end between about 0.7 and 1.2, which serves training as well as 1 does.
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.transpose(-1, -2) if tall else matrices
    norm = x.square().sum((-2, -1), keepdim=True).sqrt()
    x = (x / (norm + 1e-7)).to(dtype)
    for _ in range(iterations):
        gram = torch.bmm(x, x.transpose(-1, -2))
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return x.transpose(-1, -2) if tall else x


class AdamW:
    """AdamW (Loshchilov & Hutter 2019) by PyTorch's fused kernel; decay only on matrices."""

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        learning_rate: float,
        betas: tuple[float, float],
        weight_decay: float,
    ) -> None:
        self.learning_rate = learning_rate
        self._parameters = dict(parameters)
        decayed = [p for p in parameters.values() if p.dim() >= 2]
        others = [p for p in parameters.values() if p.dim() < 2]
        groups = [
            {"params": decayed, "weight_decay": weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        fused = all(p.device.type in ("cpu", "cuda") for p in parameters.values())
        self._inner = torch.optim.AdamW(groups, lr=learning_rate, betas=betas, fused=fused)

    def step(self, scale: float) -> None:
        """One update, at `scale` times the learning rate."""
        for group in self._inner.param_groups:
            group["lr"] = self.learning_rate * scale
        self._inner.step()

    def state(self) -> dict[str, Tensor]:
        """Both moments and the step count, by parameter name."""
        return {
            f"adamw.{key}.{name}": value
            for name, parameter in self._parameters.items()
            for key, value in self._inner.state[parameter].items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take moments and step counts back."""
        for name, parameter in self._parameters.items():
            self._inner.state[parameter] = {
                key: (
                    state[f"adamw.{key}.{name}"].clone()
                    if key == "step"
                    else state[f"adamw.{key}.{name}"].to(parameter.device, copy=True)
                )
                for key in ("step", "exp_avg", "exp_avg_sq")
            }


class Optimizer:
    """Both optimisers as one: every parameter belongs to exactly one of them."""

    def __init__(self, parts: Iterable[Muon | AdamW]) -> None:
        self.parts = list(parts)

    def step(self, scale: float) -> None:
        """One update of every parameter, at `scale` times the learning rates."""
        for part in self.parts:
            part.step(scale)

    def state(self) -> dict[str, Tensor]:
        """Everything an exact resume needs, as named tensors."""
        return {name: tensor for part in self.parts for name, tensor in part.state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a saved state. KeyError names a tensor that is missing."""
        for part in self.parts:
            part.load_state(state)


def blocks_of(model: Transformer) -> list[Block]:
    """The blocks of the decoder, and of the encoder beside it."""
    return [module for module in model.modules() if isinstance(module, Block)]


def split_parameters(
    model: Transformer,
) -> tuple[dict[str, nn.Parameter], dict[str, nn.Parameter]]:
    """The matrices inside the blocks, for Muon; and embeddings, head, norms and biases."""
    inside = {id(p) for block in blocks_of(model) for p in block.parameters() if p.dim() == 2}
    matrices, others = {}, {}
    for name, parameter in model.named_parameters():
        (matrices if id(parameter) in inside else others)[name] = parameter
    return matrices, others


def _shape_key(parameter: Tensor) -> str:
    return "x".join(str(size) for size in parameter.shape)
