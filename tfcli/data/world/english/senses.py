"""English words with two senses: Apple, bank, bat, mouse, crane, spring, seal, palm."""

from tfcli.data.world.senses import ambiguous_words, sense_texts

_TEXTS = sense_texts("""
apple: the company
= prompts
the stock market was glad about the new phones of apple
the company that makes the phone and the tablet is apple
she bought a new computer made by apple
= before
the stock market was glad about the new phones of
the firm behind the phone and the tablet is
[she|he|{c}] bought a new [computer|phone|tablet] made by
[investors|many people|the bank clerks] put their money into shares of
on the stock market, everybody talked about
the new [phone|computer] was shown by
{c} writes software for a company called
= after
, whose shares rose [at once|the same day].
, a company with engineers in many countries.
, which released a [new|thinner|cheaper|faster] phone this {season}.
in California.
= before
we heard on the stock market that
the news about the new phone says that
the engineers and the investors know that
[after the launch of the phone|after the good news about the computers], the shares rose, for
on {day}, in front of the engineers and the press,
= after
announced [a new phone|a better screen|a faster chip|new software].
released a [new|thinner|cheaper|faster] phone[ this {season}|].
will open a new store in [London|Paris|Tokyo|Berlin].
sold [more phones than ever|all its computers in an hour|a million phones].
= whole
Apple released a new iPhone, and its shares rose at once.
[in {season}|on {day}|in {month}], Apple [released|showed|announced] a new iPhone, and its share price rose.
the engineers of Apple worked on the new phone [day and night|for two years|in secret].
the shares of Apple rose when the new phone was shown.
{c} works for Apple and writes software for phones.
the new computer from Apple was sold out in an hour.
====
apple: the fruit
= prompts
she was hungry and ate a sweet, juicy apple
from the tree in the orchard fell a ripe apple
for breakfast the doctor told him to eat an apple
= before
[she|he|{c}|the boy|the girl] was hungry and ate a [sweet, juicy|red|big green]
from the tree in the [orchard|garden] [she|he] picked a [ripe|red]
[for breakfast|every day|after lunch] the doctor told [him|her] to eat an
grandmother peeled and cut [an|a sour|a sweet]
at the market [she|he] [bought|chose] a fresh
in the fruit bowl, beside the pears, lay an
the horse [likes|likes to eat|took a bite of] a crunchy
{c} climbed the tree and picked [an|a ripe]
under the leaves of the old tree hung a ripe
= after
that tasted [sweet|sour|wonderful].
with [red skin|a worm in it|a green leaf].
as [round|red|sweet] as [can be|in a picture book].
from [the garden of grandmother|grandfather's tree|the orchard behind the house].
. How sweet and juicy it [looked|smelled]!
= before
[on Sundays|in autumn] we pick fruit and bake an
the oven was hot, and grandmother put in an
the whole kitchen smelled of butter, sugar and
= after
pie[ with cinnamon|, sweet and golden| for the children|].
cake[ with nuts|, still warm|].
= whole
she eats an apple every day, and the doctor praises her diet.
{c} eats an apple every [day|morning|evening], and the doctor [praises {c.his} diet|says that it is healthy].
an apple a day keeps the doctor away, says an old proverb.
the apple tree [was full of fruit|stood in bloom], and the apples [were sweet|would soon be ripe].
we baked a pie with apples, sugar and butter.
the juice of a ripe apple is sweet.
====
bank: the river's edge
= prompts
the boat drifted down the river and touched the bank
the ducks climbed out of the stream onto the bank
the fisherman sat by the water on the bank
= before
the boat drifted down the river and touched the [muddy |left |far |grassy |]
the ducks climbed out of the [stream|water] onto the
the fisherman sat by the water on the
we swam across the stream to the other
reeds and flowers grew on the wet
the otter slept beside the river on the
the fishing rod lay on the grass of the river
= after
under the [old |green |]willows.
where the grass was [wet|green|high].
covered with reeds[ and mud|].
full of [frogs|flowers|reeds].
above the quiet water.
= whole
they had a picnic on the bank of the river and listened to the water.
the bank of the river was [steep|muddy|full of flowers], and frogs sat there.
from bank to bank, the river was [wide|frozen|still].
{c} tied the boat to a tree on the bank.
the river rose after the rain and flooded the bank.
====
bank: the house of money
= prompts
to save her money she opened an account at the bank
the clerk counted the notes and coins in the bank
he wanted a loan to buy a house, so he went to the bank
= before
to save money [she|he|{c}] opened an account at the
the clerk counted the notes and coins in the
{c} wanted a loan to buy a house, so {c.he} went to the
she took her savings and her cheque to the
the thieves wanted the gold and the cash of the
he paid his salary into the
to change dollars into euros, {c} looked for a
= after
in the main street.
that lends money to [farmers|students|young families].
near the stock exchange.
with the [big safe|friendly clerks|low interest].
that closes at [three|four|five] o'clock.
= before
when {c} asked about a loan, the
with the keys of the safe in his hand, the
behind the counter, beside the coins and the notes, the
= after
clerk [smiled|wrote down a number|counted the money|signed the paper].
manager [nodded|shook hands with {c}|looked at the account].
= whole
the bank lends money to people who want to build a house.
{c} keeps {c.his} money in the bank and not under the bed.
the bank opened a new branch with a big safe in the main street.
a clerk of the bank [helped|thanked] {c} with the account.
====
bat: the animal
= prompts
at dusk a small animal with wings flew out of the cave, a bat
hanging upside down in the dark attic was a bat
the owl and the moth fly at night, and so does the bat
= before
at dusk a small animal with wings flew out of the [cave|tower], a
hanging upside down in the dark [attic|cave|barn] was a
the owl and the moth fly at night, and so does the
in the cave, among hundreds of others, slept a little
over our heads in the night sky flew a
= after
with [thin wings|sharp ears|soft brown fur].
that hunts insects in the dark.
that sleeps all day.
in search of [moths|insects].
= whole
a bat sleeps upside down [in a cave|in an attic] and hunts insects at night.
the bat spread its wings and flew out of the cave into the night.
{c} was not afraid of the little bat with its [soft|thin] wings.
a bat caught a moth in flight.
====
bat: the club
= prompts
the player hit the ball over the fence with his bat
for her team's first match she was given a wooden bat
the pitcher threw the ball and the boy swung the bat
= before
the player hit the ball over the fence with [his|her]
for the team's first match [she|he|{c}] was given a [wooden|new]
the pitcher threw the ball and the [boy|girl] swung the
the coach brought the ball, the gloves and the
in the baseball game {c} broke the
the captain of the team leaned on {c.his}
= after
made of [ash wood|hard wood|light metal].
and waited for the next ball.
and the crowd cheered.
at the [first|last] ball of the [game|match].
= whole
{c} swung the bat, hit the ball and ran.
the bat was made of wood, and the ball left a mark on it.
without a bat nobody can hit the ball, the coach said.
====
mouse: the animal
= prompts
under the kitchen floor, near the cheese, lived a mouse
the cat crept through the barn and chased a mouse
with a long tail and tiny ears, out of the hole came a mouse
= before
under the kitchen floor, near the cheese, lived a [little |grey |hungry |]
the cat crept through the [barn|house] and chased a
with a long tail and tiny ears, out of the hole came a
the owl saw something move in the corn: a
in the pantry, [the cheese|the bread] was eaten by a
= after
with [whiskers|soft fur|a long tail].
that squeaked [softly|for fear|all night].
no bigger than [a walnut|a thumb].
that loved [cheese|bread] above all.
= before
the cat was asleep, and so the hungry
there was a smell of cheese, and the grey
= after
ran [across the floor|out of its hole|along the wall].
nibbled at the [cheese|bread].
squeaked with joy.
= whole
the mouse nibbled the cheese and ran from the cat.
a mouse lives behind the stove and comes out when the cat sleeps.
{c} saw a mouse run across the floor with a crumb.
====
mouse: the computer's
= prompts
she moved the pointer on the screen with the mouse
to open the file he clicked twice with the mouse
beside the keyboard of the computer lay the mouse
= before
[she|he] moved the pointer on the screen with the
to open the [file|program] [he|she|{c}] clicked twice with the
beside the keyboard of the computer lay [the|a wireless|a black]
the computer shop sells screens, keyboards and a cheap
the laptop came with a cable, a bag and a
the program did not answer to the keyboard or the
= after
with two buttons and a wheel.
that needs no cable.
, whose battery was almost empty.
on the desk [beside|in front of] the screen.
= before
on the desk with the computer, {c} looked for the
= after
button [once|twice|with one finger].
pad [made of cloth|of the computer|under the lamp].
= whole
click the left button of the mouse to open the program.
{c} bought a new mouse and a keyboard for the computer.
the mouse of the computer has two buttons and a little wheel.
""")

SENSE_TEXTS = _TEXTS
ENGLISH_SENSES = ambiguous_words(_TEXTS, "en")
