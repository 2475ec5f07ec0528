"""Explanations made by hand of what is inside the layers and behind the output matrix."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from explain_kind_samples import FRENCH, pair_sample, vectors_sample
from explain_samples import ENGLISH, MIXED, sample

from tfcli.explain.result import Explanation, Gradients, Residual, ResidualRow

NO_HEAD = "this model has no output matrix: it gives vectors, not words"


def only(explanation: Explanation, section: str, **fields: Any) -> Explanation:
    """The same with one section."""
    return dataclasses.replace(explanation, sections=(section,), **fields)


def without(explanation: Explanation, section: str, reason: str) -> Explanation:
    """The same with one section that does not apply."""
    return only(explanation, section, omitted={section: reason})


def residual_sample(
    labels: Sequence[str] = ENGLISH, layers: int = 6, answer: str = "␣mat", cross: bool = False
) -> Explanation:
    """A gradient that lives with the way past the modules and dies without it."""
    rows = tuple(
        ResidualRow(
            layer=i,
            residual_in=2.54 + 21.3 * i,
            attention=1.78 + 13.1 * i,
            cross_attention=9.21 + i if cross else None,
            feed_forward=66.2 / (i + 1),
            residual_out=2.54 + 21.3 * (i + 1),
            cosine=0.11 + 0.7 * i / layers,
            cosine_to_end=-0.2 + 1.2 * (i + 1) / layers,
            gradients=Gradients(0.051, 2.57 / (i + 1) ** 2, 3.4e-5 * 4**i, 4.42e-9 * 17**i),
        )
        for i in range(layers)
    )
    end = Gradients(0.0422, 0.0422, 0.0422, 0.0422)
    found = Residual(len(labels) - 1, 1930, answer, rows, end)
    base = pair_sample(written=labels) if cross else sample(labels)
    return only(base, "residual", residual=found)


def residual_of_vectors() -> Explanation:
    """A model without an output matrix has a stream, but no answer to take a gradient of."""
    base, found = vectors_sample(), residual_sample().residual
    rows = tuple(dataclasses.replace(row, gradients=None) for row in found.rows[:2])
    found = Residual(1, None, None, rows, None)
    return only(base, "residual", residual=found, omitted={})


SAMPLES = {
    "residual": residual_sample,
    "residual-mixed": lambda: residual_sample(MIXED, 3, "草地"),
    "residual-pair": lambda: residual_sample(FRENCH, 3, cross=True),
    "residual-vectors": residual_of_vectors,
}
