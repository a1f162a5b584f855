"""What the commands say of themselves, and their exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.commands import Commands, environment

COMMANDS = (
    ("up",),
    ("check",),
    ("status",),
    ("migrate",),
    ("version",),
    ("predict",),
    ("ingest", "outcomes"),
    ("ingest", "signals"),
    ("ingest", "stock"),
    ("token", "create"),
)


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def test_every_command_takes_json_and_tells_what_it_does(commands: Commands) -> None:
    for command in COMMANDS:
        done = commands.run(*command, "--help")

        assert done.code == 0
        assert "--json" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("ingest", "outcomes"),
        ("token", "create"),
        ("token", "create", "--role", "king"),
        ("token", "create", "--role", "viewer", "--ttl", "soon"),
        ("token", "create", "--role", "viewer", "--name", " "),
        ("predict", "words"),
        ("predict", "words", "--spend", "much"),
        ("predict", "words", "--spend", "-1"),
        ("predict", "words", "--spend", "5", "--attribute", "banner"),
        ("predict", "words", "--spend", "5", "--attribute", "a=1", "--attribute", "A=2"),
        ("predict", "words", "--spend", "5", "--attribute", "a=" + "x" * 257),
        ("predict", "words", "--spend", "5", "--platform", ""),
        ("predict", "words", "--spend", "1000000000001"),
        ("predict", "x" * 20_001, "--spend", "5"),
        ("ingest", "outcomes", "gone.csv", "--platform", " "),
        ("up", "--port", "door"),
        ("up", "--port", "99999"),
        ("up", "--host", "0.0.0.0"),
        ("up", "--config", "gone.toml"),
        ("status", "--config", "gone.toml"),
        ("check", "--profile", "moon"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_reason(commands: Commands, arguments: tuple[str, ...]) -> None:
    done = commands.run(*arguments)

    assert done.code == 2
    assert done.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("fly",), "fly"),
        (("up", "--port", "door"), "--port"),
        (("up", "--port", "99999"), "--port"),
        (("token", "create"), "--role"),
        (("predict", "words", "--spend", "much"), "--spend"),
    ],
)
def test_wrong_usage_with_json_is_told_as_json(
    commands: Commands, arguments: tuple[str, ...], word: str
) -> None:
    done = commands.run(*arguments, "--json")

    assert done.code == 2
    assert word in done.json["error"]["detail"]
    assert done.json["error"]["detail"] in done.err


def test_status_and_tokens_need_no_sound_configuration(commands: Commands) -> None:
    config = commands.file("mine.toml", "[http]\nport = 99999\n")

    status = commands.on_data("status", "--config", config, "--json")
    token = commands.on_data("token", "create", "--role", "viewer", "--config", config)

    assert (status.code, status.json["running"]) == (1, False)
    assert (token.code, token.out.count(".")) == (0, 2)
    assert "warning: http.port" in token.err


def test_a_token_is_printed_alone_and_the_key_is_private(commands: Commands) -> None:
    first = commands.on_data("token", "create", "--role", "operator", "--ttl", "12h")
    other = commands.on_data("token", "create", "--role", "admin", "--name", "ana", "--json").json

    assert first.out.count(".") == 2
    assert len(first.out.split()) == 1
    assert (other["role"], other["name"]) == ("admin", "ana")
    assert (commands.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600


def test_check_lists_every_fault_of_the_configuration(commands: Commands) -> None:
    config = commands.file("mine.toml", '[http]\nport = 99999\nhots = "x"\n[log]\nlevel = 7\n')

    done = commands.on_data("check", "--config", config, "--json")

    assert done.code == 1
    assert {problem["key"] for problem in done.json["problems"]} == {
        "http.port",
        "http.hots",
        "log.level",
    }


def test_check_of_a_faulty_option_is_wrong_usage(commands: Commands) -> None:
    done = commands.on_data("check", "--config", "gone.toml", "--json")

    assert (done.code, done.json["problems"][0]["key"]) == (2, "--config")


def test_check_of_a_sound_configuration_exits_with_0(commands: Commands) -> None:
    config = commands.file("mine.toml", "[http]\nport = 0\n")

    done = commands.on_data("check", "--config", config)

    assert done.code == 0
    assert "configuration: ok" in done.out


def test_check_says_when_the_database_cannot_be_reached(commands: Commands) -> None:
    config = commands.file(
        "mine.toml", '[http]\nport = 0\n[database]\nurl = "postgresql://nobody:pw@127.0.0.1:9/x"\n'
    )

    done = commands.on_data("check", "--config", config, "--json")

    assert done.code == 1
    assert not done.json["checks"]["database"].startswith("ok")
    assert "pw" not in done.out.replace("pwd", "")


def test_status_without_a_daemon_exits_with_1(commands: Commands) -> None:
    done = commands.on_data("status", "--json")

    assert done.code == 1
    assert done.json["running"] is False


def test_a_bad_configuration_stops_a_command_with_every_fault(commands: Commands) -> None:
    config = commands.file("mine.toml", "[http]\nport = 99999\n[log]\nlevel = 7\n")

    done = commands.on_data("migrate", "--config", config)

    assert done.code == 1
    assert "http.port" in done.err
    assert "log.level" in done.err


def test_importing_the_commands_loads_nothing_heavy() -> None:
    script = "import sys, json, leadboost.cli; print(json.dumps(sorted(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True
    )

    heavy = {"aiohttp", "asyncpg", "numpy", "pydantic", "structlog", "rich", "uvloop", "jwt"}
    assert not heavy & set(json.loads(done.stdout))
