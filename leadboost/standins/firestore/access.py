"""Service accounts: their keys, and the tokens given out for signed requests (RFC 7523)."""

import json
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from leadboost.clock import Clock
from leadboost.standins.api import FORM, Fault, Refusal
from leadboost.standins.firestore.status import UNAUTHENTICATED, StatusError

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = frozenset(
    {"https://www.googleapis.com/auth/datastore", "https://www.googleapis.com/auth/cloud-platform"}
)
TOKEN_S = 3_600
SKEW_S = 300


@dataclass(frozen=True)
class AccountKey:
    """A key of a service account, drawn anew: no key is ever kept in a repository."""

    email: str = "copier@shop-project.iam.example"
    id: str = "key-1"
    private: RSAPrivateKey = field(
        default_factory=lambda: generate_private_key(public_exponent=65_537, key_size=2_048), repr=False
    )

    @cached_property
    def pem(self) -> str:
        """PKCS 8, as key files hold it."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def write(self, path: Path, *, token_uri: str, project: str = "shop-project") -> Path:
        """Write a key file as the cloud console gives it out."""
        content = {
            "type": "service_account",
            "project_id": project,
            "private_key_id": self.id,
            "private_key": self.pem,
            "client_email": self.email,
            "token_uri": token_uri,
        }
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


class TokenOffice:
    """Gives out tokens that are good for an hour. ``faults`` are used up one a request."""

    def __init__(self, key: AccountKey, clock: Clock) -> None:
        self.given = 0
        self.faults: deque[Fault] = deque()
        self._public = key.private.public_key()
        self._email = key.email
        self._clock = clock
        self._expires_at: dict[str, float] = {}

    def expire(self) -> None:
        """End every token now."""
        self._expires_at.clear()

    def give(self, request: web.Request) -> web.Response:
        """Answer a token request."""
        if self.faults:
            fault = self.faults.popleft()
            raise Refusal(web.Response(status=fault.status or 500, body=fault.body, headers=fault.headers))
        form = request[FORM]
        if form.get("grant_type") != GRANT:
            return _refused("unsupported_grant_type", "Invalid grant_type: " + form.get("grant_type", ""))
        fault_text = self._fault_of(form.get("assertion", ""), str(request.url))
        if fault_text is not None:
            return _refused("invalid_grant", fault_text)
        self.given += 1
        token = f"ya29.{self.given}"
        self._expires_at[token] = self._clock.monotonic() + TOKEN_S
        return web.json_response({"access_token": token, "expires_in": TOKEN_S - 1, "token_type": "Bearer"})

    def check(self, request: web.Request) -> None:
        """Raise StatusError unless the request carries a good token."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or self._clock.monotonic() >= self._expires_at.get(token, 0.0):
            raise StatusError(UNAUTHENTICATED, "Request had invalid authentication credentials.")

    def _fault_of(self, assertion: str, url: str) -> str | None:
        try:
            claims = jwt.decode(
                assertion,
                self._public,
                algorithms=["RS256"],
                audience=url,
                options={"verify_exp": False, "verify_iat": False, "require": ["iss", "scope", "iat", "exp"]},
            )
        except jwt.InvalidAudienceError:
            return "Invalid JWT: Failed audience check."
        except jwt.InvalidTokenError:
            return "Invalid JWT Signature."
        if claims["iss"] != self._email:
            return "Invalid grant: account not found"
        if not SCOPES.intersection(str(claims["scope"]).split()):
            return "Invalid OAuth scope or ID token audience provided."
        now = self._clock.now().timestamp()
        lived_s = claims["exp"] - claims["iat"]
        if not (0 < lived_s <= 3_600 and claims["iat"] <= now + SKEW_S and claims["exp"] > now):
            return (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            )
        return None


def _refused(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400)
