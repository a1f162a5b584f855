"""The errors of Google's interfaces: a gRPC code, its word, and the HTTP status that carries it."""

from aiohttp import web

INVALID, NOT_FOUND, EXISTS, DENIED, EXHAUSTED = 3, 5, 6, 7, 8
FAILED_PRECONDITION, ABORTED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED = 9, 10, 13, 14, 16

_WORDS = {
    INVALID: (400, "INVALID_ARGUMENT"),
    NOT_FOUND: (404, "NOT_FOUND"),
    EXISTS: (409, "ALREADY_EXISTS"),
    DENIED: (403, "PERMISSION_DENIED"),
    EXHAUSTED: (429, "RESOURCE_EXHAUSTED"),
    FAILED_PRECONDITION: (400, "FAILED_PRECONDITION"),
    ABORTED: (409, "ABORTED"),
    INTERNAL: (500, "INTERNAL"),
    UNAVAILABLE: (503, "UNAVAILABLE"),
    UNAUTHENTICATED: (401, "UNAUTHENTICATED"),
}


class StatusError(Exception):
    """A request, or one write of it, fails; ``code`` is a gRPC number."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def as_item(self) -> dict[str, object]:
        """The status of one write in the answer to batchWrite."""
        return {"code": self.code, "message": self.message}

    def answer(self, *, in_array: bool = False) -> web.Response:
        """The whole answer; streams wrap it in an array."""
        http, word = _WORDS[self.code]
        error = {"error": {"code": http, "message": self.message, "status": word, "details": []}}
        return web.json_response([error] if in_array else error, status=http)


def error_body(code: int, message: str = "told to fail") -> tuple[int, bytes]:
    """HTTP status and body of an error, for a fault on order."""
    answer = StatusError(code, message).answer()
    body = answer.body
    return answer.status, body if isinstance(body, bytes) else b""
