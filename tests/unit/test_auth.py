import base64
import json
from collections.abc import Mapping

import jwt
import pytest

from leadboost.clock import Rng
from leadboost.console.attempts import FREE_FAILURES, LONGEST_WAIT_S, Attempts
from leadboost.console.auth import ClientSecret, Principal, Role, TokenError, Tokens
from leadboost.runtime.testing import FakeClock

SECRET = b"a secret of the tests, long enough."


def claims(clock: FakeClock, **changes: object) -> dict[str, object]:
    now = clock.now().timestamp()
    whole = {"iss": "leadboost", "sub": "ana", "role": "operator", "iat": now, "exp": now + 60}
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def unsigned(header: Mapping[str, object], payload: Mapping[str, object]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    return b".".join([*parts, b""]).decode()


async def test_a_token_speaks_for_its_subject_and_role_until_it_expires() -> None:
    clock = FakeClock()
    tokens = Tokens(SECRET, clock)
    token = tokens.issue("ana", Role.APPROVER, 60)

    assert tokens.verify(token) == Principal("ana", Role.APPROVER)
    clock.advance(59)
    assert tokens.verify(token) == Principal("ana", Role.APPROVER)
    clock.advance(1)
    with pytest.raises(TokenError, match="expired"):
        tokens.verify(token)


async def test_a_known_token_is_not_decoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(SECRET, FakeClock())
    token = tokens.issue("ana", Role.VIEWER, 60)
    first = tokens.verify(token)

    monkeypatch.setattr(jwt, "decode", None)

    assert tokens.verify(token) is first


async def test_remembered_tokens_are_bounded_and_the_least_used_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("leadboost.console.auth._CACHED_TOKENS", 2)
    tokens = Tokens(SECRET, FakeClock())
    kept, dropped, newest = (tokens.issue(name, Role.VIEWER, 60) for name in ("a", "b", "c"))

    for token in (kept, dropped, kept, newest):
        tokens.verify(token)

    assert list(tokens._verified) == [kept, newest]


@pytest.mark.parametrize("missing", ["iss", "sub", "role", "iat", "exp"])
async def test_a_token_without_a_required_claim_is_refused(missing: str) -> None:
    clock = FakeClock()
    token = jwt.encode(claims(clock, **{missing: None}), SECRET, algorithm="HS256")

    with pytest.raises(TokenError):
        Tokens(SECRET, clock).verify(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "someone else"},
        {"role": "root"},
        {"role": 4},
        {"role": ["admin"]},
        {"sub": 7},
        {"exp": "soon"},
        {"exp": float("nan")},
        {"iat": float("nan")},
        {"iat": 32_503_680_000},
        {"sub": ""},
        {"sub": "a" * 201},
        {"sub": "a\0b"},
        {"sub": "\ud800"},
    ],
)
async def test_a_signed_token_with_a_bad_claim_is_refused(changes: dict[str, object]) -> None:
    clock = FakeClock()
    token = jwt.encode(claims(clock, **changes), SECRET, algorithm="HS256")

    with pytest.raises(TokenError):
        Tokens(SECRET, clock).verify(token)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256"])
async def test_no_algorithm_but_hs256_is_accepted(algorithm: str) -> None:
    clock = FakeClock()
    token = unsigned({"alg": algorithm, "typ": "JWT"}, claims(clock))

    with pytest.raises(TokenError):
        Tokens(SECRET, clock).verify(token)


async def test_a_validly_signed_token_of_another_algorithm_is_refused() -> None:
    clock = FakeClock()
    token = jwt.encode(claims(clock), SECRET * 2, algorithm="HS512")

    with pytest.raises(TokenError):
        Tokens(SECRET * 2, clock).verify(token)


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "x" * 5000, "ü.é.ñ", "\ud800"])
async def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        Tokens(SECRET, FakeClock()).verify(token)


async def test_a_token_signed_with_another_secret_is_refused() -> None:
    clock = FakeClock()
    token = Tokens(b"another secret, also long enough...", clock).issue("ana", Role.ADMIN, 60)

    with pytest.raises(TokenError):
        Tokens(SECRET, clock).verify(token)


def test_a_short_signing_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(b"short", FakeClock())


def test_roles_are_ordered_and_read_by_name() -> None:
    assert [str(role) for role in sorted(Role)] == ["viewer", "operator", "approver", "admin"]
    assert Role.parse("approver") is Role.APPROVER
    with pytest.raises(ValueError, match="viewer, operator, approver, admin"):
        Role.parse("Admin")


def test_a_client_secret_is_compared_whole_and_never_shown() -> None:
    client = ClientSecret("robot", "correct horse battery", Role.VIEWER)

    assert client.matches("correct horse battery")
    assert not client.matches("correct horse")
    assert not client.matches("\ud800")
    assert "horse" not in repr(client)


async def test_after_a_few_failures_the_next_attempt_waits_longer_each_time_but_never_for_ever() -> None:
    clock = FakeClock()
    clock.monotonic = lambda: 100.0  # type: ignore[method-assign]
    attempts = Attempts(clock)
    waits = []
    for _ in range(FREE_FAILURES + 7):
        attempts.failed("robot")
        waits.append(attempts.wait_s("robot"))

    assert waits[: FREE_FAILURES - 1] == [0.0] * (FREE_FAILURES - 1)
    assert waits[FREE_FAILURES - 1 :] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert waits[-1] == LONGEST_WAIT_S
    attempts.succeeded("robot")
    assert attempts.wait_s("robot") == 0.0


async def test_remembered_attempts_are_bounded() -> None:
    attempts = Attempts(FakeClock())
    keys = [f"key {Rng(number).bits(64)}" for number in range(4200)]

    for key in keys:
        attempts.failed(key)

    assert len(attempts._records) == 4096
