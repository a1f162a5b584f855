"""``leadboost rules``: what rules would do, and would have done."""

from collections.abc import Sequence
from decimal import Decimal

import orjson
from pydantic import BaseModel, ConfigDict

from leadboost.remote.client import Remote

_SHOWN_FIRINGS = 10


class _Look(BaseModel):
    rule: str
    subject: str
    skip: str | None
    detail: str
    shadow: bool


class Preview(BaseModel):
    """The answer of ``POST /api/rules/preview``, further fields included."""

    model_config = ConfigDict(extra="allow")

    evaluated: int
    matched: list[_Look]
    skipped: list[_Look]
    errored: list[_Look]


class _Firing(BaseModel):
    day: str
    subject: str
    detail: str
    spend_avoided: Decimal
    revenue_forgone: Decimal
    saved: Decimal
    false: bool


class _Replayed(BaseModel):
    model_config = ConfigDict(extra="allow")

    rule: str
    fired: int
    false_pauses: int
    saved: Decimal
    spend_avoided: Decimal
    revenue_forgone: Decimal
    skipped: dict[str, int]
    errored: int
    not_kept: str | None
    firings: list[_Firing]


class Replay(BaseModel):
    """The answer of ``POST /api/rules/replay``."""

    days: int
    hold_days: int
    currency: str
    items: list[_Replayed]


async def preview(remote: Remote) -> Preview:
    """Ask what the rules in force would do. Raises RemoteError."""
    return await remote.post("/api/rules/preview", b"{}", Preview)


async def replay(remote: Remote, since: str, hold_days: int) -> Replay:
    """Ask what they would have done. Raises RemoteError."""
    body = orjson.dumps({"since": since, "hold_days": hold_days})
    return await remote.post("/api/rules/replay", body, Replay)


def describe_preview(seen: Preview) -> str:
    """Write it for a person."""
    counts = f"{len(seen.matched)} would fire, {len(seen.skipped)} are held back, {len(seen.errored)} failed"
    lines = [f"{seen.evaluated} looked at: {counts}"]
    lines += _looks("would fire", seen.matched)
    lines += _looks("held back", seen.skipped)
    lines += _looks("failed", seen.errored)
    return "\n".join(lines)


def _looks(word: str, looks: Sequence[_Look]) -> list[str]:
    return [
        f"  {word}{f' ({each.skip})' if each.skip else ''}{' in the shadow' if each.shadow else ''}: "
        f"{each.rule}, {each.subject}: {each.detail}"
        for each in looks
    ]


def describe_replay(seen: Replay) -> str:
    """Write it for a person."""
    lines = [f"the last {seen.days} days, a firing held for {seen.hold_days} days"]
    for each in seen.items:
        lines.append(f"{each.rule}: {each.not_kept or _done(each, seen.currency)}")
        lines += [_fired(firing, seen.currency) for firing in each.firings[:_SHOWN_FIRINGS]]
        if len(each.firings) > _SHOWN_FIRINGS:
            lines.append(f"  and {len(each.firings) - _SHOWN_FIRINGS} more; --json has all")
    return "\n".join(lines)


def _done(each: _Replayed, currency: str) -> str:
    held = "".join(f", held back {count} times ({skip})" for skip, count in each.skipped.items())
    return (
        f"would have fired {each.fired} times, {each.false_pauses} of them falsely, and saved {each.saved:f} "
        f"{currency} ({each.spend_avoided:f} not spent, {each.revenue_forgone:f} not earned){held}"
    )


def _fired(firing: _Firing, currency: str) -> str:
    mark = ", falsely" if firing.false else ""
    return f"  {firing.day} {firing.subject}{mark}: saved {firing.saved:f} {currency}; {firing.detail}"
