"""How Google Ads writes its errors: an envelope, and in it a list of exact causes."""

import json
from collections.abc import Mapping

from aiohttp import web

from leadboost.standins.api import Refusal

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
FAILURE = "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure"
REQUEST_ID = "Xy_2demo"


def cause(group: str, word: str, message: str, **more: object) -> Mapping[str, object]:
    """One entry of the list: ``errorCode`` has a single key and value."""
    return {"errorCode": {group: word}, "message": message, **more}


def failure(causes: list[Mapping[str, object]]) -> Mapping[str, object]:
    """The detail that holds the causes."""
    return {"@type": FAILURE, "errors": causes, "requestId": REQUEST_ID}


class GoogleAdsError(Refusal):
    """An answer that is an error."""

    def __init__(self, status: int, group: str, word: str, message: str, **more: object) -> None:
        error = {
            "code": status,
            "message": message,
            "status": STATUS.get(status, "UNKNOWN"),
            "details": [failure([cause(group, word, message, **more)])],
        }
        self.envelope: Mapping[str, object] = {"error": error}
        super().__init__(web.json_response(self.envelope, status=status))

    def in_a_stream(self) -> web.Response:
        """The same as ``searchStream`` writes it: in an array."""
        return web.Response(
            body=json.dumps([self.envelope]).encode(),
            status=self.response.status,
            content_type="application/json",
        )


def limited(retry_after_s: int | None) -> GoogleAdsError:
    """Too many calls; ``retry_after_s`` None: the answer does not say when to come back."""
    if retry_after_s is None:
        return GoogleAdsError(429, "quotaError", "RESOURCE_EXHAUSTED", "Too many requests.")
    details = {"quotaErrorDetails": {"rateScope": "ACCOUNT", "retryDelay": f"{retry_after_s}s"}}
    word, message = "RESOURCE_TEMPORARILY_EXHAUSTED", f"Too many requests. Retry in {retry_after_s} seconds."
    return GoogleAdsError(429, "quotaError", word, message, details=details)


def trouble(*, transient: bool) -> GoogleAdsError:
    """Google's own trouble."""
    word = "TRANSIENT_ERROR" if transient else "INTERNAL_ERROR"
    return GoogleAdsError(503 if transient else 500, "internalError", word, "An internal error has occurred.")
