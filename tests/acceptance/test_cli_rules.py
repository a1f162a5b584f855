from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.acceptance.commands import Commands

RULES = """
[[rules]]
name = "cap"
kind = "daily_spend_cap"
limit = 99
mode = "shadow"

[[rules]]
name = "racing"
kind = "spend_velocity"
mode = "shadow"
"""


def test_rules_are_previewed_and_replayed_on_what_was_ingested(open_path: Path) -> None:
    commands = Commands(open_path)
    (open_path / "config").mkdir()
    (open_path / "config" / "rules.toml").write_text(RULES, encoding="utf-8")
    today = datetime.now(UTC).date()
    rows = [f"{number},{today - timedelta(days=number)},100,40" for number in range(1, 31)]
    (open_path / "outcomes.csv").write_text("\n".join(["id,date,spend,revenue", *rows]), encoding="utf-8")
    ingested = commands.on_data("ingest", "outcomes", "outcomes.csv")
    assert ingested.code == 0, ingested.err

    previewed = commands.on_data("rules", "preview")
    replayed = commands.on_data("rules", "replay", "--since", "30d", "--json")
    told = commands.on_data("rules", "replay", "--since", "30d")
    refused = commands.on_data("rules", "replay", "--since", "soon")

    assert previewed.out.splitlines()[0] == "2 looked at: 0 would fire, 1 are held back, 0 failed"
    assert "held back (no_facts) in the shadow: racing" in previewed.out
    cap = next(each for each in replayed.json["items"] if each["rule"] == "cap")
    days_held = sum(
        min(7, (today - timedelta(days=1) - datetime.fromisoformat(each["day"]).date()).days)
        for each in cap["firings"]
    )
    assert cap["fired"] == 4
    assert float(cap["saved"]) == 60 * days_held
    assert f"cap: would have fired 4 times, 0 of them falsely, and saved {60 * days_held}" in told.out
    assert "racing: what it looks at is not kept day by day" in told.out
    assert (refused.code, "since: must be a number of days from 1d to 366d" in refused.err) == (1, True)
