"""The screen of `tfcli model info`: what a model is, without loading it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from tfcli.checkpoint.facts import ModelFacts
from tfcli.model.config import ModelConfig
from tfcli.model.size import cache_size, parameter_count
from tfcli.view import console
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, BAD, DIM, STRONG, Pen, Piece
from tfcli.view.explain.numbers import counted
from tfcli.view.model_lines import paragraph, sentence, under
from tfcli.view.model_sizes import cache_lines, memory_lines, parameter_lines
from tfcli.view.model_words import architecture_words, kind_words
from tfcli.view.pull import size

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_MOST_FILES, _MOST_TOKENS = 12, 24


@dataclass(frozen=True)
class Described:
    """What is shown.

    Attributes:
        tokenizer: None where there is none, or it cannot be used.
        tokenizer_fault: why it cannot be.
    """

    facts: ModelFacts
    tokenizer: "Tokenizer | None"
    tokenizer_fault: str = ""


def info_lines(pen: Pen, described: Described) -> Iterator[Text]:
    """The screen."""
    facts = described.facts
    config, counts = facts.config, parameter_count(facts.config)
    yield from _head(pen, facts)
    yield Text()
    for topic, words in architecture_words(config).items():
        yield from sentence(pen, topic, words)
    yield Text()
    yield from parameter_lines(pen, config, counts)
    yield Text()
    yield from memory_lines(pen, counts.total)
    cache, amounts = cache_size(config), {}
    if cache is not None and config.position != "relative":
        context = config.max_position_embeddings
        amounts[f"the context of {context:,}"] = cache.of(context, context if cache.source else 0)
    yield from cache_lines(pen, config, cache, "bfloat16", amounts)
    yield Text()
    yield from _tokenizer(pen, described)
    yield from _generation(pen, described)
    if facts.training is not None:
        yield from _training(pen, facts.training)
    yield Text()
    yield from _files(pen, facts)


def _head(pen: Pen, facts: ModelFacts) -> Iterator[Text]:
    config, counts = facts.config, parameter_count(facts.config)
    active = f", {numbers.amount(counts.active)} a token" * (counts.active != counts.total)
    title: list[list[Piece]] = [
        [(console.printable(str(facts.path)), STRONG)],
        [f"{kind_words(config)}, {facts.family.MODEL_TYPE}"],
        [(numbers.amount(counts.total), ACCENT), f" parameters{active}"],
    ]
    yield from paragraph(pen, "MODEL", title)
    layers = counted(config.num_layers, "layer")
    if config.encoder is not None:
        layers = f"{config.encoder.num_layers} + {layers}"
    shared = config.num_kv_heads
    few = f" ({shared:,} key/value)" if shared != config.num_heads else ""
    shape: Sequence[Sequence[Piece]] = [
        [f"{layers} × {counted(config.num_heads, 'head')}{few} × {config.head_dim}"],
        [f"width {config.hidden_size:,}"],
        [f"inner width {config.intermediate_size:,}"],
        [f"vocabulary {config.vocab_size:,}"],
    ]
    yield from paragraph(pen, "SIZES", shape)
    yield from paragraph(pen, "CONTEXT", [[context_words(config)]])


def context_words(config: ModelConfig) -> str:
    """How long a text may be: as the configuration says, and how far tfcli reads."""
    if config.position == "relative":
        return "no limit but memory"
    longest = config.max_position_embeddings
    if config.context <= longest:
        return counted(longest, "token")
    return f"{longest:,} tokens; the rotation's scaling reaches {config.context:,}"


def _tokenizer(pen: Pen, described: Described) -> Iterator[Text]:
    tokenizer = described.tokenizer
    if described.tokenizer_fault:
        words = [[(part, BAD)] for part in f"cannot be used: {described.tokenizer_fault}".split()]
        yield from paragraph(pen, "TOKENIZER", words, " ")
        return
    if tokenizer is None:
        yield from paragraph(pen, "TOKENIZER", [["none: the model works on ids"]])
        return
    source = tokenizer.source.name if tokenizer.source is not None else ""
    items: list[list[Piece]] = [
        [tokenizer.kind],
        [(f"{tokenizer.vocab_size:,}", ACCENT), " ids"],
        *([[console.printable(source)]] if source else []),
    ]
    yield from paragraph(pen, "TOKENIZER", items)
    special = list(tokenizer.special_tokens.items())
    roles = token_roles(tokenizer)
    tokens: list[list[Piece]] = [
        [console.printable(name), (f" {i}", DIM), f" {roles[i]}" if i in roles else ""]
        for name, i in special[:_MOST_TOKENS]
    ]
    if len(special) > _MOST_TOKENS:
        tokens.append([f"{len(special) - _MOST_TOKENS:,} more"])
    yield from paragraph(pen, "SPECIAL", tokens or [["none"]])


def token_roles(tokenizer: "Tokenizer") -> dict[int, str]:
    """What special ids are for."""
    roles = (
        ("bos", tokenizer.bos_id),
        ("eos", tokenizer.eos_id),
        ("pad", tokenizer.pad_id),
        ("unk", tokenizer.unk_id),
        ("mask", tokenizer.mask_id),
    )
    found: dict[int, str] = {}
    for role, i in roles:
        if i is not None:
            found[i] = f"{found[i]}, {role}" if i in found else role
    return found


def _generation(pen: Pen, described: Described) -> Iterator[Text]:
    facts = described.facts
    template = facts.chat_template
    where = f"a template in {console.printable(template)}" if template else "no template"
    yield from paragraph(pen, "CHAT", [[where]])
    if not facts.config.causal:
        return
    defaults = facts.generation
    items: list[list[Piece]] = []
    for name, ids in (
        ("ends at", defaults.eos_ids),
        ("the decoder begins with", _one(defaults.decoder_start_id, facts.config)),
        ("first comes", _known(defaults.forced_first_id)),
        ("last comes", _known(defaults.forced_last_id)),
        ("never", defaults.banned_ids),
    ):
        if ids:
            items.append([f"{name} {_named(described.tokenizer, ids)}"])
    yield from paragraph(pen, "GENERATION", items or [["nothing is said of it"]])


def _one(value: int | None, config: ModelConfig) -> tuple[int, ...]:
    return () if config.encoder is None else _known(value)


def _known(value: int | None) -> tuple[int, ...]:
    return () if value is None else (value,)


def _named(tokenizer: "Tokenizer | None", ids: Sequence[int]) -> str:
    """Ids, with the text of those that the tokenizer knows."""
    parts = []
    for i in ids:
        known = tokenizer is not None and 0 <= i < tokenizer.vocab_size
        piece = console.printable(tokenizer.piece(i)) if tokenizer is not None and known else ""
        parts.append(f"{piece} ({i})" if piece else str(i))
    return ", ".join(parts)


def _training(pen: Pen, training: Mapping[str, Any]) -> Iterator[Text]:
    """What `tfcli train` recorded, as far as it is of the kind that it should be."""
    items: list[list[Piece]] = []
    for name, words in (("step", "steps"), ("tokens", "tokens")):
        if isinstance(training.get(name), int):
            items.append([f"{training[name]:,} {words}"])
    for name, words in (("best_loss", "best loss"), ("best_bits_per_byte", "bits per byte")):
        if isinstance(training.get(name), float):
            items.append([f"{words} {training[name]:.3f}"])
    if items:
        yield from paragraph(pen, "TRAINED", [["by tfcli"], *items])


def _files(pen: Pen, facts: ModelFacts) -> Iterator[Text]:
    files = sorted(facts.files, key=lambda file: -file[1])
    items: list[list[Piece]] = [
        [console.printable(name), (f" {size(count)}", DIM)] for name, count in files[:_MOST_FILES]
    ]
    rest = files[_MOST_FILES:]
    if rest:
        items.append([f"{len(rest):,} more ", (size(sum(count for _, count in rest)), DIM)])
    yield from paragraph(pen, "FILES", items)
    if facts.weights is None:
        yield from under(pen, "no weights")
        return
    kinds = ", ".join(
        f"{numbers.amount(count)} in {kind}" for kind, count in facts.weights.elements.items()
    )
    yield from under(pen, f"weights: {size(facts.weights.bytes)}, {kinds}")
