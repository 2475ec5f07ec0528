"""A part of a saved explanation: what `explain` would have given for a request. Free of torch."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from tfcli.errors import UsageError
from tfcli.explain.request import Choice, Request, resolve_choice, resolve_position, resolve_window
from tfcli.explain.result import Explanation, Focus, HeadsGrid, Kind, SavedExplanation
from tfcli.explain.saved.cut import Cut
from tfcli.explain.saved.sections import CUTS

_GRIDS: dict[Kind, str] = {"self": "heads", "cross": "cross_heads", "encoder": "encoder_heads"}


def part(saved: SavedExplanation, request: Request) -> Explanation:
    """The sections, layers, heads, keys, rows and tokens that a request asks for.

    Equal to what `explain` gives for the request on the run that was saved, except for measured
    times. Of an explanation that was made for one screen, as much as it holds.

    Raises:
        UsageError: the request names a layer, head or window that there is not, another position,
            or what the file does not hold.
    """
    whole = saved.whole
    _require_sections(saved, request.sections)
    prompt = whole.source or whole.tokens
    window = resolve_window(request.window, len(prompt.tokens))
    if request.position is not None:
        _require_position(whole, resolve_position(request.position, len(whole.tokens.tokens)))
    if saved.complete and request.top_k > saved.rows:
        raise UsageError(f"The file holds the {saved.rows:,} likeliest tokens, no more.")
    focus = _focus(saved, request)
    found: dict[str, Any] = {}
    omitted: dict[str, str] = {}
    cut = Cut(whole, focus, request, saved.complete)
    for section in request.sections:
        if section == "heads":
            grids, reason = _measure(saved, request)
            found |= {_GRIDS[grid.kind]: grid for grid in grids}
        else:
            reason = whole.omitted.get(section)
            found |= _section(cut, section)
        if reason is not None:
            omitted[section] = reason
    return Explanation(
        sections=request.sections,
        ids=whole.ids,
        focus=focus,
        model=whole.model,
        tokens=replace(whole.tokens, window=None if whole.source else window),
        source=None if whole.source is None else replace(whole.source, window=window),
        loop=whole.loop,
        omitted=omitted,
        **found,
    )


def _section(cut: Cut, section: str) -> dict[str, Any]:
    """The fields of a section; none of one that is always there, or does not apply."""
    if section in ("model", "tokens"):
        return {}
    value = getattr(cut.whole, section)
    pick = CUTS.get(section)
    return {section: value if value is None or pick is None else pick(cut, value)}


def _measure(saved: SavedExplanation, request: Request) -> tuple[Sequence[HeadsGrid], str | None]:
    """The grids of a measure, or why it does not apply."""
    found = saved.measures.get(request.measure)
    if found is None:
        raise UsageError(
            f"The file does not hold --measure {request.measure}: it holds "
            f"{', '.join(saved.measures)}.",
            hint=f"Save the explanation with --measure {request.measure}.",
        )
    return found.grids, found.omitted


def _focus(saved: SavedExplanation, request: Request) -> Focus:
    """Where the request looks, among what is held."""
    whole, held = saved.whole, saved.whole.focus
    layers = held.layers
    if saved.complete or request.layers != "top":
        layers = _chosen(
            request.layers, whole.model.num_layers, held.layers, saved.delta_norms, "layer"
        )
    missing = sorted(set(layers) - set(held.layers))
    if missing:
        raise _not_held("layer", missing, held.layers)
    return replace(
        held,
        layers=layers,
        heads=_heads(saved, request, layers, "self"),
        cross_heads=_heads(saved, request, layers, "cross"),
        layer_was_chosen=request.layers == "top" and (saved.complete or held.layer_was_chosen),
        head_was_chosen=request.heads == "top" and (saved.complete or held.head_was_chosen),
    )


def _chosen(
    choice: Choice, count: int, held: Sequence[int], norms: Sequence[float], what: str
) -> tuple[int, ...]:
    """As `resolve_choice`; all are those that are held."""
    return tuple(held) if choice == "all" else resolve_choice(choice, count, norms, what)


def _heads(
    saved: SavedExplanation, request: Request, layers: Sequence[int], kind: Kind
) -> tuple[tuple[int, int], ...]:
    """(layer, head) of one kind of attention."""
    focus = saved.whole.focus
    held = focus.heads if kind == "self" else focus.cross_heads
    if not held or (request.heads == "top" and not saved.complete):
        return tuple(pair for pair in held if pair[0] in layers)
    count = saved.whole.model.num_heads
    found: list[tuple[int, int]] = []
    for layer in layers:
        there = [head for at, head in held if at == layer]
        deltas = _deltas(saved, kind, layer) if request.heads == "top" else ()
        found += [(layer, h) for h in _chosen(request.heads, count, there, deltas, "head")]
    missing = sorted({head for layer, head in found if (layer, head) not in held})
    if missing:
        raise _not_held("head", missing, sorted({head for _, head in held}))
    return tuple(found)


def _deltas(saved: SavedExplanation, kind: Kind, layer: int) -> Sequence[float]:
    """‖ΔE‖ of each head of a layer."""
    grids = saved.measures["delta"].grids if "delta" in saved.measures else ()
    found = next((grid for grid in grids if grid.kind == kind), None)
    values = () if found is None or layer >= len(found.values) else found.values[layer]
    if len(values) != saved.whole.model.num_heads:
        raise UsageError("The file does not say which head moves the token most: name a --head.")
    return [0.0 if value is None else value for value in values]


def _require_sections(saved: SavedExplanation, asked: Sequence[str]) -> None:
    held = saved.whole.sections
    missing = [name for name in asked if name not in held]
    if missing:
        raise UsageError(
            f"The file does not hold {_named('the section', missing)}: it holds "
            f"{', '.join(held) or 'none'}."
        )


def _require_position(whole: Explanation, position: int) -> None:
    if position != whole.focus.position:
        raise UsageError(
            f"The file follows the token at position {whole.focus.position}: another --pos needs "
            "the model."
        )


def _not_held(what: str, missing: Sequence[int], held: Iterable[int]) -> UsageError:
    names = ", ".join(map(str, held)) or "none"
    return UsageError(
        f"The file does not hold {_named(what, missing)}: it holds {names}.",
        hint=f"Save the explanation with --{what} {','.join(map(str, missing))}.",
    )


def _named(what: str, names: Sequence[object]) -> str:
    return f"{what}{'' if len(names) == 1 else 's'} {', '.join(map(str, names))}"
