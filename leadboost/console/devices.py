"""Browsers that have signed in to an account before, by a cookie of their own that outlasts the login."""

import hmac
import secrets
from datetime import timedelta
from typing import Final

from aiohttp import web

from leadboost.console.auth import Tokens
from leadboost.console.origins import DEVICE_COOKIE, Origins

_LIFE: Final = timedelta(days=180)
_NONCE_BYTES: Final = 16


class Devices:
    """The cookie says nothing about the account and opens nothing: ``NONCE.SEAL``, the seal being over the
    nonce and the folded name. It only keeps apart whose failures count (``SignInAttempts``)."""

    def __init__(self, tokens: Tokens, origins: Origins) -> None:
        self._tokens = tokens
        self._origins = origins

    def known(self, request: web.BaseRequest, name: str) -> str | None:
        """Return what tells this browser apart if it has signed in to the account of this folded name."""
        cookie = self._origins.cookie_of(request, DEVICE_COOKIE)
        nonce, _, seal = (cookie or "").partition(".")
        return nonce if hmac.compare_digest(seal, self._seal(nonce, name)) else None

    def give(self, request: web.BaseRequest, response: web.Response, name: str) -> None:
        """Let this browser be known from now on as one of this account's."""
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        cookie = f"{nonce}.{self._seal(nonce, name)}"
        self._origins.give(request, response, DEVICE_COOKIE, cookie, int(_LIFE.total_seconds()))

    def _seal(self, nonce: str, name: str) -> str:
        return self._tokens.seal(f"device\x00{nonce}\x00{name}")
