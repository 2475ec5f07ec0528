"""Stories that begin with a cat: "The cat sat on the mat", and how it goes on."""

from tfcli.data.world.cast import different_people
from tfcli.data.world.english.words import BOYS, GIRLS
from tfcli.data.world.grammar import Record
from tfcli.data.world.plots import plots, tell
from tfcli.data.world.scribe import Scribe

_CATS = (
    Record(name="the cat", he="it", him="it", his="its"),
    Record(name="the cat", he="she", him="her", his="her"),
    Record(name="the cat", he="he", him="him", his="his"),
)
_NAMES = [
    "Tiger",
    "Minka",
    "Socks",
    "Ginger",
    "Shadow",
    "Mitzi",
    "Mittens",
    "Pepper",
    "Snowball",
    "Whiskers",
    "Smoky",
    "Patch",
]

_PLOTS = plots("""
{k} sat on the [mat|old mat|red mat] [and looked out of the window|and washed {k.his} face|in the sun].
{k} sat on the [window sill|roof|garden wall|kitchen chair], and {weather}.
{k} sat [in front of the fire|by the stove|under the table] and [purred|waited|dreamed of fish].
{k} sat on the mat because the mat was [warm|soft|new].

?60
[outside|in the garden|in the street] {weather}, and nobody was [there|about|to be seen].
it was a quiet {day}, and {k} had nothing to do.
{k.his} name was {n}, and {k.he} belonged to {h}.

then {k.he} heard a [small|strange|soft] noise [under the floor|behind the door|in the cupboard].
suddenly something [moved|rustled|squeaked] [in the corner|behind the curtain|near the stove].
{k} pricked up {k.his} ears, for there was a [mouse|sound|squeak] in the wall.

{k.he} [crept|tiptoed|went slowly] to the [door|corner|cupboard] and waited.
{k.he} did not move a whisker for [ten minutes|a long time|half an hour].

a little mouse [came out|put its nose out of the hole|ran across the floor] with a crumb of cheese.
it was only [{h}|the wind|an old newspaper|a beetle], and {k} [yawned|was ashamed|turned round].
out came a [mouse|tiny mouse|grey mouse] that was not afraid at all.

{k} jumped, but the [mouse|little thing] was faster and [was gone|slipped back into its hole].
{k} was too [lazy|full|sleepy] to jump and only [blinked|yawned|twitched {k.his} tail].
{h} laughed and [stroked {k.him}|gave {k.him} a saucer of milk|took {k.him} in {h.his} arms].

so {k} went back to the mat and [slept|fell asleep|closed {k.his} eyes].
in the end {k} lay down on the mat again, and all was quiet.
that night {k} dreamed of [a mouse as big as a dog|a river of milk|a hundred fish].
"[poor|silly|dear] {n}," said {h}, "tomorrow is another day."
====
{k} chased the [mouse|ball|butterfly|leaf] [across the kitchen|through the house|around the garden].
{k} ran after a [mouse|ball of wool|feather|paper bird] until {k.he} was out of breath.
{k} pushed a [ball|cork|button] across the floor and ran after it.

it [flew|rolled|ran|went] under the [sofa|bed|big chair], and {k} could not reach it.
{h} [watched|saw it] and had to laugh.
over went the [vase|milk jug|flower pot], and there was water everywhere.

"stop it, {n}!" [called|cried|shouted] {h}[, but it was too late|].
{h.his} [mother|father|grandmother] came running and [shook|held] {h.his} head.

?60
{k} hid [behind the curtain|under the bed|on top of the cupboard] and looked very [small|sorry].
{k} looked at the broken [pot|jug] as if {k.he} knew nothing about it.

{h} swept the floor, and {k} [helped by sitting on the broom|watched every move].
{h} was not angry, for {k} was [still young|{h.his} best friend|only a cat].

[after that|when all was clean], {h} threw the ball, and the game began again.
in the evening the two of them sat [by the fire|on the sofa], tired and [happy|friends again].
from that day on, the [vase|jug] stood on the highest shelf.
====
{k} was [hungry|very hungry], and {k.his} bowl was empty.
{k} wanted fish for [breakfast|dinner|supper], but there was no fish in the house.
{k} woke up [early|before everyone else] and was hungry.

{k.he} went to {h} and [mewed|said meow|rubbed against {h.his} leg].
{k.he} sat down [in front of|next to] the [fridge|cupboard|empty bowl] and mewed.
"meow," said {k}, and once more, "meow."

but {h} was [still asleep|reading a book|on the phone|playing the piano] and did not hear {k.him}.
"wait a minute, {n}," said {h}, "I must first [find my shoes|finish this page|make the tea]."

so {k} [jumped on the bed|sat down on the book|pulled at {h.his} sock|lay down on the letter].
then {k} had an idea: {k.he} [pushed|knocked] a spoon off the table.
{k} looked at the goldfish, and the goldfish looked at {k}.

now {h} [got up|jumped up|understood] and [opened|fetched] a tin of [fish|tuna|sardines].
"all right, all right," said {h} and [poured some milk|cut a piece of fish|filled the bowl].

{k} ate everything and licked {k.his} [lips|whiskers|paws].
in two minutes the bowl was empty [again|and as clean as a mirror].

then {k} [went to sleep on {h.his} knees|curled up on the mat|lay in the sun] and purred.
"you have a good life, {n}," said {h}.
after such a meal, even the [mice|birds|goldfish] had nothing to fear.
====
{k} climbed [up the old apple tree|onto the roof|to the top of the church tower].
{k} was sitting high up in the [tree|oak|pear tree] and could not get down.
{k} saw a bird in the tree and climbed after it, higher and higher.

when {k.he} looked down, the ground was far away, and {k.he} was afraid.
the bird flew off, and there {k} sat on a thin branch.

"meow!" cried {k}, and [the whole street|all the neighbours|{h}] heard {k.him}.
{h} stood under the tree and called, "Come down, {n}, come down!"

{h} fetched {f}, and {f} fetched [a ladder|a long ladder|a basket on a rope].
{f}, who lived next door, came with a [ladder|long ladder|big blanket].
{h} put a [fish|bowl of milk|piece of sausage] under the tree, but {k} did not move.

{h} climbed up [step by step|slowly|with beating heart], and {f} held the ladder.

?80
{k} [jumped onto {h.his} shoulder|held on to {h.his} sleeve|let {h.him} take {k.him}].
just as {h} reached out, {k} [jumped past {h.him}|ran down the trunk without any help].

when they were down again, {f} [clapped|laughed|was glad].
"thank you, {f}," said {h}. "[gladly|any time]," said {f}, "what are neighbours for?"

since then {k} [only climbs on chairs|looks at birds from the window|stays in the garden].
the next morning {k} was in the tree again.
{k} got some milk, and {h} and {f} had some [tea|cake|lemonade].
====
{k} met a dog [in the yard|at the gate|on the way home|in the park].
{k} and the dog lived in the same house, but they were not friends.
{k} looked at the dog, and the dog looked at {k}.

"woof," said the dog. "meow," said {k}.
the dog barked, and {k} arched {k.his} back and hissed.
the dog wagged its tail, but {k} did not trust it.

?60
{h} took the dog by the collar, and {f} took {k} in {f.his} arms.
both wanted [the warm place by the fire|the same cushion|the bone on the plate].

then it began to [rain|snow|thunder], and there was only one dry place, [under the cart|in the barn].
at night it was so cold that {k} [lay down|crept] next to the dog.
one day the dog was ill, and {k} brought it [a piece of meat|a mouse|{k.his} own blanket].

there they sat, side by side, and [kept each other warm|listened to the rain|fell asleep].
the dog was warm and soft, and {k} began to purr.

in the morning {h} found them [asleep together|side by side|in one basket].
since then {k} and the dog have been friends.
"look," said {f} to {h}, "who would have thought that?"
====
{k} slept [all day|in the basket|on the piano|in {h.his} bed|on the newspaper].
{k} was asleep [on the warm stones|in the hay|on a pile of clean shirts].
{k} lay in the sun and did nothing at all.

{h} wanted to [make the bed|read the newspaper|play the piano], but {k} was lying there.
{h} came home from school and looked for {k.him}.
in [June|July|August] the days were long, and {k} was lazy.

"wake up, {n}," said {h}. {k} opened one eye and closed it again.
{h} tickled {k.his} ear, and the ear twitched, but {k} slept on.

what does a cat dream of? Of [mice|fish|milk|birds], says {f}.
{f} thought that {k} was ill, but {h} knew better.
"{n} works at night," {h} explained to {f}, "so {k.he} sleeps by day."

when the moon came up, {k} [got up|stretched] and went out [into the garden|over the roofs].
in the evening {k} [stretched|yawned], ate [some fish|a little meat] and went out.

{h} saw {k.his} green eyes shine in the dark.
and in the morning? In the morning {k} slept again.
at sunrise {k.he} came home with wet paws and lay down to sleep.
""")


def cat_story(scribe: Scribe) -> str:
    """A story whose first words are "The cat"."""
    owner, friend = different_people(scribe.dice, BOYS, GIRLS, 2)
    cat = scribe.dice.pick(_CATS)
    name = scribe.dice.pick(_NAMES)
    return tell(scribe, scribe.dice.pick(_PLOTS), k=cat, h=owner, f=friend, n=name)
