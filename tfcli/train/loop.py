"""The training loop: step, validate, sample, save, until the budget is spent."""

import dataclasses
import json
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tfcli_tokenizer import Tokenizer

from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.checkpoint.manifest import read_manifest
from tfcli.checkpoint.snapshots import forget_snapshots_after, snapshot_path
from tfcli.checkpoint.write import write_checkpoint
from tfcli.data.dataset import TokenDataset
from tfcli.errors import CheckpointError, StorageError, TrainingError
from tfcli.model.config import ModelConfig
from tfcli.model.initialise import initialise
from tfcli.model.transformer import Transformer
from tfcli.train.compiled import as_written, compile_blocks
from tfcli.train.config import TrainConfig
from tfcli.train.evaluate import Evaluator
from tfcli.train.events import (
    Event,
    Finished,
    Sampled,
    Saved,
    Snapshot,
    Started,
    Stepped,
    Validated,
)
from tfcli.train.examples import decoder_start_id, examples_for
from tfcli.train.run_directory import Progress, RunDirectory, State, checked_copy, resume_command
from tfcli.train.schedule import learning_rate_scale
from tfcli.train.snapshots import count_snapshots, passed
from tfcli.train.trainer import Trainer

VALIDATION_TOKENS = 16_384
_VALIDATIONS = 10
_FEWEST_STEPS_BETWEEN_VALIDATIONS = 10
_SAVE_SECONDS = 30.0
_SAVE_COST = 20  # saving takes at most a twentieth of the time
_RATE_STEPS = 20

Sampler = Callable[[Transformer, str], str]


@dataclass(frozen=True)
class Job:
    """All that a run needs: where, what, on which device.

    Attributes:
        run: its folder, with config.toml and the tokenizer.
        autocast: element type of the matrix products; None for the weights' own.
        resume: go on from the run's state instead of from new weights.
        sampler: writes a text with the model, given a prompt.
    """

    run: RunDirectory
    config: TrainConfig
    tokenizer: Tokenizer
    dataset: TokenDataset
    device: torch.device
    autocast: torch.dtype | None
    resume: bool
    sampler: Sampler


def train(job: Job, should_stop: Callable[[], bool]) -> Iterator[Event]:
    """Run the job, yielding what happens. `should_stop` is asked after every step.

    Raises:
        UsageError: another process trains this run.
        CheckpointError: the state to resume from is damaged, or belongs to other choices.
        TrainingError: the loss is not a number; what was saved stays as it was.
        StorageError: something could not be written; what was saved before stays.
    """
    with job.run.locked():
        saved = 0
        try:
            for event in _train(job, should_stop):
                saved = event.step if isinstance(event, Saved | Started) else saved
                yield event
        except StorageError as error:
            raise StorageError(
                error.message,
                hint="What was saved before is intact. Once that is mended, go on with:\n"
                + resume_command(job.run.path),
            ) from error
        except TrainingError as error:
            kept = f"The model of step {saved:,} is intact in {job.run.last}."
            raise TrainingError(
                error.message, f"{error.hint} {kept if saved else 'Nothing was saved.'}"
            ) from error


def _train(job: Job, should_stop: Callable[[], bool]) -> Iterator[Event]:
    config, run = job.config, job.run
    trainer, progress = _begin(job)
    held_out = job.dataset.validation
    examples = examples_for(trainer.model.config, held_out.tokens, decoder_start_id(job.tokenizer))
    evaluator = Evaluator(held_out, job.tokenizer, examples, VALIDATION_TOKENS)
    yield _started(job, trainer.model, progress)

    clock, rate = _Clock(progress.elapsed), _Rate()
    saved_at, save_took, stopped = clock.elapsed, 0.0, False
    progress, events = _keep_snapshot(job, trainer, progress)
    yield from events
    while not stopped and _share(config, progress) < 1.0:
        began = clock.elapsed
        scale = _scale(config, trainer, progress)
        loss, norm = trainer.step(progress.step, scale)
        progress = replace(
            progress,
            step=progress.step + 1,
            tokens=progress.tokens + trainer.tokens_per_step,
            elapsed=clock.elapsed,
        )
        done = min(1.0, _share(config, progress))
        speed = rate.of(trainer.tokens_per_step, progress.elapsed - began)
        stepped = Stepped(
            progress.step, loss, norm, scale, done, progress.tokens, speed, progress.elapsed
        )
        run.append_metrics({"event": "step", **vars(stepped)})
        yield stepped

        best_step = progress.best_step
        if done == 1.0 or _validation_is_due(config, progress, done):
            progress, events = _validate(job, trainer, evaluator, progress, done)
            yield from events
        progress, events = _keep_snapshot(job, trainer, progress)
        yield from events
        # Asked only now: a run that is stopped and resumed measures at the same steps as one that
        # never was, so it finds the same best model.
        stopped = should_stop()
        due = _save_is_due(config, progress.step, clock.elapsed - saved_at, save_took)
        if due or stopped or done == 1.0 or progress.best_step != best_step:
            progress = replace(progress, elapsed=clock.elapsed)
            _save(job, trainer, progress)
            saved_at = clock.elapsed
            save_took = saved_at - progress.elapsed
            yield Saved(progress.step)
    yield Finished(
        run=run.path,
        step=progress.step,
        tokens=progress.tokens,
        seconds=progress.elapsed,
        best_step=progress.best_step,
        best_loss=progress.best_loss,
        best_bits_per_byte=progress.best_bits_per_byte,
        interrupted=stopped and _share(config, progress) < 1.0,
    )


class _Clock:
    """Seconds of training, those before a resume included."""

    def __init__(self, before: float) -> None:
        self._start = time.monotonic() - before

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start


class _Rate:
    """Tokens a second over the last steps."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, float]] = deque(maxlen=_RATE_STEPS)

    def of(self, tokens: int, seconds: float) -> float:
        self._steps.append((tokens, seconds))
        return sum(t for t, _ in self._steps) / max(1e-9, sum(s for _, s in self._steps))


def _begin(job: Job) -> tuple[Trainer, Progress]:
    """The model and optimiser as they were saved, or new ones."""
    model = Transformer(job.config.model_config(job.tokenizer.vocab_size)).to(job.device)
    initialise(model, job.config.seed)
    job.dataset.require_context(model.config.max_position_embeddings)
    start_id = decoder_start_id(job.tokenizer)
    examples = examples_for(model.config, job.dataset.train.tokens, start_id)
    trainer = Trainer(model, examples, job.config, job.autocast)
    state = job.run.load_state() if job.resume else None
    progress = Progress() if state is None else state.progress
    if state is not None:
        _restore(job, trainer, state)
    if job.resume:
        job.run.forget_metrics_after(progress.step)
        forget_snapshots_after(job.run.path, progress.step)
        _make_good(job, trainer, progress)
    if job.config.compile:
        compile_blocks(model)
    return trainer, progress


def _restore(job: Job, trainer: Trainer, state: State) -> None:
    choices = json.loads(json.dumps(dataclasses.asdict(job.config)))  # as the state holds them
    for name, now in choices.items():
        before = state.config.get(name, now)
        if before != now:
            raise CheckpointError(
                f"{job.run.config_file} was changed: {name} was {before} and is {now}.",
                hint="A run goes on with the choices it began with: put that back, or begin anew.",
            )
    for name, parameter in trainer.model.named_parameters():
        checked_copy(parameter, state.tensors, f"model.{name}", job.run.state_file)
    try:
        trainer.optimizer.load_state(state.tensors)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"{job.run.state_file} is damaged: it lacks {error}.") from error


def _make_good(job: Job, trainer: Trainer, progress: Progress) -> None:
    """Write the models that a killed process saved the state of, but did not get to write."""
    for folder, step in ((job.run.last, progress.step), (job.run.best, progress.best_step)):
        if step and step == progress.step and _published_step(folder) != step:
            _publish(job, trainer, progress, folder)


def _published_step(directory: Path) -> Any:
    try:
        return ((read_manifest(directory) or {}).get("training") or {}).get("step")
    except (CheckpointError, AttributeError):
        return None


def _started(job: Job, model: Transformer, progress: Progress) -> Started:
    config = model.config
    return Started(
        run=job.run.path,
        parameters=model.num_parameters(),
        device=str(job.device),
        dtype=str(job.autocast or model.dtype).removeprefix("torch."),
        description=(
            f"{describe(config)}, context {config.max_position_embeddings}, "
            f"vocabulary {config.vocab_size:,}"
        ),
        train_tokens=len(job.dataset.train.tokens),
        validation_tokens=len(job.dataset.validation.tokens),
        step=progress.step,
        progress=min(1.0, _share(job.config, progress)),
        notes=(job.dataset.split, *_disk_use(job, model)),
    )


def _disk_use(job: Job, model: Transformer) -> list[str]:
    """What the models that are kept on the way take, in words; nothing where none are."""
    parameters = model.num_parameters()
    count = count_snapshots(job.config, parameters)
    size = parameters * model.dtype.itemsize / 1e6
    return [f"{count} snapshots on the way, {size:,.1f} MB each"] if count else []


def describe(config: ModelConfig) -> str:
    """A model's shape in words."""
    encoder = f"{config.encoder.num_layers} + " if config.encoder is not None else ""
    heads = f"{config.num_heads} heads ({config.num_kv_heads} key/value)"
    return f"{encoder}{config.num_layers} layers x {heads}, width {config.hidden_size}"


def _share(config: TrainConfig, progress: Progress) -> float:
    """How much of the budget is spent, from 0."""
    if config.steps is not None:
        return progress.step / config.steps
    if config.tokens is not None:
        return progress.tokens / config.tokens
    return progress.elapsed / (60 * (config.minutes or 3.0))


def _scale(config: TrainConfig, trainer: Trainer, progress: Progress) -> float:
    """The share of the peak learning rate for the next step."""
    done = _share(config, progress) or _first_share(config, trainer)
    return learning_rate_scale(done, config.warmup, config.decay)


def _first_share(config: TrainConfig, trainer: Trainer) -> float:
    """What stands for the share at step 0, whose learning rate would else be zero."""
    if config.steps is not None:
        return 0.5 / config.steps
    if config.tokens is not None:
        return 0.5 * trainer.tokens_per_step / config.tokens
    return config.warmup / 20


def _validation_is_due(config: TrainConfig, progress: Progress, done: float) -> bool:
    if config.validate_every is not None:
        return progress.step % config.validate_every == 0
    return (
        done - progress.validated_share >= 1 / _VALIDATIONS
        and progress.step - progress.validated_step >= _FEWEST_STEPS_BETWEEN_VALIDATIONS
    )


def count_validations(config: TrainConfig, steps: int) -> int:
    """How often a run of this many steps measures the held-out text."""
    every = config.validate_every or max(_FEWEST_STEPS_BETWEEN_VALIDATIONS, steps // _VALIDATIONS)
    return -(-steps // every)


def _save_is_due(config: TrainConfig, step: int, since: float, took: float) -> bool:
    """`since` seconds after the last save, which took `took` seconds."""
    if config.save_every is not None:
        return step % config.save_every == 0
    return since >= max(_SAVE_SECONDS, _SAVE_COST * took)


def _validate(
    job: Job, trainer: Trainer, evaluator: Evaluator, progress: Progress, done: float
) -> tuple[Progress, list[Event]]:
    model = trainer.model.eval()
    with as_written(job.config.compile):
        result = evaluator(model, job.autocast)
    if not math.isfinite(result.loss):
        raise trainer.diverged(f"The validation loss became {result.loss}", progress.step)
    is_best = result.loss < progress.best_loss
    event = Validated(progress.step, is_best=is_best, **vars(result))
    job.run.append_metrics({"event": "validation", **vars(event)})
    progress = replace(progress, validated_step=progress.step, validated_share=done)
    if is_best:
        progress = replace(
            progress,
            best_step=progress.step,
            best_loss=result.loss,
            best_bits_per_byte=result.bits_per_byte,
        )
    with as_written(job.config.compile):
        text = job.sampler(model, job.config.sample)
    model.train()
    return progress, [event, Sampled(progress.step, text)] if text else [event]


def _keep_snapshot(job: Job, trainer: Trainer, progress: Progress) -> tuple[Progress, list[Event]]:
    """Keep the model if it is time to. That of the whole budget is in last/ anyway.

    It is written before the state that counts it: what a killed process kept beyond its state is
    kept again.
    """
    done = _share(job.config, progress)
    reached = passed(count_snapshots(job.config, trainer.model.num_parameters()), done)
    if done >= 1.0 or reached <= progress.snapshots:
        return progress, []
    progress = replace(progress, snapshots=reached)
    _publish(job, trainer, progress, snapshot_path(job.run.path, progress.step))
    return progress, [Snapshot(progress.step)]


def _save(job: Job, trainer: Trainer, progress: Progress) -> None:
    """The state first: `_make_good` writes the others from it."""
    job.run.save_state(trainer.state(), progress, dataclasses.asdict(job.config))
    if progress.best_step == progress.step:
        _publish(job, trainer, progress, job.run.best)
    _publish(job, trainer, progress, job.run.last)


def _publish(job: Job, trainer: Trainer, progress: Progress, directory: Path) -> None:
    measured = progress.best_step > 0
    training = {
        "step": progress.step,
        "tokens": progress.tokens,
        "best_step": progress.best_step if measured else None,
        "best_loss": progress.best_loss if measured else None,
        "best_bits_per_byte": progress.best_bits_per_byte if measured else None,
        "config": vars(job.config),
    }
    begin = None
    if trainer.model.encoder is not None:
        begin = GenerationDefaults(decoder_start_id=decoder_start_id(job.tokenizer))
    write_checkpoint(directory, trainer.model, job.tokenizer, training, generation=begin)
