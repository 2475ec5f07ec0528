"""`tfcli explain --svg`, `--png`, `--html`: files in place of the screen on stdout."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tfcli.errors import UsageError

if TYPE_CHECKING:
    from tfcli.view.explain.lines import Pen
    from tfcli.view.picture import Screen

_PROMPT_SHOWN = 60


@dataclass(frozen=True)
class Files:
    """The files that are asked for; None for those that are not."""

    svg: Path | None
    png: Path | None
    html: Path | None

    @property
    def any(self) -> bool:
        """Whether one is: stdout then gets nothing but what `--json` asks for."""
        return bool(self._places)

    @property
    def _places(self) -> dict[str, Path]:
        named = {"--svg": self.svg, "--png": self.png, "--html": self.html}
        return {flag: place for flag, place in named.items() if place is not None}

    def require(self, by_key: bool, fit_lens: str | None) -> None:
        """Refuse, before anything is computed, what could not be written in the end.

        Raises:
            UsageError: a place is a folder or named twice, there is no screen to draw, or what
                draws it is missing.
        """
        places = self._places
        for flag, place in places.items():
            if by_key or fit_lens is not None:
                raise UsageError(f"{flag} cannot be combined with --{_other(by_key)}.")
            if place.is_dir() or not place.name:
                raise UsageError(
                    f"{place} is a folder: {flag} writes a file.",
                    hint=f"{flag} {place / ('explain.' + flag.removeprefix('--'))}",
                )
        if len({place.absolute() for place in places.values()}) < len(places):
            raise UsageError(f"{' and '.join(places)} name the same file.")
        if self.png is not None:
            from tfcli.view.picture import require_png

            require_png()

    def write(
        self,
        screen: "Screen",
        page: "Callable[[Pen, str], str]",
        title: str,
        brief: bool,
        language: Literal["en", "zh"] | None,
    ) -> None:
        """Write a screen into each of the files, and say on stderr where.

        Args:
            screen: draws its lines.
            page: makes a document of HTML, under a title.
            title: the command that was typed.
            brief, language: as in `view.explain.screen.show`.

        Raises:
            StorageError: one cannot be written.
        """
        from tfcli.view import picture

        pen = picture.file_pen(brief, language)
        if self.html is not None:
            picture.write_file(self.html, page(pen, title))
        if self.svg is None and self.png is None:
            return
        drawn = picture.drawn(screen(pen), pen, title)
        if self.svg is not None:
            picture.write_file(self.svg, drawn.document)
        if self.png is not None:
            picture.write_file(self.png, picture.png(drawn))


def typed(text: str | None, *options: tuple[str, str]) -> str:
    """The command for a title.

    Args:
        text: the prompt; None where there was none.
        options: flags with their values.
    """
    words = ["tfcli explain", *([] if text is None else [_shortened(text)])]
    return " ".join([*words, *(f"{flag} {_shortened(value)}" for flag, value in options)])


def _shortened(text: str) -> str:
    shown = " ".join(text.split())
    return f'"{shown[:_PROMPT_SHOWN]}{"…" * (len(shown) > _PROMPT_SHOWN)}"'


def _other(by_key: bool) -> str:
    return "by-key" if by_key else "fit-lens"
