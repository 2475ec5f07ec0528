"""`tfcli.load_model` and what it gives: one contract for lists, arrays and tensors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import tiny_model

import tfcli
from tfcli.checkpoint.write import write_checkpoint

IDS = [[1, 2, 3, 4, 5], [9, 8, 7, 6, 5]]


@pytest.fixture(scope="module", params=["qwen3", "gpt2"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("api") / "model"
    write_checkpoint(path, tiny_model(request.param), None, {"steps": 3})
    return tfcli.load_model(path, device="cpu")


def test_what_a_model_says_of_itself(model: Any) -> None:
    assert model.config.num_layers == 3
    assert model.tokenizer is None
    assert model.training == {"steps": 3}
    assert (model.device.type, model.dtype) == ("cpu", torch.float32)
    other = tfcli.load_model(str(model.path), "cpu", "float64")
    assert other([1, 2]).dtype == other.dtype == torch.float64
    assert tfcli.load_model(model.path, torch.device("cpu"), torch.bfloat16).dtype == torch.bfloat16


def test_ids_may_be_lists_arrays_and_tensors(model: Any) -> None:
    expected = model(torch.tensor(IDS))
    assert expected.shape == (2, 5, 256)
    assert torch.isfinite(expected).all()
    kinds = (IDS, tuple(map(tuple, IDS)), np.array(IDS), np.array(IDS, np.uint16))
    for ids in (*kinds, torch.tensor(IDS, dtype=torch.int32)):
        assert torch.equal(model(ids), expected)
    torch.testing.assert_close(model(IDS[0]), expected[:1])


def test_generate_gives_back_the_kind_that_it_was_given(model: Any) -> None:
    batch = model.generate(IDS, max_new_tokens=4, eos_ids=())
    assert [row[:5] for row in batch] == IDS
    assert [len(row) for row in batch] == [9, 9]
    assert model.generate(IDS[1], max_new_tokens=4, eos_ids=()) == batch[1]
    for make in (torch.tensor, np.array):
        whole = model.generate(make(IDS), max_new_tokens=4, eos_ids=())
        row = model.generate(make(IDS[1]), max_new_tokens=4, eos_ids=())
        assert type(whole) is type(row) is type(make(IDS))
        assert (whole.tolist(), row.tolist()) == (batch, batch[1])
    assert model.generate(IDS[0], max_new_tokens=0) == IDS[0]
    assert model.generate(IDS, max_new_tokens=4, eos_ids=[batch[0][6]])[0][:7] == batch[0][:7]


def test_padding_on_either_side_changes_nothing(model: Any) -> None:
    alone = model(IDS[1])
    for mask, real in (([1] * 5 + [0] * 2, slice(0, 5)), ([0] * 2 + [1] * 5, slice(2, 7))):
        ids = np.zeros((2, 7), np.int64)
        ids[0], ids[1, real] = 3, IDS[1]
        for kind in (list, np.array, torch.tensor):
            found = model(ids, kind([[1] * 7, mask]))
            torch.testing.assert_close(found[1:, real], alone, atol=2e-5, rtol=1e-5)
        trace = model.trace(ids, [[1] * 7, mask])
        torch.testing.assert_close(trace.logits, found)
        wrong = model(ids)[1:, real]
        assert real.start == 0 or (wrong - alone).abs().max() > 1e-2  # the mask is what does it
    assert torch.equal(model(IDS, [[1] * 5] * 2), model(IDS))


def test_a_trace_has_its_shapes_and_adds_up(model: Any) -> None:
    B, T, D, H, Dh = 2, 5, 48, 4, model.config.head_dim
    trace = model.trace(IDS)
    torch.testing.assert_close(trace.logits, model(IDS), atol=1e-6, rtol=1e-6)
    assert len(trace.layers) == 3
    before = trace.layers[0].residual_in
    for layer in trace.layers:
        torch.testing.assert_close(layer.residual_in, before)
        attention = layer.attention
        assert attention.q.shape == attention.k.shape == attention.v.shape == (B, H, T, Dh)
        assert attention.weights.shape == (B, H, T, T)
        assert attention.output.shape == layer.feed_forward.output.shape == (B, T, D)
        torch.testing.assert_close(attention.weights.sum(-1), torch.ones(B, H, T))
        before = layer.residual_in + attention.output + layer.feed_forward.output
        torch.testing.assert_close(layer.residual_out, before)
        before = layer.residual_out


def test_without_a_seed_the_callers_random_numbers_stay(model: Any) -> None:
    before = torch.get_rng_state()
    drawn = [model.generate([1, 2], max_new_tokens=20, temperature=2.0) for _ in range(2)]
    assert drawn[0] != drawn[1]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_tokenizer_comes_with_a_model_that_has_one(tmp_path: Path) -> None:
    import dataclasses

    from tiny import QWEN3, redraw

    from tfcli.model.transformer import Transformer

    tokenizer = load_tokenizer(default_tokenizer_path())
    small = Transformer(dataclasses.replace(QWEN3, vocab_size=tokenizer.vocab_size))
    redraw(small)
    write_checkpoint(tmp_path / "model", small, tokenizer, {})
    loaded = tfcli.load_model(tmp_path / "model", device="cpu")
    assert loaded.tokenizer is not None
    assert loaded.eos_ids == (tokenizer.eos_id,)
    ids = loaded.tokenizer.encode("The cat")
    assert loaded.tokenizer.decode(loaded.generate(ids, max_new_tokens=3)).startswith("The cat")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([],), "empty"),
        (([[]],), "empty"),
        ((5,), "0 dimensions"),
        (([[[1]]],), "3 dimensions"),
        (("The cat",), "encode"),
        (([1.5],), "whole numbers"),
        (([[1, 2], [3]],), "rows of one length"),
        (([None],), "whole numbers"),
        (([10**30],), "whole numbers"),
        (([-1],), "-1 is outside the vocabulary"),
        (([256],), "from 0 to 255"),
        ((list(range(65)),), "65 tokens; this model's context is 64"),
        (([1, 2], [1]), "[1, 1], the ids [1, 2]"),
        (([1, 2], [1, 2]), "0 and 1"),
        (([1, 2], [0, 0]), "all 0"),
        (([1, 2], "11"), "not a text"),
    ],
)
def test_bad_ids_are_a_known_error(model: Any, arguments: tuple, said: str) -> None:
    for use in (
        model,
        model.trace,
        lambda ids, mask=None: model.generate(ids, attention_mask=mask),
    ):
        with pytest.raises(tfcli.TfcliError) as error:
            use(*arguments)
        assert said in error.value.message + (error.value.hint or "")
        assert error.value.exit_code == 2


@pytest.mark.parametrize(
    "options",
    [
        {"max_new_tokens": -1},
        {"max_new_tokens": 2.5},
        {"seed": -1},
        {"seed": 2**64},
        {"seed": "x"},
        {"temperature": -0.1},
        {"top_k": 0},
    ],
    ids=str,
)
def test_bad_numbers_are_a_known_error(model: Any, options: dict[str, Any]) -> None:
    with pytest.raises(tfcli.TfcliError) as error:
        model.generate([1, 2], **options)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"device": "abacus"}, 2),
        ({"device": "cuda:99"}, 2),
        ({"dtype": "int7"}, 2),
        ({"dtype": torch.int8}, 2),
        ({"source": "nowhere"}, 3),
    ],
    ids=str,
)
def test_what_cannot_be_loaded_is_a_known_error(model: Any, options: dict, code: int) -> None:
    with pytest.raises(tfcli.TfcliError) as error:
        tfcli.load_model(**{"source": model.path, "device": "cpu", **options})
    assert error.value.exit_code == code


def test_numbers_may_be_numpys(model: Any) -> None:
    plain = model.generate([1, 2], max_new_tokens=3, seed=1, temperature=1.0)
    numpys = model.generate([1, 2], max_new_tokens=np.int64(3), seed=np.int32(1), temperature=1.0)
    assert plain == numpys
    end = model.generate([1, 2], max_new_tokens=1, temperature=0)[-1]
    assert model.generate([1, 2], max_new_tokens=9, temperature=0, eos_ids=end) == [1, 2, end]
