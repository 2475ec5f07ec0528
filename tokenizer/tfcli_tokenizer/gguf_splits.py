"""How byte-level vocabularies in GGUF files split a text before merging, by llama.cpp's name of it.

The expressions are those of the models' own tokenizers; each splits what the one before left.
(The names and their meaning: src/llama-vocab.cpp in ggml-org/llama.cpp.)
"""

from dataclasses import dataclass

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_GPT2 = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # Radford 2019
)
_LLAMA3 = (
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}"
    rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_SPACES}"
)
_QWEN2 = _LLAMA3.replace("{1,3}", "")
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_BEFORE = r"[^\r\n\p{L}\p{N}]?"
_CASED = rf"{_BEFORE}{_UPPER}*{_LOWER}+%s|{_BEFORE}{_UPPER}+{_LOWER}*%s"
_REST = rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}"
_TEKKEN = _CASED % ("", "") + r"|\p{N}" + _REST
_GPT4O = _CASED % (f"{_CONTRACTIONS}?", f"{_CONTRACTIONS}?") + r"|\p{N}{1,3}" + _REST
_DIGIT, _DIGITS, _TRIPLE = r"\p{N}", r"\p{N}+", r"[0-9][0-9][0-9]"
_CJK = "[一-龥\u0800-一가-\ud7ff]+"


@dataclass(frozen=True)
class Split:
    """How a text is split.

    Attributes:
        expressions: applied one after the other.
        whole_words: a word that is a piece is taken as it is, without merging.
        add_bos: a text begins with a bos, where the file does not say.
    """

    expressions: tuple[str, ...]
    whole_words: bool = False
    add_bos: bool = False


_KINDS = {
    Split((_GPT2,)): "gpt-2 phi-2 mpt olmo jais trillion granite-docling exaone4 mellum gigachat",
    Split((_DIGIT, _GPT2)): "smollm starcoder refact command-r codeshell exaone minerva-7b mellum2",
    Split((_LLAMA3,)): "dbrx smaug-bpe",
    Split((_LLAMA3,), whole_words=True, add_bos=True): (
        "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2"
    ),
    Split((_QWEN2,)): "qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez kormo f2llmv2 solar-open",
    Split((_TEKKEN,), whole_words=True, add_bos=True): "tekken",
    Split((_GPT4O,)): "gpt-4o llama4 kanana2",
    Split((r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK, _DIGIT)): "deepseek-coder",
    Split((r"[\p{P}\$\+<=>\^~\|`]+", _GPT2, _TRIPLE)): "falcon",
    Split((r"[\p{P}\$\+<=>\^~\|]+", _GPT2, _DIGITS, _TRIPLE)): "default",
}
SPLITS = {name: split for split, names in _KINDS.items() for name in names.split()}
