"""Sentiment against the human ratings of Hutto and Gilbert (2014): in SAMPLE_DATA, or in shared/data."""

import os
from pathlib import Path

import numpy as np
import pytest

from leadboost.domain.hearing.text import text_features

DATA = Path(os.environ.get("SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data") / "sentiment"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no ratings at {DATA}; set SAMPLE_DATA to the folder above"
)


def rated(name: str) -> list[tuple[float, str]]:
    """Mean rating in [-4, 4] and text of each row."""
    lines = (DATA / f"vader_{name}_first_2000.txt").read_bytes().decode().split("\r\n")
    rows = [line.split("\t", 2) for line in lines if line]
    return [(float(mean), text) for _, mean, text in rows]


@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        ("tweets", 0.85),
        ("amazonReviewSnippets", 0.55),
        ("nytEditorialSnippets", 0.45),
        ("movieReviewSnippets", 0.28),
    ],
)
def test_sentiment_goes_with_what_people_rated(name: str, at_least: float) -> None:
    ratings, texts = zip(*rated(name), strict=True)

    ours = [text_features(text)["sentiment"] for text in texts]

    correlation = float(np.corrcoef(ours, ratings)[0, 1])
    sure = [
        (mine > 0) == (rating > 0) for mine, rating in zip(ours, ratings, strict=True) if abs(rating) >= 1
    ]
    print(f"\n{name}: {len(texts)} texts, r = {correlation:.3f}, sign right of {np.mean(sure):.3f}")
    assert correlation >= at_least
