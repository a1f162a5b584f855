"""What the refusals of an API mean for polling: one table for all services with a credential."""

from collections.abc import Mapping

from leadboost.clock import Clock, Rng
from leadboost.connectors.client.answer import WebAnswer
from leadboost.connectors.client.backoff import Backoff
from leadboost.connectors.client.retry_after import parse_retry_after
from leadboost.errors import SourceError, SourceGoneError

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0

_DENIED = frozenset({401, 402, 403, 451})
_BUSY = frozenset({429, 503})
_BROKEN = frozenset({408, *range(500, 600)})
_BACKOFF = {
    "missing": (HOUR_S, DAY_S),
    "busy": (15 * MINUTE_S, DAY_S),
    "broken": (5 * MINUTE_S, 6 * HOUR_S),
}


class Refusals:
    """Turns what is no success into the error to raise; waits grow while a source goes on failing.

    ``settings`` names the keys to correct when the credential is not accepted. Denied (401, 402, 403, 451)
    ends the polling; busy services (429, 503) set their own time, else a quarter of an hour doubling to
    a day; trouble backs off from five minutes to six hours, anything else from an hour to a day. ``waits``
    replaces the (first, longest) wait of ``busy``, ``broken`` or ``missing``, in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        rng: Rng,
        settings: str = "its settings",
        waits: Mapping[str, tuple[float, float]] = _BACKOFF,
    ) -> None:
        self._name = name
        self._clock = clock
        self._settings = settings
        self._backoff = Backoff({**_BACKOFF, **waits}, rng)

    def of(self, answer: WebAnswer, *, code: str = "", renewed_in_s: float | None = None) -> SourceError:
        """Judge a status that is no success. ``code`` is the service's own word for it, made safe to show;
        ``renewed_in_s`` tells when a rate limit ends where the service says so elsewhere."""
        status = answer.status
        told = f"{status} {code}".rstrip()
        if status == 401:
            return self.gone(f"does not accept the credential ({told}); correct {self._settings}")
        if status in _DENIED:
            return self.gone(f"denies it ({told}); ask its owner")
        if status in _BUSY:
            asked_s = parse_retry_after(answer.headers.get("Retry-After"), now=self._clock.now())
            return self.busy(f"asks us to come later ({told})", renewed_in_s if asked_s is None else asked_s)
        if status in _BROKEN:
            return self.broken(f"has trouble ({told})")
        return SourceError(
            self._name, f"answers {told}; check what is asked", self._backoff.next_s("missing")
        )

    def gone(self, reason: str) -> SourceGoneError:
        """Nothing will change until somebody looks."""
        return SourceGoneError(self._name, f"{reason}, then start again")

    def busy(self, reason: str, wait_s: float | None) -> SourceError:
        """Come again after ``wait_s``, at the earliest in a minute; None: the service does not say."""
        wait_s = self._backoff.next_s("busy") if wait_s is None else max(wait_s, MINUTE_S)
        return SourceError(self._name, reason, wait_s)

    def broken(self, reason: str, wait_s: float | None = None) -> SourceError:
        """There was no answer, or none that can be read."""
        return SourceError(self._name, reason, wait_s or self._backoff.next_s("broken"))

    def reset(self) -> None:
        """A poll went well."""
        self._backoff.reset()


def known_code(value: object) -> str:
    """Return a service's word for a fault if it is a plain short one: letters, digits, ``_`` and ``-``."""
    plain = isinstance(value, str) and len(value) <= 40 and value.replace("_", "").replace("-", "").isalnum()
    return str(value) if plain else ""
