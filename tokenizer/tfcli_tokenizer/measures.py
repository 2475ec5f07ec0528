"""What a tokenizer is made of, and what it makes of a text, in numbers."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tfcli_tokenizer.protocol import Tokenizer


@dataclass(frozen=True)
class Measure:
    """What a tokenizer made of some texts.

    Attributes:
        bytes: UTF-8 bytes of the texts.
        tokens: how many tokens they became.
        byte_tokens: tokens that spell no whole character, only some bytes of one.
        missing: the characters that the tokenizer has no piece for, so that they are spelled in
            bytes or become unknown, with how often they occur; the most frequent first.
        reads_back: whether decoding gave back every text.
    """

    bytes: int
    characters: int
    tokens: int
    byte_tokens: int
    missing: tuple[tuple[str, int], ...]
    reads_back: bool

    @property
    def bytes_per_token(self) -> float | None:
        """None where there are no tokens."""
        return self.bytes / self.tokens if self.tokens else None

    @property
    def byte_share(self) -> float | None:
        """The share of tokens that spell no whole character."""
        return self.byte_tokens / self.tokens if self.tokens else None

    @property
    def coverage(self) -> float | None:
        """The share of the text's characters that the tokenizer has a piece for."""
        if not self.characters:
            return None
        return 1 - sum(count for _, count in self.missing) / self.characters


@dataclass(frozen=True)
class Vocabulary:
    """The pieces of a tokenizer, counted.

    Attributes:
        special: pieces that stand for a role.
        bytes: pieces that stand for a single byte.
        parts: other pieces that end inside a character.
        text: all others.
        scripts: of these, how many hold Latin letters, Chinese characters, ...: (name, count).
        lengths: of these, how many have 1, 2, ... characters, as (characters, count).
    """

    size: int
    special: int
    bytes: int
    parts: int
    text: tuple[int, ...]
    scripts: tuple[tuple[str, int], ...]
    lengths: tuple[tuple[int, int], ...]


def measure(tokenizer: Tokenizer, texts: Iterable[str]) -> Measure:
    """Encode texts and count."""
    return measure_all([tokenizer], texts)[0]


def measure_all(tokenizers: Sequence[Tokenizer], texts: Iterable[str]) -> list[Measure]:
    """Encode texts with several tokenizers and count; the texts are read once."""
    characters: Counter[str] = Counter()
    tokens: list[Counter[int]] = [Counter() for _ in tokenizers]
    read_back = [True for _ in tokenizers]
    size = 0
    for text in texts:
        characters.update(text)
        size += len(text.encode())
        for i, tokenizer in enumerate(tokenizers):
            ids = tokenizer.encode(text)
            tokens[i].update(ids)
            read_back[i] = read_back[i] and tokenizer.decode(ids) == text
    return [
        _measure(tokenizer, characters, size, counts, same)
        for tokenizer, counts, same in zip(tokenizers, tokens, read_back, strict=True)
    ]


def _measure(
    tokenizer: Tokenizer, characters: Counter[str], size: int, tokens: Counter[int], same: bool
) -> Measure:
    return Measure(
        bytes=size,
        characters=characters.total(),
        tokens=tokens.total(),
        byte_tokens=sum(n for i, n in tokens.items() if is_part(tokenizer, i)),
        missing=tuple(
            (character, count)
            for character, count in characters.most_common()
            if not _has_piece(tokenizer, character)
        ),
        reads_back=same,
    )


def is_part(tokenizer: Tokenizer, token: int) -> bool:
    """Whether a token spells no whole character, only some bytes of one."""
    written = tokenizer.token_bytes(token).lstrip(b" ")  # " \xe7": a byte-level piece
    return bool(written) and not written.decode("utf-8", "ignore")


def _has_piece(tokenizer: Tokenizer, character: str) -> bool:
    ids = tokenizer.encode(character)
    return tokenizer.unk_id not in ids and not any(is_part(tokenizer, i) for i in ids)


def vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    """Count the pieces by what they hold."""
    special = set(tokenizer.special_tokens.values()) | {tokenizer.unk_id}
    text: list[int] = []
    scripts: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    single = parts = 0
    for token in range(tokenizer.vocab_size):
        if token in special:
            continue
        written = tokenizer.token_bytes(token)
        try:
            content = written.decode()
        except UnicodeDecodeError:
            content = ""
        if _names_a_byte(tokenizer.piece(token)) or (len(written) == 1 and not content):
            single += 1
        elif not content:
            parts += 1
        else:
            text.append(token)
            scripts[_script(content)] += 1
            lengths[len(content)] += 1
    return Vocabulary(
        size=tokenizer.vocab_size,
        special=len(special - {None}),
        bytes=single,
        parts=parts,
        text=tuple(text),
        scripts=tuple(scripts.most_common()),
        lengths=tuple(sorted(lengths.items())),
    )


def _names_a_byte(piece: str) -> bool:
    return len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")


def _script(text: str) -> str:
    """What most of a piece's characters are, in a word."""
    names: Counter[str] = Counter(map(_character_script, text))
    del names["space"]
    return names.most_common(1)[0][0] if names else "space"


def _character_script(character: str) -> str:
    if character.isspace():
        return "space"
    if character.isdecimal():
        return "digits"
    if not character.isalpha():
        return "signs"
    name = unicodedata.name(character, "OTHER").removeprefix("FULLWIDTH ").split()[0]
    return "Chinese" if name == "CJK" else name.capitalize()
