"""What `tfcli model` knows as JSON documents: every number of the screens, in full."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from tfcli.checkpoint.at_hand import ModelAtHand
from tfcli.model.block_shapes import Step
from tfcli.model.config import ModelConfig
from tfcli.model.forward_shapes import ForwardShapes
from tfcli.model.parameter_shapes import count
from tfcli.model.size import (
    BYTES,
    activations,
    cache_size,
    parameter_count,
    work,
)
from tfcli.view.model_info import Described, token_roles
from tfcli.view.model_plan import Planned
from tfcli.view.model_words import architecture_words

_SCHEMA = "tfcli.model.{}/1"


def plan_document(planned: Planned) -> dict[str, Any]:
    """A plan: sizes, every tensor of the forward pass, and what it costs."""
    shapes = planned.shapes
    config = shapes.config
    return {
        "schema": _SCHEMA.format("plan"),
        "model": planned.name,
        "model_type": planned.model_type,
        "changes": list(planned.changes),
        "config": config.to_dict(),
        "input": {
            "batch": shapes.batch,
            "tokens": shapes.tokens,
            "source_tokens": shapes.source_tokens or None,
        },
        "sections": [
            {
                "name": section.name,
                "side": section.side or None,
                "layers": list(section.layers) or None,
                "window": section.window or None,
                "tensors": [_step(step) for step in section.steps],
            }
            for section in shapes.sections
        ],
        "cache": [_step(step) for step in shapes.cache],
        **_sizes(config),
        "work": _work(shapes),
        "tensors": _tensors(shapes, planned.dtype),
        "kv_cache": _cache(config, planned.dtype),
    }


def info_document(described: Described) -> dict[str, Any]:
    """A model's facts."""
    facts, tokenizer = described.facts, described.tokenizer
    found: dict[str, Any] | None = None
    if tokenizer is not None:
        found = {
            "type": tokenizer.kind,
            "vocab_size": tokenizer.vocab_size,
            "file": str(tokenizer.source) if tokenizer.source is not None else None,
            "special_tokens": tokenizer.special_tokens,
            "roles": {role: i for i, role in token_roles(tokenizer).items()},
            "fingerprint": tokenizer.fingerprint,
        }
    elif described.tokenizer_fault:
        found = {"fault": described.tokenizer_fault}
    weights = facts.weights
    return {
        "schema": _SCHEMA.format("info"),
        "path": str(facts.path),
        "form": facts.form,
        "model_type": facts.family.MODEL_TYPE,
        "architecture": architecture_words(facts.config),
        "config": facts.config.to_dict(),
        **_sizes(facts.config),
        "kv_cache": _cache(facts.config, "bfloat16"),
        "tokenizer": found,
        "chat_template": facts.chat_template,
        "generation": dataclasses.asdict(facts.generation),
        "training": facts.training,
        "weights": None
        if weights is None
        else {"bytes": weights.bytes, "elements": dict(weights.elements)},
        "files": [{"name": name, "bytes": size} for name, size in facts.files],
    }


def list_document(models: Sequence[ModelAtHand]) -> dict[str, Any]:
    """The models at hand."""
    rows = [
        {**dataclasses.asdict(model), "path": str(model.path), "fault": model.fault or None}
        for model in models
    ]
    return {"schema": _SCHEMA.format("list"), "models": rows}


def types_document(types: Mapping[str, str]) -> dict[str, Any]:
    """The model types that can be run."""
    return {"schema": _SCHEMA.format("types"), "types": dict(types)}


def presets_document(presets: Mapping[str, tuple[str, ModelConfig]]) -> dict[str, Any]:
    """The presets of `tfcli model plan`."""
    rows = [
        {"name": name, "model_type": kind, "config": config.to_dict(), **_sizes(config)}
        for name, (kind, config) in presets.items()
    ]
    return {"schema": _SCHEMA.format("presets"), "presets": rows}


def result_document(command: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What `pull` or `export` has done."""
    return {"schema": _SCHEMA.format(command), **facts}


def _step(step: Step) -> dict[str, Any]:
    return {
        "module": step.module or None,
        "name": step.name,
        "axes": list(step.axes),
        "shape": list(step.size),
        "made_by": step.how,
        "parameters": {name: list(size) for name, size in step.parameters.items()},
        "parameter_count": count(step.parameters),
    }


def _sizes(config: ModelConfig) -> dict[str, Any]:
    counted = parameter_count(config)
    return {
        "parameters": dataclasses.asdict(counted),
        "memory": {name: counted.total * width for name, width in BYTES.items()},
    }


def _work(shapes: ForwardShapes) -> dict[str, Any]:
    done = work(shapes)
    return {
        "unit": "floating-point operations",
        "formula": "2 · matrix elements + layers · 2 · heads · (head_dim + value_dim) · tokens",
        "token": done.token,
        **dataclasses.asdict(done),
    }


def _tensors(shapes: ForwardShapes, dtype: str) -> dict[str, Any]:
    made = activations(shapes)
    width = BYTES[dtype]
    return {
        "dtype": dtype,
        "largest_block_bytes": made.largest_block * width,
        "all_bytes": made.total * width,
        "scores_and_weights_bytes": made.scores * width,
    }


def _cache(config: ModelConfig, dtype: str) -> dict[str, Any] | None:
    cache = cache_size(config)
    if cache is None:
        return None
    width, context = BYTES[dtype], config.max_position_embeddings
    whole = cache.of(context, context if cache.source else 0)
    return {
        "dtype": dtype,
        "elements_per_token": cache.token,
        "elements_per_source_token": cache.source,
        "bytes_per_token": cache.token * width,
        "context": None if config.position == "relative" else context,
        "bytes_of_context": None if config.position == "relative" else whole * width,
    }
