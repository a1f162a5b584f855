import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadboost.domain.roi.artefact import LIMIT_BYTES, dump, fingerprint, load, newest_sound
from leadboost.domain.roi.forecast import Question
from leadboost.domain.roi.learner import Learner
from leadboost.errors import ArtefactError
from tests.campaigns import campaigns


def taught(count: int = 120) -> Learner:
    learner = Learner()
    learner.learn(campaigns(count))
    return learner


LEARNER = taught()
ARTEFACT = dump(LEARNER)
QUESTIONS = [
    Question(spend_micros=10**power, attributes={"colour": colour})
    for power in range(0, 19, 3)
    for colour in ("red", "blue", "none")
]


def changed(change: Callable[[dict[str, Any]], None]) -> bytes:
    """The artefact, with sound packing, after a change of its arrays."""
    with np.load(BytesIO(ARTEFACT)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    change(arrays)
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def with_header(**fields: object) -> bytes:
    def change(arrays: dict[str, Any]) -> None:
        header = json.loads(arrays["header"].tobytes()) | fields
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)

    return changed(change)


def with_array(name: str, array: object) -> bytes:
    return changed(lambda arrays: arrays.update({name: array}))


@pytest.mark.parametrize("count", [0, 5, 120])
def test_a_round_trip_predicts_the_same(count: int) -> None:
    learner = taught(count)

    assert load(dump(learner)).model(3).predict(QUESTIONS) == learner.model(3).predict(QUESTIONS)


def test_a_round_trip_keeps_the_score() -> None:
    assert load(ARTEFACT).score == LEARNER.score


def test_a_loaded_learner_learns_on_as_the_saved_one_would() -> None:
    loaded, kept = load(ARTEFACT), LEARNER.copy()
    for learner in (loaded, kept):
        learner.learn(campaigns(100, seed=9))

    forecasts = [[one.roi for one in each.model(1).predict(QUESTIONS)] for each in (loaded, kept)]
    assert forecasts[0] == pytest.approx(forecasts[1], rel=1e-6)


def test_the_same_learner_gives_the_same_bytes() -> None:
    assert dump(load(ARTEFACT)) == ARTEFACT


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ArtefactError):
        load(data)


@given(st.integers(min_value=0, max_value=len(ARTEFACT) - 1))
def test_a_cut_artefact_is_refused(length: int) -> None:
    with pytest.raises(ArtefactError):
        load(ARTEFACT[:length])


@pytest.mark.parametrize("version", ["roi-0", None, 1])
def test_another_feature_version_is_refused(version: object) -> None:
    with pytest.raises(ArtefactError, match="features"):
        load(with_header(feature_version=version))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ArtefactError, match="not finite"):
        load(with_array("losses", np.array([0.1, 0.1, 0.1, number])))


@pytest.mark.parametrize(
    "data",
    [
        with_header(format="other"),
        with_header(ridge=["a"]),
        with_header(table=["same", "same"]),
        with_header(table=[str(at) for at in range(10_000)]),
        with_header(members=[]),
        with_header(members=[[1]]),
        with_header(members=[[2, 1, 0], [1, 1, 0]]),
        with_header(line=[2, 1]),
        with_header(line=[1]),
        with_array("line_sums", np.zeros(4)),
        with_array("line_sums", -np.ones(5)),
        with_header(hashed=[0.0, 1.0]),
        with_array("hashed_weights", np.zeros(8192)),
        with_array("hashed_weights", np.ones(8193)),
        with_array("hashed_squares", -np.ones(8192)),
        with_header(score={"rows": 1, "colour": 2}),
        with_header(score={"rows": float("nan")}),
        with_array("weights_0", np.zeros(3)),
        with_array("weights_0", np.ones(8705)),
        with_array("triangle_1", np.zeros((2, 2))),
        with_array("errors", np.array(["a"])),
        changed(lambda arrays: arrays.pop("tails")),
    ],
)
def test_an_unsound_artefact_is_refused(data: bytes) -> None:
    with pytest.raises(ArtefactError):
        load(data)


def test_an_array_of_objects_is_never_unpickled() -> None:
    with pytest.raises(ArtefactError, match="allow_pickle"):
        load(with_array("losses", np.array([print], dtype=object)))


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(ArtefactError, match="more than"):
        load(bytes(LIMIT_BYTES + 1))


def test_an_artefact_that_unpacks_to_too_much_is_refused() -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", bytes(65 * 2**20))

    with pytest.raises(ArtefactError, match="more than"):
        load(buffer.getvalue())


@dataclass(frozen=True)
class Saved:
    version: int
    sha256: str = fingerprint(ARTEFACT)


async def test_the_newest_sound_version_is_opened_and_no_older_one_read() -> None:
    artefacts = {4: ARTEFACT, 3: ARTEFACT[:50], 2: ARTEFACT}
    stored = [Saved(4, "ab"), Saved(3, fingerprint(artefacts[3])), Saved(2), Saved(1)]

    async def read(version: int) -> bytes:
        return artefacts.pop(version)

    version, learner, faults = await newest_sound(stored, read)

    assert (version, learner.score.observations, sorted(faults)) == (2, 120, [3, 4])


async def test_without_a_sound_version_the_learner_starts_empty() -> None:
    async def read(_: int) -> bytes:
        return b""

    version, learner, _ = await newest_sound([Saved(1)], read)

    assert (version, learner.score.observations) == (0, 0)
