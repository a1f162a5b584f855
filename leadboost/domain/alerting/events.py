"""Which events of the journal somebody has to hear of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from leadboost.domain.alerting.alert import Change, Raise, Resolve, Settle, Severity
from leadboost.domain.halt import GLOBAL, Halt, HaltState, ItemStatus

Data = Mapping[str, object]


def changes_of(kind: str, data: Data, at: datetime) -> Sequence[Change]:
    """What an event means for alerts; nothing, for most."""
    read = _READERS.get(kind)
    return read(data, at) if read is not None else ()


def changes_of_halts(halts: Sequence[Halt]) -> Sequence[Change]:
    """The same alerts as the events of these halts make, for as long as no event can be stored."""
    return [change for halt in halts if halt.is_open for change in _of_halt(halt)]


def _of_halt(halt: Halt) -> Iterator[Change]:
    at = halt.tripped_at
    data = {"scope": str(halt.scope), "reason": halt.reason, "tripped_by": halt.tripped_by}
    yield from _tripped(data, at)
    if halt.state is HaltState.UNCONFIRMED:
        yield _unconfirmed(str(halt.id), None, None, at)
    for item in halt.items:
        if item.status is ItemStatus.UNCONFIRMED:
            yield _unconfirmed(str(halt.id), item.name or item.campaign.campaign_id, item.error, at)


def _text(data: Data, name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value)


def _tripped(data: Data, at: datetime) -> Sequence[Change]:
    scope = _text(data, "scope")
    kind, _, what = scope.partition(":")
    title = "Everything is halted" if kind == GLOBAL else f"Halted: {kind} {what}"
    severity = Severity.CRITICAL if kind in (GLOBAL, "account") else Severity.WARNING
    detail = f"{_text(data, 'reason')} (by {_text(data, 'tripped_by')})"
    return [Raise(key=f"halt/{scope}", severity=severity, title=title, detail=detail, at=at)]


def _breached(data: Data, at: datetime) -> Sequence[Change]:
    """A rule stopped ads that ran; the halt of it tells the same under the same key."""
    campaigns = data.get("campaigns")
    if not isinstance(campaigns, list) or not campaigns:
        return ()
    scope, reason = _text(data, "scope"), _text(data, "reason")
    title = f"A rule stopped {len(campaigns)} campaign{'s' if len(campaigns) > 1 else ''}: {reason}"
    detail = f"{_text(data, 'rule')} at {scope}: {reason}"
    return [Raise(key=f"halt/{scope}", severity=Severity.WARNING, title=title, detail=detail, at=at)]


def _item(data: Data, at: datetime) -> Sequence[Change]:
    halt, status = _text(data, "id"), _text(data, "status")
    name = _text(data, "name") or _text(data, "campaign_id")
    if status == ItemStatus.UNCONFIRMED:
        return [_unconfirmed(halt, name, _text(data, "error"), at)]
    return [Settle(key=_unconfirmed_key(halt), subject=name)] if status == ItemStatus.CONFIRMED else ()


def _unconfirmed(halt: str, name: str | None, error: str | None, at: datetime) -> Raise:
    return Raise(
        key=_unconfirmed_key(halt),
        severity=Severity.CRITICAL,
        title="A halt is not confirmed: ads may still run",
        detail=f"{name}: {error}" if error else "Pause them at the platform by hand, then look into it.",
        subject=name,
        at=at,
    )


def _unconfirmed_key(halt: str) -> str:
    return f"halt-unconfirmed/{halt}"


def _settled_halt(data: Data, at: datetime) -> Sequence[Change]:
    halt, state = _text(data, "id"), _text(data, "state")
    if state == HaltState.UNCONFIRMED:
        return [_unconfirmed(halt, None, None, at)]
    return [Resolve(key=_unconfirmed_key(halt), at=at)]


def _resumed(data: Data, at: datetime) -> Sequence[Change]:
    return [
        Resolve(key=f"halt/{_text(data, 'scope')}", at=at),
        Resolve(key=_unconfirmed_key(_text(data, "id")), at=at),
    ]


def _silent(data: Data, at: datetime) -> Sequence[Change]:
    source = _text(data, "source")
    return [
        Raise(
            key=f"source/{source}",
            severity=Severity.WARNING,
            title=f"{source} has fallen silent",
            detail=f"Nothing new since {_text(data, 'since')}, though {_text(data, 'expected_per_day')} a day"
            " were to be expected.",
            at=at,
        )
    ]


def _heard(data: Data, at: datetime) -> Sequence[Change]:
    return [Resolve(key=f"source/{_text(data, 'source')}", at=at)]


def _rolled_back(data: Data, at: datetime) -> Sequence[Change]:
    return [
        Raise(
            key="model/rollback",
            severity=Severity.WARNING,
            title=f"The model went back to version {_text(data, 'to')}",
            detail=f"{_text(data, 'reason')} (by {_text(data, 'by')})",
            momentary=True,
            at=at,
        )
    ]


def _trained(data: Data, at: datetime) -> Sequence[Change]:
    """Drift is told with what was learned; events of before that say nothing."""
    match data.get("drift"):
        case "drifted":
            title = "The model's errors have changed: the world is another one"
            detail = f"Seen with version {_text(data, 'version')}; forecasts are less sure for a while."
            return [Raise(key="model/drift", severity=Severity.WARNING, title=title, detail=detail, at=at)]
        case "none":
            return [Resolve(key="model/drift", at=at)]
        case _:
            return ()


def _oversold(data: Data, at: datetime) -> Sequence[Change]:
    sku, order, channel = _text(data, "sku"), _text(data, "order"), _text(data, "channel")
    return [
        Raise(
            key=f"oversold/{sku}",
            severity=Severity.CRITICAL,
            title=f"{sku} was sold elsewhere beyond what there is",
            detail=f"{_text(data, 'shortfall')} short for order {order} of {channel}",
            momentary=True,
            at=at,
        )
    ]


_READERS: Mapping[str, Callable[[Data, datetime], Sequence[Change]]] = {
    "panic.tripped": _tripped,
    "safety.breached": _breached,
    "panic.item": _item,
    "panic.resolved": _settled_halt,
    "panic.resumed": _resumed,
    "stock.oversold_externally": _oversold,
    "source.silent": _silent,
    "source.heard": _heard,
    "model.rolled_back": _rolled_back,
    "model.trained": _trained,
}
