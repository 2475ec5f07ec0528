"""A config.json is understood as transformers 5 writes it, and as 4 did."""

import json
from pathlib import Path
from typing import Any

import pytest
from parity.checkpoints import VARIANTS, checkpoint, config_class, config_of, with_config
from parity.old_style import old_style
from parity.ours import LOGITS, compute, difference, ours, same_tensors
from parity.reference import inputs, outputs

from tfcli.api import load_model

BOTH = [name for name, variant in VARIANTS.items() if variant.family != "chatglm"]
# transformers keeps, beside what it understands, what these were called.
_TRACES = {"type", "_sliding_window_pattern", "sliding_window_pattern", "transformers_version"}


@pytest.mark.parametrize("name", BOTH)
def test_transformers_reads_both_styles_alike(name: str) -> None:
    """So the old one is the old one, and not only something that we understand."""
    new = config_of(checkpoint(name))
    old = old_style(new)
    assert old != new
    assert "rope_parameters" not in json.dumps(old)
    read = [config_class(VARIANTS[name]).from_dict(copy(style)).to_dict() for style in (new, old)]
    first, second = (without(fields, _TRACES) for fields in read)
    assert {key: second.get(key) for key in first} == first


@pytest.mark.parametrize("name", BOTH)
def test_the_old_style_gives_the_same_model(name: str, tmp_path: Path) -> None:
    config = old_style(config_of(checkpoint(name)))
    model = load_model(with_config(checkpoint(name), config, tmp_path / "old"), device="cpu")
    assert same_tensors(model, ours(name))
    found = compute(model, inputs(VARIANTS[name]))
    assert difference(found, outputs(name).logits) < LOGITS


def copy(config: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(config))


def without(value: Any, names: set[str]) -> Any:
    """Leave these fields out, at every depth."""
    if not isinstance(value, dict):
        return value
    return {key: without(part, names) for key, part in value.items() if key not in names}
