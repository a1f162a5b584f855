"""What goes through Redis, as fields and back. Whatever comes in is checked; the unsound is left out."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import MAX_SCOPE_CHARS, Halt, HaltItem, Scope
from leadboost.domain.json_value import clean_json
from leadboost.domain.plain_text import strip_controls
from leadboost.domain.timeline import KIND as STEP_KIND
from leadboost.errors import InputError
from leadboost.messages.journal import JournalEvent

LARGEST_BYTES: Final = 64 * 1024
OURS: Final = "leadboost:"
"""What the ``origin`` of our own messages begins with."""

Fields = Mapping[bytes, bytes]

_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]

_json: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class _EventBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Annotated[str, Field(min_length=1, max_length=100)]
    at: AwareDatetime
    data: dict[str, JsonValue]


def sealed(key: bytes, fields: Mapping[str, str | bytes | int]) -> dict[str, bytes]:
    """The fields as bytes with one more, ``seal``: HMAC-SHA-256 of the others by what hosts alone know."""
    plain = {
        name: value if isinstance(value, bytes) else str(value).encode() for name, value in fields.items()
    }
    return {**plain, "seal": _seal_of(key, {name.encode(): value for name, value in plain.items()})}


def is_sealed(key: bytes, fields: Fields) -> bool:
    """Tell whether a host of this database wrote these fields."""
    return hmac.compare_digest(fields.get(b"seal", b""), _seal_of(key, fields))


def _seal_of(key: bytes, fields: Fields) -> bytes:
    seal = hmac.new(key, digestmod="sha256")
    for name in sorted(fields):
        if name != b"seal":
            seal.update(b"%d:%b%d:%b" % (len(name), name, len(fields[name]), fields[name]))
    return seal.hexdigest().encode()


def event_fields(event: JournalEvent, origin: str) -> dict[str, str | bytes | int]:
    """An event for other hosts. A large one goes without payload: its offset tells that it is there."""
    payload = orjson.dumps({"kind": event.kind, "at": event.at, "data": event.data})
    if len(payload) > LARGEST_BYTES:
        payload = b""
    return {"epoch": event.epoch, "offset": event.offset, "origin": origin, "payload": payload}


def event_of(fields: Fields) -> JournalEvent | None:
    """Read such an event; None for anything else."""
    try:
        body = _EventBody.model_validate_json(fields[b"payload"])
        offset, epoch = int(fields[b"offset"]), fields[b"epoch"].decode()
    except (KeyError, ValueError):
        return None
    return JournalEvent(epoch=epoch, offset=offset, kind=body.kind, at=body.at, data=body.data)


class _Trip(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    scope: Annotated[str, Field(max_length=MAX_SCOPE_CHARS)]
    reason: Annotated[str, Field(max_length=2_000)]
    tripped_by: Annotated[str, Field(min_length=1, max_length=200)]
    tripped_at: AwareDatetime
    campaigns: tuple[tuple[_Name, _Name], ...] = ()


def trip_payload(halt: Halt) -> bytes:
    """A halt for other hosts. Very many campaigns are left out: a SKU's halt then covers everything, and an
    account's or a global one finds them by itself."""
    body: dict[str, object] = {
        "id": halt.id,
        "scope": str(halt.scope),
        "reason": halt.reason[:2_000],
        "tripped_by": halt.tripped_by,
        "tripped_at": halt.tripped_at,
        "campaigns": [[each.campaign.platform, each.campaign.campaign_id] for each in halt.items],
    }
    payload = orjson.dumps(body)
    return payload if len(payload) <= LARGEST_BYTES else orjson.dumps({**body, "campaigns": []})


def trip_of(payload: bytes) -> Halt | None:
    """Read such a halt; None for anything else."""
    try:
        trip = _Trip.model_validate_json(payload)
        scope = Scope.parse(trip.scope)
    except (ValidationError, InputError):
        return None
    campaigns = [Campaign(platform=platform, campaign_id=name) for platform, name in trip.campaigns]
    return Halt(
        id=trip.id,
        scope=scope,
        reason=strip_controls(trip.reason),
        tripped_by=strip_controls(trip.tripped_by),
        tripped_at=trip.tripped_at,
        items=tuple(HaltItem(campaign=each) for each in dict.fromkeys(campaigns)),
    )


def public_event(event: JournalEvent, origin: str) -> bytes | None:
    """An event for other software, a pipeline's step as it knows steps; None for what is too large."""
    body: dict[str, object] = {
        "origin": origin,
        "kind": event.kind,
        "at": event.at,
        "epoch": event.epoch,
        "offset": event.offset,
        "data": event.data,
    }
    if event.kind == STEP_KIND:
        body |= {"step": event.data.get("step"), "state": event.data.get("state")}
    payload = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    return payload if len(payload) <= LARGEST_BYTES else None


def foreign_message(payload: bytes) -> object:
    """What other software says: a JSON value, or text where it is none, fit for storing.

    Raises InputError for what is too large, no text, or nested too deep.
    """
    if not 0 < len(payload) <= LARGEST_BYTES:
        raise InputError("message", f"has {len(payload)} bytes; send 1 to {LARGEST_BYTES}")
    value: Any
    try:
        value = _json.validate_json(payload)
    except ValidationError:
        try:
            value = payload.decode()
        except UnicodeDecodeError as error:
            raise InputError("message", "is no text in UTF-8") from error
    return clean_json("message", {"message": value}, limit_chars=LARGEST_BYTES)["message"]


def is_ours(message: object) -> bool:
    """Tell whether a LeadBoost published it."""
    return isinstance(message, Mapping) and str(message.get("origin", "")).startswith(OURS)


def digest_of(payload: bytes) -> str:
    """Sixteen hexadecimal digits that stand for these bytes."""
    return hashlib.sha256(payload).hexdigest()[:16]
