"""Every field that we read is heeded: another value gives other numbers, and transformers' own.

So the comparisons of this folder can fail: with any one field misread, they would.
"""

from pathlib import Path
from typing import Any

import pytest
from parity.checkpoints import (
    FAMILIES,
    VARIANTS,
    checkpoint,
    config_of,
    family_variants,
    with_config,
)
from parity.mutation_exceptions import MATTERS, REFUSED, UNCOMPARED, WITHOUT_EFFECT
from parity.mutation_tables import MUTATIONS, OLD
from parity.mutations import fields_read, reference_logits, styles, touched
from parity.old_style import old_style
from parity.ours import LOGITS, compute, difference
from parity.reference import inputs, outputs
from torch import Tensor

from tfcli.api import load_model
from tfcli.errors import CheckpointError

CASES = [(name, path) for name, mutations in MUTATIONS.items() for path in mutations]
SEEN = 3 * LOGITS


def without_effect(name: str, path: str) -> bool:
    if name in MATTERS.get(path, ()):
        return False
    path = plain(path.removeprefix(OLD))
    return path in WITHOUT_EFFECT[""] or path in WITHOUT_EFFECT.get(VARIANTS[name].family, {})


def listed(table: Any, name: str, path: str) -> bool:
    return (name, path) in table or ("", plain(path.removeprefix(OLD))) in table


def reference(name: str, path: str, config: dict[str, Any]) -> Tensor | None:
    """transformers' numbers, where there are any and they are the measure."""
    return None if listed(UNCOMPARED, name, path) else reference_logits(name, config)


def run(folder: Path, name: str) -> Tensor | None:
    """Our numbers, or None where the checkpoint is refused."""
    try:
        model = load_model(folder, device="cpu")
    except CheckpointError:
        return None
    return compute(model, inputs(VARIANTS[name]))


@pytest.mark.parametrize(("name", "path"), CASES)
def test_a_changed_field_is_heeded(name: str, path: str, tmp_path: Path) -> None:
    original, seen = outputs(name).logits, False
    for i, (_, config) in enumerate(styles(name, path, MUTATIONS[name][path])):
        found = run(with_config(checkpoint(name), config, tmp_path / str(i)), name)
        expected = reference(name, path, config)
        if found is None:
            known = listed(REFUSED, name, path)
            assert expected is None or known, "transformers computes with this"
            seen = True
        elif expected is not None:
            assert difference(found, expected) < LOGITS
            seen |= difference(found, original) > SEEN
        elif not without_effect(name, path):
            assert difference(found, original) > SEEN
            seen = True
    assert seen or without_effect(name, path)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_field_is_read_that_is_not_tested(family: str) -> None:
    configs = [config_of(checkpoint(name)) for name in family_variants(family)]
    if family != "chatglm":
        configs += [old_style(config) for config in configs]
    read = {plain(path) for path in fields_read(family, configs)}
    assert read - covered(family) == set()


def covered(family: str) -> set[str]:
    """The fields with a mutation, or with a reason for none.

    One function reads every family's rotation, so what is tested of it in Llama is tested.
    """
    found = {*WITHOUT_EFFECT[""], *WITHOUT_EFFECT.get(family, {})}
    for name in family_variants(family):
        for path, value in MUTATIONS.get(name, {}).items():
            for before, after in styles(name, path, value):
                found |= {plain(field) for field in touched(before, after)}
    if family == "gemma3":
        found |= covered("gemma3_text")
    if family != "llama":
        found |= {field for field in covered("llama") if field.startswith("rope_")}
    return found


def plain(path: str) -> str:
    """A path without the sections that hold the same fields for a part of the model."""
    parts = path.split(".")
    sections = ("text_config", "full_attention", "sliding_attention")
    return ".".join(part for part in parts if part not in sections) or path


def test_the_tables_speak_of_what_there_is() -> None:
    assert set(MUTATIONS) <= set(VARIANTS)
    assert {VARIANTS[name].family for name in MUTATIONS} == set(FAMILIES)
    assert set(WITHOUT_EFFECT) <= {"", *FAMILIES}
    assert {name for name, _ in REFUSED} <= {"", *VARIANTS}


@pytest.mark.parametrize(("name", "path"), [case for case in CASES if without_effect(*case)])
def test_what_is_said_to_have_no_effect_has_none(name: str, path: str) -> None:
    for _, config in styles(name, path, MUTATIONS[name][path]):
        expected = reference(name, path, config)
        if expected is not None:
            assert difference(expected, outputs(name).logits) < LOGITS
