"""The training loop: step, validate, sample, save, until the budget is spent."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tfcli_tokenizer import Tokenizer

from tfcli.checkpoint.write import write_checkpoint
from tfcli.data.dataset import TokenDataset
from tfcli.errors import CheckpointError, DataError
from tfcli.model.initialise import initialise
from tfcli.model.transformer import Transformer
from tfcli.train.config import TrainConfig
from tfcli.train.evaluate import Evaluator
from tfcli.train.events import Event, Finished, Sampled, Saved, Started, Stepped, Validated
from tfcli.train.run_directory import Progress, RunDirectory, checked_copy
from tfcli.train.schedule import learning_rate_scale
from tfcli.train.trainer import Trainer

_SAVE_SECONDS = 30.0
_VALIDATIONS = 10
_VALIDATION_TOKENS = 16_384

Sampler = Callable[[Transformer, str], str]


@dataclass(frozen=True)
class Job:
    """All that a run needs: where, what, on which device.

    Attributes:
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
    record: dict[str, dict[str, Any]]
    resume: bool
    sampler: Sampler


def train(job: Job, should_stop: Callable[[], bool]) -> Iterator[Event]:
    """Run the job, yielding what happens. `should_stop` is asked after every step.

    Raises:
        DataError: the corpus is too small, or is not the one that the run began with.
        TrainingError: the loss is not a number; checkpoints stay as they were.
        StorageError: a checkpoint could not be written; the one before it stays.
    """
    config, run = job.config, job.run
    model = Transformer(config.model_config(job.tokenizer.vocab_size)).to(job.device)
    initialise(model, config.seed)
    context = model.config.max_position_embeddings
    job.dataset.require_context(context)
    trainer = Trainer(model, job.dataset.train, config, job.autocast)
    progress = _begin(job, trainer)
    if config.compile:
        for block in model.blocks:
            block.compile()
    evaluator = Evaluator(job.dataset.validation, job.tokenizer, context, _VALIDATION_TOKENS)
    yield _started(job, model, progress)

    clock = _Clock(progress.elapsed)
    saved_at, validated_at, tokens_at = clock.elapsed, _share(config, progress), progress.tokens
    rate_clock = clock.elapsed
    stopped, done = False, 0.0
    while not stopped and (done := _share(config, progress)) < 1.0:
        scale = learning_rate_scale(
            done or _first_share(config, trainer), config.warmup, config.decay
        )
        loss, norm = trainer.step(progress.step, scale)
        elapsed = clock.elapsed
        progress = replace(
            progress,
            step=progress.step + 1,
            tokens=progress.tokens + trainer.tokens_per_step,
            elapsed=elapsed,
        )
        done = _share(config, progress)
        rate = (progress.tokens - tokens_at) / max(1e-9, elapsed - rate_clock)
        event = Stepped(
            progress.step, loss, norm, scale, min(1.0, done), progress.tokens, rate, elapsed
        )
        run.append_metrics({"event": "step", **vars(event)})
        yield event
        stopped = should_stop()
        if _validation_is_due(config, progress.step, done, validated_at) or done >= 1.0 or stopped:
            validated_at = done
            progress, events = _validate(job, trainer, evaluator, progress)
            yield from events
        if _save_is_due(config, progress.step, clock.elapsed - saved_at) or done >= 1.0 or stopped:
            progress = replace(progress, elapsed=clock.elapsed)
            _save(job, trainer, progress)
            saved_at = clock.elapsed
            yield Saved(progress.step)
    yield Finished(
        run=run.path,
        step=progress.step,
        tokens=progress.tokens,
        seconds=progress.elapsed,
        best_bits_per_byte=progress.best_bits_per_byte,
        best_loss=progress.best_loss,
        interrupted=stopped and done < 1.0,
    )


class _Clock:
    """Seconds of training, those before a resume included."""

    def __init__(self, before: float) -> None:
        self._start = time.monotonic() - before

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start


def _begin(job: Job, trainer: Trainer) -> Progress:
    if not job.resume:
        job.run.create(job.record)
        return Progress()
    tensors, progress = job.run.load_state()
    recorded = job.run.read_record().get("data", {}).get("key")
    if recorded != job.dataset.key:
        raise DataError(
            "The corpus is not the one that this run began with, so it cannot be resumed.",
            hint="Put the original files back, or start a new run.",
        )
    for name, parameter in trainer.model.named_parameters():
        checked_copy(parameter, tensors, f"model.{name}", job.run.state_file)
    try:
        trainer.optimizer.load_state(tensors)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"{job.run.state_file} is damaged: it lacks {error}.") from error
    job.run.forget_metrics_after(progress.step)
    return progress


def _started(job: Job, model: Transformer, progress: Progress) -> Started:
    c = model.config
    return Started(
        run=job.run.path,
        parameters=model.num_parameters(),
        device=str(job.device),
        dtype=str(job.autocast or model.dtype).removeprefix("torch."),
        description=(
            f"{c.num_layers} layers x {c.num_heads} heads ({c.num_kv_heads} key/value), width "
            f"{c.hidden_size}, context {c.max_position_embeddings}, vocabulary {c.vocab_size:,}"
        ),
        train_tokens=len(job.dataset.train.tokens),
        validation_tokens=len(job.dataset.validation.tokens),
        step=progress.step,
        notes=(job.dataset.split,),
    )


def _share(config: TrainConfig, progress: Progress) -> float:
    """How much of the budget is spent, from 0."""
    if config.steps is not None:
        return progress.step / config.steps
    if config.tokens is not None:
        return progress.tokens / config.tokens
    return progress.elapsed / (60 * (config.minutes or 3.0))


def _first_share(config: TrainConfig, trainer: Trainer) -> float:
    """What stands for the share at step 0, whose learning rate would else be zero."""
    if config.steps is not None:
        return 0.5 / config.steps
    if config.tokens is not None:
        return 0.5 * trainer.tokens_per_step / config.tokens
    return config.warmup / 20


def _validation_is_due(config: TrainConfig, step: int, done: float, last: float) -> bool:
    if config.validate_every is not None:
        return step % config.validate_every == 0
    return done - last >= 1 / _VALIDATIONS


def _save_is_due(config: TrainConfig, step: int, since: float) -> bool:
    if config.save_every is not None:
        return step % config.save_every == 0
    return since >= _SAVE_SECONDS


def _validate(
    job: Job, trainer: Trainer, evaluator: Evaluator, progress: Progress
) -> tuple[Progress, list[Event]]:
    model = trainer.model.eval()
    result = evaluator(model, job.autocast)
    is_best = result.loss < progress.best_loss
    event = Validated(progress.step, is_best=is_best, **vars(result))
    job.run.append_metrics({"event": "validation", **vars(event)})
    if is_best:
        progress = replace(progress, best_loss=result.loss, best_bits_per_byte=result.bits_per_byte)
        _publish(job, trainer, progress, job.run.best)
    text = job.sampler(model, job.config.sample)
    model.train()
    return progress, [event, Sampled(progress.step, text)] if text else [event]


def _save(job: Job, trainer: Trainer, progress: Progress) -> None:
    job.run.save_state(trainer.state(), progress)
    _publish(job, trainer, progress, job.run.last)


def _publish(job: Job, trainer: Trainer, progress: Progress, directory: Path) -> None:
    training = {
        "step": progress.step,
        "tokens": progress.tokens,
        "validation_loss": progress.best_loss if progress.best_loss < float("inf") else None,
        "config": vars(job.config),
    }
    write_checkpoint(directory, trainer.model, job.tokenizer, training)
