"""The JSON Schema of the documents that `tfcli explain` writes, made from the dataclasses.

`python -m tfcli.view.explain.schema FILE` writes it anew.
"""

import dataclasses
import inspect
import json
import re
import sys
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from tfcli.explain.result.codec import encode, hints_of, parts_of
from tfcli.explain.result.documents import BY_COLUMN, SCHEMAS

_NO_NUMBER = "null stands for NaN and infinity"
_SIMPLE: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},
    str: {"type": "string"},
    type(None): {"type": "null"},
}


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) that every document of SCHEMAS meets."""
    documents = [_document(name, kind) for name, kind in SCHEMAS.items()]
    kinds: dict[str, Any] = {}
    for kind in _by_row():
        _collect(kind, kinds)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What tfcli explain --json writes",
        "description": f"Where a number may be null, {_NO_NUMBER}.",
        **(documents[0] if len(documents) == 1 else {"oneOf": documents}),
        "$defs": {
            name: _object(kind) for name, kind in sorted(kinds.items()) if kind not in _roots()
        },
    }


def _roots() -> set[type]:
    """What is a document, and stands in no other."""
    found = _by_row()
    inner: dict[str, Any] = {}
    for kind in found:
        for part in parts_of(kind):
            _collect(part, inner)
    return found - set(inner.values())


def _by_row() -> set[type]:
    """The documents that have their results' fields."""
    return {kind for name, kind in SCHEMAS.items() if name not in BY_COLUMN}


def _document(name: str, kind: type) -> dict[str, Any]:
    """A result with its `schema`; fields that were not asked for are left out."""
    if name in BY_COLUMN:
        return {
            "description": f"{_said(kind)[0]} Its columns are for `tfcli explain --from`, which "
            "writes them as rows with --json.",
            "type": "object",
            "properties": {
                "schema": {"const": name},
                "form": {"type": "string"},
                "columns": {"type": "object"},
            },
            "required": ["schema", "form", "columns"],
            "additionalProperties": False,
        }
    found = _object(kind)
    found["properties"] = {"schema": {"const": name}, **found["properties"]}
    found["required"] = ["schema", *found["required"]]
    return found


def _collect(kind: Any, found: dict[str, Any]) -> None:
    """Every dataclass in a type, by its name."""
    if dataclasses.is_dataclass(kind):
        name = _name(kind)
        if found.get(name, kind) is not kind:
            raise TypeError(f"two results are named {name}")
        if name in found:
            return
        found[name] = kind
    for part in parts_of(kind):
        _collect(part, found)


def _object(kind: Any) -> dict[str, Any]:
    summary, lines = _said(kind)
    properties = {
        name: _of(part) | ({"description": lines[name]} if name in lines else {})
        for name, part in hints_of(kind).items()
    }
    return {
        "description": summary,
        "type": "object",
        "properties": properties,
        "required": [f.name for f in dataclasses.fields(kind) if _is_required(f)],
        "additionalProperties": False,
    }


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _of(kind: Any) -> dict[str, Any]:
    """The schema of a type."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    if dataclasses.is_dataclass(kind):
        return {"$ref": f"#/$defs/{_name(kind)}"}
    if origin is Literal:
        return {"enum": list(parts)}
    if origin in (Union, types.UnionType):
        return _union([_of(part) for part in parts])
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(parts[1])}
    return _array(parts)


def _array(parts: tuple[Any, ...]) -> dict[str, Any]:
    """Of a tuple: any number of one type, or a type for each place."""
    if parts[-1] is Ellipsis:
        return {"type": "array", "items": _of(parts[0])}
    places = {"minItems": len(parts), "maxItems": len(parts)}
    return {"type": "array", "prefixItems": [_of(part) for part in parts], **places}


def _union(members: list[dict[str, Any]]) -> dict[str, Any]:
    """Plain types side by side: {"type": ["number", "null"]}; else any of them."""
    if all(set(member) == {"type"} for member in members):
        names = [member["type"] for member in members]
        flat = [n for name in names for n in (name if isinstance(name, list) else [name])]
        return {"type": list(dict.fromkeys(flat))}
    return {"anyOf": members}


def _name(kind: Any) -> str:
    return kind.__name__


def _said(kind: Any) -> tuple[str, dict[str, str]]:
    """A dataclass's docstring: its first lines, and what it says about each attribute."""
    text = inspect.getdoc(kind) or ""
    summary, _, attributes = text.partition("\nAttributes:\n")
    found: dict[str, str] = {}
    known = set(hints_of(kind))
    for entry in re.split(r"\n(?= {4}\w)", "\n" + attributes):
        names, colon, words = entry.partition(":")
        named = [name for name in re.split(r", | and ", names.strip()) if name in known]
        if colon:
            found |= dict.fromkeys(named, " ".join(words.split()))
    return " ".join(summary.split()), found


def text() -> str:
    """The schema as the file that is published."""
    return json.dumps(encode(schema()), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8", newline="\n")
