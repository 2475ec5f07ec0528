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
from tfcli.explain.explorer import Explorer, Part, Sight
from tfcli.explain.spot import Spot
from tfcli.view.explain.lines import Language, Pen, crop
from tfcli.view.explore import panes, words
from tfcli.view.explore.arrange import Box
from tfcli.view.explore.board import Board, Wish


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
        board: what is known and looked at, and how it is drawn.
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
        pen = Pen(80, ascii, brief=False, keys=True)
        self.explorer, self.board = explorer, Board(explorer, spot, pen)
        self.failure: Exception | None = None
        self._encode, self._decode, self._start = encode, decode, start
        self._language: Language = language
        self._before: list[Spot] = []
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
        self._fill(self.size)

    def on_resize(self, event: Resize) -> None:
        self._fill(event.size)

    def _fill(self, size: Size) -> None:
        self.board.pen = replace(self.board.pen, width=size.width)
        self.board.height = size.height
        self._look()

    @property
    def spot(self) -> Spot:
        """What is looked at."""
        return self.board.spot

    @property
    def computing(self) -> bool:
        """Whether a thread is at work, or about to be."""
        return self._working is not None

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.board.computing = self.computing
        drawn = self.board.drawn()
        for name in panes.NAMES:
            self.query_one(f"#{name}", Static).display = name in drawn
        for name, (box, lines) in drawn.items():
            self._put(name, box, lines)

    def _put(self, name: str, box: Box, lines: list[Text]) -> None:
        widget = self.query_one(f"#{name}", Static)
        widget.styles.offset = (box.x, box.y)
        widget.styles.width, widget.styles.height = max(box.width, 1), max(box.height, 1)
        dots = self.board.pen.say("…")
        cut = [crop(line, box.width, dots) for line in lines[: max(box.height, 1)]]
        widget.update(Text("\n", no_wrap=True).join(cut))

    # ---- what is measured

    def _look(self) -> None:
        """Draw what is known of the spot, and have the rest measured."""
        wishes: list[Wish] = [(None, 0)] if self._going else []
        wishes += self.board.wishes()
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
            self.board.text = message.sight.explanation
        self.board.sights[message.part] = (message.spot, message.sight)
        self._draw()

    def on_explore_app_chosen(self, message: Chosen) -> None:
        if not self._going or message.spot != self.spot:
            return  # it is asked for again
        self._going -= 1
        if self.explorer.ends(message.token):
            self._going, self.board.message = 0, "The model ends the text here."
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
            self.board.message = error.message
            return
        self.failure = error
        self.exit()

    def _go(self, spot: Spot) -> None:
        """Look at another spot; a changed text can be taken back."""
        if (spot.ids, spot.written) != (self.spot.ids, self.spot.written):
            self._before.append(self.spot)
        self.board.spot, self.board.message = spot, ""
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
        asking = None if self.board.text is None else self.board.text.focus.source
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
        self.board.turn_main(number)
        self.board.message = ""
        self._look()

    def action_turn(self, by: int) -> None:
        self.action_pane((panes.NAMES.index(self.board.main) + by) % len(panes.NAMES))

    def action_scroll(self, by: int) -> None:
        self.board.scroll(by)
        self._draw()

    def action_row(self, by: int) -> None:
        self.board.mark_row(by)
        self._draw()

    def action_go_on(self) -> None:
        self._going += 1
        self.board.message = ""
        self._look()

    def action_take(self) -> None:
        """Take the marked candidate, where the table is seen and is that of the spot."""
        if "next" not in self.board.seen():
            self.action_pane(panes.NAMES.index("next"))
            return
        sight = self.board.of_spot("next")
        table = None if sight is None else sight.explanation.next
        if table is None:
            return
        row = min(self.board.looks["next"].row, len(table.candidates) - 1)
        self.board.looks["next"] = panes.Look()
        causal = self.explorer.model.config.causal
        self._go(steps.taken(self.spot, table.candidates[row].id, causal))

    def action_undo(self) -> None:
        if not self._before:
            self.board.message = "There is nothing to undo."
            self._draw()
            return
        was = self._before.pop()
        self._going, self.board.message = 0, ""
        self.board.spot = replace(
            self.spot, ids=was.ids, written=was.written, position=was.position
        )
        self._look()

    def action_teach(self) -> None:
        pen = self.board.pen
        self.board.pen = replace(pen, language=None if pen.language else self._language)
        self._draw()

    def action_keys(self) -> None:
        self.push_screen(HelpScreen(self.board.pen))

    def action_edit(self) -> None:
        line = self.query_one("#edit", Input)
        line.value = self._decode(self.spot.ids)
        line.display = True
        line.focus()

    def action_leave(self) -> None:
        line = self.query_one("#edit", Input)
        line.display = False
        self.set_focus(None)
        self.board.message = ""
        self._draw()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Another prompt; one that cannot be is said, and stays to be mended."""
        if message.value == self._decode(self.spot.ids):
            self.action_leave()
            return
        try:
            ids = tuple(self._encode(message.value))
        except TfcliError as error:
            self.board.message = error.message
            self._draw()
            return
        self.action_leave()
        self._go(self.explorer.reworded(self.spot, ids, self._start))
