"""The chat form of the models that tfcli trains (ChatML), the one that corpora of chats take."""

from tfcli_tokenizer import Tokenizer

from tfcli.errors import UsageError

_START, _END = "<|im_start|>", "<|im_end|>"


def chat_prompt(tokenizer: Tokenizer, question: str) -> list[int]:
    """The ids of a user's turn and of the beginning of the answer.

    Raises:
        UsageError: the tokenizer does not know the marks that part the turns.
    """
    for mark in (_START, _END):
        if mark not in tokenizer.special_tokens:
            raise UsageError(
                f"This model cannot chat: its tokenizer has no token {mark}.",
                hint="Leave --chat out, and the model goes on from the text.",
            )
    return tokenizer.encode(f"{_START}user\n{question}{_END}\n{_START}assistant\n")


def end_of_turn(tokenizer: Tokenizer) -> int:
    """The token that ends an answer, where `chat_prompt` was possible."""
    return tokenizer.special_tokens[_END]
