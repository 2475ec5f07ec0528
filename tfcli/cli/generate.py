"""`tfcli generate`: let a model go on from a text."""

from typing import Annotated, Any

import typer

from tfcli.cli.options import Device, Dtype, Ids, Json, Model, Prompt, Seed, Threads
from tfcli.cli.prompt import parse_ids, read_prompt

_SAMPLING = "Sampling"


def command(
    prompt: Prompt = None,
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
    num: Annotated[int, typer.Option("--num", min=1, help="How many continuations.")] = 1,
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
    json: Json = False,
) -> None:
    """Let a model go on from a text.

    The prompt and its continuation go to stdout as they come; everything else to stderr.

    Examples:
        tfcli generate "The cat"
        tfcli generate "法国的首都是" --temperature 0 --max-new-tokens 8
        echo "The cat" | tfcli generate - --num 3 --seed 7
    """
    from tfcli.view import console

    text = read_prompt(prompt, ids, "generate")
    from tfcli.generate.config import SamplingConfig

    sampling = SamplingConfig(temperature, top_k, top_p, min_p, repetition_penalty)
    with console.busy("Loading the model"):
        from tfcli.api import load_model
        from tfcli.checkpoint.locate import locate_model

        located = locate_model(model)
        if threads:
            import torch

            torch.set_num_threads(threads)
        language_model = load_model(located.path, device, dtype)
    _note_model(console, located, language_model)
    if seed is None:
        import secrets

        seed = secrets.randbelow(2**31)
    if not sampling.greedy:
        console.note(f"seed {seed}")
    prompt_ids, shown, stops = _prompt_ids(language_model, text, ids, chat)
    for number in range(num):
        result = _continue(
            console,
            language_model,
            prompt_ids,
            shown if not chat else "",
            max_new_tokens=max_new_tokens,
            sampling=sampling,
            seed=seed + number,
            stop=[*(stop or ()), *stops],
            live=stream and not json,
        )
        if json:
            console.write_json(
                {"schema": "tfcli.generate/1", "prompt": shown, **result},
                indent=2 if num == 1 else None,
            )
        elif not stream:
            console.write_text(("" if chat else shown) + result["completion"])
            console.write_line()


def _note_model(console: Any, located: Any, language_model: Any) -> None:
    reason = f" ({located.reason})" if located.reason else ""
    console.note(
        f"{located.path}{reason}: {language_model.family}, "
        f"{language_model.model.num_parameters() / 1e6:.1f}M parameters, {language_model.device}, "
        f"{str(language_model.dtype).removeprefix('torch.')}"
    )


def _prompt_ids(
    language_model: Any, text: str | None, ids: str | None, chat: bool
) -> tuple[list[int], str, list[str]]:
    """The prompt's ids, the text to show for it, and what ends the answer."""
    from tfcli.errors import UsageError

    tokenizer = language_model.tokenizer
    if ids is not None:
        chosen = parse_ids(ids)
        language_model.as_batch(chosen)
        return chosen, tokenizer.decode(chosen) if tokenizer else "", []
    if tokenizer is None:
        raise UsageError(
            f"The model in {language_model.path} has no tokenizer.",
            hint="Give token ids instead of a prompt: --ids 5,17,3",
        )
    if not chat:
        return tokenizer.encode(text), text or "", []
    if "<|im_start|>" not in tokenizer.special_tokens:
        raise UsageError("This model's tokenizer has no chat marks, so --chat cannot be used.")
    wrapped = f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"
    return tokenizer.encode(wrapped), text or "", ["<|im_end|>"]


def _continue(
    console: Any,
    language_model: Any,
    prompt_ids: list[int],
    shown: str,
    *,
    max_new_tokens: int,
    sampling: Any,
    seed: int,
    stop: list[str],
    live: bool,
) -> dict[str, Any]:
    import time

    from tfcli.generate.engine import stream_text

    batch = language_model.as_batch(prompt_ids)
    tokens: list[int] = []
    texts: list[str] = []
    finish = None
    start = time.perf_counter()
    if live:
        console.write_text(shown)
    pieces = stream_text(
        language_model.model,
        language_model.tokenizer,
        batch,
        max_new_tokens=max_new_tokens,
        sampling=sampling,
        seed=seed,
        eos_ids=language_model.eos_ids,
        stop=stop,
    )
    try:
        for piece in pieces:
            text = piece.text
            if piece.token is not None:
                if language_model.tokenizer is None:
                    text = f",{piece.token}" if tokens else str(piece.token)
                tokens.append(piece.token)
            texts.append(text)
            finish = piece.finish or finish
            if live:
                console.write_text(text)
    finally:  # also after Ctrl-C, so that the shell's prompt starts on a line of its own
        if live:
            console.write_line()
    seconds = time.perf_counter() - start
    ends = {"context": "the context is full", "length": "--max-new-tokens", "stop": "--stop"}
    console.note(
        f"{len(tokens)} tokens, {len(tokens) / max(seconds, 1e-9):,.0f} tokens/s; "
        f"ended by {ends.get(str(finish), 'the end-of-text token')}"
    )
    return {
        "completion": "".join(texts),
        "prompt_ids": prompt_ids,
        "ids": tokens,
        "finish": finish,
        "seed": seed,
        "tokens_per_second": len(tokens) / max(seconds, 1e-9),
    }
