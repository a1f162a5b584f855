"""What is learned and forecast."""

from typing import Final

from leadboost.console import api_learn, bodies, replies
from leadboost.console.auth import Role
from leadboost.console.call import BULK_BODY_BYTES
from leadboost.console.routes.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="POST",
        path="/predict",
        access=Role.VIEWER,
        serve=api_learn.predict_roi,
        body=bodies.PredictBody | bodies.PredictItems,
        replies={200: replies.ForecastReply | replies.Forecasts},
        body_limit=BULK_BODY_BYTES,
    ),
    Route(
        method="POST",
        path="/api/outcomes",
        access=Role.OPERATOR,
        serve=api_learn.record_outcomes,
        body=bodies.OutcomeBody | list[bodies.OutcomeBody] | bodies.OutcomeItems,
        query=bodies.WriteQuery,
        replies={200: replies.OutcomesReply | replies.DryRun},
        body_limit=BULK_BODY_BYTES,
    ),
    Route(
        method="GET",
        path="/api/model",
        access=Role.VIEWER,
        serve=api_learn.get_model,
        replies={200: replies.ModelReply},
    ),
    Route(
        method="POST",
        path="/api/model/rollback",
        access=Role.APPROVER,
        serve=api_learn.roll_back,
        body=bodies.RollbackBody,
        query=bodies.WriteQuery,
        replies={200: replies.RollbackReply | replies.DryRun},
    ),
)
