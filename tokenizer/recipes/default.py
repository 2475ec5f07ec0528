"""How the shipped tokenizer is made: `python tokenizer/recipes/default.py CORPORA`.

CORPORA is the folder that holds the corpora named in default.json, as .xz files. The embedded
corpus is made by the package itself. The same corpora give the same bytes; default.json records
the checksum of each corpus's text and of the result.
"""

import hashlib
import json
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path

from tfcli_tokenizer import train_tokenizer

from tfcli.data.world import documents

HERE = Path(__file__).parent
RECIPE = HERE / "default.json"
MODEL = HERE.parent / "default.model"


def corpus_texts(folder: Path, recipe: dict) -> Iterator[str]:
    """The training texts in order. ValueError for a corpus that is not the recorded one."""
    embedded = hashlib.sha256()
    for document in documents(recipe["embedded"]["seed"]):
        embedded.update(document.text.encode())
        yield document.text
    _compare("the embedded corpus", embedded.hexdigest(), recipe["embedded"]["sha256"])
    for corpus in recipe["corpora"]:
        with lzma.open(folder / corpus["file"], "rt", encoding="utf-8", newline="") as file:
            text = file.read()
        _compare(corpus["file"], hashlib.sha256(text.encode()).hexdigest(), corpus["sha256"])
        yield from _sample(text, corpus["characters"])


def make(folder: Path) -> bytes:
    """The model's bytes, from the corpora in `folder`."""
    recipe = json.loads(RECIPE.read_text(encoding="utf-8"))
    return train_tokenizer(
        corpus_texts(folder, recipe), vocab_size=recipe["vocab_size"], kind=recipe["kind"]
    )


def _sample(text: str, characters: int) -> Iterator[str]:
    """Evenly spread lines, about `characters` in all."""
    lines = text.splitlines(keepends=True)
    every = max(1, len(text) // characters)
    yield "".join(lines[::every])


def _compare(name: str, found: str, recorded: str) -> None:
    if found != recorded:
        raise ValueError(f"{name} is not the recorded text: sha256 {found}, recorded {recorded}")


def main() -> None:
    """Remake default.model and print its checksum beside the recorded one."""
    model = make(Path(sys.argv[1]))
    MODEL.write_bytes(model)
    recorded = json.loads(RECIPE.read_text(encoding="utf-8"))["sha256"]
    print(hashlib.sha256(model).hexdigest(), "recorded", recorded)


if __name__ == "__main__":
    main()
