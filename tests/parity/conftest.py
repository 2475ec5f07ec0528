"""Quiet for transformers: its notes on tiny configurations say nothing here."""

from collections.abc import Iterator

import pytest
import transformers


@pytest.fixture(autouse=True, scope="session")
def quiet() -> Iterator[None]:
    """No warnings and no progress bars."""
    logging = transformers.utils.logging
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    yield
    logging.set_verbosity(before)
    logging.enable_progress_bar()
