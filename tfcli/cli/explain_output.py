"""Where `tfcli explain` writes what it found: the screen, files, or JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import typer

from tfcli.cli.explain_files import Files, typed
from tfcli.view import console

if TYPE_CHECKING:
    from tfcli.explain.request import Request
    from tfcli.explain.result import Explanation
    from tfcli.view.explain.lines import Pen
    from tfcli.view.several import Several


@dataclass(frozen=True)
class Output:
    """How an explanation is shown.

    Attributes:
        files: that get the screen, in place of stdout.
        json: write it as JSON on stdout instead.
        brief, language: as in `view.explain.screen.show`.
        strict: exit 1 where the audit failed.
    """

    files: Files
    json: bool
    brief: bool
    language: Literal["en", "zh"] | None
    strict: bool

    def show(
        self,
        found: "Explanation",
        text: str | None,
        request: "Request",
        measure: "Callable[[Request], Explanation]",
        drawn: bool = False,
    ) -> None:
        """Write it where it is asked for.

        Args:
            request: what gave it. measure: explains the same prompt under another one.
            text: the prompt; None where there was none.
            drawn: it stands on the screen already.
        """
        if self.files.any:
            from tfcli.view.explain.screen import screen

            def page(pen: "Pen", title: str) -> str:
                from tfcli.view.html.page import every_head, page

                return page(found, measure(every_head(request, found)), pen, title)

            lines = partial(screen, explanation=found)
            self.files.write(lines, page, typed(text), self.brief, self.language)
        if self.json:
            self._write_json(found)
        elif not drawn and not self.files.any:
            from tfcli.view.explain.screen import show

            show(found, self.brief, self.language)
        if self.strict and found.audit is not None and not found.audit.passed:
            console.warn("the audit failed: these numbers are not to be trusted")
            raise typer.Exit(1)

    def show_several(self, found: "Several", title: str) -> None:
        """Write what became of several prompts or models where it is asked for.

        Args:
            title: the command that was typed, for a picture or a page.
        """
        if self.files.any:
            from tfcli.view.html.several import page
            from tfcli.view.several import screen

            draw, make = partial(screen, found=found), partial(page, found)
            self.files.write(draw, make, title, self.brief, self.language)
        if self.json:
            self._write_json(found)
        elif not self.files.any:
            from tfcli.view.several import show

            show(found, self.language)

    def _write_json(self, found: "Explanation | Several") -> None:
        from tfcli.explain.result.documents import document

        console.write_json(document(found))
