import pytest

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.linking import Link, Listed, propose_links

PRODUCTS = [
    Listed(sku="FAN-12", title="Ventilador de pie 18 pulgadas"),
    Listed(sku="LAMP-1", title="Lámpara de pie"),
    Listed(sku="CUP", title="Taza"),
    Listed(sku="X9", title=None),
]


def named(name: str) -> AdCampaign:
    return AdCampaign(
        campaign=Campaign(platform="meta_ads", campaign_id="1"),
        account_id="7",
        name=name,
        status="ACTIVE",
        effective_status="ACTIVE",
    )


def proposed(name: str) -> list[str]:
    return [each.link.sku for each in propose_links([named(name)], PRODUCTS, ())]


@pytest.mark.parametrize(
    ("name", "skus"),
    [
        ("Verano | fan-12 | broad", ["FAN-12"]),
        ("VENTILADOR 18 PULGADAS - retargeting", ["FAN-12"]),
        ("Lampara de pie, promo", ["LAMP-1"]),
        ("taza_navidad", ["CUP"]),
        ("X9 launch", ["X9"]),
        ("Marca, siempre encendida", []),
        ("de pie", []),
        ("", []),
    ],
)
def test_a_campaign_is_linked_to_the_product_that_its_name_tells(name: str, skus: list[str]) -> None:
    assert proposed(name) == skus


def test_the_likeliest_product_stands_first_and_three_are_enough() -> None:
    products = [Listed(sku=f"s{number}", title=f"summer red tea cup {number}0") for number in range(5)]

    found = propose_links([named("summer red tea cup 30")], products, ())

    assert [each.link.sku for each in found] == ["s3", "s0", "s1"]
    assert found[0].share == 1.0
    assert found[1].share < 1.0


def test_what_was_refused_is_not_proposed_again() -> None:
    refused = Link(campaign=Campaign(platform="meta_ads", campaign_id="1"), sku="CUP")

    assert propose_links([named("Taza")], PRODUCTS, [refused]) == []
