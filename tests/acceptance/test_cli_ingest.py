"""Files through the commands, into a real daemon, and out again as a forecast."""

import csv
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.commands import Commands

BANNERS = ("160 x 600", "240 x 400", "728 x 90")
COUNTS = ("learned", "unchanged", "skipped", "rejected")


@pytest.fixture(scope="module")
def commands(open_folder: Path) -> Iterator[Commands]:
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    commands = Commands(folder)
    with commands.daemon():
        yield commands
    shutil.rmtree(folder, ignore_errors=True)


def campaigns(rows: int) -> str:
    """Rows of one month whose return depends on the banner; the first spends nothing."""
    lines = ["month,day,campaign,banner,displays,cost,clicks,revenue"]
    for row in range(rows):
        banner = BANNERS[row % 3]
        cost = (1 + row % 7) if row else 0
        lines.append(
            f"April,{1 + row % 28},camp {row % 4},{banner},100,{cost},{row % 5},{cost * (1 + row % 3)}"
        )
    return "\n".join(lines)


def test_a_file_of_outcomes_is_learned_and_a_rerun_changes_nothing(commands: Commands) -> None:
    file = commands.file("campaigns.csv", campaigns(400))
    options = ("--map", "date=month,day", "--year", "2020", "--json")

    first = commands.on_data("ingest", "outcomes", file, *options).json
    again = commands.on_data("ingest", "outcomes", file, *options).json

    assert {name: first[name] for name in ("rows", *COUNTS)} == {
        "rows": 400,
        "learned": 399,
        "unchanged": 0,
        "skipped": 1,
        "rejected": 0,
    }
    assert (again["learned"], again["unchanged"], again["skipped"]) == (0, 399, 1)
    assert first["rejects_file"] is None


def test_another_file_with_the_same_ids_is_pointed_out(commands: Commands) -> None:
    rows = "id,date,platform,cost,revenue\nsame-1,2024-11-01,a,{0},2\nsame-2,2024-11-02,a,{0},4\n"
    first, other = (commands.file(f"ids{n}.csv", rows.format(n)) for n in (1, 2))

    before = commands.on_data("ingest", "outcomes", first, "--json").json
    after = commands.on_data("ingest", "outcomes", other, "--json").json

    assert (before["learned"], before["changed"]) == (2, 0)
    assert (after["learned"], after["changed"]) == (2, 2)
    assert any(note.startswith("2 row(s) replaced outcomes already known") for note in after["notes"])


def test_a_forecast_after_learning_has_an_interval_and_says_its_basis(commands: Commands) -> None:
    commands.on_data("ingest", "outcomes", commands.file("more.csv", campaigns(400)), "--year", "2020")

    forecast = commands.on_data(
        "predict", "spring", "--spend", "5", "--attribute", "banner=728 x 90", "--json"
    ).json

    assert forecast["basis"] == "learned"
    assert forecast["interval"]["low"] < forecast["roi"] < forecast["interval"]["high"]


def test_every_rejected_row_is_shown_with_line_and_reason_and_kept_beside_the_file(
    commands: Commands,
) -> None:
    file = commands.file(
        "dirty.csv",
        "ID;Cost;Sale_Amount;Ad_Date\nA1;$ 1.231,50;2.000,00;16-11-2024\nA2;;5;16-11-2024\n"
        "A3;1,5;-5;16-11-2024\nA4;0;5;16-11-2024\nA5;1,5;5;11/31/2024\nA1;9;9;16-11-2024\nA6;1,5\n",
    )

    done = commands.on_data("ingest", "outcomes", file)

    assert done.out.startswith("7 rows: 1 learned, 0 unchanged, 1 skipped, 5 rejected")
    assert "rejected line 3: spend is missing" in done.out
    with (commands.folder / "dirty.csv.rejects.csv").open(newline="") as rejects:
        kept = list(csv.reader(rejects))
    assert [row[0] for row in kept[1:]] == ["3", "4", "6", "7", "8"]
    assert kept[1] == ["3", "spend is missing", "A2", "", "5", "16-11-2024"]
    assert "stands in line 2 already" in kept[4][1]


def test_signals_heard_twice_are_duplicates_the_second_time(commands: Commands) -> None:
    line = (
        '{{"source":"reddit","external_id":"t3_{0}","title":"Any good cup {0}?","text":"Looking for one."}}\n'
    )
    file = commands.file("signals.jsonl", "".join(line.format(number) for number in range(30)) + "[]\n")

    first, again = (commands.on_data("ingest", "signals", file, "--json").json for _ in range(2))

    assert (first["rows"], first["accepted"], first["duplicates"], first["rejected"]) == (31, 30, 0, 1)
    assert (again["rows"], again["accepted"], again["duplicates"], again["rejected"]) == (31, 0, 30, 1)


def test_stock_from_a_file_can_be_read_back_with_a_token_made_beside_the_daemon(commands: Commands) -> None:
    file = commands.file("stock.csv", "sku;existencias;precio\ncup;1.200;12,50\n")
    status = commands.on_data("status", "--json").json

    loaded = commands.on_data("ingest", "stock", file, "--json").json
    token = commands.on_data("token", "create", "--role", "viewer").out

    assert (loaded["rows"], loaded["accepted"]) == (1, 1)
    assert token.count("\n") == 1
    request = urllib.request.Request(f"{status['url']}/api/stock")
    request.add_header("Authorization", f"Bearer {token.strip()}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert b'"on_hand":1200' in answer.read()


@pytest.mark.parametrize(
    ("content", "options", "code", "reason"),
    [
        ("", (), 1, "is empty"),
        ("plain words", (), 1, "is not a table"),
        ("TV,Radio,Sales\n1,2,3\n", (), 1, "--map date=COLUMN --map spend=COLUMN"),
        ("date,cost,revenue\n", (), 1, "no row of data"),
        ("date,cost,revenue\n2024-01-01,x,1\n", (), 1, "spend 'x': not a number"),
        ("date,cost,revenue\n2024-01-01,1,1\n", ("--map", "spend"), 2, "write FIELD=COLUMN"),
        ("date,cost,revenue\n2024-01-01,1,1\n", ("--map", "spend=gone"), 2, "'gone' is not in the table"),
        ("date,cost,revenue\n2024-01-01,1,1\n", ("--currency", "EUR"), 2, "must be USD"),
        ("date,cost,revenue\n2024-01-01,1,1\n", ("--year", "soon"), 2, "--year"),
        ("date,cost,revenue\n2024-01-01,1,1\n", ("--date-order", "ymd"), 2, "--date-order"),
    ],
)
def test_a_bad_file_or_option_is_answered_with_what_to_do(
    commands: Commands, content: str, options: tuple[str, ...], code: int, reason: str
) -> None:
    done = commands.on_data("ingest", "outcomes", commands.file("bad.csv", content), *options)

    assert done.code == code
    assert reason in done.out + done.err


@pytest.mark.parametrize("options", [("--map", "text=body"), ("--platform", "forum")])
def test_options_of_tables_are_refused_for_json(commands: Commands, options: tuple[str, str]) -> None:
    file = commands.file("post.jsonl", '{"source":"a","external_id":"1","text":"x"}\n')

    done = commands.on_data("ingest", "signals", file, *options)

    assert done.code == 2
    assert f"{options[0]}: is for tables" in done.err


def test_a_file_that_is_not_there_is_named(commands: Commands) -> None:
    done = commands.on_data("ingest", "signals", "gone.jsonl", "--json")

    assert done.code == 1
    assert "gone.jsonl cannot be read" in done.json["error"]["detail"]


def test_without_a_daemon_the_command_brings_its_own(open_path: Path) -> None:
    alone = Commands(open_path)
    file = alone.file("mine.csv", "date,cost,revenue\n2024-11-01,1,2\n2024-11-02,2,4\n")

    first = alone.on_data("ingest", "outcomes", file, "--json")
    again = alone.on_data("ingest", "outcomes", file, "--json")

    assert (first.code, first.json["learned"], again.json["unchanged"]) == (0, 2, 2)
    assert alone.on_data("status").code == 1


def test_a_person_is_erased_and_not_heard_again(commands: Commands) -> None:
    lines = [
        f'{{"source": "forum", "external_id": "{n}", "text": "{n} asks for fans", "author": "{author}"}}\n'
        for n, author in enumerate(["Erna", "erna", "bob"])
    ]
    file = commands.file("people.jsonl", "".join(lines))
    commands.on_data("ingest", "signals", file)

    counted = commands.on_data("erase", "--handle", "@erna", "--dry-run", "--json").json
    erased = commands.on_data("erase", "--handle", "@erna")
    again = commands.on_data("ingest", "signals", file, "--json").json

    assert (counted["signals"], counted["deletion"]) == (2, None)
    assert erased.out.startswith("2 signals erased, and not heard again; proof: deletion ")
    assert (again["accepted"], again["duplicates"]) == (0, 3)


def test_an_erasure_without_a_person_or_an_item_is_refused(commands: Commands) -> None:
    done = commands.on_data("erase", "--external-id", "7")

    assert done.code == 2
    assert "--handle: must be given, or else --external-id with its --source; not both" in done.err
