"""Train a tokenizer with SentencePiece: lossless, deterministic, interruptible."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal, get_args

from tfcli.errors import DataError, Interrupted, TfcliError, UsageError
from tfcli_tokenizer.finishing import finished
from tfcli_tokenizer.lossless import LITERAL_SPACE, SPECIAL_TOKENS
from tfcli_tokenizer.protobuf import read_pieces

Kind = Literal["bpe", "unigram", "char", "word"]
KINDS: tuple[str, ...] = get_args(Kind)

MOST_SENTENCES = 1_000_000
LONGEST_SENTENCE = 2000  # characters
SMALLEST_VOCABULARY = 1 + len(SPECIAL_TOKENS) + 256 + 2  # the stand-in for U+2581, and a letter
COVERAGE = 0.9995  # as SentencePiece has it by default
LEAST_COVERAGE = 0.98  # it refuses less

LARGEST_VOCABULARY = 2**20  # four times as many as the largest in use

# What never comes into a sentence: line ends, NUL and lone surrogates, which no piece may hold,
# and U+2585, for which SentencePiece would drop the whole sentence.
_BETWEEN_SENTENCES = re.compile("[\r\n\0\u2585\ud800-\udfff]+")
# A tab parts words as a space does, but to SentencePiece it is a letter.
_BETWEEN_WORDS = re.compile("[\t\r\n\0\u2585\ud800-\udfff]+")
# What SentencePiece learns nothing from, because it stands for a piece that is there anyhow.
_META_PIECE = re.compile("|".join([*map(re.escape, SPECIAL_TOKENS), "<unk>", "<0x[0-9A-F]{2}>"]))
# A line that is too long is cut before a space or behind a punctuation mark, else anywhere.
_SENTENCE = re.compile(
    f".{{1,{LONGEST_SENTENCE}}}(?:$|(?= )|(?<=[。！？；，、]))|.{{1,{LONGEST_SENTENCE}}}", re.DOTALL
)


def train_tokenizer(
    texts: Iterable[str],
    *,
    vocab_size: int,
    kind: str = "bpe",
    exact: bool = True,
    say: Callable[[str], None] | None = None,
    character_coverage: float | None = None,
    word_boundary: str = "",
) -> bytes:
    """Train a SentencePiece model and return its bytes: the same bytes for the same texts.

    It runs in a child process, which Ctrl-C ends at once; the texts are streamed to it. Nothing
    is normalised, every byte has a piece, digits stand alone, and a long line is cut rather than
    dropped. A line end is always the piece of its byte. Of a corpus of more than MOST_SENTENCES
    lines a random sample of that many is used, the same one each time.

    Args:
        texts: the corpus, in any portions that do not cut a word.
        vocab_size: number of pieces, the 256 bytes and 3 special tokens included. With kind
            "char" it is the most that are made: a corpus of fewer characters makes fewer.
        exact: refuse a corpus that gives fewer pieces; else make as many as it gives.
        kind: "bpe", "unigram", "char" or "word" (words between spaces, and the characters that
            they are written with).
        say: is told what a user should know, such as that only a sample was used.
        character_coverage: share of the corpus's characters, the frequent ones first, that get a
            piece of their own; the rest is written in bytes. From LEAST_COVERAGE to 1; None means
            0.9995 for "bpe" and "unigram", and 1 for "char" and "word".
        word_boundary: a mark that stands in the texts wherever no piece may cross, for scripts
            without spaces; it is no part of the text.

    Raises:
        UsageError: an unknown kind, a coverage out of range, or no pieces at all.
        DataError: the corpus is empty, or cannot give that many or so few pieces; the hint says
            what works.
        Interrupted: Ctrl-C.
        TfcliError: the process came to an end of its own, for example for want of memory.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no tokenizer type “{kind}”.", hint=", ".join(KINDS))
    if vocab_size < 1:
        raise UsageError(f"A vocabulary of {vocab_size:,} pieces cannot be.")
    if character_coverage is None:
        character_coverage = COVERAGE if kind in ("bpe", "unigram") else 1.0
    elif not LEAST_COVERAGE <= character_coverage <= 1:
        raise UsageError(
            f"A character coverage of {character_coverage:g} is out of range.",
            hint=f"Use a share between {LEAST_COVERAGE} and 1.",
        )
    # Beyond the limits of any corpus the nearest size is tried, to learn the limit of this one.
    tried = min(max(vocab_size, SMALLEST_VOCABULARY), LARGEST_VOCABULARY)
    options = _options(kind, tried, exact, character_coverage)
    options["pretokenization_delimiter"] = word_boundary
    try:
        answer, sentences = _run(texts, options)
    except KeyboardInterrupt:
        raise Interrupted("The tokenizer's training was stopped; nothing was written.") from None
    if say is not None and sentences > MOST_SENTENCES:
        say(f"The tokenizer learned from a sample of {MOST_SENTENCES:,} of {sentences:,} lines.")
    if answer[:1] != b"M":
        raise _explained(answer[1:].decode("utf-8", "replace"), vocab_size)
    if vocab_size < tried:
        raise _too_small(vocab_size, tried)
    model = finished(answer[1:], kind, tried)
    size = len(read_pieces(model))
    if exact and kind != "char" and size < vocab_size:
        raise _too_large(vocab_size, size)
    return model


def _options(kind: str, vocab_size: int, exact: bool, character_coverage: float) -> dict[str, Any]:
    return {
        "model_type": kind,
        # Words are chosen by us, so that their characters fit in too; we need some to choose from.
        "vocab_size": 2 * vocab_size + 100_000 if kind == "word" else vocab_size,
        "hard_vocab_limit": exact and kind in ("bpe", "unigram"),
        "byte_fallback": True,
        "split_digits": True,
        "character_coverage": character_coverage,
        "required_chars": LITERAL_SPACE,
        "remove_extra_whitespaces": False,
        "add_dummy_prefix": False,
        "allow_whitespace_only_pieces": True,
        "max_sentence_length": 100 * LONGEST_SENTENCE,  # bytes: nothing is too long for it
        "input_sentence_size": MOST_SENTENCES,
        "user_defined_symbols": list(SPECIAL_TOKENS),
        "unk_id": 0,
        "bos_id": -1,
        "eos_id": -1,
        "pad_id": -1,
        "num_threads": 1,  # sums of floats depend on it
        "minloglevel": 2,
    }


def _run(texts: Iterable[str], options: dict[str, Any]) -> tuple[bytes, int]:
    """What the child process answers, and the number of sentences that it was given."""
    # The child finds the packages where this process has them. -P: not in the current folder.
    packages = str(Path(__file__).parent.parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([packages, *filter(None, sys.path)])}
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "tfcli_tokenizer.training_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        )
        assert child.stdin is not None and child.stdout is not None
        try:
            between = _BETWEEN_WORDS if options["model_type"] == "word" else _BETWEEN_SENTENCES
            sentences = _feed(child.stdin, _sentences(texts, between), options)
            answer = child.stdout.read()
            code = child.wait()
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
            _close(child.stdin)
        if not answer:
            errors.seek(0)
            raise _died(code, errors.read().decode("utf-8", "replace"))
    return answer, sentences


def _feed(corpus: IO[bytes], sentences: Iterable[str], options: dict[str, Any]) -> int:
    """Write the options and the corpus; returns the number of sentences."""
    count = 0
    empty = True
    try:
        corpus.write(json.dumps(options).encode() + b"\n")
        for sentence in sentences:
            corpus.write(sentence.encode() + b"\n")
            count += 1
            empty = empty and not _META_PIECE.sub("", sentence).strip()
        if empty:
            raise DataError(
                "The corpus is empty: special tokens aside, there is no text to make a tokenizer "
                "from."
            )
        corpus.write(b"\n")
        corpus.flush()
    except BrokenPipeError:
        pass  # the child has given up; its answer says why
    return count


def _sentences(texts: Iterable[str], between: re.Pattern[str]) -> Iterator[str]:
    for text in texts:
        for line in between.split(text):
            if len(line) <= LONGEST_SENTENCE:
                if line:
                    yield line
            else:
                yield from (match[0] for match in _SENTENCE.finditer(line))


def _close(pipe: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):  # what was still in its buffer
        pipe.close()


def _explained(message: str, vocab_size: int) -> TfcliError:
    largest = re.search(r"value <= (\d+)", message)
    if largest:
        return _too_large(vocab_size, int(largest[1]))
    smallest = re.search(r"required_chars\. \d+ vs (\d+)", message)
    if smallest:
        return _too_small(vocab_size, int(smallest[1]))
    return DataError(f"SentencePiece cannot make a tokenizer from this corpus: {message.strip()}")


def _too_large(vocab_size: int, largest: int) -> DataError:
    return DataError(
        f"A vocabulary of {vocab_size:,} pieces is too large for this corpus: it gives "
        f"{largest:,} at most.",
        hint=f"Use --vocab-size {largest}, or a larger corpus.",
    )


def _too_small(vocab_size: int, smallest: int) -> DataError:
    return DataError(
        f"A vocabulary of {vocab_size:,} pieces is too small: the 256 bytes, the special tokens "
        "and the characters of the corpus must fit in.",
        hint=f"Use --vocab-size {smallest} or more.",
    )


def _died(code: int, errors: str) -> TfcliError:
    lines = errors.strip().splitlines()
    if code == -signal.SIGKILL and not lines:
        why = "it was killed, most likely because memory ran out"
    else:
        why = lines[-1] if lines else f"exit code {code}"
    return TfcliError(
        f"The tokenizer's training process ended without a result: {why}.",
        hint="Try again with a part of the corpus.",
    )
