"""How each class of tokenizer works around its vocabulary: what it does to text, roles, template.

The rules are those of the classes of the same name in `transformers` 5.24
(`models/*/tokenization_*.py`), which build a `tokenizers` pipeline around a vocabulary, whatever
file that vocabulary came from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tfcli_tokenizer.lossless import SPACE
from tfcli_tokenizer.settings import Settings, Token

# Words, numbers one digit at a time, runs of other signs, line ends, spaces (Qwen2, Qwen3).
_QWEN_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Vocabulary:
    """Pieces as they came from a file.

    Attributes:
        model: a model of `tokenizers` that holds them.
        scored: pieces with their scores, of a Unigram model; else ().
        charsmap: SentencePiece's compiled rules for normalising text; b"" for none.
    """

    model: Any
    scored: tuple[tuple[str, float], ...] = ()
    charsmap: bytes = b""


@dataclass(frozen=True)
class Recipe:
    """The rules of one class.

    Attributes:
        model: the kind of model, a class of `tokenizers.models`.
        roles: tokens by role where the files name none.
        build: the pipeline around a vocabulary.
        finish: what is set once all tokens are there, given their ids.
        settle: the settings, with tokens that the class has beyond its roles.
    """

    model: str
    roles: Mapping[str, str]
    build: Callable[[Vocabulary, Settings], Any]
    finish: Callable[[Any, Settings], None] = lambda engine, settings: None
    settle: Callable[[Settings], Settings] = lambda settings: settings


def template(engine: Any, settings: Settings) -> None:
    """Put the beginning and end tokens around a text that the options ask for."""
    bos, eos = settings.content("bos_token"), settings.content("eos_token")
    before = [bos] if bos is not None and settings.flag("add_bos_token", False) else []
    after = [eos] if eos is not None and settings.flag("add_eos_token", False) else []
    _around(engine, {token: _id(engine, token) for token in (*before, *after)}, before, after)


def prefix(engine: Any, tokens: list[str]) -> None:
    """Put these tokens before a text."""
    _around(engine, {token: _id(engine, token) for token in tokens}, tokens, [])


def _around(engine: Any, ids: Mapping[str, int], before: list[str], after: list[str]) -> None:
    from tokenizers import processors

    engine.post_processor = processors.TemplateProcessing(
        single=[*(f"{token}:0" for token in before), "$A:0", *(f"{token}:0" for token in after)],
        special_tokens=list(ids.items()),
    )


def _id(engine: Any, token: str | None) -> int:
    number = None if token is None else engine.token_to_id(token)
    if number is None:
        raise ValueError(f"it lacks the token “{token}”")
    return number


def _bpe(vocabulary: Vocabulary, **attributes: Any) -> Any:
    from tokenizers import Tokenizer

    model = vocabulary.model
    settled: dict[str, Any] = {
        "dropout": None,
        "unk_token": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
    }
    for name, value in (settled | attributes).items():
        setattr(model, name, value)
    return Tokenizer(model)


def _gpt2(vocabulary: Vocabulary, settings: Settings) -> Any:
    from tokenizers import decoders, pre_tokenizers

    engine = _bpe(vocabulary)
    space = bool(settings.flag("add_prefix_space", False))
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=space)
    engine.decoder = decoders.ByteLevel()
    return engine


def _gpt_neox(vocabulary: Vocabulary, settings: Settings) -> Any:
    from tokenizers import normalizers

    engine = _gpt2(vocabulary, settings)
    engine.normalizer = normalizers.NFC()
    return engine


def _qwen2(vocabulary: Vocabulary, settings: Settings) -> Any:
    from tokenizers import Regex, decoders, normalizers, pre_tokenizers

    engine = _bpe(vocabulary)
    space = bool(settings.flag("add_prefix_space", False))
    engine.normalizer = normalizers.NFC()
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_QWEN_WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=space, use_regex=False),
        ]
    )
    engine.decoder = decoders.ByteLevel()
    return engine


def _llama(vocabulary: Vocabulary, settings: Settings) -> Any:
    from tokenizers import decoders, pre_tokenizers

    engine = _bpe(vocabulary, fuse_unk=True, byte_fallback=True)
    space = settings.flag("add_prefix_space", None) is not False
    scheme = "always" if settings.flag("legacy", False) else "first"
    engine.pre_tokenizer = pre_tokenizers.Metaspace(
        replacement=SPACE, prepend_scheme=scheme if space else "never", split=False
    )
    steps = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    engine.decoder = decoders.Sequence(steps + [decoders.Strip(" ", 1, 0)] * space)
    return engine


def _gemma(vocabulary: Vocabulary, settings: Settings) -> Any:
    from tokenizers import decoders, normalizers, pre_tokenizers

    unknown = settings.content("unk_token")
    engine = _bpe(vocabulary, unk_token=unknown, fuse_unk=True, byte_fallback=True)
    engine.normalizer = normalizers.Replace(" ", SPACE)
    engine.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    engine.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return engine


def _bert(vocabulary: Vocabulary, settings: Settings) -> Any:
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers

    model = vocabulary.model
    model.unk_token = str(settings.content("unk_token"))
    model.max_input_chars_per_word = 100
    model.continuing_subword_prefix = "##"
    engine = Tokenizer(model)
    engine.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=bool(settings.flag("tokenize_chinese_chars", True)),
        strip_accents=settings.flag("strip_accents", None),
        lowercase=bool(settings.flag("do_lower_case", True)),
    )
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    engine.decoder = decoders.WordPiece(prefix="##")
    return engine


def _t5(vocabulary: Vocabulary, settings: Settings) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    # The unknown token is the third piece of every T5, whatever the file says.
    engine = Tokenizer(models.Unigram(list(vocabulary.scored), unk_id=2, byte_fallback=False))
    if vocabulary.charsmap:
        engine.normalizer = normalizers.Precompiled(vocabulary.charsmap)
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always", split=True),
        ]
    )
    engine.decoder = decoders.Metaspace(replacement=SPACE, prepend_scheme="always", split=True)
    return engine


def _mark_special(engine: Any, settings: Settings) -> None:
    """Special tokens lose flags that a file gave them, such as stripping the space before them."""
    from tokenizers import AddedToken

    tokens = [*settings.ordered_roles().values(), *(settings.extra or ())]
    engine.add_tokens([AddedToken(token.content, special=True) for token in tokens])


def _sentinels(settings: Settings) -> Settings:
    """The `<extra_id_…>` tokens of T5, where no file lists its special tokens."""
    extra = settings.extra or ()
    if settings.lists_special or any("<extra_id_" in token.content for token in extra):
        return settings
    sentinels = (Token(f"<extra_id_{i}>") for i in range(settings.number("extra_ids", 100)))
    return replace(settings, extra=(*extra, *sentinels))


def _cls_and_sep(engine: Any, settings: Settings) -> None:
    cls, sep = settings.content("cls_token"), settings.content("sep_token")
    ids = {
        str(cls): 2 if cls is None else _id(engine, cls),
        str(sep): 3 if sep is None else _id(engine, sep),
    }
    _around(engine, ids, [str(cls)], [str(sep)])


def _cls_and_sep_of_roberta(engine: Any, settings: Settings) -> None:
    from tokenizers import processors

    cls, sep = settings.content("cls_token"), settings.content("sep_token")
    engine.post_processor = processors.RobertaProcessing(
        (str(sep), _id(engine, sep)), (str(cls), _id(engine, cls))
    )


def _end_of_t5(engine: Any, settings: Settings) -> None:
    from tokenizers import processors

    engine.post_processor = processors.TemplateProcessing(
        single=["$A", "</s>"],
        special_tokens=[("</s>", _id(engine, settings.content("eos_token")))],
    )


def _roles(**roles: str) -> dict[str, str]:
    return {f"{name}_token": content for name, content in roles.items()}


_TEXT_END = "<|endoftext|>"
RECIPES: dict[str, Recipe] = {
    "GPT2Tokenizer": Recipe("BPE", _roles(bos=_TEXT_END, eos=_TEXT_END, unk=_TEXT_END), _gpt2),
    "GPTNeoXTokenizer": Recipe(
        "BPE",
        _roles(bos=_TEXT_END, eos=_TEXT_END, unk=_TEXT_END, pad="<|padding|>"),
        _gpt_neox,
        template,
    ),
    "Qwen2Tokenizer": Recipe(
        "BPE",
        _roles(eos=_TEXT_END, unk=_TEXT_END, pad=_TEXT_END),
        _qwen2,
        _mark_special,
    ),
    "RobertaTokenizer": Recipe(
        "BPE",
        _roles(
            bos="<s>",
            eos="</s>",
            unk="<unk>",
            sep="</s>",
            pad="<pad>",
            cls="<s>",
            mask="<mask>",
        ),
        _gpt2,
        _cls_and_sep_of_roberta,
    ),
    "LlamaTokenizer": Recipe("BPE", _roles(bos="<s>", eos="</s>", unk="<unk>"), _llama),
    "GemmaTokenizer": Recipe(
        "BPE",
        _roles(bos="<bos>", eos="<eos>", unk="<unk>", pad="<pad>", mask="<mask>"),
        _gemma,
    ),
    "BertTokenizer": Recipe(
        "WordPiece",
        _roles(unk="[UNK]", sep="[SEP]", pad="[PAD]", cls="[CLS]", mask="[MASK]"),
        _bert,
        _cls_and_sep,
    ),
    "T5Tokenizer": Recipe(
        "Unigram",
        _roles(eos="</s>", unk="<unk>", pad="<pad>"),
        _t5,
        _end_of_t5,
        _sentinels,
    ),
}
