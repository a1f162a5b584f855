"""Predictor: answers from the newest model, and never waits."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, assert_never

import structlog

from leadboost.domain.hearing.text import text_features
from leadboost.domain.roi.artefact import newest_sound
from leadboost.domain.roi.forecast import Forecast, Question
from leadboost.domain.roi.model import RoiModel
from leadboost.messages.trainer import Predict, ServeModel
from leadboost.ports import ModelStore
from leadboost.runtime import Actor

PART_CHARS: Final = 8_000
ATTRIBUTE_CHARS: Final = 5  # as long as that an attribute takes, whatever it says

_log = structlog.get_logger(__name__)


class Predictor(Actor[Predict | ServeModel]):
    """Holds an immutable snapshot; questions queued together become one matrix call.

    Where these have much text or many attributes, they become several, of ``PART_CHARS`` each. Set apart
    from Trainer so that a forecast waits neither for the database nor for learning.
    """

    batch_size = 256

    def __init__(self, *, models: ModelStore) -> None:
        self._models = models

    async def on_start(self) -> None:
        await asyncio.to_thread(
            text_features, ""
        )  # loads the lexicon, which takes longer than a forecast may
        version, learner, _ = await newest_sound(await self._models.versions(), self._models.artefact)
        self._model = learner.model(version)
        _log.info(
            "model served",
            version=self._model.version,
            basis=self._model.basis,
            observations=self._model.observations,
        )

    async def receive_batch(self, messages: Sequence[Predict | ServeModel]) -> Sequence[Forecast | None]:
        asked: dict[int, Question] = {}
        for place, message in enumerate(messages):
            match message:
                case Predict():
                    asked[place] = message
                case ServeModel():
                    self._serve(message.model)
                case _:
                    assert_never(message)
        answers = dict(zip(asked, await self._answers(list(asked.values())), strict=True))
        return [answers.get(place) for place in range(len(messages))]

    async def _answers(self, questions: Sequence[Question]) -> Sequence[Forecast]:
        """Answer by one model, a part at a time: others run in between."""
        model, answers = self._model, list[Forecast]()
        for part in _parts(questions):
            if answers:
                await asyncio.sleep(0)
            answers += model.predict(part)
        return answers

    def _serve(self, model: RoiModel) -> None:
        if model.version >= self._model.version:
            self._model = model


def _parts(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    start, chars = 0, 0
    for place, question in enumerate(questions):
        said = len(question.text or question.attributes.get("text", ""))
        said += ATTRIBUTE_CHARS * len(question.attributes)
        if place > start and chars + said > PART_CHARS:
            yield questions[start:place]
            start, chars = place, 0
        chars += said
    if start < len(questions):
        yield questions[start:]
