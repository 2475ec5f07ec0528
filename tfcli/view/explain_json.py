"""An explanation as one JSON document: every number of the screen, in full precision."""

from dataclasses import asdict
from typing import Any

from tfcli.explain.result import Explanation

SCHEMA = "tfcli.explain/1"


def document(explanation: Explanation) -> dict[str, Any]:
    """The document: `schema`, the prompt, where it looks, and the sections by their names.

    The model and the tokens are always there, for the other sections speak of them. A number
    that does not exist is null.
    """
    fields = asdict(explanation)
    asked = fields.pop("sections")
    return {
        "schema": SCHEMA,
        "sections": asked,
        **{name: value for name, value in fields.items() if value is not None},
    }
