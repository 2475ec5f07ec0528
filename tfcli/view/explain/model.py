"""Sections that show the model and the prompt: model, tokens, shapes, block, parameters, audit."""

import math
from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import Audit, BlockStep, Check, Explanation, ModelFacts, Token, Tokens
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import (
    ACCENT,
    BAD,
    DIM,
    GOOD,
    STRONG,
    Pen,
    Piece,
    heading,
    margin,
    on_one_line,
)

_INDENT = 9
_LABEL_WIDTH = 13
_UNIT_WIDTH = 4
_BANKS = 2


def draw_model(pen: Pen, explanation: Explanation) -> list[Text]:
    """Name, size and number format; then the shape."""
    facts = explanation.model
    shared = f" ({facts.num_kv_heads} key/value)" if facts.num_kv_heads != facts.num_heads else ""
    family = f"{facts.kind}, {facts.family}" if facts.family else facts.kind
    title: list[list[Piece]] = [
        [(pen.fit(on_one_line(facts.name), 40), STRONG)],
        [family],
        [f"{numbers.amount(facts.parameters)} parameters"],
        [f"{facts.device}, {facts.dtype}"],
    ]
    heads = f"{numbers.counted(facts.num_heads, 'head')}{shared} × {facts.head_dim}"
    if facts.encoder_layers is None:
        title.append([f"{facts.mask} mask" if facts.mask == "causal" else "no causal mask"])
        layers = [f"{numbers.counted(facts.num_layers, 'layer')} × {heads}"]
    else:
        layers = [
            f"{numbers.counted(facts.encoder_layers, 'encoder layer')} (E)",
            f"{numbers.counted(facts.num_layers, 'causal decoder layer')} (L, cross-attention X)",
            heads,
        ]
    shape: list[list[Piece]] = [
        *([part] for part in layers),
        [f"width {numbers.count(facts.hidden_size)}"],
        [f"vocabulary {numbers.count(facts.vocab_size)}"],
        *([words] for words in _peculiarities(facts)),
    ]
    first = pen.flow(title, " · ", head=margin(pen, "MODEL"), indent=_INDENT, room=pen.width)
    return first + pen.flow(shape, " · ", head=Text(" " * _INDENT), indent=_INDENT, room=pen.width)


def _peculiarities(facts: ModelFacts) -> list[str]:
    """What only some models have: experts, windows, latents; in which of the layers."""
    found: list[str] = []
    experts, window, latent = facts.experts, facts.window, facts.latent
    if experts is not None:
        shared = " and a shared one" if experts.shared else ""
        asked = f"{experts.chosen} of {numbers.counted(experts.count, 'expert')}{shared} a token"
        found.append(asked + _in_layers(facts, experts.layers))
    if window is not None:
        tokens = numbers.counted(window.tokens, "token")
        found.append(f"window of {tokens}{_in_layers(facts, window.layers)}")
    if latent is not None:
        width = f"{numbers.count(latent.key_value)} + {numbers.count(latent.turned)} turned"
        query = "" if latent.query is None else f", q through {numbers.count(latent.query)}"
        found.append(f"latent attention: k and v through {width}{query}")
    return found


def _in_layers(facts: ModelFacts, layers: int) -> str:
    return "" if layers == facts.num_layers else f" in {layers} of {facts.num_layers} layers"


def draw_tokens(pen: Pen, explanation: Explanation) -> list[Text]:
    """Every token in a column: index and text, id, and where there are any probabilities.

    Of an encoder-decoder, what the encoder read, then what the decoder has written.
    """
    if explanation.source is None:
        focus = explanation.focus.position
        return _token_lines(pen, explanation.tokens, focus, "TOKENS", _summary(explanation.tokens))
    read = _token_lines(pen, explanation.source, explanation.focus.source or 0, "ENCODER", "")
    position = explanation.focus.position
    written = _token_lines(
        pen, explanation.tokens, position, "DECODER", _summary(explanation.tokens)
    )
    return [*read, Text(), *written]


def _token_lines(pen: Pen, tokens: Tokens, focus: int, word: str, summary: str) -> list[Text]:
    columns = list(tokens.tokens)
    if tokens.window is not None:
        columns = columns[slice(*tokens.window)]
    banks = _banks(pen, columns)
    left_out = ""
    if pen.brief and tokens.window is None and len(banks) > _BANKS:
        columns = _around(columns, focus, _BANKS * min(len(bank) for bank in banks[:-1]))
        banks = _banks(pen, columns)[:_BANKS]
        columns = [token for bank in banks for token in bank]
    if len(columns) < len(tokens.tokens):
        left_out = (
            f"{columns[0].position}–{columns[-1].position} of "
            f"{numbers.counted(len(tokens.tokens), 'token')}"
        )
    lines: list[Text] = []
    for bank in banks:
        lines += _bank(pen, bank, focus, margin(pen, word if not lines else ""))
    if left_out:
        summary = f"{left_out} · {summary}" if summary else left_out
    gap = pen.width - lines[-1].cell_len - pen.size(summary)
    if gap >= 3:
        lines[-1].append(" " * gap + pen.say(summary), DIM)
    elif summary:
        lines.append(pen.line(" " * max(pen.width - pen.size(summary), 3), (summary, DIM)))
    return lines


def draw_shapes(pen: Pen, explanation: Explanation) -> list[Text]:
    """E[T,d] → Q, K, V → … → logits, with this run's sizes."""
    if explanation.shapes is None:
        return []
    size = {step.name: f"[{','.join(map(str, step.size))}]" for step in explanation.shapes.steps}

    def one(name: str) -> list[Piece]:
        found: list[Piece] = [f"{name} ", (size[name], ACCENT)]
        if name == "cross-weights":
            found += [" over the encoder's ", (size["encoder"], ACCENT)]
        return found

    inner = () if pen.brief else ("neurons", "router")
    later = ("weights", "heads", "ΔE", "cross-weights", *inner, "logits")
    keys: list[Piece] = ["  K V ", (size["K"], ACCENT)]
    if size["V"] != size["K"]:
        keys = ["  K ", (size["K"], ACCENT), "  V ", (size["V"], ACCENT)]
    items: list[list[Piece]] = [
        one("E"),
        [*one("Q"), *keys],
        [f"scores {_math(explanation.shapes.score)} ", (size["scores"], ACCENT)],
        *(one(name) for name in later if name in size),
    ]
    return pen.flow(
        items, " → ", head=margin(pen, "SHAPES"), indent=_INDENT, room=pen.width, carry=True
    )


def draw_block(pen: Pen, explanation: Explanation) -> list[Text]:
    """Norms on the way through the opened blocks."""
    steps, focus = explanation.block or (), explanation.focus
    token = explanation.tokens.tokens[focus.position]
    where = f"at {token.position} “{pen.fit(token.label, 20)}”"
    last = explanation.model.num_layers - 1
    if len(steps) != 1:
        normed = "post" in explanation.model.norm_places
        return [heading(pen, "LAYERS", where), *_block_table(pen, steps, normed)]
    step, which = steps[0], f"of 0–{last}" if last else "the only one"
    crossed = step.cross_attention is not None
    moving = "cross-attention" if crossed else "attention"
    note = f"largest {moving} |ΔE| of all layers" if focus.layer_was_chosen and last else ""
    parts = (
        ("attention", step.attention),
        ("cross-attention", step.cross_attention),
        ("feed-forward", step.feed_forward),
    )
    normed = " → norm" if "post" in explanation.model.norm_places else ""
    items: list[list[Piece]] = [
        ["|E| ", (numbers.norm(step.residual_in), ACCENT)],
        *(
            [f"+ {name} |ΔE| ", (numbers.norm(value), ACCENT), normed]
            for name, value in parts
            if value is not None
        ),
        ["→ |E'| ", (numbers.norm(step.residual_out), ACCENT)],
    ]
    items.append([" cos ", (numbers.cosine(step.cosine), ACCENT)])
    return [
        heading(pen, f"LAYER {step.layer}", f"{which}, {where}", note, pen.width),
        *pen.flow(items, " ", head=Text("   "), indent=5, room=pen.width),
    ]


def draw_parameters(pen: Pen, explanation: Explanation) -> list[Text]:
    """Where the parameters are."""
    counted = explanation.parameters
    if counted is None:
        return []
    items: list[list[Piece]] = [
        [f"{m.name} {numbers.amount(m.count)} ", (numbers.percent(m.share), ACCENT)]
        for m in counted.modules
    ]
    of_block = (numbers.percent(counted.feed_forward_of_block), ACCENT)
    of_model = (numbers.percent(counted.feed_forward_of_model), ACCENT)
    items.append(["feed-forward is ", of_block, " of a block, ", of_model, " of the model"])
    return pen.flow(items, " · ", head=margin(pen, "PARAMETERS", 13), indent=13, room=pen.width)


def draw_audit(pen: Pen, explanation: Explanation) -> list[Text]:
    """The errors of this run; PASS, or FAIL and what failed."""
    audit = explanation.audit
    if audit is None:
        return []
    verdict = ("PASS", GOOD) if audit.passed else ("FAIL", BAD)
    items: list[list[Piece]] = [
        [f"{c.name} ", (numbers.error(c.error), ACCENT if c.passed else BAD)] for c in audit.checks
    ]
    head = pen.line(" ", ("AUDIT", STRONG), " ", verdict, "  ")
    lines = pen.flow(items, "  ", head=head, indent=13, room=pen.width)
    return lines + _audit_notes(pen, audit)


def _audit_notes(pen: Pen, audit: Audit) -> list[Text]:
    notes: list[Piece] = [(f"{c.name}: {_fault(c)}", BAD) for c in audit.checks if not c.passed]
    if audit.note is not None:
        loosest = max(c.tolerance for c in audit.checks)
        notes.append((f"{audit.note}: tolerance {numbers.error(loosest)}", DIM))
    lines: list[Text] = []
    for note in notes:
        words = [[(word, note[1])] for word in note[0].split(" ")]
        lines += pen.flow(words, " ", head=Text(" " * 13), indent=13, room=pen.width)
    return lines


def _fault(check: Check) -> str:
    error = numbers.error(check.error)
    if math.isnan(check.error):
        return "the error is no number"
    return f"{error} is above {numbers.error(check.tolerance)}"


def _banks(pen: Pen, columns: Sequence[Token]) -> list[list[Token]]:
    """Columns grouped so that each group fits side by side."""
    banks: list[list[Token]] = []
    used = pen.width
    for token in columns:
        size = _column_width(pen, token)
        if used + size + _UNIT_WIDTH > pen.width:
            banks.append([])
            used = _LABEL_WIDTH
        banks[-1].append(token)
        used += size
    return banks


def _bank(pen: Pen, bank: Sequence[Token], focus: int, head: Text) -> list[Text]:
    """Four lines: what each token is, its id, its probability, its surprisal."""
    head.append(" " * (_LABEL_WIDTH - head.cell_len))
    for token in bank:
        here = token.position == focus
        width = _column_width(pen, token)
        index = f"{token.position} "
        head.append(index, f"{STRONG} {ACCENT}" if here else DIM)
        name = pen.left(token.label, width - len(index) - 2)
        head.append(name + "  ", f"{STRONG} {ACCENT}" if here else STRONG)
    rows = {"id": [str(t.id) for t in bank]}
    predicted = any(t.probability is not None for t in bank)
    if predicted:
        rows["p"] = [numbers.probability(t.probability) for t in bank]
        rows["surprisal"] = [numbers.number(t.surprisal, 1) for t in bank]
    lines = [head]
    for name, values in rows.items():
        line = Text("   ").append(pen.left(name, _LABEL_WIDTH - 3), DIM)
        for token, value in zip(bank, values, strict=True):
            line.append(pen.left(value, _column_width(pen, token)), DIM if name == "id" else "")
        lines.append(line)
    lines[-1].rstrip()
    if predicted:
        lines[-1].append("  bits", DIM)
    return lines


def _column_width(pen: Pen, token: Token) -> int:
    name = len(str(token.position)) + 1 + min(pen.size(token.label), 16)
    return max(name, len(str(token.id)), 5) + 2


def _around(columns: list[Token], focus: int, count: int) -> list[Token]:
    """At most `count` columns, with the position among them and its past before all."""
    here = next((i for i, token in enumerate(columns) if token.position == focus), 0)
    first = max(0, min(here - count * 3 // 4, len(columns) - count))
    return columns[first : first + count]


def _math(score: str) -> str:
    """The formula of all scores at once: QKᵀ for q·k."""
    return score.replace("q·k", "QKᵀ")


def _summary(tokens: Tokens) -> str:
    if tokens.bits_per_byte is not None:
        return f"{numbers.number(tokens.bits_per_byte)} bits per byte"
    if tokens.bits_per_token is not None:
        return f"{numbers.number(tokens.bits_per_token)} bits per token"
    return ""


def _block_table(pen: Pen, steps: Sequence[BlockStep], normed: bool) -> list[Text]:
    crossed = any(step.cross_attention is not None for step in steps)
    cross = ("+ cross",) if crossed else ()
    to = "→" if normed else "="  # a sum that a norm changes is no equation
    titles = ("|E|", "+ attention", *cross, f"{to} middle", "+ feed-forward", f"{to} |E'|", "cos")
    widths = [max(len(title), 7) + (1 if crossed else 2) for title in titles]
    header = Text("   " + pen.left("layer", 5), DIM)
    for title, width in zip(titles, widths, strict=True):
        header.append(pen.right(title, width))
    lines = [header]
    for step in steps:
        values = (
            step.residual_in,
            step.attention,
            *((step.cross_attention,) if crossed else ()),
            step.residual_mid,
            step.feed_forward,
            step.residual_out,
            step.cosine,
        )
        line = Text("   " + pen.left(str(step.layer), 5))
        for value, width in zip(values, widths, strict=True):
            line.append(pen.right(numbers.number(value), width))
        lines.append(line)
    return lines
