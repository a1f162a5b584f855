"""Stock: levels, what is asked of them and how it is decided, and how long they will last."""

from leadboost.domain.stock.decisions import (
    Confirmed,
    Decision,
    Ended,
    Excess,
    Held,
    Missing,
    Refused,
    Released,
    Restocked,
    Returned,
    ReturnedLine,
    Sold,
)
from leadboost.domain.stock.desk import Desk
from leadboost.domain.stock.levels import Line, StockAlert, StockLevel, stock_alerts
from leadboost.domain.stock.requests import (
    Confirm,
    Hold,
    Order,
    PastLine,
    Release,
    Request,
    Reservation,
    Restock,
    Return,
)

__all__ = [
    "Confirm",
    "Confirmed",
    "Decision",
    "Desk",
    "Ended",
    "Excess",
    "Held",
    "Hold",
    "Line",
    "Missing",
    "Order",
    "PastLine",
    "Refused",
    "Release",
    "Released",
    "Request",
    "Reservation",
    "Restock",
    "Restocked",
    "Return",
    "Returned",
    "ReturnedLine",
    "Sold",
    "StockAlert",
    "StockLevel",
    "stock_alerts",
]
