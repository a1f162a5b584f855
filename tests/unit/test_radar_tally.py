from leadboost.domain.radar.tally import OTHERS, SOURCES, IntakeTally, reason_word


def test_sources_beyond_the_bound_count_as_one() -> None:
    tally = IntakeTally()

    tally.note((f"source-{number}", "accepted") for number in range(SOURCES + 5))
    tally.note([("source-0", "accepted"), ("one more", "spam")])

    counts = tally.counts()
    assert len({source for source, _ in counts}) == SOURCES + 1
    assert (counts["source-0", "accepted"], counts[OTHERS, "accepted"], counts[OTHERS, "spam"]) == (2, 5, 1)


def test_the_word_of_a_reason_ends_at_its_colon() -> None:
    assert [reason_word("spam: 0.9 is above 0.8"), reason_word("unreadable")] == ["spam", "unreadable"]
