"""Opposites, the calendar and simple sums."""

from tfcli.data.world.grammar import Record
from tfcli.data.world.topics import Topic, relation

_PAIRS = """
hot cold|big small|tall short|fast slow|happy sad|old young|open closed|full empty|light dark
early late|rich poor|strong weak|clean dirty|wet dry|hard soft|high low|good bad|loud quiet
near far|thick thin|sweet bitter|black white|true false|brave cowardly|wide narrow|deep shallow
sharp blunt|cheap expensive|safe dangerous|easy difficult|alive dead|first last|smooth rough
"""

OPPOSITES: tuple[Record, ...] = tuple(
    Record(name=a, other=b)
    for line in _PAIRS.strip().splitlines()
    for pair in line.split("|")
    for first, second in [pair.split()]
    for a, b in ((first, second), (second, first))
)

_OPPOSITE = relation("""
= say
the opposite of {x} is {x.other}.
{x} is the opposite of {x.other}.
{x} and {x.other} are opposites.
{x} means the opposite of {x.other}.
the opposite of the word {x} is {x.other}.
the word {x} has an opposite: {x.other}.
if something is not {x}, it may be {x.other}.
what is not {x} is {x.other}.
{x} is to {x.other} what {y} is to {y.other}.
= scene
from {x} to {x.other} [is a long way|it is sometimes a small step].
not {x}, but {x.other}.
one of [us|them|the two] said "{x}", and the other said "{x.other}".
{c} said {x}, and {d} said the opposite, {x.other}.
turn {x} round and you get {x.other}.
= ask
what is the opposite of {x}?
which word is the opposite of {x}?
what do you call something that is not {x}?
= reply
{x.other}.
the opposite of {x} is {x.other}.
it is {x.other}.
= also
and of {x}?
and the opposite of {x}?
and {x}?
""")

OPPOSITE_TOPIC = Topic(
    "opposites",
    OPPOSITES,
    (_OPPOSITE,),
    subject="opposites",
    often=("hot", "cold", "big", "small"),
    intros=(
        "many words have a partner that means just the opposite.",
        "we played the game of opposites: one says a word, the other turns it round.",
        "{c} and {d} love the game of opposites.",
        "words go in pairs, like shoes.",
    ),
)

_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_SEASONS = ["spring", "summer", "autumn", "winter"]


def _ring(names: list[str], kind: str) -> list[Record]:
    n = len(names)
    return [
        Record(name=name, after=names[(i + 1) % n], before=names[(i - 1) % n], kind=kind)
        for i, name in enumerate(names)
    ]


CALENDAR: tuple[Record, ...] = tuple(
    _ring(_DAYS, "day") * 2 + _ring(_MONTHS, "month") + _ring(_SEASONS, "season")
)

_AFTER = relation("""
= say
the {x.kind} after {x} is {x.after}.
after {x} comes {x.after}.
{x} is followed by {x.after}.
the {x.kind} that follows {x} is {x.after}.
when {x} is over, it is {x.after}.
{x} comes before {x.after}.
{x.after} comes [right |]after {x}.
between {x.before} and {x.after} lies {x}.
the next {x.kind} after {x} is {x.after}.
if this {x.kind} is {x}, the next one is {x.after}.
= scene
first {x}, then {x.after}.
we worked all {x}, and when {x.after} came, we were done.
{c} was ill all {x}, but by {x.after} {c.he} was well again.
= then
then comes {x.after}.
the next {x.kind} is {x.after}.
= ask
which {x.kind} comes after {x}?
what comes after {x}?
which {x.kind} follows {x}?
= reply
{x.after}.
after {x} comes {x.after}.
the {x.kind} after {x} is {x.after}.
= also
and after {x}?
and what comes after {x}?
""")

_BEFORE = relation("""
= say
the {x.kind} before {x} is {x.before}.
before {x} comes {x.before}.
{x} follows {x.before}.
if this {x.kind} is {x}, the last one was {x.before}.
= ask
which {x.kind} comes before {x}?
what comes before {x}?
= reply
{x.before}.
before {x} comes {x.before}.
= also
and before {x}?
""")

CALENDAR_TOPIC = Topic(
    "calendar",
    CALENDAR,
    (_AFTER, _AFTER, _AFTER, _BEFORE),
    subject="the days and the months",
    often=("Monday", "Friday"),
    intros=(
        "a week has seven days, and a year has twelve months and four seasons.",
        "{c} has a new calendar on the wall.",
        "time goes round and round like a wheel.",
        "the little ones are learning the days of the week and the months of the year.",
    ),
)

NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
]

SUMS: tuple[Record, ...] = tuple(
    Record(name=f"{NUMBERS[a]} plus {NUMBERS[b]}", a=NUMBERS[a], b=NUMBERS[b], sum=NUMBERS[a + b])
    for total in range(2, 8)
    for a in range(1, total)
    for b in (total - a,)
)

_SUM = relation("""
= say
{x.a} plus {x.b} is {x.sum}.
{x.a} plus {x.b} equals {x.sum}.
{x.a} and {x.b} [make|are] {x.sum}.
if you add {x.b} to {x.a}, you get {x.sum}.
{x.a} [apples|coins|eggs|birds|books] and {x.b} more make {x.sum}.
the sum of {x.a} and {x.b} is {x.sum}.
{x.sum} is {x.a} plus {x.b}.
= scene
{c} had {x.a} [marbles|nuts|stamps|shells], {d} gave {c.him} {x.b} more, and then {c} had {x.sum}.
count {x.a}, count {x.b} more, and you arrive at {x.sum}.
take {x.b} away from {x.sum}, and you still have {x.a}.
= ask
how much is {x.a} plus {x.b}?
what is {x.a} plus {x.b}?
what is the sum of {x.a} and {x.b}?
= reply
{x.sum}.
{x.a} plus {x.b} is {x.sum}.
{x.a} and {x.b} make {x.sum}.
= also
and {x.a} plus {x.b}?
""")

SUM_TOPIC = Topic(
    "sums",
    SUMS,
    (_SUM,),
    subject="small sums",
    often=("two plus three",),
    intros=(
        "let us do some sums.",
        "{c} is learning to add small numbers.",
        "ten fingers are enough for these sums.",
        "numbers can be put together like bricks.",
    ),
)
