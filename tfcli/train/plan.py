"""What a run would need, before it begins: parameters, memory, disk, arithmetic and time.

The time is measured: a few steps of a model with one and with two blocks, on fewer sequences where
a whole step would take long. Time and activations grow by the same amount with each block, and
with each sequence, so those of the whole model follow; the optimiser's share is measured apart, as
it does not depend on the batch. What an encoder reads is as dear as the mean for the time, and as
long as may be for the memory.
"""

import dataclasses
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tfcli.model.config import ModelConfig
from tfcli.model.initialise import initialise
from tfcli.model.transformer import Transformer
from tfcli.train.config import TrainConfig
from tfcli.train.examples import Cut, cuts, decoder_start_id, examples_for
from tfcli.train.loop import VALIDATION_TOKENS, count_validations, describe
from tfcli.train.optimizer import blocks_of, split_parameters
from tfcli.train.session import Prepared
from tfcli.train.snapshots import count_snapshots, models_kept
from tfcli.train.trainer import Trainer

_FLOAT_BYTES = 4
_READING = re.compile(r"encoder\.|blocks\.\d+\.cross_attention\.[kv]\.")
_MEASURED_FLOPS = {"cpu": 2e10, "cuda": 2e13, "mps": 1e12}
_REPEATS = 3
# A pass over held-out text beside one over training text: forward only, of the three products
# that a matrix takes part in (its output, the gradient of its input, its own gradient).
_FORWARD_SHARE = 1 / 3


@dataclass(frozen=True)
class Plan:
    """What a run would need; bytes, seconds, and floating-point operations.

    Attributes:
        description: the model's shape in words.
        memory_fixed: weights, gradients and optimiser state.
        memory_activations: what a micro-batch keeps for the backward pass, at most.
        snapshots: models kept on the way.
        disk: state/, best/, last/ and the snapshots.
        tokens_per_step: predicted ones, and so everywhere here.
        flops_per_token: forward and backward.
        seconds_per_step: on this machine, measured just now.
        epochs: how often each token is learnt from.
        timed: whether the budget is a time, so that the steps are an estimate, not the seconds.
        seconds: of the whole run, validation included.
    """

    description: str
    vocab_size: int
    parameters: int
    parameters_in_blocks: int
    device: str
    dtype: str
    threads: int
    train_tokens: int
    validation_tokens: int
    sequences_per_step: int
    context: int
    tokens_per_step: int
    memory_fixed: int
    memory_activations: int
    snapshots: int
    disk: int
    flops_per_token: int
    flops_per_second: float
    seconds_per_step: float
    steps: int
    tokens: int
    epochs: float
    timed: bool
    seconds: float


def plan(ready: Prepared) -> Plan:
    """Count what can be counted, and measure how fast this machine is."""
    config = ready.config
    shape = config.model_config(ready.tokenizer.vocab_size)
    with torch.device("meta"):
        model = Transformer(shape)
    parameters = model.num_parameters()
    flops = flops_per_token(model)
    context = shape.max_position_embeddings
    batch = config.sequences(context)
    step_tokens = batch * context * config.accumulate
    machine = _measure(ready, shape, flops)
    step = machine.seconds(step_tokens) + machine.update
    held_out = min(VALIDATION_TOKENS, len(ready.dataset.validation.tokens))
    steps, seconds = _budget(config, step_tokens, step, _FORWARD_SHARE * machine.seconds(held_out))
    snapshots = models_kept(count_snapshots(config, parameters), steps)
    state = _FLOAT_BYTES * (parameters + _optimizer_elements(model, config))
    return Plan(
        description=describe(shape),
        vocab_size=shape.vocab_size,
        parameters=parameters,
        parameters_in_blocks=sum(
            p.numel() for block in blocks_of(model) for p in block.parameters()
        ),
        device=str(ready.device),
        dtype=str(ready.autocast or torch.float32).removeprefix("torch."),
        threads=torch.get_num_threads(),
        train_tokens=len(ready.dataset.train.tokens),
        validation_tokens=len(ready.dataset.validation.tokens),
        sequences_per_step=batch * config.accumulate,
        context=context,
        tokens_per_step=step_tokens,
        memory_fixed=state + _FLOAT_BYTES * parameters,
        memory_activations=machine.kept(batch),
        snapshots=snapshots,
        disk=state + (2 + snapshots) * _FLOAT_BYTES * parameters,
        flops_per_token=flops,
        flops_per_second=flops * step_tokens / step,
        seconds_per_step=step,
        steps=steps,
        tokens=steps * step_tokens,
        epochs=steps * step_tokens / len(ready.dataset.train.tokens),
        timed=config.steps is None and config.tokens is None,
        seconds=seconds,
    )


def flops_per_token(model: Transformer) -> int:
    """Floating-point operations that one predicted token costs in training, forward and backward.

    6 for each parameter in a matrix, and 12 · layers · heads · width of a head · context for
    attention (Kaplan et al. 2020; Chowdhery et al. 2022). In an encoder-decoder it is the mean over
    what an encoder reads.
    """
    if model.encoder is None:
        return round(_flops_of(model, Cut(pieces=1, read=0)))
    context = model.config.max_position_embeddings
    return round(sum(share * _flops_of(model, cut) for cut, share in cuts(context)))


def _flops_of(model: Transformer, cut: Cut) -> float:
    """The same where windows are cut so."""
    c = model.config
    matrices = {name: p.numel() for name, p in model.named_parameters() if p.dim() == 2}
    if not c.tie_embeddings:
        del matrices["embedding.weight"]  # looked up
    matrices.pop("position_embedding.weight", None)
    # What is made of the encoder's tokens: its own matrices, and those of keys and values of them.
    read = sum(size for name, size in matrices.items() if _READING.match(name))
    written = sum(matrices.values()) - read
    share = cut.pieces * cut.read / c.max_position_embeddings  # read tokens for a written one
    keys = c.max_position_embeddings / cut.pieces + cut.read
    attention = c.num_layers * c.num_heads * c.head_dim * keys
    if c.encoder is not None:
        e = c.encoder
        attention += share * e.num_layers * e.num_heads * e.head_dim * cut.read
    return 6 * (written + share * read) + 12 * attention


@dataclass(frozen=True)
class _Machine:
    """How fast this machine trains this model.

    Attributes:
        per_token: seconds for a token's share of the gradient.
        update: seconds that the optimiser takes a step.
        kept_always: bytes that a backward pass needs whatever the batch, such as weights in
            bfloat16.
        kept_by_sequence: bytes of activations that it needs for each sequence.
    """

    per_token: float
    update: float
    kept_always: float
    kept_by_sequence: float

    def seconds(self, tokens: int) -> float:
        """Seconds for the gradient of this many tokens."""
        return self.per_token * tokens

    def kept(self, sequences: int) -> int:
        """Bytes that wait for the backward pass of this many sequences."""
        return round(self.kept_always + self.kept_by_sequence * sequences)


def _measure(ready: Prepared, shape: ModelConfig, flops: int) -> _Machine:
    affordable = _MEASURED_FLOPS.get(ready.device.type, _MEASURED_FLOPS["cpu"])
    sequence = flops * shape.max_position_embeddings
    layers = shape.num_layers
    deep = layers if sequence <= affordable else min(2, layers)
    batch = ready.config.sequences(shape.max_position_embeddings)
    sequences = min(batch, max(1, int(affordable / sequence * layers / deep)))
    few, many = (_Probe(ready, shape, depth, sequences) for depth in (1, deep))
    for probe in (few, many) * _REPEATS:  # in turns, so that a busy moment slows down both
        probe.step()

    def whole(value: Callable[[_Probe], float]) -> float:
        """The value for all layers, on the line through the two."""
        first, last = value(few), value(many)
        if deep == layers:
            return last
        return first + max(0.0, last - first) / (deep - 1) * (layers - 1)

    tokens = sequences * shape.max_position_embeddings
    return _Machine(
        per_token=whole(lambda probe: statistics.median(probe.gradients)) / tokens,
        update=whole(lambda probe: statistics.median(probe.updates)),
        kept_always=whole(lambda probe: 2 * probe.kept[0] - probe.kept[1]),
        kept_by_sequence=whole(lambda probe: probe.kept[1] - probe.kept[0]),
    )


class _Probe:
    """A model of a few layers, and how long its steps take.

    Attributes:
        gradients, updates: seconds that each step took for the gradient and for the optimiser.
        kept: bytes that the backward pass of one sequence and of two needed.
    """

    def __init__(self, ready: Prepared, shape: ModelConfig, layers: int, sequences: int) -> None:
        config = dataclasses.replace(ready.config, batch_size=sequences, accumulate=1)
        model = Transformer(_with_layers(shape, layers)).to(ready.device)
        initialise(model, 0)
        tokens = ready.dataset.train.tokens
        examples = examples_for(shape, tokens, decoder_start_id(ready.tokenizer))
        self._trainer = Trainer(model, examples, config, ready.autocast)
        self.gradients: list[float] = []
        self.updates: list[float] = []
        self._trainer.cut = Cut(pieces=1, read=examples.context)
        self.kept = [_bytes_kept(self._trainer, number) for number in (1, 2)]
        self._trainer.cut = _usual_cut(model)
        self._trainer.batch_size = sequences
        self._trainer.optimizer.step(0.0)  # the first one makes the optimiser's state

    def step(self) -> None:
        began = time.perf_counter()
        self._trainer.gradients(len(self.gradients))
        computed = time.perf_counter()
        self._trainer.optimizer.step(0.0)
        if self._trainer.model.device.type == "cuda":
            torch.cuda.synchronize()
        self.updates.append(time.perf_counter() - computed)
        self.gradients.append(computed - began)
        self._trainer.model.zero_grad(set_to_none=True)


def _usual_cut(model: Transformer) -> Cut:
    """Of what an encoder-decoder may get, that which costs nearest to the mean."""
    mean = flops_per_token(model)
    possible = [cut for cut, _ in cuts(model.config.max_position_embeddings)]
    return min(possible, key=lambda cut: abs(_flops_of(model, cut) - mean))


def _with_layers(shape: ModelConfig, layers: int) -> ModelConfig:
    """The same model with so many blocks, on each side."""
    encoder = shape.encoder and _with_layers(shape.encoder, layers)
    return dataclasses.replace(shape, num_layers=layers, encoder=encoder)


def _bytes_kept(trainer: Trainer, sequences: int) -> int:
    """Do one gradient, and count the bytes of the tensors that wait for the backward pass."""
    trainer.batch_size = sequences
    weights = {p.untyped_storage().data_ptr() for p in trainer.model.parameters()}
    sizes: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        trainer.gradients(0)
    return sum(sizes.values())


def _optimizer_elements(model: Transformer, config: TrainConfig) -> int:
    """Numbers that the optimiser keeps: Muon a momentum, AdamW two moments for each parameter."""
    matrices, _ = split_parameters(model)
    momenta = sum(p.numel() for p in matrices.values()) if config.optimizer == "muon" else 0
    return 2 * model.num_parameters() - momenta


def _budget(
    config: TrainConfig, step_tokens: int, step: float, validation: float
) -> tuple[int, float]:
    """Steps and seconds of the run, for these seconds a step and a validation."""
    steps = config.steps or -(-(config.tokens or 0) // step_tokens)
    if steps:
        return steps, steps * step + count_validations(config, steps) * validation
    budget = 60 * (config.minutes or 3.0)
    rough = max(1, int(budget / step))
    steps = int((budget - count_validations(config, rough) * validation) / step)
    return max(1, steps), budget
