"""Kings and queens, men and women, boys and girls: the same words for both."""

from tfcli.data.world.english.words import BOYS, GIRLS
from tfcli.data.world.grammar import Record, lines, table
from tfcli.data.world.plots import plots
from tfcli.data.world.roles import RoleBook

# did: what this pair of roles does, in the past; things: what belongs to it; at: where it is found;
# kind: which pair of words says he or she; is: what a man or a woman must be to be one; dream:
# whether one may wish to become one.
_PAIRS = table(
    "he she did things at kind is dream",
    """
king | queen
& | ruled the land / sat on the throne / signed a new law / wore the heavy crown
& | golden crown / royal ring / red cloak | in the palace / in the throne room
& | man | with a crown who rules a kingdom | yes
prince | princess
& | danced at the royal ball / rode a white pony / waited to inherit the kingdom / slept in the tower
& | little crown / silver ring / riding whip | in the castle / at the royal ball
& | boy | whose parents are a king and a queen | yes
man | woman
& | drove to the office / paid the rent / read the newspaper / waited for the bus
& | car key / newspaper / wallet | in the office / at the bus stop
& | man | - | -
boy | girl
& | walked to school / did some homework / flew a kite / lost a tooth
& | school bag / kite / pencil case | in the school yard / on the playground
& | boy | - | -
father | mother
& | put the children to bed / fed the baby / packed the school lunches / hugged the children
& | family album / picture of the children / house key | at home with the children / beside the cradle
& | man | with children of {r.his} own | yes
son | daughter
& | wrote a letter home / made the parents proud / came home from college
& | letter from home / college scarf / study book | at the family table / at college
& | boy | whose parents are proud of {r.him} | -
brother | sister
& | shared the bunk bed / hid the last biscuit / told a secret after dark
& | toy box / comic book / torch | in the nursery / in the bunk bed
& | boy | who has the same parents as you | -
grandfather | grandmother
& | told a story from long ago / looked for the lost glasses / dozed in the armchair
& | walking stick / pair of glasses / old watch | in the armchair / by the fireplace
& | man | with grandchildren | -
uncle | aunt
& | came for a visit / brought presents for the cousins / stayed for the weekend
& | travel bag / camera / present for the cousins | at the family party / in the guest room
& | man | whose brother or sister has children | -
husband | wife
& | danced at the wedding / bought flowers for the anniversary / put on the wedding ring
& | wedding ring / honeymoon picture / anniversary card | at the wedding / at the altar
& | man | who is married | yes
actor | actress
& | bowed to the audience / learned the lines of the play / stood on the stage / starred in a film
& | costume / script / theatre ticket | on the stage / in the theatre
& | man | who plays a part on the stage | yes
waiter | waitress
& | brought the menu / carried four plates at once / wrote down the order / cleared the tables
& | heavy tray / menu / notepad | in the restaurant / between the tables
& | man | who carries the plates in a restaurant | yes
""",
)
_HE = Record(
    name="he", he="he", him="him", his="his", himself="himself", man="man", boy="boy",
    names=tuple(person.name for person in BOYS),
    wears=("suit", "tie", "jacket", "waistcoat"), title=("sir", "Mister"),
)  # fmt: skip
_SHE = Record(
    name="she", he="she", him="her", his="her", himself="herself", man="woman", boy="girl",
    names=tuple(person.name for person in GIRLS),
    wears=("dress", "skirt", "blouse", "necklace"), title=("madam", "Miss"),
)  # fmt: skip


def _role(row: Record, side: Record, label: object) -> Record:
    shared = {name: row.fields[name] for name in ("did", "things", "at", "is", "dream")}
    return Record(**{**side.fields, "name": label, "sex": side.fields[row.kind], **shared})


_LINES = lines("""
the {r} {r.did}, and [nobody|no one] disturbed {r.him}.
the {r} {r.did} before {r.he} had breakfast.
one [fine |cold |grey |]{day}, the {r} {r.did}.
when the {r} {r.did}, {r.he} looked [happy|tired|proud|serious].
the {r} was [often|always|usually] {r.at}, and {r.he} liked it there.
{r.friend} met the {r} {r.at}.
the {r} thought of {r.his} {r.things} all day.
the {r} would not give away {r.his} {r.things} for anything in the world.
the {r}'s name was {r.called}, and {r.he} {r.did}.
the {r} looked at {r.himself} in the mirror and touched {r.his} {r.wears}.
the {r} put on {r.his} best {r.wears}, and then {r.he} {r.did}.
[people|the neighbours|the children] liked the {r}, for {r.he} was always [kind|polite|cheerful].
"who is that {r}?" "that is {r.called}. I met {r.him} {r.at}."
the {r} said that {r.he} had lost {r.his} {r.things}.
the {r} smiled to {r.himself} when {r.he} saw {r.his} {r.things}.
I saw the {r} {r.at}; {r.he} was with the {o}.
the {r} came in, and {r.he} had {r.his} {r.things} with {r.him}.
the {r} wore a [dark|new|fine|blue] {r.wears}, as {r.he} did every {day}.
[everybody|the whole town] knew the {r} {r.at} and {r.his} {r.things}.
there was once a~ {r} who {r.did}, and {r.he} was [very |]happy about it.
"good morning, {r.title}," I said to the {r}, and {r.he} nodded.
"[thank you|come in|sit down]," said the {r} {r.at}. {r.his} voice was [soft|loud|deep|clear].
""")

_KIND_LINES = lines("""
a~ {r} is a {r.sex} {r.is}.
this {r} is a {r.sex} whose name is {r.called}.
is the {r} a {r.sex}? Of course {r.he} is.
a {r.sex} {r.is} is called a~ {r}.
""")

_PAIR_LINES = lines("""
the {he} and the {she} were {he.at}: he {he.did}, and she {she.did}.
the {he} has his {he.things}, and the {she} has hers.
when we speak of a~ {he}, we say he; when we speak of a~ {she}, we say she.
the {he} took his {he.wears}, the {she} took her {she.wears}, and out they went.
"I am the {he}," he said. "I am the {she}," she said.
the {he} greeted the {she}, and she greeted him.
when the {he} laughed, the {she} laughed too.
first came the {he} with his {he.things}, then came the {she} with her {she.things}.
the {he} loves his {he.things}; the {she} loves her {she.things}.
if the {he} is called {he.called}, the {she} may be called {she.called}.
""")

_PLOTS = plots("""
once there was a~ {r} who could not sleep.
[late one night|one night in {month}], the {r} got up, for {r.he} could not sleep.

the {r} lay awake [in the night|until morning], for {r.he} had lost {r.his} {r.thing}.
{r.he} could not find {r.his} {r.thing}, and that worried {r.him}.

{r.he} looked under the bed, but there was nothing there.
{r.he} walked up and down and talked to {r.himself}.
{r.he} counted to a hundred, and then {r.he} counted back.

in the morning {r.friend} came and asked {r.him} what was wrong.
at last {r.he} called {r.his} old friend {r.friend}.
"what is the matter?" asked {r.friend} in the morning.

"I miss my {r.thing}," said the {r}.
the {r} told {r.friend} about {r.his} {r.thing}.

then they searched together, and {r.friend} found it under the [carpet|stairs|apple tree].
{r.friend} laughed and showed {r.him} that it had been there all the time.

after that the {r} {r.did}, and {r.he} slept well again.
the {r} thanked {r.friend} with all {r.his} heart, for now {r.he} could sleep.
====
the {r} had a cold, and {r.his} nose was red.
the {r} had a birthday, and [everybody|the whole house] came to see {r.him}.
the {r} wanted a day of rest, because {r.he} was tired.

{r.he} put {r.his} {r.wears} away and sat down with a cup of tea.
"today nobody will find me {r.at}," {r.he} said to {r.himself}.
the {o} brought {r.him} [tea with honey|a cake|a bowl of soup] and sang to {r.him}.

?60
but soon there was a knock at the door, and someone called for the {r}.
the {o} asked if {r.he} was well, and {r.he} said yes.
{r.friend} wrote {r.him} a letter and wished {r.him} luck.

the next day {r.he} {r.did} again.
by {day} {r.he} was back {r.at}, as if nothing had happened.
in the evening {r.he} was happy again, and {r.his} {r.thing} [was|lay] beside {r.him}.
""")

_DREAMS = plots("""
when {r.friend} was a little {r.boy}, {r.he} wanted to be a~ {r}.
there was once a [poor|young|shy|clever] {r.boy} called {r.friend} who wanted to become a~ {r}.

"to be a~ {r}," [people said|the old people said], "you must first learn to be patient."
every day {r.he} dreamed of the time when {r.he} would be a~ {r}.
{r.he} practised in front of the mirror and said to {r.himself}, "I am the {r}."

years went by, and {r.he} never forgot {r.his} dream.
{r.he} worked hard, and {r.his} friends [laughed at|helped|believed in] {r.him}.

in the end {r.he} was a~ {r} and {r.did}.
one day {r.he} stood {r.at}, and everybody called {r.him} the {r}.
""")

ROLES = RoleBook(
    pairs=tuple(
        (_role(row, _HE, row.fields["he"]), _role(row, _SHE, row.fields["she"])) for row in _PAIRS
    ),
    lines=_LINES,
    kind_lines=_KIND_LINES,
    pair_lines=_PAIR_LINES,
    plots=_PLOTS,
    dreams=_DREAMS,
)
