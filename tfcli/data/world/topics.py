"""Topics: tables of facts, with many ways to say each of them, and the documents made of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tfcli.data.world.grammar import Dice, Record, lines
from tfcli.data.world.scribe import Scribe

Author = Callable[[Scribe], str]


@dataclass(frozen=True)
class Relation:
    """One kind of fact, in words.

    say: whole statements, able to follow "everyone knows that"; scene: statements that stand alone;
    then: statements about a subject that was named just before ("its capital is …"); ask and
    reply: questions and answers, any of which fits any question;
    also: the short question that may follow ("and what about Japan?"). needs: the field that a
    record must have for the relation to apply.
    """

    say: tuple[str, ...]
    scene: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    reply: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    needs: str = ""


@dataclass(frozen=True)
class Topic:
    """A table of records, the best known first, and what can be said of each; `often` names those
    that people speak of most."""

    name: str
    records: tuple[Record, ...]
    relations: tuple[Relation, ...]
    subject: str
    intros: tuple[str, ...] = ()
    often: tuple[str, ...] = ()

    def draw(self, dice: Dice) -> Record:
        """A record, an early one more likely; one time in eight one of those named in `often`."""
        if self.often and dice.chance(1 / 8):
            name = dice.pick(self.often)
            return next(record for record in self.records if record.label == name)
        return dice.pick_known(self.records)

    def different_relations(self) -> list[Relation]:
        """Each relation once: one that stands several times among `relations` is drawn more often."""
        return list({id(relation): relation for relation in self.relations}.values())


@dataclass(frozen=True)
class Frames:
    """The words of one language that carry facts of any topic: openings, dialogues, politeness."""

    wraps: tuple[str, ...]
    lesson_openings: tuple[str, ...]
    lesson_closings: tuple[str, ...]
    turns: tuple[str, ...]
    praise: tuple[str, ...]
    diary_openings: tuple[str, ...]
    diary_closings: tuple[str, ...]
    quiz: tuple[tuple[str, str], ...]
    users: tuple[str, ...]
    greetings: tuple[tuple[str, str], ...]
    thanks: tuple[tuple[str, str], ...]
    end_marks: str
    cast: Callable[[Scribe], Mapping[str, object]]
    story_asks: tuple[str, ...]
    story_thanks: tuple[tuple[str, str], ...]


def relation(text: str, needs: str = "") -> Relation:
    """A relation written as text: sections ``= say``, ``= scene``, ``= then``, ``= ask``,
    ``= reply``, ``= also``, a wording a line."""
    sections: dict[str, tuple[str, ...]] = {}
    for block in text.strip().split("= ")[1:]:
        head, _, body = block.partition("\n")
        sections[head.strip()] = lines(body)
    return Relation(**sections, needs=needs)


def applies(relation: Relation, record: Record) -> bool:
    return not relation.needs or record.has(relation.needs)


def _some(scribe: Scribe, topic: Topic, asked: bool = False) -> tuple[Record, Relation]:
    """A record and a relation that fits it; with `asked`, one that has a question."""
    while True:
        record = topic.draw(scribe.dice)
        chosen = scribe.dice.pick(topic.relations)
        if applies(chosen, record) and (chosen.ask or not asked):
            return record, chosen


def _slots(scribe: Scribe, frames: Frames, topic: Topic, record: Record) -> dict[str, object]:
    """x: the record at hand; y: another one, for comparisons; and people to speak of."""
    others = [other for other in topic.records if other is not record] or [record]
    return {**frames.cast(scribe), "x": record, "y": scribe.dice.pick(others)}


def state(scribe: Scribe, frames: Frames, topic: Topic, chosen: Relation, record: Record) -> str:
    """One statement, plain or carried by a phrase such as "everyone knows that"."""
    slots = _slots(scribe, frames, topic, record)
    if scribe.dice.chance(0.25):
        return scribe.say(frames.wraps, s=chosen.say, **slots)
    return scribe.say(chosen.say + chosen.scene, **slots)


def portrait(scribe: Scribe, frames: Frames, topic: Topic) -> str:
    """A paragraph about one record: an opening statement and several that follow from it."""
    dice = scribe.dice
    record = topic.draw(dice)
    fitting = [r for r in topic.different_relations() if applies(r, record)]
    order = dice.shuffled(fitting)[: dice.between(3, max(3, len(fitting)))]
    parts = [state(scribe, frames, topic, order[0], record)]
    for chosen in order[1:]:
        wordings = chosen.then if chosen.then and dice.chance(0.75) else chosen.say + chosen.scene
        parts.append(scribe.say(wordings, **_slots(scribe, frames, topic, record)))
    return scribe.paragraph(parts)


def roundup(scribe: Scribe, frames: Frames, topic: Topic) -> str:
    """A paragraph that says one kind of fact of several records."""
    dice = scribe.dice
    chosen = dice.pick(topic.relations)
    fitting = [record for record in topic.records if applies(chosen, record)]
    parts = []
    if topic.intros and dice.chance(0.6):
        parts.append(scribe.say(topic.intros, **frames.cast(scribe)))
    drawn = [topic.draw(dice) for _ in range(dice.between(3, 6))]
    known = {id(record) for record in fitting}
    for record in {id(record): record for record in drawn if id(record) in known}.values():
        parts.append(state(scribe, frames, topic, chosen, record))
    return scribe.paragraph(parts)


def _bare(text: str, frames: Frames) -> str:
    return text.rstrip(frames.end_marks)


def lesson(scribe: Scribe, frames: Frames, topic: Topic) -> str:
    """A scene in which somebody asks and somebody answers."""
    dice = scribe.dice
    cast = frames.cast(scribe)
    parts = [scribe.say(frames.lesson_openings, subject=topic.subject, **cast)]
    for _ in range(dice.between(2, 4)):
        record, chosen = _some(scribe, topic, asked=True)
        question = _bare(scribe.draft(chosen.ask, x=record), frames)
        answer = _bare(scribe.draft(chosen.reply, x=record), frames)
        slots = {"cap_q": _capital(question), "cap_a": _capital(answer), **cast}
        parts.append(scribe.say(frames.turns, q=question, a=answer, **slots))
        if dice.chance(0.25):
            parts.append(scribe.say(frames.praise, **cast))
    if dice.chance(0.6):
        parts.append(scribe.say(frames.lesson_closings, subject=topic.subject, **cast))
    return scribe.paragraph(parts)


def diary(scribe: Scribe, frames: Frames, topic: Topic) -> str:
    """A page of a diary on what was learned today."""
    cast = frames.cast(scribe)
    parts = [scribe.say(frames.diary_openings, subject=topic.subject, **cast)]
    for _ in range(scribe.dice.between(2, 5)):
        record, chosen = _some(scribe, topic)
        parts.append(state(scribe, frames, topic, chosen, record))
    parts.append(scribe.say(frames.diary_closings, subject=topic.subject, **cast))
    return scribe.paragraph(parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def quiz(scribe: Scribe, frames: Frames, topic: Topic) -> str:
    """Questions and answers, a line each."""
    form = scribe.dice.pick(frames.quiz)
    rows = []
    for _ in range(scribe.dice.between(3, 6)):
        record, chosen = _some(scribe, topic, asked=True)
        question, answer = scribe.draft(chosen.ask, x=record), scribe.draft(chosen.reply, x=record)
        rows.append(scribe.say(form[0], q=_capital(question)))
        rows.append(scribe.say(form[1], a=_capital(answer)))
    return "\n".join(rows)


def chat_text(turns: Sequence[tuple[str, str]]) -> str:
    """A dialogue in ChatML."""
    return "".join(f"<|im_start|>{who}\n{text}<|im_end|>\n" for who, text in turns)


def fact_chat(scribe: Scribe, frames: Frames, topics: Sequence[Topic]) -> str:
    """A chat about facts: one to four questions, at times short ones that lean on the last."""
    dice = scribe.dice
    turns: list[tuple[str, str]] = []
    if dice.chance(0.15):
        hello, welcome = dice.pick(frames.greetings)
        turns += [("user", scribe.say(hello)), ("assistant", scribe.say(welcome))]
    topic = dice.pick(topics)
    record, chosen = _some(scribe, topic, asked=True)
    for i in range(dice.between(1, 4)):
        if i and chosen.also and len(topic.records) > 1 and dice.chance(0.6):
            others = [r for r in topic.records if applies(chosen, r) and r is not record]
            record = dice.pick_known(others)
            question = scribe.say(chosen.also, x=record)
        else:
            topic = topic if dice.chance(0.5) else dice.pick(topics)
            record, chosen = _some(scribe, topic, asked=True)
            question = scribe.say(frames.users, q=scribe.draft(chosen.ask, x=record))
        answer = [scribe.say(chosen.reply, x=record)]
        if dice.chance(0.3):
            other = dice.pick(topic.relations)
            if applies(other, record) and other is not chosen:
                answer.append(
                    scribe.say(other.then or other.say, **_slots(scribe, frames, topic, record))
                )
        turns += [("user", question), ("assistant", scribe.paragraph(answer))]
    if dice.chance(0.2):
        bye, welcome = dice.pick(frames.thanks)
        turns += [("user", scribe.say(bye)), ("assistant", scribe.say(welcome))]
    return chat_text(turns)


def story_chat(scribe: Scribe, frames: Frames, tellers: Mapping[str, Author]) -> str:
    """A chat in which somebody asks for a story about one thing or another and gets it."""
    about = scribe.dice.pick(tuple(tellers))
    ask = scribe.say(frames.story_asks, about=about)
    turns = [("user", ask), ("assistant", tellers[about](scribe))]
    if scribe.dice.chance(0.5):
        thanks, welcome = scribe.dice.pick(frames.story_thanks)
        turns += [("user", scribe.say(thanks)), ("assistant", scribe.say(welcome))]
    return chat_text(turns)


Form = Callable[[Scribe, Frames, Topic], str]
FORMS: tuple[Form, ...] = (portrait, portrait, roundup, roundup, lesson, diary, quiz)


def fact_page(scribe: Scribe, frames: Frames, topic: Topic) -> str:
    """A document about a topic in one of the forms above."""
    form = scribe.dice.pick(FORMS)
    if form is portrait and len(topic.different_relations()) < 3:
        form = roundup
    return form(scribe, frames, topic)
