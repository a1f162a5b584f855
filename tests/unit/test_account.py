import asyncio

import pytest

from leadboost.console.attempts import SignInAttempts
from leadboost.console.problems import ProblemError
from leadboost.domain.account import fold_name, password_fault
from leadboost.runtime.testing import FakeClock


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd1234!",
        "passwordpassword",
        "Leadboost-2026",
        "qwertyuiop12",
        "1q2w3e4r5t6y",
        "0123456789012",
        "Administrator1!",
        "contraseña123",
        "abababababab",
        " " * 12,
    ],
)
def test_a_common_password_is_refused(password: str) -> None:
    assert "first that anyone would try" in (password_fault(password) or "")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "my password is a fish",
        "pass 48291 07364 1",
        "ñandú y colibrí",
        "x" * 252 + "abcd",
    ],
)
def test_an_uncommon_password_is_accepted(password: str) -> None:
    assert password_fault(password) is None


@pytest.mark.parametrize("password", ["", "elevenchars", "abcde" * 52])
def test_a_password_of_another_length_is_refused(password: str) -> None:
    assert password_fault(password) == "must have 12 to 256 characters"


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("Ⅷ", "viii"), ("İ", "i\u0307"), ("é", "E\u0301")]
)
def test_names_are_equal_whatever_their_case_and_form(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


def wrong_guess(attempts: SignInAttempts, name: str, address: str, device: str | None = None) -> int:
    """The status that the guess gets."""
    try:
        with attempts.counted(name, address, device):
            raise ProblemError(401, "unauthorized", "wrong")
    except ProblemError as error:
        return error.status


async def test_the_addresses_of_one_ipv6_network_count_as_one() -> None:
    attempts = SignInAttempts(FakeClock())
    statuses = [wrong_guess(attempts, f"name {n}", f"2001:db8::{n:x}:{n:x}") for n in range(21)]

    assert statuses == [401] * 20 + [429]
    assert wrong_guess(attempts, "another", "2001:db8:0:1::1") == 401


def right_guess(attempts: SignInAttempts, name: str, address: str, device: str | None = None) -> int:
    """The status that the right password gets."""
    try:
        with attempts.counted(name, address, device):
            return 200
    except ProblemError as error:
        return error.status


async def test_an_owner_elsewhere_gets_in_whenever_while_a_stranger_keeps_guessing() -> None:
    attempts = SignInAttempts(FakeClock())
    stranger, owner = [], []
    for _ in range(360):
        for _ in range(10):
            stranger.append(wrong_guess(attempts, "ana", "192.0.2.1"))
            await asyncio.sleep(1)
        owner.append(right_guess(attempts, "ana", "198.51.100.1"))

    assert owner == [200] * 360
    assert stranger.count(401) < 130


async def test_a_browser_that_has_signed_in_before_gets_in_while_the_whole_world_guesses() -> None:
    attempts = SignInAttempts(FakeClock())
    world, owner = [], []
    for second in range(1200):
        world += [wrong_guess(attempts, "ana", f"192.0.{second % 256}.{n}") for n in range(10)]
        owner.append(right_guess(attempts, "ana", "192.0.0.1", device="hers"))
        await asyncio.sleep(1)

    assert owner == [200] * 1200
    assert world.count(401) <= 100 + 1200 / 6


async def test_a_browser_that_has_signed_in_before_has_to_wait_for_its_own_failures() -> None:
    attempts = SignInAttempts(FakeClock())

    statuses = [wrong_guess(attempts, "ana", f"192.0.2.{n}", device="hers") for n in range(6)]

    assert statuses == [401] * 5 + [429]
    assert right_guess(attempts, "ana", "192.0.2.1", device="another") == 200


async def test_an_attempt_that_is_not_looked_at_makes_no_wait_longer() -> None:
    attempts = SignInAttempts(FakeClock())
    for _ in range(5):
        wrong_guess(attempts, "ana", "192.0.2.1")

    for _ in range(9):
        assert right_guess(attempts, "ana", "192.0.2.1") == 429
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.2)

    assert right_guess(attempts, "ana", "192.0.2.1") == 200


async def test_guesses_at_one_account_hold_up_no_other() -> None:
    attempts = SignInAttempts(FakeClock())
    statuses = [wrong_guess(attempts, "ana", f"192.0.2.{n}") for n in range(101)]

    assert statuses == [401] * 100 + [429]
    assert wrong_guess(attempts, "bob", "192.0.2.1") == 401
