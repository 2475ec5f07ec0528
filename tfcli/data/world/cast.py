"""People who can be in a story, with the words that go with them."""

from dataclasses import dataclass

from tfcli.data.world.grammar import Dice


@dataclass(frozen=True)
class Person:
    """A name and its pronouns; in Chinese `he`, `him` are 他 or 她 and `his` is 他的 or 她的."""

    name: str
    he: str
    him: str
    his: str
    boy: str
    man: str
    himself: str = ""

    def __str__(self) -> str:
        return self.name


def english_person(name: str, female: bool) -> Person:
    if female:
        return Person(name, "she", "her", "her", "girl", "woman", "herself")
    return Person(name, "he", "him", "his", "boy", "man", "himself")


def chinese_person(name: str, female: bool) -> Person:
    if female:
        return Person(name, "她", "她", "她的", "女孩", "女人", "她自己")
    return Person(name, "他", "他", "他的", "男孩", "男人", "他自己")


def different_people(
    dice: Dice, men: tuple[Person, ...], women: tuple[Person, ...], count: int
) -> list[Person]:
    """`count` people of different names, each as likely to be of either sex."""
    chosen: list[Person] = []
    while len(chosen) < count:
        person = dice.pick(women if dice.chance(0.5) else men)
        if person not in chosen:
            chosen.append(person)
    return chosen
