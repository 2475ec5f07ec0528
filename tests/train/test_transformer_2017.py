"""The encoder-decoder of 2017: its shapes, its loss, its learning, and what transformers reads."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiny import CONFIGS, redraw
from transformers import AutoTokenizer, MarianMTModel

from tfcli.api import load_model
from tfcli.families import family_for
from tfcli.main import run
from tfcli.model.block import Block
from tfcli.model.config import ModelConfig
from tfcli.model.initialise import initialise
from tfcli.model.transformer import Transformer
from tfcli.train import objective
from tfcli.train.config import TrainConfig
from tfcli.train.examples import Cut, Examples, examples_for
from tfcli.train.objective import batch_loss
from tfcli.train.optimizer import split_parameters
from tfcli.train.trainer import Trainer


def configured(**choices) -> ModelConfig:
    vocab_size = choices.pop("vocab_size", 64)
    return TrainConfig(architecture="transformer-2017", **choices).model_config(vocab_size)


@pytest.mark.parametrize(
    ("size", "parameters", "paper"),
    [("base", 63_119_496, 65e6), ("big", 214_282_376, 213e6)],
)
def test_base_and_big_are_those_of_the_paper(size: str, parameters: int, paper: float) -> None:
    """Vaswani et al. 2017, table 3, with the 37,000 tokens of section 5.1."""
    config = configured(size=size, vocab_size=37_000)
    with torch.device("meta"):
        model = Transformer(config)
    assert model.num_parameters() == parameters
    assert parameters == pytest.approx(paper, rel=0.03)
    width, layers, inner = config.hidden_size, config.num_layers, config.intermediate_size
    assert (layers, config.num_heads) == (6, width // 64)
    assert inner == 4 * width
    attention, norm = 4 * width * (width + 1), 2 * width
    feed_forward = 2 * width * inner + inner + width
    encoder = layers * (attention + feed_forward + 2 * norm)
    decoder = layers * (2 * attention + feed_forward + 3 * norm)
    assert parameters == 37_000 * width + 37_000 + encoder + decoder  # one embedding, one bias


@pytest.mark.parametrize("size", ["nano", "base"])
def test_it_has_marians_form(size: str) -> None:
    config = configured(size=size)
    family = family_for(config)
    assert family.MODEL_TYPE == "marian"
    hf = family.write_config(config)
    assert hf["scale_embedding"] and hf["share_encoder_decoder_embeddings"]
    assert hf["activation_function"] == "relu"
    assert hf["encoder_layers"] == hf["decoder_layers"] == config.num_layers
    assert (config.norm_eps, config.position, config.post_norm) == (1e-5, "sinusoidal", True)


CAPPED = ModelConfig(
    vocab_size=256,
    hidden_size=24,
    num_layers=1,
    num_heads=2,
    num_kv_heads=1,
    head_dim=12,
    intermediate_size=40,
    max_position_embeddings=16,
    output_scale=0.5,
    head_bias=True,
    head_transform=True,
    logit_softcap=2.0,
    tie_embeddings=False,
)


@pytest.mark.parametrize("name", ["qwen3", "gpt2", "transformer-2017", "capped"])
def test_the_loss_is_that_of_the_models_own_logits(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so are the gradients of all parameters: bias, cap and scale of the head among them."""
    monkeypatch.setattr(objective, "CHUNK_ELEMENTS", 1000)  # a few rows a slice
    configs = {
        **CONFIGS,
        "transformer-2017": configured(layers=2, context=16, hidden_size=24, heads=2),
        "capped": CAPPED,
    }
    model = Transformer(configs[name])
    redraw(model)
    model.double()
    tokens = np.arange(300) * 7 % model.config.vocab_size
    batch = examples_for(model.config, tokens, 1).batch(0, 2, 0, Cut(pieces=2, read=5))
    if batch.encoder_ids is None:
        logits = model(batch.ids)
    else:
        logits = model(batch.encoder_ids, decoder_ids=batch.ids)
    plain = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten())
    loss = batch_loss(model, batch, None)
    torch.testing.assert_close(loss, plain)
    parameters = list(model.parameters())
    expected = torch.autograd.grad(plain, parameters)
    torch.testing.assert_close(
        torch.autograd.grad(loss, parameters), expected, atol=1e-12, rtol=1e-9
    )
    names = {name for name, _ in model.named_parameters()}
    assert ("head.bias" in names) == (name in ("transformer-2017", "capped"))
    assert all(g.abs().max() > 0 for g in expected)


def test_muon_has_the_matrices_of_both_sides_and_adamw_the_rest() -> None:
    model = Transformer(configured(layers=1, context=16))
    matrices, others = split_parameters(model)
    attention = {f"{w}.weight" for w in "qkvo"}
    inside = {f"attention.{w}" for w in attention} | {
        "feed_forward.up.weight",
        "feed_forward.down.weight",
    }
    crossing = {f"cross_attention.{w}" for w in attention}
    assert set(matrices) == {f"encoder.blocks.0.{w}" for w in inside} | {
        f"blocks.0.{w}" for w in inside | crossing
    }
    assert set(matrices) | set(others) == {name for name, _ in model.named_parameters()}
    assert {name for name, p in others.items() if p.dim() == 2} == {"embedding.weight"}


@pytest.mark.parametrize("rates", [{}, {"optimizer": "adamw", "learning_rate": 0.004}])
def test_one_batch_is_learnt_by_heart(rates, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of unrelated tokens: what the decoder writes first can only come from the encoder."""
    choices = TrainConfig(
        steps=60,
        size="nano",
        layers=2,
        context=16,
        hidden_size=64,
        batch_size=4,
        architecture="transformer-2017",
        **rates,
    )
    model = Transformer(choices.model_config(64))
    initialise(model, 0)
    tokens = torch.randint(2, 64, (100,), generator=torch.Generator().manual_seed(0)).numpy()
    examples = examples_for(model.config, tokens, 1)
    trainer = Trainer(model, examples, choices, None)
    same = examples.batch(0, 4, 0, Cut(pieces=2, read=4))
    monkeypatch.setattr(Examples, "batch", lambda *_: same)
    losses = [trainer.step(number, 1 - number / 60)[0] for number in range(60)]
    assert losses[0] == pytest.approx(np.log(64), abs=0.5)
    # eight rows of eight tokens: a decoder that did not listen could not get below ln(8) / 8
    assert losses[-1] < 0.2


RUN = ["--size", "nano", "--layers", "2", "--hidden-size", "32", "--heads", "2", "--context", "24"]
TRAIN = ["train", "corpus.txt", "--architecture", "transformer-2017", *RUN, "--batch-size", "8"]


def test_transformers_goes_on_as_a_run_does(corpus: Path, capsys: pytest.CaptureFixture) -> None:
    """The same ids, logits and greedy continuations, and so the samples while training."""
    budget = ["--steps", "40", "--threads", "1", "--sample", "the cat"]
    assert run([*TRAIN, *budget, "--run", "r", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "2 + 2 layers" in events[0]["description"]
    losses = [event["loss"] for event in events if event["event"] == "validated"]
    assert losses[-1] < losses[0]
    sample = [event["text"] for event in events if event["event"] == "sampled"][-1]

    ours = load_model("r/last", device="cpu")
    theirs, notes = MarianMTModel.from_pretrained("r/last", output_loading_info=True)
    assert not any(notes.values()), notes
    assert ours.model.head.bias.abs().max() > 0.01  # it was trained
    tokenizer = AutoTokenizer.from_pretrained("r/last")
    for prompt in ("the cat", "Line 3: the", "猫坐着", "mat"):
        ids = ours.tokenizer.encode(prompt)
        assert tokenizer.encode(prompt) == ids
        batch = torch.tensor([ids])
        written = ours.generate(batch, max_new_tokens=20)
        found = theirs.generate(batch, max_new_tokens=20, do_sample=False, num_beams=1)
        assert found.tolist() == written.tolist()
        with torch.inference_mode():
            logits = theirs(input_ids=batch, decoder_input_ids=written).logits
        assert (logits - ours(batch, decoder_ids=written)).abs().max() < 1e-4
    written = ours.generate(ours.tokenizer.encode("the cat"), max_new_tokens=32)
    assert sample == "the cat" + ours.tokenizer.decode(written[1:], skip_special_tokens=True)


def test_the_blocks_of_both_sides_are_compiled(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[Block] = []

    def compile(block: Block) -> None:
        compiled.append(block)

    monkeypatch.setattr(Block, "compile", compile)
    assert run([*TRAIN, "--steps", "1", "--compile", "--run", "r", "--threads", "1"]) == 0
    crossing = [block.cross_attention is not None for block in compiled]
    assert sorted(crossing) == [False, False, True, True]
