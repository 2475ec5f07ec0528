"""Animals and the colours of things."""

from tfcli.data.world.grammar import Record, table
from tfcli.data.world.topics import Topic, relation

# says: the sound as a verb of "it"; call: the sound itself.
ANIMALS: tuple[Record, ...] = table(
    "name many says call baby home food",
    """
dog | dogs | barks | woof | puppy | kennel | bones
cat | cats | mews | meow | kitten | basket | fish
cow | cows | moos | moo | calf | barn | grass
sheep | sheep | bleats | baa | lamb | fold | clover
horse | horses | neighs | neigh | foal | stable | hay
pig | pigs | grunts | oink | piglet | sty | turnips
hen | hens | clucks | cluck | chick | coop | corn
duck | ducks | quacks | quack | duckling | pond | water plants
goose | geese | honks | honk | gosling | yard | fresh grass
goat | goats | bleats | maa | kid | shed | leaves
lion | lions | roars | roar | cub | savanna | meat
bear | bears | growls | grr | cub | cave | honey
wolf | wolves | howls | howl | pup | forest | meat
fox | foxes | yelps | yip | cub | den | mice
bee | bees | buzzes | buzz | - | hive | nectar
frog | frogs | croaks | croak | tadpole | pond | flies
owl | owls | hoots | hoot | owlet | hollow tree | mice
mouse | mice | squeaks | squeak | - | hole | cheese
bird | birds | chirps | tweet | chick | nest | worms
rabbit | rabbits | - | - | - | burrow | carrots
squirrel | squirrels | - | - | - | tree | nuts
panda | pandas | - | - | cub | bamboo forest | bamboo
deer | deer | - | - | fawn | forest | leaves
kangaroo | kangaroos | - | - | joey | grassland | grass
swan | swans | - | - | cygnet | lake | water plants
elephant | elephants | trumpets | toot | calf | savanna | leaves
spider | spiders | - | - | - | web | flies
monkey | monkeys | chatters | chatter | - | jungle | bananas
snake | snakes | hisses | hiss | - | hole | eggs
""",
)

_BABY = relation(
    """
= say
a young {x} is called a~ {x.baby}.
a baby {x} is [called |]a~ {x.baby}.
the young of a~ {x} is [called |]a~ {x.baby}.
a~ {x.baby} is a [young|baby|very young|little] {x}.
a~ {x.baby} grows up to be a~ {x}.
when a~ {x} is [very young|still small|just born], we call it a~ {x.baby}.
the child of a~ {x} is a~ {x.baby}.
every {x} was once a [tiny |small |]{x.baby}.
= scene
the mother {x} [watched over|called|looked for|came back to] her [little |tiny |]{x.baby}.
in the picture we saw a~ {x} and beside it its {x.baby}.
= then
its young one is called a~ {x.baby}.
its baby is [called |]a~ {x.baby}.
= ask
what is a young {x} called?
what do you call a baby {x}?
what is the young of a~ {x}?
= reply
a~ {x.baby}.
it is called a~ {x.baby}.
a baby {x} is a~ {x.baby}.
= also
and a young {x}?
and a baby {x}?
""",
    needs="baby",
)

_SOUND = relation(
    """
= say
the {x} says {x.call}.
the {x} {x.says}.
a~ {x} {x.says} when it is [hungry|happy|afraid|tired|excited].
if something {x.says}, it is [surely|most likely] a~ {x}.
= scene
"{x.call}, {x.call}," [says|calls] the {x}.
[far away|early in the morning|in the evening] a~ {x} {x.says}.
you know a~ {x} by its sound: {x.call}.
{x.call} is what the {x} says.
= then
it {x.says}.
it says {x.call}.
= ask
what does the {x} say?
what sound does a~ {x} make?
= reply
the {x} says {x.call}.
{x.call}!
it {x.says}.
= also
and the {x}?
and what does the {x} say?
""",
    needs="says",
)

_HOME = relation("""
= say
{x.many} live in a~ {x.home}.
the home of a~ {x} is a~ {x.home}.
the {x} lives in [a~|its] {x.home}.
at night the {x} sleeps in its {x.home}.
you [can|may] find {x.many} in a~ {x.home}.
{x.many} feel safe in their {x.home}.
= scene
a~ {x} was resting in the {x.home}.
= then
it lives in a~ {x.home}.
its home is a~ {x.home}.
= ask
where does a~ {x} live?
where do {x.many} live?
what is the home of a~ {x}?
= reply
in a~ {x.home}.
a~ {x} lives in a~ {x.home}.
{x.many} live in a~ {x.home}.
= also
and where does the {x} live?
""")

_FOOD = relation("""
= say
{x.many} eat {x.food}.
{x.many} [like|love] to eat {x.food}.
the {x} [likes|loves|eats] {x.food}.
the favourite food of the {x} is {x.food}.
if you want to please a~ {x}, [give|bring] it {x.food}.
nothing tastes better to a~ {x} than {x.food}.
= scene
the {x} was hungry and [found|looked for|ate] some {x.food}.
= then
it eats {x.food}.
it likes {x.food} best.
= ask
what do {x.many} eat?
what does a~ {x} like to eat?
what is the favourite food of {x.many}?
= reply
{x.many} eat {x.food}.
a~ {x} likes {x.food}.
{x.food}.
= also
and the {x}?
and what do {x.many} eat?
""")

ANIMAL_TOPIC = Topic(
    "animals",
    ANIMALS,
    (_BABY, _BABY, _SOUND, _HOME, _FOOD),
    subject="animals",
    often=("dog", "cat"),
    intros=(
        "[many|all kinds of] animals live on the earth, and each has its own ways.",
        "come with us to the [farm|zoo|forest] and [look|listen].",
        "{c} loves animals and [draws|watches] them every day.",
        "the animal book has a page for every animal.",
    ),
)

# where: where it is seen.
COLOURS: tuple[Record, ...] = table(
    "name many colour where",
    """
banana | bananas | yellow | in the fruit bowl
lemon | lemons | yellow | on the kitchen table
sunflower | sunflowers | yellow | in the field
strawberry | strawberries | red | in the garden
tomato | tomatoes | red | on the plate
cherry | cherries | red | on the tree
ladybird | ladybirds | red | on the leaf
fire engine | fire engines | red | in the street
cucumber | cucumbers | green | in the salad
leaf | leaves | green | on the branch
frog | frogs | green | by the pond
pea | peas | green | in the bowl
carrot | carrots | orange | in the soup
pumpkin | pumpkins | orange | by the door
swan | swans | white | on the lake
snowman | snowmen | white | in the yard
polar bear | polar bears | white | on the ice
crow | crows | black | on the roof
piece of coal | pieces of coal | black | by the stove
chocolate bar | chocolate bars | brown | in the box
chestnut | chestnuts | brown | under the tree
elephant | elephants | grey | in the zoo
mouse | mice | grey | in the corner
flamingo | flamingos | pink | in the water
piglet | piglets | pink | in the sty
clear sky | clear skies | blue | above the hills
blueberry | blueberries | blue | in the forest
plum | plums | purple | in the basket
violet | violets | purple | in the grass
""",
)

_COLOUR = relation("""
= say
the colour of a~ {x} is {x.colour}.
a~ {x} is {x.colour}.
{x.many} are {x.colour}.
the [usual|typical|right] colour of a~ {x} is {x.colour}.
a [typical|normal] {x} has a~ {x.colour} colour.
when something is very {x.colour}, we say that it is as {x.colour} as a~ {x}.
= scene
the {x} {x.where} is {x.colour}.
{c} painted a~ {x}, and of course {c.he} painted it {x.colour}.
{c} took the {x.colour} [pencil|paint] to draw a~ {x}.
her [coat|hat|scarf|dress] was as {x.colour} as a~ {x}.
in my picture book the {x} is {x.colour}, just as {y.many} are {y.colour}.
= then
it is {x.colour}.
it has a~ {x.colour} colour.
= ask
what colour is a~ {x}?
what is the colour of a~ {x}?
what colour do {x.many} have?
= reply
{x.colour}.
it is {x.colour}.
a~ {x} is {x.colour}.
= also
and a~ {x}?
and what colour is a~ {x}?
""")

COLOUR_TOPIC = Topic(
    "colours",
    COLOURS,
    (_COLOUR,),
    subject="colours",
    often=("banana", "strawberry"),
    intros=(
        "the world is full of colours.",
        "{c} opened a new box of paints.",
        "we played a game: somebody names a thing, and the others name its colour.",
        "without colours the world would be a dull place.",
    ),
)
