"""The tuned lens: a translator for every layer, fitted so that it speaks as the last layer does.

Belrose et al. 2023, “Eliciting Latent Predictions from Transformers with the Tuned Lens”: the lens
of layer l is U·LN_f(x + A_l x + b_l). With A = b = 0 it is the logit lens.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from tfcli.errors import TrainingError, UsageError
from tfcli.explain.lens.streams import read_out, stream
from tfcli.explain.lens.translators import TunedLens
from tfcli.explain.result import LensFitRow
from tfcli.model.transformer import Transformer
from tfcli.train.optimizer import Muon

SEQUENCES_A_STEP = 4
# Learning rates: of the matrices, whose updates are orthogonal, so that a step changes x by this
# share of itself at most; and of the vectors, in units of the layer's root mean square.
_MATRIX_RATE, _VECTOR_RATE = 0.05, 0.01
_NUMBERS_AT_ONCE = 2**24  # of logits: 64 MB in float32


def require_decoder(model: Transformer) -> None:
    """Refuse a model that does not predict what comes next."""
    if not model.config.causal or model.config.encoder is not None or model.head is None:
        raise UsageError(
            "A tuned lens is fitted for decoders: it predicts the next token from every layer.",
            hint="The logit lens needs no fit: leave --lens and --fit-lens out.",
        )


def fit(
    model: Transformer,
    texts: Tensor,
    steps: int,
    seed: int,
    progress: Callable[[int, float], None] = lambda done, kl: None,
) -> TunedLens:
    """Fit every layer's translator so that KL(final ‖ lens) becomes small.

    The model stays as it is and is run in its own precision; the translators are fitted in
    float32. A matrix is updated by Muon, whose steps have the same size
    whatever the scale of the residual stream, a vector by Adam; both rates fall to zero.

    Args:
        texts: token ids [n, T], drawn in a random order, again and again.
        steps: updates, of SEQUENCES_A_STEP texts each.
        seed: of the order.
        progress: called with the steps done and the mean KL of all layers, in bits.

    Raises:
        UsageError: the model is no decoder.
        TrainingError: the distance is no number.
    """
    require_decoder(model)
    with torch.inference_mode(False), torch.enable_grad(), _untrained(model):
        translators = _Translators(model, scales=_scales(model, texts[:1]))
        order = _order(len(texts), steps * SEQUENCES_A_STEP, seed)
        for step, rows in enumerate(order.split(SEQUENCES_A_STEP)):
            kl = _descend(model, translators, *_run(model, texts[rows]))
            if not math.isfinite(kl):
                raise TrainingError("The tuned lens cannot be fitted: its loss is not a number.")
            translators.step(1 - step / steps)
            progress(step + 1, kl)
        return translators.lens()


@torch.no_grad()
def distances(model: Transformer, lens: TunedLens, texts: Tensor) -> tuple[LensFitRow, ...]:
    """KL(final ‖ lens) of the logit lens and of the tuned lens, over all tokens of texts [n, T]."""
    sums = torch.zeros(2, len(lens.matrices), dtype=torch.float64)
    for rows in texts.split(SEQUENCES_A_STEP):
        streams, head_in = _run(model, rows)
        for part in _parts(model, head_in):
            final = _final(model, head_in[part])
            for layer, x in enumerate(streams[:-1]):
                for kind, read in enumerate((x[part], lens.translate(layer, x[part]))):
                    sums[kind, layer] += float(_distance(model, read, final))
    means = (sums / (texts.numel() * math.log(2))).tolist()
    return tuple(
        LensFitRow(layer - 1 if layer else None, logit, tuned)
        for layer, (logit, tuned) in enumerate(zip(*means, strict=True))
    )


class _Translators:
    """The numbers that are fitted, and their optimisers."""

    def __init__(self, model: Transformer, scales: Tensor) -> None:
        zeros = TunedLens.zeros(model)
        self.matrices = [torch.nn.Parameter(matrix) for matrix in zeros.matrices.unbind()]
        self.vectors = torch.nn.Parameter(zeros.vectors)  # in units of `scales`
        self.scales = scales
        self._muon = Muon(
            {str(i): matrix for i, matrix in enumerate(self.matrices)},
            learning_rate=_MATRIX_RATE,
            momentum=0.95,
            weight_decay=0.0,
            compute_dtype=torch.float32,
        )
        self._adam = torch.optim.Adam([self.vectors], lr=_VECTOR_RATE, betas=(0.9, 0.98))

    def lens(self) -> TunedLens:
        """As they stand."""
        matrices = torch.stack([matrix.detach() for matrix in self.matrices])
        return TunedLens(matrices, self.vectors.detach() * self.scales[:, None])

    def translate(self, layer: int, x: Tensor) -> Tensor:
        """As TunedLens.translate, with gradients."""
        return x + x @ self.matrices[layer].T + self.vectors[layer] * self.scales[layer]

    def step(self, scale: float) -> None:
        """One update at `scale` times the learning rates; the gradients are used up."""
        self._muon.step(scale)
        self._adam.param_groups[0]["lr"] = _VECTOR_RATE * scale
        self._adam.step()
        for parameter in (self.vectors, *self.matrices):
            parameter.grad = None


def _scales(model: Transformer, texts: Tensor) -> Tensor:
    """The root mean square of the residual stream before each block [L]."""
    streams, _ = _run(model, texts)
    return torch.stack([x.square().mean().sqrt() for x in streams[:-1]])


def _descend(
    model: Transformer, translators: _Translators, streams: Sequence[Tensor], head_in: Tensor
) -> float:
    """Add the gradient of the mean KL of every layer. Returns the KL of a layer, in bits.

    One layer's logits of a few positions are held at a time.
    """
    total = 0.0
    for part in _parts(model, head_in):
        final = _final(model, head_in[part])
        for layer, x in enumerate(streams[:-1]):
            kl = _distance(model, translators.translate(layer, x[part]), final) / len(head_in)
            kl.backward()
            total += float(kl.detach())
    return total / (len(streams) - 1) / math.log(2)


@torch.no_grad()
def _run(model: Transformer, ids: Tensor) -> tuple[list[Tensor], Tensor]:
    """The residual stream before every block and behind the last, and what the output matrix
    read, of texts [n, T]: [n · T, D] each."""
    trace = model.trace(ids.to(model.device))
    return [x.flatten(0, 1).float() for x in stream(trace)], trace.head_in.flatten(0, 1)


def _parts(model: Transformer, head_in: Tensor) -> list[slice]:
    """Positions, so few at a time that their logits stay small."""
    size = max(_NUMBERS_AT_ONCE // model.config.vocab_size, 1)
    return [slice(start, start + size) for start in range(0, len(head_in), size)]


@torch.no_grad()
def _final(model: Transformer, head_in: Tensor) -> Tensor:
    """log p that the model itself gives [n, V]."""
    return model.output(head_in).float().log_softmax(-1)


def _distance(model: Transformer, x: Tensor, final: Tensor) -> Tensor:
    """Σ KL(final ‖ lens) over residual streams [n, D], in nats."""
    here = read_out(model, x).log_softmax(-1)
    return F.kl_div(here, final, log_target=True, reduction="sum")


def _order(count: int, wanted: int, seed: int) -> Tensor:
    """Rows of a table of `count`, each as often as the others, in a random order [wanted]."""
    generator = torch.Generator().manual_seed(seed)
    rounds = -(-wanted // count)
    return torch.cat([torch.randperm(count, generator=generator) for _ in range(rounds)])[:wanted]


@contextmanager
def _untrained(model: Transformer) -> Iterator[None]:
    """The model's weights take no gradient in the body."""
    trained = [p for p in model.parameters() if p.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
