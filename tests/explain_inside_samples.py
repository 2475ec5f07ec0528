"""Explanations made by hand of what is inside the layers and behind the output matrix."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from explain_kind_samples import FRENCH, pair_sample, vectors_sample
from explain_samples import CANDIDATES, ENGLISH, MIXED, sample

from tfcli.explain.result import (
    AskedExpert,
    Cost,
    CostPart,
    ExpertFacts,
    Explanation,
    Gradients,
    LatentFacts,
    LayerMemories,
    Memories,
    Neuron,
    NormPlace,
    NormRow,
    Norms,
    Promoted,
    Residual,
    ResidualRow,
    RoutedLayer,
    RoutedText,
    RoutedToken,
    Routing,
    SampledToken,
    SamplingColumn,
    SamplingTable,
    Sources,
    SourceShares,
    SourceSides,
    SourceToken,
    Spread,
    Surprisal,
    Surprise,
    Timing,
    WindowFacts,
)

NO_HEAD = "this model has no output matrix: it gives vectors, not words"


def only(explanation: Explanation, section: str, **fields: Any) -> Explanation:
    """The same with one section."""
    return dataclasses.replace(explanation, sections=(section,), **fields)


def without(explanation: Explanation, section: str, reason: str) -> Explanation:
    """The same with one section that does not apply."""
    return only(explanation, section, omitted={section: reason})


def residual_sample(
    labels: Sequence[str] = ENGLISH, layers: int = 6, answer: str = "␣mat", cross: bool = False
) -> Explanation:
    """A gradient that lives with the way past the modules and dies without it."""
    rows = tuple(
        ResidualRow(
            layer=i,
            residual_in=2.54 + 21.3 * i,
            attention=1.78 + 13.1 * i,
            cross_attention=9.21 + i if cross else None,
            feed_forward=66.2 / (i + 1),
            residual_out=2.54 + 21.3 * (i + 1),
            cosine=0.11 + 0.7 * i / layers,
            cosine_to_end=-0.2 + 1.2 * (i + 1) / layers,
            gradients=Gradients(0.051, 2.57 / (i + 1) ** 2, 3.4e-5 * 4**i, 4.42e-9 * 17**i),
        )
        for i in range(layers)
    )
    end = Gradients(0.0422, 0.0422, 0.0422, 0.0422)
    found = Residual(len(labels) - 1, 1930, answer, rows, end)
    base = pair_sample(written=labels) if cross else sample(labels)
    return only(base, "residual", residual=found)


def residual_of_vectors() -> Explanation:
    """A model without an output matrix has a stream, but no answer to take a gradient of."""
    base, found = vectors_sample(), residual_sample().residual
    rows = tuple(dataclasses.replace(row, gradients=None) for row in found.rows[:2])
    found = Residual(1, None, None, rows, None)
    return only(base, "residual", residual=found, omitted={})


def promoted(labels: Sequence[str], first: int, sign: int = 1) -> tuple[Promoted, ...]:
    turned = (*labels[first:], *labels[:first])
    return tuple(Promoted(7 * i, label, sign * (1.5 - i / 9)) for i, label in enumerate(turned))


def memories_sample(
    labels: Sequence[str] = ENGLISH,
    words: Sequence[str] = CANDIDATES,
    experts: tuple[int, ...] = (),
    against: str | None = None,
    layers: int = 1,
) -> Explanation:
    """Neurons of one module or of some experts; the words they write can be any."""
    expert = experts[-1] if experts else None
    listed = tuple(
        Neuron(
            expert=None if i == 3 else expert,
            shared=bool(experts) and i == 3,
            index=(i * 1237) % 3072,
            activation=(-1) ** i * 22.7 / (i + 1),
            norm=17.1 / (i + 1),
            effect=0.9 - 0.31 * i,
            promoted=promoted(words, i % len(words)),
            suppressed=promoted(words, (i + 2) % len(words), -1),
        )
        for i in range(6)
    )
    found = tuple(
        LayerMemories(
            layer=i,
            experts=experts,
            neurons=3072,
            fired=3072 if not experts else 1904,
            half=31,
            listed=listed,
            others=3066,
            others_effect=-0.12,
            bias_effect=0.03 if experts else 0.0,
            effect=0.66,
            norm=47.7,
            promoted=promoted(words, 0),
            suppressed=promoted(words, 1, -1),
        )
        for i in range(layers)
    )
    memories = Memories(len(labels) - 1, 1930, words[0], against, found)
    return only(sample(labels), "memories", memories=memories)


def experts_sample(
    labels: Sequence[str] = ENGLISH, count: int = 8, chosen: int = 2, shared: bool = True
) -> Explanation:
    """A router that sends each token to a few experts, and some experts nothing."""

    def asked(i: int) -> tuple[AskedExpert, ...]:
        return tuple(
            AskedExpert((7 * i + 5 * n) % count, 3.1 - n, 2.5 / 2 ** (n + 1)) for n in range(chosen)
        )

    tokens = tuple(RoutedToken(i, label, asked(i)) for i, label in enumerate(labels))
    ways = [{expert.expert for expert in token.asked} for token in tokens]
    load = tuple(sum(e in way for way in ways) for e in range(count))
    last = len(labels) - 1
    layers = tuple(
        RoutedLayer(i, asked(last), 2.5, 0.82 if shared else None, load, load.count(0))
        for i in range(1, 5)
    )
    rule = "sigmoid, divided by their sum, × 2.5; from the best 4 of 8 groups"
    texts = (RoutedText(3, tokens),)
    found = Routing(last, count, chosen, shared, rule, layers, texts)
    return only(sample(labels), "experts", experts=found)


def sampling_sample(
    labels: Sequence[str] = ENGLISH, words: Sequence[str] = CANDIDATES, own: bool = False
) -> Explanation:
    """Six settings, and one of the user's own."""
    p = [0.62 / 3**i for i in range(len(words))]

    def column(name: str, kept: int, **settings: float) -> SamplingColumn:
        held = sum(p[:kept])
        listed = tuple(x / held if i < kept else 0.0 for i, x in enumerate(p))
        rest = 0.061 if kept > len(p) else 0.0
        return SamplingColumn(name, {"temperature": 1.0} | settings, listed, rest, kept, 1.9 / held)

    columns = [
        column("T 1", 8000),
        column("T 0.5", 8000, temperature=0.5),
        column("T 1.5", 8000, temperature=1.5),
        column("top-k 5", 5, top_k=5),
        column("top-p .9", 3, top_p=0.9),
        column("min-p .1", 2, min_p=0.1),
    ]
    if own:
        given = {"temperature": 0.7, "top_k": 40, "top_p": 0.95, "repetition_penalty": 1.2}
        columns = [
            dataclasses.replace(x, settings=x.settings | {"repetition_penalty": 1.1})
            for x in columns
        ]
        columns.append(column("yours", 4, **given))
    rows = tuple(SampledToken(17 * i, word, 8.31 - i) for i, word in enumerate(words))
    found = SamplingTable(len(labels) - 1, rows, tuple(columns))
    return only(sample(labels), "sampling", sampling=found)


def surprisal_sample(
    labels: Sequence[str] = ENGLISH * 9, words: Sequence[str] = CANDIDATES
) -> Explanation:
    """A text with its bits, and what was expected in other places."""
    base = sample(labels)
    known = [token for token in base.tokens.tokens if token.surprisal is not None]
    largest = tuple(
        Surprise(
            token.position,
            token.id,
            token.label,
            token.surprisal,
            2.0**-token.surprisal,
            int(2**token.surprisal / 3) + 2,
            1930 + i,
            words[i % len(words)],
            0.9 / (i + 1),
        )
        for i, token in enumerate(sorted(known, key=lambda token: -token.surprisal)[:10])
    )
    bits = (417.25, 9.48, 2.31) if known else (None, None, None)
    found = Surprisal(len(known), *bits, len(known) // 3, largest)
    return only(base, "surprisal", surprisal=found)


def norms_sample(layer_norm: bool = False, cross: bool = False) -> Explanation:
    """Norms in every place; or those of a plain decoder."""
    places: tuple[NormPlace, ...] = ("pre", "branch", "post") if cross else ("pre",)
    modules = (
        ("attention", "cross-attention", "feed-forward") if cross else ("attention", "feed-forward")
    )
    names = [(place, 11, module) for module in modules for place in places]
    ends: list[tuple[NormPlace, int | None, str | None]] = [("final", None, None)]
    starts: list[tuple[NormPlace, int | None, str | None]] = [("embedding", None, None)]
    rows = tuple(
        NormRow(
            place,
            layer,
            module,
            Spread(-0.67 * i, 8.83 + i, 34.3 * i),
            8.8 + i,
            Spread(0.01, 1.0, 5.73),
        )
        for i, (place, layer, module) in enumerate([*(starts if cross else ()), *names, *ends])
    )
    kind, formula = "RMSNorm", "y = (1 + γ)·x/σ, σ = √(mean x² + ε)"
    if layer_norm:
        kind, formula = "LayerNorm", "y = γ·(x - mean x)/σ + β, σ = √(var x + ε)"
    base = pair_sample() if cross else sample()
    found = Norms(base.focus.position, kind, formula, rows)
    return only(base, "norms", norms=found)


def sources_sample(
    labels: Sequence[str] = ENGLISH, more: int = 0, sinks: bool = False, cross: bool = False
) -> Explanation:
    """Every measure on a short prompt; with more tokens than are listed, those that are cheap."""

    def shares(i: int) -> SourceShares:
        count = len(labels)
        part = (0.4 if more else 1.0) * (i + 1) / sum(range(1, count + 1))
        rest = (0.4 if more else 1.0) / count
        one = None if more else 0.004 if i else 1 - 0.004 * (count - 1)
        even = None if more else 1 / count
        taken = 0.9 if sinks else 1.0
        return SourceShares(taken * part, even, (part + rest) / 2, one, (part + 3 * rest) / 4)

    written = 2 if cross else 0  # the last ones
    tokens = tuple(
        SourceToken(
            written=i >= len(labels) - written,
            position=7 * i if more else i - (len(labels) - written) * (i >= len(labels) - written),
            label=label,
            shares=shares(i),
            flow=None if more else 0.5 + 0.01 * i,
        )
        for i, label in enumerate(labels)
    )
    left_out: dict[str, str] = {}
    if more:
        left_out["flow"] = "120,060,000,000 pipes times tokens, more than 20,000,000"
        left_out["zeroing"] = "1.6e+14 multiplications, more than 1e+12"
    elif cross:
        left_out["zeroing"] = "it does not say what of a vector a second attention leaves as it was"
        tokens = tuple(
            dataclasses.replace(t, shares=dataclasses.replace(t.shares, zeroing=None))
            for t in tokens
        )
    last, count = tokens[-1], len(labels) + more
    part = SourceShares(0.4, 0.6, 0.55, None, 0.512)
    other = SourceShares(0.6, 0.4, 0.45, None, 0.488)
    context = tuple(None if i == 5 else 0.003 * 3**i for i in range(6))
    found = Sources(
        position=last.position,
        label=last.label,
        count=count,
        tokens=tokens,
        others=SourceShares(0.6, None, 0.6, None, 0.6) if more else None,
        others_count=more,
        sides=SourceSides(part, other, context[::-1]) if cross else None,
        sinks=0.1 if sinks else None,
        largest={
            name: 0 if name in ("zeroing", "flow") else count - 1 if cross else last.position
            for name in ("rollout", "flow", "alti", "zeroing", "norm")
            if name not in left_out
        },
        context=context,
        left_out=left_out,
    )
    return only(pair_sample() if cross else sample(labels), "sources", sources=found)


def cost_sample(kind: str = "decoder") -> Explanation:
    """Sizes of a middling model, and times that no machine took."""
    steps = kind != "encoder"
    names = ("embedding", "attention", "scores", "feed-forward", "norms", "output", "rest")
    if kind == "encoder-decoder":
        names = (*names[:3], "cross-attention", "cross-scores", "router", "experts", *names[3:])
    parts = tuple(
        CostPart(
            name=name,
            parameters=0 if name in ("scores", "cross-scores", "rest") else 123_456 * 3**i,
            text_flops=0 if name in ("embedding", "norms", "rest") else 1_234_567 * 7**i,
            step_flops=0 if name in ("embedding", "norms", "rest") or not steps else 51_200 * 4**i,
            step_bytes=0 if name in ("scores", "rest") or not steps else 4 * 12_345 * 3**i,
            text_ms=0.0123 * 2**i,
            step_ms=0.0031 * 2**i if steps else None,
        )
        for i, name in enumerate(names)
    )

    def timing(tokens: int, ms: float, flops: int, size: int) -> Timing:
        rates = (1000 * flops / ms, 1000 * size / ms, 1000 * tokens / ms)
        return Timing(tokens, ms, 0.9 * ms, 20, flops, size, *rates)

    text = timing(5, 48.2, sum(p.text_flops for p in parts), 4 * 6_291_456)
    step = timing(1, 1.04, sum(p.step_flops for p in parts), sum(p.step_bytes for p in parts))
    cache = (20_480, 4096) if steps else (None, None)
    source = 1200 if kind == "encoder-decoder" else 0
    one = step if steps else None
    found = Cost(5, source, "cpu", "float32", 1 if steps else None, parts, text, one, *cache)
    return only(sample(), "cost", cost=found)


def model_sample(everywhere: bool = False) -> Explanation:
    """A model with experts, windows and latents, in all layers or in some."""
    facts = dataclasses.replace(
        sample().model,
        experts=ExpertFacts(128, 8, not everywhere, 6 if everywhere else 4),
        window=WindowFacts(4096, 6 if everywhere else 3),
        latent=LatentFacts(512, None if everywhere else 1536, 64),
    )
    return only(sample(), "model", model=facts)


PIECES = ("Un", "believ", "ably", ",", "␣", "1", "2", "9", "\\n", "␣␣she", "吃", "了", *MIXED)
NO_EXPERTS = "this model has no experts: in each layer one feed-forward module reads every token"
SAMPLES = {
    "residual": residual_sample,
    "residual-mixed": lambda: residual_sample(MIXED, 3, "草地"),
    "residual-pair": lambda: residual_sample(FRENCH, 3, cross=True),
    "residual-vectors": residual_of_vectors,
    "memories": lambda: memories_sample(layers=2),
    "memories-mixed": lambda: memories_sample(MIXED, ("草地", "␣一个非常长的词语", *MIXED)),
    "memories-experts": lambda: memories_sample(experts=(3, 17, 101), against="␣floor"),
    "experts": experts_sample,
    "experts-mixed": lambda: experts_sample(MIXED, 22, 4, shared=False),
    "experts-many": lambda: experts_sample([f"␣w{i}" for i in range(40)], 128, 8),
    "experts-none": lambda: without(sample(), "experts", NO_EXPERTS),
    "sampling": sampling_sample,
    "sampling-mixed": lambda: sampling_sample(
        MIXED, ("草地", "␣一个非常长的词语", *MIXED), own=True
    ),
    "surprisal": surprisal_sample,
    "surprisal-mixed": lambda: surprisal_sample(PIECES, MIXED),
    "surprisal-one": lambda: surprisal_sample(("The",)),
    "norms": norms_sample,
    "norms-pair": lambda: norms_sample(layer_norm=True, cross=True),
    "sources": sources_sample,
    "sources-mixed": lambda: sources_sample(MIXED, sinks=True),
    "sources-long": lambda: sources_sample([f"␣w{i}" for i in range(24)], more=1976),
    "sources-pair": lambda: sources_sample(cross=True),
    "cost": cost_sample,
    "cost-encoder": lambda: cost_sample("encoder"),
    "cost-pair": lambda: cost_sample("encoder-decoder"),
    "model-some": model_sample,
    "model-all": lambda: model_sample(everywhere=True),
    "memories-vectors": lambda: without(vectors_sample(), "memories", NO_HEAD),
}
