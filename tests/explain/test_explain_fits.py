"""Values of a file that contradict each other: refused before they are drawn, or drawn."""

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from explain_changed import changed, places
from explain_drawn import lines
from explain_shapes import IDS, WRITTEN, build

from tfcli.errors import UsageError
from tfcli.explain.edits.request import EditRequest, parse_sites
from tfcli.explain.request import SECTIONS, Request
from tfcli.explain.result import SavedExplanation
from tfcli.explain.saved.fits import misfit
from tfcli.explain.saved.part import part
from tfcli.explain.saved.whole import explain_whole
from tfcli.explain.text.formula import parse_formula
from tfcli.view.explain.lines import Pen
from tfcli.view.html.page import every_head, page

ALL = Request(SECTIONS, layers="all", heads="all", all_keys=True)
FAR = 10**18


@pytest.fixture(scope="module")
def saved_of():
    found: dict[str, SavedExplanation] = {}

    def of(shape: str) -> SavedExplanation:
        if shape not in found:
            model = build(shape)
            request = Request(
                neighbors="#7",
                analogy=parse_formula("#7-#8+#9=#10"),
                edits=EditRequest(ablate=parse_sites("L1H0", "ablate"), other_ids=tuple(IDS)),
                answer=5,
                against=7,
            )
            read = {} if model.encoder is None else {"decoder_ids": WRITTEN}
            found[shape] = explain_whole(model, IDS, request, **read)
        return found[shape]

    return of


@pytest.fixture(autouse=True)
def short_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfcli.explain.layers.cost._SECONDS", 0.0)


def draw(saved: SavedExplanation) -> None:
    """All of it, as a screen that teaches and as a page."""
    found = part(saved, ALL)
    lines(found, 80, brief=False, language="en")
    page(found, part(saved, every_head(ALL, found)), Pen(100), "tfcli explain")


@pytest.mark.parametrize("shape", ["gpt2", "gpt_oss", "t5", "bert"])
def test_what_was_measured_fits(saved_of, shape):
    assert misfit(saved_of(shape)) is None
    draw(saved_of(shape))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("focus", "position"), 9),
        (("focus", "layers"), ()),
        (("focus", "heads"), ()),
        (("focus", "heads", 0), (0, 4)),
        (("focus", "cross_heads"), ((0, 0),)),
        (("tokens", "tokens"), ()),
        (("shapes", "steps"), ()),
        (("shapes", "steps", 2, "name"), "?"),
        (("shapes", "steps", 3, "size"), ()),
        (("qkv", 0, "query"), FAR),
        (("qkv", 1, "kind"), "encoder"),
        (("attention", 0, "matrix", "before"), ()),
        (("attention", 2, "matrix", "rows"), ()),
        (("attention", 1, "matrix", "first"), 1),
        (("attention", 1, "matrix", "first"), -1),
        (("attention", 1, "matrix", "first_key"), FAR),
        (("lens", "rows"), ()),
        (("credit", "layers"), ()),
        (("next", "candidates"), ()),
        (("residual", "position"), FAR),
        (("residual", "rows"), ()),
        (("memories", "layers"), ()),
        (("memories", "layers", 0, "listed"), ()),
        (("sampling", "columns"), ()),
        (("sampling", "columns", 1, "probabilities"), ()),
        (("sampling", "position"), -1),
        (("norms", "rows", 1, "place"), "final"),
        (("norms", "position"), 99),
        (("ledger", "updates", 0, "sources"), ()),
        (("ledger", "updates", 0, "sources", 0, "shares"), ()),
        (("ledger", "updates", 1, "head_shares"), ()),
        (("ledger", "updates", 1, "query"), 99),
        (("sources", "largest"), {}),
        (("sources", "left_out"), {"?": "no reason"}),
        (("lens_grid", "rows", 1, "cells"), ()),
        (("edits", "changes", 0, "how"), "scale"),
    ],
    ids=str,
)
def test_a_contradiction_is_named_by_its_section(saved_of, place, value):
    section = "focus" if place[0] == "tokens" else place[0]
    assert misfit(changed(saved_of("gpt2"), ("whole", *place), value)) == section


@pytest.mark.parametrize("kind", ["self", "cross"])
def test_a_head_of_the_encoder_is_none_of_the_decoder(saved_of, kind):
    saved = saved_of("t5")
    assert saved.whole.attention is not None
    first = next(i for i, head in enumerate(saved.whole.attention) if head.kind == "encoder")
    assert misfit(changed(saved, ("whole", "attention", first, "kind"), kind)) == "attention"


def test_a_contradiction_in_a_measure_is_seen(saved_of):
    saved = saved_of("gpt2")
    short = changed(saved, ("measures", "sink", "grids", 0, "scaled"), ())
    assert misfit(short) == "heads"
    assert misfit(changed(saved, ("measures", "delta", "grids"), ())) == "focus"
    assert misfit(changed(saved, ("delta_norms",), (1.0,) * 99)) == "focus"


@pytest.mark.parametrize("shape", ["gpt_oss", "t5"])
def test_what_fits_is_drawn(saved_of, shape):
    """Anything of the right type, anywhere: refused in words, or drawn to the end."""
    saved, random = saved_of(shape), Random(11)
    everywhere = [place for place in places(saved) if place]
    drawn = 0
    for place in random.sample(everywhere, 25):
        spoilt = changed(saved, place, other(at(saved, place), random))
        if misfit(spoilt) is None:
            with suppress(UsageError):  # the part is not held
                draw(spoilt)
                drawn += 1
    assert drawn > 10


def at(result: Any, place: tuple[str | int, ...]) -> Any:
    """The value at a place."""
    for step in place:
        attribute = isinstance(step, str) and not isinstance(result, dict)
        result = getattr(result, step) if attribute else result[step]
    return result


def other(value: Any, random: Random) -> Any:
    """Another value of the same type; the same where there is none that is read."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice([-1, 0, 99, FAR])
    if isinstance(value, float):
        return random.choice([float("nan"), -1e300, 0.0, 1.7])
    if isinstance(value, tuple):
        alike = len({type(item) for item in value}) < 2
        return random.choice([(), value[:-1], value * 2]) if alike else value
    return {} if isinstance(value, dict) else value
