"""What people do for a living, with what tools, and what things are made of."""

from tfcli.data.world.grammar import Record, table
from tfcli.data.world.topics import Topic, relation

# does: completes "a person who"; tool and place with article.
JOBS: tuple[Record, ...] = table(
    "name many does did tool place",
    """
baker | bakers | bakes bread | baked bread | an oven | a bakery
teacher | teachers | teaches children | taught children | a blackboard | a school
doctor | doctors | heals the sick | healed the sick | a stethoscope | a hospital
farmer | farmers | grows wheat | grew wheat | a plough | a farm
carpenter | carpenters | makes tables and chairs | made a table | a saw | a workshop
painter | painters | paints pictures | painted a picture | a brush | a studio
tailor | tailors | sews clothes | sewed a coat | a needle | a small shop
fisherman | fishermen | catches fish | caught a fish | a net | a boat
barber | barbers | cuts hair | cut my hair | scissors | a barber's shop
gardener | gardeners | looks after flowers | planted flowers | a spade | a garden
cook | cooks | cooks meals | cooked a meal | a big pot | a kitchen
postman | postmen | brings letters | brought a letter | a bicycle | a post office
pilot | pilots | flies planes | flew the plane | a map of the sky | an airport
blacksmith | blacksmiths | works with hot iron | bent the hot iron | a hammer | a forge
writer | writers | writes books | wrote a book | a pen | a quiet room
shepherd | shepherds | looks after sheep | counted the sheep | a long stick | a meadow
firefighter | firefighters | puts out fires | put out the fire | a hose | a fire station
nurse | nurses | cares for patients | cared for the patients | a thermometer | a hospital
musician | musicians | plays music | played a song | a violin | a concert hall
butcher | butchers | sells meat | sold the meat | a knife | a market
sailor | sailors | sails the sea | sailed the sea | a compass | a ship
judge | judges | decides in court | decided the case | a thick law book | a court
librarian | librarians | lends books | lent me a book | a long list | a library
watchmaker | watchmakers | mends clocks | mended the clock | a tiny screwdriver | a narrow shop
miner | miners | digs for coal | dug for coal | a pick | a mine
""",
)

_JOB = relation("""
= say
a person who {x.does} is called a~ {x}.
a [man or woman|human being|grown-up] who {x.does} is a~ {x}.
somebody who {x.does} is called a~ {x}.
someone who {x.does} is a~ {x}.
anyone who {x.does} [for a living|every day] is a~ {x}.
the one who {x.does} is the {x}.
a~ {x} is a person who {x.does}.
a~ {x} is somebody who {x.does}.
of all the people in our street, only the {x} {x.does}.
the {x} in our [street|town|village] {x.does} [well|every day|with love].
the {x} [slowly |quickly |]{x.did}.
yesterday the {x} {x.did}.
my [uncle|aunt|neighbour] is a~ {x} and {x.does} [all day long|every morning|six days a week].
= then
such a person {x.does}.
every day the {x} {x.does}.
= ask
who {x.does}?
what do you call a person who {x.does}?
what does a~ {x} do?
= reply
a~ {x} {x.does}.
the {x} {x.does}.
such a person is called a~ {x}.
= also
and what does a~ {x} do?
and who {x.does}?
""")

_TOOL = relation("""
= say
a~ {x} works with {x.tool}.
a~ {x} needs {x.tool}.
without {x.tool} a~ {x} cannot work.
the tool of the {x} is {x.tool}.
the {x} put down {x.tool} and [rested|had some tea|wiped the sweat away].
the {x} works in {x.place}.
you find {x.many} in {x.place}.
in {x.place} you will meet a~ {x}.
= then
the {x} needs {x.tool} and works in {x.place}.
the work is done in {x.place}.
= ask
what does a~ {x} work with?
where does a~ {x} work?
= reply
a~ {x} works in {x.place} with {x.tool}.
with {x.tool}, in {x.place}.
= also
and a~ {x}?
""")

JOB_TOPIC = Topic(
    "work",
    JOBS,
    (_JOB, _JOB, _TOOL),
    subject="the work that people do",
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
table | wood | to eat at
window | glass | to look through
bottle | glass | to keep water in
knife | steel | to cut bread
loaf of bread | flour | to eat
sheet of paper | wood | to write on
sweater | wool | to keep warm
shoe | leather | to walk in
tyre | rubber | to drive on
brick | clay | to build with
candle | wax | to give light
slice of cheese | milk | to eat
wedding ring | gold | to wear on the finger
statue | stone | to look at
shirt | cotton | to wear in summer
snowman | snow | to laugh at
nail | iron | to hold boards together
bridge | steel | to cross the river
scarf | wool | to wear in winter
chair | wood | to sit on
silk dress | silk | to dance in
cake | flour | to share with friends
spoon | silver | to eat soup with
rope | hemp | to tie a boat
""",
)

_MATERIAL = relation("""
= say
a~ {x} is made of {x.stuff}.
a~ {x} is [usually|often] made from {x.stuff}.
to make a~ {x}, you need {x.stuff}.
from {x.stuff} people make a~ {x}.
this {x} is made of [the best |good |old |]{x.stuff}.
the {x} is of {x.stuff}, and you use it {x.use}.
you use a~ {x} {x.use}.
without {x.stuff} there would be no {x}.
= then
people use it {x.use}.
it is made of {x.stuff}.
= ask
what is a~ {x} made of?
of what do people make a~ {x}?
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
