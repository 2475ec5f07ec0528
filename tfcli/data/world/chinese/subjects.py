"""The Chinese subjects and how much of the corpus each of them fills."""

from collections.abc import Callable

from tfcli.data.world.chinese import geography, nature, science, words_and_numbers, work
from tfcli.data.world.chinese.cat_stories import cat_story
from tfcli.data.world.chinese.copying import COPYING
from tfcli.data.world.chinese.frames import FRAMES, lesson_cast
from tfcli.data.world.chinese.more_senses import MORE_SENSE_TEXTS
from tfcli.data.world.chinese.roles import ROLES
from tfcli.data.world.chinese.senses import SENSE_TEXTS
from tfcli.data.world.chinese.stories import story
from tfcli.data.world.chinese.terms import TERMS
from tfcli.data.world.copying import copy_page
from tfcli.data.world.roles import role_page
from tfcli.data.world.scribe import Scribe
from tfcli.data.world.senses import sense_page
from tfcli.data.world.terms import term_page
from tfcli.data.world.topics import Topic, fact_chat, fact_page, story_chat

TOPICS: tuple[Topic, ...] = (
    geography.GEOGRAPHY,
    science.DISCOVERIES,
    science.INVENTIONS,
    science.ARTS,
    science.EINSTEIN,
    nature.ANIMAL_TOPIC,
    nature.COLOUR_TOPIC,
    words_and_numbers.OPPOSITE_TOPIC,
    words_and_numbers.CALENDAR_TOPIC,
    words_and_numbers.SUM_TOPIC,
    work.JOB_TOPIC,
    work.MATERIAL_TOPIC,
)


_TELLERS = {"小猫": cat_story, "孩子": story, "朋友": story}


def _page(topic: Topic) -> Callable[[Scribe], str]:
    return lambda scribe: fact_page(scribe, FRAMES, topic)


def _chat(scribe: Scribe) -> str:
    if scribe.dice.chance(0.15):
        return story_chat(scribe, FRAMES, _TELLERS)
    return fact_chat(scribe, FRAMES, TOPICS)


# The lecture's own words come more often than the others.
_OFTEN = {"苹果": 4, "小米": 2, "杜鹃": 2}
_SENSE_TEXTS = tuple(
    text for text in SENSE_TEXTS + MORE_SENSE_TEXTS for _ in range(_OFTEN.get(text.word, 1))
)


def _senses(scribe: Scribe) -> str:
    return sense_page(scribe, _SENSE_TEXTS, **lesson_cast(scribe))


def _roles(scribe: Scribe) -> str:
    return role_page(scribe, ROLES)


def _terms(scribe: Scribe) -> str:
    return term_page(scribe, FRAMES, TERMS)


def _copying(scribe: Scribe) -> str:
    return copy_page(scribe, COPYING)


CHINESE_SUBJECTS: tuple[tuple[str, float, Callable[[Scribe], str]], ...] = (
    ("geography", 20, _page(geography.GEOGRAPHY)),
    ("discoveries", 10, _page(science.DISCOVERIES)),
    ("inventions", 2, _page(science.INVENTIONS)),
    ("arts", 2, _page(science.ARTS)),
    ("einstein", 1.5, _page(science.EINSTEIN)),
    ("animals", 8, _page(nature.ANIMAL_TOPIC)),
    ("colours", 5, _page(nature.COLOUR_TOPIC)),
    ("opposites", 6, _page(words_and_numbers.OPPOSITE_TOPIC)),
    ("calendar", 4, _page(words_and_numbers.CALENDAR_TOPIC)),
    ("sums", 3, _page(words_and_numbers.SUM_TOPIC)),
    ("work", 6, _page(work.JOB_TOPIC)),
    ("materials", 2, _page(work.MATERIAL_TOPIC)),
    ("cats", 6, cat_story),
    ("stories", 8, story),
    ("senses", 13, _senses),
    ("roles", 10, _roles),
    ("copying", 8, _copying),
    ("terms", 2, _terms),
    ("chat", 10, _chat),
)
