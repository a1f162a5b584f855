"""Files of signals in a folder: read whole, moved once they are committed, and never lost on the way."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadboost.connectors.drop import DropSource
from leadboost.connectors.drop.folder import FILE_BYTES
from leadboost.errors import SourceError
from leadboost.messages.scout import SignalRejection, SignalsHeard
from leadboost.ports import Fetched
from leadboost.runtime.testing import FakeClock

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ROW = '{"external_id": "1", "text": "A fan"}'


@dataclass
class Folder:
    """The folder, and what Scout would have heard of it."""

    path: Path
    cursor: Mapping[str, object] = field(default_factory=dict)
    heard: list[Mapping[str, object]] = field(default_factory=list)

    def source(self) -> DropSource:
        return DropSource(name="drop.files", folder=self.path, clock=FakeClock(NOW))

    def put(self, name: str, text: str | bytes, *, age_s: float = 60) -> Path:
        path = self.path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(path, (NOW.timestamp() - age_s,) * 2)
        return path

    async def poll(self, source: DropSource, *rejected: int) -> Fetched:
        """Poll, commit and settle."""
        fetched = await source.fetch(self.cursor)
        self.heard += fetched.items
        self.cursor = fetched.cursor
        if fetched.settle is not None:
            await fetched.settle(
                SignalsHeard(
                    accepted=len(fetched.items) - len(rejected),
                    duplicates=0,
                    rejected=tuple(SignalRejection(index=each, reason="text: no") for each in rejected),
                )
            )
        return fetched

    def files(self) -> list[str]:
        found = (path for path in self.path.rglob("*") if not path.is_dir())
        return sorted(str(path.relative_to(self.path)) for path in found)

    def report(self, name: str) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.path / name).read_text())
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("one.json", ROW),
        ("list.json", f"[{ROW}]"),
        ("items.JSON", f'{{"items": [{ROW}]}}'),
        ("lines.jsonl", f"{ROW}\n\n"),
        ("table.csv", "external_id;text\n1;A fan\n"),
    ],
)
async def test_a_file_is_heard_and_moved_once_it_is_committed(folder: Folder, name: str, text: str) -> None:
    folder.put(name, text)
    source = folder.source()

    fetched = await source.fetch({})
    before = folder.files()
    await folder.poll(source)

    assert list(fetched.items) == [{"external_id": "1", "text": "A fan", "source": "drop.files"}]
    assert (before, folder.files()) == ([name], [f"done/{name}"])


async def test_a_row_may_name_its_own_source(folder: Folder) -> None:
    folder.put("a.json", '{"source": "tiktok.shop", "external_id": "1", "text": "A fan"}')

    await folder.poll(folder.source())

    assert folder.heard[0]["source"] == "tiktok.shop"


async def test_rejected_rows_are_named_in_a_report_beside_the_file(folder: Folder) -> None:
    folder.put("a.jsonl", f"{ROW}\nno json\n{ROW}\n[]\n")

    await folder.poll(folder.source(), 1)

    report = folder.report("done/a.jsonl.report")
    assert (report["good"], report["rejected"]) == (1, 3)
    assert [(each["line"], each["reason"][:7]) for each in report["faults"]] == [  # type: ignore[attr-defined]
        (2, "is no J"),
        (4, "must be"),
        (3, "text: n"),
    ]


async def test_a_file_of_which_nothing_is_good_is_refused(folder: Folder) -> None:
    folder.put("a.json", f"[{ROW}]")

    await folder.poll(folder.source(), 0)

    assert folder.files() == ["refused/a.json", "refused/a.json.report"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.json", "{", "is no JSON"),
        ("a.json", "7", "must hold one object"),
        ("a.json", "[]", "holds no signal"),
        ("a.csv", "when,what\n1,2\n", "external_id"),
        ("a.csv", b"PK\x03\x04", "zip or Excel"),
        ("a.jsonl", " \n", "holds no signal"),
        ("a.jsonl", b" " * (FILE_BYTES + 1), "more than 20 MiB"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    folder: Folder, name: str, text: str | bytes, reason: str
) -> None:
    folder.put(name, text)

    fetched = await folder.poll(folder.source())

    assert folder.files() == [f"refused/{name}", f"refused/{name}.report"]
    assert reason in str(folder.report(f"refused/{name}.report")["reason"])
    assert reason in (fetched.note or "")


async def test_a_large_file_is_heard_a_thousand_rows_at_a_time_and_moved_at_its_end(folder: Folder) -> None:
    folder.put("a.jsonl", "\n".join(f'{{"external_id": "{n}", "text": "Fan {n}"}}' for n in range(2_500)))
    source = folder.source()

    counts = [len((await folder.poll(source)).items) for _ in range(3)]

    assert counts == [1_000, 1_000, 500]
    assert [item["external_id"] for item in folder.heard] == [str(n) for n in range(2_500)]
    assert folder.files() == ["done/a.jsonl"]


async def test_a_restart_goes_on_within_a_file(folder: Folder) -> None:
    folder.put("a.jsonl", "\n".join(f'{{"external_id": "{n}", "text": "Fan {n}"}}' for n in range(1_500)))
    await folder.poll(folder.source())

    await folder.poll(folder.source())

    assert len(folder.heard) == 1_500
    assert folder.files() == ["done/a.jsonl"]


async def test_a_crash_between_commit_and_move_moves_the_file_and_hears_nothing_twice(folder: Folder) -> None:
    folder.put("a.json", ROW)
    committed = await folder.source().fetch({})
    folder.cursor = committed.cursor

    again = await folder.poll(folder.source())

    assert (list(again.items), folder.files()) == ([], ["done/a.json"])


async def test_a_file_that_takes_the_name_of_one_just_read_is_heard_too(folder: Folder) -> None:
    folder.put("a.json", ROW)
    source = folder.source()
    fetched = await source.fetch({})
    folder.put("a.json", ROW.replace("A fan", "Two fans"), age_s=30)
    assert fetched.settle is not None
    await fetched.settle(SignalsHeard(accepted=1, duplicates=0, rejected=()))

    await folder.poll(source)

    assert [item["text"] for item in folder.heard] == ["Two fans"]
    assert folder.files() == ["done/a.json"]


async def test_a_name_that_is_taken_in_done_gets_a_number(folder: Folder) -> None:
    source = folder.source()
    for _ in range(2):
        folder.put("a.json", ROW)
        await folder.poll(source)

    assert folder.files() == ["done/a-2.json", "done/a.json"]


async def test_the_oldest_file_comes_first(folder: Folder) -> None:
    folder.put("a.json", ROW.replace("A fan", "newer"), age_s=10)
    folder.put("b.json", ROW.replace("A fan", "older"), age_s=20)

    await folder.poll(folder.source())

    assert folder.heard[0]["text"] == "older"


async def test_what_is_still_written_hidden_linked_or_of_another_kind_is_left_alone(folder: Folder) -> None:
    folder.put("fresh.json", ROW, age_s=1)
    folder.put(".hidden.json", ROW)
    folder.put("a.json.part", ROW)
    (folder.path / "link.json").symlink_to("/etc/passwd")
    before = folder.files()

    fetched = await folder.poll(folder.source())

    assert (list(fetched.items), fetched.wait_s) == ([], 10.0)
    assert folder.files() == before


async def test_a_folder_that_is_not_there_is_a_fault_that_names_it(folder: Folder) -> None:
    folder.path = folder.path / "nowhere"

    with pytest.raises(SourceError, match="nowhere"):
        await folder.source().fetch({})
