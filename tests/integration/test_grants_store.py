from leadboost.ports import Grant
from leadboost.store.database import Database
from leadboost.store.grants import PgGrantStore


async def test_the_newest_refresh_token_comes_back(database: Database) -> None:
    grants = PgGrantStore(database)
    newest = Grant(refresh_token="rft.2", origin="aa")
    await grants.save("tiktok.shop", Grant(refresh_token="rft.1", origin="aa"))
    await grants.save("tiktok.shop", newest)

    assert await grants.load("tiktok.shop") == newest
    assert await grants.load("tiktok.other") is None
