"""vocab.json with merges.txt, and vocab.txt: ids and text as `transformers` has them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from tfcli_tokenizer import load_tokenizer
from tokenizer_files import (
    TEXTS,
    added,
    assert_same,
    assert_same_roles,
    put,
    write_merges,
    write_words,
)

BART = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def gpt2(folder: Path) -> None:
    write_merges(folder, "<|endoftext|>")
    put(folder, "config.json", {"model_type": "gpt2"})


def gpt2_with_older_files(folder: Path) -> None:
    """Tokens that were added later, and roles, as files before transformers 4.34 have them."""
    gpt2(folder)
    put(folder, "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer"})
    put(folder, "added_tokens.json", {"<new>": 300, "<pad>": 301})
    roles = {"pad_token": "<pad>", "eos_token": {"content": "<|endoftext|>", "lstrip": True}}
    more = {"additional_special_tokens": ["<tool>"]}
    put(folder, "special_tokens_map.json", roles | more)


def gpt2_with_options(folder: Path) -> None:
    gpt2(folder)
    options = {
        "add_prefix_space": True,
        "add_bos_token": True,
        "split_special_tokens": True,
        "clean_up_tokenization_spaces": True,  # counts for nothing in a BPE
    }
    put(folder, "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer"} | options)


def bart(folder: Path) -> None:
    write_merges(folder, *BART)
    put(folder, "config.json", {"model_type": "bart"})


def bart_with_a_mask_that_takes_the_space(folder: Path) -> None:
    bart(folder)
    mask = added("<mask>", lstrip=True) | {"__type": "AddedToken"}
    put(folder, "tokenizer_config.json", {"tokenizer_class": "BartTokenizer", "mask_token": mask})


def qwen2(folder: Path) -> None:
    write_merges(folder)
    put(folder, "config.json", {"model_type": "qwen2"})
    tokens = [added("<|endoftext|>"), added("<|im_start|>"), added("<|im_end|>")]
    tokens.append(added("<tool>", special=False, normalized=True))
    options = {
        "tokenizer_class": "LlamaTokenizer",  # wrong, as in some checkpoints
        "added_tokens_decoder": {str(300 + i): token for i, token in enumerate(tokens)},
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "unk_token": None,
    }
    put(folder, "tokenizer_config.json", options)


def gpt_neox(folder: Path) -> None:
    write_merges(folder, "<|endoftext|>", "<|padding|>")
    options = {"tokenizer_class": "GPTNeoXTokenizerFast", "add_eos_token": True}
    put(folder, "tokenizer_config.json", options)


def bert(folder: Path) -> None:
    write_words(folder)
    put(folder, "config.json", {"model_type": "bert"})


def bert_with_options(folder: Path) -> None:
    bert(folder)
    options = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": False,
        "strip_accents": True,
        "tokenize_chinese_chars": False,
        "clean_up_tokenization_spaces": True,
        "additional_special_tokens": ["<new>"],
    }
    put(folder, "tokenizer_config.json", options)


def bert_with_older_files(folder: Path) -> None:
    """A special token is found as it is written, another one in any case."""
    bert(folder)
    put(folder, "added_tokens.json", {"<New>": 120, "<Pad>": 121})
    tool = {"content": "<tool>", "lstrip": True, "rstrip": False, "normalized": False}
    put(folder, "special_tokens_map.json", {"pad_token": "<Pad>", "extra_special_tokens": [tool]})


FORMATS: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (
        gpt2,
        gpt2_with_older_files,
        gpt2_with_options,
        bart,
        bart_with_a_mask_that_takes_the_space,
        qwen2,
        gpt_neox,
        bert,
        bert_with_options,
        bert_with_older_files,
    )
}


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
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
@example(text="The cat . <New><NEW> <Pad><PAD> <tool>")
@example(text="The <mask> cat<s> <new> sat</s> [MASK]<|im_end|>12345 e\u0301 ÀÉ猫坐x")
def test_ids_and_text_are_those_of_transformers(pairs, name: str, text: str) -> None:
    assert_same(*pairs[name], text)


@pytest.mark.parametrize("name", FORMATS)
def test_roles_are_those_of_transformers(pairs, name: str) -> None:
    assert_same_roles(*pairs[name])


@pytest.mark.parametrize("name", FORMATS)
def test_saved_alone_it_opens_as_it_was(pairs, name: str, tmp_path: Path) -> None:
    """Also where config.json, which is not saved, decided how it works."""
    from transformers import AutoTokenizer

    ours, _ = pairs[name]
    ours.save(tmp_path)
    text = "The <mask> cat<s> don't 猫 e\u0301 12345 <|im_end|><new>  [SEP] ÀÉ"
    for again in (load_tokenizer(tmp_path), AutoTokenizer.from_pretrained(tmp_path)):
        ids = again.encode(text, add_special_tokens=True)
        assert ids == ours.encode(text, add_special_tokens=True)
    for file in ours.files:
        if file != "tokenizer_config.json":
            assert (tmp_path / file).read_bytes() == (ours.source.parent / file).read_bytes()


def test_without_a_word_about_the_class_it_is_gpt2s(tmp_path: Path) -> None:
    write_merges(tmp_path, "<|endoftext|>")
    folder = tmp_path / "named"
    folder.mkdir()
    gpt2(folder)
    text = "The cat don't e\u0301 12345"
    bare = load_tokenizer(tmp_path)
    assert bare.encode(text) == load_tokenizer(folder).encode(text)
    assert load_tokenizer(tmp_path / "merges.txt").encode(text) == bare.encode(text)


def test_classes_that_share_a_vocabulary_cut_differently(tmp_path: Path) -> None:
    """What the tests above would not see if every class were taken for GPT-2's."""
    write_merges(tmp_path, "<|endoftext|>")
    found = []
    for name in ("GPT2Tokenizer", "GPTNeoXTokenizer", "Qwen2Tokenizer", "RobertaTokenizer"):
        put(tmp_path, "tokenizer_config.json", {"tokenizer_class": name})
        ids = load_tokenizer(tmp_path).encode("345 e\u0301", add_special_tokens=True)
        found.append(tuple(ids))
    assert len(set(found)) == len(found)


def test_the_main_file_is_known(pairs) -> None:
    names = {name: ours.source.name for name, (ours, _) in pairs.items()}
    assert names["gpt2"] == names["qwen2"] == "vocab.json"
    assert names["bert"] == "vocab.txt"
    fingerprints = {name: ours.fingerprint for name, (ours, _) in pairs.items()}
    assert fingerprints["bert"] == fingerprints["bert_with_options"] != fingerprints["bart"]
