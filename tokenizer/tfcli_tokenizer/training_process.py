"""The process in which SentencePiece trains: `python -m tfcli_tokenizer.training_process`.

It is one of its own because SentencePiece does not notice Ctrl-C until it is done.

stdin: a JSON object of trainer options on one line, then the sentences, a line each, and an empty
line at the end. stdout: `M` and the model, or `E` and the reason why there is none.
"""

import ctypes
import io
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from tfcli_tokenizer.lossless import DECODING_RULES, ENCODING_RULES, rules_table

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


def main() -> None:
    """Read the corpus, train, write the model."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    corpus = sys.stdin.buffer
    options = json.loads(corpus.readline())
    try:
        most = options["input_sentence_size"]
        result = b"M" + _train(_sample(_sentences(corpus), most), options)
    except (RuntimeError, ValueError) as error:
        result = b"E" + str(error).encode("utf-8", "replace")
    sys.stdout.buffer.write(result)


def _sentences(corpus: BinaryIO) -> Iterator[bytes]:
    while (line := corpus.readline()) != b"\n":
        if not line:
            raise ValueError("the corpus was cut off")
        yield line[:-1]


def _sample(sentences: Iterator[bytes], most: int) -> Iterator[bytes]:
    """At most so many sentences, each as likely as any other (algorithm R, Vitter 1985).

    SentencePiece's own sample is another one each time, whatever seed it is given.
    """
    rng = random.Random(1)
    kept: list[bytes] = []
    for count, sentence in enumerate(sentences):
        if count < most:
            kept.append(sentence)
        elif (place := int(rng.random() * (count + 1))) < most:
            kept[place] = sentence
    kept.reverse()
    while kept:  # as they are handed over, their memory is given back
        yield kept.pop()


def _train(sentences: Iterator[bytes], options: dict[str, Any]) -> bytes:
    import sentencepiece

    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        # The model records the names of its rule files, so they must be the same everywhere.
        os.chdir(folder)
        try:
            Path("escape.tsv").write_text(rules_table(ENCODING_RULES), encoding="ascii")
            Path("unescape.tsv").write_text(rules_table(DECODING_RULES), encoding="ascii")
            sentencepiece.set_random_generator_seed(1)
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=sentences,
                model_writer=model,
                normalization_rule_tsv="escape.tsv",
                denormalization_rule_tsv="unescape.tsv",
                **options,
            )
        finally:
            os.chdir(tempfile.gettempdir())  # a folder that is in use cannot be removed on Windows
    return model.getvalue()


if __name__ == "__main__":
    main()
