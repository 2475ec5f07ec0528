"""A tuned lens: what stands between a layer's residual stream and the model's own end."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tfcli.model.transformer import Transformer


@dataclass(frozen=True, eq=False)
class TunedLens:
    """Translators for the embedding and every layer but the last.

    Attributes:
        matrices: A_l [L, D, D], in float32.
        vectors: b_l [L, D], likewise.
        corpus, steps: what it was fitted on, and how long.
    """

    matrices: Tensor
    vectors: Tensor
    corpus: str = ""
    steps: int = 0

    @classmethod
    def zeros(cls, model: Transformer) -> "TunedLens":
        """The lens before it is fitted: the logit lens."""
        L, D = model.config.num_layers, model.config.hidden_size
        device = model.device
        return cls(torch.zeros(L, D, D, device=device), torch.zeros(L, D, device=device))

    def translate(self, layer: int, x: Tensor) -> Tensor:
        """x + A x + b of vectors [..., D] before block `layer`; behind the last, x itself."""
        if layer == len(self.matrices):
            return x
        A, b = (t[layer].to(x.device, x.dtype) for t in (self.matrices, self.vectors))
        return x + x @ A.T + b
