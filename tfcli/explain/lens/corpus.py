"""Text for fitting a lens: stretches of tokens, and some of them held out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.data.readers import Document, read_documents
from tfcli.errors import DataError
from tfcli.explain.lens.tuned import SEQUENCES_A_STEP

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

WORLD = "world"
_LONGEST, _SHORTEST = 128, 8  # tokens of a stretch
_HELD_OUT = 32  # stretches at most, and a tenth of the text


@dataclass(frozen=True, eq=False)
class Stretches:
    """Token ids [n, T] to fit on, and to measure on [m, T]."""

    fitted: Tensor
    held_out: Tensor


def read_stretches(source: str, tokenizer: "Tokenizer", context: int, steps: int) -> Stretches:
    """As much of a corpus as so many steps need, in stretches of equal length.

    A stretch begins with what the tokenizer puts before a text. The last tenth is held out; of
    the embedded world, its own validation documents are.

    Args:
        source: a file, a folder, a glob, "-", or "world" for the embedded one.
        context: of the model, in tokens.
        steps: updates of the lens.

    Raises:
        DataError: it cannot be read, or holds too little text.
    """
    begin = _beginning(tokenizer)
    length = min(_LONGEST, context)
    wanted = SEQUENCES_A_STEP * steps * length
    held = _HELD_OUT * length
    if source == WORLD:
        from tfcli.data import world

        sides: dict[str, list[Document]] = {"train": [], "validation": []}
        for document in world.documents():
            sides[document.split].append(Document(document.text, WORLD))
        fitted = _tokens(sides["train"], tokenizer, wanted)
        tested = _tokens(sides["validation"], tokenizer, held)
    else:
        ids = _tokens(read_documents([source]), tokenizer, wanted + held)
        cut = len(ids) - min(len(ids) // 10, held)
        fitted, tested = ids[:cut], ids[cut:]
    # in a short text the stretches become shorter, so that there are some of them
    length = min(length, (len(fitted) + len(tested)) // 20 + len(begin))
    if length < _SHORTEST + len(begin):
        raise DataError(
            f"{source} holds {len(fitted) + len(tested):,} tokens: too few to fit a lens on.",
            hint="Give a corpus of some pages, or the built-in one: --fit-lens world",
        )
    return Stretches(*(_cut(ids, begin, length) for ids in (fitted, tested)))


def _beginning(tokenizer: "Tokenizer") -> list[int]:
    """What the tokenizer puts before every text."""
    plain, whole = tokenizer.encode("a"), tokenizer.encode("a", add_special_tokens=True)
    place = next((i for i in range(len(whole)) if whole[i : i + len(plain)] == plain), 0)
    return whole[:place]


def _tokens(documents: Iterable[Document], tokenizer: "Tokenizer", most: int) -> list[int]:
    ids: list[int] = []
    for document in documents:
        ids += tokenizer.encode(document.text)
        if document.ends and tokenizer.eos_id is not None:
            ids.append(tokenizer.eos_id)
        if len(ids) >= most:
            break
    return ids[:most]


def _cut(ids: list[int], begin: list[int], length: int) -> Tensor:
    rows = list(_rows(ids, begin, length - len(begin)))
    return torch.tensor(rows, dtype=torch.long)


def _rows(ids: list[int], begin: list[int], room: int) -> Iterator[list[int]]:
    for start in range(0, len(ids) - room + 1, room):
        yield [*begin, *ids[start : start + room]]
