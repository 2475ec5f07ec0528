"""The documents that tfcli writes and reads: a result, with the name of its form."""

from typing import Any

from tfcli.errors import DataError
from tfcli.explain.result import (
    Comparison,
    Explanation,
    Formation,
    LensFit,
    ModelComparison,
    SavedExplanation,
)
from tfcli.explain.result.codec import decode, encode
from tfcli.explain.result.columns import decode_columns, encode_columns
from tfcli.explain.result.form import form_of

# What each form of document holds. The number behind the stroke goes up when what was written
# before can no longer be read.
SCHEMAS: dict[str, type] = {
    "tfcli.explain/1": Explanation,
    "tfcli.explain-trace/2": SavedExplanation,
    "tfcli.lens-fit/1": LensFit,
    "tfcli.over/1": Formation,
    "tfcli.models/1": ModelComparison,
    "tfcli.compare/1": Comparison,
}
# Those that are written as columns, in place of rows: one object, `columns`, and the `form` of what
# stands in it.
BY_COLUMN = {"tfcli.explain-trace/2"}
_HINT = "Read it with the tfcli that wrote it, or explain the prompt again."


def document(result: Any) -> dict[str, Any]:
    """The document of a result: `schema`, then its fields by their names, or `columns`.

    A field that was not asked for is left out; a number that does not exist is null.
    """
    (schema,) = (name for name, kind in SCHEMAS.items() if kind is type(result))
    if schema in BY_COLUMN:
        return {
            "schema": schema,
            "form": form_of(type(result)),
            "columns": encode_columns(result),
        }
    fields = encode(result)
    return {"schema": schema, **{name: v for name, v in fields.items() if v is not None}}


def read_document(value: Any) -> Any:
    """The result that a document holds.

    Raises:
        DataError: it is none of these documents, of a newer form, or damaged; the message says
            where.
    """
    if not isinstance(value, dict):
        raise DataError("the document: expected an object with a `schema`.")
    schema = value.get("schema")
    kind = SCHEMAS.get(schema) if isinstance(schema, str) else None
    if kind is None:
        raise _other_form(schema)
    rest = {name: item for name, item in value.items() if name != "schema"}
    if schema not in BY_COLUMN:
        return decode(kind, rest)
    if set(rest) != {"form", "columns"}:
        raise DataError("the document: expected `form` and `columns`, and nothing beside them.")
    if rest["form"] != form_of(kind):
        raise DataError(
            "It was written by another tfcli: what it holds has other fields here.", hint=_HINT
        )
    return decode_columns(kind, rest["columns"])


def _other_form(schema: Any) -> DataError:
    known = " or ".join(SCHEMAS)
    if not isinstance(schema, str):
        return DataError(f"schema: expected {known}.")
    name, _, number = schema.partition("/")
    ours = [int(known.rpartition("/")[2]) for known in SCHEMAS if known.startswith(name + "/")]
    if ours and number.isascii() and number.isdecimal() and len(number) < 9:
        age = "a newer" if int(number) > max(ours) else "an older"
        return DataError(
            f"It was written by {age} tfcli: its schema is {name}/{number}, and this one reads "
            f"{name}/{max(ours)}.",
            hint=_HINT,
        )
    return DataError(f"schema: expected {known}, found “{schema[:40]}”.")
