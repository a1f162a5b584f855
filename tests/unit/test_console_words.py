"""What the server lists has its words in the console, in both languages."""

import re
from pathlib import Path

import pytest

from leadboost.adapters.offers import make_offers
from leadboost.console.page import STATIC
from leadboost.domain.roi.mixture import Mixture
from leadboost.domain.rules.rule import Skip
from leadboost.domain.rules.written import KINDS as KINDS_OF_RULES
from leadboost.settings.connectors import ConnectorsSettings

TEXTS = STATIC.parent / "ui/src/text"
KINDS = [offer.kind for offer in make_offers(ConnectorsSettings())]


def words(path: Path, block: str) -> set[str]:
    """Keys of a block of texts."""
    found = re.search(
        rf"^    {block}: {{\n(.*?)^    }}", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found is not None, f"{path.name} has no {block}"
    return set(re.findall(r"^      (\w+):", found[1], re.MULTILINE))


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_connector_has_a_name(language: str) -> None:
    assert set(KINDS) <= words(TEXTS / language / "hearing.ts", "kinds")


def test_what_can_be_obtained_is_said_in_spanish_too() -> None:
    assert set(KINDS) == words(TEXTS / "es/hearing.ts", "offerNotes")


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_member_of_the_model_has_a_name(language: str) -> None:
    text = (TEXTS / language / "learning.ts").read_text(encoding="utf-8")

    for name in (*Mixture.start().names(), "boosted trees"):
        assert f'"{name}": "' in text


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_kind_of_rule_and_every_reason_to_hold_one_back_has_words(language: str) -> None:
    assert {kind.name for kind in KINDS_OF_RULES} == words(TEXTS / language / "ruling.ts", "kinds")
    assert {str(skip) for skip in Skip} == words(TEXTS / language / "ruling.ts", "skips")
