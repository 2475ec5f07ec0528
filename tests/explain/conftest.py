"""The models of `explain_shapes` as fixtures."""

from collections.abc import Callable

import pytest
from explain_shapes import IDS, SHAPES, build

from tfcli.model.transformer import Transformer

PLAIN = ("qwen3", "qwen3-untied", "gpt2")


@pytest.fixture(params=list(SHAPES))
def shape(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=PLAIN)
def plain_shape(request: pytest.FixtureRequest) -> str:
    """A decoder whose every formula fits on a line."""
    return request.param


@pytest.fixture
def make_model() -> Callable[..., Transformer]:
    return build


@pytest.fixture
def ids() -> list[int]:
    return list(IDS)
