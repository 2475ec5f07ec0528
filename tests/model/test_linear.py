"""The way for a few rows gives what the plain product gives, and is taken where it is meant."""

import pytest
import torch
import torch.nn.functional as F

from tfcli.model import linear
from tfcli.model.linear import Linear


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("out", [512, 510, 509])
@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 8), (2, 4), (7,), (3, 3), ()])
def test_few_rows_give_the_plain_product(threads, shape: tuple, out: int, bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    layer = Linear(192, out, bias=bias)
    x = torch.randn(*shape, 192, generator=generator)
    expected = F.linear(x, layer.weight, layer.bias)
    for count in (1, 2, 3):
        threads(count)
        with torch.no_grad():
            found = layer(x)
        assert found.shape == expected.shape
        torch.testing.assert_close(found, expected)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16


def test_it_is_taken_for_few_rows_without_gradients_only(
    threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads(2)
    calls = []
    product = torch.bmm
    monkeypatch.setattr(torch, "bmm", lambda *a: calls.append(1) or product(*a))
    layer, small = Linear(192, 512), Linear(16, 16)
    with torch.no_grad():
        layer(torch.ones(1, 192))
        assert len(calls) == 1
        layer(torch.ones(linear._FEW_ROWS + 1, 192))
        small(torch.ones(1, 16))
        layer.double()(torch.ones(1, 192).double())
    layer.float()(torch.ones(1, 192)).sum().backward()
    assert len(calls) == 1
    assert layer.weight.grad is not None


def test_blocks_are_equal_and_no_more_than_the_threads() -> None:
    assert [linear._parts(512, n) for n in (1, 2, 3, 12, 16)] == [1, 2, 2, 8, 16]
    assert linear._parts(509, 8) == 1
