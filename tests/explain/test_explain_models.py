"""Two models on one prompt: each side is that model's own explanation, and equals differ by 0."""

import json
import math

import pytest
import torch
from explain_shapes import IDS, SHAPES, WRITTEN, build
from tiny import redraw

from tfcli.errors import UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.explain.result.documents import document, read_document
from tfcli.explain.several.models import compare_models
from tfcli.explain.several.reading import Opened
from tfcli.model.transformer import Transformer

WITH_HEAD = [shape for shape in SHAPES if shape != "vectors"]


def opener(model: Transformer, ids=IDS, **more):
    decoder = None if model.encoder is None else list(WRITTEN)
    more = {"tokenizer": None, "name": "m", "family": "f"} | more
    return lambda: Opened(model=model, ids=ids, decoder_ids=decoder, **more)


def other(shape: str, **sizes) -> Transformer:
    model = build(shape, torch.float64, **sizes)
    redraw(model, 1)
    return model


def explained(model: Transformer, **more):
    read = {} if model.encoder is None else {"decoder_ids": list(WRITTEN)}
    request = Request(sections=("next", "heads", "lens"), top_k=61, **more)
    return explain(model, IDS, request, **read)


@pytest.mark.parametrize("shape", WITH_HEAD)
def test_a_model_beside_itself_differs_by_nothing(shape: str) -> None:
    model = build(shape, torch.float64)
    found = compare_models(opener(model), opener(build(shape, torch.float64)), Request())
    assert found.first == found.second
    assert found.matched_by == "id"
    assert (found.distances.forward, found.distances.backward) == (0, 0)
    assert found.distances.jensen_shannon < 1e-15
    for row in found.candidates:
        assert (row.first_id, row.first_probability) == (row.second_id, row.second_probability)
    assert found.first_lens == found.second_lens
    assert found.heads and all(head.change == 0 for head in found.heads)
    assert found.modules and all(module.change == 0 for module in found.modules)
    assert sum(module.parameters for module in found.modules) == model.num_parameters()
    assert not found.omitted
    assert read_document(json.loads(json.dumps(document(found)))) == found


@pytest.mark.parametrize("shape", WITH_HEAD)
def test_each_side_is_that_models_own_explanation(shape: str) -> None:
    models = build(shape, torch.float64), other(shape)
    found = compare_models(*map(opener, models), Request(top_k=4))
    answer = explained(models[0]).next.candidates[0].id
    alone = [explained(model, answer=answer) for model in models]
    for side, one in zip((found.first, found.second), alone, strict=True):
        best = one.next.candidates[0]
        assert (side.top_id, side.top_probability) == (best.id, best.probability)
        assert side.entropy == pytest.approx(one.next.entropy, rel=1e-12)
        assert side.bits == one.tokens.bits
    tables = [{c.id: c for c in one.next.candidates} for one in alone]
    expected = {c.id for one in alone for c in one.next.candidates[:4]}
    assert {row.first_id for row in found.candidates} == expected
    for row in found.candidates:
        first, second = (table[row.first_id] for table in tables)
        assert (row.first_probability, row.first_rank) == (first.probability, first.rank)
        assert (row.second_probability, row.second_rank) == (second.probability, second.rank)
    for way, one in zip((found.first_lens, found.second_lens), alone, strict=True):
        assert [p.probability for p in way] == [r.answer_probability for r in one.lens.rows]
        assert [p.layer for p in way] == [r.layer for r in one.lens.rows]
        assert (way[0].depth, way[-1].depth) == (0, 1)
    grids = [(one.cross_heads or one.heads).values for one in alone]
    changes = []
    for rows in zip(*grids, strict=True):
        changes += [b - a for a, b in zip(*rows, strict=True)]
    largest = sorted(map(abs, changes), reverse=True)[:5]
    assert [abs(head.change) for head in found.heads] == largest
    for head in found.heads:
        assert head.first == grids[0][head.layer][head.head]
        assert head.change == head.second - head.first


def probabilities(model: Transformer) -> torch.Tensor:
    by_id = {c.id: c.probability for c in explained(model).next.candidates}
    return torch.tensor([by_id[token] for token in range(61)], dtype=torch.float64)


def test_distances_are_those_of_their_formulas() -> None:
    models = build("qwen3", torch.float64), other("qwen3")
    found = compare_models(*map(opener, models), Request())
    p, q = map(probabilities, models)

    def kl(a, b):
        return float((a * (a / b).log2()).sum())

    assert found.distances.forward == pytest.approx(kl(p, q), rel=1e-6)
    assert found.distances.backward == pytest.approx(kl(q, p), rel=1e-6)
    js = (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2
    assert found.distances.jensen_shannon == pytest.approx(js, rel=1e-6)
    swapped = compare_models(*map(opener, models[::-1]), Request())
    assert swapped.distances.forward == pytest.approx(found.distances.backward, rel=1e-12)
    assert swapped.distances.jensen_shannon == pytest.approx(js, rel=1e-6)


@pytest.mark.parametrize("shape", ["qwen3", "deepseek", "t5"])
def test_weights_move_where_they_were_moved(shape: str) -> None:
    model, moved = build(shape, torch.float64), build(shape, torch.float64)
    with torch.no_grad():
        moved.blocks[1].attention.o.weight.mul_(1.5)
    found = compare_models(opener(model), opener(moved), Request())
    changed = {m.name: m.change for m in found.modules if m.change}
    norms = [float(b.attention.o.weight.detach().norm()) for b in model.blocks]
    whole = math.sqrt(sum(n * n for n in norms))
    assert changed == {"attention.o": pytest.approx(0.5 * norms[1] / whole, rel=1e-12)}
    layers = {layer.name: layer.change for layer in found.layers}
    size = math.sqrt(sum(float(p.detach().square().sum()) for p in model.blocks[1].parameters()))
    assert layers.pop("L1") == pytest.approx(0.5 * norms[1] / size, rel=1e-12)
    assert not any(layers.values())
    assert ("E0" in layers) == (shape == "t5")


class Words:
    """A tokenizer of a few words, whose ids depend on their order."""

    bos_id = eos_id = mask_id = unk_id = None

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.vocab_size = len(words)
        self.fingerprint = "".join(words)
        self.special_tokens = {w: i for i, w in enumerate(words) if w.startswith("<")}

    def piece(self, token: int) -> str:
        return self.words[token]

    def token_bytes(self, token: int) -> bytes:
        return self.words[token].encode()


def permuted() -> tuple[Transformer, Transformer, Words, Words, list[int]]:
    """A model, and the same one with another order of its vocabulary."""
    model = build("qwen3-untied", torch.float64)
    words = ["<s>", *(f" w{i}" for i in range(1, 61))]
    order = torch.randperm(61, generator=torch.Generator().manual_seed(3))
    twin = build("qwen3-untied", torch.float64)
    with torch.no_grad():
        twin.embedding.weight.copy_(model.embedding.weight[order])
        twin.head.weight.copy_(model.head.weight[order])
    place = torch.argsort(order)
    names = [words[i] for i in order.tolist()]
    return model, twin, Words(words), Words(names), place[torch.tensor(IDS)].tolist()


def test_tokens_are_matched_by_their_text_where_ids_mean_others() -> None:
    model, twin, words, names, ids = permuted()
    sides = opener(model, tokenizer=words), opener(twin, ids, tokenizer=names)
    found = compare_models(*sides, Request())
    assert (found.matched_by, found.distances) == ("text", None)
    assert list(found.omitted) == ["distances"]
    assert found.first.labels == found.second.labels
    assert found.first.bits_per_byte == pytest.approx(found.second.bits_per_byte, rel=1e-12)
    assert len(found.candidates) == 5
    for row in found.candidates:
        assert names.words[row.second_id] == words.words[row.first_id]
        assert row.second_probability == pytest.approx(row.first_probability, rel=1e-12)
        assert row.second_rank == row.first_rank
    for one, two in zip(found.first_lens, found.second_lens, strict=True):
        assert two.probability == pytest.approx(one.probability, rel=1e-12)
    credit = compare_models(*sides, Request(measure="credit"))
    assert all(abs(head.change) < 1e-9 for head in credit.heads)


def test_a_token_that_only_one_has_stays_alone() -> None:
    model, twin, words, names, ids = permuted()
    best = explained(model).next.candidates[0].id
    names.words[names.words.index(words.words[best])] = " elsewhere"
    names.fingerprint = "other"
    sides = opener(model, tokenizer=words), opener(twin, ids, tokenizer=names)
    found = compare_models(*sides, Request(measure="credit"))
    alone = [row for row in found.candidates if None in (row.first_id, row.second_id)]
    rows = {row.label: row for row in alone}
    assert set(rows) == {f"␣{words.words[best].strip()}", "␣elsewhere"}
    ours = rows[f"␣{words.words[best].strip()}"]
    assert (ours.first_id, ours.second_probability, ours.second_rank) == (best, None, None)
    assert found.second_lens == () and found.heads == ()
    assert found.omitted["heads"] == found.omitted["lens"]


def test_what_cannot_be_compared_is_said() -> None:
    model, twin, words, names, ids = permuted()
    with pytest.raises(UsageError, match="--pos 2 is another place"):
        sides = opener(model, tokenizer=words), opener(twin, ids, tokenizer=names)
        compare_models(*sides, Request(position=2))
    with pytest.raises(UsageError, match="not both have a tokenizer"):
        compare_models(opener(model, tokenizer=words), opener(twin), Request())
    with pytest.raises(UsageError, match="not both have a tokenizer"):
        compare_models(opener(model), opener(build("qwen3", vocab_size=62)), Request())
    with pytest.raises(UsageError, match="no output matrix"):
        compare_models(opener(model), opener(build("vectors")), Request())
    found = compare_models(opener(model), opener(build("gpt2", num_layers=2)), Request())
    assert set(found.omitted) == {"heads", "weights"}
    assert (found.modules, found.layers, found.heads) == ((), (), ())
    assert [p.depth for p in found.second_lens] == [0, 0.5, 1]


def test_heads_without_a_score_are_left_out() -> None:
    start, end = build("qwen3", torch.float64), build("qwen3", torch.float64)
    with torch.no_grad():
        for block in start.blocks:
            block.attention.o.weight.zero_()
    found = compare_models(opener(start), opener(end), Request(measure="norm"))
    assert found.heads == ()
    assert "does not exist" in found.omitted["heads"]


def test_both_are_in_memory_only_to_compare_their_weights() -> None:
    alive = 0
    seen: list[int] = []

    class Watched(Transformer):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def read(**sizes):
        def opened() -> Opened:
            nonlocal alive
            model = build("gpt2", **sizes)
            model.__class__ = Watched
            alive += 1
            seen.append(alive)
            return opener(model)()

        return opened

    compare_models(read(), read(num_layers=2), Request())
    assert seen == [1, 1]
    seen.clear()
    compare_models(read(), read(), Request())
    assert seen == [1, 1, 2]
