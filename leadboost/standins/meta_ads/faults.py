"""The faults that Graph is known for, on order."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from aiohttp import web

from leadboost.clock import Rng

LIMIT_TEXT = "There have been too many calls to this ad-account. Wait a bit and try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class AdFaults:
    """Shares from 0 to 1 of the calls that meet a fault; the shares add up to 1 at most.

    - ``error_before``, ``error_after``: HTTP 500 (code 1 or 2) before or after the effect of a write.
    - ``limited``: code 17, code 80004, or HTTP 429 without an envelope. ``regain_min`` (minutes) and
      ``retry_after_s`` tell when to come back; None: the answer does not say.
    - ``hang``: no answer until the client gives up, the effect of a write having taken place.

    ``revoked``: every call is answered with code 190. ``stale_s``: readers see the status before a write
    for so long.
    """

    error_before: float = 0.0
    error_after: float = 0.0
    limited: float = 0.0
    hang: float = 0.0
    revoked: bool = False
    stale_s: float = 0.0
    regain_min: int | None = None
    retry_after_s: int | None = None

    @classmethod
    def mixed(cls, share: float) -> "AdFaults":
        """A share of 500 before the effect, 500 after it and limits, in equal parts."""
        return cls(error_before=share / 3, error_after=share / 3, limited=share / 3)

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "AdFaults":
        """Read what ``as_json`` wrote; absent keys are the defaults. Raises TypeError for unknown ones."""
        return cls(**values)  # type: ignore[arg-type]  # the control path is for tests alone

    def as_json(self) -> Mapping[str, object]:
        return asdict(self)

    def draw(self, rng: Rng) -> str | None:
        """Decide about one call: the name of a share, or None."""
        drawn = rng.uniform(0.0, 1.0)
        for name in ("error_before", "error_after", "limited", "hang"):
            share: float = getattr(self, name)
            if drawn < share:
                return name
            drawn -= share
        return None


class GraphError(Exception):
    """An answer that is an error. ``code`` None leaves out the envelope."""

    def __init__(
        self,
        status: int,
        code: int | None,
        message: str,
        *,
        subcode: int | None = None,
        transient: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.subcode = subcode
        self.transient = transient
        self.headers = dict(headers or {})

    def answer(self, trace_id: str) -> web.Response:
        """The error as Graph writes it."""
        if self.code is None:
            return web.Response(status=self.status, text=str(self), headers=self.headers)
        fields: dict[str, object] = {
            "message": f"(#{self.code}) {self}",
            "type": "OAuthException",
            "is_transient": self.transient,
            "code": self.code,
            "fbtrace_id": trace_id,
        }
        fields |= {"error_subcode": self.subcode} if self.subcode is not None else {}
        body = json.dumps({"error": fields}).encode()
        headers = self.headers | {"Content-Type": "application/json; charset=UTF-8"}
        return web.Response(status=self.status, body=body, headers=headers)


def server_error(rng: Rng) -> GraphError:
    """HTTP 500 with one of the two codes for it."""
    if rng.uniform(0.0, 1.0) < 0.5:
        return GraphError(500, 1, "Please reduce the amount of data you're asking for", subcode=99)
    return GraphError(500, 2, "An unexpected error has occurred. Please retry later.", transient=True)


def revoked_token() -> GraphError:
    """Code 190 of a session that was ended."""
    text = "Error validating access token: The session has been invalidated."
    return GraphError(401, 190, text, subcode=460)


def limited(faults: AdFaults, rng: Rng, usage: Callable[[int], str]) -> GraphError:
    """One of the three ways to say: too many calls. ``usage`` writes the header for regain minutes."""
    headers = {"X-Business-Use-Case-Usage": usage(faults.regain_min or 0)}
    if faults.retry_after_s is not None:
        headers["Retry-After"] = str(faults.retry_after_s)
    drawn = rng.uniform(0.0, 3.0)
    if drawn < 1.0:
        return GraphError(
            400, 17, "User request limit reached", subcode=2446079, transient=True, headers=headers
        )
    if drawn < 2.0:
        return GraphError(400, 80_004, LIMIT_TEXT, subcode=2446079, transient=True, headers=headers)
    return GraphError(429, None, "Too Many Requests", headers=headers)
