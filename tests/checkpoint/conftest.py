"""A hub on this machine, for the tests that pull models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_stand_in import StandIn, forget_connections, serving


@pytest.fixture(scope="module")
def fresh_client() -> Iterator[None]:
    """Connections made without the proxies that this machine may have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        forget_connections()
        yield
        forget_connections()


@pytest.fixture
def stand_in(tmp_path: Path, fresh_client: None) -> Iterator[StandIn]:
    """The hub, for one test; models go below tmp_path/home."""
    with serving(tmp_path / "home") as stand_in:
        yield stand_in
