"""`tfcli tokenizer`: train a tokenizer, and look at what tokenizers do to a text."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tfcli.cli.options import Json, TokenizerPath
from tfcli.cli.tokenizer_files import corpus_texts, new_folder, read_ids, read_text
from tfcli.errors import UsageError

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer
    from tfcli_tokenizer.measures import Measure

app = typer.Typer(
    help="Train a tokenizer, and look at what tokenizers do to a text.\n\n"
    'Examples:\n    tfcli tokenizer encode "The cat 猫"\n    tfcli tokenizer info'
)
_SCHEMA = "tfcli.tokenizer/1"
_PIECES_SHOWN = 12
_TEXT_SHOWN = 400  # characters of a file that `compare` shows cut

Text = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT", help="The text. `-` or a pipe reads stdin.", show_default=False),
]
File = Annotated[
    str | None,
    typer.Option(
        "--file", "-f", metavar="FILE", help="Read the text from a file.", show_default=False
    ),
]


@app.command("train")
def train(
    corpus: Annotated[
        list[str],
        typer.Argument(
            metavar="CORPUS",
            help="Files, folders or globs, plain or compressed; `-` reads stdin.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder to make.")],
    vocab_size: Annotated[
        int,
        typer.Option(
            "--vocab-size",
            min=1,
            help="How many pieces, the 256 bytes and 3 special tokens included; at most so many "
            "with --type char.",
        ),
    ] = 8000,
    type: Annotated[
        Literal["bpe", "unigram", "char", "word"],
        typer.Option("--type", help="How pieces are chosen."),
    ] = "bpe",
    character_coverage: Annotated[
        float | None,
        typer.Option(
            "--character-coverage",
            min=0.98,
            max=1.0,
            help="Share of the corpus's characters that get pieces; rare ones are left to bytes.",
            show_default="0.9995 for bpe and unigram, 1 for char and word",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a tokenizer that --out holds.", show_default=False),
    ] = False,
    json: Json = False,
) -> None:
    """Train a tokenizer on a corpus with SentencePiece.

    It writes tokenizer.model for SentencePiece, and tokenizer.json and tokenizer_config.json for
    tokenizers and transformers. All give the same ids, and decoding gives back any text. The same
    corpus gives the same bytes.

    Examples:
        tfcli tokenizer train book.txt --vocab-size 2000 --out my-tokenizer
        tfcli tokenizer train notes/ 'chats/*.jsonl.xz' --type unigram --out uni
    """
    from tfcli_tokenizer import train_tokenizer
    from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

    from tfcli.checkpoint.files import replace_directory
    from tfcli.view import console
    from tfcli.view.tokenizer import training_progress

    target = new_folder(out, force)
    notes: list[str] = []
    with training_progress() as progress:
        model = train_tokenizer(
            corpus_texts(corpus, progress),
            vocab_size=vocab_size,
            kind=type,
            say=notes.append,
            character_coverage=character_coverage,
        )
        tokenizer = SentencePieceTokenizer(model, str(out))
        with replace_directory(target) as folder:
            tokenizer.save(folder)
            files = sorted(file.name for file in folder.iterdir())
    for line in notes:
        console.note(line)
    if json:
        facts = {"path": str(out), "type": type, **_identity(tokenizer), "files": files}
        console.write_json({"schema": _SCHEMA, **facts})
    fewer = f", all that the corpus gives of {vocab_size:,}" * (tokenizer.vocab_size < vocab_size)
    console.note(f"{tokenizer.vocab_size:,} pieces{fewer}, in {out}. Try:")
    console.note(f'  tfcli tokenizer encode "The cat" --tokenizer {shlex.quote(str(out))}')


@app.command("encode")
def encode(
    text: Text = None,
    file: File = None,
    tokenizer: TokenizerPath = None,
    ids: Annotated[
        bool, typer.Option("--ids", help="Write the ids only: 5,17,3.", show_default=False)
    ] = False,
    json: Json = False,
) -> None:
    """Cut a text into pieces, each with its id beneath it.

    A space is shown as ␣, other characters without a shape as their code. A character that has no
    piece is cut into its bytes: 龘(1/3) is the first of three.

    Of standard input, one line end at the end is dropped; --file keeps everything.

    Examples:
        tfcli tokenizer encode "The cat 猫"
        tfcli tokenizer encode --file book.txt --ids > ids.txt
    """
    from tfcli.view import console
    from tfcli.view.tokenizer import show_tokens

    if ids and json:
        raise UsageError("Give --ids or --json, not both: --json has the ids too.")
    given = read_text(text, file, "tokenizer encode")
    opened = _open(tokenizer)
    found = opened.encode(given)
    size = len(given.encode())
    density = f": {size / len(found):.2f} bytes per token" if found else ""
    if json:
        facts = {"text": given, "ids": found, "pieces": [opened.piece(i) for i in found]}
        facts |= {"bytes": size, "bytes_per_token": size / len(found) if found else None}
        console.write_json({"schema": _SCHEMA, **facts})
        return
    if ids:
        console.write_line(",".join(map(str, found)))
    else:
        show_tokens(opened, found)
    console.note(f"{_count(len(found), 'token')}, {_count(size, 'byte')}{density}")


@app.command("decode")
def decode(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IDS", help="Token ids: 5,17,3 or 5 17 3. `-` or a pipe reads stdin."
        ),
    ] = None,
    tokenizer: TokenizerPath = None,
    json: Json = False,
) -> None:
    """Turn ids back into text.

    In a pipe or a file the text is exact, without a line end added.

    Examples:
        tfcli tokenizer decode 441,1830
        tfcli tokenizer encode "The cat" --ids | tfcli tokenizer decode
    """
    from tfcli.view import console
    from tfcli.view.tokenizer import write_exact

    given = read_ids(ids)
    text = _open(tokenizer).decode(given)
    if json:
        console.write_json({"schema": _SCHEMA, "ids": given, "text": text})
        return
    write_exact(text)


@app.command("info")
def info(
    tokenizer: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A .model file, a tokenizer.json, or a directory that holds one.",
            show_default="the shipped tokenizer",
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            "-f",
            metavar="CORPUS",
            help="Measure it on this text rather than on short samples.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say what a tokenizer is, and how well it fits a text.

    Bytes/token: UTF-8 bytes of text for each token. In bytes: the share of tokens that spell no
    whole character, only bytes of one. Coverage: the share of characters that have a piece.

    Examples:
        tfcli tokenizer info
        tfcli tokenizer info my-tokenizer --file book.txt
    """
    from tfcli_tokenizer.measures import measure, vocabulary

    from tfcli.view import console
    from tfcli.view.tokenizer import Facts, show_facts

    opened = _open(tokenizer)
    measures = {name: measure(opened, texts) for name, texts in _measured(file).items()}
    counted = vocabulary(opened)
    pieces = _some_pieces(opened, counted.text)
    path = str(tokenizer or _default())
    lossless = opened.lossless
    if json:
        facts = {"path": path, "type": opened.kind, "lossless": lossless, **_identity(opened)}
        facts |= {
            "pieces": {"text": len(counted.text), "bytes": counted.bytes, "parts": counted.parts},
            "scripts": dict(counted.scripts),
            "lengths": dict(counted.lengths),
            "sample": {name: [opened.piece(i) for i in ids] for name, ids in pieces.items()},
            "measures": {name: _figures(each) for name, each in measures.items()},
        }
        console.write_json({"schema": _SCHEMA, **facts})
        return
    show_facts(opened, Facts(path, lossless, counted, measures, pieces))


@app.command("compare")
def compare(
    tokenizers: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Tokenizers; one alone is set beside the shipped one."),
    ],
    text: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="TEXT", help="What to encode.", show_default="short samples"
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", "-f", metavar="CORPUS", help="Encode these files.", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Set several tokenizers side by side on one text.

    Bytes/token: UTF-8 bytes of text for each token. In bytes: the share of tokens that spell no
    whole character, only bytes of one. Coverage: the share of characters that have a piece.

    Examples:
        tfcli tokenizer compare my-tokenizer --text "The cat"
        tfcli tokenizer compare runs/first runs/second --file book.txt
    """
    from tfcli_tokenizer.measures import measure_all
    from tfcli_tokenizer.samples import EXCERPT

    from tfcli.view import console
    from tfcli.view.tokenizer import show_comparison

    if text is not None and file is not None:
        raise UsageError("Give --text or --file, not both.")
    opened = {str(path): _open(path) for path in tokenizers}
    if len(opened) == 1:
        opened[_default().name] = _open(None)
    cut = [EXCERPT] if text is None and file is None else []
    texts = [text] if text is not None else _first_kept(_measured(file), cut)
    measures = measure_all(list(opened.values()), texts)
    head = text if text is not None else "".join(cut)
    if json:
        rows = [
            {"path": path, "type": each.kind, "vocab_size": each.vocab_size, **_figures(found)}
            | {"pieces": [each.piece(i) for i in each.encode(head)]}
            for (path, each), found in zip(opened.items(), measures, strict=True)
        ]
        console.write_json({"schema": _SCHEMA, "text": head, "tokenizers": rows})
        return
    show_comparison(opened, measures, head)
    if text is None and file is None:
        console.note("Measured on short samples; --text or --file gives a text of your own.")


def _measured(file: str | None) -> dict[str, Iterator[str]]:
    """The texts to measure on, by name: a file's, or the samples."""
    from tfcli_tokenizer.samples import SAMPLES

    if file is None:
        return {name: iter([sample]) for name, sample in SAMPLES.items()}
    return {file: corpus_texts([file])}


def _first_kept(measured: dict[str, Iterator[str]], kept: list[str]) -> Iterator[str]:
    """All the texts; the start of the first is kept for the screen, where nothing is yet."""
    for texts in measured.values():
        for text in texts:
            if not kept:
                head = text[:_TEXT_SHOWN]
                kept.append(head if head == text else head[: head.rfind(" ") + 1] or head)
            yield text


def _figures(found: "Measure") -> dict[str, object]:
    return {
        "bytes": found.bytes,
        "characters": found.characters,
        "tokens": found.tokens,
        "bytes_per_token": found.bytes_per_token,
        "byte_token_share": found.byte_share,
        "coverage": found.coverage,
        "missing": dict(found.missing[:100]),
        "reads_back": found.reads_back,
    }


def _identity(opened: "Tokenizer") -> dict[str, object]:
    return {
        "vocab_size": opened.vocab_size,
        "special_tokens": opened.special_tokens,
        "bos_id": opened.bos_id,
        "eos_id": opened.eos_id,
        "pad_id": opened.pad_id,
        "unk_id": opened.unk_id,
        "fingerprint": opened.fingerprint,
    }


def _some_pieces(opened: "Tokenizer", text: tuple[int, ...]) -> dict[str, list[int]]:
    """Ids to show: the first, evenly spread ones, and those with the longest pieces."""
    halves = range(1, 2 * _PIECES_SHOWN, 2)
    spread = [text[i * len(text) // (2 * _PIECES_SHOWN)] for i in halves] if text else []
    longest = sorted(text, key=lambda i: (-len(opened.token_bytes(i).decode()), i))
    return {
        "first": list(text[:_PIECES_SHOWN]),
        "spread": list(dict.fromkeys(spread)),
        "longest": longest[:_PIECES_SHOWN],
    }


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _default() -> Path:
    from tfcli_tokenizer import default_tokenizer_path

    return default_tokenizer_path()


def _open(path: Path | None) -> "Tokenizer":
    from tfcli_tokenizer import load_tokenizer

    return load_tokenizer(path or _default())
