"""The JSON document holds everything that the screen shows."""

import dataclasses
import json
import math

import pytest
from explain_kind_samples import (
    long_pair_sample,
    masked_sample,
    pair_sample,
    vectors_sample,
    windowed_sample,
)
from explain_samples import MIXED, long_sample, sample, with_loop
from explain_shapes import IDS, SHAPES, build, written
from explain_words_samples import unexpected_sample, words_sample

from tfcli.explain.explanation import explain
from tfcli.explain.request import SCREEN, SECTIONS, Request
from tfcli.explain.result.documents import document, read_document
from tfcli.view import console
from tfcli.view.explain.lines import Pen
from tfcli.view.explain.screen import screen


def read_again(explanation):
    """What a reader of the JSON has."""
    return json.loads(console.json_text(document(explanation)))


@pytest.mark.parametrize(
    "explanation",
    [
        sample(),
        sample(MIXED),
        sample(("The",)),
        long_sample(),
        with_loop(sample(), {"temperature": 0.7, "top_k": 40}),
        dataclasses.replace(sample(), sections=("model",), lens=None, audit=None),
        pair_sample(),
        pair_sample(measure="credit"),
        long_pair_sample(),
        masked_sample(),
        vectors_sample(),
        windowed_sample(),
        words_sample(),
        words_sample(followed=False),
        unexpected_sample(),
    ],
)
def test_the_explanation_can_be_made_again_from_its_json(explanation):
    """So each number on a screen, which is drawn from the explanation alone, is in the JSON."""
    again = read_again(explanation)
    assert again["schema"] == "tfcli.explain/1"
    assert read_document(again) == explanation


@pytest.mark.parametrize("shape", SHAPES)
def test_the_screen_of_any_model_can_be_drawn_from_its_json(shape):
    model = build(shape)
    found = explain(model, IDS, Request(SECTIONS, layers="all"), **written(model))
    again = read_document(read_again(found))
    assert again == found
    for pen in (Pen(80), Pen(200, brief=False)):
        assert screen(pen, again) == screen(pen, found)


def test_sections_stand_by_their_names():
    found = document(sample())
    assert set(SCREEN) <= set(found)
    assert list(found)[:3] == ["schema", "sections", "ids"]
    few = document(dataclasses.replace(sample(), sections=("next",), lens=None))
    assert "lens" not in few and few["sections"] == ["next"]


def test_what_is_no_number_is_null():
    sick = dataclasses.replace(
        sample(), credit=dataclasses.replace(sample().credit, logit=math.nan, total=math.inf)
    )

    def no_constant(name):
        raise AssertionError(f"a bare {name} in JSON")

    found = json.loads(console.json_text(document(sick)), parse_constant=no_constant)
    assert found["credit"]["logit"] is None and found["credit"]["total"] is None


def test_what_only_some_models_have_stands_where_they_have_it():
    plain, pair = document(sample()), document(pair_sample())
    added = {"source", "cross_heads", "encoder_heads"}
    assert set(pair) - set(plain) == added
    assert [token["label"] for token in pair["source"]["tokens"]][:2] == ["The", "␣cat"]
    assert [ledger["kind"] for ledger in pair["qkv"]] == ["self", "cross"]
    assert [found["kind"] for found in pair["attention"]] == ["encoder", "self", "cross"]
    assert plain["omitted"] == pair["omitted"] == {}


@pytest.mark.parametrize("explanation", [masked_sample(), vectors_sample()])
def test_a_section_that_does_not_apply_has_its_reason_in_its_place(explanation):
    found = document(explanation)
    assert found["omitted"] and set(found["omitted"]) <= set(found["sections"])
    for name in found["sections"]:
        assert (name in found) != (name in found["omitted"])
    assert all(reason for reason in found["omitted"].values())
