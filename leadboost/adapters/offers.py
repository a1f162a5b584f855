"""Every connector of signals, and what an ordinary business can or cannot obtain of it."""

from collections.abc import Sequence

from leadboost.domain.offer import Obtainable, Offer
from leadboost.settings.connectors import ConnectorsSettings

_NOTES: dict[str, tuple[Obtainable, str]] = {
    "rss": ("free", "Any RSS or Atom feed. Nothing to apply for."),
    "google_trends": (
        "free",
        "The ten searches of a place that rise most, from an open feed. Interest over time has no open"
        " interface and is not asked.",
    ),
    "reddit": (
        "review",
        "New apps need Reddit's approval since November 2025, and commercial use a written agreement.",
    ),
    "reddit_rss": (
        "free",
        "Reddit's open feeds, without a credential: 25 posts, no scores, mostly turned away since June 2026.",
    ),
    "newsapi": (
        "paid",
        "A free key is for development only: 100 calls a day, a day late. Production needs a paid plan.",
    ),
    "x": ("paid", "Any business with a card. X charges for every post read; a daily cap in money is kept."),
    "drop": ("free", "Files of signals (JSON, JSON lines, CSV) that your programs put into a folder."),
    "push": (
        "free",
        "Your own systems send signals to POST /hooks/signals/NAME, each message signed (Standard Webhooks).",
    ),
    "tiktok": (
        "review",
        "The videos of your own accounts, once TikTok has reviewed your app. No search of other videos.",
    ),
    "tiktok_research": (
        "licence",
        "For non-commercial researchers approved by TikTok. An ordinary shop cannot turn it on.",
    ),
}


def make_offers(connectors: ConnectorsSettings) -> Sequence[Offer]:
    """List every connector in a fixed order."""
    enabled = {
        "rss": connectors.rss.enabled and bool(connectors.rss.feeds),
        "google_trends": connectors.google_trends.enabled,
        "reddit": connectors.reddit.enabled,
        "reddit_rss": connectors.reddit.rss_fallback,
        "newsapi": connectors.newsapi.enabled,
        "x": connectors.x.enabled,
        "drop": connectors.drop.enabled,
        "push": connectors.push.enabled,
        "tiktok": connectors.tiktok.enabled,
        "tiktok_research": connectors.tiktok_research.enabled,
    }
    return [
        Offer(kind=kind, obtainable=obtainable, enabled=enabled[kind], note=note)
        for kind, (obtainable, note) in _NOTES.items()
    ]
