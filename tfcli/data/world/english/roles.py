"""Kings and queens, men and women, boys and girls: the same words for both."""

from tfcli.data.world.english.words import BOYS, GIRLS
from tfcli.data.world.grammar import Record, lines, table
from tfcli.data.world.plots import plots
from tfcli.data.world.roles import RoleBook

# did: what this pair of roles does, in the past; has: what belongs to it; at: where it is found;
# is: what a man or a woman must be to be one.
_PAIRS = table(
    "he she did has at is",
    """
king | queen
& | ruled the land / sat on the throne / signed a new law / wore the heavy crown
& | golden crown / royal throne / great kingdom | in the palace / on the throne
& | with a crown who rules a kingdom
prince | princess
& | danced at the royal ball / rode a white pony / waited to inherit the kingdom / slept in the tower
& | little crown / white pony / room in the tower | in the castle / at the royal ball
& | born in a palace as a child of the king and the queen
man | woman
& | drove to the office / paid the rent / read the newspaper / waited for the bus
& | old car / newspaper / small flat | in the office / at the bus stop
& | who has grown up
boy | girl
& | walked to school / did some homework / flew a kite / lost a tooth
& | school bag / kite / new bicycle | in the school yard / on the playground
& | who is still a child
father | mother
& | put the children to bed / fed the baby / packed the school lunches / hugged the children
& | sleeping baby / tired children / family | at home with the children / beside the cradle
& | with children of one's own
son | daughter
& | wrote a letter to the parents / made the parents proud / came home from college
& | proud parents / room under the roof | at the parents' house / at college
& | who makes the parents proud
brother | sister
& | shared the bunk bed / hid the last biscuit / told a secret after dark
& | bunk bed / half of the toys | in the nursery / in the bunk bed
& | with whom one shares the toys
grandfather | grandmother
& | told a story from long ago / looked for the lost glasses / dozed in the armchair
& | walking stick / armchair / grey hair | in the armchair / by the fireplace
& | with grandchildren
uncle | aunt
& | came for a visit on Sunday / brought presents for the cousins / stayed for the weekend
& | presents for the cousins / guest room | at the family party / in the guest room
& | who comes for a visit with presents
husband | wife
& | danced at the wedding / bought flowers for the anniversary / put on the wedding ring
& | wedding ring / honeymoon pictures | at the wedding / at the altar
& | who wears a wedding ring
actor | actress
& | bowed to the audience / learned the lines of the play / stood on the stage / starred in a film
& | part in the play / new film / applause | on the stage / in the theatre
& | who plays a part on the stage
waiter | waitress
& | brought the menu / carried four plates at once / wrote down the order / cleared the tables
& | heavy tray / menu | in the restaurant / between the tables
& | who carries the plates in a restaurant
""",
)
_HE = Record(
    name="he", he="he", him="him", his="his", himself="himself", sex="man", young="boy",
    friend=tuple(person.name for person in BOYS),
    wears=("beard", "suit", "tie", "moustache"), title=("sir", "Mister"),
)  # fmt: skip
_SHE = Record(
    name="she", he="she", him="her", his="her", himself="herself", sex="woman", young="girl",
    friend=tuple(person.name for person in GIRLS),
    wears=("dress", "skirt", "necklace", "ribbon"), title=("madam", "Miss"),
)  # fmt: skip


def _role(row: Record, side: Record, label: object) -> Record:
    shared = {name: row.fields[name] for name in ("did", "has", "at", "is")}
    return Record(**{**side.fields, "name": label, **shared})


_LINES = lines("""
the {r} {r.did}, and [nobody|no one] helped {r.him}.
the {r} {r.did} before {r.he} had breakfast.
one [fine |cold |grey |]{day}, the {r} {r.did}.
when the {r} {r.did}, {r.he} looked [happy|tired|proud|serious].
the {r} was [often|always|usually] {r.at}, and {r.he} liked it there.
{r.friend} met the {r} {r.at}.
the {r} thought of {r.his} {r.has} all day.
the {r} would not give away {r.his} {r.has} for anything in the world.
the {r}'s name was {r.friend}, and {r.he} {r.did}.
the {r} looked at {r.himself} in the mirror and touched {r.his} {r.wears}.
the {r} put on {r.his} best {r.wears}, and then {r.he} {r.did}.
[people|the neighbours|the children] liked the {r}, for {r.he} was always [kind|polite|cheerful].
a~ {r} is a {r.sex} {r.is}.
this {r} is a {r.sex} whose name is {r.friend}.
"who is that {r}?" "that is {r.friend}. I met {r.him} {r.at}."
the {r} said that {r.he} had lost {r.his} {r.has}.
the {r} smiled to {r.himself} when {r.he} saw {r.his} {r.has}.
I saw the {r} {r.at}; {r.he} was with {r.his} {o}.
the {r} came in, and {r.his} {r.has} came with {r.him}.
is the {r} a {r.sex}? Of course {r.he} is.
a {r.sex} {r.is} is called a~ {r}.
the {r} wore a [dark|new|fine|blue] {r.wears}, as {r.he} did every {day}.
[everybody|the whole town] knew the {r} {r.at} and {r.his} {r.has}.
long ago there was a~ {r} who {r.did}, and {r.he} lived to be very old.
"good morning, {r.title}," I said to the {r}, and {r.he} nodded.
"[thank you|come in|sit down]," said the {r} {r.at}. {r.his} voice was [soft|loud|deep|clear].
""")

_PAIR_LINES = lines("""
the {he} and the {she} were {he.at}: he {he.did}, and she {she.did}.
the {he} has his {he.has}, and the {she} has hers.
a~ {he} is a man, and a~ {she} is a woman.
the {he} took his {he.wears}, the {she} took her {she.wears}, and out they went.
what the {he} is among men, the {she} is among women.
"I am the {he}," he said. "I am the {she}," she said.
the {he} greeted the {she}, and she greeted him.
when the {he} laughed, the {she} laughed too.
first came the {he} with his {he.has}, then came the {she} with her {she.has}.
the {he} loves his {he.has}; the {she} loves her {she.has}.
if the {he} is called {he.friend}, the {she} may be called {she.friend}.
""")

_PLOTS = plots("""
once there was a~ {r} who could not sleep.
the {r} lay awake [in the night|until morning], for {r.he} had lost {r.his} {r.has}.
[late one night|one night in {month}], the {r} got up, for {r.he} could not sleep.

{r.he} looked under the bed, but there was nothing there.
{r.he} walked up and down and talked to {r.himself}.
{r.he} counted to a hundred, and then {r.he} counted back.

in the morning {r.friend} came and asked {r.him} what was wrong.
at last {r.he} called {r.his} old friend {r.friend}.
"what is the matter?" asked {r.friend}, who was always {r.at}.

"I miss my {r.has}," said the {r}.
the {r} told {r.friend} about {r.his} {r.has}.

then they searched together, and {r.friend} found it under the [carpet|stairs|apple tree].
{r.friend} laughed and showed {r.him} that it had been there all the time.

after that the {r} {r.did}, and {r.he} slept well again.
the {r} thanked {r.him} with all {r.his} heart, for now {r.he} could sleep.
====
a {r.sex} who was [very rich|very poor|still young|already old] wanted to become a~ {r}.
when {r.friend} was a little {r.young}, {r.he} wanted to be a~ {r}.

"to be a~ {r}," [people said|the old people said], "you must first learn to be patient."
every day {r.he} thought of {r.his} {r.has} to come.
{r.he} practised in front of the mirror until {r.he} knew {r.himself} well.

years went by, and {r.he} never forgot {r.his} dream.
{r.he} worked hard, and {r.his} friends [laughed at|helped|believed in] {r.him}.

in the end {r.he} was a~ {r} and {r.did}.
one day {r.he} stood {r.at}, and everybody called {r.him} the {r}.

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
in the evening {r.he} was happy again, and {r.his} {r.has} [was|lay|stood] beside {r.him}.
""")

ROLES = RoleBook(
    pairs=tuple(
        (_role(row, _HE, row.fields["he"]), _role(row, _SHE, row.fields["she"])) for row in _PAIRS
    ),
    lines=_LINES,
    pair_lines=_PAIR_LINES,
    plots=_PLOTS,
)
