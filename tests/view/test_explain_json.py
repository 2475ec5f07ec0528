"""The JSON document holds everything that the screen shows."""

import dataclasses
import json
import math
import types
import typing

import pytest
from explain_samples import MIXED, long_sample, sample, with_loop

from tfcli.explain.request import SECTIONS
from tfcli.explain.result import Explanation
from tfcli.view import console
from tfcli.view.explain_json import SCHEMA, document


def rebuild(kind, value):
    """A value of that type from what JSON made of it."""
    if value is None:
        return None
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = {
            f.name: rebuild(hints[f.name], value.get(f.name)) for f in dataclasses.fields(kind)
        }
        return kind(**fields)
    if typing.get_origin(kind) is tuple:
        parts = typing.get_args(kind)
        if parts[-1] is Ellipsis:
            return tuple(rebuild(parts[0], item) for item in value)
        return tuple(rebuild(part, item) for part, item in zip(parts, value, strict=True))
    return value


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
