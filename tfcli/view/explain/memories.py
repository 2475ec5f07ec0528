"""The section that shows the feed-forward modules as memories: neurons and the words they write."""

from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import Explanation, LayerMemories, Memories, Neuron, Promoted
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, margin

_NAME, _FIRED, _NORM, _EFFECT = 9, 8, 9, 11
_WIDEST = 100  # columns of words
_NUMBERS = 3 + _NAME + _FIRED + _NORM + _EFFECT


def draw_memories(pen: Pen, explanation: Explanation) -> list[Text]:
    """The opened layers, each with the neurons that wrote most."""
    found = explanation.memories
    if found is None:
        return []
    lines: list[Text] = []
    for layer in found.layers:
        lines += [Text()] * bool(lines) + _layer(pen, explanation, found, layer)
    return lines


def _layer(pen: Pen, explanation: Explanation, found: Memories, layer: LayerMemories) -> list[Text]:
    token = explanation.tokens.tokens[found.position]
    parts = [numbers.counted(layer.neurons, "neuron")]
    if layer.experts:
        parts[0] += f" of {_experts(layer)}"
    if layer.fired < layer.neurons:
        parts.append(f"{numbers.count(layer.fired)} fire")
    parts.append(f"{numbers.count(layer.half)} write half of it")
    where = f"layer {layer.layer} at {token.position} “{pen.fit(token.label, 16)}”: "
    words: list[list[Piece]] = [[part] for part in (where + "; ".join(parts)).split(" ")]
    head = margin(pen, "MEMORIES")
    lines = pen.flow(words, " ", head=head, indent=head.cell_len, room=pen.width)
    answer = f"on “{pen.fit(found.answer_label, 5)}”" if found.against_label is None else "on gap"
    titles = (
        pen.left("neuron", _NAME),
        pen.right("fires", _FIRED),
        pen.right("‖m·v‖", _NORM),
        pen.right(answer, _EFFECT),
    )
    first, second = _word_columns(pen)
    header = pen.left("promotes", first) + "  " + pen.left("suppresses", second)
    lines.append(pen.line("   ", ("".join(titles) + "  " + header, DIM)))
    lines += [_neuron_line(pen, neuron) for neuron in layer.listed]
    if layer.others:
        lines.append(_sum_line(pen, f"{numbers.count(layer.others)} more", layer.others_effect))
    if layer.bias_effect:
        lines.append(_sum_line(pen, "bias", layer.bias_effect))
    whole = pen.line(
        "   ", pen.left("ΔE", _NAME + _FIRED), pen.right(numbers.number(layer.norm), _NORM)
    )
    whole.append(pen.right(numbers.signed(layer.effect), _EFFECT), STRONG)
    lines.append(_with_words(pen, whole, layer.promoted, layer.suppressed))
    if found.against_label is not None:
        gap = f"on gap: on the logit of “{found.answer_label}” less that of “{found.against_label}”"
        lines.append(pen.line("   ", (pen.fit(gap, pen.width - 3), DIM)))
    return lines


def _experts(layer: LayerMemories) -> str:
    word = "expert" if len(layer.experts) == 1 else "experts"
    shared = " and the shared one" if any(n.shared for n in layer.listed) else ""
    return f"{word} {', '.join(map(str, layer.experts))}{shared}"


def neuron_name(neuron: Neuron) -> str:
    """“N37”, of an expert “E5N37”, of the one that every token goes to “SN37”."""
    where = "S" if neuron.shared else "" if neuron.expert is None else f"E{neuron.expert}"
    return f"{where}N{neuron.index}"


def _neuron_line(pen: Pen, neuron: Neuron) -> Text:
    line = pen.line(
        "   ",
        pen.left(neuron_name(neuron), _NAME),
        pen.right(numbers.number(neuron.activation), _FIRED),
        pen.right(numbers.number(neuron.norm), _NORM),
        (pen.right(numbers.signed(neuron.effect), _EFFECT), ACCENT),
    )
    return _with_words(pen, line, neuron.promoted, neuron.suppressed)


def _sum_line(pen: Pen, name: str, effect: float) -> Text:
    return pen.line(
        "   ",
        (pen.left(name, _NAME + _FIRED + _NORM), DIM),
        pen.right(numbers.signed(effect), _EFFECT),
    )


def _with_words(
    pen: Pen, line: Text, promoted: Sequence[Promoted], suppressed: Sequence[Promoted]
) -> Text:
    first, second = _word_columns(pen)
    line.append("  " + _fitting(pen, promoted, first) + "  ")
    return line.append(_fitting(pen, suppressed, second), DIM)


def _word_columns(pen: Pen) -> tuple[int, int]:
    room = min(max(pen.width - _NUMBERS - 4, 2), _WIDEST)
    return room - room * 2 // 5, room * 2 // 5


def _fitting(pen: Pen, tokens: Sequence[Promoted], width: int) -> str:
    """As many labels as fit whole, the first one in any case."""
    shown = ""
    for token in tokens:
        longer = f"{shown} {pen.say(token.label)}".lstrip()
        if shown and pen.size(longer) > width:
            break
        shown = longer
    return pen.left(shown, width)
