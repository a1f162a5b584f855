import fcntl
import multiprocessing
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from leadboost.domain.halt import Halt, HaltItem, HaltState, Scope
from leadboost.errors import HaltLogError
from leadboost.store.halt_log import SLOT_BYTES, HaltFile
from tests.unit.panic_world import campaign

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
ACCOUNTS = {"meta_ads": "900"}


def halt(number: int, *, campaigns: int = 1, scope: str = "sku:fan") -> Halt:
    return Halt(
        id=UUID(int=number),
        scope=Scope.parse(scope),
        reason="out of stock",
        tripped_by="ana",
        tripped_at=AT,
        stopped_at=AT,
        items=tuple(HaltItem(campaign=campaign(str(each)), was_active=True) for each in range(campaigns)),
    )


@pytest.fixture
def log(tmp_path: Path) -> HaltFile:
    return HaltFile(tmp_path / "halt.log", accounts=ACCOUNTS)


def again(log: HaltFile) -> HaltFile:
    return HaltFile(log._path, accounts=ACCOUNTS)


def spoil(log: HaltFile, slot: int) -> None:
    file = os.open(log._path, os.O_RDWR)
    os.pwrite(file, b"\xff", slot * SLOT_BYTES + 53)
    os.close(file)


def test_a_log_that_was_never_written_holds_nothing(log: HaltFile) -> None:
    assert log.read() == ()


def test_what_is_put_is_read_after_a_restart(log: HaltFile) -> None:
    log.put([halt(1), halt(2)])
    log.put([], ended=[UUID(int=1)])

    assert again(log).read() == [halt(2)]


def test_the_file_has_its_full_size_from_the_start(log: HaltFile) -> None:
    log.put([])
    made = log._path.stat()
    log.put([halt(1, campaigns=500)])

    assert (made.st_size, made.st_mode & 0o777) == (2 * SLOT_BYTES, 0o600)
    assert log._path.stat().st_size == made.st_size


def test_a_write_cut_short_leaves_the_one_before(log: HaltFile) -> None:
    log.put([halt(1)])
    log.put([halt(1), halt(2)])
    spoil(log, 1)  # counter 3 went there

    assert again(log).read() == [halt(1)]


def test_a_log_without_a_whole_slot_is_never_taken_for_an_empty_one(log: HaltFile) -> None:
    log.put([halt(1)])
    spoil(log, 0)
    spoil(log, 1)

    with pytest.raises(HaltLogError, match="neither slot is whole"):
        again(log).read()


@pytest.mark.parametrize("content", [b"", b"x" * 10, bytes(2 * SLOT_BYTES)])
def test_a_foreign_file_in_its_place_is_not_trusted(log: HaltFile, content: bytes) -> None:
    log._path.write_bytes(content)

    with pytest.raises(HaltLogError):
        log.read()


def test_a_log_begun_anew_can_be_read_again(log: HaltFile) -> None:
    log._path.write_bytes(b"x")

    log.replace([halt(1, scope="global")])

    assert again(log).read() == [halt(1, scope="global")]


def test_too_many_campaigns_become_their_whole_account(log: HaltFile) -> None:
    log.put([halt(1, campaigns=20_000), halt(2)])

    kept = {each.id: each for each in again(log).read()}
    assert str(kept[UUID(int=1)].scope) == "account:meta_ads:900"
    assert kept[UUID(int=2)] == halt(2)


def test_campaigns_of_an_unknown_account_that_do_not_fit_become_everything(tmp_path: Path) -> None:
    log = HaltFile(tmp_path / "halt.log", accounts={})

    log.put([halt(1, campaigns=20_000)])

    assert str(log.read()[0].scope) == "global"


def test_of_more_halts_than_fit_some_become_one_of_their_account(log: HaltFile) -> None:
    log.put([halt(number) for number in range(1, 2000)])

    scopes = [str(each.scope) for each in again(log).read()]
    assert scopes.count("account:meta_ads:900") == 1
    assert 100 < scopes.count("sku:fan") < 1998


def test_a_reason_that_no_text_can_hold_stops_no_halt(log: HaltFile) -> None:
    log.put([replace(halt(1), reason="Par\udce1")])

    assert [each.id for each in again(log).read()] == [UUID(int=1)]


def test_a_log_that_another_process_keeps_locked_is_read_and_says_so_when_written(log: HaltFile) -> None:
    log.put([halt(1)])
    file = os.open(log._path, os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)

    try:
        with pytest.raises(HaltLogError, match="locked"):
            log.put([halt(2)])
        assert log.read() == [halt(1)]
    finally:
        os.close(file)


def test_a_resumed_halt_is_not_kept(log: HaltFile) -> None:
    log.put([replace(halt(1), state=HaltState.RESUMED)])

    assert log.read() == []


def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(HaltLogError, match=r"halt\.log"):
        HaltFile(tmp_path / "file" / "halt.log", accounts={}).put([halt(1)])


def test_two_processes_lose_none_of_their_halts(log: HaltFile) -> None:
    log.put([])
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_put_many, args=(log, first)) for first in (100, 200)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)

    assert len(again(log).read()) == 40


def _put_many(log: HaltFile, first: int) -> None:
    for number in range(first, first + 20):
        log.put([halt(number, campaigns=0)])
