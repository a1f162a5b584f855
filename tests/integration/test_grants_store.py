import pytest

from leadboost.ports import Grant
from leadboost.store.database import Database
from leadboost.store.grants import PgGrantStore


async def test_the_newest_refresh_token_comes_back(database: Database) -> None:
    grants = PgGrantStore(database)
    newest = Grant(refresh_token="rft.2", origin="aa")
    await grants.save("tiktok.shop", Grant(refresh_token="rft.1", origin="aa"), replaces=None)
    await grants.save("tiktok.shop", newest, replaces="rft.1")

    assert await grants.load("tiktok.shop") == newest
    assert await grants.load("tiktok.other") is None


@pytest.mark.parametrize("replaces", [None, "rft.1"])
async def test_a_refresh_token_goes_in_the_place_of_the_one_it_replaces_alone(
    database: Database, replaces: str | None
) -> None:
    grants = PgGrantStore(database)
    standing = Grant(refresh_token="rft.2", origin="aa")
    await grants.save("tiktok.shop", standing, replaces=None)

    await grants.save("tiktok.shop", Grant(refresh_token="rft.3", origin="aa"), replaces=replaces)

    assert await grants.load("tiktok.shop") == standing
