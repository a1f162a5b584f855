import asyncio
import hashlib
from dataclasses import replace

import pytest

from leadboost.ports import Came, Receipt
from leadboost.store.database import Database
from leadboost.store.receipts import PgReceiptStore

RECEIPT = Receipt(
    sender="crm", id="msg_1", body_sha256=hashlib.sha256(b"{}").digest(), answer='{"accepted":  1}'
)


@pytest.fixture
def store(database: Database) -> PgReceiptStore:
    return PgReceiptStore(database)


async def claim(store: PgReceiptStore, sender: str = "crm") -> Receipt | None:
    return await store.claim(sender, RECEIPT.id, RECEIPT.body_sha256)


async def age(database: Database, by: str) -> None:
    async with database.session() as session:
        await session.execute("UPDATE push_receipts SET received_at = now() - $1::text::interval", by)


async def test_an_answer_comes_back_byte_for_byte(store: PgReceiptStore) -> None:
    assert await claim(store) is None
    await store.keep(RECEIPT)

    assert await claim(store) == RECEIPT
    assert await claim(store, "shop") is None


async def test_a_message_is_claimed_by_one_until_that_one_gives_it_up(store: PgReceiptStore) -> None:
    claims = await asyncio.gather(*(claim(store) for _ in range(4)))
    await store.release("crm", "msg_1")

    assert claims.count(None) == 1
    assert claims.count(replace(RECEIPT, answer=None)) == 3
    assert await claim(store) is None


@pytest.mark.parametrize(
    ("by", "digest", "passes"), [("59 s", 0, False), ("61 s", 0, True), ("61 s", 1, False)]
)
async def test_a_claim_that_nobody_answered_passes_on_after_a_minute_to_the_same_message(
    store: PgReceiptStore, database: Database, by: str, digest: int, passes: bool
) -> None:
    await claim(store)
    await age(database, by)

    again = await store.claim("crm", "msg_1", [RECEIPT.body_sha256, bytes(32)][digest])

    assert (again is None) == passes


async def test_an_answer_is_not_given_up(store: PgReceiptStore) -> None:
    await store.keep(RECEIPT)
    await store.release("crm", "msg_1")
    assert await claim(store) == RECEIPT


async def test_the_first_answer_stands(store: PgReceiptStore) -> None:
    await store.keep(RECEIPT)

    assert await store.keep(replace(RECEIPT, answer="{}")) == RECEIPT


@pytest.mark.parametrize(("by", "found"), [("47 hours", RECEIPT), ("49 hours", None)])
async def test_answers_are_kept_for_two_days(
    store: PgReceiptStore, database: Database, by: str, found: Receipt | None
) -> None:
    await store.keep(RECEIPT)
    await age(database, by)

    await store.keep(replace(RECEIPT, id="msg_2"))

    assert await claim(store) == found


async def test_each_message_is_counted_once_with_its_answer(store: PgReceiptStore) -> None:
    answers = [
        '{"accepted": 2, "duplicates": 1, "rejected": [{"index": 0, "reason": "text: no"}]}',
        '{"accepted": 3, "duplicates": 0, "rejected": []}',
    ]
    for number, answer in enumerate(answers):
        receipt = replace(RECEIPT, id=f"msg_{number}", answer=answer)
        await store.claim("crm", receipt.id, receipt.body_sha256)
        await store.keep(receipt)
        await store.keep(receipt)

    assert await store.tally("crm") == Came(accepted=5, duplicates=1, rejected=1)
    assert await store.tally("shop") == Came()
