"""tfcli: train, run and look inside Transformer language models.

The Python API is two names: `load_model` opens a model, `TfcliError` is the base of every
known error. Importing this package imports nothing heavy; torch is loaded on first use.
"""

from typing import TYPE_CHECKING

from tfcli.errors import TfcliError

if TYPE_CHECKING:
    from tfcli.api import LanguageModel, load_model

__all__ = ["LanguageModel", "TfcliError", "__version__", "load_model"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load the heavy half of the API when it is first asked for (PEP 562)."""
    if name in ("load_model", "LanguageModel"):
        from tfcli import api

        return getattr(api, name)
    raise AttributeError(f"module 'tfcli' has no attribute {name!r}")
