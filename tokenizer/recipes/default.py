"""How the shipped tokenizer is made: `python tokenizer/recipes/default.py CORPORA`.

CORPORA is the folder that holds the corpora named in default.json, as .xz files. The embedded
corpus is made by the package itself. The same corpora give the same bytes; default.json records
the checksum of each corpus's text and of the result.

Chinese is cut into words by jieba first, and no piece crosses from word to word: a corpus that
says some things again and again would else make pieces of half a phrase, and 首都是 in one sentence
would be other tokens than in the next. What is trained needs no jieba to be used.
"""

import hashlib
import json
import lzma
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jieba
from tfcli_tokenizer import train_tokenizer

from tfcli.data.world import documents

HERE = Path(__file__).parent
RECIPE = HERE / "default.json"
MODEL = HERE.parent / "default.model"
BOUNDARY = "\x1f"
# jieba takes them for one word; the two senses of 苹果 are to share a token.
NO_WORDS = ("苹果公司",)
_CHINESE = re.compile("[\u4e00-\u9fff]+")


def corpus_texts(folder: Path, recipe: dict) -> Iterator[str]:
    """The texts in order, Chinese words apart. ValueError for a corpus other than the recorded."""
    words = jieba.Tokenizer()
    for word in NO_WORDS:
        words.del_word(word)
    embedded = hashlib.sha256()
    for document in documents(recipe["embedded"]["seed"]):
        embedded.update(document.text.encode())
        yield _apart(document.text, words)
    _compare("the embedded corpus", embedded.hexdigest(), recipe["embedded"]["sha256"])
    for corpus in recipe["corpora"]:
        with lzma.open(folder / corpus["file"], "rt", encoding="utf-8", newline="") as file:
            text = file.read()
        _compare(corpus["file"], hashlib.sha256(text.encode()).hexdigest(), corpus["sha256"])
        yield _apart(_sample(text, corpus["characters"]), words)


def make(folder: Path) -> bytes:
    """The model's bytes, from the corpora in `folder`."""
    recipe = json.loads(RECIPE.read_text(encoding="utf-8"))
    return train_tokenizer(
        corpus_texts(folder, recipe),
        vocab_size=recipe["vocab_size"],
        kind=recipe["kind"],
        character_coverage=recipe["character_coverage"],
        word_boundary=BOUNDARY,
    )


def _sample(text: str, characters: int) -> str:
    """Evenly spread lines, about `characters` in all."""
    lines = text.splitlines(keepends=True)
    every = max(1, len(text) // characters)
    return "".join(lines[::every])


def _apart(text: str, words: jieba.Tokenizer) -> str:
    """The text with BOUNDARY around every Chinese word."""
    return _CHINESE.sub(
        lambda run: BOUNDARY + BOUNDARY.join(words.cut(run[0], HMM=False)) + BOUNDARY, text
    )


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
