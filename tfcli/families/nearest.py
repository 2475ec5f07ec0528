"""For a config.json that no family reads: the nearest families, and what differs."""

import difflib
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfcli.errors import CheckpointError, TfcliError
from tfcli.families import MODEL_TYPES, family
from tfcli.families.fields import shown

_MOST_SHOWN = 6
_MOST_TRIES = 16
_STAND_IN = 64  # for a size that a file lacks, so that the rest of it can be tried
_NEAR = 0.6  # of the settings, from which on a family is worth a word
_WRAPPER = "gemma3"  # reads nothing but the text half, which is looked at by itself

# Fields that change no shape and no number of a forward pass, by parts of their names.
_BESIDE = (
    *("_token_id", "dropout", "drop_rate", "init", "version", "torch_dtype", "use_cache"),
    *("architectures", "model_type", "auto_map", "id2label", "label2id", "pretraining"),
    *("output_attentions", "output_hidden", "return_dict", "loss", "problem_type"),
    *("_name_or_path", "gradient_checkpointing", "chunk_size", "is_encoder_decoder"),
    *("task_specific", "classifier", "use_return", "_attn_implementation", "finetuning"),
    *("max_length", "num_beams", "early_stop", "prefix", "pruned_heads", "jitter", "summary_"),
    *("output_router", "no_repeat", "num_labels", "vocab_file", "transformers"),
    *("cache_implementation", "length_penalty", "layerdrop", "pooler", "tokenizer_class"),
)
_EXACT = {"dtype", "dense_act_fn", "is_gated_act"}  # T5's last two repeat another field
_PLAIN = ("llama", "mistral", "gpt2", "bert", "t5", "bart")  # first, where several are as near


@dataclass(frozen=True)
class Nearest:
    """How a file stands to one family.

    Attributes:
        model_type: the family's.
        share: of the file's settings that matter, how much the family takes, from 0 to 1.
        unknown: fields of the file that the family does not know, though they may matter.
        missing: fields that the family needs and the file lacks.
        refused: what the family says to a value in the file; "" where it takes them all.
    """

    model_type: str
    share: float
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    refused: str


def nearest(hf: Mapping[str, Any]) -> tuple[Nearest, ...]:
    """All families that are near a config.json, the nearest first; empty where none is."""
    names = dict.fromkeys((*_PLAIN, *MODEL_TYPES))
    found = [_compared(name, hf) for name in names if name != _WRAPPER]
    ranked = sorted(found, key=lambda one: -_rank(one, str(hf.get("model_type", ""))))
    return tuple(one for one in ranked if one.share >= _NEAR and len(one.missing) <= 2)


def unsupported(hf: Mapping[str, Any]) -> CheckpointError:
    """The error for a config.json of a type that cannot be run: what is near, what differs."""
    model_type = hf.get("model_type")
    if isinstance(model_type, str):
        words = f"models of type {shown_type(model_type)} cannot be run."
    else:
        words = "it does not say which type of model it is (model_type)."
    half = hf.get("text_config")
    fields = half if isinstance(half, dict) else hf
    near = nearest(fields)
    if fields is half and near:
        words += " It holds a text model among others."
    if near:
        first, *others = near
        words += f" The nearest type that can is {first.model_type}, {_difference(first, fields)}"
        rest = [one.model_type for one in others[:2]]
        words += f" Also near: {', '.join(rest)}." if rest else ""
    else:
        words += " No type that can is near it."
    return CheckpointError(words, hint="Supported model types: " + ", ".join(MODEL_TYPES) + ".")


def shown_type(model_type: str) -> str:
    """A model type of a file, in quotes and cut short."""
    return f"“{model_type if len(model_type) <= 60 else model_type[:60] + '…'}”"


def _difference(one: Nearest, fields: Mapping[str, Any]) -> str:
    parts = []
    if one.unknown:
        names = [f"{name} ({shown(fields[name])})" for name in one.unknown[:_MOST_SHOWN]]
        more = len(one.unknown) - len(names)
        rest = f" and {more} more" if more else ""
        parts.append(f"does not know {', '.join(names)}{rest}")
    if one.missing:
        parts.append(f"needs {', '.join(one.missing)}, which the file lacks")
    if one.refused:
        reason = textwrap.shorten(one.refused.rstrip("."), 160, placeholder=" …")
        parts.append(f"refuses a value ({reason})")
    if not parts:
        return "which knows all of its settings; what else differs, the file does not say."
    return "but it " + ", and ".join(parts) + "."


class _Watched(dict[str, Any]):
    """A config.json that remembers which of its fields were asked for."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:  # type: ignore[override]
        self.asked.add(name)
        return super().get(name, default)


def _compared(model_type: str, hf: Mapping[str, Any]) -> Nearest:
    module = family(model_type)
    fields = _shortened(hf)
    watched, missing, refused = _Watched(fields), [], ""
    known: set[str] = set(getattr(module, "DEFAULTS", ()))
    for _ in range(_MOST_TRIES):
        try:
            written = module.write_config(module.read_config(watched))
            # what was not asked for, as another field says it, comes out as it went in
            known |= {name for name, value in written.items() if fields.get(name) == value}
        except KeyError as error:
            name = str(error.args[0]) if error.args else ""
            if not name or name in missing:
                break
            missing.append(name)
            watched[name] = _STAND_IN
            continue
        except TfcliError as error:
            refused = refused or error.message
            name = error.message.partition(" ")[0]
            if watched.pop(name, None) is not None:  # how the rest of the file fares without it
                continue
        except (TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
            refused = refused or str(error)
        break
    known |= watched.asked
    telling = [name for name in hf if isinstance(name, str) and _tells(name)]
    unknown = [name for name in telling if name not in known and _switches(hf[name])]
    missing = [name for name in missing if name not in hf]
    strange = len(unknown) + bool(refused)
    share = 1 - strange / len(telling) if telling else 0.0
    return Nearest(model_type, share, tuple(unknown), tuple(missing), refused)


def _shortened(hf: Mapping[str, Any]) -> dict[str, Any]:
    """The same file with fewer layers, and a rotation: no field is known for what they are."""

    def short(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return value[:_STAND_IN]
        whole = isinstance(value, int) and not isinstance(value, bool)
        return min(value, _STAND_IN) if whole and "layer" in name else value

    fields = {name: short(str(name), value) for name, value in hf.items()}
    if not fields.get("rope_scaling") and not fields.get("rope_parameters"):
        fields["rope_parameters"] = {"rope_type": "default"}  # so that no family adds its own
    return fields


def _rank(one: Nearest, model_type: str) -> float:
    likeness = difflib.SequenceMatcher(None, model_type, one.model_type).ratio()
    named = likeness if likeness > 0.65 else 0.0
    if model_type.startswith(one.model_type):  # of several, the longest
        named = 1.0 + 0.01 * len(one.model_type)
    return one.share + 0.2 * named - 0.15 * len(one.missing)


def _tells(name: str) -> bool:
    return name not in _EXACT and not any(word in name for word in _BESIDE)


def _switches(value: Any) -> bool:
    """Whether a value switches something on: most fields that do not are null, false or 0."""
    return value not in (None, False, 0, "", [], {})
