"""Stories of children, at home and in the street."""

from tfcli.data.world.plots import plots

# h: the hero; f: a friend; toy, col: a thing and its colour; place: where; pet, n: an animal.
HOME_PLOTS = plots("""
{h} had a~ {col} {toy}, and {h.he} took it everywhere.
for {h.his} birthday {h} got a~ {col} {toy} from {h.his} [grandmother|uncle|aunt].
there was once a [little |]{h.boy} called {h} who had a~ {col} {toy}.

one [sunny|rainy|cold] {day}, {h} went [to {place}|to play at {place}] and left the {toy} there.
on {day}, when {weather}, {h} looked for the {toy}, but it was gone.
one morning the {toy} was not in its place.

?70
{h} looked [under the bed|in every box|behind the door], but the {toy} was nowhere.
"where is my {toy}?" {h.he} asked, and {h.his} eyes were wet.
{h.he} asked {h.his} mother, {h.his} father and even the {pet}, but no one had seen it.

¶
{f} [came|rang the bell|was just going by] and asked, "Why are you so sad, {h}?"
at school {h} told {f} about it, and {f} said, "[Don't worry|Let us think], we will find it."
"I will help you," said {f}, who lived [next door|across the street].

together they went back to {place}, step by step.
they asked the [baker|postman|gardener|old woman at the corner], and [he|she] pointed to {place}.
"where did you play with it last?" asked {f}. {h} thought hard. "at {place}," {h.he} said.

there, [under a bench|in the wet grass|between two stones|on a branch], lay something {col}.
the {pet} began to [dig|sniff|make a noise], and something {col} came to light.
and whom did they see? A little [boy|girl] who was holding the {col} {toy}.

it was the {toy}, a little [wet|dirty|torn], but {h} was [so happy|overjoyed].
"my {toy}!" cried {h} and jumped for joy.

?60
{h.he} let {f} [play with it|have it] for the rest of the day.
"you are a good friend, {f}," said {h}.
at home {h.his} mother [washed|dried|mended] it, and it was as good as new.

since that day {h} [takes better care of|never forgets] the {toy}.
and that night the {toy} slept next to {h}.
that is how {h} and {f} became best friends.
====
it was {month}, and {h} was going to [bake|make] a cake for {h.his} [mother|father|grandmother].
{h} and {f} wanted to bake a cake, because it was {day} and {weather}.
"today we bake a cake," said {h} to {f}, and they put on their aprons.

they needed flour, eggs, butter and sugar, and {small} [apples|cherries|nuts|plums].
first they took the flour, then the eggs, and {f} broke one on the floor.
{h} read from the book: "take {small} eggs and a cup of sugar."

{h} stirred, and {f} licked the spoon.
the dough was [sticky|too thin|as heavy as stone], but they did not give up.

?70
the {pet} sat beside them and waited for a crumb.

then they put the cake into the oven and [waited|went out to play|forgot about it].
"now we must wait [twenty|thirty|forty] minutes," said {f}.

but they [played|talked|laughed] so long that the cake [turned black|burned].
after a while the whole house smelled of [cake|sugar and butter].
when {h} took it out of the oven, the cake was [flat|crooked|full of holes].

"oh no," said {h}. "it does not matter," said {f}, "we will [try again|cut the black part off]."
{h} was ready to cry, but {f} had an idea and covered it with [cream|sugar|berries].

{h.his} [mother|father|grandmother] took a bite and [smiled|said that it was the best cake in the world].
in the end there was not a crumb left, not even for the {pet}.
everybody had a piece, and {f} had two.

and {h} learned that [a cake needs patience|even a crooked cake tastes good|friends make it easier].
next {day} they are going to bake bread.
====
{h} could not sleep, because [it was dark|the wind howled|the moon was so bright].
one night in {season}, {h} woke up and heard a noise.
there was a thunderstorm, and {h} was afraid.

"who is there?" {h} whispered, but nobody answered.
something [scratched|knocked|rustled] at the window, again and again.
{h.he} pulled the blanket over {h.his} head and counted to {small}.

then {h.he} took {h.his} lamp and went [down the stairs|to the window|into the kitchen].
{h.he} woke {h.his} [sister|brother|father|mother] and said, "I think there is a ghost."
"I am brave," {h} said to {h.himself}, and {h.his} feet were cold.

it was only [a branch|the {pet}|a loose shutter|the neighbour's {pet}], wet from the rain.
[behind the curtain|outside the door|on the sill] sat the {pet} and wanted to come in.

{h} had to laugh, and all {h.his} fear was gone.
"so you are my ghost," said {h} and gave it [some milk|a biscuit|a dry place].

?70
mother made [hot milk|a cup of cocoa], and they sat together until the [rain|storm] stopped.
the {pet} lay down at the foot of the bed and slept.

since then {h} [is no longer afraid of the dark|sleeps like a stone].
the next day {h} told {f} about it, and {f} wanted to have such a ghost, too.
and {h} slept until the sun stood high in the sky.
====
{f} was new in {h}'s class and did not know anybody.
on the first day of school, {h} sat down beside {f}.
a new {f.boy} came to the school. {f.his} name was {f}.

{f} [said nothing|looked at the floor|spoke so softly that nobody heard {f.him}].
during the break {f} stood alone [by the wall|under the tree] and [ate an apple|watched the others].
{f} came from [another town|a country far away] and missed {f.his} old friends.

{h} went over and asked, "Do you want to play with us?"
{h} gave {f.him} half of {h.his} bread and said, "I am {h}."
"can you [play chess|catch a ball|climb a tree]?" asked {h}. {f} nodded.

?70
at first {f} shook {f.his} head, but then {f.he} smiled.
they played with {h.his} {col} {toy} until the bell rang.

it turned out that {f} could [run faster than anyone|draw wonderful animals|whistle like a bird].
{f} showed {h} a trick with [a coin|a string|{small} cards].
soon they were talking about [dogs|ships|football|the stars] and could not stop.

after school they went home together, past {place}.
"will you come again tomorrow?" asked {f}. "of course," said {h}.

now they sit side by side every day, and the class has one friend more.
{h} told {h.his} parents about {f}, and they said, "Bring {f.him} along on {day}."
that evening {f} wrote to {f.his} grandmother: "I have a friend, and {h.his} name is {h}."
====
{h} was [ill|in bed with a cold] and had to stay at home for {small} days.
on {day} {h} woke up with a [red nose|sore throat|hot head].

the doctor came, looked at {h.his} tongue and said, "You must stay in bed."
mother put a hand on {h.his} forehead. "you are hot," she said. "no school for you today."

{h} was bored, for [the clock ticked so slowly|there was nothing to do|{weather}].
from the window {h.he} could see [the others play|the snow fall|the street].

then the doorbell rang, and {f} came in with [a book|a bag of oranges|the {pet}|a letter].
in the afternoon {f} came and brought {h.him} [the homework|soup from {f.his} mother|a drawing].

"I have brought you my {col} {toy}," said {f}, "but only until you are well."
{f} told {h.him} what had happened at school: the teacher had [laughed|fallen asleep|lost his hat].
they played {small} games of cards, and {h} won them all.

?60
{h} laughed so much that {h.he} forgot {h.his} cold.
the {pet} lay on the blanket and kept {h.his} feet warm.

after a few days {h} was well again and could go out.
the next morning {h.his} head was cool, and {h.he} was hungry.

but now {f} was in bed, and {h} went to visit {f.him}.
"[laughing|a friend] is the best medicine," said the doctor.
and the first thing that {h} did was to run to {place} with {f}.
""")
