"""Every route, as data, by subject: router, access check and OpenAPI document all read this table."""

from typing import Final

from leadboost.console.routes import (
    access,
    advertising,
    alerting,
    halting,
    hearing,
    learning,
    ruling,
    selling,
    watching,
)
from leadboost.console.routes.route import Route

__all__ = ["ROUTES", "Route"]

ROUTES: Final[tuple[Route, ...]] = (
    *watching.ROUTES,
    *access.ROUTES,
    *hearing.ROUTES,
    *learning.ROUTES,
    *selling.ROUTES,
    *halting.ROUTES,
    *advertising.ROUTES,
    *ruling.ROUTES,
    *alerting.ROUTES,
)
