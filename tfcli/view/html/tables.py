"""Sections of the screen that the page shows as tables: what comes next, and the checks."""

from collections.abc import Sequence

from tfcli.explain.result import Audit, BlockStep, Credit, Explanation, Lens, NextTokens
from tfcli.view.explain import numbers
from tfcli.view.html.parts import Json, table


def tables(explanation: Explanation) -> list[Json]:
    """The tables of the sections that were asked for, in the order of the screen."""
    found: list[Json] = []
    if explanation.next is not None:
        found.append(_next(explanation.next, explanation.model.kind == "encoder"))
    if explanation.block is not None:
        found.append(_block(explanation.block))
    if explanation.lens is not None:
        found.append(_lens(explanation.lens))
    if explanation.credit is not None:
        found.append(_credit(explanation.credit))
    if explanation.audit is not None:
        found.append(_audit(explanation.audit))
    return found


def _next(found: NextTokens, fills: bool) -> Json:
    changed = found.settings not in ({"temperature": 1.0}, {"temperature": 0.0})
    rows = [
        [
            str(row.rank),
            row.label,
            str(row.id),
            numbers.number(row.logit),
            *([numbers.probability(row.plain_probability)] if changed else []),
            numbers.probability(row.probability),
            numbers.probability(row.cumulative),
        ]
        for row in found.candidates
    ]
    force = ", ".join(f"{k.replace('_', '-')} {v:g}" for k, v in found.settings.items())
    if found.settings.get("temperature") == 0:
        force += " takes the first row · p is at temperature 1"
    where = "What fills" if fills else "What may follow"
    return table(
        "next",
        f"{where} position {found.position}",
        ["rank", "token", "id", "logit", *(["p before"] if changed else []), "p", "cumulative"],
        rows,
        bars=[row.probability for row in found.candidates],
        marked=[0],
        words=[1],
        note=f"{force} · {numbers.count(found.kept)} tokens are left · "
        f"entropy {numbers.number(found.entropy)} bits",
    )


def _block(steps: Sequence[BlockStep]) -> Json:
    write = numbers.number if len(steps) > 1 else numbers.norm  # as the screen has one or several
    crossed = any(step.cross_attention is not None for step in steps)
    rows = [
        [
            str(step.layer),
            write(step.residual_in),
            write(step.attention),
            *([write(step.cross_attention or 0.0)] if crossed else []),
            write(step.residual_mid),
            write(step.feed_forward),
            write(step.residual_out),
            numbers.cosine(step.cosine),
        ]
        for step in steps
    ]
    cross = ["+ cross"] if crossed else []
    names = ["layer", "|E|", "+ attention", *cross, "middle", "+ feed-forward", "|E'|", "cos"]
    return table("block", "What each opened block adds: norms", names, rows)


def _lens(lens: Lens) -> Json:
    against = lens.against_label is not None
    named = f"p of “{lens.answer_label}”"
    rows = [
        [
            "E" if row.layer is None else str(row.layer),
            row.top_label,
            numbers.probability(row.top_probability),
            numbers.probability(row.answer_probability),
            numbers.count(row.answer_rank),
            *([numbers.signed(row.difference)] if against else []),
            numbers.number(row.kl),
            numbers.number(row.entropy),
        ]
        for row in lens.rows
    ]
    gap = ["logit gap"] if against else []
    names = ["layer", "most likely", "p", named, "rank", *gap, "KL, bits", "entropy, bits"]
    marked = [i for i, row in enumerate(lens.rows) if row.top_id == lens.answer_id]
    return table("lens", "What each layer would say", names, rows, marked=marked, words=[1])


def _credit(credit: Credit) -> Json:
    crossed = credit.cross_attention is not None
    rows = [
        [
            str(layer.layer),
            numbers.signed(layer.attention),
            *([numbers.signed(layer.cross_attention)] if crossed else []),
            numbers.signed(layer.feed_forward),
            numbers.signed(layer.both),
        ]
        for layer in credit.layers
    ]
    largest = max((abs(layer.both) for layer in credit.layers), default=0.0)
    parts = (("embedding", credit.embedding), ("position", credit.position))
    parts += (("segment", credit.segment), ("attention", credit.attention))
    parts += (("cross-attention", credit.cross_attention), ("feed-forward", credit.feed_forward))
    parts += (("bias", credit.bias),)
    sums = "  ".join(f"{name} {numbers.signed(v)}" for name, v in parts if v is not None)
    less = "" if credit.against_label is None else f" less that of “{credit.against_label}”"
    logit = numbers.number(credit.logit)
    relation = "=" if credit.adds_up else f"(in sum {numbers.number(credit.total)}) ≠"
    cross = ["cross"] if crossed else []
    return table(
        "credit",
        f"Who wrote the logit of “{credit.target_label}”{less}",
        ["layer", "attention", *cross, "feed-forward", "all" if crossed else "both"],
        rows,
        bars=[abs(layer.both) / largest if largest else 0.0 for layer in credit.layers],
        note=f"{logit} {relation} {sums}",
    )


def _audit(audit: Audit) -> Json:
    rows = [
        [
            check.name,
            check.meaning,
            numbers.error(check.error),
            numbers.error(check.tolerance),
            "pass" if check.passed else "FAIL",
        ]
        for check in audit.checks
    ]
    return table(
        "audit",
        f"Audit: {'PASS' if audit.passed else 'FAIL'}",
        ["check", "what must be so", "error", "tolerance", "verdict"],
        rows,
        words=[1],
        note=audit.note or "",
    )
