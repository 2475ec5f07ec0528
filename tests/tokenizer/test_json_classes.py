"""tokenizer.json with the small files beside it, as each class of `transformers` takes them.

Some classes keep only the vocabulary and the template of a tokenizer.json and work by rules of
their own, so the same file gives other ids under another name.
"""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from tfcli_tokenizer import load_tokenizer
from tokenizer_files import (
    LINES,
    TEXTS,
    added,
    assert_same,
    assert_same_roles,
    merged,
    put,
    sentencepiece_model,
)
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Engine

from tfcli.errors import CheckpointError


def write_engine(folder: Path, engine: Engine, **options: Any) -> None:
    engine.save(str(folder / "tokenizer.json"))
    if options:
        put(folder, "tokenizer_config.json", options)


def byte_level() -> Engine:
    vocabulary, merges = merged("<|endoftext|>", "<s>", "</s>", "<unk>", "<pad>", "<mask>")
    engine = Engine(models.BPE(vocabulary, [tuple(pair) for pair in merges]))
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    engine.decoder = decoders.ByteLevel()
    return engine


def spaces_marked() -> Engine:
    """Llama 2's tokenizer.json: a ▁ in front by a normalizer, bytes for what is not known."""
    from tfcli_tokenizer.protobuf import read_pieces

    pieces = [piece.text for piece in read_pieces(sentencepiece_model(byte_fallback=True))]
    ids = {piece: i for i, piece in enumerate(pieces)}
    merges = [
        (piece[:cut], piece[cut:])
        for piece in pieces
        for cut in range(1, len(piece))
        if piece[:cut] in ids and piece[cut:] in ids
    ]
    model = models.BPE(ids, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    engine = Engine(model)
    engine.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    engine.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)])
    engine.add_special_tokens(["<unk>", "<s>", "</s>"])
    engine.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return engine


def scored() -> Engine:
    from tfcli_tokenizer.sentencepiece_files import read_sentencepiece

    model = sentencepiece_model("unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    file = read_sentencepiece(model)
    pieces = [(piece.text, piece.score) for piece in file.pieces]
    pieces += [(f"<extra_id_{i}>", 0.0) for i in reversed(range(10))]
    engine = Engine(models.Unigram(pieces, unk_id=2))
    engine.normalizer = normalizers.Precompiled(file.charsmap)
    engine.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    engine.decoder = decoders.Metaspace(prepend_scheme="always")
    return engine


def words() -> Engine:
    letters = sorted(set("".join(LINES).lower()) - {" ", "\t"})
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "##s", "house", *letters]
    vocabulary = {word: i for i, word in enumerate(known)}
    engine = Engine(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=4))
    engine.normalizer = normalizers.BertNormalizer(lowercase=False)
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    engine.decoder = decoders.WordPiece(cleanup=False)
    return engine


def as_it_is(folder: Path) -> None:
    """The generic class: the file's own rules, and tokens that the settings add."""
    engine = byte_level()
    engine.add_tokens([AddedToken("<new>", lstrip=True, special=False)])
    engine.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    write_engine(
        folder,
        engine,
        tokenizer_class="PreTrainedTokenizerFast",
        add_bos_token=False,  # counts for nothing beside a tokenizer.json
        bos_token="<s>",
        eos_token="cat",
        image_token="<tool>",
        extra_special_tokens=["<pad>", "<eos>"],
        mask_token="<mask>",
        added_tokens_decoder={
            "5": added("<mask>", special=False),
            "301": added("<bos>", normalized=True),
        },
    )


def llama3(folder: Path) -> None:
    """A byte-level file under the name of Llama 2's class."""
    write_engine(folder, byte_level(), tokenizer_class="LlamaTokenizerFast", bos_token="<s>")
    put(folder, "config.json", {"model_type": "llama"})


def llama2(folder: Path) -> None:
    write_engine(folder, spaces_marked(), tokenizer_class="LlamaTokenizerFast", legacy=False)
    put(folder, "config.json", {"model_type": "llama"})


def phi3(folder: Path) -> None:
    """The same file and name, for a model whose files are known to name the wrong class."""
    llama2(folder)
    put(folder, "config.json", {"model_type": "phi3"})


def gemma(folder: Path) -> None:
    write_engine(folder, spaces_marked(), tokenizer_class="GemmaTokenizerFast", mask_token=None)
    put(folder, "special_tokens_map.json", {"bos_token": "<s>", "pad_token": {"content": "</s>"}})


def bart(folder: Path) -> None:
    write_engine(folder, byte_level(), tokenizer_class="BartTokenizerFast", sep_token="<pad>")


def qwen3(folder: Path) -> None:
    engine = byte_level()
    engine.add_tokens([AddedToken("<|im_end|>", lstrip=True, special=True)])
    write_engine(folder, engine, tokenizer_class="Qwen2Tokenizer", eos_token="<|im_end|>")


def gpt_neox_without_settings(folder: Path) -> None:
    """Of this class not even the template is the file's."""
    engine = byte_level()
    engine.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    write_engine(folder, engine)
    put(folder, "config.json", {"model_type": "gpt_neox", "tokenizer_class": "GPTNeoXTokenizer"})


def bert(folder: Path) -> None:
    write_engine(folder, words(), do_lower_case=True, clean_up_tokenization_spaces=True)
    put(folder, "config.json", {"model_type": "bert"})


def t5(folder: Path) -> None:
    write_engine(folder, scored(), tokenizer_class="T5TokenizerFast", extra_ids=10)


FORMATS: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (
        as_it_is,
        llama3,
        llama2,
        phi3,
        gemma,
        bart,
        qwen3,
        gpt_neox_without_settings,
        bert,
        t5,
    )
}
TEXT = "  The cat's house <mask>123</s>  e\u0301 <|im_end|> <new> <bos>ÀÉ 龘 .[SEP]<extra_id_9>"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any]]:
    from transformers import AutoTokenizer

    found = {}
    for name, write in FORMATS.items():
        folder = tmp_path_factory.mktemp(name)
        write(folder)
        found[name] = load_tokenizer(folder), AutoTokenizer.from_pretrained(folder)
    return found


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
@example(text=TEXT)
def test_ids_and_text_are_those_of_transformers(pairs, name: str, text: str) -> None:
    assert_same(*pairs[name], text)


@pytest.mark.parametrize("name", FORMATS)
def test_roles_are_those_of_transformers(pairs, name: str) -> None:
    ours, theirs = pairs[name]
    if name not in ("as_it_is", "llama3", "phi3"):  # there we know of roles that no file speaks of
        assert_same_roles(ours, theirs)
    assert (ours.bos_id, ours.pad_id) == (theirs.bos_token_id, theirs.pad_token_id)


@pytest.mark.parametrize("name", FORMATS)
def test_what_transformers_saves_opens_alike(pairs, name: str, tmp_path: Path) -> None:
    ours, theirs = pairs[name]
    theirs.save_pretrained(tmp_path / "theirs")
    (tmp_path / "ours").mkdir()
    ours.save(tmp_path / "ours")
    for folder in ("theirs", "ours"):
        again = load_tokenizer(tmp_path / folder)
        ids = again.encode(TEXT, add_special_tokens=True)
        assert ids == theirs.encode(TEXT, add_special_tokens=True)
    kept = (tmp_path / "ours" / "tokenizer.json").read_bytes()
    assert kept == (ours.source.parent / "tokenizer.json").read_bytes()


def test_the_name_of_the_class_decides(tmp_path: Path) -> None:
    """What the tests above would not see if every file were taken as it is."""
    found: dict[str, list[int]] = {}
    for name in ("PreTrainedTokenizerFast", "LlamaTokenizer", "GemmaTokenizer"):
        write_engine(tmp_path, spaces_marked(), tokenizer_class=name)
        found[name] = load_tokenizer(tmp_path).encode("a</s> cat <s>", add_special_tokens=True)
    for one, other in itertools.combinations(found, 2):
        assert found[one] != found[other]


def test_a_file_of_another_kind_than_the_class_is_taken_as_it_is(tmp_path: Path) -> None:
    write_engine(tmp_path, words())
    plain = load_tokenizer(tmp_path).encode("The cats", add_special_tokens=True)
    put(tmp_path, "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer"})
    assert load_tokenizer(tmp_path).encode("The cats", add_special_tokens=True) == plain


@pytest.mark.parametrize(
    "settings_file, content",
    [
        ("tokenizer_config.json", {"bos_token": 3}),
        ("tokenizer_config.json", {"bos_token": {"content": None}}),
        ("tokenizer_config.json", {"added_tokens_decoder": []}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"x": added("a")}}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"-1": added("a")}}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"99999999": added("a")}}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"1": added("a"), "2": added("a")}}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"1": {"content": "a", "lstrip": 1}}}),
        ("tokenizer_config.json", {"additional_special_tokens": "<a>"}),
        ("tokenizer_config.json", {"split_special_tokens": "yes"}),
        ("tokenizer_config.json", ["bos_token"]),
        ("special_tokens_map.json", {"pad_token": ["<pad>"]}),
        ("special_tokens_map.json", 3),
        ("added_tokens.json", {"<a>": "7"}),
        ("added_tokens.json", {"<a>": 7, "<b>": 7}),
        ("added_tokens.json", {"<a>": -7}),
        ("config.json", "llama"),
    ],
)
def test_damaged_settings_are_named(tmp_path: Path, settings_file: str, content: Any) -> None:
    write_engine(tmp_path, byte_level())
    put(tmp_path, settings_file, content)
    with pytest.raises(CheckpointError, match=settings_file):
        load_tokenizer(tmp_path)


def test_settings_that_are_no_json_are_named(tmp_path: Path) -> None:
    write_engine(tmp_path, byte_level())
    for content in (b"{", b"\xff\xfe", b"[" * 200_000, b'{"a": ' + b"9" * 10_000 + b"}"):
        (tmp_path / "tokenizer_config.json").write_bytes(content)
        with pytest.raises(CheckpointError, match=r"tokenizer_config\.json"):
            load_tokenizer(tmp_path)


def test_a_template_outside_the_vocabulary_is_refused(tmp_path: Path) -> None:
    engine = byte_level()
    engine.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 7_000))
    write_engine(tmp_path, engine)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json .*vocabulary"):
        load_tokenizer(tmp_path)


def test_pieces_that_share_an_id_are_refused(tmp_path: Path) -> None:
    write_engine(tmp_path, byte_level())
    definition = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    definition["model"]["vocab"]["twice"] = 5
    put(tmp_path, "tokenizer.json", definition)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json .*same id"):
        load_tokenizer(tmp_path)
