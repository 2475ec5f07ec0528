"""The JSON document holds everything that the screen shows."""

import dataclasses
import json
import math

import pytest
from explain_samples import MIXED, long_sample, rebuild, sample, with_loop

from tfcli.explain.request import SECTIONS
from tfcli.explain.result import Explanation
from tfcli.view import console
from tfcli.view.explain_json import SCHEMA, document


@pytest.mark.parametrize(
    "explanation",
    [
        sample(),
        sample(MIXED),
        sample(("The",)),
        long_sample(),
        with_loop(sample(), {"temperature": 0.7, "top_k": 40}),
        dataclasses.replace(sample(), sections=("model",), lens=None, audit=None),
    ],
)
def test_the_explanation_can_be_made_again_from_its_json(explanation):
    """So each number on a screen, which is drawn from the explanation alone, is in the JSON."""
    again = json.loads(console.json_text(document(explanation)))
    assert again["schema"] == SCHEMA == "tfcli.explain/1"
    assert rebuild(Explanation, again) == explanation


def test_sections_stand_by_their_names():
    found = document(sample())
    assert set(SECTIONS) <= set(found)
    assert list(found)[:3] == ["schema", "sections", "ids"]
    few = document(dataclasses.replace(sample(), sections=("next",), lens=None))
    assert "lens" not in few and few["sections"] == ("next",)


def test_what_is_no_number_is_null():
    sick = dataclasses.replace(
        sample(), credit=dataclasses.replace(sample().credit, logit=math.nan, total=math.inf)
    )

    def no_constant(name):
        raise AssertionError(f"a bare {name} in JSON")

    found = json.loads(console.json_text(document(sick)), parse_constant=no_constant)
    assert found["credit"]["logit"] is None and found["credit"]["total"] is None
