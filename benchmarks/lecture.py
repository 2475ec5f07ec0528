"""What a lecture on Transformers claims, measured on a trained model.

`python benchmarks/lecture.py --model RUN` prints a table a section; `--section senses` one of them:

senses: a word with two senses, in prompts that end with it: pairs of prompts within a sense and
    across both. The cosine of its last residual streams less the baseline, that of any two
    tokens (Ethayarajh 2019), one for all pairs of a word; the Jensen–Shannon divergence of what
    comes next, in bits; how many prompts are nearer to their own sense on average; and of each
    prompt, on average, the word that drew it from the other sense the most, directly, and the
    word without which it comes nearest to the other sense (`tfcli explain --compare`).
copying: the rare tokens of held-out documents of the embedded corpus that stand behind the token
    behind which they stood before. Of the heads that look most at that first place from the token
    before: their weight there and on a token of that text on average, their score by the measure
    `induction`, which takes random tokens (Olsson et al. 2022), and nats a token without them, of
    the copied tokens and of all others.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product
from statistics import mean

import torch
from rich.console import Console
from rich.table import Table

import tfcli
from tfcli.data.world import documents
from tfcli.data.world.ambiguous import SENSES
from tfcli.data.world.senses import AmbiguousWord
from tfcli.errors import UsageError
from tfcli.explain.edits.edit import ablated, edited
from tfcli.explain.edits.request import Place
from tfcli.explain.heads.patterns import induction
from tfcli.explain.result import ComparedSide, Comparison, ContextToken
from tfcli.explain.several.prompts import compare_prompts
from tfcli.explain.text.occurrence import find_word

CONSOLE = Console(width=150, highlight=False)
_RARE = 12  # times that a token may stand in all held-out documents
_HEADS = 6

_CopiedText = tuple[list[int], dict[int, int]]


@dataclass(frozen=True)
class _WordFound:
    """One word's pairs of prompts: of one sense, and of both."""

    word: AmbiguousWord
    within: list[Comparison]
    across: list[Comparison]
    own: int
    asked: int


def senses(model: tfcli.LanguageModel) -> None:
    """Print whether contexts part the senses of each word, and by which word."""
    table = Table("word", box=None, header_style="bold")
    for name in ("baseline", "within", "across", "gap", "JS within", "JS across", "own sense"):
        table.add_column(name, justify="right")
    table.add_column("drawn apart by: first | second sense")
    table.add_column("nearer without: first | second sense")
    found: list[_WordFound] = []
    for word in SENSES:
        one = _compared(model, word)
        found.append(one)
        named = [
            " | ".join(_named(one.across, side, of) for side in (0, 1)) for of in (_direct, _told)
        ]
        own = f"{one.own}/{one.asked}"
        table.add_row(word.word, *_figures(one.within, one.across), own, *named)
    within = [pair for one in found for pair in one.within]
    across = [pair for one in found for pair in one.across]
    own = f"{sum(one.own for one in found)}/{sum(one.asked for one in found)}"
    table.add_row("all", *_figures(within, across), own, "", "", style="bold")
    CONSOLE.print(table)
    parted = sum(_cosine(one.within) > _cosine(one.across) for one in found)
    CONSOLE.print(f"{parted} of {len(found)} words: nearer within a sense than across")


def _compared(model: tfcli.LanguageModel, word: AmbiguousWord) -> _WordFound:
    assert model.tokenizer is not None
    every = [
        [model.tokenizer.encode(p, add_special_tokens=True) for p in s.prompts] for s in word.senses
    ]
    ids = [
        [prompt for prompt in own if _alike(model, word.word, every[0][0], prompt)] for own in every
    ]

    def pair(one: list[int], two: list[int]) -> Comparison:
        return compare_prompts(
            model.model, one, two, word=word.word, tokenizer=model.tokenizer, top_k=1
        )

    inside = [
        {(i, j): pair(own[i], own[j]) for i, j in combinations(range(len(own)), 2)} for own in ids
    ]
    between = {
        (i, j): pair(ids[0][i], ids[1][j]) for i, j in product(*(range(len(own)) for own in ids))
    }
    nearer = 0
    for side, own in enumerate(ids):
        for i in range(len(own)):
            same = [found for key, found in inside[side].items() if i in key]
            other = [found for key, found in between.items() if key[side] == i]
            nearer += _cosine(same) > _cosine(other)
    within = [found for part in inside for found in part.values()]
    return _WordFound(word, within, list(between.values()), nearer, sum(map(len, ids)))


def _alike(model: tfcli.LanguageModel, word: str, first: list[int], other: list[int]) -> bool:
    """Whether both prompts have the word by the same tokens: 大火 may be one, without 火."""
    assert model.tokenizer is not None
    try:
        find_word(word, first, other, model.tokenizer)
    except UsageError:
        return False
    return True


def _figures(within: list[Comparison], across: list[Comparison]) -> list[str]:
    baseline = mean(pair.layers[-1].baseline or 0.0 for pair in (*within, *across))
    one, two = _cosine(within) - baseline, _cosine(across) - baseline
    js = [
        mean(p.distances.jensen_shannon for p in pairs if p.distances) for pairs in (within, across)
    ]
    cosines = (f"{baseline:.2f}", f"{one:.2f}", f"{two:.2f}", f"{one - two:+.2f}")
    return [*cosines, *(f"{value:.2f}" for value in js)]


def _cosine(pairs: list[Comparison]) -> float:
    return mean(pair.layers[-1].cosine or 0.0 for pair in pairs)


def _direct(pair: Comparison, token: ContextToken) -> float:
    return token.share or 0.0


def _told(pair: Comparison, token: ContextToken) -> float:
    return (token.cosine_without or 0.0) - (pair.layers[-1].cosine or 0.0)


def _named(
    pairs: list[Comparison], side: int, of: Callable[[Comparison, ContextToken], float]
) -> str:
    """For each prompt of a sense, the word with the most of it, summed over the other's prompts."""
    shares: dict[tuple[int, ...], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    texts: dict[tuple[int, ...], tuple[str, ...]] = {}
    for pair in pairs:
        own: ComparedSide = (pair.first, pair.second)[side]
        texts[own.ids] = own.labels
        for token in own.context:
            if not token.own and not token.in_both:
                shares[own.ids][token.position] += of(pair, token)
    best = {ids: max(found, key=found.__getitem__) for ids, found in shares.items()}
    return " ".join(_whole(texts[ids], position) for ids, position in best.items())


def _whole(labels: tuple[str, ...], position: int) -> str:
    """The English word that a piece is of."""
    first = end = position
    while first and labels[first].isascii() and labels[first].isalpha():
        first -= 1
    while end + 1 < len(labels) and labels[end + 1].isascii() and labels[end + 1].isalpha():
        end += 1
    return "".join(labels[first : end + 1]).replace("␣", "")


@torch.inference_mode()
def copying(model: tfcli.LanguageModel) -> None:
    """Print the heads that look at what is copied, and the loss without each."""
    texts = _copied(model)
    scores, repeated = induction(model.model, model.tokenizer, 0)
    weights, usual = _looks_back(model, texts)
    whole = _losses(model, texts)
    count = sum(len(copies) for _, copies in texts)
    others = sum(len(ids) - 1 for ids, _ in texts) - count
    CONSOLE.print(f"{count} copied tokens: {whole[0]:.3f} nats a token; {others} others:", end=" ")
    CONSOLE.print(f"{whole[1]:.3f}")
    if repeated.first_bits is not None and repeated.second_bits is not None:
        bits = f"{repeated.first_bits:.1f} bits a token once, {repeated.second_bits:.1f} again"
        CONSOLE.print(f"random tokens given twice: {bits}")
    table = Table("head", box=None, header_style="bold")
    for name in ("weight", "usual", "induction", "copied without it", "others without it"):
        table.add_column(name, justify="right")
    for place in weights.flatten().argsort(descending=True)[:_HEADS].tolist():
        layer, head = divmod(place, weights.shape[1])
        with edited(model.model, [ablated(Place("self", "head", layer, head))]):
            losses = _losses(model, texts)
        figures = [f"{float(of[layer, head]):.3f}" for of in (weights, usual, scores)]
        pairs = zip(losses, whole, strict=True)
        costs = [f"{loss:.3f} ({loss - before:+.3f})" for loss, before in pairs]
        table.add_row(f"L{layer}H{head}", *figures, *costs)
    CONSOLE.print(table)


def _looks_back(
    model: tfcli.LanguageModel, texts: list[_CopiedText]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight on what is copied from the token before the copy, and on any key: both [L, H]."""
    there: list[torch.Tensor] = []
    anywhere: list[torch.Tensor] = []
    for ids, copies in texts:
        trace = model.trace(ids)
        asking = [place - 1 for place in copies]
        for layer in trace.layers:
            rows = layer.attention.rows(queries=asking)[0].double()  # [H, n, T]
            index = torch.tensor(list(copies.values())).expand(rows.shape[0], -1)[..., None]
            seen = torch.tensor(asking) + 1
            there.append(rows.gather(-1, index)[..., 0].sum(-1))
            anywhere.append((rows.sum(-1) / seen).sum(-1))
    layers, count = model.model.config.num_layers, sum(len(copies) for _, copies in texts)
    weights, usual = (
        torch.stack(found).unflatten(0, (-1, layers)).sum(0) / count for found in (there, anywhere)
    )
    return weights, usual


def _copied(model: tfcli.LanguageModel) -> list[_CopiedText]:
    """Ids of held-out documents, and where each token that only looking back could tell stood."""
    assert model.tokenizer is not None
    held_out = [document.text for document in documents() if document.split == "validation"]
    texts = [model.tokenizer.encode(text) for text in held_out]
    seen = Counter(token for ids in texts for token in ids)
    found: list[_CopiedText] = []
    for ids in texts:
        behind: dict[int, int] = {}  # of a token, the place behind its last
        copies: dict[int, int] = {}
        for i in range(1, len(ids)):
            source = behind.get(ids[i - 1])
            if source is not None and ids[source] == ids[i] and seen[ids[i]] <= _RARE:
                copies[i] = source
            behind[ids[i - 1]] = i
        if copies:
            found.append((ids, copies))
    return found


def _losses(model: tfcli.LanguageModel, texts: list[_CopiedText]) -> tuple[float, float]:
    """Nats a token on average: of those that are copied, and of all others."""
    losses: tuple[list[float], list[float]] = [], []
    for ids, copies in texts:
        logs = model(ids)[0].double().log_softmax(-1)
        for place in range(1, len(ids)):
            losses[place not in copies].append(-float(logs[place - 1, ids[place]]))
    return mean(losses[0]), mean(losses[1])


SECTIONS: dict[str, Callable[[tfcli.LanguageModel], None]] = {"senses": senses, "copying": copying}


def main() -> None:
    """Measure the model given, or the newest run."""
    parser = argparse.ArgumentParser(description="What a lecture claims, measured on a model.")
    parser.add_argument("--model", help="a run or a model; the newest run where it is left out")
    parser.add_argument("--section", choices=SECTIONS, help="one section; all where it is left out")
    asked = parser.parse_args()
    model = tfcli.load_model(asked.model)
    for name in [asked.section] if asked.section else SECTIONS:
        CONSOLE.rule(name)
        SECTIONS[name](model)


if __name__ == "__main__":
    main()
