"""English words with two senses: Apple, bank, bat, mouse, crane, spring, seal, palm."""

from tfcli.data.world.senses import ambiguous_words, sense_texts

_TEXTS = sense_texts("""
apple: the company
= prompts
the stock market was glad about the new phones of apple
the company that makes the phone and the tablet is apple
she bought a new computer made by apple
= before
the stock market was glad about [the new phones of|the good numbers of]
the company that makes [the phone and the tablet|this computer|the best screens] is
[she|he|{c}|my brother] bought a new [computer|phone|tablet] made by
the engineers who write software for
[investors|many people|the bank clerks] put their money into shares of
the [phone|computer] company called
on the stock market, everybody talked about
the new phone was shown by
[after the launch of the phone|after the good news], the share price of
= after
[, and|; then] its shares rose at once.
announced [a new phone|a better screen|a faster chip|new software] today.
went up [by two percent|on the stock market|at once].
, whose shares rose [at once|the same day].
released a [new|thinner|cheaper|faster] phone[ this {season}|].
will open a new store in [London|Paris|Tokyo|Berlin].
, a company with engineers in many countries.
= whole
Apple released a new iPhone, and its shares rose at once.
[in {season}|on {day}|this {month}], Apple [released|showed|announced] a new iPhone, and its share price rose.
the engineers of Apple worked on the new phone [day and night|for two years|in secret].
the shares of apple rose when the new phone was shown.
{c} works for Apple and writes software for phones.
the new computer from apple was sold out in an hour.
====
apple: the fruit
= prompts
she was hungry and ate a sweet, juicy apple
from the tree in the orchard fell a ripe apple
for breakfast the doctor told him to eat an apple
= before
[she|he|{c}|the boy|the girl] was hungry and ate a [sweet, juicy|red|big green]
from the tree in the [orchard|garden] fell a [ripe|red|rotten]
[for breakfast|every day|after lunch] the doctor told [him|her] to eat an
grandmother peeled and cut [an|a sour|a sweet]
at the market [she|he] [bought|chose] a fresh
in the fruit bowl, beside the pears, lay an
the horse [likes|likes to eat|took a bite of] a crunchy
{c} climbed the tree and picked [an|a ripe]
under the leaves of the old tree hung a ripe
= after
, and it tasted [sweet|sour|wonderful|fresh].
[with red skin|with a worm in it|as round as a ball].
, which was sweet and juicy.
from the [tree|garden|basket], and the juice ran down.
and a pear for [breakfast|the way|dessert].
for the pie that was [already |]in the oven.
, washed it and took a bite.
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
the boat drifted down the river and touched the [muddy|left|far|grassy|]
the ducks climbed out of the [stream|water] onto the
the fisherman [sat by the water on the|threw his line from the]
the river rose after the rain and flooded the
we swam across the stream to the other
willows grow along the river
reeds and flowers grew on the wet
the otter slipped into the water from the
= after
, where the grass was [wet|green|high].
and watched the fish [jump|swim by].
, covered with reeds and mud.
under the willows.
, and the water ran over their feet.
on the other side of the river.
and rested in the shade of the trees.
= whole
they had a picnic on the bank of the river and listened to the water.
the bank of the river was [steep|muddy|full of flowers], and frogs sat there.
from bank to bank, the river was [wide|frozen|still].
{c} tied the boat to a tree on the bank.
====
bank: the house of money
= prompts
to save her money she opened an account at the bank
the clerk counted the notes and coins in the bank
he wanted a loan to buy a house, so he went to the bank
= before
to save [her|his] money [she|he] opened an account at the
the clerk counted the notes and coins in the
[he|she|{c}] wanted a loan to buy a house, so [he|she] went to the
she took her savings and her cheque to the
the thieves wanted the gold and the cash of the
he paid his salary into the
the interest on the loan is paid to the
the banker locked the safe of the
= after
, which closes at four o'clock.
and signed the papers for the loan.
, where a clerk counted the money.
and asked about the interest.
to change dollars into euros.
and put the money into the safe.
, because the account was empty.
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
the moths were caught in the dark by a
over our heads in the night sky flew a
= after
with thin wings and sharp ears.
that hunts insects in the dark.
, and it caught a moth in flight.
, which sleeps all day and flies at night.
hanging by its feet.
and flapped its wings.
= whole
a bat sleeps upside down [in a cave|in an attic] and hunts insects at night.
the bat spread its wings and flew out of the cave into the night.
{c} was not afraid of the little bat with its [soft|thin] wings.
====
bat: the club
= prompts
the player hit the ball over the fence with his bat
for her team's first match she was given a wooden bat
the pitcher threw the ball and the boy swung the bat
= before
the player hit the ball over the fence with [his|her]
for [her|his] team's first match [she|he] was given a [wooden|new]
the pitcher threw the ball and the [boy|girl] swung the
the coach put the ball, the gloves and the
in the baseball game {c} broke the
the captain of the team leaned on {c.his}
= after
and ran to the first base.
made of [ash wood|hard wood|light metal].
, and the ball flew over the fence.
, and the crowd cheered.
into the sports bag.
, hit the ball and scored.
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
under the kitchen floor, near the cheese, lived a [little|grey|hungry|]
the cat crept through the [barn|house] and chased a
with a long tail and tiny ears, out of the hole came a
the owl saw something move in the corn: a
in the pantry, [the cheese|the bread] was eaten by a
the trap in the cellar had caught no
= after
with whiskers and a long tail.
that nibbled at the cheese.
, and it squeaked.
and ran back into its hole.
, while the cat was asleep.
with her five little ones.
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
and clicked on the file.
with two buttons and a wheel.
, and the pointer moved on the screen.
, but its battery was empty.
and typed the password.
that needs no cable.
= whole
click the left button of the mouse to open the program.
{c} bought a new mouse and a keyboard for the computer.
the mouse of the computer has two buttons and a little wheel.
""")

SENSE_TEXTS = _TEXTS
ENGLISH_SENSES = ambiguous_words(_TEXTS, "en")
