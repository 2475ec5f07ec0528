"""ChatGLM2 and 3: a SentencePiece model, and special tokens that follow its pieces.

The tokens, their order and the prefix are those of the checkpoints' `tokenization_chatglm.py`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfcli.errors import CheckpointError
from tfcli_tokenizer.files import CONFIG, LARGEST_PART, read_bytes
from tfcli_tokenizer.piece_writer import PieceWriter
from tfcli_tokenizer.protocol import check_id
from tfcli_tokenizer.reference_class import CHATGLM
from tfcli_tokenizer.saving import kept_files, write_files
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer
from tfcli_tokenizer.settings import Settings, read_settings
from tfcli_tokenizer.streaming import StreamDecoder

_AFTER_THE_PIECES = (
    "[MASK]",
    "[gMASK]",
    "[sMASK]",
    "sop",
    "eop",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
)
_PREFIX = ("[gMASK]", "sop")
# The two that are like words are meant as tokens in one place only, the prefix of a chat.
_IN_TEXT = re.compile(
    "|".join(re.escape(token) for token in _AFTER_THE_PIECES if token not in ("sop", "eop"))
    + r"|(?<=\[gMASK\])sop"
)


class ChatGlmTokenizer:
    """ChatGLM2's or 3's tokenizer.

    The special tokens are also found in a text, which their authors' code does in chats only;
    `sop` and `eop`, which words may hold, are not, unless the settings list them.

    Attributes, beside the protocol's:
        processor: SentencePiece's own object.
        files: the files that define the tokenizer, by name.
    """

    def __init__(self, path: Path) -> None:
        """Read a model. CheckpointError, naming it, where it is damaged."""
        pieces = SentencePieceTokenizer(read_bytes(path, LARGEST_PART), str(path), path)
        settings = read_settings(path.parent)
        self.source: Path | None = path
        self.kind = pieces.kind
        self.lossless = False
        self.fingerprint = pieces.fingerprint
        self.processor = pieces.processor
        self.files = kept_files(path.parent, [path.name])
        self.bos_id, self.eos_id = pieces.bos_id, pieces.eos_id
        self.unk_id = self.pad_id = pieces.unk_id
        self.mask_id: int | None = None
        self._pieces = pieces
        self.special_tokens = _special(settings, pieces.vocab_size)
        self._names = {token: name for name, token in self.special_tokens.items()}
        if len(self._names) < len(self.special_tokens):
            raise CheckpointError(f"{path.parent / CONFIG} is damaged: two tokens have one id.")
        self.vocab_size = 1 + max(*self._names, pieces.vocab_size - 1)
        listed = [token.content for token in settings.added.values()]
        self._in_text = _either(listed) if listed else _IN_TEXT

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text; [gMASK] and sop come first where that is asked for."""
        ids = [self.special_tokens[name] for name in _PREFIX] if add_special_tokens else []
        start = 0
        for match in self._in_text.finditer(text):
            ids += self._plain(text[start : match.start()])
            ids.append(self.special_tokens[match[0]])
            start = match.end()
        return ids + self._plain(text[start:])

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of several texts, without special tokens."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of these ids. UsageError for an id outside the vocabulary."""
        return self.processor.decode_pieces(list(self._shown(ids, skip_special_tokens)))

    def piece(self, token: int) -> str:
        """The piece as the model stores it, or the special token; "" for an id without one."""
        if token in self._names:
            return self._names[token]
        check_id(token, self.vocab_size)
        return self._pieces.piece(token) if token < self._pieces.vocab_size else ""

    def token_bytes(self, token: int) -> bytes:
        """The bytes that this id writes."""
        name = self.piece(token)
        return (
            name.encode() if token in self._names or not name else self._pieces.token_bytes(token)
        )

    def stream(self) -> StreamDecoder:
        """A decoder for one generated text."""
        writer = PieceWriter(self.processor, self._pieces.model)
        return StreamDecoder(lambda token: writer.write(next(self._shown([token], False))))

    def save(self, directory: Path) -> None:
        """Write the files that define it, byte for byte."""
        write_files(directory, self.files, CHATGLM, {"tokenizer_class": CHATGLM})

    def _plain(self, text: str) -> list[int]:
        return self._pieces.encode(text) if text else []

    def _shown(self, ids: Sequence[int], skip_special_tokens: bool) -> Iterator[str]:
        """The pieces, where those that begin, end or fill up a text are empty."""
        silent = (self.bos_id, self.eos_id, self.pad_id)
        for token in ids:
            name = self.piece(token)
            if not (skip_special_tokens and token in self._names):
                yield "" if token in silent else name


def _special(settings: Settings, first: int) -> dict[str, int]:
    ids = {name: first + i for i, name in enumerate(_AFTER_THE_PIECES)}
    return ids | {token.content: i for i, token in settings.added.items()}


def _either(tokens: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(t) for t in sorted(tokens, key=len, reverse=True) if t))
