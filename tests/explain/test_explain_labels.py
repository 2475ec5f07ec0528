"""A label stands on one line, takes columns of its own, and can be read."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tfcli.explain.text.labels import byte_length, escape, label, labels


class Pieces:
    """A tokenizer that knows these byte strings."""

    bos_id = None

    def __init__(self, *pieces: bytes, eos_id: int | None = None) -> None:
        self.special_tokens: dict[str, int] = {}
        self.pieces = pieces
        self.vocab_size = len(pieces)
        self.eos_id = eos_id

    def token_bytes(self, token: int) -> bytes:
        return self.pieces[token]


def of(*pieces: bytes) -> list[str]:
    return labels(Pieces(*pieces), range(len(pieces)))


def test_spaces_and_control_characters_are_seen():
    assert of(b"The", b" cat", b"\n", b"\t", b"  ", b"a\x1b[31m", b"\x00") == [
        "The",
        "␣cat",
        "\\n",
        "\\t",
        "␣␣",
        "a\\x1b[31m",
        "\\x00",
    ]


def test_markup_is_text():
    assert of(b"[bold]", b":smile:", b"[/]") == ["[bold]", ":smile:", "[/]"]


def test_a_character_over_several_tokens_is_numbered():
    assert of(b"a", b"\xe8", b"\x8b\xb9", b"b") == ["a", "苹(1/2)", "苹(2/2)", "b"]
    assert of(b" \xf0\x9f", b"\x98", b"\x80") == ["␣😀(1/3)", "😀(2/3)", "😀(3/3)"]
    assert of(b"\xe8", b"\x8b", b"x") == ["<0xE8>", "<0x8B>", "x"]
    assert of(b"\xe8") == ["<0xE8>"]


def test_bytes_by_themselves_are_named():
    assert label(Pieces(b" \xe8\x8b"), 0) == "␣<0xE8><0x8B>"
    assert label(Pieces(b""), 0) == "(empty)"


def test_what_has_no_text_is_its_id():
    assert label(None, 17) == "#17"
    assert labels(Pieces(b"a"), [0, 3]) == ["a", "#3"]
    assert byte_length(Pieces(b"a", b" \xe8"), [0, 1]) == 3
    assert byte_length(Pieces(b"a"), [0, 3]) is None
    assert byte_length(Pieces(b"a", b"<end>", eos_id=1), [0, 1, 0]) == 2  # an end is no text
    assert byte_length(None, [0]) is None


def test_letters_of_all_scripts_stay_and_what_has_no_width_is_named():
    for text in ("苹果", "नमस्ते", "Ελλάδα", "é", "e\u0301", "شكرا", "한국어", "😀"):
        assert escape(text) == text
    assert escape("\u0301") == "\\u0301"
    assert escape("a\u200db") == "a\\u200db"
    assert escape("\u202e") == "\\u202e"
    assert escape("👍🏽") == "👍\\U0001f3fd"
    assert escape("\u3000") == "\\u3000"


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=12))
def test_any_bytes_get_a_label_that_is_drawn_on_one_line(pieces):
    found = of(*pieces)
    assert len(found) == len(pieces)
    for text in found:
        assert text.isprintable()
        assert cell_len(text) > 0
        assert " " not in text


@given(st.text(max_size=12))
def test_any_text_is_escaped_to_what_can_be_drawn(text):
    shown = escape(text)
    assert shown.isprintable() and " " not in shown
    assert escape(shown) == shown or any(c in "\\" for c in shown) or "␣" in shown
