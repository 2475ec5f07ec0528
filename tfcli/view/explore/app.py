"""The application of `tfcli explore`: keys change a `Spot`, and the panes follow it.

What a spot shows is measured in a thread, part by part, while the keys go on working; where a
newer spot is asked for meanwhile, the rest of the older one is left out.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key, Resize
from textual.filter import NoColor
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tfcli.errors import TfcliError
from tfcli.explain import spot as steps
from tfcli.explain.explorer import FURTHER, PLAIN, Explorer, Part, Sight
from tfcli.explain.result import Explanation
from tfcli.explain.spot import Spot
from tfcli.view.explain_lines import DIM, Language, Pen, crop
from tfcli.view.explore import grid, panes, strip, words
from tfcli.view.explore.arrange import Arrangement, Box, arrange
from tfcli.view.teach import lesson

# A part to measure and the room for its matrix; None for the token that comes next.
Wish = tuple[Part | None, int]


class HelpScreen(ModalScreen[None]):
    """All keys; any of them closes it."""

    def __init__(self, pen: Pen) -> None:
        super().__init__()
        self._pen = pen

    def compose(self) -> ComposeResult:
        yield Static(Text("\n").join(words.help_lines(self._pen)))

    def on_key(self, event: Key) -> None:
        event.stop()
        self.dismiss()


class ExploreApp(App[None]):
    """The screen.

    Attributes:
        spot: what is looked at.
        failure: an error that is no user's, which ended the application.
    """

    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    CSS = """
    Screen { overflow: hidden; background: ansi_default; color: ansi_default; }
    Static { position: absolute; width: 1; height: 1; }
    Input { dock: bottom; border: none; height: 1; padding: 0 1; display: none; }
    HelpScreen { overflow-y: auto; }
    HelpScreen Static { position: relative; width: auto; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "token(-1)"),
        Binding("right", "token(1)"),
        Binding("home", "token(-1000000000)"),
        Binding("end", "token(1000000000)"),
        Binding("up", "layer(-1)"),
        Binding("down", "layer(1)"),
        Binding("h,shift+left", "head(-1)"),
        Binding("l,shift+right", "head(1)"),
        Binding("m", "measure"),
        Binding("k", "kind"),
        Binding("a", "ablate"),
        Binding("A", "clear"),
        *(Binding(str(i), f"pane({i - 1})") for i in range(1, len(panes.NAMES) + 1)),
        Binding("tab", "turn(1)", priority=True),
        Binding("shift+tab", "turn(-1)", priority=True),
        Binding("pagedown", "scroll(1)"),
        Binding("pageup", "scroll(-1)"),
        Binding("n", "row(1)"),
        Binding("p", "row(-1)"),
        Binding("g", "go_on"),
        Binding("enter", "take"),
        Binding("u,backspace", "undo"),
        Binding("slash,e", "edit"),
        Binding("escape", "leave", priority=True),
        Binding("t", "teach"),
        Binding("question_mark", "keys"),
        Binding("q,ctrl+c,ctrl+d", "quit"),
    ]

    class Arrived(Message):
        """A part was measured."""

        def __init__(self, spot: Spot, part: Part, sight: Sight) -> None:
            super().__init__()
            self.spot, self.sight = spot, sight
            self.part: Part = part

    class Chosen(Message):
        """The token that comes next."""

        def __init__(self, spot: Spot, token: int) -> None:
            super().__init__()
            self.spot, self.token = spot, token

    class Ended(Message):
        """The thread has done what it was asked for, or failed."""

        def __init__(self, asked: object, error: Exception | None) -> None:
            super().__init__()
            self.asked, self.error = asked, error

    def __init__(
        self,
        explorer: Explorer,
        spot: Spot,
        *,
        encode: Callable[[str], list[int]],
        decode: Callable[[tuple[int, ...]], str],
        start: tuple[int, ...] = (),
        ascii: bool = False,
        colored: bool = True,
        language: Language = "en",
    ) -> None:
        """Open at a spot.

        Args:
            encode: the ids of a prompt; UsageError where it cannot be one.
            decode: the text that stands in the line where the prompt is edited.
            start: what a decoder beside an encoder begins with.
            language: of the sentences that teach.
        """
        super().__init__(ansi_color=True)
        self.explorer, self.spot = explorer, spot
        self.failure: Exception | None = None
        self._encode, self._decode, self._start = encode, decode, start
        self._pen = Pen(80, ascii, brief=False)
        self._language: Language = language
        self._main: panes.Name = "head"
        self._looks: dict[panes.Name, panes.Look] = {name: panes.Look() for name in panes.NAMES}
        self._sights: dict[Part, tuple[Spot, Sight]] = {}
        self._text: Explanation | None = None
        self._before: list[Spot] = []
        self._message = ""
        self._size_to_fill = Size(80, 24)
        self._going = 0  # tokens that are still to be appended
        self._asked: object = None
        self._working: object = None
        if not colored and not any(isinstance(f, NoColor) for f in self._filters):
            self._filters.append(NoColor())

    def _fatal_error(self) -> None:
        """Leave the screen; the command tells of the error, as of any other."""
        error = sys.exception()
        self.failure = error if isinstance(error, Exception) else None
        self._close_messages_no_wait()

    # ---- what is on the screen

    def compose(self) -> ComposeResult:
        for name in ("title", "strip", "grid", "tabs", "footer", *panes.NAMES):
            yield Static(id=name)
        yield Input(id="edit", select_on_focus=False)

    def on_mount(self) -> None:
        self.theme = "ansi-dark"
        self._size_to_fill = self.size
        self._look()

    def on_resize(self, event: Resize) -> None:
        self._size_to_fill = event.size
        self._look()

    @property
    def computing(self) -> bool:
        """Whether a thread is at work, or about to be."""
        return self._working is not None

    def _arrangement(self) -> Arrangement:
        config = self.explorer.model.config
        return arrange(
            self._size_to_fill.width,
            self._size_to_fill.height,
            strip.lines_of(config.encoder is not None, config.causal),
            grid.size(*self.explorer.extents[self.spot.kind]),
            len(panes.NAMES),
        )

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        places = self._arrangement()
        seen = panes.shown(self._main, len(places.panes))
        pen = replace(self._pen, width=self._size_to_fill.width)
        self._put("title", places.title, [words.title(pen, self._text, self.spot, self.computing)])
        self._put("tabs", places.tabs, [words.tabs(self._main, self._part("more"))])
        self._put("footer", places.footer, [words.footer(pen, self._message)])
        if self._text is not None and self._is_of_this_text(self._text):
            self._put("strip", places.strip, strip.draw_strip(pen, self._text, self.spot))
        heads = self._sights.get("heads")
        if heads is not None:
            narrow = replace(pen, width=places.grid.width)
            drawn = grid.draw_grid(narrow, heads[1].explanation, self.spot, places.grid.height)
            self._put("grid", places.grid, drawn)
        boxes = dict(zip(seen, places.panes, strict=True))
        for name in panes.NAMES:
            self.query_one(f"#{name}", Static).display = name in boxes
            if name in boxes:
                self._draw_pane(name, boxes[name])

    def _draw_pane(self, name: panes.Name, box: Box) -> None:
        found = self._sights.get(self._part(name))
        if found is None:
            self._put(name, box, [])
            return
        pen = replace(self._pen, width=box.width)
        lines = panes.draw_pane(pen, name, found[1], self._looks[name])
        if pen.language:
            lines += [Text(), *lesson(pen, found[1].explanation, self._part(name))]
        note = ""
        if self.spot.ablated and self._part(name) in PLAIN:
            note = "Of the model with all its heads:"
        elif name == "head" and found[0].place in found[0].ablated:
            note = "Taken away: it weighs the keys, and gives nothing."
        if note:
            lines = [pen.line("   ", (note, DIM)), *lines]
        top = min(self._looks[name].top, panes.last_top(len(lines), box.height))
        self._looks[name] = replace(self._looks[name], top=top)
        self._put(name, box, panes.visible(pen, lines, top, box.height))

    def _put(self, name: str, box: Box, lines: list[Text]) -> None:
        widget = self.query_one(f"#{name}", Static)
        widget.styles.offset = (box.x, box.y)
        widget.styles.width, widget.styles.height = max(box.width, 1), max(box.height, 1)
        cut = [crop(line, box.width, self._pen.say("…")) for line in lines[: max(box.height, 1)]]
        widget.update(Text("\n", no_wrap=True).join(cut))

    def _part(self, name: panes.Name) -> Part:
        return panes.part_of(name, self._looks[name])

    def _is_of_this_text(self, explanation: Explanation) -> bool:
        length = len(explanation.source.tokens) if explanation.source else len(explanation.ids)
        return explanation.ids == self.spot.followed and length == len(self.spot.ids)

    # ---- what is measured

    def _look(self) -> None:
        """Draw what is known of the spot, and have the rest measured."""
        places = self._arrangement()
        wishes: list[Wish] = [(None, 0)] if self._going else []
        wishes.append(("heads", 0))
        for name, box in zip(panes.shown(self._main, len(places.panes)), places.panes, strict=True):
            room = panes.matrix_room(box.width, box.height) if name == "weights" else 0
            wishes.append((self._part(name), room))
        self._asked = (self.spot, tuple(wishes))
        if self._working is None:
            self._working = self._asked
            self._measure(self.spot, tuple(wishes))
        self._draw()

    @work(thread=True)
    def _measure(self, spot: Spot, wishes: tuple[Wish, ...]) -> None:
        asked = (spot, wishes)
        error: Exception | None = None
        try:
            for wish in wishes:
                if self._asked != asked:
                    break
                part, room = wish
                if part is None:
                    self.post_message(self.Chosen(spot, self.explorer.likeliest(spot)))
                else:
                    sight = self.explorer.look(spot, part, room)
                    self.post_message(self.Arrived(spot, part, sight))
        except Exception as found:  # told in the line at the bottom, or by the command at its end
            error = found
        self.post_message(self.Ended(asked, error))

    def on_explore_app_arrived(self, message: Arrived) -> None:
        if message.part == "heads":
            self._text = message.sight.explanation
        self._sights[message.part] = (message.spot, message.sight)
        self._draw()

    def on_explore_app_chosen(self, message: Chosen) -> None:
        if not self._going or message.spot != self.spot:
            return  # it is asked for again
        self._going -= 1
        if self.explorer.ends(message.token):
            self._going, self._message = 0, "The model ends the text here."
            self._draw()
        elif self.explorer.model.config.causal:
            self._go(steps.appended(self.spot, message.token))
        else:
            self._go(steps.taken(self.spot, message.token, causal=False))

    def on_explore_app_ended(self, message: Ended) -> None:
        self._working = None
        if message.error is not None:
            self._fail(message.error)
            if message.asked == self._asked:
                self._draw()
                return
        if message.asked != self._asked:
            self._look()
        self._draw()

    def _fail(self, error: Exception) -> None:
        """Say what the user can mend; end where it is a fault of the program."""
        self._going = 0
        if isinstance(error, TfcliError):
            self._message = error.message
            return
        self.failure = error
        self.exit()

    def _go(self, spot: Spot) -> None:
        """Look at another spot; a changed text can be taken back."""
        if (spot.ids, spot.written) != (self.spot.ids, self.spot.written):
            self._before.append(self.spot)
        self.spot, self._message = spot, ""
        self._look()

    # ---- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While the prompt is edited or the help is read, keys are not for the panes."""
        if len(self.screen_stack) > 1:
            return action == "quit"
        if isinstance(self.focused, Input):
            return action in ("leave", "quit")
        return True

    def action_token(self, by: int) -> None:
        asking = None if self._text is None else self._text.focus.source
        if self.spot.kind == "encoder" and asking is not None:
            here = asking if self.spot.source is None else self.spot.source
            self._go(steps.source_moved(self.spot, by, here))
        else:
            self._go(steps.token_moved(self.spot, by))

    def action_layer(self, by: int) -> None:
        self._go(steps.layer_moved(self.spot, by, self.explorer.extents))

    def action_head(self, by: int) -> None:
        self._go(steps.head_moved(self.spot, by, self.explorer.extents))

    def action_kind(self) -> None:
        self._go(steps.kind_turned(self.spot, self.explorer.extents))

    def action_measure(self) -> None:
        self._go(steps.measure_turned(self.spot))

    def action_ablate(self) -> None:
        self._go(steps.ablation_toggled(self.spot))

    def action_clear(self) -> None:
        self._go(steps.ablations_cleared(self.spot))

    def action_pane(self, number: int) -> None:
        name = panes.NAMES[number]
        if name == "more" and name == self._main:
            section = (self._looks[name].section + 1) % len(FURTHER)
            self._looks[name] = panes.Look(section=section)
        self._main = name
        self._message = ""
        self._look()

    def action_turn(self, by: int) -> None:
        self.action_pane((panes.NAMES.index(self._main) + by) % len(panes.NAMES))

    def action_scroll(self, by: int) -> None:
        look, box = self._looks[self._main], self._arrangement().panes[0]
        self._looks[self._main] = replace(look, top=max(look.top + by * max(box.height - 2, 1), 0))
        self._draw()

    def action_row(self, by: int) -> None:
        look, found = self._looks["next"], self._sights.get("next")
        table = None if found is None else found[1].explanation.next
        last = 0 if table is None else len(table.candidates) - 1
        self._looks["next"] = replace(look, row=max(0, min(look.row + by, last)))
        self._draw()

    def action_go_on(self) -> None:
        self._going += 1
        self._message = ""
        self._look()

    def action_take(self) -> None:
        """Take the marked candidate, where the table is seen and is that of the spot."""
        places = self._arrangement()
        if "next" not in panes.shown(self._main, len(places.panes)):
            self.action_pane(panes.NAMES.index("next"))
            return
        found = self._sights.get("next")
        if found is None or not _same_table(found[0], self.spot):
            return
        table = found[1].explanation.next
        if table is None:
            return
        row = min(self._looks["next"].row, len(table.candidates) - 1)
        self._looks["next"] = panes.Look()
        causal = self.explorer.model.config.causal
        self._go(steps.taken(self.spot, table.candidates[row].id, causal))

    def action_undo(self) -> None:
        if not self._before:
            self._message = "There is nothing to undo."
            self._draw()
            return
        was = self._before.pop()
        self._going, self._message = 0, ""
        self.spot = replace(self.spot, ids=was.ids, written=was.written, position=was.position)
        self._look()

    def action_teach(self) -> None:
        self._pen = replace(self._pen, language=None if self._pen.language else self._language)
        self._draw()

    def action_keys(self) -> None:
        self.push_screen(HelpScreen(replace(self._pen, width=self._size_to_fill.width)))

    def action_edit(self) -> None:
        line = self.query_one("#edit", Input)
        line.value = self._decode(self.spot.ids)
        line.display = True
        line.focus()

    def action_leave(self) -> None:
        line = self.query_one("#edit", Input)
        line.display = False
        self.set_focus(None)
        self._message = ""
        self._draw()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Another prompt; one that cannot be is said, and stays to be mended."""
        if message.value == self._decode(self.spot.ids):
            self.action_leave()
            return
        try:
            ids = tuple(self._encode(message.value))
        except TfcliError as error:
            self._message = error.message
            self._draw()
            return
        self.action_leave()
        self._go(self.explorer.reworded(self.spot, ids, self._start))


def _same_table(one: Spot, other: Spot) -> bool:
    """Whether the next-token tables of two spots are the same."""
    return (one.followed, one.ids, one.position, one.ablated) == (
        other.followed,
        other.ids,
        other.position,
        other.ablated,
    )
