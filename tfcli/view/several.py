"""The screens of several prompts or models: --compare, --with, --over."""

from rich.text import Text

from tfcli.explain.result import Comparison, Formation, ModelComparison
from tfcli.view import stdout
from tfcli.view.explain import compare as explain_compare
from tfcli.view.explain import over as explain_over
from tfcli.view.explain import two_models as explain_with
from tfcli.view.explain.lines import Language, Pen

Several = Comparison | ModelComparison | Formation


def show(found: Several, language: Language | None = None) -> None:
    """Draw the screen on stdout, as wide as it is, in the characters that it shows.

    Args:
        language: in which each part is taught, where it can be; None for not at all.
    """
    pen = stdout.pen(language=language)
    stdout.write(pen, screen(pen, found))


def screen(pen: Pen, found: Several) -> list[Text]:
    """All its lines."""
    match found:
        case Comparison():
            return explain_compare.screen(pen, found)
        case ModelComparison():
            return explain_with.screen(pen, found)
        case Formation():
            return explain_over.screen(pen, found)


def title(pen: Pen, found: Several) -> list[Text]:
    """The first lines: what was read, and by whom."""
    match found:
        case Comparison():
            return explain_compare.title(pen, found)
        case ModelComparison():
            return explain_with.title(pen, found)
        case Formation():
            return explain_over.title(pen, found)
