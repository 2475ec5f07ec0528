"""Names of places are understood, or refused with what there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.errors import UsageError
from tfcli.explain.edits.request import (
    Place,
    parse_scales,
    parse_sites,
    resolve,
    resolve_all,
)

ONE = {"self": (4, 3)}
PAIR = {"self": (4, 3), "cross": (4, 3), "encoder": (2, 5)}


def places(text, extents=ONE):
    return [str(place) for place in resolve_all(parse_sites(text, "ablate"), extents)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("L2H1", ["L2H1"]),
        (" l2h1 , ffn:L0", ["L2H1", "ffn:L0"]),
        ("L2", ["attn:L2", "ffn:L2"]),
        ("ATTN:L2", ["attn:L2"]),
        ("L2H0-2", ["L2H0", "L2H1", "L2H2"]),
        ("L-1H-1", ["L3H2"]),
        ("L0-1H1-2", ["L0H1", "L0H2", "L1H1", "L1H2"]),
        ("ffn:L2-3", ["ffn:L2", "ffn:L3"]),
        ("L2,attn:L2,L2", ["attn:L2", "ffn:L2"]),
        ("L-2-3H0", ["L2H0", "L3H0"]),
    ],
)
def test_places_of_one_stack(text, found):
    assert places(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("X1H2", ["X1H2"]),
        ("X1", ["attn:X1"]),
        ("attn:X1", ["attn:X1"]),
        ("E1H4", ["E1H4"]),
        ("E1", ["attn:E1", "ffn:E1"]),
        ("ffn:E0", ["ffn:E0"]),
        ("L1", ["attn:L1", "attn:X1", "ffn:L1"]),
    ],
)
def test_places_of_a_pair(text, found):
    assert places(text, PAIR) == found


def test_a_block_is_what_it_adds():
    (site,) = parse_sites("L1", "ablate")
    assert resolve(site, PAIR) == (
        Place("self", "attention", 1),
        Place("cross", "attention", 1),
        Place("self", "feed-forward", 1),
    )


@given(
    kind=st.sampled_from(sorted(PAIR)),
    part=st.sampled_from(["head", "attention", "feed-forward"]),
    layer=st.integers(0, 1),
    head=st.integers(0, 2),
)
def test_a_place_is_read_back_from_its_name(kind, part, layer, head):
    place = Place(kind, part, layer, head if part == "head" else None)
    if (kind, part) != ("cross", "feed-forward"):
        assert resolve_all(parse_sites(str(place), "ablate"), PAIR) == (place,)


NO_PLACES = (
    *("", ",", "L", "H3", "L5Q", "L5H", "5H3", "LH3", "L1H2H3", "mlp:L2", "attn:L1H2", "ffn:X1"),
    *("L1H2,", "L1..2", "L١", "L1 H2", "L1--2", "L1H2=0.5", "L" + "9" * 5000, "B2", "L1\nH2"),
)


@pytest.mark.parametrize("text", NO_PLACES)
def test_what_names_no_place(text):
    with pytest.raises(UsageError) as caught:
        parse_sites(text, "ablate")
    assert "--ablate" in caught.value.message and len(caught.value.message) < 100
    assert caught.value.hint is not None and "L5H3 is a head" in caught.value.hint


@pytest.mark.parametrize("text", ["L4H0", "L0H3", "L-5", "L0H2-1", "L3-9", "L1H0-999999999"])
def test_what_the_model_does_not_have(text):
    with pytest.raises(UsageError, match=f"There is no {text} in this model") as caught:
        places(text)
    assert caught.value.hint == "Its heads are L0H0 to L3H2."
    with pytest.raises(UsageError) as caught:
        places(text, PAIR)
    assert caught.value.hint == ("Its heads are L0H0 to L3H2, X0H0 to X3H2, E0H0 to E1H4.")


def test_factors():
    found = parse_scales(["L1H2=0.5, ffn:L2=-2", "L0=1e-3"])
    assert [(site.text, factor) for site, factor in found] == [
        ("L1H2", 0.5),
        ("ffn:L2", -2.0),
        ("L0", 0.001),
    ]
    for text in ("L1H2", "L1H2=", "=0.5", "L1H2=x", "L1H2=nan", "L1H2=inf", "L1H2=1e999", ""):
        with pytest.raises(UsageError, match="--scale") as caught:
            parse_scales([text])
        assert "halves a head" in str(caught.value.hint)
    with pytest.raises(UsageError, match="“L1Q” is no place"):
        parse_scales(["L1Q=2"])
