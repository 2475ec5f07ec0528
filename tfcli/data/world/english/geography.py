"""Countries: capitals, languages, money, food, rivers, sights."""

from tfcli.data.world.grammar import Record, table
from tfcli.data.world.topics import Topic, relation

_ROWS = table(
    "name capital people language currency continent river sight food friend",
    """
France | Paris | French | French | euro | Europe | Seine
& | the Eiffel Tower | bread and cheese | Pierre / Claire
Japan | Tokyo | Japanese | Japanese | yen | Asia | Sumida
& | Mount Fuji | rice and raw fish | Kenji / Yuki
China | Beijing | Chinese | Chinese | yuan | Asia | Yangtze
& | the Great Wall | dumplings | Wei / Mei
Italy | Rome | Italian | Italian | euro | Europe | Tiber
& | the Colosseum | pizza | Marco / Giulia
Spain | Madrid | Spanish | Spanish | euro | Europe | Ebro
& | the Prado Museum | rice with seafood | Pablo / Carmen
Germany | Berlin | German | German | euro | Europe | Rhine
& | the Brandenburg Gate | sausages | Hans / Greta
England | London | English | English | pound | Europe | Thames
& | Big Ben | fish and chips | Oliver / Emily
Russia | Moscow | Russian | Russian | rouble | Europe and Asia | Volga
& | Red Square | beetroot soup | Ivan / Olga
Egypt | Cairo | Egyptian | Arabic | pound | Africa | Nile
& | the pyramids | flat bread with beans | Omar / Layla
Greece | Athens | Greek | Greek | euro | Europe | -
& | the Acropolis | olives and white cheese | Nikos / Eleni
Portugal | Lisbon | Portuguese | Portuguese | euro | Europe | Tagus
& | the Belem Tower | custard tarts | Rui / Ines
Poland | Warsaw | Polish | Polish | zloty | Europe | Vistula
& | the Old Town | cabbage soup | Marek / Zofia
Sweden | Stockholm | Swedish | Swedish | krona | Europe | -
& | the Vasa ship | meatballs | Lars / Astrid
Norway | Oslo | Norwegian | Norwegian | krone | Europe | -
& | the fjords | smoked salmon | Olaf / Ingrid
Finland | Helsinki | Finnish | Finnish | euro | Europe | -
& | the great lakes and forests | rye bread | Mikko / Aino
Austria | Vienna | Austrian | German | euro | Europe | Danube
& | the Opera House | apple cake | Franz / Lena
Hungary | Budapest | Hungarian | Hungarian | forint | Europe | Danube
& | the Chain Bridge | beef stew | Laszlo / Ilona
Ireland | Dublin | Irish | English | euro | Europe | Liffey
& | the green cliffs | potato stew | Sean / Maeve
Turkey | Ankara | Turkish | Turkish | lira | Europe and Asia | -
& | the old bazaars | kebab | Emre / Leyla
Thailand | Bangkok | Thai | Thai | baht | Asia | -
& | the Grand Palace | spicy noodles | Somchai / Malee
Vietnam | Hanoi | Vietnamese | Vietnamese | dong | Asia | Mekong
& | Ha Long Bay | noodle soup | Minh / Lan
India | New Delhi | Indian | Hindi | rupee | Asia | Ganges
& | the Taj Mahal | curry | Arjun / Priya
Kenya | Nairobi | Kenyan | Swahili | shilling | Africa | Tana
& | the lions of the savanna | maize and beans | Juma / Amina
Cuba | Havana | Cuban | Spanish | peso | North America | -
& | the old sea wall | rice and black beans | Carlos / Rosa
Peru | Lima | Peruvian | Spanish | sol | South America | Amazon
& | Machu Picchu | potatoes | Diego / Lucia
Canada | Ottawa | Canadian | English | dollar | North America | Mackenzie
& | Niagara Falls | maple syrup | Jack / Sophie
Australia | Canberra | Australian | English | dollar | Australia | Murray
& | the Great Barrier Reef | meat pies | Bruce / Matilda
""",
)


def _with_place(row: Record) -> Record:
    return row.extended(place=(row.label, str(row.capital)))


COUNTRIES: tuple[Record, ...] = tuple(_with_place(row) for row in _ROWS)

_CAPITAL = relation("""
= say
the capital of {x} is {x.capital}.
the capital of {x} is {x.capital}, and {city_line}.
the capital of {x} is [the [old|great|busy|beautiful|famous] city of |]{x.capital}.
the capital city of {x} is [called |]{x.capital}.
the capital of [the country |]{x}, [as you know|of course|a country in {x.continent}], is {x.capital}.
{x}'s capital [city |]is [the city of |]{x.capital}.
in {x}, the capital city is {x.capital}.
{x} has its capital in {x.capital}.
the name of {x}'s capital is {x.capital}.
{x} is [a country|a land] whose capital is [called |]{x.capital}.
if you go to {x}, you must see its capital, {x.capital}.
[every year|in spring|in summer], [many|thousands of] people travel to {x} and visit its capital, {x.capital}.
the government of {x} sits in {x.capital}.
{x.capital} is the capital [city |]of {x}.
{x.capital}, the capital of {x}, is [a big city|an old city|a busy city|full of life].
{x.capital} is the city from which {x} is governed.
= then
its capital is {x.capital}.
its capital [city |]is [called |]{x.capital}, and {city_line}.
the capital is {x.capital}.
the most important decisions of the country come from the capital, {x.capital}.
= ask
what is the capital of {x}?
what is the capital city of {x}?
which city is the capital of {x}?
what is {x}'s capital?
what is the name of {x}'s capital?
= reply
{x.capital}.
it is {x.capital}.
the capital of {x} is {x.capital}.
{x}'s capital is {x.capital}.
the capital city of {x} is {x.capital}.
= also
and {x}?
and what about {x}?
and the capital of {x}?
""")

_CAPITAL_OF = relation("""
= say
{x.capital} is the capital of {x}.
{x.capital} is to {x} what {y.capital} is to {y}.
if you are in {x.capital}, you are in {x}.
{x.capital} lies in {x}.
the city of {x.capital} is in {x}.
= ask
which country has {x.capital} as its capital?
where is {x.capital}?
of which country is {x.capital} the capital?
= reply
{x.capital} is in {x}.
{x.capital} is the capital of {x}.
= also
and where is {x.capital}?
""")

_LANGUAGE = relation("""
= say
people in {x.place} speak {x.language}.
the people of {x.place} speak {x.language}.
in {x.place}, [most|almost all] people speak {x.language}.
the language of {x} is {x.language}.
in the streets of {x.place} you hear {x.language}.
in {x.place} the street signs are written in {x.language}.
children in {x.place} learn to read and write {x.language} at school.
if you want to live in {x.place}, you should learn {x.language}.
before my cousin moved to {x.place}, she took lessons in {x.language}.
{x.friend} comes from {x.place} and speaks {x.language}.
= then
the people there speak {x.language}.
people speak {x.language} there.
its language is {x.language}.
= ask
what language do people speak in {x}?
which language is spoken in {x.place}?
what do people speak in {x.place}?
= reply
they speak {x.language}.
people in {x} speak {x.language}.
{x.language}.
= also
and in {x}?
and what do they speak in {x}?
""")

_PLACE = relation("""
= say
in {x.place}, you pay with the {x.currency}.
{x.friend} was born in {x.place} and feels {x.people}.
in {x.place}, [many people like to eat|a favourite dish is|you can eat very good] {x.food}.
a shop in {x.place} takes only the {x.currency}.
= scene
my {x.people} friend {x.friend} lives in {x.place}.
we flew to {x.place} and ate {x.food}.
a letter came from {x.place} with a~ {x.people} stamp on it.
from {x.place} he sent me a picture of {x.sight}.
on our trip to {x.place} we saw {x.sight} and ate {x.food}.
in a little café in {x.place}, {x.friend} was reading a~ {x.people} newspaper.
{x.friend} flew home to {x.place}, where everybody spoke {x.language}.
the {x.people} team came back to {x.place} with the cup.
the plane to {x.place} was full of {x.people} students.
she brought a~ {x.people} doll home from {x.place}.
the {x.people} flag flies over {x.place}.
in {x.place}, {x.friend} bought {x.food} for all of us.
{x.friend} from {x.place} taught me a~ {x.people} song.
= then
you pay there with the {x.currency}.
many {x.people} families like to eat {x.food}.
a friend of mine called {x.friend} lives there.
visitors come to see {x.sight}.
= ask
what do people like to eat in {x.place}?
what can you eat and see in {x}?
= reply
in {x}, you can eat {x.food}, and you should see {x.sight}.
people like {x.food} there, and visitors come to see {x.sight}.
= also
and in {x}?
""")

_CONTINENT = relation("""
= say
{x} is [a country |]in {x.continent}.
{x} lies in {x.continent}.
you will find {x} on the map of {x.continent}.
the money of {x} is the {x.currency}.
= then
it lies in {x.continent}.
it is a country in {x.continent}.
its money is the {x.currency}.
= ask
where is {x}?
on which continent does {x} lie?
= reply
{x} is in {x.continent}.
it lies in {x.continent}.
= also
and {x}?
""")

_RIVER = relation(
    """
= say
the {x.river} is a [great|famous|beautiful] river in {x}.
[a|one] [famous|great] river of {x} is the {x.river}.
boats go up and down the {x.river}, [a|the] [great|famous] river of {x}.
= then
a famous river of the country is the {x.river}.
its best-known river is the {x.river}.
= ask
which river flows through {x}?
can you name a river in {x}?
= reply
the {x.river} flows through {x}.
the {x.river}.
= also
and a river in {x}?
""",
    needs="river",
)

GEOGRAPHY = Topic(
    "geography",
    COUNTRIES,
    (_CAPITAL, _CAPITAL, _CAPITAL, _CAPITAL_OF, _LANGUAGE, _PLACE, _PLACE, _CONTINENT, _RIVER),
    subject="the countries of the world",
    often=("France", "Japan"),
    intros=(
        "there are many countries in the world, and each of them has [a capital and a language|its own ways].",
        "let us [travel round the world|look at the map|open the big atlas] [for a while|together|once more].",
        "here is what [the book|the old atlas|our teacher] says about [some countries|a few lands far away].",
        "[grandfather|grandmother|my uncle|my aunt] has travelled [a lot|all over the world] and knows many countries.",
        "a good traveller knows [such things|a little about every country].",
    ),
)
