"""Chat templates: a conversation as the text that its model was trained on.

Rendered as `transformers` renders them (`apply_chat_template` of 5.24), in a process that cannot
do harm: see `template_process`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tfcli.checkpoint.chat_template_files import read_chat_template_files
from tfcli.errors import CheckpointError, UsageError
from tfcli.generate.template_renderer import render

_SPARE_CHARACTERS = 2**20
_REPETITIONS = 8
_REASONING = ("reasoning_content", "thinking", "reasoning")
_FAULTS = {
    "syntax": "is damaged: {}.",
    "security": "reaches for what is hidden: {}.",
    "memory": "takes too much memory.",
    "length": "writes more than {} characters.",
    "time": "takes too much time or memory, and was ended.",
    "failed": "cannot be rendered: {}.",
}
_HINT = (
    "Nothing of it was run outside a sandbox. Leave --chat out, and the model goes on from text."
)


@dataclass(frozen=True)
class ChatTemplate:
    """A chat template in Jinja's language.

    Attributes:
        source: the template.
        special_tokens: bos_token, eos_token and the like, as the template's variables.
        name: where it comes from, for messages: a file, mostly.
    """

    source: str
    special_tokens: Mapping[str, str]
    name: str

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        add_generation_prompt: bool = True,
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> str:
        """The text of a conversation.

        Args:
            messages: each with its "role" and "content", and whatever else the template reads.
            add_generation_prompt: end with the beginning of an answer.
            tools: JSON schemas of functions that the model may call.

        Raises:
            UsageError: the messages are none or no plain data, or the template refuses them.
            CheckpointError: the template is damaged, reaches for what is hidden, or takes too
                much time, memory or text; the message names it.
        """
        if not messages:
            raise UsageError("There is no message to render.")
        variables = {
            **self.special_tokens,
            "messages": [_aliased(message) for message in messages],
            "tools": tools,
            "documents": None,
            "add_generation_prompt": add_generation_prompt,
        }
        try:
            asked = len(json.dumps(variables, ensure_ascii=False))
            most = _SPARE_CHARACTERS + _REPETITIONS * (asked + len(self.source))
            answer = render(self.source, variables, _now(), most)
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"The messages of a chat must be plain data: {error}.") from error
        if "text" in answer:
            return answer["text"]
        raise self._fault(answer["error"], answer["detail"].rstrip(". \n")) from None

    def _fault(self, kind: str, detail: str) -> CheckpointError | UsageError:
        if kind == "refused":
            return UsageError(f"The chat template of {self.name} refuses these messages: {detail}.")
        return CheckpointError(
            f"{self.name}: its chat template {_FAULTS[kind].format(detail)}", _HINT
        )


def read_chat_template(directory: Path) -> ChatTemplate | None:
    """The chat template of a model directory, or None where it has none.

    Raises:
        CheckpointError: a file that should hold it is damaged.
    """
    files = read_chat_template_files(directory)
    return files and ChatTemplate(files.source, files.special_tokens, str(files.path))


def _aliased(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message without what is None; its reasoning under each name that templates know."""
    known = {key: value for key, value in message.items() if value is not None}
    reasoning = next((known[name] for name in _REASONING if name in known), None)
    if reasoning is None:
        return known
    return {"thinking": reasoning, **known, "reasoning_content": reasoning}


def _now() -> str:
    return datetime.now().isoformat()
