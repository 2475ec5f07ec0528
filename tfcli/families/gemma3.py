"""Gemma 3 with a vision tower: the text half of it, which is a Gemma 3 by itself."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import gemma3_text
from tfcli.families.fields import section
from tfcli.families.gemma3_text import IGNORED as TEXT_IGNORED
from tfcli.model.config import ModelConfig

MODEL_TYPE = "gemma3"
ARCHITECTURE = "Gemma3ForConditionalGeneration"
PUBLISHED_AS = gemma3_text.MODEL_TYPE
IGNORED = (*TEXT_IGNORED, "*vision_tower.*", "*multi_modal_projector.*")
RULES = {
    prefix + name.removeprefix("model."): rule
    for prefix in ("model.language_model.", "language_model.model.")
    for name, rule in gemma3_text.RULES.items()
    if name.startswith("model.")
} | {f"{prefix}lm_head.weight": "head.weight" for prefix in ("", "language_model.")}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read the `text_config` of a Gemma 3 config.json."""
    text = dict(section("text_config", hf["text_config"]))
    text.setdefault("tie_word_embeddings", hf.get("tie_word_embeddings", True))
    text["final_logit_softcapping"] = None  # the reference does not cap in this form
    return gemma3_text.read_config(text)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write the `text_config` of a Gemma 3 config.json."""
    return {"text_config": gemma3_text.write_config(config)}
