"""Stories of rivers, forests, farms and journeys, and a few fables."""

from tfcli.data.world.plots import plots

OUTDOOR_PLOTS = plots("""
{h} and {f} wanted to go fishing [at the lake|on the river].
early on {day}, when {weather}, {h} woke {f} and said, "Let us go fishing."

they took a net, a [basket|bucket] and some [bread|cheese|apples] and walked to the water.
{f} carried the rod, and {h} carried the [lunch|bucket|little chair].

for {small} hours nothing happened.
the water was [quiet|as smooth as glass|clear], and they waited and waited.
{f} soon fell asleep under a tree, but {h} watched the water.

suddenly {h} felt a [strong|hard] pull at the line.
then something big took the [hook|worm] and pulled.

"help me, {f}!" [cried|called] {h}, "It is [as big as a pig|pulling me in]!"
{h} pulled to the left, the fish pulled to the right.

they pulled together, and out of the water came [an old boot|a very old hat|a rusty bucket].
with a splash both of them fell into the water, and the fish swam away.
it was the biggest fish they had ever seen, and it looked at them with round eyes.

?70
{f} laughed so much that {f.he} had to sit down.
"let it go," said {f}. "it has a family." And {h} put it back into the water.

in the evening they came home [wet|tired|without a fish] but [happy|full of stories].
"what did you catch?" asked {h.his} [father|mother]. "a cold," said {h} and sneezed.
when they tell the story now, the [fish|boot] gets bigger every time.
====
{h} found a [little bird|young bird] [under the hedge|in the grass|on the path]; its wing was broken.
on the way to school, {h} heard a weak voice in the grass: it was a little bird.

{h} took it [carefully|gently] in {h.his} hands and carried it home.
"you poor thing," said {h} and put it in {h.his} hat.

?70
"it will not live," said {f}, but {h} did not listen.
{h.his} father brought a box with soft [hay|wool|moss], and {h} gave the bird some water.

every day {h} fed it with [worms|seeds|crumbs], and it grew stronger.
{f} looked for worms, and {h} changed the bandage.
for {small} weeks the bird lived [in the kitchen|beside the stove|in a box by the window].

one morning the bird [flapped its wings|sang|hopped onto {h.his} finger].
in {month} its wing was well again.

"now you must let it fly," said {h.his} mother.
{h} knew what {h.he} had to do, and it was not easy.

{h} opened the window, and the bird flew [up to the roof|over the trees|round the house once] and away.
{h} held up {h.his} hand, and the bird flew into the blue sky.

but every {season} a bird comes and sings [at {h.his} window|in the garden], and {h} knows who it is.
{h} was sad and glad at the same time.
"it will not forget you," said {f}, and {h} smiled.
====
{h} lived on a farm with {small} cows, a horse and a [fat|clever|lazy] pig.
in {season}, {h} went to stay on the farm of {h.his} [uncle|grandfather].

every morning {h} [fed the hens|milked the cow|brought hay to the horse] before breakfast.
there was a lot of work to do, and {h} helped [in the barn|in the field|with the harvest].

one day the [gate was open|fence was broken], and the [pig|sheep|goat] was gone.
one night the fox came, and in the morning one of the hens was missing.

{h} followed the tracks [through the field|along the stream|to the edge of the forest].
"quick, {f}," said {h}, "we must find it before dark."
{f} took the lantern, and {h} took the dog.

they called, they whistled, and they [looked behind every tree|listened].
after {small} hours they heard a sound [in the bushes|from the old well|behind the mill].

there it was, [stuck in the mud|eating turnips in the neighbour's garden|asleep in a ditch].
and there stood the lost one, [wet|hungry|quite happy], and looked at them.

with a [rope|basket of corn|bucket of apples] they brought it home.
it took {small} people to pull it out, and all of them were covered with mud.

?70
{h.his} [uncle|grandfather] mended the fence that same evening.
"well done," said the old man, "you are a real farmer now."

{h} was so tired that {h.he} fell asleep over {h.his} soup.
and the pig got an extra portion, although it did not deserve it.
since then {h} closes the gate every night and looks twice.
====
{h} and {f} went for a walk in the forest [to look for mushrooms|to pick berries|to see the deer].
one day in {season}, {h} walked into the forest with {f} and the dog.

they walked and talked and did not [look at the way|see how late it was].
the trees grew thicker, and the path became narrower and narrower.

"I think we are lost," said {f}. {h} looked left and right, and every tree looked the same.
when the sun went down, they did not know where they were.

?70
{f} began to cry, but {h} said, "Let us think."
an owl hooted, and the wind went through the leaves.

"water flows down to the village," said {h}, "we only have to follow the stream."
then {h} saw a light between the trees, [small|far away] and yellow.
{h} remembered what {h.his} grandfather had said: "the church tower stands in the west."

so they walked along the stream, hand in hand, until they [saw the first houses|heard a bell].
it was the hut of [an old hunter|a woodcutter|a woman with three goats], who gave them hot soup.
the dog took {h.his} sleeve and pulled, and the dog knew the way.

at home the [mothers|parents] were standing at the gate with lanterns.
they got home at [eight|nine|ten] o'clock, and nobody was angry, because all were so glad.

"next time we will mark the trees with chalk," said {h}.
and the basket? The basket was empty, for they had eaten all the berries.
{f} says that {f.he} was never afraid, and {h} does not say anything.
====
once upon a time a {big} and a {little} lived in the same forest.
long, long ago, when animals could talk, a proud {big} met a little {little}.

"I am the strongest here," said the {big}, "and you are nobody."
"out of my way," growled the {big}, for it was proud.

"perhaps one day I can help you," said the {little}, and the {big} laughed.
"strength is not everything," answered the {little} politely.

soon after, the {big} [fell into a pit|was caught in a net|got a thorn in its paw].
in {season} hunters came and caught the {big} with a strong rope.

it [roared|growled|howled], it pulled and it pushed, but nothing helped.
the other animals heard it and [ran away|hid], for they were afraid.

only the {little} came and said, "Hold still."
then came the {little} and looked at the [rope|trap|trouble] from all sides.

it [pulled|worked|tried] the whole night, and in the morning the {big} was free.
the little one was small enough to [reach|see] what the big one could not [reach|see].

the {big} bowed its head and said, "Thank you. I was [wrong|a fool]."
"why did you help me?" asked the {big}. "because you needed help," said the {little}.

from then on, they were friends, and nobody in the forest laughed at small [animals|ones].
this story shows that [even the small can help the great|kindness is never lost].
====
the {king} of a small country had a problem: [nobody laughed any more|the bells were silent].
in a far country there was a~ {king} who was always sad.

the wise men came, looked into their thick books and [shook their heads|knew nothing].
"whoever helps me," said the {king}, "shall have a bag of gold."

many tried: a doctor, a singer, and a man with {small} white mice.
from all sides people came, but no one knew what to do.

then came {h}, a poor {h.boy} with a~ {col} {toy}.
one day {h} came to the castle. {h.he} was only a {h.boy}, and {h.his} shoes were old.

"what do you want here?" asked the guard. "I want to try," said {h}.
the {king} looked at {h.him} and said, "Well, show us what you can do."

{h} [slipped|stumbled] on the smooth floor, and the {toy} flew into the soup.
{h} sat down on the steps of the throne and told the story of {h.his} {pet}.

for a moment it was quiet, and then the {king} began to laugh.
the {king} smiled, first a little, then more and more, and all the court laughed too.

"the gold is yours," said the {king}, "and you may come whenever you like."
{h} took the gold home to {h.his} mother, and they were never hungry again.

?60
but the {king} had learned something as well: [to laugh about small things|to open the doors].
and if you go to that country, you can hear the bells [to this day|every morning].
====
the train to {city} was late, and {h} [was cold|had to wait|walked up and down].
{h} was going to {city}, all alone for the first time.

in {h.his} bag {h.he} had [a sandwich|{small} apples|a letter|a map] and a~ {col} {toy} for {f}.
"call me when you are in {city}," said {h.his} mother at the station.

opposite {h.him} sat [an old man with a {pet}|a woman with {small} bags|a sleeping soldier].
outside the window [fields and villages|rivers and bridges|white mountains] flew by.

"where are you going?" asked the [old man|woman]. "to {city}," said {h}, "to see {f}."
{h} ate {h.his} bread and wondered what {city} would be like.

?70
suddenly the train stopped in the middle of a field, because [a cow|a tree] was on the rails.
at one station {h} almost got off too early, but the conductor said, "{city} is the next one."

at last a voice called, "{city}! Everybody out, please!"
when it was getting dark, the lights of {city} came nearer.

{f} stood on the platform and waved with both hands.
where was {f}? {h} looked around, and there {f.he} came running.

"{city} is big," said {h}. "you will get used to it," said {f} and took the bag.
that evening they walked through {city} until their feet hurt.
{h} wrote home: "I am in {city}, and {f} has shown me everything."
""")
