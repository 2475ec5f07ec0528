"""From which tokens a vector comes: every measure against its formula, written out anew."""

import networkx
import pytest
import torch
from explain_shapes import IDS, SHAPES, build, run, written
from family_configs import NAMES, config_of
from tiny import redraw

from tfcli.explain.explanation import explain
from tfcli.explain.request import TOKENS_LISTED, Request
from tfcli.explain.sources import blocks, nearer, rows, work, zeroing
from tfcli.explain.sources.flow import attention_flow, flow_across
from tfcli.explain.sources.measures import (
    ACROSS,
    MEASURES,
    context_across,
    context_shares,
    normalised,
    rolled_out,
    rolled_out_across,
)
from tfcli.explain.sources.mixture import Mixture
from tfcli.model.attention import Mixing
from tfcli.model.transformer import Transformer

ALL = tuple(MEASURES)
LONG = [7, 11, 3, 19, 11, 3, 5, 23, 2, 7, 11, 13]


def reading(model, ids=IDS):
    """The side that reads the prompt, and its trace."""
    trace = run(model, ids)
    return (model, trace) if model.encoder is None else (model.encoder, trace.encoder)


@pytest.fixture(params=SHAPES)
def side(request):
    return reading(build(request.param, torch.float64))


def last(stack):
    """A position behind which a causal model has a further token."""
    return len(IDS) - 2 if stack.config.causal else 3


def multiplied(matrices, position):
    """A row of the product of all layers' matrices, the last layer's first."""
    product = torch.eye(len(matrices[0]), dtype=matrices[0].dtype)
    for matrix in matrices:
        product = matrix @ product
    return product[position]


def in_parts(matrix):
    """Rows in parts of their sums; with large biases no part may bring a sum nearer to itself."""
    matrix = matrix + torch.diag((matrix.sum(-1) == 0).to(matrix.dtype))
    return matrix / matrix.sum(-1, keepdim=True)


def linear_norm(norm, whole, part):
    """A norm without its bias, its σ that of the whole."""
    if norm is None:
        return part
    if isinstance(norm, torch.nn.LayerNorm):
        sigma = (whole.var(-1, unbiased=False, keepdim=True) + norm.eps).sqrt()
        return norm.weight * (part - part.mean(-1, keepdim=True)) / sigma
    weight = norm.weight + 1 if norm.plus_one else norm.weight
    return weight * part / (whole.square().mean(-1, keepdim=True) + norm.eps).sqrt()


def written_out(block, layer):
    """y [T, D] behind a block's attention to its own tokens, and each one's part [T, T, D]."""
    ran, config = layer.attention, block.attention.config
    w_o = block.attention.o.weight.view(-1, config.num_heads, config.value_dim)
    parts = torch.einsum("hij,hjv,ohv->ijo", ran.weights[0], ran.v[0], w_o)
    x, output = layer.residual_in[0], ran.output[0]
    parts = linear_norm(block.attention_branch_norm, output[:, None], parts)
    parts = parts + torch.eye(len(x), dtype=x.dtype)[..., None] * x[:, None]
    branch = block.attention_branch_norm
    total = x + (output if branch is None else branch(output))
    parts = linear_norm(block.attention_post_norm, total[:, None], parts)
    y = total if block.attention_post_norm is None else block.attention_post_norm(total)
    return y, parts


@torch.inference_mode()
def test_rollout_is_the_product_of_all_layers(side):
    stack, trace = side
    one = torch.eye(len(IDS), dtype=torch.float64)
    matrices = [(layer.attention.weights[0].mean(0) + one) / 2 for layer in trace.layers]
    expected = multiplied(matrices, last(stack))
    found = rolled_out(stack, trace, last(stack), ["rollout"])["rollout"]
    assert found == pytest.approx(expected[: len(found)], abs=1e-14)
    assert not expected[len(found) :].any()


@torch.inference_mode()
def test_alti_and_norms_are_their_formulas(side):
    stack, trace = side
    alti, sizes, shares = [], [], []
    for block, layer in zip(stack.blocks, trace.layers, strict=True):
        y, parts = written_out(block, layer)
        nearer = y.abs().sum(-1, keepdim=True) - (y[:, None] - parts).abs().sum(-1)
        alti.append(in_parts(nearer.clamp(min=0)))
        sizes.append(in_parts(parts.square().sum(-1).sqrt()))
        of_row = parts[last(stack)]
        own = of_row[last(stack)].norm()
        context = (of_row.sum(0) - of_row[last(stack)]).norm()
        shares.append(float(context / (context + own)))
    found = rolled_out(stack, trace, last(stack), ["alti", "norm"])
    for name, matrices in (("alti", alti), ("norm", sizes)):
        expected = multiplied(matrices, last(stack))[: len(found[name])]
        assert found[name] == pytest.approx(expected, abs=1e-12)
    assert context_shares(stack, trace, last(stack)) == pytest.approx(shares, abs=1e-12)


@torch.inference_mode()
def test_value_zeroing_is_that_of_values_that_are_zero(side, monkeypatch):
    stack, trace = side
    mix = Mixing.mix
    around = stack.surroundings(trace.ids)
    matrices = []
    for i, (block, layer) in enumerate(zip(stack.blocks, trace.layers, strict=True)):
        whole, _ = block(layer.residual_in, around(i))
        columns = []
        for token in range(len(IDS)):

            def without(self, q, k, v, mask, token=token):
                v = v.clone()
                v[:, :, token] = 0
                return mix(self, q, k, v, mask)

            with monkeypatch.context() as patched:
                patched.setattr(Mixing, "mix", without)
                changed, _ = block(layer.residual_in, around(i))
            columns.append(1 - torch.cosine_similarity(whole[0], changed[0], dim=-1))
        matrices.append(in_parts(torch.stack(columns, -1).clamp(min=0)))
    found = rolled_out(stack, trace, last(stack), ["zeroing"])["zeroing"]
    assert found == pytest.approx(multiplied(matrices, last(stack))[: len(found)], abs=1e-10)


@torch.inference_mode()
def test_flow_is_the_maximum_flow(side):
    stack, trace = side
    count, top = last(stack) + 1 if stack.config.causal else len(IDS), len(trace.layers)
    graph = networkx.DiGraph()
    for level, layer in enumerate(trace.layers):
        weights = layer.attention.weights[0].mean(0)
        for i in range(count):
            for j in range(count):
                width = float(weights[i, j]) / 2 + (i == j) / 2
                graph.add_edge((level + 1, i), (level, j), capacity=width)
    found = attention_flow(stack, trace, last(stack))
    assert len(found) == count
    for token in range(count):
        expected = networkx.maximum_flow_value(graph, (top, last(stack)), (0, token))
        assert float(found[token]) == pytest.approx(expected, abs=1e-9)


PAIRS = [shape for shape in SHAPES if SHAPES[shape].get("architecture") == "encoder-decoder"]


def written_out_across(block, layer):
    """y [n, D] behind the attention to the encoder, its parts [n, m, D], and each one's own."""
    ran, config = layer.cross_attention, block.cross_attention.config
    w_o = block.cross_attention.o.weight.view(-1, config.num_heads, config.value_dim)
    parts = torch.einsum("hij,hjv,ohv->ijo", ran.weights[0], ran.v[0], w_o)
    x, branch, post = layer.residual_cross[0], block.cross_branch_norm, block.cross_post_norm
    parts = linear_norm(branch, ran.output[0][:, None], parts)
    total = x + (ran.output[0] if branch is None else branch(ran.output[0]))
    parts, own = linear_norm(post, total[:, None], parts), linear_norm(post, total, x)
    return (total if post is None else post(total)), parts, own


def mixings(model, trace, name):
    """Every decoder layer's (to oneself and before [n, n], to the encoder [n, m], own [n])."""
    found = []
    for block, layer in zip(model.blocks, trace.layers, strict=True):
        if name == "rollout":
            own, across = (
                layer.attention.weights[0].mean(0),
                layer.cross_attention.weights[0].mean(0),
            )
            half = torch.full_like(across[:, 0], 0.5)
            found.append((own / 2 + torch.eye(len(own)) / 2, across / 2, half))
            continue

        def measured(y, parts):
            if name == "norm":
                return parts.norm(dim=-1)
            left = (y[:, None] - parts).abs().sum(-1)
            return (y.abs().sum(-1, keepdim=True) - left).clamp(min=0)

        y, parts, own = written_out_across(block, layer)
        all_of_it = measured(y, torch.cat((parts, own[:, None]), dim=1))
        all_of_it = all_of_it / all_of_it.sum(-1, keepdim=True)
        y, parts = written_out(block, layer)
        found.append((in_parts(measured(y, parts)), all_of_it[:, :-1], all_of_it[:, -1]))
    return found


@torch.inference_mode()
@pytest.mark.parametrize("name", ACROSS)
@pytest.mark.parametrize("shape", PAIRS)
def test_a_decoder_s_vector_comes_from_the_prompt_and_from_what_is_written(shape, name):
    """Carried upwards here, as in Ferrando et al. 2022 (ALTI+); the program carries it down."""
    model = build(shape, torch.float64)
    trace = run(model, IDS)
    bottom = torch.eye(len(IDS), dtype=torch.float64)
    read = torch.stack(
        [rolled_out(model.encoder, trace.encoder, i, [name])[name] for i in range(len(IDS))]
    )
    assert read.shape == bottom.shape
    written = torch.eye(trace.ids.shape[1], dtype=torch.float64)
    source = torch.zeros(len(written), len(IDS), dtype=torch.float64)
    for to_itself, across, own in mixings(model, trace, name):
        source = across @ read + own[:, None] * (to_itself @ source)
        written = own[:, None] * (to_itself @ written)
    for position in range(len(written)):
        found = rolled_out_across(model, trace, position, [name])[name]
        assert float(found.sum()) == pytest.approx(1, abs=1e-12)
        expected = torch.cat((source[position], written[position, : position + 1]))
        assert found == pytest.approx(expected, abs=1e-12)


@torch.inference_mode()
@pytest.mark.parametrize("shape", PAIRS)
def test_the_context_of_an_attention_to_the_encoder_is_its_part(shape):
    model = build(shape, torch.float64)
    trace = run(model, IDS)
    expected = []
    for block, layer in zip(model.blocks, trace.layers, strict=True):
        _, parts, own = written_out_across(block, layer)
        sizes = parts[3].sum(0).norm(), own[3].norm()
        expected.append(float(sizes[0] / sum(sizes)))
    assert context_across(model, trace, 3) == pytest.approx(expected, abs=1e-12)


@torch.inference_mode()
@pytest.mark.parametrize("shape", PAIRS)
def test_flow_runs_through_both_attentions_of_a_decoder(shape):
    model = build(shape, torch.float64)
    trace = run(model, IDS)
    graph = networkx.DiGraph()

    def lay(above, below, weights):
        for i, row in enumerate(weights.tolist()):
            graph.add_edge((*above, i), (*below, i), capacity=0.5)
            for j, weight in enumerate(row):
                wide = graph.get_edge_data((*above, i), (*below, j), {"capacity": 0})["capacity"]
                graph.add_edge((*above, i), (*below, j), capacity=wide + weight / 2)

    top = len(trace.encoder.layers)
    for level, layer in enumerate(trace.encoder.layers):
        lay(("E", level + 1), ("E", level), layer.attention.weights[0].mean(0))
    for level, layer in enumerate(trace.layers):
        lay(("L", level + 0.5), ("L", level), layer.attention.weights[0].mean(0))
        for i, row in enumerate(layer.cross_attention.weights[0].mean(0).tolist()):
            graph.add_edge(("L", level + 1, i), ("L", level + 0.5, i), capacity=0.5)
            for j, weight in enumerate(row):
                graph.add_edge(("L", level + 1, i), ("E", top, j), capacity=weight / 2)
    found = flow_across(model, trace, 3)
    ends = [*(("E", 0, j) for j in range(len(IDS))), *(("L", 0, j) for j in range(4))]
    assert len(found) == len(ends)
    for flow, end in zip(found.tolist(), ends, strict=True):
        expected = networkx.maximum_flow_value(graph, ("L", len(trace.layers), 3), end)
        assert flow == pytest.approx(expected, abs=1e-9)


@torch.inference_mode()
@pytest.mark.parametrize("shape", SHAPES)
def test_float32_tells_the_same(shape):
    found = [
        rolled_out(stack, trace, last(stack), ALL)
        for stack, trace in (reading(build(shape, d)) for d in (torch.float32, torch.float64))
    ]
    for name in ALL:
        assert found[0][name].double() == pytest.approx(found[1][name], abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_shares_sum_to_one_on_every_family(name, dtype):
    torch.manual_seed(0)
    model = Transformer(config_of(name))
    redraw(model)
    model = model.to(dtype).eval()
    read = {} if model.encoder is None else {"decoder_ids": [3, 9, 4, 9]}
    found = explain(model, LONG, Request(("sources",)), **read).sources
    across = model.encoder is not None
    count = len(LONG) + len(read.get("decoder_ids", ()))
    assert found is not None and found.others is None
    assert found.left_out.keys() == ({"zeroing"} if across else set())
    assert found.count == count == len(found.tokens)
    assert [found.number(token) for token in found.tokens] == list(range(count))
    contexts = [found.context, *([found.sides.context] if across else [])]
    for context in contexts:
        assert len(context) == model.config.num_layers and all(0 < share < 1 for share in context)
    exact = 1e-5 if dtype == torch.float32 else 1e-12
    for measure in (*(ACROSS if across else ALL), "flow"):
        shares = [getattr(token.shares, measure) for token in found.tokens]
        assert min(shares) >= 0
        lost = found.sinks or 0.0 if measure == "rollout" else 0.0
        assert sum(shares) + lost == pytest.approx(1, abs=exact)
        assert shares[found.largest[measure]] == max(shares)
        if across:
            sides = getattr(found.sides.prompt, measure), getattr(found.sides.written, measure)
            assert sides == pytest.approx((sum(shares[: len(LONG)]), sum(shares[len(LONG) :])))
            assert min(sides) > 0
    assert (found.sinks is not None) == (name.startswith("gpt_oss"))
    assert found.sinks is None or 0 < found.sinks < 1
    assert (found.sides is not None) == across
    flows = [token.flow for token in found.tokens]
    assert all(0 <= flow <= 1 + 1e-6 for flow in flows)


@torch.inference_mode()
def test_attention_that_looks_at_itself_alone_is_seen(side, monkeypatch):
    stack, trace = side
    count = last(stack) + 1 if stack.config.causal else len(IDS)

    def itself(block):
        one = torch.eye(count, dtype=torch.float64)[block.rows, : block.seen]
        return one.expand(stack.config.num_heads, -1, -1)

    before = rolled_out(stack, trace, last(stack), ALL)
    monkeypatch.setattr(blocks.Block, "weights", property(itself))
    for name, shares in rolled_out(stack, trace, last(stack), ALL).items():
        assert float(shares[last(stack)]) == pytest.approx(1)
        assert float(before[name][last(stack)]) < 0.95


@torch.inference_mode()
def test_an_attention_that_gives_nothing_leaves_each_token_itself():
    model = build("qwen3", torch.float64)
    for block in model.blocks:
        block.attention.o.weight.zero_()
    trace = run(model, IDS)
    found = rolled_out(model, trace, 5, ALL)
    for name in ("alti", "zeroing", "norm"):
        assert found[name].tolist() == [0, 0, 0, 0, 0, 1]
    assert context_shares(model, trace, 5) == [0, 0, 0]
    assert float(found["rollout"][5]) < 0.9


@torch.inference_mode()
@pytest.mark.parametrize("many", [1, 3, 99], ids=["all-whole", "both", "few-whole"])
def test_coordinates_by_themselves_and_parts_made_whole_agree(side, monkeypatch, many):
    stack, trace = side
    found = rolled_out(stack, trace, last(stack), ["alti"])["alti"]
    monkeypatch.setattr(nearer, "MANY", many)
    again = rolled_out(stack, trace, last(stack), ["alti"])["alti"]
    assert again == pytest.approx(found, abs=1e-14)


@torch.inference_mode()
def test_a_part_larger_than_the_whole_is_no_nearer(side):
    """What lies beyond y counts twice: the fast way would not see it by the product alone."""
    stack, trace = side
    mixture = Mixture.of(stack.blocks[0], trace.layers[0], last(stack) + 1)
    places = list(range(last(stack) + 1))
    (read,) = rows.chunks(mixture, places, parts=True)
    for block in blocks.blocks_of_rows(mixture, places):
        product = nearer.along(mixture, block.rows, block.weights)
        assert float((product - read.nearer).max()) > 1e-3
        assert bool((read.nearer <= product + 1e-12).fill_diagonal_(True).all())


@torch.inference_mode()
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_heads_that_undo_each_other_have_parts_of_no_length(dtype):
    """Σ A_h A_h' ⟨f_h, f_h'⟩ alone would leave the root of a rounding error."""
    model = build("gpt2", dtype)
    attention = model.blocks[0].attention
    for module in (attention.q, attention.k, attention.v):
        module.weight[6:12] = module.weight[:6]
        module.bias[6:12] = module.bias[:6]
    attention.o.weight[:, 6:12] = -attention.o.weight[:, :6]
    attention.o.weight[:, 12:] = 0
    mixture = Mixture.of(model.blocks[0], run(model, IDS).layers[0], len(IDS))
    (read,) = rows.chunks(mixture, list(range(len(IDS))), parts=True)
    off = ~torch.eye(len(IDS), dtype=torch.bool)
    assert float(read.sizes[off].max()) < (1e-6 if dtype == torch.float32 else 1e-14)


@torch.inference_mode()
def test_few_rows_and_few_keys_at_a_time_change_nothing(side, monkeypatch):
    stack, trace = side
    whole = rolled_out(stack, trace, last(stack), ALL)
    monkeypatch.setattr(blocks, "_WEIGHTS_AT_ONCE", 2 * len(IDS) * stack.config.num_heads)
    monkeypatch.setattr(blocks, "_GIVEN_AT_ONCE", 300)
    monkeypatch.setattr(rows, "_WEIGHTS_KEPT", 5 * len(IDS) * stack.config.num_heads)
    monkeypatch.setattr(nearer, "_PARTS_AT_ONCE", 120)
    monkeypatch.setattr(zeroing, "_PARTS_AT_ONCE", 120)
    for name, shares in rolled_out(stack, trace, last(stack), ALL).items():
        assert shares == pytest.approx(whole[name], abs=1e-13)


def test_a_row_of_nothing_is_the_token_itself():
    found = normalised(torch.tensor([[0.0, 0.0, 0.0], [1.0, 3.0, 0.0]]), [2, 0])
    assert found.tolist() == [[0, 0, 1], [0.25, 0.75, 0]]


@pytest.mark.parametrize("shape", ["qwen3", "gpt_oss", "bert", "t5"])
def test_a_long_prompt_lists_what_gives_most_and_sums_the_rest(shape):
    model, ids = build(shape, torch.float64), [IDS[i % 9] for i in range(40)]
    read = written(model)
    count = 40 + len(read.get("decoder_ids", ()))
    every = explain(model, ids, Request(("sources",), window=(0, None)), **read).sources
    found = explain(model, ids, Request(("sources",)), **read).sources
    assert len(every.tokens) == count and every.others is None
    assert len(found.tokens) == TOKENS_LISTED
    assert found.others_count == count - TOKENS_LISTED
    listed = {found.number(token) for token in found.tokens}
    least = min(token.shares.alti for token in found.tokens)
    rest = [token.shares for token in every.tokens if every.number(token) not in listed]
    assert least >= max(shares.alti for shares in rest)
    for name in ACROSS:
        expected = sum(getattr(shares, name) for shares in rest)
        assert getattr(found.others, name) == pytest.approx(expected, abs=1e-13)
    part = explain(model, ids, Request(("sources",), window=(10, 13)), **read).sources
    inside = [token.position for token in part.tokens if not token.written]
    assert inside == [10, 11, 12]
    assert part.tokens == every.tokens[10:13] + every.tokens[40:] and part.others_count == 37


def test_a_window_behind_the_position_lists_what_can_be_seen():
    model = build("qwen3")
    found = explain(model, IDS, Request(("sources",), position=3, window=(2, 8))).sources
    assert [token.position for token in found.tokens] == [2, 3] and found.count == 4


@pytest.mark.parametrize(
    ("limit", "missing"),
    [
        ("LARGEST_FLOW", {"flow"}),
        ("LARGEST_ZEROING", {"zeroing"}),
        ("LARGEST_PARTS", {"alti", "norm"}),
    ],
)
def test_what_would_take_too_long_is_left_out_with_the_reason(limit, missing, monkeypatch):
    monkeypatch.setattr(work, limit, 1)
    found = explain(build("qwen3"), IDS, Request(("sources",))).sources
    assert found.left_out.keys() == missing
    assert all("more than 1" in reason for reason in found.left_out.values())
    for name in (*ALL, "flow"):
        values = [getattr(token.shares, name) for token in found.tokens]
        assert (None in values) == (name in missing) and (name in found.largest) != (
            name in missing
        )


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["qwen3", "gemma2", "gpt_oss", "deepseek", "bert", "every-norm"])
def test_a_model_in_bfloat16_is_measured_in_float32(shape):
    """Its own rounded vectors are: parts still add up, and nothing is said of rounding alone."""
    narrow, wide = (reading(build(shape, d)) for d in (torch.bfloat16, torch.float64))
    found = rolled_out(*narrow, last(narrow[0]), ALL)
    expected = rolled_out(*wide, last(wide[0]), ALL)
    lost = 1 - float(expected["rollout"].sum())
    for name in ALL:
        assert found[name].dtype == torch.float32
        total = 1 - lost if name == "rollout" else 1
        assert float(found[name].sum()) == pytest.approx(total, abs=1e-3)
        assert found[name].double() == pytest.approx(expected[name], abs=0.1)
