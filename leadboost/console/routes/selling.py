"""What is sold."""

from typing import Final

from leadboost.console import api_sell, api_shops, api_simulate, api_stock, bodies, replies
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
        serve=api_stock.put_stock,
        body=bodies.StockBody,
        query=bodies.WriteQuery,
        replies={200: replies.ProductChanged | replies.DryRun},
    ),
    Route(
        method="GET",
        path="/api/stock",
        access=Role.VIEWER,
        serve=api_stock.list_stock,
        query=bodies.StockQuery,
        replies={200: replies.StockPage},
    ),
    Route(
        method="POST",
        path="/api/stock/{sku}/restock",
        access=Role.OPERATOR,
        serve=api_stock.restock,
        body=bodies.RestockBody,
        headers=_KEY,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun, 201: replies.LineReply},
        problems={404: replies.UnknownSku, 409: replies.KeyConflict},
    ),
    Route(
        method="GET",
        path="/api/stock/{sku}/ledger",
        access=Role.VIEWER,
        serve=api_stock.get_ledger,
        query=bodies.LedgerQuery,
        replies={200: replies.LedgerReply},
    ),
    Route(
        method="POST",
        path="/api/reservations",
        access=Role.OPERATOR,
        serve=api_sell.reserve,
        body=bodies.ReservationBody,
        headers=_KEY,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun, 201: replies.ReservationReply},
        problems={404: replies.UnknownSku, 409: replies.ShortStock | replies.KeyConflict},
    ),
    Route(
        method="POST",
        path="/api/reservations/{id}/confirm",
        access=Role.OPERATOR,
        serve=api_sell.confirm_reservation,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun, 201: replies.ConfirmedReply},
        problems={404: replies.Refused, 409: replies.ReservationEnded},
    ),
    Route(
        method="DELETE",
        path="/api/reservations/{id}",
        access=Role.OPERATOR,
        serve=api_sell.release_reservation,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun | replies.ReleasedReply},
        problems={404: replies.Refused, 409: replies.ReservationEnded},
    ),
    Route(
        method="POST",
        path="/api/sales/{id}/return",
        access=Role.OPERATOR,
        serve=api_sell.return_sale,
        body=bodies.ReturnBody,
        headers=_KEY,
        query=bodies.WriteQuery,
        replies={200: replies.DryRun, 201: replies.ReturnReply},
        problems={404: replies.Refused, 409: replies.ReturnExceedsSale | replies.KeyConflict},
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
    Route(
        method="POST",
        path="/hooks/shopify",
        access=None,  # the message is signed
        serve=api_shops.shopify_hook,
        headers={
            "X-Shopify-Hmac-SHA256": "The HMAC-SHA-256 of the body in base64, by the app's client secret.",
            "X-Shopify-Webhook-Id": "The delivery's own id; taken in once.",
            "X-Shopify-Topic": "orders/create, orders/paid or orders/cancelled; others are acknowledged.",
        },
        replies={200: replies.HookReply},
        body_limit=api_shops.BODY_BYTES,
    ),
    Route(
        method="POST",
        path="/hooks/woocommerce",
        access=None,  # the message is signed
        serve=api_shops.woocommerce_hook,
        headers={
            "X-WC-Webhook-Signature": "The HMAC-SHA-256 of the body in base64, by the webhook's secret.",
            "X-WC-Webhook-Delivery-ID": "The delivery's own id; taken in once.",
            "X-WC-Webhook-Topic": "order.created or order.updated; others are acknowledged.",
        },
        replies={200: replies.HookReply},
        body_limit=api_shops.BODY_BYTES,
    ),
    Route(
        method="POST",
        path="/api/simulate",
        access=Role.VIEWER,
        serve=api_simulate.simulate_budgets,
        body=bodies.SimulateBody,
        replies={200: replies.SimulateReply},
    ),
)
