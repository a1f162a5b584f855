"""Who is calling: bearer tokens (JWT, HS256), roles, and client secrets for ``/oauth/token``."""

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import jwt
from jwt.types import Options

from leadboost.clock import Clock
from leadboost.errors import LeadBoostError

MIN_SECRET_BYTES: Final = 32
MAX_TOKEN_CHARS: Final = 4096
MAX_SUBJECT_CHARS: Final = 200
_ALGORITHM: Final = "HS256"
_CACHED_TOKENS: Final = 4096
# Times are compared by the clock that was handed in, not by the library's own.
_CHECKS: Final[Options] = {
    "require": ["exp", "iat", "sub", "role", "iss"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class Role(IntEnum):
    """What a caller may do; each role may do all that a lower one may."""

    VIEWER = 1
    OPERATOR = 2
    APPROVER = 3
    ADMIN = 4

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> "Role":
        """Read a role by its lower-case name. Raises ValueError that lists the names."""
        for role in cls:
            if str(role) == text:
                return role
        raise ValueError(f"must be one of {', '.join(map(str, cls))}")


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller; ``subject`` is the token's ``sub`` or the account's name, ``login`` the id of the
    login that a cookie opened."""

    subject: str
    role: Role
    login: str | None = None


class TokenError(LeadBoostError):
    """A bearer token is missing, malformed, forged or expired."""

    code = "unauthorized"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A program that may fetch tokens by client credentials; its tokens carry ``role`` at most."""

    client_id: str
    secret: str = field(repr=False)
    role: Role

    def matches(self, secret: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(_digest(self.secret), _digest(secret))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class Tokens:
    """Issues and verifies bearer tokens; a token seen before costs one look-up."""

    def __init__(self, secret: bytes, clock: Clock, issuer: str = "leadboost") -> None:
        """``secret`` has at least 32 bytes (RFC 7518, section 3.2), otherwise ValueError."""
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the signing secret needs at least {MIN_SECRET_BYTES} bytes")
        self._secret = secret
        self._clock = clock
        self._issuer = issuer
        self._verified: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    def issue(self, subject: str, role: Role, ttl_s: float) -> str:
        """Sign a token for ``subject`` that expires ``ttl_s`` seconds from now."""
        now = self._clock.now().timestamp()
        claims = {
            "iss": self._issuer,
            "sub": subject,
            "role": str(role),
            "iat": int(now),
            "exp": int(now + ttl_s),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def seal(self, text: str) -> str:
        """Return the HMAC-SHA256 of a text that is no token (no JWT holds NUL), in hex."""
        return hmac.new(self._secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def verify(self, token: str) -> Principal:
        """Return who the token speaks for. Raises TokenError."""
        now = self._clock.now().timestamp()
        known = self._verified.get(token)
        if known is None:
            known = self._verified[token] = self._decode(token, now)
            if len(self._verified) > _CACHED_TOKENS:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(token)
        principal, expires_at = known
        if not now < expires_at:
            del self._verified[token]
            raise TokenError("the token has expired; fetch a new one")
        return principal

    def _decode(self, token: str, now: float) -> tuple[Principal, float]:
        if len(token) > MAX_TOKEN_CHARS:
            raise TokenError("the token is too long")
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=self._issuer,
                options=_CHECKS,
            )
            role = Role.parse(claims["role"])
            issued_at, expires_at = float(claims["iat"]), float(claims["exp"])
        except (jwt.InvalidTokenError, ValueError, TypeError):
            raise TokenError("the token is not valid here; fetch a new one") from None
        if not issued_at <= now + 60:
            raise TokenError("the token is dated in the future; check both clocks")
        return Principal(_subject(claims["sub"]), role), expires_at


def _subject(subject: str) -> str:
    # It is stored with every sale, in one batch with the sales of others.
    if not (0 < len(subject) <= MAX_SUBJECT_CHARS and subject.isprintable()):
        raise TokenError(f"the token's sub must be 1 to {MAX_SUBJECT_CHARS} printable characters")
    return subject
