"""What is sold."""

from typing import Final

from leadboost.console import api_sell, bodies, replies
from leadboost.console.auth import Role
from leadboost.console.routes.route import Route

_KEY: Final = {
    api_sell.KEY_HEADER: "1 to 255 visible ASCII characters; the same key sells once, for 30 days."
}

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="PUT",
        path="/api/stock/{sku}",
        access=Role.OPERATOR,
        serve=api_sell.put_stock,
        body=bodies.StockBody,
        query=bodies.WriteQuery,
        replies={200: replies.ProductChanged | replies.DryRun},
    ),
    Route(
        method="GET",
        path="/api/stock",
        access=Role.VIEWER,
        serve=api_sell.list_stock,
        query=bodies.StockQuery,
        replies={200: replies.StockPage},
    ),
    Route(
        method="POST",
        path="/api/sales",
        access=Role.OPERATOR,
        serve=api_sell.sell,
        body=bodies.SaleBody,
        headers=_KEY,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun, 201: replies.SaleReply | replies.OrderReply},
        problems={404: replies.UnknownSku, 409: replies.ShortStock | replies.KeyConflict},
    ),
)
