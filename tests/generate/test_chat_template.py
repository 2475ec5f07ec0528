"""Chat templates: found in a directory, and rendered to the character as `transformers` does."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

from tfcli.errors import CheckpointError, TfcliError, UsageError
from tfcli.generate import chat_template, template_renderer
from tfcli.generate.chat_template import ChatTemplate, read_chat_template

FOLDER = Path(__file__).with_name("chat_templates")
SOURCES = {file.stem: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.jinja"))}
ROLES = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
REFERENCE = PreTrainedTokenizerFast(
    tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0, "<s>": 1, "</s>": 2}, "<unk>")),
    **ROLES,
)
NOW = datetime(2025, 2, 3, 4, 5, 6, 789)
ODD = (
    "法国的首都是“巴黎”。\n\n  {{ 7 * 7 }} {% endfor %} {# no #} \"q\" 'q' "
    "\\n <b>&amp;</b> </s>\t\u2028 "
)
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Das Wetter — 天气 <now>",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "城市"},
                    "days": {"type": "array", "items": {"type": "integer"}},
                    "unit": {"type": "string", "enum": ["°C", "°F"]},
                },
                "required": ["city"],
            },
        },
    }
]


def say(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


CONVERSATIONS = {
    "a question": [say("user", "The capital of France?")],
    "an answer": [say("user", ODD), say("assistant", ODD)],
    "several turns": [
        say("system", f"Be brief. {ODD}"),
        say("user", "Hello"),
        say("assistant", "<think>\nhm\n</think>\n\nHi!", tool_calls=None),
        say("user", ODD),
    ],
    "a thought": [say("user", "2+2?"), say("assistant", "4", reasoning="two and two")],
    "a call": [
        say("user", "天气?"),
        say("assistant", "", tool_calls=[{"function": {"name": "w", "arguments": {"城": 1.5}}}]),
        say("tool", "sun & <rain>"),
    ],
    "out of turn": [say("assistant", "I begin"), say("assistant", "and go on")],
}


class Frozen(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> "Frozen":
        return cls.fromisoformat(NOW.isoformat())


@pytest.fixture(scope="module", autouse=True)
def frozen_clocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chat_template_utils, "datetime", Frozen)
        patch.setattr(chat_template, "_now", NOW.isoformat)
        yield


def reference(source: str, messages: Any, **options: Any) -> str | None:
    """What transformers renders; None where the template fails."""
    try:
        text = REFERENCE.apply_chat_template(
            messages, chat_template=source, tokenize=False, **options
        )
    except Exception:  # it raises whatever the template raises
        return None
    assert isinstance(text, str)
    return text


def ours(source: str, messages: Any, **options: Any) -> str | None:
    try:
        return ChatTemplate(source, ROLES, "here").render(messages, **options)
    except TfcliError:
        return None


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("style", SOURCES)
def test_as_transformers_renders(style: str, conversation: str) -> None:
    messages = CONVERSATIONS[conversation]
    for options in (
        {"add_generation_prompt": True},
        {"add_generation_prompt": False},
        {"add_generation_prompt": True, "tools": TOOLS},
    ):
        text = reference(SOURCES[style], messages, **options)
        assert ours(SOURCES[style], messages, **options) == text
        assert text is not None or conversation not in ("a question", "an answer")


@settings(max_examples=25, deadline=None)
@given(
    contents=st.lists(
        st.text(max_size=20) | st.text("{}%#'\"\\ \n你<|>-", max_size=20), min_size=1
    ),
    system=st.none() | st.text(max_size=8),
    prompt=st.booleans(),
)
def test_any_content(contents: list[str], system: str | None, prompt: bool) -> None:
    messages = [] if system is None else [say("system", system)]
    messages += [say("user" if i % 2 == 0 else "assistant", c) for i, c in enumerate(contents)]
    for source in SOURCES.values():
        text = reference(source, messages, add_generation_prompt=prompt)
        assert text is not None
        assert ours(source, messages, add_generation_prompt=prompt) == text


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("trim_blocks=True", "trim_blocks=False"),
        ("lstrip_blocks=True", "lstrip_blocks=False"),
        (", loopcontrols]", "]"),
        ("[_generation_block(), ", "["),
        ("ensure_ascii: bool = False", "ensure_ascii: bool = True"),
        ('environment.filters["tojson"] = _to_json', ""),
        ("_Clock.now = datetime.fromisoformat", "_Clock.now = datetime.now() or "),
    ],
)
def test_a_wrong_renderer_would_be_seen(
    right: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program.py"
    source = template_renderer._PROGRAM.read_text(encoding="utf-8")
    assert source.count(right) == 1
    program.write_text(source.replace(right, wrong), encoding="utf-8")
    monkeypatch.setattr(template_renderer, "_PROGRAM", program)
    template_renderer._State.end()
    try:
        seen = [
            ours(template, messages, tools=TOOLS) != reference(template, messages, tools=TOOLS)
            for template in SOURCES.values()
            for messages in (CONVERSATIONS["an answer"], CONVERSATIONS["several turns"])
        ]
    finally:
        template_renderer._State.end()
    assert any(seen)


def test_a_thought_under_one_name_only_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = CONVERSATIONS["a thought"]
    expected = reference(SOURCES["gpt_oss"], messages, add_generation_prompt=False)
    assert expected is not None
    assert "two and two" in expected
    monkeypatch.setattr(chat_template, "_aliased", dict)
    assert ours(SOURCES["gpt_oss"], messages, add_generation_prompt=False) != expected


def test_half_a_character_is_kept() -> None:
    messages = [say("user", "a\ud800b")]
    assert ours(SOURCES["chatml"], messages) == reference(
        SOURCES["chatml"], messages, add_generation_prompt=True
    )


def test_content_in_parts() -> None:
    parts = [{"type": "text", "text": " one "}, {"type": "image"}, {"type": "text", "text": "two"}]
    for style in ("gemma", "glm4"):
        assert ours(SOURCES[style], [say("user", parts)]) == reference(
            SOURCES[style], [say("user", parts)], add_generation_prompt=True
        )


def test_what_a_template_may_do() -> None:
    """Namespaces, `dict`, `x.method` of plain values, and what is missing, as in transformers."""
    for source in (
        "{{ dict(a=1, b=dict.fromkeys([1, 2])) }}",
        "{% set n = namespace({'a': 1}, self=2) %}{% set n.b = n.a + 1 %}{{ n.b ~ n.self ~ n.c }}",
        "{{ nothing }}{{ tools is none }}{{ documents is none }}{{ sep_token is defined }}",
        "{{ messages[0].get('x', 'y').upper() }}{{ messages | map(attribute='role') | join }}",
        "{{ '%s|%5.2f' % ('a', 1/3) }}{{ '{:>5}'.format(messages[0].role) }}{{ 10**20 }}",
        "{% for c in 'abc' %}{% if c == 'b' %}{% break %}{% endif %}{{ c }}{% endfor %}",
        "{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}{{ x }}",
        "{{ messages[0] | tojson(indent=2, sort_keys=True, separators=(',', ':')) }}",
    ):
        text = reference(source, CONVERSATIONS["a question"])
        assert text is not None
        assert ours(source, CONVERSATIONS["a question"]) == text


def test_a_template_can_refuse() -> None:
    refusing = ChatTemplate(SOURCES["llama2"], ROLES, "here")
    with pytest.raises(UsageError, match="of here refuses these messages: Users and assistants"):
        refusing.render(CONVERSATIONS["out of turn"])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a\n{% if %}", "is damaged: line 2"),
        ("{{ messages[0].content.nothing.at_all }}", "cannot be rendered"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% include 'other' %}", "cannot be rendered"),
    ],
)
def test_a_damaged_template_is_named(source: str, words: str) -> None:
    with pytest.raises(CheckpointError, match=f"^here: its chat template .*{words}"):
        ChatTemplate(source, {}, "here").render(CONVERSATIONS["a question"])


def test_only_plain_messages() -> None:
    template = ChatTemplate(SOURCES["chatml"], {}, "here")
    looped: dict[str, Any] = {"role": "user"}
    looped["content"] = looped
    for messages in ([say("user", object())], [looped], [say("user", {1, 2})], []):
        with pytest.raises(UsageError):
            template.render(messages)


def saved(path: Path, source: str, **roles: str) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=REFERENCE.backend_tokenizer, **roles)
    tokenizer.chat_template = source
    tokenizer.save_pretrained(path)
    return tokenizer


def test_read_from_what_transformers_saves(tmp_path: Path) -> None:
    source = "{{ bos_token }}|{{ eos_token }}|{{ pad_token }}|{{ image_token }}|{{ cls_token }}\n"
    tokenizer = saved(
        tmp_path, source, bos_token="<s>", eos_token="</s>", image_token="<img>", pad_token="</s>"
    )
    messages = CONVERSATIONS["a question"]
    expected = tokenizer.apply_chat_template(messages, tokenize=False)
    assert expected == "<s>|</s>|</s>|<img>|"
    template = read_chat_template(tmp_path)
    assert template is not None
    assert template.name == str(tmp_path / "chat_template.jinja")
    assert template.render(messages) == expected

    # The older form keeps it in tokenizer_config.json, as a text or as a list of named ones.
    config_file = tmp_path / "tokenizer_config.json"
    config = json.loads(config_file.read_text())
    (tmp_path / "chat_template.jinja").unlink()
    assert read_chat_template(tmp_path) is None
    listed = [{"name": "tool_use", "template": "t"}, {"name": "default", "template": source}]
    for value in (source, listed):
        config_file.write_text(json.dumps(config | {"chat_template": value}))
        template = read_chat_template(tmp_path)
        assert template is not None
        assert template.name == str(config_file)
        assert template.render(messages) == expected

    (tmp_path / "chat_template.jinja").write_text("new")
    template = read_chat_template(tmp_path)
    assert template is not None
    assert template.source == "new"


@pytest.mark.parametrize("lists_added_tokens", [True, False])
def test_special_tokens_map_of_older_directories(tmp_path: Path, lists_added_tokens: bool) -> None:
    saved(tmp_path, "{{ bos_token }}{{ eos_token }}{{ sep_token }}", bos_token="<s>", sep_token="-")
    config_file = tmp_path / "tokenizer_config.json"
    config = json.loads(config_file.read_text())
    config["eos_token"] = {"__type": "AddedToken", "content": "</s>", "lstrip": False}
    if lists_added_tokens:
        config["added_tokens_decoder"] = {"1": {"content": "<s>"}, "2": {"content": "</s>"}}
    config_file.write_text(json.dumps(config))
    older = {"bos_token": {"content": "<older>", "lstrip": False}, "sep_token": "|"}
    (tmp_path / "special_tokens_map.json").write_text(json.dumps(older))
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    messages = CONVERSATIONS["a question"]
    expected = tokenizer.apply_chat_template(messages, tokenize=False)
    assert expected == ("<s></s>-" if lists_added_tokens else "<older></s>|")
    template = read_chat_template(tmp_path)
    assert template is not None
    assert template.render(messages) == expected


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("chat_template.jinja", b"\xff\xfe"),
        ("chat_template.jinja", b"x" * (2**20 + 1)),
        ("tokenizer_config.json", b"{"),
        ("tokenizer_config.json", b'{"chat_template": 7}'),
        ("tokenizer_config.json", b'{"chat_template": {"default": "x"}}'),
        ("tokenizer_config.json", b'{"chat_template": ["x"]}'),
        ("tokenizer_config.json", b'{"chat_template": [{"name": "rag", "template": "x"}]}'),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, file: str, content: bytes) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(CheckpointError, match=file):
        read_chat_template(tmp_path)
