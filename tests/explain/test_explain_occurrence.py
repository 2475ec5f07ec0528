"""Where a word stands in two prompts: its last place, by the same tokens in both."""

import pytest
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer

from tfcli.errors import UsageError
from tfcli.explain.text.labels import labels
from tfcli.explain.text.occurrence import find_word

TOKENIZER = load_tokenizer(default_tokenizer_path())


def found(word: str, first: str, second: str) -> list[str]:
    """The word's tokens, after checking that they are the same in both."""
    ids = [TOKENIZER.encode(text) for text in (first, second)]
    spans = find_word(word, *ids, TOKENIZER)
    one, two = ([*part[start : end + 1]] for part, (start, end) in zip(ids, spans, strict=True))
    assert one == two
    for part, (_, end) in zip(ids, spans, strict=True):
        assert "".join(labels(TOKENIZER, part[end + 1 :])).find(word) < 0
    return labels(TOKENIZER, one)


@pytest.mark.parametrize(
    ("word", "first", "second"),
    [
        ("apple", "an apple and an apple", "the old apple tree"),
        (" apple ", "an apple", "the apple"),
        ("␣apple", "an apple", "the apple"),
        ("苹果", "她吃了苹果，又大又红的苹果", "手机公司是苹果"),
        ("the bank", "on the bank", "she works at the bank"),
        ("Zyxomorphic", "so Zyxomorphic", "very Zyxomorphic"),
    ],
)
def test_a_word_is_found_where_it_stands_last(word: str, first: str, second: str) -> None:
    tokens = found(word.strip().replace("␣", ""), first, second)
    assert "".join(tokens).replace("␣", " ").strip() == word.replace("␣", " ").strip()


def test_a_word_at_the_start_is_the_same_in_both() -> None:
    assert found("apple", "apple is sweet", "apple phones")[0][0] != "␣"


@pytest.mark.parametrize(
    ("word", "first", "second", "said"),
    [
        ("pear", "an apple", "the apple", "“pear” is in neither prompt"),
        ("apple", "an apple", "the pear", "not in the second prompt"),
        ("apple", "the pear", "an apple", "not in the first prompt"),
        ("apple", "apple is sweet", "an apple", "as a pple, the second prompt as ␣apple"),
        ("", "an apple", "an apple", "takes a word"),
        ("  ", "an apple", "an apple", "takes a word"),
        ("x" * 300, "an apple", "an apple", "takes a word"),
        ("\udc80", "an apple", "an apple", "not UTF-8"),
        ("apple\x1b[2J", "an apple", "an apple", "\\x1b"),
    ],
)
def test_a_word_that_is_not_alike_in_both_is_told(word, first, second, said) -> None:
    ids = [TOKENIZER.encode(text) for text in (first, second)]
    with pytest.raises(UsageError) as error:
        find_word(word, *ids, TOKENIZER)
    assert said in error.value.message
    assert "\x1b" not in error.value.message
    assert error.value.hint or "UTF-8" in said
