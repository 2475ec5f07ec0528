"""What `tfcli explore` knows, and the lines that it makes of it: a screen without a terminal."""

from dataclasses import dataclass, field, replace

from rich.text import Text

from tfcli.explain.explorer import FURTHER, PLAIN, Explorer, Part, Sight
from tfcli.explain.result import Explanation
from tfcli.explain.spot import Spot
from tfcli.view.explain.lines import DIM, Pen
from tfcli.view.explore import grid, panes, strip, words
from tfcli.view.explore.arrange import Arrangement, Box, arrange
from tfcli.view.teach import lesson

# A part to measure and the room for its matrix; None for the token that comes next.
Wish = tuple[Part | None, int]


@dataclass
class Board:
    """The state of the screen.

    Attributes:
        explorer: measures; nothing here asks it to.
        spot: what is looked at.
        pen: as wide as the screen.
        height: of the screen, in lines.
        main: the pane that was asked for.
        looks: how each pane is looked at.
        sights: what was measured last of each part, and of which spot.
        text: the strip's and the title's, measured with the heads.
        message: stands where the keys stand.
        computing: whether something is being measured.
    """

    explorer: Explorer
    spot: Spot
    pen: Pen
    height: int = 24
    main: panes.Name = "head"
    looks: dict[panes.Name, panes.Look] = field(
        default_factory=lambda: {name: panes.Look() for name in panes.NAMES}
    )
    sights: dict[Part, tuple[Spot, Sight]] = field(default_factory=dict)
    text: Explanation | None = None
    message: str = ""
    computing: bool = False

    def arrangement(self) -> Arrangement:
        """Where everything stands."""
        config = self.explorer.model.config
        return arrange(
            self.pen.width,
            self.height,
            strip.lines_of(config.encoder is not None, config.causal),
            grid.size(*self.explorer.extents[self.spot.kind]),
            len(panes.NAMES),
        )

    def seen(self) -> dict[panes.Name, Box]:
        """The panes that there is room for, the one that was asked for first."""
        boxes = self.arrangement().panes
        return dict(zip(panes.shown(self.main, len(boxes)), boxes, strict=True))

    def part(self, name: panes.Name) -> Part:
        """What a pane shows."""
        return panes.part_of(name, self.looks[name])

    def wishes(self) -> list[Wish]:
        """What has to be measured for this screen."""
        wishes: list[Wish] = [("heads", 0)]
        for name, box in self.seen().items():
            room = panes.matrix_room(box.width, box.height) if name == "weights" else 0
            wishes.append((self.part(name), room))
        return wishes

    def of_spot(self, part: Part) -> Sight | None:
        """What was measured of a part, where the next-token table of that spot is this one's."""
        found = self.sights.get(part)
        return found[1] if found is not None and _same_table(found[0], self.spot) else None

    def turn_main(self, number: int) -> None:
        """Ask for a pane by its number, from 0; “more” again shows its next section."""
        name = panes.NAMES[number]
        if name == "more" and name == self.main:
            section = (self.looks[name].section + 1) % len(FURTHER)
            self.looks[name] = panes.Look(section=section)
        self.main = name

    def scroll(self, by: int) -> None:
        """Move the main pane by so many screens."""
        look, box = self.looks[self.main], self.seen()[self.main]
        self.looks[self.main] = replace(look, top=max(look.top + by * max(box.height - 2, 1), 0))

    def mark_row(self, by: int) -> None:
        """Mark another candidate of the next-token table."""
        look, found = self.looks["next"], self.sights.get("next")
        table = None if found is None else found[1].explanation.next
        last = 0 if table is None else len(table.candidates) - 1
        self.looks["next"] = replace(look, row=max(0, min(look.row + by, last)))

    def drawn(self) -> dict[str, tuple[Box, list[Text]]]:
        """The lines of every part of the screen that is to be drawn anew."""
        places, pen = self.arrangement(), self.pen
        title = words.title(pen, self.text, self.spot, self.computing)
        found: dict[str, tuple[Box, list[Text]]] = {
            "title": (places.title, [title]),
            "tabs": (places.tabs, [words.tabs(self.main, self.part("more"))]),
            "footer": (places.footer, [words.footer(pen, self.message)]),
        }
        if self.text is not None and self._is_of_this_text(self.text):
            found["strip"] = (places.strip, strip.draw_strip(pen, self.text, self.spot))
        heads = self.sights.get("heads")
        if heads is not None:
            narrow, explanation = replace(pen, width=places.grid.width), heads[1].explanation
            lines = grid.draw_grid(narrow, explanation, self.spot, places.grid.height)
            found["grid"] = (places.grid, lines)
        for name, box in self.seen().items():
            found[name] = (box, self._pane(name, box))
        return found

    def _pane(self, name: panes.Name, box: Box) -> list[Text]:
        part = self.part(name)
        found = self.sights.get(part)
        if found is None:
            return []
        spot, sight = found
        pen = replace(self.pen, width=box.width)
        lines = panes.draw_pane(pen, name, sight, self.looks[name])
        if pen.language:
            lines += [Text(), *lesson(pen, sight.explanation, part)]
        note = ""
        if self.spot.ablated and part in PLAIN:
            note = "Of the model with all its heads:"
        elif name == "head" and spot.place in spot.ablated:
            note = "Taken away: it weighs the keys, and gives nothing."
        if note:
            lines = [pen.line("   ", (note, DIM)), *lines]
        top = min(self.looks[name].top, panes.last_top(len(lines), box.height))
        self.looks[name] = replace(self.looks[name], top=top)
        return panes.visible(pen, lines, top, box.height)

    def _is_of_this_text(self, explanation: Explanation) -> bool:
        length = len(explanation.source.tokens) if explanation.source else len(explanation.ids)
        return explanation.ids == self.spot.followed and length == len(self.spot.ids)


def _same_table(one: Spot, other: Spot) -> bool:
    """Whether the next-token tables of two spots are the same."""
    return (one.followed, one.ids, one.position, one.ablated) == (
        other.followed,
        other.ids,
        other.position,
        other.ablated,
    )
