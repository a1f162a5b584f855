"""How Graph writes its errors."""

import json
from collections.abc import Callable, Mapping

from aiohttp import web

from leadboost.clock import Rng
from leadboost.standins.ads import AdFaults
from leadboost.standins.api import Refusal

LIMIT_TEXT = "There have been too many calls to this ad-account. Wait a bit and try again."


class GraphError(Refusal):
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
        headers = dict(headers or {})
        if code is None:
            super().__init__(web.Response(status=status, text=message, headers=headers))
            return
        fields: dict[str, object] = {
            "message": f"(#{code}) {message}",
            "type": "OAuthException",
            "is_transient": transient,
            "code": code,
            "fbtrace_id": "AbCdEfGh0123456",
        }
        fields |= {"error_subcode": subcode} if subcode is not None else {}
        body = json.dumps({"error": fields}).encode()
        headers |= {"Content-Type": "application/json; charset=UTF-8"}
        super().__init__(web.Response(status=status, body=body, headers=headers))


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
