"""What is told of a learner to those who look at the model."""

from collections.abc import Sequence

from leadboost.domain.roi.learner import Learner
from leadboost.messages.trainer import Drift, Member


def drift_of(learner: Learner) -> Drift | None:
    """Say whether the world has changed; None before the first scored row."""
    watch = learner.watch
    if not watch.since:
        return None
    return Drift(state=watch.state, since=watch.since, detail=watch.detail)


def members_of(learner: Learner) -> Sequence[Member]:
    """List the regressors, what share each has, and how wrong it has lately been."""
    mixture = learner.mixture
    return tuple(
        Member(name=name, share=share, error=error)
        for name, share, error in zip(mixture.names(), *mixture.standing(), strict=True)
    )
