"""Properties that any decoder of the core must have."""

import pytest
import torch
from tiny import CONFIGS, tiny_model

from tfcli.errors import UsageError
from tfcli.model.cache import KVCache
from tfcli.model.config import ModelConfig

FAMILIES = sorted(CONFIGS)


def random_ids(rows: int, length: int) -> torch.Tensor:
    return torch.randint(0, 256, (rows, length), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_cached_logits_are_those_of_the_whole_pass(family: str) -> None:
    model, ids = tiny_model(family), random_ids(2, 20)
    cache = KVCache.allocate(model.config, 2, 20, model.device, model.dtype)
    spans = ((0, 7), (7, 8), (8, 13), (13, 20))
    parts = [model.logits(model.hidden(ids[:, a:b], cache=cache)) for a, b in spans]
    torch.testing.assert_close(torch.cat(parts, 1), model(ids), atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_left_padding_changes_nothing(family: str) -> None:
    model, ids = tiny_model(family), random_ids(1, 12)
    padded = torch.cat((torch.zeros(1, 5, dtype=torch.long), ids), 1)
    mask = torch.tensor([[0] * 5 + [1] * 12])
    found = model(padded, mask)[:, 5:]
    torch.testing.assert_close(found, model(ids), atol=2e-5, rtol=1e-5)
    assert torch.isfinite(model(padded, mask)).all()


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_a_later_token_does_not_change_earlier_logits(family: str) -> None:
    model, ids = tiny_model(family), random_ids(1, 12)
    other = ids.clone()
    other[0, 8] = (other[0, 8] + 1) % 256
    before, after = model(ids), model(other)
    assert torch.equal(before[:, :8], after[:, :8])
    assert not torch.allclose(before[:, 8:], after[:, 8:])


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_a_trace_is_the_forward_pass(family: str) -> None:
    model, ids = tiny_model(family), random_ids(2, 10)
    trace = model.trace(ids)
    torch.testing.assert_close(trace.logits, model(ids), atol=1e-6, rtol=1e-6)
    layer = trace.layers[1].attention
    assert layer.q.shape == layer.k.shape == layer.v.shape
    mixed = layer.weights @ layer.v
    torch.testing.assert_close(mixed, layer.mixed, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(layer.rows([2], [-1]), layer.weights[:, 2:3, -1:])
    torch.testing.assert_close(layer.weights.sum(-1), torch.ones(2, 4, 10))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_trace_computes_the_logits_that_are_asked_for(family: str) -> None:
    model, ids = tiny_model(family), random_ids(2, 10)
    rows: list[int] = []
    head = model.head
    assert head is not None
    head.register_forward_hook(lambda _, read, __: rows.append(read[0].shape[1]))
    with torch.inference_mode():
        trace = model.trace(ids)
        assert rows == []
        torch.testing.assert_close(trace.logits_at(slice(3, 5)), model(ids)[:, 3:5])
    # outside that mode too, and all of them only once
    assert trace.logits is trace.logits
    assert rows == [2, 10, 10]
    trained = model.trace(ids).logits
    assert trained is not None and trained.requires_grad


def test_a_shape_that_cannot_be_built_names_every_fault() -> None:
    good = CONFIGS["qwen3"].to_dict() | {"rope": CONFIGS["qwen3"].rope}
    with pytest.raises(UsageError) as error:
        ModelConfig(**{**good, "hidden_size": 0, "num_layers": -1})  # pyright: ignore[reportArgumentType]
    assert "hidden_size" in error.value.message
    assert "num_layers" in error.value.message
