"""What bodies and queries are made of, and how a refusal names the field."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict
from pydantic_core import ErrorDetails

from leadboost.console.fields import PATTERN_REASONS
from leadboost.console.problems import Fault
from leadboost.domain.rules.written import plain_place

MAX_FAULTS: Final = 20
_MAX_READ: Final = 10_000
_MAX_FAULT_CHARS: Final = 200


def never_null(schema: JsonDict) -> None:
    """Describe fields that may be left out, but for which null is not welcome."""
    fields = schema["properties"]
    assert isinstance(fields, dict)  # noqa: S101 - pydantic wrote it
    for field in fields.values():
        if isinstance(field, dict) and isinstance(options := field.get("anyOf"), list):
            del field["anyOf"], field["default"]
            field |= next(option for option in options if isinstance(option, dict))


class Body(BaseModel):
    """A JSON object whose every field is known; nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """Query parameters; every one is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=never_null)


class WriteQuery(Query):
    """How to write. A dry run checks the request alone, and neither stock nor what is known already."""

    dry_run: bool = False


Limit = Annotated[int, Field(ge=1, le=1000)]


_REASONS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large",
    "string_type": "must be a text",
    "string_unicode": "must be valid Unicode text",
    "bool_parsing": "must be true or false",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "union_tag_not_found": "needs a kind",
    "union_tag_invalid": "is of no known kind",
}
_SHOULD: Final = re.compile(r"^\w+ should")


def faults_of(error: ValidationError) -> list[Fault]:
    """Say what pydantic found, one fault per field, at most MAX_FAULTS; values are not repeated."""
    if (count := error.error_count()) > _MAX_READ:
        return [Fault("", f"has {count} faults, too many to name; send fewer fields or items at once")]
    details = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
    return [Fault(field_path(plain_place(item["loc"])), _reason(item)) for item in details]


def field_path(place: Sequence[int | str]) -> str:
    """Write a place in a body: ``("lines", 0, "sku")`` is ``lines[0].sku``."""
    path = ""
    for part in place:
        if part == "[key]":
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path[:_MAX_FAULT_CHARS]


def _reason(item: ErrorDetails) -> str:
    context = item.get("ctx", {})
    match item["type"]:
        case "string_pattern_mismatch":
            return PATTERN_REASONS[context["pattern"]]
        case "value_error":
            return str(context["error"])
        case "too_long":
            return f"must have at most {context['max_length']} entries"
        case kind:
            return _REASONS.get(kind) or _SHOULD.sub("must", item["msg"])
