"""The published JSON Schema is that of the dataclasses, and every document meets it."""

import copy
import json
from pathlib import Path

import pytest
from explain_compare_samples import compare_sample, unseen_sample
from explain_kind_samples import masked_sample, pair_sample, vectors_sample
from explain_over_samples import over_sample
from explain_samples import sample, with_loop
from explain_shapes import IDS, SHAPES, build, written
from explain_with_samples import with_sample
from jsonschema import Draft202012Validator

from tfcli.explain.explanation import explain
from tfcli.explain.request import SECTIONS, Request
from tfcli.explain.result import SavedExplanation
from tfcli.explain.result.documents import document
from tfcli.view import console
from tfcli.view.explain.schema import schema, text

PUBLISHED = Path(__file__).parents[2] / "docs" / "explain.schema.json"
VALID = Draft202012Validator(schema())


def test_the_published_schema_is_that_of_the_dataclasses():
    """`python -m tfcli.view.explain.schema docs/explain.schema.json` writes it anew."""
    assert PUBLISHED.read_text(encoding="utf-8") == text()


def test_the_schema_is_one():
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    "found",
    [
        sample(),
        with_loop(sample(), {"top_k": 40}),
        pair_sample(),
        masked_sample(),
        vectors_sample(),
        over_sample(),
        with_sample(),
        compare_sample(),
        unseen_sample(),
        SavedExplanation(sample()),
    ],
)
def test_samples_meet_it(found):
    VALID.validate(json.loads(console.json_text(document(found))))


@pytest.mark.parametrize("shape", SHAPES)
def test_documents_of_real_models_meet_it(shape):
    model = build(shape)
    request = Request(sections=SECTIONS, layers="all", heads="all", all_keys=True, steps=2)
    found = explain(model, IDS, request, **written(model))
    VALID.validate(json.loads(console.json_text(document(found))))


def test_a_wrong_document_does_not_meet_it():
    good = json.loads(console.json_text(document(sample())))
    for path, value in (
        (["schema"], "tfcli.explain/2"),
        (["extra"], 1),
        (["lens", "rows", 0, "kl"], "1"),
        (["qkv", 0, "kind"], "other"),
        (["focus", "heads", 0], [1]),
        (["tokens", "tokens", 0, "id"], 1.5),
    ):
        bad = copy.deepcopy(good)
        place = bad
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        assert not VALID.is_valid(bad), path
    del good["model"]
    assert not VALID.is_valid(good)


def test_descriptions_come_from_the_docstrings():
    found = schema()
    share = found["$defs"]["HeadLedger"]["properties"]["share"]["description"]
    assert share == "this head's signed share of that ΔE."
    row = found["$defs"]["LensRow"]["properties"]
    assert row["top_id"]["description"] == row["top_label"]["description"]
    assert found["oneOf"][0]["properties"]["omitted"]["description"].startswith(
        "sections that do not apply"
    )
