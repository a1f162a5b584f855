"""Which product a campaign seems to advertise, by its name: a proposal, for a person to confirm."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from leadboost.domain.campaign import AdCampaign, Campaign

LEAST_SHARE = 0.5
PER_CAMPAIGN = 3
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A campaign and a product that it advertises."""

    campaign: Campaign
    sku: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A product as a person would name it."""

    sku: str
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProposal:
    """``share``, above 0 and at most 1, is how much of the product's name the campaign's name holds, rare
    words counting more; 1 where it holds the SKU itself."""

    link: Link
    campaign_name: str
    title: str | None
    share: float


def propose_links(
    campaigns: Sequence[AdCampaign], products: Sequence[Listed], refused: Collection[Link]
) -> Sequence[LinkProposal]:
    """Propose at most three products for each campaign, the likeliest first; what was refused is not
    proposed again."""
    words = {each.sku: _telling(each.title or "") for each in products}
    counts = Counter(word for found in words.values() for word in found)
    weight = {word: math.log(1 + len(products) / count) for word, count in counts.items()}
    proposals = [
        LinkProposal(
            link=Link(campaign=campaign.campaign, sku=product.sku),
            campaign_name=campaign.name,
            title=product.title,
            share=share,
        )
        for campaign in campaigns
        for share, product in _likeliest(campaign, products, words, weight)
    ]
    return [each for each in proposals if each.link not in refused]


def _likeliest(
    campaign: AdCampaign,
    products: Sequence[Listed],
    words: dict[str, frozenset[str]],
    weight: dict[str, float],
) -> Sequence[tuple[float, Listed]]:
    name = _words(campaign.name)
    shares = [(_share(name, product.sku, words[product.sku], weight), product) for product in products]
    likely = [each for each in shares if each[0] >= LEAST_SHARE]
    return sorted(likely, key=lambda each: (-each[0], each[1].sku))[:PER_CAMPAIGN]


def _share(name: frozenset[str], sku: str, title: frozenset[str], weight: dict[str, float]) -> float:
    code = _words(sku)
    if code and code <= name:
        return 1.0
    whole = sum(weight[word] for word in title)
    return sum(weight[word] for word in title & name) / whole if whole else 0.0


def _telling(title: str) -> frozenset[str]:
    """The words of a title that can tell it from others: neither articles nor units."""
    return frozenset(word for word in _words(title) if len(word) > 2 or word.isdigit())


def _words(text: str) -> frozenset[str]:
    """Words without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return frozenset(_WORD.findall(bare.replace("_", " ")))
