"""The embedded corpus: the same everywhere, clean, two-sided, and it holds what it is made for."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tfcli.data.world import ANALOGIES, HELD_OUT_PROMPTS, SENSES, WorldDocument, documents
from tfcli.data.world.grammar import expand, finish_chinese, finish_english, parse
from tfcli.data.world.held_out import is_held_out
from tfcli.data.world.scribe import ALWAYS_TRAINING, sentences

# The text of seed 0. The shipped tokenizer is trained on it: a change here means that
# tokenizer/default.model and its recipe are to be remade.
SHA256 = "ca029c3ae0578f07224d063e30fde23d2db098fac736af697a6946d3ce3fb4ae"

RECIPE = Path(__file__).parents[2] / "tokenizer" / "recipes" / "default.json"
PRINT_CHECKSUM = (
    "import hashlib, tfcli.data.world as w; h = hashlib.sha256()\n"
    "for d in w.documents(0): h.update(d.text.encode())\n"
    "print(h.hexdigest())"
)
# One prompt's fact: how its subject may be written, and its answer.
FACTS = {
    "The capital of France is": ("France", "Paris"),
    "The capital of Japan is": ("Japan", "Tokyo"),
    "The theory of relativity was discovered by": ("relativity", "Einstein"),
    "Radium was discovered by": ("[Rr]adium", "Curie"),
    "The opposite of hot is": (r"\b[Hh]ot\b", r"\bcold\b"),
    "A young dog is called a": (r"\bdog\b", "puppy"),
    "The colour of a banana is": ("[Bb]anana", "yellow"),
    "The colour of a strawberry is": ("[Ss]trawberr", r"\bred\b"),
    "A person who bakes bread is called a": ("bakes? bread", "baker"),
    "The opposite of big is": (r"\b[Bb]ig\b", r"\bsmall\b"),
    "法国的首都是": ("法国", "巴黎"),
    "日本的首都是": ("日本", "东京"),
    "提出相对论的人是": ("相对论", "爱因斯坦"),
    "发现万有引力的人是": ("万有引力", "牛顿"),
    "大的反义词是": ("大.*(反|相反)|(反|相反).*大", "小"),
    "香蕉的颜色是": ("香蕉", "黄色"),
    "熊猫最爱吃的是": ("熊猫", "竹子"),
    "草莓的颜色是": ("草莓", "红色"),
    "给病人看病的人是": ("病人看病", "医生"),
    "热的反义词是": ("热.*(反|相反)|(反|相反).*热", "冷"),
}


class World(NamedTuple):
    documents: list[WorldDocument]
    training: list[str]
    validation: list[str]
    prose: str
    training_sentences: list[set[str]]


def without_markers(text: str) -> str:
    return re.sub(r"<\|im_start\|>\w+\n|<\|im_end\|>", "", text)


@pytest.fixture(scope="session")
def world() -> World:
    made = list(documents(0))
    training = [document.text for document in made if document.split == "train"]
    return World(
        made,
        training,
        [document.text for document in made if document.split == "validation"],
        "\n\n".join(without_markers(document.text) for document in made),
        [set(sentences(text)) for text in training],
    )


def is_chinese(text: str) -> bool:
    letters = [character for character in without_markers(text) if character.isalpha()]
    return sum(character >= "\u4e00" for character in letters) > len(letters) / 2


def holding(texts: list[str], pattern: str) -> int:
    found = re.compile(pattern)
    return sum(found.search(text) is not None for text in texts)


def size(texts: list[str]) -> int:
    return sum(len(text.encode()) for text in texts)


def test_seed_0_is_the_recorded_text(world):
    digest = hashlib.sha256("".join(d.text for d in world.documents).encode()).hexdigest()
    assert digest == SHA256


def test_the_tokenizer_recipe_names_the_same_text():
    embedded = json.loads(RECIPE.read_text(encoding="utf-8"))["embedded"]
    assert embedded == {"seed": 0, "sha256": SHA256}


def test_other_processes_with_other_hashes_make_the_same_text(world):
    def printed(*command: str, hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = (sys.executable, *command)
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        return done.stdout.decode()

    assert printed("-c", PRINT_CHECKSUM, hash_seed="1").strip() == SHA256
    side = printed("-m", "tfcli.data.world", "--split", "validation", hash_seed="54321")
    assert side.rstrip("\n").split("\n\n") == [text.rstrip() for text in world.validation]


def test_another_seed_makes_another_text(world):
    other = documents(1)
    first = [next(other).text for _ in range(200)]
    assert len(set(first) & {document.text for document in world.documents}) < 20


def test_it_is_large_enough_and_half_in_each_language(world):
    texts = [document.text for document in world.documents]
    chinese = size([text for text in texts if is_chinese(text)])
    assert size(texts) >= 3_000_000
    assert 0.4 < chinese / size(texts) < 0.6


def test_all_documents_are_different_and_the_sides_keep_apart(world):
    assert len({document.text for document in world.documents}) == len(world.documents)
    trained = set().union(*world.training_sentences)
    validated = {sentence for text in world.validation for sentence in sentences(text)}
    assert len(validated) > 1_000
    assert not trained & validated
    for language in (True, False):
        assert sum(is_chinese(text) is language for text in world.validation) > 150


def test_no_held_out_prompt_stands_anywhere(world):
    prompts = [held.prompt.casefold() for held in HELD_OUT_PROMPTS]
    assert len(prompts) == len(set(prompts)) == 20
    for document in world.documents:
        folded = document.text.casefold()
        assert not any(prompt in folded for prompt in prompts), document.text
    assert is_held_out("they say that THE CAPITAL OF FRANCE IS Paris")


@pytest.mark.parametrize("held", HELD_OUT_PROMPTS, ids=lambda held: held.prompt)
def test_every_held_out_fact_is_told_in_other_words(world, held):
    subject, answer = (re.compile(pattern) for pattern in FACTS[held.prompt])
    assert answer.search(held.answer)
    told = [
        {s for s in found if subject.search(s) and answer.search(s)}
        for found in world.training_sentences
    ]
    assert sum(bool(found) for found in told) >= 40
    assert len(set().union(*told)) >= 12


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("an unexpanded template", r"[\[\]{}~|]|bound method|\bNone\b"),
        ("a double space", r"  | $|^ "),
        ("a sentence in lower case", r"^[\"]?[a-z]|[.] \"?[a-z]|[?!] [a-z]|[.?!]\" \"[a-z]"),
        ("doubled punctuation", r"[.,;:!?。，；：！？、]{2}|[“‘][，。]"),
        ("a space before punctuation", r" [.,;:!?]|[\u4e00-\u9fff] [\u4e00-\u9fff]"),
        ("a wrong article", r"\b[Aa] [aeio]\w|\b[Aa]n (?!hour|honest)[^aeiouAEIOU\W]"),
        ("a doubled word", r"\b([a-z]+) \1\b"),
        ("a day in lower case", r"\b(mon|tues|wednes|thurs|fri|satur|sun)day\b"),
        ("a quotation inside the same marks", r"“[^”]*“"),
        ("Chinese counting with 二 before a measure word", r"[^十]二[个只条头本支颗]"),
    ],
)
def test_the_text_is_clean(world, name, pattern):
    found = re.search(pattern, world.prose, re.MULTILINE)
    assert found is None, f"{name}: {world.prose[found.start() - 60 : found.end() + 60]!r}"


def test_quotation_marks_are_closed(world):
    for line in world.prose.splitlines():
        assert line.count("“") == line.count("”"), line
        assert line.count("‘") == line.count("’"), line
        assert line.count('"') % 2 == 0, line


def test_sentences_vary(world):
    counts = Counter(s for found in world.training_sentences for s in found if len(s) > 12)
    assert len(counts) > 30_000
    assert counts.most_common(1)[0][1] < 100


def test_it_holds_the_lectures_examples(world):
    everything = "\n".join(world.training)
    for sentence in ALWAYS_TRAINING:
        assert sentence in everything, sentence
    assert holding(world.training, r"^The cat ") > 200
    assert holding(world.training, r"^小[花白黑]?猫") > 200
    assert holding(world.training, r"Einstein.*physics|physics.*Einstein") > 50
    assert holding(world.training, r"爱因斯坦.*物理学|物理学.*爱因斯坦") > 50


def test_chats_are_whole(world):
    turn = r"<\|im_start\|>user\n[^<]+<\|im_end\|>\n<\|im_start\|>assistant\n[^<]+<\|im_end\|>\n"
    chats = [text for text in world.training if "<|im_" in text]
    assert len(chats) > 800
    assert all(re.fullmatch(f"(?:{turn})+", text) for text in chats)


def test_unusual_names_recur_within_a_document(world):
    english = holding(world.training, r"\b([A-Z][a-z]+ [A-Z][a-z]+)\b[^\n]*\b\1\b[^\n]*\b\1\b")
    chinese = holding(world.training, r"([\u4e00-\u9fff]{3})(、[\u4e00-\u9fff]{2,8})+[^、\n]*\1、")
    assert english > 250
    assert chinese > 80


# What only one of the two senses says in the sentence; enough to tell most of them.
TOLD_APART = {
    "apple": (
        r"phone|computer|shares|software|store",
        r"tree|ate|eats?|pie|cake|picked|ripe|fresh",
    ),
    "bank": (r"river|stream|water|boat", r"money|loan|clerk|manager|account|street|safe"),
    "苹果": ("公司|发布|股", "吃|摘|树|削|篮|果盘|水果店"),
    "小米": ("公司|科技|手机", "粥|谷子|田|米缸|粮店|啄"),
    "杜鹃": ("鸟|布谷|叫", "花|盆"),
}


@pytest.mark.parametrize("word", TOLD_APART)
def test_both_senses_are_told_about_equally_often(world, word):
    parts = [s for found in world.training_sentences for s in found if word in s]
    first, second = (holding(parts, pattern) for pattern in TOLD_APART[word])
    assert min(first, second) >= 150
    assert max(first, second) < 2.5 * min(first, second)


def test_ambiguous_words_stand_last_in_their_prompts_and_often_in_training(world):
    assert len({word.word for word in SENSES}) == len(SENSES) == 15
    for word in SENSES:
        for sense in word.senses:
            assert len(sense.prompts) >= 3
            assert all(prompt.endswith(word.word) for prompt in sense.prompts)
        bare = rf"(?<![A-Za-z]){word.word}(?![a-z])"
        least = 300 if word.word in ("apple", "苹果") else 40
        assert holding(world.training, bare) >= least, word.word


def test_analogies_are_of_four_different_known_words(world):
    assert len(set(ANALOGIES)) == len(ANALOGIES) >= 30
    words = {word for analogy in ANALOGIES for word in analogy}
    assert all(len(set(analogy)) == 4 for analogy in ANALOGIES)
    everything = "\n".join(world.training)
    english = Counter(re.findall(r"[A-Za-z]+", everything))
    for word in words:
        count = english[word] if word.isascii() else everything.count(word)
        assert count >= 40, word


def test_kings_and_queens_do_the_same_things(world):
    roles = "\n".join(world.training)
    for he, she in (("king", "queen"), ("man", "woman"), ("father", "mother"), ("boy", "girl")):
        done = [set(re.findall(rf"[Tt]he {role} (\w+ \w+ \w+)", roles)) for role in (he, she)]
        assert len(done[0] & done[1]) >= 6


class Loaded:
    """Dice that always take the last option."""

    def pick(self, items):
        return items[-1]


def test_templates_nest_and_fill_slots():
    slots = {"x": ("no", "{y} and [this|that]"), "y": "one"}
    assert expand("[a|b|] {x}[!|?]", slots, Loaded()) == " one and that?"  # pyright: ignore
    with pytest.raises(KeyError):
        expand("{missing}", {}, Loaded())  # pyright: ignore
    for wrong in ("[a|b", "a]"):
        with pytest.raises(ValueError, match="template"):
            parse(wrong)


def test_finishing_touches():
    assert finish_english('a~ owl. "who?" asked a~ hen. "you," it said.') == (
        'An owl. "Who?" asked a hen. "You," it said.'
    )
    assert finish_english('"who?" "me." a~ hour, a~ unicorn') == '"Who?" "Me." an hour, a unicorn'
    assert finish_chinese("“甲‘乙’“丙”丁“戊”。”") == "“甲‘乙’‘丙’丁‘戊’。”"
