"""From what the user asked for to a `Job`: device, tokenizer, tokens, run folder, record."""

import dataclasses
import datetime
import glob
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from tfcli_tokenizer import Tokenizer, default_tokenizer_path, load_tokenizer, train_tokenizer
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

from tfcli.checkpoint.files import storage_errors
from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.checkpoint.locate import RUNS
from tfcli.data.dataset import Progress, TokenDataset, prepare
from tfcli.data.readers import read_documents, source_blocks
from tfcli.data.sources import STANDARD_INPUT, find_files
from tfcli.errors import CheckpointError, DataError, UsageError
from tfcli.generate.config import SamplingConfig
from tfcli.generate.engine import stream_samples
from tfcli.model.device import choose_device, choose_dtype, has_fast_bfloat16, usable_cores
from tfcli.model.transformer import Transformer
from tfcli.train.config import TrainConfig
from tfcli.train.examples import decoder_start_id
from tfcli.train.loop import Job
from tfcli.train.run_directory import Record, RunDirectory

_SAMPLE_TOKENS = 32
_ALL_CHARACTERS = 65_536
_SMALLEST_VOCABULARY, _LARGEST_VOCABULARY = 512, 16_000
_CHARACTERS_PER_PIECE = 500
_BYTES_AND_SPECIAL_TOKENS = 260

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What the user asked for, beside the TrainConfig.

    Attributes:
        corpus: files, folders, globs, "-"; empty for the embedded world.
        tokenizer: None for the shipped one, or one made from the corpus.
        run: None for a new folder in ./runs.
        device, dtype: names, or "auto". threads: None for all cores.
    """

    corpus: tuple[str, ...]
    tokenizer: Path | None
    run: Path | None
    device: str
    dtype: str
    threads: int | None


@dataclass(frozen=True)
class Resume:
    """What the user may say anew of a run that goes on; None keeps what it began with.

    Attributes:
        corpus: where the same text lies now.
    """

    run: Path
    corpus: tuple[str, ...] | None = None
    device: str | None = None
    dtype: str | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Prepared:
    """All that training needs, made or found, and nothing of the run on the disk yet."""

    config: TrainConfig
    tokenizer: Tokenizer
    dataset: TokenDataset
    device: torch.device
    autocast: torch.dtype | None


def prepared(request: Request, config: TrainConfig, say: Say, progress: Progress) -> Prepared:
    """Choose the device, make or load the tokenizer, tokenise the corpus.

    Args:
        say: is told what a user should know.
        progress: see `tfcli.data.dataset.prepare`.

    Raises:
        UsageError, DataError, NotFoundError, CheckpointError, StorageError: what cannot be used.
    """
    device, autocast = _compute(request.device, request.dtype, request.threads)
    config.model_config(_ALL_CHARACTERS)  # a shape that cannot be built is said at once
    with _readable_twice(request) as sources:
        tokenizer = _tokenizer(request, sources, config, say)
        dataset = prepare(
            sources or None,
            tokenizer,
            validation_fraction=config.validation_fraction,
            progress=progress,
        )
    _require_context(dataset, config.model_config(tokenizer.vocab_size).max_position_embeddings)
    return Prepared(config, tokenizer, dataset, device, autocast)


def new_job(request: Request, config: TrainConfig, say: Say, progress: Progress) -> Job:
    """Prepare a new run, and make its folder once nothing else can fail.

    Raises:
        UsageError: the folder is in use. Others: see `prepared`.
    """
    RunDirectory(request.run or _fresh_run()).check_new()
    ready = prepared(request, config, say, progress)
    run = RunDirectory(request.run or _fresh_run())
    record = Record(
        train=dataclasses.asdict(config),
        corpus=tuple(_lasting(source) for source in request.corpus),
        key=ready.dataset.key,
        tokenizer=ready.tokenizer.fingerprint,
        device=request.device,
        dtype=request.dtype,
        threads=torch.get_num_threads(),
    )
    run.create(record, ready.tokenizer)
    return _job(run, ready, resume=False)


def resumed_job(resume: Resume, record: Record, config: TrainConfig, progress: Progress) -> Job:
    """Prepare to go on with a run.

    Args:
        record: the run's. config: made from the record.

    Raises:
        DataError: the corpus is gone, or is not the one that the run began with.
        CheckpointError: the run's tokenizer is not the one that it began with.
    """
    run = RunDirectory(resume.run)
    device, autocast = _compute(
        resume.device or record.device,
        resume.dtype or record.dtype,
        resume.threads or record.threads,
    )
    tokenizer = load_tokenizer(run.tokenizer)
    if tokenizer.fingerprint != record.tokenizer:
        raise CheckpointError(
            f"The tokenizer in {run.tokenizer} does not belong to this run: its fingerprint "
            f"is {tokenizer.fingerprint[:12]}, the run began with {record.tokenizer[:12]}.",
            hint=f"Put back the files of {run.tokenizer}; {run.last} holds the same ones.",
        )
    corpus = record.corpus if resume.corpus is None else resume.corpus
    dataset = _dataset_again(corpus, tokenizer, config, resume, progress)
    if dataset.key != record.key:
        raise DataError(
            "The corpus is not the one that this run began with, so it cannot go on: "
            + (", ".join(corpus) or "the embedded world")
            + " has changed.",
            hint="Put the original text back, or begin a new run.",
        )
    return _job(run, Prepared(config, tokenizer, dataset, device, autocast), resume=True)


def sampler(tokenizer: Tokenizer) -> Callable[[Transformer, str], str]:
    """A function that continues a prompt with the model, greedily, for a look while training."""

    def sample(model: Transformer, prompt: str) -> str:
        ids = tokenizer.encode(prompt)[: model.config.max_position_embeddings // 2]
        if not ids:
            return ""
        pieces = stream_samples(
            model,
            tokenizer,
            torch.tensor([ids], device=model.device),
            max_new_tokens=_SAMPLE_TOKENS,
            sampling=SamplingConfig(temperature=0.0),
            seeds=[0],
            eos_ids=() if tokenizer.eos_id is None else (tokenizer.eos_id,),
            generation=GenerationDefaults(decoder_start_id=decoder_start_id(tokenizer)),
        )
        return prompt + "".join(piece.text for piece in pieces)

    return sample


def _job(run: RunDirectory, ready: Prepared, *, resume: bool) -> Job:
    return Job(
        run=run,
        config=ready.config,
        tokenizer=ready.tokenizer,
        dataset=ready.dataset,
        device=ready.device,
        autocast=ready.autocast,
        resume=resume,
        sampler=sampler(ready.tokenizer),
    )


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


def _require_context(dataset: TokenDataset, context: int) -> None:
    try:
        dataset.require_context(context)
    except DataError as error:
        most = len(dataset.train.tokens) - 1
        hint = "Give more text"
        if most >= 2 and len(dataset.validation.tokens) >= 2:
            hint += f", or a shorter context: --context {min(most, max(2, most // 8))}"
        raise DataError(error.message, hint=f"{hint}.") from error


@contextmanager
def _readable_twice(request: Request) -> Iterator[list[str]]:
    """The corpus's sources; where a tokenizer is made of them, streams are copied into files.

    Standard input and pipes can be read only once: by the tokenizer or by the dataset.
    """
    if request.tokenizer is not None or not any(_is_stream(s) for s in request.corpus):
        yield list(request.corpus)
        return
    with TemporaryDirectory(prefix="tfcli-") as folder:
        yield [
            str(_copied(source, Path(folder, str(number)))) if _is_stream(source) else source
            for number, source in enumerate(request.corpus)
        ]


def _is_stream(source: str) -> bool:
    if source == STANDARD_INPUT:
        return True
    try:
        return stat.S_ISFIFO(Path(source).stat().st_mode)
    except OSError:
        return False


def _copied(source: str, folder: Path) -> Path:
    """A stream's bytes in a file that is named so that errors can name it."""
    (file,) = find_files(source)
    copy = folder / Path(file.name).name
    with storage_errors(copy):
        folder.mkdir()
        with copy.open("wb") as written:
            for block in source_blocks(dataclasses.replace(file, compression="")):
                written.write(block)
    return copy


def _tokenizer(
    request: Request, sources: Sequence[str], config: TrainConfig, say: Say
) -> Tokenizer:
    kind = config.tokenizer_type
    if request.tokenizer is not None or not sources:
        if config.vocab_size is not None or kind != "bpe":
            which = "given" if request.tokenizer is not None else "the shipped one"
            say(f"the tokenizer is {which}: --vocab-size and --tokenizer-type play no part")
        return load_tokenizer(request.tokenizer or default_tokenizer_path())
    say(f"making a {kind} tokenizer from the corpus")
    size = config.vocab_size
    if size is None:
        size = _ALL_CHARACTERS if kind == "char" else _suitable_vocabulary(sources)
    model = train_tokenizer(
        (document.text for document in read_documents(sources)),
        vocab_size=size,
        kind=kind,
        exact=config.vocab_size is not None,
        say=say,
    )
    return SentencePieceTokenizer(model, "the new tokenizer")


def _suitable_vocabulary(sources: Sequence[str]) -> int:
    """A size for the tokenizer of a corpus: it grows with the text, and holds its characters."""
    length, characters = 0, set[str]()
    for document in read_documents(sources):
        length += len(document.text)
        characters.update(document.text)
    pieces = length // _CHARACTERS_PER_PIECE
    power = 1 << max(0, pieces.bit_length() - 1)
    by_length = min(_LARGEST_VOCABULARY, max(_SMALLEST_VOCABULARY, power))
    return max(by_length, _BYTES_AND_SPECIAL_TOKENS + len(characters) * 5 // 4)


def _lasting(source: str) -> str:
    """A source under a name that means the same from another folder."""
    if source == STANDARD_INPUT:
        return source
    path = Path(source).expanduser()
    if path.is_absolute():
        return str(path)
    here = str(Path.cwd())
    is_pattern = not os.path.lexists(path) and glob.has_magic(source)
    return str(Path(glob.escape(here) if is_pattern else here, path))


def _dataset_again(
    corpus: Sequence[str],
    tokenizer: Tokenizer,
    config: TrainConfig,
    resume: Resume,
    progress: Progress,
) -> TokenDataset:
    try:
        return prepare(
            list(corpus) or None,
            tokenizer,
            validation_fraction=config.validation_fraction,
            progress=progress,
        )
    except (DataError, UsageError) as error:
        if STANDARD_INPUT in corpus:
            hint = f"cat FILE | tfcli train - --resume --run {resume.run}"
        elif isinstance(error, DataError):
            hint = f"Where the text has moved: tfcli train PLACE --resume --run {resume.run}"
        else:
            raise
        raise DataError(f"The run needs its corpus again. {error.message}", hint=hint) from error


def _fresh_run() -> Path:
    """A folder in ./runs that is not there yet, named by the time."""
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    number = 1
    while (path := RUNS / (stamp if number == 1 else f"{stamp}-{number}")).exists():
        number += 1
    return path
