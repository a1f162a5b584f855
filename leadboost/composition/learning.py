"""What is learned from outcomes and signals, and what is forecast with it."""

from leadboost.actors.predictor import Predictor
from leadboost.actors.trainer import Trainer
from leadboost.composition.wiring import OTHER, Wiring
from leadboost.fitting import FittingProcess
from leadboost.runtime import Bounds, Child, Stage
from leadboost.store.hearing import PgHearingStore
from leadboost.store.models import PgModelStore
from leadboost.store.outcomes import PgOutcomeStore

_PREDICTIONS = Child(intensity=(5, 30.0), bounds=Bounds(command=4_096))


class Learning:
    """Trainer and Predictor."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def stage(self) -> Stage:
        """The stage of them."""
        return self._wiring.stage(name="learning", start=self._start, stop=self._stop, start_s=20, stop_s=0.6)

    async def _start(self) -> None:
        models = PgModelStore(self._wiring.store, crash=self._wiring.crash)
        await self._wiring.spawn("predictor", lambda: Predictor(models=models), _PREDICTIONS)
        await self._wiring.spawn("trainer", lambda: self._make_trainer(models), OTHER)
        self._wiring.topics.stored.subscribe(self._wiring.refs["trainer"])

    async def _stop(self) -> None:
        await self._wiring.stop("trainer", "predictor", drain_s=0.1)

    def _make_trainer(self, models: PgModelStore) -> Trainer:
        wiring = self._wiring
        return Trainer(
            holder=wiring.holder,
            outcomes=PgOutcomeStore(wiring.store),
            models=models,
            leases=wiring.leases,
            predictor=wiring.refs["predictor"],
            committed=wiring.topics.committed,
            state=wiring.topics.state,
            fitter=FittingProcess(),
            hearing=PgHearingStore(wiring.store),
            crash=wiring.crash,
        )
