import hashlib
from dataclasses import replace

import pytest

from leadboost.ports import Receipt
from leadboost.store.database import Database
from leadboost.store.receipts import PgReceiptStore

RECEIPT = Receipt(
    sender="crm", id="msg_1", body_sha256=hashlib.sha256(b"{}").digest(), answer='{"accepted":  1}'
)


@pytest.fixture
def store(database: Database) -> PgReceiptStore:
    return PgReceiptStore(database)


async def test_an_answer_comes_back_byte_for_byte(store: PgReceiptStore) -> None:
    await store.keep(RECEIPT)

    assert await store.find("crm", "msg_1") == RECEIPT
    assert await store.find("shop", "msg_1") is None


async def test_the_first_answer_stands(store: PgReceiptStore) -> None:
    await store.keep(RECEIPT)

    assert await store.keep(replace(RECEIPT, answer="{}")) == RECEIPT


@pytest.mark.parametrize(("age", "found"), [("47 hours", RECEIPT), ("49 hours", None)])
async def test_answers_are_kept_for_two_days(
    store: PgReceiptStore, database: Database, age: str, found: Receipt | None
) -> None:
    await store.keep(RECEIPT)
    async with database.session() as session:
        await session.execute("UPDATE push_receipts SET received_at = now() - $1::text::interval", age)

    await store.keep(replace(RECEIPT, id="msg_2"))

    assert await store.find("crm", "msg_1") == found
