import pytest

from leadboost.domain.pseudonym import Pseudonyms, is_pseudonym
from leadboost.domain.radar.blocked import BlockedAuthors
from tests.cleaned import PSEUDONYMS


@pytest.mark.parametrize(
    "name", ["@Ada_L", "u/ada_l", "/u/ADA_L", " ada_l ", "\uff41da_l", "\uff20ada_l", "\U0001d400da_l"]
)
def test_a_name_has_one_pseudonym_in_every_spelling(name: str) -> None:
    assert PSEUDONYMS.author(name) == PSEUDONYMS.author("ada_l")


def test_other_names_have_other_pseudonyms() -> None:
    names = ["ada_l", "ada-l", "adal", "аda_l", "", "\ud800", "🦊"]

    assert len({PSEUDONYMS.author(name) for name in names}) == len(names)


def test_a_pseudonym_is_its_own_and_does_not_hold_the_name() -> None:
    pseudonym = PSEUDONYMS.author("ada")

    assert is_pseudonym(pseudonym)
    assert PSEUDONYMS.author(pseudonym) == pseudonym
    assert "ada" not in pseudonym


def test_another_key_gives_other_pseudonyms_and_another_fingerprint() -> None:
    other = Pseudonyms(b"o" * 32)

    assert other.author("ada") != PSEUDONYMS.author("ada")
    assert other.item("x", "1") != PSEUDONYMS.item("x", "1")
    assert other.fingerprint != PSEUDONYMS.fingerprint


def test_an_item_is_known_by_its_source_and_its_id_there() -> None:
    assert PSEUDONYMS.item("x", "1") != PSEUDONYMS.item("x1", "")


def test_an_author_is_blocked_by_the_pseudonym_that_the_console_shows() -> None:
    blocked = BlockedAuthors([PSEUDONYMS.author("mallory")], PSEUDONYMS)

    assert blocked.has("@Mallory")
    assert not blocked.has("ada")
