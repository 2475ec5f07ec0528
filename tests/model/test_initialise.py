"""Where training starts from: how attention begins, and the same seed giving the same weights."""

import pytest
import torch

from tfcli.model.attention import Attention
from tfcli.model.block import Block
from tfcli.model.initialise import initialise
from tfcli.model.transformer import Transformer
from tfcli.train.config import TrainConfig


def started(seed: int = 0, **choices) -> Transformer:
    config = TrainConfig(size="nano", layers=2, heads=4, hidden_size=64, **choices)
    model = Transformer(config.model_config(500))
    initialise(model, seed)
    return model.requires_grad_(False)


def attentions(model: Transformer) -> list[Attention]:
    return [module for module in model.modules() if isinstance(module, Attention)]


@pytest.mark.parametrize(
    "choices", [{}, {"kv_heads": 2}, {"kv_heads": 1}, {"architecture": "gpt2"}]
)
def test_every_head_writes_what_it_reads_and_looks_for_its_like(choices) -> None:
    for attention in attentions(started(**choices)):
        config, width = attention.config, attention.config.head_dim
        likeness: list[float] = []
        for head in range(config.num_heads):
            group = head * config.num_kv_heads // config.num_heads
            own = slice(head * width, (head + 1) * width)
            read = slice(group * width, (group + 1) * width)
            written = attention.o.weight[:, own] @ attention.v.weight[read]
            eigenvalues = torch.linalg.eigvalsh(written.double())
            torch.testing.assert_close(written, written.T)
            assert eigenvalues.min() > -1e-5
            assert float(eigenvalues.sum()) == pytest.approx(width / 2, rel=0.2)
            score = attention.q.weight[own].T @ attention.k.weight[read]
            likeness.append(float(score.trace()) / width)
        # 0.7 where a head has its keys to itself, 0.7/√n where n heads share them
        mean = 0.7 * (config.num_kv_heads / config.num_heads) ** 0.5
        assert sum(likeness) / len(likeness) == pytest.approx(mean, abs=0.1)
        norms = attention.k.weight.norm() / attention.q.weight.norm()
        shared = config.num_heads / config.num_kv_heads
        assert float(norms) * shared**0.5 == pytest.approx(1, abs=0.06)


def test_feed_forward_modules_write_nothing_and_tokens_share_a_vector() -> None:
    model = started()
    for block in model.modules():
        if isinstance(block, Block):
            assert not block.feed_forward.down.weight.any()
    table = model.embedding.weight
    shared, own = table.mean(0), (table - table.mean(0)).std()
    assert float(shared.std()) == pytest.approx(0.02, rel=0.3)
    assert float(own) == pytest.approx(0.02, rel=0.03)


def test_beside_an_encoder_attention_writes_nothing() -> None:
    model = started(architecture="transformer-2017")
    assert len(attentions(model)) == 6
    assert not any(attention.o.weight.any() for attention in attentions(model))
    assert float(model.embedding.weight.mean(0).std()) < 0.002


@pytest.mark.parametrize("architecture", ["qwen3", "gpt2", "transformer-2017"])
def test_a_seed_means_the_same_weights(architecture: str) -> None:
    one, same, other = (started(seed, architecture=architecture) for seed in (5, 5, 6))
    pairs = list(zip(one.parameters(), same.parameters(), strict=True))
    assert all(torch.equal(first, second) for first, second in pairs)
    assert not torch.equal(one.embedding.weight, other.embedding.weight)
