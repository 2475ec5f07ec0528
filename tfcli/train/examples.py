"""What a step learns from: what the model reads, and what it has to predict.

A decoder reads a window of the corpus and predicts the token that follows each. Beside an encoder
the window is cut into pieces: the encoder reads what stands before a piece, and the decoder writes
the piece (the prefix language model of Raffel et al. 2020, with prefixes of every length). Most
tokens can be told from those just before them, which the decoder has read itself, so it is the
first ones of short pieces that teach it to listen to the encoder.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.data.batches import batch_starts, validation_starts
from tfcli.data.tokenise import document_end_id
from tfcli.model.config import ModelConfig

_SHORTEST = 8  # tokens of a piece


@dataclass(frozen=True, eq=False)
class Batch:
    """One micro-batch.

    Attributes:
        ids: what the decoder reads [B, T].
        targets: what it has to predict [B, T].
        encoder_ids: what the encoder beside it reads [B, S]; None where there is none.
    """

    ids: Tensor
    targets: Tensor
    encoder_ids: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        encoder_ids = None if self.encoder_ids is None else self.encoder_ids.to(device)
        return Batch(self.ids.to(device), self.targets.to(device), encoder_ids)


@dataclass(frozen=True)
class Cut:
    """How an encoder-decoder shares the work of a micro-batch.

    Attributes:
        pieces: equal ones that each window is cut into.
        read: tokens before each piece that the encoder reads; no more than a piece has, so that
            no micro-batch takes much more memory than another.
    """

    pieces: int
    read: int


@dataclass(frozen=True, eq=False)
class Examples:
    """The tokens to learn from, as batches for one kind of model.

    Attributes:
        tokens: [N].
        context: tokens of a window that are predicted.
        start_id: what the decoder beside an encoder reads first; None for a decoder by itself.
    """

    tokens: np.ndarray
    context: int
    start_id: int | None

    def batch(self, number: int, size: int, seed: int, cut: Cut | None = None) -> Batch:
        """Micro-batch `number`, of `size` windows: a pure function of the arguments.

        Args:
            cut: None draws it.

        Raises:
            DataError: fewer than context + 1 tokens.
        """
        starts = batch_starts(
            len(self.tokens), seed=seed, step=number, batch_size=size, context=self.context
        )
        if self.start_id is None:
            return self._windows(starts, self.context)
        cut = cut or _drawn(seed, number, self.context)
        length = self.context // cut.pieces
        starts = (starts[:, None] + np.arange(cut.pieces) * length).flatten()
        return self._continued(starts, length, cut.read)

    def held_out(self, max_tokens: int | None, batch_size: int) -> Iterator[Batch]:
        """Batches of whole windows, so that each token but the first is predicted once.

        How much an encoder reads is spread over the batches as it is in training.

        Args:
            max_tokens: predict about this many at most; None for all.
        """
        groups = list(
            validation_starts(
                len(self.tokens),
                context=self.context,
                max_tokens=max_tokens,
                batch_size=batch_size,
            )
        )
        for place, (starts, length) in enumerate(groups):
            if self.start_id is None:
                yield self._windows(starts, length)
            else:
                share = (place + 0.5) / len(groups)
                yield self._continued(starts, length, _read_length(share, self.context))

    def _windows(self, starts: np.ndarray, length: int) -> Batch:
        """Windows of length + 1 tokens, for a decoder by itself."""
        windows = self._rows(starts, length + 1)
        return Batch(windows[:, :-1], windows[:, 1:])

    def _continued(self, starts: np.ndarray, length: int, read: int) -> Batch:
        """What follows `starts` [B], `length` tokens, predicted from the `read` tokens up to it."""
        # Rows are as long as each other, and the first token of a corpus has nothing before it.
        read = min(read, int(starts.min()) + 1)
        targets = self._rows(starts + 1, length)
        begun = torch.full_like(targets[:, :1], self.start_id or 0)
        ids = torch.cat((begun, targets[:, :-1]), dim=1)
        return Batch(ids, targets, self._rows(starts + 1 - read, read))

    def _rows(self, starts: np.ndarray, length: int) -> Tensor:
        rows = np.asarray(self.tokens)[starts[:, None] + np.arange(length)]
        return torch.from_numpy(rows.astype(np.int64))


def examples_for(config: ModelConfig, tokens: np.ndarray, start_id: int) -> Examples:
    """The tokens, as batches for a model of this configuration."""
    start = start_id if config.encoder is not None else None
    return Examples(tokens, config.max_position_embeddings, start)


def decoder_start_id(tokenizer: Tokenizer) -> int:
    """What a decoder beside an encoder reads first: padding, as in Marian.

    Without a padding token it is what stands between documents.
    """
    return document_end_id(tokenizer) if tokenizer.pad_id is None else tokenizer.pad_id


def cuts(context: int) -> list[tuple[Cut, float]]:
    """Every cut of windows of so many tokens, with the share of micro-batches that have it."""
    choices = _choices(context)
    shares = []
    for pieces in choices:
        longest = context // pieces
        whole = math.log(longest + 1) * len(choices)
        shares += [
            (Cut(pieces, n), (math.log(n + 1) - math.log(n)) / whole) for n in range(1, longest + 1)
        ]
    return shares


def _choices(context: int) -> list[int]:
    """Into how many pieces a window may be cut: 1, 2, 4 and so on."""
    pieces = [1]
    while context % (2 * pieces[-1]) == 0 and context // (2 * pieces[-1]) >= _SHORTEST:
        pieces.append(2 * pieces[-1])
    return pieces


def _read_length(share: float, longest: int) -> int:
    """How many tokens the encoder reads, from 1 to the longest, for a share of all batches.

    Log-uniform, so as often 2 to 3 tokens as 4 to 7: prompts are short, and long ones cost more.
    """
    return min(longest, int((longest + 1) ** share))


def _drawn(seed: int, number: int, context: int) -> Cut:
    """The cut of a micro-batch.

    Made of the generator's raw output alone, which NumPy keeps the same from version to version.
    """
    key = np.array([seed % 2**64, number], dtype=np.uint64)
    # Where the order of the windows is drawn (tfcli.data.batches) the counter begins at 0.
    source = np.random.Philox(key=key, counter=np.array([0, 0, 0, 1], dtype=np.uint64))
    choices = _choices(context)
    pieces = choices[int(source.random_raw()) % len(choices)]
    share = int(source.random_raw()) / 2**64
    return Cut(pieces, _read_length(share, context // pieces))
