"""English names and the small word lists that every template may use."""

from tfcli.data.world.cast import english_person
from tfcli.data.world.grammar import Record, table

BOYS = tuple(
    english_person(name, female=False)
    for name in [
        "Tom",
        "Ben",
        "Sam",
        "Jack",
        "Max",
        "Leo",
        "Tim",
        "Peter",
        "Paul",
        "Henry",
        "Oscar",
        "Felix",
        "Noah",
        "Adam",
        "Daniel",
        "Will",
        "George",
        "Charlie",
        "Hugo",
        "Finn",
        "Arthur",
        "Simon",
        "Luke",
        "Theo",
        "Robin",
        "Edward",
        "Jonas",
        "Martin",
    ]
)
GIRLS = tuple(
    english_person(name, female=True)
    for name in [
        "Lily",
        "Anna",
        "Mia",
        "Emma",
        "Lucy",
        "Rose",
        "Sara",
        "Nora",
        "Ella",
        "Alice",
        "Clara",
        "Ruby",
        "Grace",
        "Molly",
        "Eva",
        "Julia",
        "Ida",
        "Hannah",
        "Ivy",
        "Kate",
        "Jane",
        "Mary",
        "Nina",
        "Zoe",
        "Ada",
        "Laura",
        "Sophie",
        "Martha",
    ]
)

TEACHERS: tuple[Record, ...] = table(
    "name he his",
    """
Miss Reed | she | her
Mister Brown | he | his
Miss Hall | she | her
Mister Stone | he | his
the old teacher | he | his
the new teacher | she | her
Grandfather | he | his
Grandmother | she | her
Uncle Ned | he | his
Aunt May | she | her
""",
)

LEXICON: dict[str, object] = {
    "colour": [
        "red",
        "blue",
        "green",
        "yellow",
        "brown",
        "white",
        "black",
        "grey",
        "pink",
        "golden",
        "orange",
        "purple",
    ],
    "weather": (
        "the sun was shining",
        "it was raining",
        "a cold wind was blowing",
        "the sky was clear and blue",
        "snow lay on the roofs",
        "the morning was misty",
        "the evening was warm and still",
        "grey clouds hung over the hills",
    ),
    "day": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "season": ["spring", "summer", "autumn", "winter"],
    "month": [
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
    ],
    "small": ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
    "nice": [
        "kind",
        "gentle",
        "cheerful",
        "quiet",
        "clever",
        "brave",
        "honest",
        "patient",
        "friendly",
        "careful",
    ],
    "city_line": (
        "it is a [lovely|lively|proud|famous|great] city",
        "[many|a great many] people live there",
        "visitors come [there |]from everywhere",
        "the streets are [always |]full of life",
        "no [visitor|traveller] forgets it",
        "trains from all sides meet there",
        "the great museums stand there",
    ),
}
LEXICON = {k: tuple(v) if isinstance(v, list) else v for k, v in LEXICON.items()}
