"""What goes out without the database, for as long as it is away."""

from collections.abc import Iterable, Sequence

from leadboost.actors.alerter.line import Line
from leadboost.clock import Clock, Rng, uuid7
from leadboost.domain.alerting.alert import Change, Notice, Policy, Raise, Severity, new_alert
from leadboost.ports import Delivery

DATABASE = "database"
MOST = 100


class Direct:
    """Every channel that takes an alert of this weight is told, whatever its level: nobody can acknowledge.

    Each once; what was told is stored as told once the database is back.
    """

    def __init__(self, policy: Policy, clock: Clock, rng: Rng) -> None:
        self._policy = policy
        self._clock = clock
        self._rng = rng
        self._raises: dict[str, Raise] = {}
        self.told: set[tuple[str, str]] = set()

    @property
    def raises(self) -> Sequence[Raise]:
        """What is wrong, oldest first."""
        return list(self._raises.values())

    def take(self, reason: str, changes: Iterable[Change]) -> None:
        """Note that the database is away for ``reason``, and what else is wrong."""
        database = Raise(
            key=DATABASE,
            severity=Severity.CRITICAL,
            title="The database does not answer",
            detail=reason,
            at=self._clock.now(),
        )
        for change in (database, *changes):
            if isinstance(change, Raise) and len(self._raises) < MOST:
                self._raises.setdefault(change.key, change)

    def next_for(self, line: Line) -> Delivery | None:
        """What a channel is to be told next."""
        for raised in self._raises.values():
            weighs = raised.severity.rank >= line.recipient.least.rank
            if weighs and (raised.key, line.name) not in self.told:
                return self._delivery(raised, line.name)
        return None

    def _delivery(self, raised: Raise, channel: str) -> Delivery:
        drawn = uuid7(self._clock, self._rng)
        alert = new_alert(raised, drawn, self._policy, self._clock.now())
        return Delivery(id=drawn, channel=channel, notice=Notice.RAISED, alert=alert, created_at=raised.at)

    def note(self, delivery: Delivery) -> None:
        """It went out."""
        self.told.add((delivery.alert.key, delivery.channel))

    def clear(self) -> None:
        """The database is back and has it."""
        self._raises.clear()
        self.told.clear()
