import random
from collections.abc import Sequence
from uuid import UUID, uuid5

import numpy as np
import pytest

from leadboost.domain.radar.cleaning import fingerprints
from leadboost.domain.radar.clusters import Member, cluster_mark, join, pairs_within
from leadboost.domain.radar.minhash import signatures, similarity, stored
from leadboost.domain.radar.words import read_words

TEXT = " ".join(f"word{number}" for number in range(60))


def changed(count: int) -> str:
    words = TEXT.split()
    for number in range(count):
        words[number * 7 % len(words)] = f"other{number}"
    return " ".join(words)


def member(number: int, *, signature: bytes = b"s" * 128, cluster: UUID | None = None) -> Member:
    name = uuid5(UUID(int=0), str(number))
    return Member(id=name, mark=cluster_mark(name.bytes * 2), signature=signature, cluster=cluster)


def jaccard(one: str, other: str) -> float:
    left, right = ({*zip(text.split(), text.split()[1:], strict=False)} for text in (one, other))
    return len(left & right) / len(left | right)


def alike(*texts: str) -> list[float]:
    """Estimate how alike the first half of the texts is to the second, one by one."""
    kept = stored(signatures(read_words(texts))[0])
    half = np.arange(len(kept) // 2)
    return list(similarity(kept, half, half + len(half)))


@pytest.mark.parametrize("count", [0, 1, 3, 6, 12, 30])
def test_signatures_agree_as_much_as_the_texts_do(count: int) -> None:
    assert alike(TEXT, changed(count)) == [pytest.approx(jaccard(TEXT, changed(count)), abs=0.19)]


def test_signatures_are_right_on_average() -> None:
    wholes = [f"{TEXT} {changed(6)} tail{number}" for number in range(200)]
    halves = [" ".join(text.split()[: len(text.split()) // 2]) for text in wholes]

    found = alike(*wholes, *halves)

    truth = [jaccard(*pair) for pair in zip(wholes, halves, strict=True)]
    assert sum(found) == pytest.approx(sum(truth), abs=10)


def test_a_signature_does_not_depend_on_the_batch_it_is_made_in() -> None:
    crowd = [" ".join(random.Random(seed).choices(TEXT.split(), k=300)) for seed in range(40)]

    together = fingerprints(read_words(crowd))

    assert together == [fingerprints(read_words([text]))[0] for text in crowd]


def test_texts_of_less_than_three_words_have_no_fingerprint() -> None:
    assert [each is None for each in fingerprints(read_words(["", "one two", "one two three"]))] == [
        True,
        True,
        False,
    ]


def test_copies_in_a_batch_are_candidates_and_others_are_not() -> None:
    texts = [TEXT, "quite another text about fans", changed(1), TEXT.upper() + "!"]

    pairs = pairs_within(fingerprints(read_words(texts)))

    assert {(0, 2), (0, 3), (2, 3)} == pairs


def test_a_cluster_is_named_after_the_least_of_its_members() -> None:
    members = [member(number) for number in range(3)]

    moves = join(members, [(2, 1), (1, 0)], threshold=0.8)

    assert moves.texts == {each.id: min(each.mark for each in members) for each in members}
    assert moves.clusters == {}


def test_a_text_between_two_clusters_makes_them_one() -> None:
    first, second = member(1).mark, member(2).mark
    members = [member(8), member(3, cluster=first), member(4, cluster=second), member(5, cluster=second)]

    moves = join(members, [(0, 1), (0, 3)], threshold=0.8)

    name = min(first, second, member(8).mark)
    assert moves.texts == {member(8).id: name}
    assert moves.clusters == {old: name for old in (first, second) if old != name}


def test_candidates_that_are_not_alike_enough_stay_apart() -> None:
    members = [member(1), member(2, signature=bytes(128))]

    assert join(members, [(0, 1)], threshold=0.8).texts == {}
    assert join(members, [], threshold=0.8).texts == {}


def merged(order: Sequence[int], pairs: set[frozenset[int]]) -> set[frozenset[int]]:
    """Join texts one at a time, as the store does; returns the clusters."""
    names: dict[UUID, UUID] = {}
    for place, number in enumerate(order):
        seen = [other for other in order[:place] if frozenset((number, other)) in pairs]
        members = [member(number), *(member(other, cluster=names.get(member(other).id)) for other in seen)]
        moves = join(members, [(0, other) for other in range(1, len(members))], threshold=0.8)
        names = {text: moves.clusters.get(name, name) for text, name in names.items()} | moves.texts
    groups: dict[UUID, set[int]] = {}
    for number in order:
        if (name := names.get(member(number).id)) is not None:
            groups.setdefault(name, set()).add(number)
    assert all(name == min(member(each).mark for each in group) for name, group in groups.items())
    return set(map(frozenset, groups.values()))


@pytest.mark.parametrize("seed", range(20))
def test_clusters_do_not_depend_on_the_order_of_arrival(seed: int) -> None:
    draw = random.Random(seed)
    pairs = {frozenset(draw.sample(range(14), 2)) for _ in range(9)}
    orders = [draw.sample(range(14), 14) for _ in range(4)]

    first, *others = [merged(order, pairs) for order in orders]

    assert all(other == first for other in others)
