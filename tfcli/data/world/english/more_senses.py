"""More English words with two senses."""

from tfcli.data.world.senses import ambiguous_words, sense_texts

MORE_SENSE_TEXTS = sense_texts("""
crane: the bird
= prompts
on one long leg in the marsh stood a crane
the white bird with the long neck was a crane
over the lake, flying south in autumn, we saw a crane
= before
on one long leg in the [marsh|shallow water] stood a
the [white|grey] bird with the long neck was a
over the lake, flying south in autumn, we saw a
the frogs in the pond were afraid of the
in the reeds, on a nest with two eggs, sat a
= after
with [white feathers|a long beak|wide wings|a red spot on its head].
as [still|white] as a flower.
that had come back from the south.
= whole
the crane stood on one leg and looked for frogs.
{c} folded a bird out of paper, a crane with white wings.
in spring the crane comes back to its nest in the reeds.
the crane spread its wings and flew south with the others.
====
crane: the machine
= prompts
at the building site the steel beams were lifted by a crane
the workers in the harbour load the ship with a crane
high above the new tower, the driver sits in the cabin of a crane
= before
at the building site the steel beams were lifted by a [tall |yellow |]
the workers in the harbour load the ship with a [huge |new |]
high above the new tower, the driver sits in the cabin of a
to lift the concrete blocks to the tenth floor, they need a
the heavy machine on the dock was a
= after
that can lift [ten|twenty|fifty] tons.
with [a steel hook|strong cables|a long arm].
that was brought [by ship|on two trucks].
= before
a lever was pulled, the cable moved, and we watched the
from the street we could see the yellow
= after
lift the [beams|concrete blocks|pipes].
lower its hook[ slowly|].
= whole
the crane lifted the beam to the top of the building.
the driver of the crane sits high above the building site.
{c} watched how the crane loaded the ship in the harbour.
====
spring: the season
= prompts
when winter is over and the snow melts, it is spring
birds build their nests and flowers open in spring
after the long, cold winter everyone was waiting for spring
= before
when winter is over and the snow melts, we have
birds build their nests and flowers open in
after the long, cold winter everyone was waiting for
the farmer sows his fields in
the cherry trees bloom in
= after
when the days grow longer.
with its [warm rain|green leaves|mild winds].
before the heat of summer comes.
after the last snow of [February|March] has gone.
= whole
in spring the trees turn green and the birds come back.
{c} loves spring, because the snow is gone and the flowers bloom.
spring comes after winter and before summer.
====
spring: the coil
= prompts
inside the old clock the watchmaker found a broken spring
the mattress squeaked because of a rusty metal spring
to make the toy jump he pressed down the steel spring
= before
inside the old clock the watchmaker found a broken
the mattress squeaked because of a rusty metal
to make the toy jump [he|she|{c}] pressed down the [steel|little]
the mechanic took the car's wheel off and changed the
in the ball pen, behind the tip, there is a tiny
= after
made of [steel|steel wire|brass].
that had lost its [tension|strength].
wound as tight as it could be.
of the best [steel|wire].
= whole
a spring of steel can be pressed, and then it jumps back.
the watchmaker wound the spring, and the clock ticked again.
{c} pulled the spring out of the old toy.
====
seal: the animal
= prompts
on the ice by the cold sea lay a fat grey seal
the zoo keeper threw a fish to the hungry seal
swimming under the waves with its flippers we saw a seal
= before
on the ice by the cold sea lay a [fat |young |fat grey |]
the zoo keeper threw a fish to the [hungry |old |]
swimming under the waves with its flippers we saw a
the polar bear waited beside the hole in the ice for a
on the rocks by the sea, in the sun, slept a
= after
with [big dark eyes|whiskers|short flippers|grey fur].
and its white pup.
that loved [fish|the cold water].
= whole
the seal dived under the ice and came up with a fish.
a young seal has white fur and lives on the ice.
{c} saw a seal on the rocks by the sea.
the seal barked and slid into the water.
====
seal: the stamp on a letter
= prompts
the king closed the letter with red wax and pressed on it his seal
the old document was signed and bore the royal seal
to open the envelope she had to break the seal
= before
the king closed the letter with red wax and pressed on it his
the old document was signed and bore the [royal |red |golden |]
to open the envelope [she|he] had to break the
the judge signed the paper and put under it the
on the envelope, beside the signature, was a
= after
of [red wax|the town|the king|the court].
made of wax[ with a lion on it|].
with a [lion|crown|tower] on it.
= whole
the letter had a seal of wax, and the seal was not broken.
without the royal seal the document is not valid.
{c} broke the seal of the envelope and read the letter.
====
palm: the tree
= prompts
on the sandy beach of the island grew a tall palm
coconuts fell from the top of the palm
in the oasis in the desert the camels rested under a palm
= before
on the sandy beach of the island grew a [tall |green |]
coconuts fell from the top of the
in the oasis in the desert the camels rested under a
the monkey climbed up the trunk of the
between the beach and the village stands a very old
= after
tree [full of coconuts|with long green leaves|beside the water].
that bent in the [sea |warm |]wind.
with [long green leaves|a long trunk|a crown of leaves].
= whole
a palm grows on the beach, and coconuts hang in its top.
the wind of the sea shook the leaves of the palm.
{c} sat in the shade of a palm and drank coconut milk.
====
palm: the inside of the hand
= prompts
the boy closed his fingers over the coin in his palm
she held the little bird in her warm palm
the fortune teller took her hand and read the lines of her palm
= before
the boy closed his fingers over the coin in his
{c} held the little bird in {c.his} warm
the fortune teller took her hand and read the lines of her
he cut his finger and then his
drops of water ran from the wrist into the
= after
of the [left|right] hand.
between the thumb and the [little |]finger.
while the hand was [open|still|trembling].
= whole
the palm of the hand is soft, and the fingers can close over it.
{c} put the coin into the palm of the beggar's hand.
she wrote a number on her palm with a pen.
the hand was open, and the palm was full of berries.
""")

MORE_ENGLISH_SENSES = ambiguous_words(MORE_SENSE_TEXTS, "en")
