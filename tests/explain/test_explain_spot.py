"""Steps from one spot to the next."""

from tfcli.explain import spot as steps
from tfcli.explain.edits.request import Place
from tfcli.explain.request import MEASURES
from tfcli.explain.spot import Spot

EXTENTS = {"self": (3, 4), "cross": (3, 4), "encoder": (2, 2)}
PROMPT = Spot((5, 6, 7), (), 2, "self", 2, 3)
PAIR = Spot((5, 6, 7), (0, 9), 1, "self", 2, 3)


def test_moves_stop_at_both_ends():
    assert steps.token_moved(PROMPT, 1) == PROMPT
    assert steps.token_moved(PROMPT, -9).position == 0
    assert steps.token_moved(PAIR, 9).position == 1
    assert steps.layer_moved(PROMPT, 1, EXTENTS) == PROMPT
    assert steps.layer_moved(PROMPT, -1, EXTENTS).layer == 1
    assert steps.head_moved(PROMPT, 1, EXTENTS) == PROMPT
    assert steps.head_moved(PROMPT, -5, EXTENTS).head == 0


def test_kinds_and_measures_come_round():
    spot = PAIR
    kinds = []
    for _ in EXTENTS:
        spot = steps.kind_turned(spot, EXTENTS)
        kinds.append((spot.kind, spot.layer, spot.head))
    assert kinds == [("cross", 2, 3), ("encoder", 1, 1), ("self", 1, 1)]
    seen = []
    for _ in MEASURES[1:]:
        seen.append(spot.measure)
        spot = steps.measure_turned(spot)
    assert (*seen, "patching") == MEASURES and spot.measure == MEASURES[0]


def test_heads_are_taken_away_and_given_back():
    one = steps.ablation_toggled(PROMPT)
    two = steps.ablation_toggled(steps.layer_moved(one, -2, EXTENTS))
    assert two.ablated == (Place("self", "head", 0, 3), Place("self", "head", 2, 3))
    assert steps.ablation_toggled(two).ablated == one.ablated
    assert steps.ablations_cleared(two).ablated == ()
    assert PROMPT.name == "L2H3" and str(PROMPT.place) == "L2H3"


def test_a_token_is_appended_to_what_is_followed():
    assert steps.appended(PROMPT, 8) == Spot((5, 6, 7, 8), (), 3, "self", 2, 3)
    assert steps.appended(PAIR, 8) == Spot((5, 6, 7), (0, 9, 8), 2, "self", 2, 3)


def test_a_taken_token_replaces_what_stood_behind_or_in_an_encoder_stands_there():
    early = steps.token_moved(PROMPT, -1)
    assert steps.taken(early, 8, causal=True).ids == (5, 6, 8)
    assert steps.taken(early, 8, causal=True).position == 2
    assert steps.taken(early, 8, causal=False).ids == (5, 8, 7)
    assert steps.taken(early, 8, causal=False).position == 1
    assert steps.taken(steps.token_moved(PAIR, -1), 8, causal=True).written == (0, 8)
