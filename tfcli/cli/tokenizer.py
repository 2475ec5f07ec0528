"""`tfcli tokenizer`: train a tokenizer, and look at what tokenizers do to a text."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tfcli.cli.options import Json, Prompt, TokenizerPath
from tfcli.cli.prompt import parse_ids, read_prompt
from tfcli.errors import UsageError

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

app = typer.Typer(
    help="Train a tokenizer, and look at what tokenizers do to a text.\n\n"
    'Examples:\n    tfcli tokenizer encode "The cat 猫"\n    tfcli tokenizer info'
)
_SCHEMA = "tfcli.tokenizer/1"


@app.command("train")
def train(
    corpus: Annotated[list[str], typer.Argument(metavar="CORPUS...", help="Files to learn from.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where it is written.")],
    vocab_size: Annotated[int, typer.Option("--vocab-size", min=260, help="Pieces.")] = 8000,
    type: Annotated[
        Literal["bpe", "unigram", "char", "word"], typer.Option("--type", help="The algorithm.")
    ] = "bpe",
) -> None:
    """Train a tokenizer on a corpus with SentencePiece.

    It writes tokenizer.model and, for every type but word, an equivalent tokenizer.json.

    Examples:
        tfcli tokenizer train book.txt --vocab-size 2000 --out my-tokenizer
    """
    from tfcli_tokenizer import train_tokenizer
    from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

    from tfcli.checkpoint.files import replace_directory
    from tfcli.data.readers import read_documents
    from tfcli.view import console

    if out.exists() and not (out / "tokenizer.model").is_file() and any(out.glob("*")):
        raise UsageError(f"{out} holds other files; give a new folder to --out.")
    with console.busy("Training the tokenizer"):
        texts = (document.text for document in read_documents(list(corpus)))
        model = train_tokenizer(texts, vocab_size=vocab_size, kind=type)
        tokenizer = SentencePieceTokenizer(model, str(out))
        with replace_directory(out) as folder:
            tokenizer.save(folder)
    console.note(f"{tokenizer.vocab_size:,} pieces in {out}. Try:")
    console.note(f'  tfcli tokenizer encode "The cat" --tokenizer {out}')


@app.command("encode")
def encode(
    text: Prompt = None,
    tokenizer: TokenizerPath = None,
    json: Json = False,
) -> None:
    """Cut a text into pieces, with their ids.

    Examples:
        tfcli tokenizer encode "The cat 猫"
    """
    from tfcli.view import console
    from tfcli.view.tokenizer import show_pieces

    given = read_prompt(text, None, "tokenizer encode") or ""
    opened = _open(tokenizer)
    ids = opened.encode(given)
    pieces = [opened.piece(i) for i in ids]
    if json:
        console.write_json({"schema": _SCHEMA, "text": given, "ids": ids, "pieces": pieces})
        return
    show_pieces(pieces, ids)
    console.note(f"{len(ids)} tokens, {len(given.encode()) / max(1, len(ids)):.2f} bytes a token")


@app.command("decode")
def decode(
    ids: Annotated[str, typer.Argument(metavar="5,17,3", help="Token ids.")],
    tokenizer: TokenizerPath = None,
) -> None:
    """Turn ids back into text.

    Examples:
        tfcli tokenizer decode 441,1830
    """
    from tfcli.view import console

    console.write_text(_open(tokenizer).decode(parse_ids(ids)))
    console.write_line()


@app.command("info")
def info(
    tokenizer: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A tokenizer; else the shipped one."),
    ] = None,
    json: Json = False,
) -> None:
    """Say what a tokenizer is: its size, special tokens and longest pieces.

    Examples:
        tfcli tokenizer info
    """
    from tfcli.view import console
    from tfcli.view.tokenizer import show_table

    opened = _open(tokenizer)
    pieces = [opened.piece(i) for i in range(opened.vocab_size)]
    longest = sorted(pieces, key=len, reverse=True)[:5]
    facts: dict[str, object] = {
        "vocab_size": opened.vocab_size,
        "special_tokens": " ".join(opened.special_tokens),
        "longest_pieces": " ".join(longest),
        "fingerprint": opened.fingerprint,
    }
    if json:
        console.write_json({"schema": _SCHEMA, **facts})
        return
    show_table([facts])


@app.command("compare")
def compare(
    tokenizers: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Tokenizers.")],
    text: Annotated[str, typer.Option("--text", help="What to encode.")],
    json: Json = False,
) -> None:
    """Set several tokenizers side by side on one text.

    Examples:
        tfcli tokenizer compare runs/first runs/second --text "The cat"
    """
    from tfcli.view import console
    from tfcli.view.tokenizer import show_pieces, show_table

    rows: list[dict[str, object]] = []
    cuts: list[tuple[list[str], list[int]]] = []
    for path in tokenizers:
        opened = _open(path)
        ids = opened.encode(text)
        cuts.append(([opened.piece(i) for i in ids], ids))
        in_bytes = sum(len(p) == 6 and p.startswith("<0x") for p in cuts[-1][0])
        rows.append(
            {
                "tokenizer": str(path),
                "vocab_size": opened.vocab_size,
                "tokens": len(ids),
                "bytes_per_token": len(text.encode()) / max(1, len(ids)),
                "coverage": 1 - in_bytes / max(1, len(text.encode())),
            }
        )
    if json:
        console.write_json({"schema": _SCHEMA, "text": text, "tokenizers": rows})
        return
    show_table(rows)
    for pieces, ids in cuts:
        show_pieces(pieces, ids)


def _open(path: Path | None) -> "Tokenizer":
    from tfcli_tokenizer import default_tokenizer_path, load_tokenizer

    chosen = path or default_tokenizer_path()
    for folder in (chosen / "best", chosen / "last"):
        if folder.is_dir():
            return load_tokenizer(folder)
    return load_tokenizer(chosen)
