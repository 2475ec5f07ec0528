"""By which rules a folder's tokenizer works: the class that `transformers` would choose for it.

A tokenizer's own files do not say it all: the same vocab.json is split one way for GPT-2 and
another for Qwen, and `transformers` 5 rebuilds even a tokenizer.json by the rules of some classes.
The order of precedence is that of its `models/auto/tokenization_auto.py` (5.24).
"""

from collections.abc import Mapping
from typing import Any

GENERIC = "TokenizersBackend"  # the files' own rules
CHATGLM = "ChatGLMTokenizer"
MARIAN = "MarianTokenizer"

_BY_MODEL_TYPE = {
    "bart": "RobertaTokenizer",
    "bert": "BertTokenizer",
    "ernie4_5": GENERIC,
    "ernie4_5_moe": GENERIC,
    "gemma": "GemmaTokenizer",
    "gemma2": "GemmaTokenizer",
    "gemma3": "GemmaTokenizer",
    "gemma3_text": "GemmaTokenizer",
    "glm": GENERIC,
    "glm4": GENERIC,
    "glm4_moe": GENERIC,
    "gpt2": "GPT2Tokenizer",
    "gpt_neox": "GPTNeoXTokenizer",
    "marian": MARIAN,
    "mistral": GENERIC,
    "mixtral": GENERIC,
    "mt5": "T5Tokenizer",
    "olmo2": GENERIC,
    "phi3": GENERIC,
    "qwen2": "Qwen2Tokenizer",
    "qwen2_moe": "Qwen2Tokenizer",
    "qwen3": "Qwen2Tokenizer",
    "qwen3_moe": "Qwen2Tokenizer",
    "roberta": "RobertaTokenizer",
    "t5": "T5Tokenizer",
}
# Their checkpoints often name a class that is wrong.
_MISNAMED = {"ernie4_5", "ernie4_5_moe", "phi3", "qwen2"}
_SAME = {
    "BartTokenizer": "RobertaTokenizer",
    "ConvBertTokenizer": "BertTokenizer",
    "DistilBertTokenizer": "BertTokenizer",
    "ElectraTokenizer": "BertTokenizer",
    "LEDTokenizer": "RobertaTokenizer",
    "LongformerTokenizer": "RobertaTokenizer",
    "LxmertTokenizer": "BertTokenizer",
    "MobileBertTokenizer": "BertTokenizer",
    "MvpTokenizer": "RobertaTokenizer",
    "Phi3Tokenizer": "LlamaTokenizer",
    "ChatGLM4Tokenizer": CHATGLM,
}
_KNOWN = {*_BY_MODEL_TYPE.values(), "LlamaTokenizer", CHATGLM}


def reference_class(
    options: Mapping[str, Any], model: Mapping[str, Any], *, byte_level: bool
) -> str:
    """The name of the class, one of those that tfcli knows; GENERIC for any other.

    Args:
        options: tokenizer_config.json.
        model: config.json.
        byte_level: whether there is a tokenizer.json that splits text into bytes.
    """
    named = _named(options) or _named(model)
    model_type = model.get("model_type")
    model_type = model_type if isinstance(model_type, str) else ""
    expected = _BY_MODEL_TYPE.get(model_type)
    other = CHATGLM if model_type == "chatglm" else GENERIC
    if named is None:
        return expected or other
    if (
        named == "LlamaTokenizer"
        and byte_level
        and model_type not in {"mistral", "mixtral"} | _MISNAMED
    ):
        return GENERIC
    if expected is not None and expected != named:
        if expected == GENERIC:
            return GENERIC
        named = expected if model_type in _MISNAMED else named
    named = _SAME.get(named, named)
    return named if named in _KNOWN else other


def _named(settings: Mapping[str, Any]) -> str | None:
    name = settings.get("tokenizer_class")
    return name.removesuffix("Fast") if isinstance(name, str) and name else None
