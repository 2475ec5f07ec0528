"""`Variant`: one small model whose configuration switches something on, and how to run it.

No value is the default of its family where another one is possible: what a loader overlooks would
else pass. Windows are shorter than the inputs, experts are not square, the rotary part of a head
is at least 16 wide and its base is 500, so that a wrong angle is seen within 20 tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["decoder", "encoder", "encoder-decoder"]


@dataclass(frozen=True)
class Variant:
    """What makes one tiny checkpoint.

    Attributes:
        family: the model type, as config.json names it.
        config: the fields of its configuration, in the 5.x style.
        kind: what the model computes.
        reference: the model type that transformers runs it as, where that is another.
        untied: give the output its own matrix although the configuration cannot say so (T5 1.1).
        headless: save the encoder alone, without its masked-language head.
        steady: cached decoding gives the full pass's numbers (not so where the rotation's angles
            depend on the length of the whole sequence).
    """

    family: str
    config: Mapping[str, Any]
    kind: Kind = "decoder"
    reference: str = ""
    untied: bool = False
    headless: bool = False
    steady: bool = True

    @property
    def model_type(self) -> str:
        """What transformers calls it."""
        return self.reference or self.family

    @property
    def tied(self) -> bool:
        """Whether transformers ties the output to the embedding."""
        return not self.headless and self.config.get("tie_word_embeddings", self.family in _TIED)


def rope(rope_type: str = "default", **fields: Any) -> dict[str, Any]:
    """The section `rope_parameters` of a config.json."""
    return {"rope_type": rope_type, "rope_theta": 500.0, **fields}


_TIED = ("bert", "t5", "bart", "marian", "ernie4_5", "ernie4_5_moe")
_TIED += ("gemma", "gemma2", "gemma3", "gemma3_text")
WINDOW = 6
SIZES: dict[str, Any] = {
    "vocab_size": 250,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
# What every family after Llama shares.
LLAMA_LIKE: dict[str, Any] = {
    **SIZES,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-3,
    "rope_parameters": rope(),
}

# Other weights where the first ones left two tokens nearly equally likely, or said one word only.
SEEDS: dict[str, int] = {
    "gpt2": 1,
    "gpt2-tied": 12,
    "gpt_neox": 2,
    "gpt_neox-serial": 91,
    "llama-tied": 3,
    "llama-yarn": 3,
    "phi3-partial": 26,
    "qwen2": 1,
    "qwen2-full": 7,
    "qwen3": 1,
    "glm-plain": 14,
    "ernie4_5": 14,
    "gemma": 1,
    "gemma2": 6,
    "gemma3_text": 28,
    "gemma3_text-capped": 2,
    "gemma3": 16,
    "olmo2": 1,
    "chatglm": 1,
    "mixtral-full": 1,
    "qwen2_moe": 2,
    "qwen3_moe": 1,
    "qwen3_moe-sparse": 1,
    "glm4_moe-plain": 1,
    "gpt_oss": 2,
    "gpt_oss-plain": 3,
    "t5": 28,
    "bart": 25,
    "bart-unscaled": 9,
    "marian": 40,
    "marian-two": 202,
}
