"""From what the user asked for to a `Job`: device, tokenizer, tokens, run folder, record."""

import dataclasses
import datetime
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tfcli_tokenizer import Tokenizer, default_tokenizer_path, load_tokenizer, train_tokenizer
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

from tfcli.checkpoint.files import write_atomic
from tfcli.data.dataset import Progress, prepare
from tfcli.data.readers import read_documents
from tfcli.errors import CheckpointError, UsageError
from tfcli.generate.config import SamplingConfig
from tfcli.generate.engine import stream_text
from tfcli.model.device import choose_device, choose_dtype, has_fast_bfloat16, usable_cores
from tfcli.model.transformer import Transformer
from tfcli.train.config import TrainConfig
from tfcli.train.loop import Job
from tfcli.train.run_directory import RunDirectory

_SAMPLE_TOKENS = 32
_ALL_CHARACTERS = 65_536


@dataclasses.dataclass(frozen=True)
class Request:
    """What the user asked for, beside the TrainConfig."""

    corpus: tuple[str, ...]
    config: TrainConfig
    tokenizer: Path | None
    run: Path | None
    device: str
    dtype: str
    threads: int | None


def new_job(request: Request, progress: Progress | None, say: Callable[[str], None]) -> Job:
    """Prepare a new run. Errors are those of the readers, the tokenizer and the device."""
    device, autocast = _compute(request.device, request.dtype, request.threads)
    config = request.config
    tokenizer = _tokenizer(request, say)
    config.model_config(tokenizer.vocab_size)  # a shape that cannot be built is said at once
    dataset = prepare(
        list(request.corpus) or None,
        tokenizer,
        validation_fraction=config.validation_fraction,
        progress=progress,
    )
    run = RunDirectory(request.run or _fresh_run())
    if run.state_file.exists():
        raise UsageError(
            f"{run.path} already holds a run.",
            hint=f"Go on with it by `tfcli train --resume --run {run.path}`, or name another.",
        )
    record = {
        "train": dataclasses.asdict(config),
        "data": {
            "corpus": [
                os.path.abspath(c) if Path(c).exists() else c  # noqa: PTH100 - resolves no links
                for c in request.corpus
            ],
            "key": dataset.key,
            "tokenizer": tokenizer.fingerprint,
        },
        "compute": {
            "device": request.device,
            "dtype": request.dtype,
            "threads": torch.get_num_threads(),
        },
    }
    job = Job(run, config, tokenizer, dataset, device, autocast, record, False, sampler(tokenizer))
    _keep_tokenizer(run, tokenizer)
    return job


def resumed_job(path: Path, progress: Progress | None) -> Job:
    """Prepare to go on with the run at `path`, as it was begun."""
    run = RunDirectory(path)
    record = run.read_record()
    try:
        config = TrainConfig(**record["train"])
        data, compute = record["data"], record["compute"]
        corpus, fingerprint = list(data["corpus"]), data["tokenizer"]
        device, autocast = _compute(compute["device"], compute["dtype"], compute["threads"])
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{run.config_file} is damaged: {error}.") from error
    tokenizer = load_tokenizer(path / "tokenizer")
    if tokenizer.fingerprint != fingerprint:
        raise CheckpointError(
            f"The tokenizer in {path / 'tokenizer'} does not belong to this run: its fingerprint "
            f"is {tokenizer.fingerprint[:12]}, the run began with {str(fingerprint)[:12]}."
        )
    dataset = prepare(
        corpus or None,
        tokenizer,
        validation_fraction=config.validation_fraction,
        progress=progress,
    )
    return Job(run, config, tokenizer, dataset, device, autocast, record, True, sampler(tokenizer))


def plan(request: Request) -> dict[str, Any]:
    """What a run would be, without running it: parameters, memory, arithmetic.

    Arithmetic: 6 · parameters in matrices · tokens for forward and backward, and
    12 · layers · width · context · tokens for attention (Kaplan et al. 2020; Chowdhery et al.
    2022). Memory: weights, gradients and optimiser state at 4 bytes each. Time: that arithmetic
    over the rate at which this machine multiplied matrices just now.
    """
    device, autocast = _compute(request.device, request.dtype, request.threads)
    config = request.config
    known = request.tokenizer or (None if request.corpus else default_tokenizer_path())
    vocab_size = load_tokenizer(known).vocab_size if known else config.vocab_size or 8000
    shape = config.model_config(vocab_size)
    with torch.device("meta"):
        model = Transformer(shape)
    parameters = model.num_parameters()
    matrices = sum(p.numel() for p in model.parameters() if p.dim() == 2)
    multiplied = matrices - (0 if shape.tie_embeddings else model.embedding.weight.numel())
    context = shape.max_position_embeddings
    flops = 6 * multiplied + 12 * shape.num_layers * shape.hidden_size * context
    tokens_per_step = config.sequences(context) * context * config.accumulate
    rate = _product_rate(device, autocast or torch.float32)
    adam_only = sum(p.numel() for n, p in model.named_parameters() if not _is_muon(n, p, config))
    state = 4 * (parameters + adam_only)
    estimate: dict[str, Any] = {
        "parameters": parameters,
        "shape": shape.to_dict(),
        "device": str(device),
        "dtype": str(autocast or torch.float32).removeprefix("torch."),
        "tokens_per_step": tokens_per_step,
        "memory_bytes_weights_gradients_optimizer": 8 * parameters + state,
        "flops_per_token": flops,
        "measured_flops_per_second": round(rate),
        "seconds_per_step_at_that_rate": round(flops * tokens_per_step / rate, 4),
    }
    steps = config.steps or (config.tokens and -(-config.tokens // tokens_per_step))
    if steps:
        estimate["steps"] = steps
        estimate["seconds_at_that_rate"] = round(steps * flops * tokens_per_step / rate, 1)
    else:
        estimate["minutes"] = config.minutes
    return estimate


def sampler(tokenizer: Tokenizer) -> Callable[[Transformer, str], str]:
    """A function that continues a prompt with the model, greedily, for a look while training."""

    def sample(model: Transformer, prompt: str) -> str:
        ids = tokenizer.encode(prompt)[: model.config.max_position_embeddings // 2]
        if not ids:
            return ""
        pieces = stream_text(
            model,
            tokenizer,
            torch.tensor([ids], device=model.device),
            max_new_tokens=_SAMPLE_TOKENS,
            sampling=SamplingConfig(temperature=0.0),
            seed=0,
            eos_ids=() if tokenizer.eos_id is None else (tokenizer.eos_id,),
        )
        return prompt + "".join(piece.text for piece in pieces)

    return sample


def _compute(
    device_name: str, dtype_name: str, threads: int | None
) -> tuple[torch.device, torch.dtype | None]:
    """Device and autocast type. Weights stay float32; products take bfloat16 where it is real."""
    torch.set_num_threads(threads or usable_cores())
    device = choose_device(device_name)
    best = torch.bfloat16 if has_fast_bfloat16(device) else torch.float32
    dtype = choose_dtype(dtype_name, best)
    if dtype == torch.float16:
        raise UsageError("Training in float16 would need loss scaling; use bfloat16 or float32.")
    if dtype == torch.float64:
        raise UsageError("Training runs in float32 or bfloat16.")
    return device, None if dtype == torch.float32 else dtype


def _tokenizer(request: Request, say: Callable[[str], None]) -> Tokenizer:
    if request.tokenizer is not None:
        return load_tokenizer(request.tokenizer)
    if not request.corpus:
        return load_tokenizer(default_tokenizer_path())
    if "-" in request.corpus:
        raise UsageError(
            "A corpus from standard input can be read once only, and needs a tokenizer.",
            hint="Add `--tokenizer FILE`, or save the text in a file first.",
        )
    config = request.config
    kind = config.tokenizer_type
    documents = list(read_documents(list(request.corpus)))
    characters = sum(len(d.text) for d in documents)
    size = _ALL_CHARACTERS if kind == "char" else config.vocab_size
    size = size or min(16_000, max(512, 2 ** (characters // 500).bit_length() // 2 or 512))
    say(f"making a {kind} tokenizer from the corpus")
    model = train_tokenizer(
        (d.text for d in documents), vocab_size=size, kind=kind, exact=config.vocab_size is not None
    )
    return SentencePieceTokenizer(model, "the new tokenizer")


def _keep_tokenizer(run: RunDirectory, tokenizer: Tokenizer) -> None:
    folder = run.path / "tokenizer"
    write_atomic(folder / ".keep", "")
    (folder / ".keep").unlink()
    tokenizer.save(folder)


def _fresh_run() -> Path:
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    return Path("runs") / stamp


def _is_muon(name: str, parameter: torch.Tensor, config: TrainConfig) -> bool:
    return config.optimizer == "muon" and name.startswith("blocks.") and parameter.dim() == 2


def _product_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of a square matrix product on this device, now."""
    import time

    n = 512 if device.type == "cpu" else 4096
    a = torch.randn(n, n, device=device).to(dtype)
    seconds = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        float((a @ a)[0, 0])
        seconds = min(seconds, time.perf_counter() - start)
    return 2 * n**3 / seconds
