from leadboost.adapters.offers import make_offers
from leadboost.settings.connectors import ConnectorsSettings
from leadboost.settings.connectors.section import SourceSection


def test_every_connector_of_signals_says_what_can_be_obtained() -> None:
    sections = ConnectorsSettings()
    polled = {name for name, value in sections if isinstance(value, SourceSection)}

    offered = {offer.kind: offer for offer in make_offers(sections)}

    assert polled <= offered.keys()
    assert all(offer.note.endswith(".") for offer in offered.values())
    assert not any(offer.enabled for offer in offered.values())
