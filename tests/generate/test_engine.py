"""Cached decoding is the whole pass; a text ends at a stop string wherever tokens part, a row at
eos, all at the context's end; a row of a batch is what it would be alone."""

import dataclasses
from collections.abc import Sequence

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import CONFIGS, redraw, tiny_model

from tfcli.errors import UsageError
from tfcli.generate import engine
from tfcli.generate.config import SamplingConfig
from tfcli.model.transformer import Transformer

TOKENIZER = load_tokenizer(default_tokenizer_path())
GREEDY = SamplingConfig(temperature=0.0)
HOT = SamplingConfig(temperature=2.0, repetition_penalty=1.5)
LETTERS = st.text(alphabet="ab猫é", max_size=30)
FAMILIES = sorted(CONFIGS)


def play(
    ids: Sequence[int], stop: Sequence[str], eos_ids: Sequence[int] = ()
) -> list[engine.Piece]:
    """What the engine makes of a model that says just these ids."""
    model = tiny_model("gpt2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "decode", lambda *_, **__: (torch.tensor([i]) for i in ids))
        return list(
            engine.stream_text(
                model,
                TOKENIZER,
                torch.tensor([[1]]),
                max_new_tokens=50,
                sampling=GREEDY,
                seed=0,
                eos_ids=eos_ids,
                stop=stop,
            )
        )


@settings(max_examples=60, deadline=None)
@given(LETTERS, st.lists(st.text(alphabet="ab猫é", min_size=1, max_size=4), max_size=3))
@example("aab", ["ab"])
@example("猫猫b", ["猫b", "b"])
def test_the_text_ends_before_the_first_stop_string(text: str, stop: list[str]) -> None:
    ids = [TOKENIZER_BYTES[byte] for byte in text.encode()]
    pieces = play(ids, stop)
    ends = [text.find(s) for s in stop if s in text]
    shown = "".join(piece.text for piece in pieces)
    assert pieces[-1].finish == ("stop" if ends else "length")
    if not ends:
        assert shown == text
        return
    # A string is seen as soon as it is whole, so the one that ends first decides.
    first = min(text.find(s) + len(s) for s in stop if s in text)
    assert shown == text[: min(text[:first].find(s) for s in stop if s in text[:first])]


TOKENIZER_BYTES = {
    byte: next(i for i in range(TOKENIZER.vocab_size) if TOKENIZER.piece(i) == f"<0x{byte:02X}>")
    for byte in {*"ab猫é".encode()}
}


def test_an_unfinished_character_is_held_back_and_flushed_at_the_end() -> None:
    first, second, third = (TOKENIZER_BYTES[b] for b in "猫".encode())
    assert [p.text for p in play([first, second, third], [])] == ["", "", "猫", ""]
    assert [p.text for p in play([first, second], [])] == ["", "", "\ufffd"]


def test_eos_ends_and_is_not_shown() -> None:
    a, b = TOKENIZER_BYTES[ord("a")], TOKENIZER_BYTES[ord("b")]
    pieces = play([a, TOKENIZER.eos_id or 1, b], [], [TOKENIZER.eos_id or 1])
    assert "".join(p.text for p in pieces) == "a"
    assert pieces[-1].finish == "eos"


def test_samples_end_each_in_its_own_way_and_the_others_go_on() -> None:
    a, b = TOKENIZER_BYTES[ord("a")], TOKENIZER_BYTES[ord("b")]
    eos = TOKENIZER.eos_id or 1
    steps = [[a, b, a], [b, eos, a], [a, a, a], [b, b, b]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "decode", lambda *_, **__: map(torch.tensor, steps))
        pieces = list(
            engine.stream_samples(
                tiny_model("gpt2"),
                TOKENIZER,
                torch.tensor([[1]]),
                max_new_tokens=4,
                sampling=GREEDY,
                seeds=[0, 1, 2],
                eos_ids=[eos],
                stop=["ba"],
            )
        )
    texts = ["".join(p.text for p in pieces if p.sample == sample) for sample in range(3)]
    ends = {p.sample: p.finish for p in pieces if p.finish}
    assert (texts, ends) == (["a", "b", "aaab"], {0: "stop", 1: "eos", 2: "length"})


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_greedy_decoding_is_the_argmax_of_the_whole_pass(family: str) -> None:
    """Also beyond the cache's first room, which is 256 tokens."""
    model = Transformer(dataclasses.replace(CONFIGS[family], max_position_embeddings=700))
    redraw(model)
    model.eval()
    ids = torch.arange(5)[None]
    found = engine.generate_ids(model, ids, max_new_tokens=600, sampling=GREEDY, seed=0)
    assert found.shape == (1, 605)
    logits = model(found[:, :-1])[0, 4:]
    best = logits.topk(2).values
    clear = best[:, 0] - best[:, 1] > 1e-4  # else rounding decides
    assert clear.float().mean() > 0.9
    assert torch.equal(logits.argmax(-1)[clear], found[0, 5:][clear])


@pytest.mark.parametrize("sampling", [GREEDY, HOT], ids=["greedy", "drawn"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_is_its_rows(family: str, sampling: SamplingConfig) -> None:
    """Whole, padded on the left and padded on the right."""
    model = tiny_model(family)
    rows = [torch.arange(10), torch.arange(5) + 20, torch.arange(7) + 100]
    ids, mask = torch.zeros(3, 10, dtype=torch.long), torch.zeros(3, 10, dtype=torch.long)
    for i, at in enumerate((slice(0, 10), slice(5, 10), slice(0, 7))):
        ids[i, at], mask[i, at] = rows[i], 1
    options = {"max_new_tokens": 8, "sampling": sampling}
    batch = engine.generate_ids(model, ids, attention_mask=mask, seed=40, **options)
    assert torch.equal(batch[:, :10], ids)
    for i, row in enumerate(rows):
        alone = engine.generate_ids(model, row[None], seed=40 + i, **options)
        assert torch.equal(batch[i, 10:], alone[0, len(row) :]), i


def test_a_seed_repeats_itself_and_another_differs() -> None:
    model, ids = tiny_model("qwen3"), torch.arange(5)[None]
    first, again, other = (
        engine.generate_ids(model, ids, max_new_tokens=20, sampling=HOT, seed=s) for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_an_ended_row_is_filled_with_eos_and_the_others_go_on() -> None:
    model = tiny_model("qwen3")
    ids = torch.stack((torch.arange(6), torch.arange(6) + 100))
    options = {"max_new_tokens": 12, "sampling": GREEDY, "seed": 0}
    free = engine.generate_ids(model, ids, **options)
    new = free[:, 6:].tolist()
    eos = next(token for token in new[0] if token not in new[1])
    at = new[0].index(eos)
    stopped = engine.generate_ids(model, ids, eos_ids=[eos], **options)
    assert stopped[0, 6:].tolist() == new[0][: at + 1] + [eos] * (11 - at)
    assert torch.equal(stopped[1], free[1])


def test_generation_ends_where_the_context_does() -> None:
    model = tiny_model("gpt2")
    longest = model.config.max_position_embeddings
    options = {"max_new_tokens": 50, "sampling": GREEDY, "seed": 0}
    found = engine.generate_ids(model, torch.arange(longest - 3)[None], **options)
    assert found.shape == (1, longest)
    with pytest.raises(UsageError, match="has 64 tokens, and this model's context is 64"):
        engine.generate_ids(model, torch.arange(longest)[None], **options)
