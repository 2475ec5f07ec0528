"""English openings, dialogues and polite words that carry facts of any topic."""

from collections.abc import Mapping

from tfcli.data.world.cast import different_people
from tfcli.data.world.english.words import BOYS, GIRLS, TEACHERS
from tfcli.data.world.grammar import lines
from tfcli.data.world.scribe import Scribe
from tfcli.data.world.topics import Frames


def lesson_cast(scribe: Scribe) -> Mapping[str, object]:
    """t: who teaches; c and d: two children."""
    first, second = different_people(scribe.dice, BOYS, GIRLS, 2)
    return {"t": scribe.dice.pick(TEACHERS), "c": first, "d": second}


FRAMES = Frames(
    wraps=lines("""
everyone knows that {s}
as every child knows, {s}
do not forget that {s}
{t} told me that {s}
I read in a [thick |thin |big |]book that {s}
it is true that {s}
remember: {s}
my [teacher|sister|brother|neighbour] says that {s}
I have learned that {s}
{c} knows that {s}
{c} wrote on the board: {s}
the [book|paper|sign on the wall] says that {s}
of course, {s}
in [fact|truth], {s}
you may have heard that {s}
"""),
    lesson_openings=lines("""
{c} and {d} were talking with {t} about {subject}.
one [wet |cold |bright |]{day} [morning|afternoon], {t} talked with the children about {subject}.
after [lunch|school|breakfast], {c} had [a lot of|many|some] questions about {subject}.
in the last lesson on {day}, it was all about {subject}.
{c} sat [in the kitchen|on the stairs|under the tree] with {t}, and they spoke of {subject}.
{t} wanted to see what {c} and {d} knew about {subject}.
it was [raining|snowing|very hot], so {c} and {t} stayed inside and talked about {subject}.
{d} had a test the next day, and {t} helped {d.him} with {subject}.
"""),
    lesson_closings=lines("""
{c} wrote it all down in {c.his} [blue|red|green|little] book.
"now I [really |]know something about {subject}," said {c}.
that was enough for one day, and {c} and {d} ran out to play.
{t} smiled, for {c} had learned a lot.
in the evening {c} told it all to {c.his} [mother|father|sister|brother|little cousin].
{d} liked {subject} more and more.
then {t} closed the book, and they had a cup of [tea|cocoa|milk].
{c} thought about it all the way home.
"""),
    turns=lines("""
"{q}?" asked {t}. "{a}," said {c}.
"{q}?" {t} asked. "{a}," {c} answered at once.
{t} asked, "{cap_q}?" and {c} answered, "{cap_a}."
"{q}?" {c} wanted to know. "{a}," said {t}.
"tell me, {c}, {q}?" said {t}. "{a}," {c} replied [with a smile|proudly|after a while|softly].
{c} asked {d}, "{cap_q}?" {d} thought for a moment and said, "{cap_a}."
"{q}?" said {d}. "{a}," whispered {c}.
"do you remember: {q}?" asked {t}. {c} nodded. "{a}," {c.he} said.
{d} raised {d.his} hand. "{q}?" "{a}," said {t} [kindly|gladly|at once].
"I have a question," said {c}. "{q}?" So {t} opened the book and read, "{cap_a}."
"""),
    praise=lines("""
"very good," said {t}.
"that is right, {c}," said {t}.
"well done," {t} said and nodded.
{t} was pleased with {c.him}.
{d} clapped {d.his} hands.
"you know a lot, {c}," said {d}.
"how do you know that?" asked {d}. "from my [grandfather|grandmother|big sister]," said {c}.
"""),
    diary_openings=lines("""
dear diary, today we talked about {subject} [at school|at home|at dinner|in class].
{day}. It was a day about {subject}.
today {t} taught us something about {subject}, and I want to write it down.
[this morning|this afternoon|tonight] I read [ten|twenty|thirty|a few] pages about {subject}.
I am {small} pages into my new book about {subject}, and I like it.
my notes of {day}, the first week of {month}: {subject}.
{c} lent me a book about {subject}, and I could not stop reading.
"""),
    diary_closings=lines("""
[tomorrow|next week|on {day}] I want to learn more about {subject}.
I hope I [can keep all this|will remember it all] in my head.
now it is late, and I must [sleep|put out the light|go to bed].
{c} knew some of it before, but not all.
mother says I should [now |]teach it to my [little |big |]brother.
that is all [for today|I can remember].
I told {c} about it on the way home, and {c.he} was [surprised|amazed|delighted].
"""),
    quiz=(
        ("Question: {q}", "answer: {a}"),
        ("Q: {q}", "a: {a}"),
        ("- {q}", "- {a}"),
        ("{q}", "{a}"),
    ),
    users=lines("""
{q}
{q}
{q}
please tell me: {q}
I have a question: {q}
can you tell me: {q}
[hello|hi]! {q}
for my homework: {q}
my son asks: {q}
my daughter asks: {q}
I forgot: {q}
one more thing: {q}
"""),
    greetings=(
        ("Hello!", "[Hello|Hi]! [How can I help you|What would you like to know][ today| now|]?"),
        ("Hi!", "[Hi there|Hello]! [What can I do for you|How may I help]?"),
        ("Good morning!", "good morning! [What would you like to talk about|How can I help]?"),
        (
            "[Hello|Hi], who are you?",
            "I am a [small|little] language model. Ask me [a question|something]!",
        ),
        (
            "[Hello|Hi], can you help me?",
            "[Of course|Gladly|Yes, gladly]! What [is it about|would you like to know]?",
        ),
    ),
    thanks=(
        ("Thank you!", "you are welcome!"),
        (
            "[Thanks|Thank you], that helps[ me| a lot| me a lot|].",
            "[I am glad|Gladly]! [Ask me again any time|Come back soon|Have a nice day].",
        ),
        ("Goodbye!", "goodbye[ and take care| and have a nice day| for now|]!"),
    ),
    story_asks=lines("""
tell me a story about {about}.
please tell me a [little |short |]story about {about}.
[can|could] you tell me a story about {about}?
write a [little |short |]story about {about}.
I want to hear a story about {about}[ before I sleep| now|, please|].
my [son|daughter|little brother|little sister] wants a story about {about}.
do you know a story about {about}?
a story about {about}, please!
"""),
    story_thanks=(
        ("What a nice story!", "[I am glad that you like it|Thank you]!"),
        (
            "[I like|I love] this story.",
            "[That makes me happy|I am glad]. [Shall I tell another one|Do you want more]?",
        ),
        ("[Thank you|Thanks] for the story.", "[Good night|Sleep well|You are welcome]!"),
    ),
    end_marks=".?! ",
    cast=lesson_cast,
)
