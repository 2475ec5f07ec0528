"""The tuned lens: the logit lens at first, nearer to the end once fitted, safe as a file."""

import dataclasses
import math
import shutil

import pytest
import torch
from explain_shapes import SHAPES, build, run
from safetensors.torch import load_file, save_file
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer

from tfcli.errors import CheckpointError, DataError, NotFoundError, TrainingError, UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.lens.corpus import read_stretches
from tfcli.explain.lens.file import default_path, fingerprint, read_lens, write_lens
from tfcli.explain.lens.logit import lens_logits
from tfcli.explain.lens.translators import TunedLens
from tfcli.explain.lens.tuned import distances, fit
from tfcli.explain.precision import logits_at, relative_error
from tfcli.explain.request import Request
from tfcli.explain.result import LensFit

DECODERS = [shape for shape, fields in SHAPES.items() if "architecture" not in fields]
FIT = LensFit("text", 3, 60, 20, "lens", ())


def texts(count, length=12, seed=0):
    """Random token ids [count, length]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 61, (count, length), generator=generator)


def drawn(model, seed=0):
    """A lens with random translators."""
    generator = torch.Generator().manual_seed(seed)
    L, D = model.config.num_layers, model.config.hidden_size
    return TunedLens(
        torch.randn(L, D, D, generator=generator), torch.randn(L, D, generator=generator), "text", 3
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", DECODERS)
def test_without_translators_it_is_the_logit_lens(shape, dtype, ids):
    model = build(shape, dtype)
    plain = explain(model, ids, Request(sections=("lens",))).lens
    zero = explain(model, ids, Request(sections=("lens",)), tuned=TunedLens.zeros(model)).lens
    assert plain is not None and zero is not None
    assert zero.rows == plain.rows
    assert (zero.fitted_on, plain.fitted_on) == ("", None)


@pytest.mark.parametrize("shape", DECODERS)
def test_it_is_the_papers_formula_and_exact_behind_the_last_layer(shape, ids):
    model = build(shape, torch.float64)
    lens, trace = drawn(model), run(model, ids)
    with torch.inference_mode():
        found = lens_logits(model, trace, 4, lens)
        assert relative_error(found[-1], logits_at(trace, 4)) < 1e-12
        stream = [trace.layers[0].residual_in, *(x.residual_out for x in trace.layers)]
        for layer, x in enumerate(stream[:-1]):
            A, b = lens.matrices[layer].double(), lens.vectors[layer].double()
            moved = x[0, 4] + A @ x[0, 4] + b
            expected = model.logits(moved if model.final_norm is None else model.final_norm(moved))
            assert relative_error(found[layer], expected) < 1e-12
        # the test can fail: the translators change every other row
        plain = lens_logits(model, trace, 4)
    assert all(relative_error(a, b) > 1e-3 for a, b in zip(found[:-1], plain[:-1], strict=True))


@pytest.mark.parametrize("shape", DECODERS)
def test_fitting_brings_held_out_text_nearer_and_leaves_the_model_alone(shape):
    model = build(shape)
    before = {name: p.clone() for name, p in model.named_parameters()}
    said = []
    lens = fit(model, texts(40), 25, 0, lambda done, kl: said.append((done, kl)))
    rows = distances(model, lens, texts(8, seed=1))
    assert [row.layer for row in rows] == [None, 0, 1]
    for row in rows:
        assert 0 < row.tuned_kl < 0.9 * row.logit_kl
    assert [done for done, _ in said] == list(range(1, 26))
    assert said[-1][1] < 0.9 * said[0][1]
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) and parameter.grad is None
        assert parameter.requires_grad


def test_distances_are_those_of_the_lens_section():
    model = build("gpt2")
    lens, held_out = drawn(model), texts(2, length=5)
    rows = distances(model, lens, held_out)
    for name, tuned in (("logit_kl", None), ("tuned_kl", lens)):
        request = [Request(sections=("lens",), position=i) for i in range(5)]
        found = [explain(model, t, r, tuned=tuned).lens for t in held_out.tolist() for r in request]
        for layer, row in enumerate(rows):
            mean = sum(one.rows[layer].kl for one in found if one is not None) / len(found)
            assert getattr(row, name) == pytest.approx(mean, rel=1e-4)


def test_the_same_seed_gives_the_same_lens_and_another_one_another():
    model = build("qwen3")
    one, same, other = (fit(model, texts(30), 3, seed) for seed in (1, 1, 2))
    assert torch.equal(one.matrices, same.matrices) and torch.equal(one.vectors, same.vectors)
    assert not torch.equal(one.matrices, other.matrices)


def test_a_model_in_bfloat16():
    model = build("qwen3", torch.bfloat16)
    lens = fit(model, texts(40), 25, 0)
    assert lens.matrices.dtype == torch.float32
    for row in distances(model, lens, texts(8, seed=1)):
        assert row.tuned_kl < 0.9 * row.logit_kl


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in DECODERS])
def test_only_decoders(shape):
    with pytest.raises(UsageError, match="decoders"):
        fit(build(shape), texts(4), 1, 0)


def test_a_model_without_numbers():
    model = build("gpt2")
    with torch.no_grad():
        model.blocks[0].feed_forward.down.weight.fill_(math.nan)
    with pytest.raises(TrainingError, match="not a number"):
        fit(model, texts(4), 1, 0)
    assert all(p.requires_grad for p in model.parameters())


@pytest.fixture
def saved(tmp_path):
    """A model, its lens, and the lens's file."""
    model = build("qwen3")
    lens = drawn(model)
    write_lens(tmp_path / "lens.safetensors", model, lens, FIT)
    return model, lens, tmp_path / "lens.safetensors"


def test_a_file_gives_back_what_was_written(saved, ids):
    model, lens, path = saved
    found = read_lens(path, model)
    assert torch.equal(found.matrices, lens.matrices) and torch.equal(found.vectors, lens.vectors)
    assert (found.corpus, found.steps) == ("text", 3)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    for dtype in (torch.bfloat16, torch.float64):  # the same weights in another format
        assert torch.equal(read_lens(path, build("qwen3", dtype)).matrices, lens.matrices)
    read = explain(model, ids, Request(sections=("lens",)), tuned=found).lens
    assert read == explain(model, ids, Request(sections=("lens",)), tuned=lens).lens


def test_the_lens_of_another_model(saved):
    model, _, path = saved
    others = [build("qwen3-untied"), build("qwen3", num_layers=2), build("qwen3", hidden_size=48)]
    trained = build("qwen3")
    with torch.no_grad():
        trained.blocks[1].attention.q.weight.mul_(1.05)
    for other in (*others, trained):
        assert fingerprint(other) != fingerprint(model)
        with pytest.raises(CheckpointError, match="another model"):
            read_lens(path, other)


def test_damaged_and_hostile_files(saved):
    model, _, path = saved
    whole = path.read_bytes()
    for size in (0, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError):
            read_lens(path, model)
    for content in (b"\xff" * 64, b"PK\x03\x04" + whole, whole + b"\0", b"\x80\x04K\x01."):
        path.write_bytes(content)
        with pytest.raises(CheckpointError):
            read_lens(path, model)
    path.unlink()
    with pytest.raises(NotFoundError, match="no tuned lens"):
        read_lens(path, model)
    path.mkdir()
    with pytest.raises(NotFoundError):
        read_lens(path, model)


def test_files_that_are_whole_but_no_lens_of_this_model(saved):
    from safetensors import safe_open

    model, _, path = saved
    tensors = load_file(path)
    with safe_open(path, framework="pt") as handle:
        words = handle.metadata()
    nan = tensors["matrices"].clone()
    nan[0, 0, 0] = math.nan
    changes = [
        ({"matrices": tensors["matrices"]}, words),
        (tensors | {"matrices": tensors["matrices"][:, :, 1:].contiguous()}, words),
        (tensors | {"vectors": tensors["vectors"].double()}, words),
        (tensors | {"vectors": torch.zeros(0)}, words),
        (tensors | {"matrices": nan}, words),
        (tensors, None),
        (tensors, words | {"format": "tfcli.tuned-lens/2"}),
        (tensors, words | {"model": "0" * 64}),
    ]
    for held, metadata in changes:
        save_file(held, path, metadata=metadata)
        with pytest.raises(CheckpointError):
            read_lens(path, model)
    save_file(tensors, path, metadata=words | {"steps": "9" * 5000, "corpus": "x" * 5000})
    found = read_lens(path, model)
    assert found.steps == 0 and len(found.corpus) == 1000


def test_where_a_lens_lies(tmp_path):
    assert default_path(tmp_path) == tmp_path / "tuned-lens.safetensors"
    whole = tmp_path / "demo.gguf"
    whole.touch()
    assert default_path(whole) == tmp_path / "demo.tuned-lens.safetensors"


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(default_tokenizer_path())


def test_stretches_of_a_file(tokenizer, tmp_path):
    lines = [f"The cat number {i} sat on the mat and looked at dog {i * i}." for i in range(400)]
    (tmp_path / "text.txt").write_text("\n".join(lines))
    found = read_stretches(str(tmp_path), tokenizer, 64, 50)
    assert found.fitted.shape[1] == found.held_out.shape[1] == 64
    ids = tokenizer.encode("\n".join(lines))
    assert found.fitted.flatten()[:500].tolist() == ids[:500]
    assert 0.05 < found.held_out.numel() / found.fitted.numel() < 0.12
    # what is measured on stands behind what is fitted on
    behind = len(ids) + 1 - found.held_out.numel() - 64
    assert found.held_out[0].tolist() in [ids[i : i + 64] for i in range(behind, len(ids))]
    few = read_stretches(str(tmp_path), tokenizer, 64, 1)
    assert len(few.fitted) <= 34 and torch.equal(few.fitted[:4], found.fitted[:4])


def test_a_stretch_begins_as_a_text_does(tokenizer, tmp_path):
    class WithBeginning:
        eos_id = None

        def encode(self, text, add_special_tokens=False):
            return [1] * add_special_tokens + tokenizer.encode(text)

    (tmp_path / "text.txt").write_text("The cat sat on the mat. " * 100)
    found = read_stretches(str(tmp_path / "text.txt"), WithBeginning(), 32, 50)
    assert (found.fitted[:, 0] == 1).all() and (found.held_out[:, 0] == 1).all()


@pytest.mark.parametrize("text", ["", "The cat.", "The cat sat on the mat. " * 5])
def test_too_little_text(tokenizer, tmp_path, text):
    (tmp_path / "text.txt").write_text(text)
    with pytest.raises(DataError, match=r"text\.txt"):
        read_stretches(str(tmp_path / "text.txt"), tokenizer, 64, 50)


def test_a_full_disk_leaves_the_old_lens(saved, monkeypatch):
    from tfcli.errors import StorageError

    model, lens, path = saved
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfcli.explain.lens.file.sync", full)
    other = dataclasses.replace(lens, corpus="another")
    with pytest.raises(StorageError, match="disk is full"):
        write_lens(path, model, other, FIT)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    shutil.rmtree(path.parent)
