"""A conversation as token ids: the model's own chat template, else ChatML's marks."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfcli_tokenizer import Tokenizer

from tfcli.errors import CheckpointError, UsageError
from tfcli.generate.chat_template import ChatTemplate

_START, _END = "<|im_start|>", "<|im_end|>"
# The form of the chats that tfcli trains on.
CHATML = ChatTemplate(
    source=(
        "{% for message in messages %}"
        "{{ '<|im_start|>' ~ message.role ~ '\\n' ~ message.content ~ '<|im_end|>\\n' }}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    ),
    special_tokens={},
    name="the chat form of tfcli",
)
_ANSWER = "AnAnswerOfOneWord"


def chat_template(tokenizer: Tokenizer, own: ChatTemplate | None = None) -> ChatTemplate:
    """The template to chat with: the model's own, else ChatML where the tokenizer has its marks.

    Raises:
        UsageError: there is neither.
    """
    if own is not None:
        return own
    for mark in (_START, _END):
        if mark not in tokenizer.special_tokens:
            raise UsageError(
                "This model cannot chat: it has no chat template, and its tokenizer has no token "
                f"{mark}.",
                hint="Leave --chat out, and the model goes on from the text.",
            )
    return CHATML


def chat_prompt(
    tokenizer: Tokenizer, question: str, template: ChatTemplate | None = None
) -> list[int]:
    """The ids of a user's turn and of the beginning of the answer.

    Raises:
        UsageError: the model cannot chat, or its template refuses the message.
        CheckpointError: the template is damaged or does harm.
    """
    messages = [{"role": "user", "content": question}]
    return encode_chat(tokenizer, chat_template(tokenizer, template).render(messages))


def encode_chat(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a rendered conversation: its marks are tokens, and no token is added to them."""
    return tokenizer.encode(text, add_special_tokens=False)


def ends_of_turn(tokenizer: Tokenizer, template: ChatTemplate | None = None) -> tuple[int, ...]:
    """The tokens that end an answer in this form of chat, beside those that end every text.

    Found by rendering an answer: the special token that stands behind it. Where none stands behind
    the last one (GLM), it is the token that begins the next turn.
    """
    chosen = chat_template(tokenizer, template)
    question = {"role": "user", "content": "A question"}
    answered = [question, {"role": "assistant", "content": _ANSWER}]
    for messages in (answered, [*answered, question]):
        end = _mark_behind_answer(tokenizer, chosen, messages)
        if end is not None:
            return (end,)
    return ()


def token_roles(tokenizer: Tokenizer) -> dict[str, str]:
    """bos_token, eos_token, pad_token and unk_token as texts, where the tokenizer has them."""
    ids = {
        "bos_token": tokenizer.bos_id,
        "eos_token": tokenizer.eos_id,
        "pad_token": tokenizer.pad_id,
        "unk_token": tokenizer.unk_id,
    }
    return {role: tokenizer.piece(i) for role, i in ids.items() if i is not None}


def _mark_behind_answer(
    tokenizer: Tokenizer, template: ChatTemplate, messages: Sequence[Mapping[str, Any]]
) -> int | None:
    try:
        text = template.render(messages, add_generation_prompt=False)
    except (UsageError, CheckpointError):  # it renders questions only
        return None
    _, found, behind = text.rpartition(_ANSWER)
    if not found:
        return None
    behind = behind.lstrip()
    marks = [mark for mark in tokenizer.special_tokens if mark and behind.startswith(mark)]
    return tokenizer.special_tokens[max(marks, key=len)] if marks else None
