"""English names, places and code words that are made up and then recur."""

from tfcli.data.world.copying import CopyBook
from tfcli.data.world.grammar import Dice, Record, lines
from tfcli.data.world.plots import plots

_MEN = [
    "Tobin",
    "Alder",
    "Rufus",
    "Casper",
    "Edgar",
    "Milo",
    "Osric",
    "Jasper",
    "Linus",
    "Barney",
    "Hector",
    "Silas",
    "Ambrose",
    "Quentin",
    "Rory",
    "Duncan",
    "Percy",
    "Gideon",
    "Cyril",
    "Magnus",
    "Tristan",
    "Basil",
    "Rowan",
    "Ezra",
    "Ivor",
    "Luther",
    "Morris",
    "Nestor",
]
_WOMEN = [
    "Edda",
    "Petra",
    "Orla",
    "Maud",
    "Winnie",
    "Thea",
    "Sybil",
    "Freya",
    "Beatrix",
    "Cora",
    "Dora",
    "Elspeth",
    "Flora",
    "Gerda",
    "Hester",
    "Isla",
    "Judith",
    "Kira",
    "Lorna",
    "Mabel",
    "Nell",
    "Odette",
    "Pippa",
    "Rhoda",
    "Selma",
    "Tess",
    "Una",
    "Verity",
]
_SURNAMES = [
    "Marlow",
    "Hale",
    "Quill",
    "Fenwick",
    "Thorne",
    "Ashby",
    "Birch",
    "Cotter",
    "Dunn",
    "Ember",
    "Finch",
    "Garrick",
    "Holm",
    "Ivers",
    "Jarvis",
    "Kestrel",
    "Larkin",
    "Mott",
    "Norwood",
    "Oakes",
    "Pym",
    "Rook",
    "Sedge",
    "Tarrant",
    "Underhill",
    "Vane",
    "Wick",
    "Yarrow",
    "Zeller",
    "Barlow",
    "Crane",
    "Dove",
    "Fallow",
    "Grove",
    "Heath",
    "Penrose",
    "Rudd",
    "Swift",
    "Tully",
    "Winter",
    "Foxley",
    "Hobbs",
    "Merrick",
]
_HEADS = [
    "Bel",
    "Tarn",
    "Mor",
    "Ash",
    "Wil",
    "Ked",
    "Fen",
    "Gal",
    "Hol",
    "Pen",
    "Rav",
    "Sel",
    "Tor",
    "Ul",
    "Var",
    "Win",
    "Yar",
    "Zan",
    "Dor",
    "Elm",
]
_TAILS = [
    "mora",
    "wick",
    "dale",
    "by",
    "ford",
    "stead",
    "holm",
    "ridge",
    "mere",
    "vale",
    "combe",
    "nook",
    "dun",
    "low",
    "hurst",
    "thorpe",
]
_CODES = [
    "lantern",
    "copper",
    "willow",
    "anchor",
    "pebble",
    "violin",
    "saddle",
    "marble",
    "ribbon",
    "thunder",
    "button",
    "feather",
    "candle",
    "harbour",
    "meadow",
    "walnut",
    "mirror",
    "barrel",
    "cotton",
    "needle",
    "tunnel",
    "orchid",
    "falcon",
    "velvet",
    "hammer",
    "ladder",
    "pepper",
    "island",
    "bottle",
    "garden",
    "pillow",
    "rocket",
    "turtle",
    "winter",
    "basket",
    "silver",
]
_DIGITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def person(dice: Dice) -> Record:
    """A made-up man or woman with first name and surname."""
    female = dice.chance(0.5)
    first = dice.pick(_WOMEN if female else _MEN)
    last = dice.pick(_SURNAMES)
    he, him, his = ("she", "her", "her") if female else ("he", "him", "his")
    return Record(name=f"{first} {last}", first=first, last=last, he=he, him=him, his=his)


def place(dice: Dice) -> str:
    """A made-up place."""
    return dice.pick(_HEADS) + dice.pick(_TAILS)


def code(dice: Dice) -> str:
    """Two words and a number, or three or four words."""
    words = dice.sample(_CODES, dice.between(2, 4))
    return " ".join([*words[:2], dice.pick(_DIGITS)] if dice.chance(0.4) else words)


_LISTS = lines("""
the teacher read the names: {l}. Then [she|he] read them once more: {l}.
the captain called {l}. An hour later the captain called again {l}.
on the list stood {l}. And on the copy of the list stood {l}.
[write|say] this down: {l}. Now read it to me: {l}.
the parrot heard {l}. All day long the parrot said {l}.
first row: {l}. The first row again: {l}. Second row: {m}. The second row again: {m}.
the letters were for {l}. The postman [knocked and|went from door to door and] asked for {l}.
in the old song they sing {l}, and the chorus answers {l}.
grandmother remembered {l}. "who was it?" we asked. "{l}," she said again.
invited were {l}. And indeed they came: {l}.
{l}: this is what the boy had to learn by heart. {l}: this is what he said in his sleep.
he wrote {l} on the wall. She came by and read {l}.
from the tower came the words {l}. From the valley the echo came back: {l}.
team one is {l}. Team two is {m}. "team one?" "{l}." "team two?" "{m}."
""")

_REPEATS = (
    ("Repeat after me: {l}.", "{l}."),
    ("Please repeat: {l}", "{l}"),
    ("[Copy|Write] this: {l}.", "{l}."),
    ("Say it again: {l}.", "{l}."),
    ("Read this list to me: {l}.", "[Here it is|Gladly|Of course]: {l}."),
    ("My list is {l}. What is on my list?", "on your list is {l}."),
)
_RECALLS = (
    (
        "My name is {p}.",
        "[Nice to meet you|Hello|Good to see you], {p.first}!",
        "What is my name?",
        "Your name is {p}.",
    ),
    (
        "The [password|secret word] is {code}. Do not forget it.",
        "[I will remember it|Good, I have it].",
        "What is the [password|secret word]?",
        "It is {code}.",
    ),
    (
        "I come from a little place called {place}.",
        "{place} sounds [nice|lovely|far away].",
        "Where do I come from?",
        "You come from {place}.",
    ),
    (
        "My friend {p} lives in {place}.",
        "[How nice|I see]! Do you often visit {p.first} {p.last} in {place}?",
        "Yes. Who lives in {place}?",
        "{p} lives in {place}.",
    ),
)

_TALES = plots("""
{p} lived in {place}, a [small|quiet|little] [town|village] [by the sea|in the hills|on a river].
in {place} everybody knew {p}.
there was once a [baker|tailor|farmer|doctor] in {place} whose name was {p}.

one [day|morning|evening], a stranger called {q} came to {place} and asked for {p}.
one [day|morning], a letter from {q} came to {place}, and it was for {p}.
in {month}, {q} moved to {place} and became the neighbour of {p}.

"I am {p}," said {p}. "and I am {q}," said {q}.
nobody in {place} had ever heard of {q}, but {p} had.
{p} was glad to see {q}, and {q} was glad to see {p}.

?70
{q} wanted to [buy|rent|see] the old mill of {place}, and {p} had the key.
{p} showed {q} the whole of {place}, from the mill to the bridge.
"tell me about {place}," said {q}, and {p} told the story of {place}.

?70
soon {p} and {q} were friends, and all of {place} was glad.
but {q} could not stay in {place}, and {p} was sad.
the people of {place} said that {p} and {q} were like two peas in a pod.

even today, when you come to {place}, they will tell you about {p} and {q}.
since then {p} and {q} write letters, and the stamps from {place} are blue.
and if {q} has not left {place}, {q} still lives next door to {p}.
====
"the password is {code}," said {p} to {q}.
{p} whispered the password to {q}: "{code}."
to get into the tower of {place}, one had to say {code}.

{q} said it over and over again: {code}, {code}.
{q} wrote it on {q.his} hand: {code}.
"{code}," {q} repeated, "{code}. I will not forget it."

at the gate of {place} the guard asked, "What is the password?"
in the middle of the night, a voice asked {q} for the password.

"{code}," said {q}, and the gate opened.
{q} took a deep breath and said, "{code}."

?60
"come in, {q}," said the guard. "{p} is waiting for you."
inside, {p} was already waiting for {q}.
====
Doctor {p.last} had a patient called {q}.
{p} and {q} were in the same class in {place}.
{p} wrote a book about {place}, and {q} painted the pictures for it.

"{q}," said {p}, "you look tired today."
{p} often talked about {q}, and {q} often talked about {p}.
the names {p} and {q} stood on the door.

?70
when {p} was ill, {q} came every day and brought soup.
in the evening {p} and {q} played chess, and {p} [always|never|sometimes] won.
once {p} lost {p.his} hat, and {q} found it on the road to {place}.

?60
"what would {p} do without {q}?" people said.
"where {p} is, {q} is not far," they said in {place}.

to this day {p} and {q} [are friends|write to each other|live in {place}].
and so the story of {p} and {q} ends.
in {place} a street is called after {p}, and another one after {q}.
====
{p} has a [dog|cat|horse|donkey] called {place}.
the [ship|boat] of {p} was called {place}.

every morning {p} calls, "{place}, {place}!"
{p} loves {place} more than anything.
"{place} is the best of all," says {p}.

one day {place} was gone, and {p} looked for {place} everywhere.
{q} wanted to have {place}, but {p} said no.

"have you seen {place}?" {p} asked {q}.
{q} offered {p} a lot of money for {place}.

in the end {q} brought {place} back to {p}.
so {place} stayed with {p}, and {q} came to visit both.
""")

COPYING = CopyBook(
    person=person,
    place=place,
    code=code,
    comma=", ",
    lists=_LISTS,
    repeats=_REPEATS,
    recalls=_RECALLS,
    tales=_TALES,
)
