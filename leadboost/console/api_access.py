"""``POST /oauth/token``: client credentials, RFC 6749 section 4.4."""

import base64
import math
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import hdrs, web

from leadboost.console.auth import ClientSecret, Role
from leadboost.console.call import Call, answer
from leadboost.console.replies import TokenRefusal, TokenReply
from leadboost.errors import LeadBoostError

FORM_TYPE: Final = "application/x-www-form-urlencoded"
_NOBODY: Final = ClientSecret("", "", Role.VIEWER)


class GrantError(LeadBoostError):
    """No token is granted; ``code`` is one of RFC 6749 section 5.2."""

    def __init__(self, code: str, reason: str, *, status: int = 400, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.grant_code = code
        self.reason = reason
        self.status = status
        self.retry_after_s = retry_after_s


async def issue_token(call: Call) -> web.Response:
    """Trade a client's id and secret for a token; ``scope`` may name a lower role than the client's."""
    try:
        form = _form(call, await call.read())
        client_id, secret = _credentials(call, form)
        client = _authenticate(call, client_id, secret)
        if (grant := form.get("grant_type")) != "client_credentials":
            code = "unsupported_grant_type" if grant else "invalid_request"
            raise GrantError(code, "send grant_type=client_credentials")
        return _granted(call, client, _role(client, form.get("scope")))
    except GrantError as error:
        return _refused(error)


def _form(call: Call, body: bytes) -> Mapping[str, str]:
    declared = call.request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if declared != FORM_TYPE:
        raise GrantError("invalid_request", f"send the body as Content-Type: {FORM_TYPE}")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise GrantError("invalid_request", "the form is not readable as UTF-8") from None
    if len(dict(pairs)) != len(pairs):
        raise GrantError("invalid_request", "a parameter is given more than once")
    return dict(pairs)


def _credentials(call: Call, form: Mapping[str, str]) -> tuple[str, str]:
    header = call.request.headers.get(hdrs.AUTHORIZATION)
    if header is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise GrantError("invalid_request", "send the secret in the header or in the form, not in both")
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, separator, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        client_id = separator = secret = ""
    if scheme.lower() != "basic" or not separator:
        raise GrantError("invalid_client", "the Authorization header is not HTTP Basic", status=401)
    return unquote_plus(client_id), unquote_plus(secret)


def _authenticate(call: Call, client_id: str, secret: str) -> ClientSecret:
    attempts = call.surroundings.attempts
    key = f"{call.request.remote} {client_id[:100]}"
    if wait_s := attempts.wait_s(key):
        raise GrantError("invalid_client", "too many failures; wait", status=429, retry_after_s=wait_s)
    known = {client.client_id: client for client in call.surroundings.clients}
    client = known.get(client_id, _NOBODY)
    if not client.matches(secret) or client is _NOBODY:
        attempts.failed(key)
        raise GrantError("invalid_client", "the client id or its secret is wrong", status=401)
    attempts.succeeded(key)
    return client


def _role(client: ClientSecret, scope: str | None) -> Role:
    if scope is None:
        return client.role
    try:
        role = Role.parse(scope)
    except ValueError as error:
        raise GrantError("invalid_scope", f"scope {error}") from None
    if role > client.role:
        raise GrantError("invalid_scope", f"this client may be {client.role} at most")
    return role


def _granted(call: Call, client: ClientSecret, role: Role) -> web.Response:
    ttl_s = call.surroundings.token_ttl_s
    token = call.surroundings.tokens.issue(client.client_id, role, ttl_s)
    return answer(TokenReply(token, "Bearer", int(ttl_s)))


def _refused(error: GrantError) -> web.Response:
    response = answer(TokenRefusal(error.grant_code, error.reason), error.status)
    if error.status == 401:
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="leadboost"'
    if error.retry_after_s:
        response.headers[hdrs.RETRY_AFTER] = str(math.ceil(error.retry_after_s))
    return response
