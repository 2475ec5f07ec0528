"""A text ends at a stop string wherever tokens part, a row at eos, all at the context's end."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import tiny_model

from tfcli.api import load_model
from tfcli.checkpoint.write import write_checkpoint
from tfcli.generate import engine
from tfcli.generate.config import SamplingConfig

TOKENIZER = load_tokenizer(default_tokenizer_path())
GREEDY = SamplingConfig(temperature=0.0)
LETTERS = st.text(alphabet="ab猫é", max_size=30)


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
    ids = torch.arange(longest - 3)[None]
    found = engine.generate_ids(model, ids, max_new_tokens=50, sampling=GREEDY, seed=0)
    assert found.shape == (1, longest)


def test_without_a_seed_the_callers_random_numbers_stay(tmp_path) -> None:
    write_checkpoint(tmp_path / "model", tiny_model("qwen3"), None, {})
    model = load_model(tmp_path / "model", device="cpu")
    before = torch.get_rng_state()
    drawn = [model.generate([1, 2], max_new_tokens=20, temperature=2.0) for _ in range(2)]
    assert drawn[0] != drawn[1]
    assert torch.equal(torch.get_rng_state(), before)


def test_eos_ids_can_be_named(tmp_path) -> None:
    write_checkpoint(tmp_path / "model", tiny_model("qwen3"), None, {})
    model = load_model(tmp_path / "model", device="cpu")
    free = model.generate([1, 2], max_new_tokens=9, eos_ids=())
    assert isinstance(free, list)
    assert model.generate([1, 2], max_new_tokens=9, eos_ids=[int(free[2])]) == free[:3]
