"""An alert in words, for people who read it on a phone at night."""

from collections.abc import Sequence

from leadboost.domain.alerting.alert import Alert, Notice

SHOWN_SUBJECTS = 10
_TIME = "%Y-%m-%d %H:%M UTC"


def headline(alert: Alert, notice: Notice) -> str:
    """One line: what this notice says of the alert."""
    match notice:
        case Notice.RAISED:
            return f"{alert.severity.upper()}: {alert.title}"
        case Notice.REMINDED:
            return f"{alert.severity.upper()}, still open: {alert.title}"
        case Notice.ACKNOWLEDGED:
            return f"Taken by {alert.acknowledged_by}: {alert.title}"
        case Notice.RESOLVED:
            return f"Over: {alert.title}"


def facts(alert: Alert) -> Sequence[str]:
    """What there is to know, a line each."""
    lines = [alert.detail] if alert.detail else []
    if alert.subjects:
        shown = ", ".join(alert.subjects[:SHOWN_SUBJECTS])
        more = len(alert.subjects) - SHOWN_SUBJECTS
        lines.append(f"Concerns {shown}" + (f" and {more} more" if more > 0 else ""))
    times = f", {alert.count} times since" if alert.count > 1 else ""
    lines.append(f"Raised {alert.raised_at.strftime(_TIME)}{times}")
    if alert.acknowledged_by is not None and alert.note:
        lines.append(f"{alert.acknowledged_by}: {alert.note}")
    if alert.resolved_at is not None:
        lines.append(f"Over since {alert.resolved_at.strftime(_TIME)}")
    return lines
