"""The page of several prompts or models: --compare, --with, --over."""

from tfcli.explain.result import Comparison, Formation, ModelComparison
from tfcli.view.explain.lines import Pen
from tfcli.view.html import checkpoints, models, prompts
from tfcli.view.html.frame import document
from tfcli.view.html.parts import Json, block
from tfcli.view.several import Several, screen, title


def page(found: Several, pen: Pen, command: str) -> str:
    """The document.

    Args:
        command: that was typed.
    """
    top = block(pen, "what is compared", title(pen, found))
    shown = [block(pen, "screen", screen(pen, found))]
    return document(command, ("several",), {**_parts(found), "top": top, "screen": shown})


def _parts(found: Several) -> Json:
    """What was read, the tables, and what pointing does, in words."""
    match found:
        case Comparison():
            return prompts.parts(found)
        case ModelComparison():
            return models.parts(found)
        case Formation():
            return checkpoints.parts(found)
