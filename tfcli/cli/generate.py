"""`tfcli generate`: let a model go on from a text."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfcli.cli.open_model import open_model
from tfcli.cli.options import Device, Dtype, Ids, Model, Prompt, Seed, Threads
from tfcli.cli.prompt import parse_ids, read_prompt
from tfcli.errors import UsageError
from tfcli.view import console
from tfcli.view.generate import Continuations

if TYPE_CHECKING:
    from tfcli.api import LanguageModel
    from tfcli.generate.engine import Piece

_SAMPLING = "Sampling"
_SCHEMA = "tfcli.generate/1"
_FILL_SCHEMA = "tfcli.fill/1"
_CANDIDATES = 5


def command(
    ctx: typer.Context,
    prompt: Prompt = None,
    *,
    model: Model = None,
    max_new_tokens: Annotated[
        int, typer.Option("--max-new-tokens", "-n", min=1, help="Stop after this many tokens.")
    ] = 100,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature",
            min=0.0,
            rich_help_panel=_SAMPLING,
            help="Divides the logits; 0 always takes the most likely token.",
        ),
    ] = 0.8,
    top_k: Annotated[
        int | None,
        typer.Option(
            "--top-k", min=1, rich_help_panel=_SAMPLING, help="Keep the K most likely tokens."
        ),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            "--top-p",
            min=0.0,
            max=1.0,
            rich_help_panel=_SAMPLING,
            help="Keep the smallest set of likely tokens with this much probability.",
        ),
    ] = 0.95,
    min_p: Annotated[
        float | None,
        typer.Option(
            "--min-p",
            min=0.0,
            max=1.0,
            rich_help_panel=_SAMPLING,
            help="Keep tokens with at least this share of the likeliest one's probability.",
        ),
    ] = None,
    repetition_penalty: Annotated[
        float | None,
        typer.Option(
            "--repetition-penalty",
            min=0.0,
            rich_help_panel=_SAMPLING,
            help="Above 1: tokens that already stand there become less likely.",
        ),
    ] = None,
    seed: Seed = None,
    stop: Annotated[
        list[str] | None,
        typer.Option("--stop", metavar="TEXT", help="End before this text; may be repeated."),
    ] = None,
    num: Annotated[
        int,
        typer.Option(
            "--num", min=1, max=1000, help="How many continuations, with seeds that count up."
        ),
    ] = 1,
    stream: Annotated[
        bool, typer.Option("--stream/--no-stream", help="Write each token as it comes.")
    ] = True,
    chat: Annotated[
        bool,
        typer.Option(
            "--chat",
            help="Ask as a user in a chat; stdout has the answer only.",
            show_default=False,
        ),
    ] = False,
    ids: Ids = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    threads: Threads = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Write one JSON object to stdout: model, prompt, prompt_ids, sampling, "
            "tokens_per_second, and samples, each with its seed, ids, completion and finish "
            "(eos, stop, length or context).",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Let a model go on from a text.

    The prompt and its continuation go to stdout as they come; everything else to stderr. It ends
    where the model ends the text, after --max-new-tokens, before a --stop text, or where the
    model's context is full. An encoder-decoder (T5, Marian) writes its own text about the prompt.
    An encoder (BERT) fills in the prompt's [MASK]; --num shows so many fillings.

    Examples:
        tfcli generate "The cat"
        tfcli generate "法国的首都是" --temperature 0 --max-new-tokens 8
        echo "The cat" | tfcli generate --num 3 --seed 7
        tfcli generate "The capital of France is [MASK]." --model bert/
        tfcli generate "Who found gravity?" --chat --model SmolLM2.gguf
    """
    text = read_prompt(prompt, ids, "generate")
    if chat and ids is not None:
        raise UsageError("Give --chat or --ids, not both.")
    if "" in (stop or ()):
        raise UsageError("--stop is empty: it would end every text before it begins.")
    from tfcli.generate.config import SamplingConfig

    sampling = SamplingConfig(temperature, top_k, top_p, min_p, repetition_penalty)
    language_model = open_model(ctx, model, device, dtype, threads)
    if not language_model.config.causal:
        if chat or stop:
            raise UsageError(
                "This model is an encoder: it fills in what is masked, and has no chat and no end.",
                hint="Leave --chat and --stop out.",
            )
        _fill(language_model, text, ids, num, json)
        return
    start = _start(language_model, text, ids, chat)
    if stop and language_model.tokenizer is None:
        raise UsageError("--stop needs text, and this model has no tokenizer.")
    from tfcli.generate.engine import stream_samples

    seeds = _seeds(seed, num)
    pieces = stream_samples(
        language_model.model,
        language_model.tokenizer,
        language_model.as_batch(start.ids),
        max_new_tokens=max_new_tokens,
        sampling=sampling,
        seeds=seeds,
        eos_ids=start.eos_ids,
        stop=stop or (),
        generation=language_model.generation,
    )
    if not sampling.greedy:
        console.note(f"seed {seeds[0]}")
    elif num > 1:
        console.note("with temperature 0 nothing is drawn, so the continuations are all the same")
    labels = [None if sampling.greedy else seed for seed in seeds]
    writes_anew = chat or language_model.config.encoder is not None
    shown = "" if writes_anew else start.text
    writer = None if json else Continuations(shown, labels, live=stream)
    begin = time.perf_counter()
    samples = _collect(pieces, seeds, writer, as_ids=language_model.tokenizer is None)
    seconds = max(time.perf_counter() - begin, 1e-9)
    rate = sum(len(sample["ids"]) for sample in samples) / seconds
    console.note(_summary(samples, rate, max_new_tokens, language_model))
    if json:
        console.write_json(
            {
                "schema": _SCHEMA,
                "model": str(language_model.path),
                "prompt": start.text,
                "prompt_ids": start.ids,
                "sampling": asdict(sampling),
                "samples": samples,
                "tokens_per_second": rate,
            }
        )


@dataclass(frozen=True)
class _Start:
    """What a continuation starts from.

    Attributes:
        ids: the prompt's.
        text: what to show for them.
        eos_ids: the tokens that end the continuation.
    """

    ids: list[int]
    text: str
    eos_ids: tuple[int, ...]


def _start(
    language_model: "LanguageModel", text: str | None, ids: str | None, chat: bool
) -> _Start:
    tokenizer, eos_ids = language_model.tokenizer, language_model.eos_ids
    if ids is not None:
        chosen = language_model.as_batch(parse_ids(ids))[0].tolist()
        return _Start(chosen, _shown(tokenizer, chosen), eos_ids)
    if tokenizer is None:
        raise UsageError(
            f"The model in {language_model.path} has no tokenizer.",
            hint="Give token ids instead of a prompt: --ids 5,17,3",
        )
    if not chat:
        return _Start(tokenizer.encode(text or "", add_special_tokens=True), text or "", eos_ids)
    from tfcli.generate.chat import chat_prompt, ends_of_turn

    template = language_model.chat_template
    question = chat_prompt(tokenizer, text or "", template)
    return _Start(question, text or "", (*eos_ids, *ends_of_turn(tokenizer, template)))


def _fill(
    language_model: "LanguageModel", text: str | None, ids: str | None, num: int, json: bool
) -> None:
    """Fill in what is masked: the text on stdout, the candidates on stderr."""
    from tfcli.generate.fill import fill_masks, filled_text
    from tfcli.view.generate import candidates_line

    tokenizer = language_model.tokenizer
    if tokenizer is None or ids is not None:
        raise UsageError("An encoder fills in a text, and needs its tokenizer for that: no --ids.")
    prompt = language_model.as_batch(tokenizer.encode(text or "", add_special_tokens=True))
    read: list[int] = prompt[0].tolist()
    gaps = fill_masks(language_model.model, tokenizer, read, max(num, _CANDIDATES))
    ranks = range(min(num, *(len(gap.candidates) for gap in gaps)))
    texts = [filled_text(tokenizer, text or "", gaps, rank) for rank in ranks]
    if json:
        console.write_json(
            {
                "schema": _FILL_SCHEMA,
                "model": str(language_model.path),
                "prompt": text,
                "prompt_ids": read,
                "gaps": [asdict(gap) for gap in gaps],
                "texts": texts,
            }
        )
        return
    for filled in texts:
        sys.stdout.write(filled + "\n")
    for gap in gaps:
        console.note(
            candidates_line(gap.position, [(c.text, c.probability) for c in gap.candidates])
        )


def _shown(tokenizer: Any, ids: Sequence[int]) -> str:
    """Ids as text; as themselves where there is no tokenizer."""
    if tokenizer is None:
        return ",".join(map(str, ids))
    from tfcli.generate.text import TextStream

    stream = TextStream(tokenizer)
    return "".join(map(stream.push, ids)) + stream.flush()


def _seeds(seed: int | None, num: int) -> list[int]:
    if seed is None:
        import secrets

        seed = secrets.randbelow(2**31)
    return [seed + number for number in range(num)]


def _collect(
    pieces: Iterable["Piece"],
    seeds: Sequence[int],
    writer: Continuations | None,
    *,
    as_ids: bool,
) -> list[dict[str, Any]]:
    """Every sample as JSON has it, while the writer shows what comes."""
    samples: list[dict[str, Any]] = [
        {"seed": seed, "ids": [], "completion": "", "finish": None} for seed in seeds
    ]
    try:
        if writer is not None:
            writer.begin()
        for piece in pieces:
            sample = samples[piece.sample]
            if piece.token is not None:
                sample["ids"].append(piece.token)
            text = f",{piece.token}" if as_ids and piece.token is not None else piece.text
            sample["completion"] += piece.text
            sample["finish"] = piece.finish
            if writer is not None:
                writer.add(piece.sample, text, last=piece.finish is not None)
    finally:
        if writer is not None:
            writer.close()
    return samples


def _summary(
    samples: Sequence[dict[str, Any]], rate: float, asked: int, language_model: "LanguageModel"
) -> str:
    """How much came how fast, and why it ended, for stderr."""
    context = language_model.config.context
    words = {
        "eos": "the model ended the text",
        "stop": "a --stop text came",
        "length": f"--max-new-tokens {asked}",
        "context": f"the context of {context:,} tokens is full",
    }
    counts = Counter(sample["finish"] for sample in samples)
    ends = [f"{words[end]}" + (f" ({n}×)" if len(samples) > 1 else "") for end, n in counts.items()]
    total = sum(len(sample["ids"]) for sample in samples)
    return f"{total:,} tokens, {rate:,.0f} tokens/s; ended: {'; '.join(ends)}"
