"""Mixture of experts: several feed-forward modules, and a router that sends each token to some."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.model.config import Experts, ModelConfig
from tfcli.model.feed_forward import ACTIVATIONS, FeedForward
from tfcli.model.linear import Linear
from tfcli.model.trace import FeedForwardTrace, RouterTrace


class Router(nn.Module):
    """Scores every expert for every token, chooses k, and says how much each of them counts."""

    def __init__(self, config: ModelConfig, experts: Experts) -> None:
        super().__init__()
        self.experts = experts
        self.weight = nn.Parameter(torch.zeros(experts.count, config.hidden_size))
        self.bias = nn.Parameter(torch.zeros(experts.count)) if experts.router_bias else None
        # changed by how busy the experts are, not by gradients (DeepSeek-V3, 2024)
        self.correction = nn.Parameter(torch.zeros(experts.count)) if experts.correction else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Route tokens [N, D]: logits [N, E], the chosen experts [N, k] and their weights [N, k].

        Computed in float32 or wider: which expert is chosen turns on small differences.
        """
        experts = self.experts
        wide = torch.float64 if x.dtype == torch.float64 else torch.float32
        with torch.autocast("cpu" if x.is_meta else x.device.type, enabled=False):
            bias = None if self.bias is None else self.bias.to(wide)
            logits = F.linear(x.to(wide), self.weight.to(wide), bias)
            if experts.score == "topk_softmax":
                best = logits.topk(experts.chosen, dim=-1)
                return logits, best.indices, best.values.softmax(-1) * experts.scale
            scores = logits.sigmoid() if experts.score == "sigmoid" else logits.softmax(-1)
            chosen = self._open(self._corrected(scores)).topk(experts.chosen, dim=-1).indices
            weights = scores.gather(-1, chosen)
            if experts.normalise:
                total = weights.sum(-1, keepdim=True) + experts.normalise_eps
                weights = weights / total.clamp(min=experts.normalise_min)
        return logits, chosen, weights * experts.scale

    def _corrected(self, scores: Tensor) -> Tensor:
        return scores if self.correction is None else scores + self.correction.to(scores.dtype)

    def _open(self, scores: Tensor) -> Tensor:
        """The scores [N, E], -inf outside the groups that are open to the token."""
        experts = self.experts
        if experts.groups == 1:
            return scores
        grouped = scores.unflatten(-1, (experts.groups, -1))  # [N, groups, E / groups]
        best = grouped.topk(2 if experts.group_score == "top2" else 1, dim=-1).values.sum(-1)
        groups = best.topk(experts.chosen_groups, dim=-1).indices
        closed = torch.ones_like(best, dtype=torch.bool).scatter(-1, groups, False)
        return grouped.masked_fill(closed[..., None], float("-inf")).flatten(-2)


class ExpertWeights(nn.Module):
    """The matrices of all experts, stacked: gate and up [E, I, D], down [E, D, I]."""

    def __init__(self, config: ModelConfig, experts: Experts) -> None:
        super().__init__()
        d, inner, count = config.hidden_size, experts.intermediate_size, experts.count
        self.gate = nn.Parameter(torch.zeros(count, inner, d))
        self.up = nn.Parameter(torch.zeros(count, inner, d))
        self.down = nn.Parameter(torch.zeros(count, d, inner))
        self.gate_bias = self.up_bias = self.down_bias = None
        if experts.bias:
            self.gate_bias = nn.Parameter(torch.zeros(count, inner))
            self.up_bias = nn.Parameter(torch.zeros(count, inner))
            self.down_bias = nn.Parameter(torch.zeros(count, d))
        self.limit, self.alpha = experts.limit, experts.alpha
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, expert: int, x: Tensor) -> Tensor:
        """What one expert makes of some tokens: [n, D] → [n, D]."""
        inner = self.neurons(expert, x)
        return F.linear(inner, self.down[expert], _row(self.down_bias, expert))

    def neurons(self, expert: int, x: Tensor) -> Tensor:
        """What the neurons of one expert fire: [n, D] → [n, I]."""
        gate = F.linear(x, self.gate[expert], _row(self.gate_bias, expert))
        up = F.linear(x, self.up[expert], _row(self.up_bias, expert))
        return self._gated(gate, up)

    def _gated(self, gate: Tensor, up: Tensor) -> Tensor:
        if not self.limit:
            return self.activation(gate) * up
        gate, up = gate.clamp(max=self.limit), up.clamp(-self.limit, self.limit)
        return (up + 1) * gate * torch.sigmoid(self.alpha * gate)


class MixtureOfExperts(nn.Module):
    """Σ over the chosen experts of weight · expert(x), and what the shared one gives."""

    def __init__(self, config: ModelConfig, experts: Experts) -> None:
        super().__init__()
        self.router = Router(config, experts)
        self.experts = ExpertWeights(config, experts)
        shared = experts.shared_intermediate_size
        self.shared = FeedForward(config, shared) if shared else None
        gated = experts.shared_gate
        self.shared_gate = Linear(config.hidden_size, 1, bias=False) if gated else None

    def forward(self, x: Tensor, tracing: bool = False) -> tuple[Tensor, FeedForwardTrace | None]:
        """Transform every position by itself: [B, T, D] → [B, T, D]."""
        B, T, D = x.shape
        tokens = x.reshape(-1, D)  # [N, D]
        logits, chosen, weights = self.router(tokens)
        y = self._routed(tokens, chosen, weights)
        if self.shared is not None:
            common, _ = self.shared(tokens)
            if self.shared_gate is not None:
                common = torch.sigmoid(self.shared_gate(tokens)) * common
            y = y + common
        output = y.view(B, T, D)
        if not tracing:
            return output, None
        spread = torch.zeros_like(logits).scatter(-1, chosen, weights)
        router = RouterTrace(logits.view(B, T, -1), spread.view(B, T, -1), chosen.view(B, T, -1))
        return output, FeedForwardTrace(inner=None, output=output, router=router)

    def _routed(self, tokens: Tensor, chosen: Tensor, weights: Tensor) -> Tensor:
        """Each expert sees all its tokens at once: [N, D], [N, k], [N, k] → [N, D]."""
        y = torch.zeros_like(tokens)
        if tokens.is_meta:  # a plan runs without numbers: one expert stands for all
            return y + self.experts(0, tokens)
        for expert in chosen.unique().tolist():
            token, place = (chosen == expert).nonzero(as_tuple=True)
            made = self.experts(expert, tokens[token]) * weights[token, place, None]
            y = y.index_add(0, token, made.to(y.dtype))
        return y


def _row(bias: Tensor | None, expert: int) -> Tensor | None:
    return None if bias is None else bias[expert]
