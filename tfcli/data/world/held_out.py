"""Facts of the world, asked in wordings that training never uses for them.

Each fact is stated in training in many other wordings, and each wording is used in training for
other facts, so a model that has learned the world can put the two together.
"""

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class HeldOutPrompt:
    """A prompt (no trailing space) and the text that must follow it at once."""

    prompt: str
    answer: str
    language: Language


def _english(prompt: str, answer: str) -> HeldOutPrompt:
    return HeldOutPrompt(prompt, " " + answer, "en")


def _chinese(prompt: str, answer: str) -> HeldOutPrompt:
    return HeldOutPrompt(prompt, answer, "zh")


HELD_OUT_PROMPTS: tuple[HeldOutPrompt, ...] = (
    _english("The capital of France is", "Paris"),
    _english("The capital of Japan is", "Tokyo"),
    _english("The theory of relativity was discovered by", "Einstein"),
    _english("Radium was discovered by", "Curie"),
    _english("The opposite of hot is", "cold"),
    _english("A young dog is called a", "puppy"),
    _english("The colour of a banana is", "yellow"),
    _english("The colour of a strawberry is", "red"),
    _english("A person who bakes bread is called a", "baker"),
    _english("The opposite of big is", "small"),
    _chinese("法国的首都是", "巴黎"),
    _chinese("日本的首都是", "东京"),
    _chinese("提出相对论的人是", "爱因斯坦"),
    _chinese("发现万有引力的人是", "牛顿"),
    _chinese("大的反义词是", "小"),
    _chinese("香蕉的颜色是", "黄色"),
    _chinese("熊猫最爱吃的是", "竹子"),
    _chinese("草莓的颜色是", "红色"),
    _chinese("给病人看病的人是", "医生"),
    _chinese("热的反义词是", "冷"),
)

_HELD_OUT = re.compile("|".join(re.escape(held.prompt.casefold()) for held in HELD_OUT_PROMPTS))


def is_held_out(text: str) -> bool:
    """Whether the text holds one of the held-out prompts, in any case of its letters."""
    return _HELD_OUT.search(text.casefold()) is not None
