"""Every family of the core, and every switch that one has, explained: the sums hold.

float32 within 1e-5 of the size of what is summed, float64 within 1e-12.
"""

import pytest
import torch
from family_configs import NAMES, config_of
from tiny import redraw

from tfcli.explain.explanation import explain
from tfcli.explain.request import SCREEN, Request
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

IDS = [7, 11, 3, 19, 11, 3, 5, 23, 2, 7, 11, 13]
TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}


def model_of(name: str, dtype: torch.dtype) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(config_of(name))
    redraw(model)
    return model.to(dtype).eval()


def written(config: ModelConfig) -> dict[str, list[int]]:
    return {} if config.encoder is None else {"decoder_ids": [3, 9, 4, 9]}


@pytest.mark.parametrize("dtype", TOLERANCES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_the_audit_passes_on_every_family(name, dtype):
    model = model_of(name, dtype)
    found = explain(model, IDS, Request(), **written(model.config))
    assert found.audit is not None and found.audit.passed
    assert all(check.tolerance <= TOLERANCES[dtype] for check in found.audit.checks)
    checks = {check.name for check in found.audit.checks}
    expected = {"rows", "ΔE", "residual", "SDPA"}
    expected |= {"lens"} if model.head is not None else set()
    expected |= {"logit"} if "credit" not in found.omitted else set()
    assert checks == expected
    assert set(found.omitted) <= {"lens", "credit", "next"}
    assert all(getattr(found, section) is not None for section in set(SCREEN) - set(found.omitted))
