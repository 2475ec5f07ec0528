"""What the user asks for is understood, or refused with what there is."""

import pytest

from tfcli.errors import UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.request import (
    SECTIONS,
    Request,
    parse_choice,
    parse_sections,
    parse_window,
    resolve_choice,
    resolve_window,
)


def test_values_are_read():
    assert parse_sections("all") == SECTIONS
    assert parse_sections(" next, QKV") == ("qkv", "next")
    assert parse_choice("5", "layer") == (5,)
    assert parse_choice("0, 3", "head") == (0, 3)
    assert parse_choice("all", "head") == "all"
    assert parse_choice("Top", "head") == "top"
    assert parse_choice("-1,0", "head") == (-1, 0)
    assert resolve_choice((-1, 0, 3), 4, [], "head") == (0, 3)
    assert parse_window("10:40") == (10, 40)
    assert parse_window(":-5") == (None, -5)
    assert resolve_window((None, -5), 20) == (0, 15)
    assert resolve_window((-8, None), 5) == (0, 5)
    assert resolve_window(None, 5) is None


@pytest.mark.parametrize(
    "text", ["", "x", "1,", "-", "--1", "1-2", "1.5", "٣", "9" * 5000, "1;2", "²"]
)
def test_a_choice_that_is_none(text):
    with pytest.raises(UsageError) as caught:
        parse_choice(text, "layer")
    assert "--layer" in caught.value.message and len(caught.value.message) < 80
    assert caught.value.hint is not None and "0,3" in caught.value.hint


def test_sections_that_do_not_exist_are_named_with_those_that_do():
    with pytest.raises(UsageError) as caught:
        parse_sections("qkv,atention")
    assert "atention" in caught.value.message and "Did you mean attention?" in caught.value.message
    assert all(name in str(caught.value.hint) for name in SECTIONS)
    with pytest.raises(UsageError):
        parse_sections(" , ")


@pytest.mark.parametrize("text", ["", "5", "a:b", "1:2:3", "1.5:3", "1:٣", "9" * 5000 + ":"])
def test_a_window_that_is_none(text):
    with pytest.raises(UsageError, match="--window"):
        parse_window(text)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Request(layers=(3,)), ["layer 3", "3 layers", "0 to 2"]),
        (Request(layers=(0, 99)), ["layer 99", "0 to 2"]),
        (Request(layers=(-4,)), ["layer -4", "0 to 2", "-1 to -3"]),
        (Request(heads=(4,)), ["head 4", "4 heads", "0 to 3"]),
        (Request(position=9), ["position 9", "9 tokens", "0 to 8"]),
        (Request(position=-10), ["position -10", "-9"]),
        (Request(window=(20, 30)), ["20:30", "9 tokens"]),
        (Request(window=(5, 5)), ["5:5"]),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(make_model, plain_shape, ids, wish, words):
    with pytest.raises(UsageError) as caught:
        explain(make_model(plain_shape), ids, wish)
    said = f"{caught.value.message} {caught.value.hint}"
    assert all(word in said for word in words)


def test_positions_of_a_pair_are_the_decoder_s_and_its_window_the_encoder_s(make_model, ids):
    model = make_model("t5")
    with pytest.raises(UsageError, match="no position 5: the prompt has 5 tokens"):
        explain(model, ids, Request(position=5), decoder_ids=[4, 3, 2, 1, 0])
    with pytest.raises(UsageError, match="the prompt has 9 tokens"):
        explain(model, ids, Request(window=(9, 12)), decoder_ids=[4, 3, 2, 1, 0])


def test_only_asked_sections_are_there(make_model, plain_shape, ids):
    found = explain(make_model(plain_shape), ids, Request(sections=("lens", "audit")))
    assert found.sections == ("lens", "audit")
    assert found.lens is not None and found.audit is not None
    assert found.qkv is None and found.next is None and found.heads is None
