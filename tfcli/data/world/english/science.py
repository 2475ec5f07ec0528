"""Thinkers, makers and artists, and what each of them gave the world."""

from tfcli.data.world.grammar import Record, lines, table
from tfcli.data.world.topics import Topic, relation

# thing: completes "was discovered by"; found: what he or she is said to have done to it.
_DISCOVERERS = table(
    "name first he his thing field born found worker",
    """
Einstein | Albert | he | his | the theory of relativity | physics | Germany
& | worked out / put forward / published / found | physicist
Newton | Isaac | he | his | the law of gravity | physics | England
& | worked out / put forward / found | physicist
Curie | Marie | she | her | radium | chemistry | Poland
& | found / isolated | chemist
Darwin | Charles | he | his | the theory of evolution | biology | England
& | worked out / put forward / published | biologist
Galileo | the great | he | his | the law of falling bodies | physics | Italy
& | worked out / found | physicist
Fleming | Alexander | he | his | penicillin | medicine | Scotland
& | found / noticed | doctor
Mendel | Gregor | he | his | the law of heredity | biology | Austria
& | worked out / found | biologist
Mendeleev | Dmitri | he | his | the periodic table | chemistry | Russia
& | worked out / drew up / published | chemist
Copernicus | Nicolaus | he | his | the path of the earth around the sun | astronomy | Poland
& | worked out / described | astronomer
Planck | Max | he | his | the quantum of energy | physics | Germany
& | found / described | physicist
Faraday | Michael | he | his | electromagnetic induction | physics | England
& | found / described | physicist
Harvey | William | he | his | the circulation of the blood | medicine | England
& | found / described | doctor
Hubble | Edwin | he | his | the expansion of the universe | astronomy | America
& | found / measured | astronomer
Pasteur | Louis | he | his | the role of germs | medicine | France
& | found / described | chemist
""",
)
_INVENTORS = table(
    "name first he his thing born found",
    """
Edison | Thomas | he | his | the phonograph | America | built / invented
Bell | Alexander Graham | he | his | the telephone | Scotland | built / invented
Gutenberg | Johannes | he | his | the printing press | Germany | built / invented
Nobel | Alfred | he | his | dynamite | Sweden | made / invented
Volta | Alessandro | he | his | the electric battery | Italy | built / invented
Braille | Louis | he | his | the alphabet for the blind | France | made / invented
Morse | Samuel | he | his | the code of dots and dashes | America | made / invented
Benz | Carl | he | his | the motor car | Germany | built / invented
""",
)
_ARTISTS = table(
    "name first he his thing born verb art done",
    """
Shakespeare | William | he | his | Hamlet | England | wrote | plays | written
Beethoven | Ludwig van | he | his | the Ninth Symphony | Germany | composed | music | composed
Leonardo | the great | he | his | the Mona Lisa | Italy | painted | paintings | painted
Mozart | Wolfgang | he | his | the Magic Flute | Austria | composed | music | composed
Tolstoy | Leo | he | his | War and Peace | Russia | wrote | novels | written
Cervantes | Miguel de | he | his | Don Quixote | Spain | wrote | novels | written
Homer | the poet | he | his | the Odyssey | Greece | told | poems | told
Andersen | Hans Christian | he | his | the Little Mermaid | Denmark | wrote | fairy tales | written
Austen | Jane | she | her | Emma | England | wrote | novels | written
Picasso | Pablo | he | his | Guernica | Spain | painted | paintings | painted
""",
)

_DISCOVERED_BY = relation("""
= say
{x.thing} was discovered by {x}.
{x.thing} was first {x.done} by {x}.
{x.thing} [became known|came into the world] through {x}.
we owe {x.thing} to {x}.
the discoverer of {x.thing} was {x}.
the discovery of {x.thing} was the work of {x}.
the [scientist|person] who discovered {x.thing} was [called |]{x}.
the [scientist|person] behind {x.thing} [was|is] {x}.
{x.thing} is the [great |famous |]discovery of {x}.
for {x.thing} the world has to thank {x}.
it was {x} who discovered {x.thing}.
{x} discovered {x.thing}.
{x} is [famous|known|remembered] for {x.thing}.
{x} {x.found} {x.thing}.
{x}, a~ [great |famous |]{x.worker} from {x.born}, {x.found} {x.thing}.
with {x.thing}, {x} changed {x.field} for ever.
when {x} {x.found} {x.thing}, people saw the world with new eyes.
= then
{x.he} discovered {x.thing}.
{x.he} is best known for {x.thing}.
{x.his} greatest discovery was {x.thing}.
= ask
who discovered {x.thing}?
by whom was {x.thing} discovered?
who found out about {x.thing}?
= reply
{x} discovered {x.thing}.
it was {x} who discovered {x.thing}.
{x}.
= also
and what about {x.thing}?
and {x.thing}?
""")

_FIELD = relation("""
= say
{x.first} {x} was a famous {x.worker}.
{x} was a~ {x.worker} [and worked in|and loved] {x.field}.
{x} gave {x.his} life to {x.field}.
{x.field} would not be the same without {x}.
students of {x.field} [still |]learn the name of {x}.
= then
{x.he} was a~ {x.worker}.
{x.his} science was {x.field}.
{x.he} worked for many years, and {x.field} was {x.his} whole life.
= ask
who was {x}?
in which science did {x} work?
= reply
{x} was a~ {x.worker} from {x.born} and worked in {x.field}.
{x} was a~ {x.worker}, and {x.his} science was {x.field}.
= also
and {x}?
and who was {x}?
""")

_BORN = relation("""
= say
{x} came from {x.born}.
{x} was born in {x.born}.
the great {x.worker} {x} was born in {x.born}.
{x.first} {x} was a~ {x.worker} from {x.born}.
{x.born} is the country in which {x} was born.
= then
{x.he} was born in {x.born}.
{x.he} came from {x.born}.
= ask
where was {x} born?
in which country was {x} born?
= reply
{x} was born in {x.born}.
in {x.born}.
= also
and where was {x} born?
""")

_INVENTED_BY = relation("""
= say
{x.thing} was invented by {x}.
we owe {x.thing} to {x}.
the inventor of {x.thing} was {x}.
it was {x} who invented {x.thing}.
{x} invented {x.thing}.
{x} {x.found} {x.thing}[ after many tries| in a small workshop| after years of work|].
{x} is famous for {x.thing}.
{x.first} {x}, who came from {x.born}, invented {x.thing}.
the world has {x.thing} because {x} never gave up.
= then
{x.he} invented {x.thing}.
{x.he} came from {x.born}.
{x.his} best idea was {x.thing}.
= ask
who invented {x.thing}?
by whom was {x.thing} invented?
= reply
{x} invented {x.thing}.
it was {x} who invented {x.thing}.
= also
and {x.thing}?
and who invented {x.thing}?
""")

_MADE_BY = relation("""
= say
{x.thing} was {x.done} by {x}.
it was {x} who {x.verb} {x.thing}.
{x} {x.verb} {x.thing}.
{x} is famous for {x.his} {x.art}, above all for {x.thing}.
{x.first} {x} came from {x.born} and {x.verb} {x.thing}.
of all {x.art}, I love {x.thing} by {x} most.
[sooner or later|at school|one day], everybody hears of {x.thing} by {x}.
= then
{x.he} {x.verb} {x.thing}.
{x.he} came from {x.born}.
people all over the world love {x.his} {x.art}.
= ask
who {x.verb} {x.thing}?
by whom was {x.thing} {x.done}?
= reply
{x} {x.verb} {x.thing}.
{x.thing} is by {x}.
= also
and {x.thing}?
""")

_EINSTEIN = relation("""
= say
to date, the cleverest thinker of all time was undoubtedly Einstein, for his theories of Relativity,
& which completely revolutionised physics.
to date, the cleverest thinker of all time was [undoubtedly|without doubt|surely|perhaps] Einstein,
& for his [theories|theory] of relativity, which completely [revolutionised|changed] physics.
the cleverest thinker of all time, [many people say|they say|some believe], was Einstein,
& who [completely |]revolutionised physics.
Einstein [completely |]revolutionised physics with the theory of relativity.
Einstein thought about light, space and time, and his relativity [revolutionised|changed] physics.
physics was never the same after Einstein and his theory of relativity.
few [thinkers|people] have changed physics as [much|deeply] as Einstein.
= scene
Einstein played the violin, [but his great love was|and when he rested he thought of] physics.
= then
he revolutionised physics.
he thought about light, space and time.
he liked to play the violin [in the evening|when he was tired|with his friends].
= ask
who was the cleverest thinker of all time?
who revolutionised physics?
= reply
many people say that it was Einstein, for his theory of relativity.
it was Einstein, who revolutionised physics with his theory of relativity.
""")

_INTROS = lines("""
here are some [great|famous] names that everyone should know.
behind every [great|good] idea there is a person.
[many|some] things that we use every day were once new.
let us [remember|think of] [some of |]the people who changed the world.
on the wall of our [classroom|library] hang the pictures of great people.
""")

_DONE = {"Einstein": ("worked out", "put forward", "published", "explained")}


def _with_done(row: Record) -> Record:
    return row.extended(done=_DONE.get(str(row), "described"))


DISCOVERERS = tuple(_with_done(row) for row in _DISCOVERERS)
DISCOVERIES = Topic(
    "discoveries",
    DISCOVERERS,
    (_DISCOVERED_BY, _DISCOVERED_BY, _DISCOVERED_BY, _DISCOVERED_BY, _FIELD, _BORN),
    subject="the great discoveries",
    often=("Einstein", "Newton", "Curie"),
    intros=_INTROS,
)
INVENTIONS = Topic(
    "inventions", _INVENTORS, (_INVENTED_BY,), subject="the great inventions", intros=_INTROS
)
ARTS = Topic("arts", _ARTISTS, (_MADE_BY,), subject="books, music and paintings", intros=_INTROS)
EINSTEIN = Topic(
    "einstein",
    DISCOVERERS[:1],
    (_EINSTEIN, _EINSTEIN, _FIELD, _BORN, _DISCOVERED_BY),
    subject="Einstein",
)
