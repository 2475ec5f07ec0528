"""Who and what comes into the English stories, and how one is told."""

from tfcli.data.world.cast import different_people
from tfcli.data.world.english.geography import COUNTRIES
from tfcli.data.world.english.stories_home import HOME_PLOTS
from tfcli.data.world.english.stories_out import OUTDOOR_PLOTS
from tfcli.data.world.english.words import BOYS, GIRLS
from tfcli.data.world.plots import tell
from tfcli.data.world.scribe import Scribe

_TOYS = [
    "kite",
    "ball",
    "drum",
    "boat",
    "hat",
    "scarf",
    "whistle",
    "cart",
    "bear",
    "doll",
    "umbrella",
    "lantern",
    "top",
    "bell",
]
_PETS = ["dog", "cat", "rabbit", "goat", "parrot", "donkey", "hen", "pony"]
_PLACES = (
    "the old bridge",
    "the river",
    "the park",
    "the market square",
    "the playground",
    "the edge of the forest",
    "the mill",
    "the harbour",
    "the big oak tree",
    "the school gate",
    "the lake",
    "the station",
)
_COLOURS = [
    "red",
    "blue",
    "green",
    "yellow",
    "white",
    "black",
    "brown",
    "golden",
    "purple",
    "orange",
]
_BIG = ["lion", "bear", "wolf", "tiger"]
_LITTLE = ["mouse", "hare", "frog", "bird", "hedgehog"]


def story(scribe: Scribe) -> str:
    """A story of several sentences about a child, a friend, a thing, an animal and a place."""
    dice = scribe.dice
    hero, friend = different_people(dice, BOYS, GIRLS, 2)
    return tell(
        scribe,
        dice.pick(HOME_PLOTS + OUTDOOR_PLOTS),
        h=hero,
        f=friend,
        toy=dice.pick(_TOYS),
        col=dice.pick(_COLOURS),
        pet=dice.pick(_PETS),
        place=dice.pick(_PLACES),
        city=str(dice.pick(COUNTRIES).capital),
        king=dice.pick(("king", "queen")),
        big=dice.pick(_BIG),
        little=dice.pick(_LITTLE),
    )
