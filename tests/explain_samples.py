"""Explanations made by hand, so that a golden screen depends on no CPU's last digit."""

import dataclasses
from collections.abc import Sequence
from random import Random

from tfcli.explain.request import SCREEN
from tfcli.explain.result import (
    AttentionMatrix,
    Audit,
    BlockStep,
    Candidate,
    Check,
    Credit,
    Explanation,
    Focus,
    HeadAttention,
    HeadLedger,
    HeadScore,
    HeadsGrid,
    KeyTerm,
    KeyWeight,
    LayerCredit,
    Lens,
    LensRow,
    Loop,
    LoopStep,
    ModelFacts,
    ModuleCount,
    NextTokens,
    OtherKeys,
    Parameters,
    Shape,
    Shapes,
    Token,
    Tokens,
)

ENGLISH = ("The", "␣cat", "␣sat", "␣on", "␣the")
MIXED = ("她", "每天", "吃", "苹(1/2)", "苹(2/2)", "😀", "\\n", "<0xE8>", "[bold]", "नमस्ते")
CANDIDATES = ("␣mat", "␣floor", "␣bed", "草地", "␣[red]roof", "\\x1b[31m")


def sample(
    labels: Sequence[str] = ENGLISH,
    layers: int = 6,
    heads: int = 8,
    candidates: Sequence[str] = CANDIDATES,
    passed: bool = True,
    measure: str = "delta",
) -> Explanation:
    """An explanation of these tokens with numbers that look like real ones."""
    draw = Random(f"{len(labels)} {layers} {heads}")  # a string seeds the same everywhere
    T, focus = len(labels), len(labels) - 1
    layer, head = layers - 1, heads // 2
    signs = (-1, 1) if measure == "credit" else (1,)
    grid = tuple(
        tuple(draw.choice(signs) * (1 + draw.randrange(90)) / 100 for _ in range(heads))
        for _ in range(layers)
    )
    grid = (*grid[:-1], (*grid[-1][:head], 1.0, *grid[-1][head + 1 :]))
    return Explanation(
        sections=SCREEN,
        ids=tuple(100 + 311 * i for i in range(T)),
        focus=Focus(focus, (layer,), ((layer, head),), True, True),
        model=_model(layers, heads),
        tokens=_tokens(labels, draw),
        shapes=shapes(T, heads),
        block=tuple(
            BlockStep(i, 11.2 + i, 6.34, None, 12.5, 4.8, 14.86 + i, 0.91 - 0.02 * i)
            for i in range(layers)
        )[-1:],
        qkv=(ledger(labels, layer, head, heads, draw),),
        attention=(attention(labels, layer, head, draw),),
        heads=HeadsGrid(
            kind="self",
            measure=measure,
            unit="‖ΔE‖",
            scale="% of the largest",
            values=tuple(tuple(4.2 * value for value in row) for row in grid),
            scaled=grid,
            largest=tuple(HeadScore(i, head, 4.2 - i / 4) for i in range(min(layers, 5))),
        ),
        lens=_lens(layers, candidates),
        credit=Credit(
            target_id=1930,
            target_label=candidates[0],
            logit=8.31,
            total=8.31,
            error=1e-7,
            adds_up=True,
            scale=3.2,
            embedding=0.42,
            position=None,
            segment=None,
            attention=3.77,
            cross_attention=None,
            feed_forward=3.98,
            bias=0.14,
            layers=tuple(LayerCredit(i, 0.7 - i / 9, i / 4, 0.7 + i / 7.2) for i in range(layers)),
        ),
        next=_next(candidates, focus, {"temperature": 1.0}),
        parameters=Parameters(
            total=6_291_456,
            modules=(
                ModuleCount("embedding", 2_048_000, 0.3255),
                ModuleCount("attention", 1_179_648, 0.1875),
                ModuleCount("feed-forward", 3_060_480, 0.4865),
                ModuleCount("norms", 3_328, 0.0005),
            ),
            feed_forward_of_block=0.7214,
            feed_forward_of_model=0.4865,
        ),
        audit=_audit(passed),
    )


def with_loop(explanation: Explanation, settings: dict[str, float]) -> Explanation:
    """The same with two turns of the loop; what was drawn last is not in its table."""
    first = _next(CANDIDATES, 4, settings)
    filtered = dataclasses.replace(first.candidates[-1], probability=0.0, cumulative=1.0)
    table = dataclasses.replace(first, candidates=(*first.candidates[:-1], filtered))
    steps = (
        LoopStep(1, 4, ENGLISH, table, 1930, "␣mat", 1, 0.34),
        LoopStep(2, 5, (*ENGLISH * 4, "␣mat"), table, 47, "␣苹果", 17, 0.004),
    )
    loop = Loop("one is drawn", 7, steps, "the context is full")
    return dataclasses.replace(explanation, sections=("model",), loop=loop)


def against_sample(labels: Sequence[str] = CANDIDATES) -> Explanation:
    """Lens and credit of one token against another."""
    found, other = sample(labels, layers=4, candidates=labels, measure="credit"), labels[3]
    assert found.lens is not None and found.credit is not None and found.heads is not None
    rows = tuple(
        dataclasses.replace(row, difference=1.9 * i - 2.6) for i, row in enumerate(found.lens.rows)
    )
    return dataclasses.replace(
        found,
        sections=("heads", "lens", "credit"),
        heads=dataclasses.replace(
            found.heads, unit=f"part of the logit of “{labels[0]}” less that of “{other}”"
        ),
        lens=dataclasses.replace(found.lens, rows=rows, against_id=40, against_label=other),
        credit=dataclasses.replace(found.credit, against_id=40, against_label=other),
    )


def long_sample() -> Explanation:
    """300 tokens: no matrix, a ledger that lists the strongest keys only."""
    labels = [f"␣w{i}" for i in range(300)]
    found = sample(labels[:12], layers=12, heads=12)
    assert found.qkv is not None and found.attention is not None
    far = [dataclasses.replace(k, position=25 * k.position, label="␣w") for k in found.qkv[0].keys]
    ledger = dataclasses.replace(
        found.qkv[0],
        query=299,
        keys=tuple(far),
        others=OtherKeys(288, 0.25, -0.031),
        largest=50,
    )
    attention = dataclasses.replace(
        found.attention[0], query=299, matrix=None, others=290, others_weight=0.312
    )
    return dataclasses.replace(
        found,
        ids=tuple(range(300)),
        focus=dataclasses.replace(found.focus, position=299),
        tokens=_tokens(labels, Random("long")),
        shapes=shapes(300, 12),
        qkv=(ledger,),
        attention=(attention,),
    )


def _model(layers: int, heads: int) -> ModelFacts:
    return ModelFacts(
        name="demo",
        family="qwen3",
        kind="decoder",
        parameters=6_291_456,
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=max(heads // 2, 1),
        head_dim=32,
        hidden_size=256,
        intermediate_size=768,
        vocab_size=8000,
        max_position_embeddings=512,
        encoder_layers=None,
        norm="RMSNorm",
        norm_places=("pre",),
        position="rope",
        tied=True,
        mask="causal",
        device="cpu",
        dtype="float32",
        measured_in="float32",
    )


def _tokens(labels: Sequence[str], draw: Random) -> Tokens:
    surprisals = [None, *(draw.randrange(1, 180) / 10 for _ in labels[1:])]
    tokens = tuple(
        Token(i, 100 + 311 * i, label, None if bits is None else 2.0**-bits, bits)
        for i, (label, bits) in enumerate(zip(labels, surprisals, strict=True))
    )
    some = len(labels) > 1
    return Tokens(tokens, None, 20, *((41.5, 5.2, 1.94) if some else (None, None, None)))


def shapes(T: int, heads: int) -> Shapes:
    return Shapes(
        "q·k/√32",
        (
            Shape("E", (T, 256)),
            Shape("Q", (heads, T, 32)),
            Shape("K", (max(heads // 2, 1), T, 32)),
            Shape("V", (max(heads // 2, 1), T, 32)),
            Shape("scores", (heads, T, T)),
            Shape("weights", (heads, T, T)),
            Shape("heads", (heads, T, 32)),
            Shape("ΔE", (T, 256)),
            Shape("neurons", (T, 768)),
            Shape("logits", (T, 8000)),
        ),
    )


def row(length: int, draw: Random) -> list[float]:
    parts = [draw.randrange(1, 40) ** 2 for _ in range(length)]
    return [part / sum(parts) for part in parts]


def ledger(labels: Sequence[str], layer: int, head: int, heads: int, draw: Random) -> HeadLedger:
    weights = row(len(labels), draw)
    keys = tuple(
        KeyTerm(i, label, 4 * weight - 1, weight, 5 * weight, 0.6 * weight - 0.02)
        for i, (label, weight) in enumerate(zip(labels, weights, strict=True))
    )
    return HeadLedger(
        kind="self",
        layer=layer,
        head=head,
        query=len(labels) - 1,
        score="q·k/√32",
        keys=keys,
        others=None,
        largest=weights.index(max(weights)),
        sink=None,
        norm=4.2,
        delta_norm=6.34,
        share=0.59,
        other_heads_share=0.38,
        bias_share=0.03,
        head_shares=(0.59, *[0.38 / max(heads - 1, 1)] * (heads - 1)),
    )


def attention(labels: Sequence[str], layer: int, head: int, draw: Random) -> HeadAttention:
    rows = tuple(tuple(row(i + 1, draw)) for i in range(len(labels)))
    top = sorted(range(len(labels)), key=lambda j: -rows[-1][j])[:10]
    return HeadAttention(
        kind="self",
        layer=layer,
        head=head,
        query=len(labels) - 1,
        top=tuple(KeyWeight(j, labels[j], rows[-1][j]) for j in top),
        others=len(labels) - len(top),
        others_weight=1 - sum(rows[-1][j] for j in top),
        sink=None,
        matrix=AttentionMatrix(0, 0, rows, *[tuple(0.0 for _ in rows)] * 2),
    )


def _lens(layers: int, candidates: Sequence[str]) -> Lens:
    rows = [
        LensRow(
            layer=i - 1 if i else None,
            top_id=1930 if i > layers // 2 else 10 + i,
            top_label=candidates[0 if i > layers // 2 else i % len(candidates)],
            top_probability=0.02 + i / 20,
            answer_probability=0.0001 + 0.34 * i / layers,
            answer_rank=1 if i > layers // 2 else 1204 // (i + 1),
            kl=6.91 * (1 - i / layers),
            entropy=9.2 - i,
        )
        for i in range(layers + 1)
    ]
    return Lens(1930, candidates[0], tuple(rows))


def _next(candidates: Sequence[str], position: int, settings: dict[str, float]) -> NextTokens:
    p = [0.34 / (i + 1) for i in range(len(candidates))]
    rows = tuple(
        Candidate(i + 1, 1930 - 97 * i, label, 8.31 - 0.7 * i, p[i], sum(p[: i + 1]), p[i] / 2)
        for i, label in enumerate(candidates)
    )
    return NextTokens(position, settings, 5.2, 40, rows)


def _audit(passed: bool) -> Audit:
    errors = {"rows": 1.2e-7, "ΔE": 3e-7, "residual": 0.0, "logit": 1e-6, "lens": 2e-7}
    errors["SDPA"] = 5e-7 if passed else 0.031
    checks = tuple(Check(name, "", error, 1e-5, error <= 1e-5) for name, error in errors.items())
    return Audit(passed, checks, None if passed else "the model ran in bfloat16, 8 bits")
