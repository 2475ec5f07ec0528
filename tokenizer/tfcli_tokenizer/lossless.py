"""How text becomes a model's own characters and back without loss.

SentencePiece writes a space as U+2581 (▁), so a ▁ in the text itself would read back as a space.
Our models therefore carry a rule each way, which SentencePiece, `tokenizers` and this package all
follow: ▁ in a text becomes the noncharacter U+FDD0, which no text may use (Unicode, 23.7), and
U+FDD0 itself, should it come all the same, becomes a pair behind U+FDD1.
"""

from tfcli.errors import DataError

SPACE = "▁"
LITERAL_SPACE = "\ufdd0"
ESCAPE = "\ufdd1"

END_OF_TEXT = "<|endoftext|>"
SPECIAL_TOKENS = (END_OF_TEXT, "<|im_start|>", "<|im_end|>")

# In the order in which replacing one after the other is right.
ENCODING_RULES = (
    (ESCAPE, ESCAPE + "b"),
    (LITERAL_SPACE, ESCAPE + "a"),
    (SPACE, LITERAL_SPACE),
)
DECODING_RULES = tuple((written, read) for read, written in reversed(ENCODING_RULES))


def rules_table(rules: tuple[tuple[str, str], ...]) -> str:
    """Rules as SentencePiece's trainer reads them: code points, a tab between the two sides."""
    return "".join(f"{_code_points(before)}\t{_code_points(after)}\n" for before, after in rules)


def unescape(text: str) -> str:
    """The text that was meant, from the text that the pieces spell."""
    if LITERAL_SPACE in text or ESCAPE in text:
        for written, read in DECODING_RULES:
            text = text.replace(written, read)
    return text


def refuse_half_characters(text: str) -> None:
    """DataError for a text with a lone surrogate, which no UTF-8 can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        raise DataError(
            f"The text cannot be encoded: character {error.start:,} is half a character "
            f"(U+{code:04X})."
        ) from error


def _code_points(text: str) -> str:
    return " ".join(f"{ord(character):X}" for character in text)
