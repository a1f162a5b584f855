"""Puts stock past the actors."""

from leadboost.messages.enterprise import Product, PutStock
from leadboost.store.sales import PgSaleStore


async def put(store: PgSaleStore, command: PutStock) -> Product:
    """Put one; raise its error."""
    (result,) = (await store.put_stock([command])).results
    if isinstance(result, Exception):
        raise result
    return result
