"""What a lesson picks out of a result: the largest, the first, the last. Nothing is measured."""

from tfcli.explain.result import (
    BlockStep,
    Explanation,
    HeadLedger,
    HeadsGrid,
    KeyTerm,
    Lens,
    Token,
)

_ALIKE = 0.5  # of a cosine


def most_surprising(explanation: Explanation) -> Token | None:
    """The token that the model expected least; None where nothing was predicted."""
    known = [token for token in explanation.tokens.tokens if token.surprisal is not None]
    return max(known, key=lambda token: token.surprisal or 0.0, default=None)


def followed(explanation: Explanation) -> str:
    """The label of the token whose vector is followed."""
    return explanation.tokens.tokens[explanation.focus.position].label


def opened_block(explanation: Explanation) -> BlockStep | None:
    """The first block that is opened."""
    return explanation.block[0] if explanation.block else None


def opened_head(explanation: Explanation) -> HeadLedger | None:
    """The first head whose ledger is shown."""
    return explanation.qkv[0] if explanation.qkv else None


def strongest_keys(ledger: HeadLedger) -> tuple[KeyTerm, KeyTerm]:
    """The key with the largest weight, and the one that moves the vector most."""
    return max(ledger.keys, key=lambda k: k.weight), max(ledger.keys, key=lambda k: k.norm)


def decided_at(lens: Lens) -> str | None:
    """The layer from which on the answer is always the likeliest, “E” for the embedding.

    None where it comes first behind the last layer only.
    """
    settled = None
    for row in reversed(lens.rows):
        if row.answer_rank != 1:
            break
        settled = row
    if settled is None or settled is lens.rows[-1]:
        return None
    return "E" if settled.layer is None else str(settled.layer)


def was_first(lens: Lens) -> bool:
    """Whether the answer is the likeliest in some layer before the last."""
    return any(row.answer_rank == 1 for row in lens.rows[:-1])


def resembles(step: BlockStep) -> bool:
    """Whether a block leaves a vector nearer to what it was than to anything at right angles."""
    return step.cosine is not None and step.cosine >= _ALIKE


def largest_head(grid: HeadsGrid) -> tuple[str, float] | None:
    """The name and value of the head with the largest value."""
    if not grid.largest:
        return None
    best = grid.largest[0]
    return f"L{best.layer}H{best.head}", best.value


def largest_credit(explanation: Explanation) -> tuple[int, str, float] | None:
    """The layer and kind of the module that wrote most of the answer's logit, and how much."""
    if explanation.credit is None:
        return None
    parts = [
        (layer.layer, kind, value)
        for layer in explanation.credit.layers
        for kind, value in (
            ("attention", layer.attention),
            ("cross-attention", layer.cross_attention),
            ("feed-forward", layer.feed_forward),
        )
        if value is not None
    ]
    return max(parts, key=lambda part: part[2], default=None)


def size_of(explanation: Explanation, name: str) -> tuple[int, ...]:
    """The shape of one of the intermediate results; empty where it is not among them."""
    steps = explanation.shapes.steps if explanation.shapes is not None else ()
    return next((step.size for step in steps if step.name == name), ())


def worst_error(explanation: Explanation) -> float | None:
    """The largest relative error of the audit."""
    if explanation.audit is None:
        return None
    return max((check.error for check in explanation.audit.checks), default=None)
