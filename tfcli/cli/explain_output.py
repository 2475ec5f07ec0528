"""Where `tfcli explain` writes what it found: the screen, files, or JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import typer

from tfcli.cli.explain_files import Files
from tfcli.view import console

if TYPE_CHECKING:
    from tfcli.explain.request import Request
    from tfcli.explain.result import Explanation


@dataclass(frozen=True)
class Output:
    """How an explanation is shown.

    Attributes:
        files: that get the screen, in place of stdout.
        json: write it as JSON on stdout instead.
        brief, language: as in `view.explain.show`.
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
            request, measure: as in `Files.write`.
            text: the prompt; None where there was none.
            drawn: it stands on the screen already.
        """
        if self.files.any:
            self.files.write(found, request, measure, text, self.brief, self.language)
        if self.json:
            from tfcli.explain.result.documents import document

            console.write_json(document(found))
        elif not drawn and not self.files.any:
            from tfcli.view.explain import show

            show(found, self.brief, self.language)
        if self.strict and found.audit is not None and not found.audit.passed:
            console.warn("the audit failed: these numbers are not to be trusted")
            raise typer.Exit(1)
