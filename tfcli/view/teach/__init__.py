"""What a section means, in a few sentences with this run's own numbers, in English or Chinese.

The course is that of a first lecture on the Transformer: next-token prediction in a loop, vectors,
attention as asking (Q), answering (K) and handing over (V), residual connections, memories. Every
number in a sentence is one of the result's, written as on the screen.
"""

import re

from rich.text import Text

from tfcli.explain.result import Comparison, Explanation
from tfcli.view.explain.attention import shows_matrix
from tfcli.view.explain.lines import Pen
from tfcli.view.teach import comparison
from tfcli.view.teach.chinese import CHINESE
from tfcli.view.teach.english import ENGLISH

_LESSONS = {"en": ENGLISH, "zh": CHINESE}
_STYLE = "italic color(73)"
_INDENT = 3
# What may not begin a line in Chinese, and what may not end one.
_CLOSING, _OPENING = "，。、；：！？）》”’%％", "（《“‘"
_WIDE = "[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’]"


def lesson(pen: Pen, explanation: Explanation, section: str) -> list[Text]:
    """The lines that teach a section; none where the pen teaches in no language."""
    if pen.language is None:
        return []
    # a terminal of ASCII has no Chinese characters
    if section == "attention" and not shows_matrix(pen, explanation):
        section = "strongest"
    sentences = _LESSONS["en" if pen.ascii else pen.language].get(section)
    text = "" if sentences is None else sentences(explanation)
    return wrapped(pen, text) if text else []


def lesson_of_two(pen: Pen, found: Comparison, part: str) -> list[Text]:
    """The lines that teach a part of the screen of two prompts; none likewise."""
    if pen.language is None:
        return []
    lessons = comparison.ENGLISH if pen.ascii or pen.language == "en" else comparison.CHINESE
    text = lessons[part](found)
    return wrapped(pen, text) if text else []


def wrapped(pen: Pen, text: str) -> list[Text]:
    """The text in lines no wider than the pen, broken at spaces and between Chinese characters."""
    lines: list[Text] = [Text(" " * _INDENT)]
    for part in _unbroken(text):
        full = lines[-1].cell_len + pen.size(part.rstrip()) > pen.width
        if full and lines[-1].plain.strip():
            lines[-1].rstrip()
            lines.append(Text(" " * _INDENT))
        lines[-1].append(pen.say(part), _STYLE)
    lines[-1].rstrip()
    return lines


def _unbroken(text: str) -> list[str]:
    """Words with the space behind them, and single Chinese characters with their punctuation."""
    pattern = f"[{_OPENING}]*(?:{_WIDE}|(?:(?!{_WIDE})[^ ])+)[{_CLOSING}]* *"
    return re.findall(pattern, text)
