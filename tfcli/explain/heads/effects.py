"""What each head does to the answer: measured by taking it away, or by putting another in."""

import torch
from torch import Tensor

from tfcli.explain.edits.edit import extents
from tfcli.explain.edits.effects import from_other, other_run, taken_away
from tfcli.explain.edits.onward import Onward
from tfcli.explain.edits.request import Place
from tfcli.explain.precision import divergence
from tfcli.explain.result import Kind
from tfcli.explain.run import Run
from tfcli.explain.text.labels import label


def ablation_effects(run: Run) -> dict[Kind, Tensor]:
    """KL(as it is ‖ without the head) of the next token in bits, of every head by itself [L, H].

    In place of the head's output stand zeros (Michel et al. 2019; Voita et al. 2019) or its mean
    over the positions that were read, as the request's edits fill: a constant that a head always
    adds is then not counted as what it does.
    """
    onward = Onward.of(run)
    return {
        kind: torch.tensor(
            [
                [divergence(run.logits, row) for row in _without(run, onward, kind, layer, heads)]
                for layer in range(layers)
            ],
            dtype=torch.float64,
        )
        for kind, (layers, heads) in extents(run.model).items()
    }


def patching_effects(run: Run) -> dict[Kind, Tensor]:
    """How far the other prompt's output of one head carries this run to the other's answer [L, H].

    (m_patched - m_this) / (m_other - m_this), where m is the logit of the other run's answer less
    that of this run's (`answers`): 0 where nothing changes, 1 where the one head does it all
    (Vig et al. 2020; Meng et al. 2022, whose corrupted run is this one and whose clean run is the
    other). Which positions are changed is said at `from_other`. Heads of an encoder that read
    texts of two lengths are left out.
    """
    other, onward = other_run(run), Onward.of(run)
    ours, theirs = answers(run)

    def lead(logits: Tensor) -> Tensor:
        return (logits[..., theirs] - logits[..., ours]).double()

    start = lead(run.logits)
    whole = lead(other.logits) - start
    found: dict[Kind, Tensor] = {}
    for kind, (layers, heads) in extents(run.model).items():
        if kind == "encoder" and not _same_source(run, other):
            continue
        rows = []
        for layer in range(layers):
            edits = [from_other(run, Place(kind, "head", layer, head)) for head in range(heads)]
            rows.append((lead(onward.logits(kind, layer, edits)) - start) / whole)
        found[kind] = torch.stack(rows).cpu()
    return found


def answers(run: Run) -> tuple[int, int]:
    """This run's answer and the other's: the tokens that were named, else the likeliest ones."""
    against = run.request.against
    return run.answer, other_run(run).answer if against is None else against


def patching_note(run: Run) -> str:
    """What a grid of `patching_effects` says, in one line."""
    other = other_run(run)
    ours, theirs = (label(run.tokenizer, token) for token in answers(run))
    where = "at each position"
    if run.trace.ids.shape != other.trace.ids.shape:
        where = f"at {run.position}, from {other.position} of the other"
    return f"0 = “{ours}” leads as here, ** = “{theirs}” as there; taken {where}"


def _without(run: Run, onward: Onward, kind: Kind, layer: int, heads: int) -> Tensor:
    places = [Place(kind, "head", layer, head) for head in range(heads)]
    return onward.logits(kind, layer, [taken_away(run, place) for place in places])


def _same_source(run: Run, other: Run) -> bool:
    own, its = run.trace.encoder, other.trace.encoder
    return own is not None and its is not None and own.ids.shape == its.ids.shape
