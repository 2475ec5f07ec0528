"""What people do for a living, with what tools, and what things are made of."""

from tfcli.data.world.grammar import Record, table
from tfcli.data.world.topics import Topic, relation

# does: completes "a person who"; tool with its article; place with its preposition.
JOBS: tuple[Record, ...] = table(
    "name many does did tool place",
    """
baker | bakers | bakes bread | baked bread | an oven | in a bakery
teacher | teachers | teaches children | taught the children | a blackboard | in a school
doctor | doctors | heals the sick | healed a sick child | a stethoscope | in a hospital
farmer | farmers | grows wheat | cut the wheat | a plough | on a farm
carpenter | carpenters | makes tables and chairs | made a table | a saw | in a workshop
painter | painters | paints pictures | painted a picture | a brush | in a studio
tailor | tailors | sews clothes | sewed a coat | a needle | in a small shop
fisherman | fishermen | catches fish | caught a big fish | a net | on a boat
barber | barbers | cuts hair | cut my hair | scissors | in a barber's shop
gardener | gardeners | looks after flowers | planted flowers | a spade | in a garden
cook | cooks | cooks meals | cooked a meal | a big pot | in a kitchen
postman | postmen | brings letters | brought a letter | a bicycle | in a post office
pilot | pilots | flies planes | flew the plane | a headset | at an airport
blacksmith | blacksmiths | works with hot iron | bent the hot iron | a hammer | in a forge
writer | writers | writes books | wrote a book | a pen | in a quiet room
shepherd | shepherds | looks after sheep | counted the sheep | a long stick | in a meadow
firefighter | firefighters | puts out fires | put out the fire | a hose | at a fire station
nurse | nurses | cares for patients | cared for the patients | a thermometer | in a hospital
musician | musicians | plays music | played a song | a violin | in a concert hall
butcher | butchers | sells meat | sold the meat | a knife | in a butcher's shop
sailor | sailors | sails the sea | sailed to the island | a compass | on a ship
judge | judges | decides in court | decided the case | a thick law book | in a court
librarian | librarians | lends books | lent me a book | a long list | in a library
watchmaker | watchmakers | mends clocks | mended the clock | a tiny screwdriver | in a narrow shop
miner | miners | digs for coal | dug for coal | a pick | in a mine
""",
)

_JOB = relation("""
= say
a person who {x.does} is called a~ {x}.
a [man or woman|worker|grown-up] who {x.does} is a~ {x}.
somebody who {x.does} is called a~ {x}.
someone who {x.does} is a~ {x}.
anyone who {x.does} [for a living|every day] is a~ {x}.
the one who {x.does} is the {x}.
of all the people in our street, only the {x} {x.does}.
= scene
who {x.does}? The {x} {x.does}.
{c} wants to be a person who {x.does}, a~ {x}.
= then
the name for someone who {x.does} is {x}.
= ask
who {x.does}?
what do you call a person who {x.does}?
what is the word for somebody who {x.does}?
= reply
a~ {x}.
such a person is called a~ {x}.
it is the {x} who {x.does}.
= also
and who {x.does}?
and somebody who {x.does}?
""")

_DOES = relation("""
= say
a~ {x} is a person who {x.does}.
a~ {x} is somebody who {x.does}.
the {x} in our [street|town|village] {x.does} [every day|all year round|with great care].
my [uncle|neighbour|cousin] is a~ {x} and {x.does} [all day long|every morning|six days a week].
the work of {x.many} is easy to describe: a~ {x} {x.does}.
= scene
[yesterday|this morning|last {day}] the {x} {x.did}.
the {x} {x.did} and then went home.
= then
every day the {x} {x.does}.
such a person {x.does}.
= ask
what does a~ {x} do?
what is the work of a~ {x}?
= reply
a~ {x} {x.does}.
a~ {x} is somebody who {x.does}.
= also
and what does a~ {x} do?
""")

_TOOL = relation("""
= say
a~ {x} works with {x.tool}.
a~ {x} needs {x.tool}.
without {x.tool} a~ {x} cannot work.
the tool of the {x} is {x.tool}.
the {x} works {x.place}.
you find {x.many} {x.place}.
{x.place} you will meet a~ {x}.
= scene
the {x} worked {x.place} [until it was dark|from morning to night|all day].
= then
the {x} needs {x.tool} and works {x.place}.
the work is done {x.place}.
= ask
where and with what does a~ {x} work?
how does a~ {x} work?
= reply
a~ {x} works {x.place} with {x.tool}.
{x.place}, with {x.tool}.
= also
and a~ {x}?
""")

JOB_TOPIC = Topic(
    "work",
    JOBS,
    (_JOB, _JOB, _DOES, _TOOL),
    subject="the work that people do",
    often=("baker", "doctor"),
    intros=(
        "everybody in our [town|village] has some work to do.",
        "what do you want to be when you grow up?",
        "the morning begins, and people go to work.",
        "{c} wants to know what all these people do.",
    ),
)

MATERIALS: tuple[Record, ...] = table(
    "name stuff use",
    """
table | wood | for meals
window | glass | to let in the light
bottle | glass | to keep water in
knife | steel | to cut bread
loaf of bread | flour | for breakfast
sheet of paper | wood | to write on
sweater | wool | to keep warm
shoe | leather | for walking
tyre | rubber | on a car
brick | clay | to build with
candle | wax | to give light
slice of cheese | milk | on a sandwich
wedding ring | gold | at a wedding
statue | stone | to decorate a park
shirt | cotton | on warm days
nail | iron | to hold boards together
bridge | steel | to cross the river
scarf | wool | in winter
chair | wood | for sitting
silk dress | silk | for a dance
cake | flour | at a birthday
spoon | silver | to eat soup with
rope | hemp | to tie up a boat
""",
)

_MATERIAL = relation("""
= say
a~ {x} is made of {x.stuff}.
a~ {x} is [usually|often] made from {x.stuff}.
to make a~ {x}, you need {x.stuff}.
people make a~ {x} from {x.stuff}.
you use a~ {x} {x.use}.
without {x.stuff} there would be no {x}.
= scene
this {x} is made of [the best |good |]{x.stuff}.
the {x} is made of {x.stuff}, and people use it {x.use}.
= then
people use it {x.use}.
it is made of {x.stuff}.
= ask
what is a~ {x} made of?
from what do people make a~ {x}?
what do you need to make a~ {x}?
= reply
{x.stuff}.
a~ {x} is made of {x.stuff}.
it is made of {x.stuff}.
= also
and a~ {x}?
""")

MATERIAL_TOPIC = Topic(
    "materials",
    MATERIALS,
    (_MATERIAL,),
    subject="what things are made of",
    intros=(
        "look around you: everything is made of something.",
        "{c} touched the things in the room, one after the other.",
        "in the workshop there are many materials.",
    ),
)
