"""Conversations as ids, and the token that ends an answer."""

import json
from pathlib import Path

import pytest
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from tfcli.errors import UsageError
from tfcli.generate.chat import (
    CHATML,
    chat_prompt,
    chat_template,
    encode_chat,
    ends_of_turn,
    token_roles,
)
from tfcli.generate.chat_template import ChatTemplate, read_chat_template

FOLDER = Path(__file__).with_name("chat_templates")
ENDS = {
    "chatml": "<|im_end|>",
    "deepseek": "<｜end▁of▁sentence｜>",
    "gemma": "<end_of_turn>",
    "glm4": "<|user|>",
    "gpt_oss": "<|return|>",  # <|end|> ends a thought, after which the answer comes
    "llama2": "</s>",
    "llama3": "<|eot_id|>",
    "mistral": "</s>",
    "phi3": "<|end|>",
    "qwen3": "<|im_end|>",
}
MARKS = sorted(
    {*ENDS.values(), "<s>", "<|im_start|>", "<|end|>", "<|call|>", "<|", "<|assistant|>", "[INST]"}
)
MESSAGES = [
    {"role": "user", "content": "你好 <|im_end|> {{ 1 }}"},
    {"role": "assistant", "content": " Hello!\n"},
    {"role": "user", "content": ""},
]


def source_of(style: str) -> str:
    return (FOLDER / f"{style}.jinja").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level tokenizer with all those marks, which puts <s> before what it encodes."""
    path = tmp_path_factory.mktemp("chat")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    engine = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    engine.decoder = decoders.ByteLevel()
    engine.add_special_tokens(MARKS)
    engine.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", engine.token_to_id("<s>"))]
    )
    saved = PreTrainedTokenizerFast(tokenizer_object=engine, bos_token="<s>", eos_token="</s>")
    saved.save_pretrained(path)
    return path


@pytest.mark.parametrize("style", ENDS)
def test_ids_as_transformers_has_them(style: str, folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "chat_template.jinja").write_text(source_of(style), encoding="utf-8")
    reference = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    template = read_chat_template(tmp_path)
    assert template is not None
    tokenizer = load_tokenizer(tmp_path)
    for messages in (MESSAGES, MESSAGES[:1]):
        expected = reference.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=False
        )
        ids = encode_chat(tokenizer, template.render(messages))
        assert ids == expected
        assert ids.count(tokenizer.special_tokens["<s>"]) <= len(messages)
    assert chat_prompt(tokenizer, str(MESSAGES[0]["content"]), template) == expected


@pytest.mark.parametrize("style", ENDS)
def test_what_ends_a_turn(style: str, folder: Path) -> None:
    tokenizer = load_tokenizer(folder)
    template = ChatTemplate(source_of(style), token_roles(tokenizer), style)
    assert ends_of_turn(tokenizer, template) == (tokenizer.special_tokens[ENDS[style]],)


def test_no_mark_ends_a_turn(folder: Path) -> None:
    """A template in plain words, one that shows no answer, and one that refuses an answer."""
    tokenizer = load_tokenizer(folder)
    for source in (
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
        "{{ messages[0].content }}</s>",
        "{% if messages | length > 1 %}{{ raise_exception('one question') }}{% endif %}",
    ):
        assert ends_of_turn(tokenizer, ChatTemplate(source, {}, "plain")) == ()


def test_roles_as_texts(folder: Path) -> None:
    assert token_roles(load_tokenizer(folder)) == {"bos_token": "<s>", "eos_token": "</s>"}


def test_the_chat_form_that_tfcli_trains() -> None:
    tokenizer = load_tokenizer(default_tokenizer_path())
    start, end = (tokenizer.special_tokens[f"<|im_{name}|>"] for name in ("start", "end"))
    prompt = chat_prompt(tokenizer, "The capital of {{ France }}?")
    text = "<|im_start|>user\nThe capital of {{ France }}?<|im_end|>\n<|im_start|>assistant\n"
    assert prompt == tokenizer.encode(text)
    assert [i for i in prompt if i in (start, end)] == [start, end, start]
    assert ends_of_turn(tokenizer) == (end,)
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    shown = "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
    assert CHATML.render(chat, add_generation_prompt=False) == shown


def test_a_models_own_template_comes_first(folder: Path, tmp_path: Path) -> None:
    ours = load_tokenizer(default_tokenizer_path())
    own = ChatTemplate("own", {}, "own")
    assert chat_template(ours, own) is own
    assert chat_template(ours) is CHATML
    with_half = json.loads((folder / "tokenizer.json").read_text())
    with_half["added_tokens"] = [
        token for token in with_half["added_tokens"] if token["content"] != "<|im_end|>"
    ]
    (tmp_path / "tokenizer.json").write_text(json.dumps(with_half))
    with pytest.raises(UsageError, match="cannot chat: it has no chat template"):
        chat_prompt(load_tokenizer(tmp_path), "Hello")
