import io
import json
import logging
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from leadboost.log import Format, configure, is_secret_name, redact


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    logging.captureWarnings(False)
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(stream: io.StringIO) -> dict[str, object]:
    (line,) = stream.getvalue().splitlines()
    fields = json.loads(line)
    assert isinstance(fields, dict)
    return fields


def test_a_line_outside_a_terminal_is_one_json_object() -> None:
    stream = io.StringIO()
    configure(stream=stream)

    structlog.get_logger("leadboost.scout").info("source polled", source="news", items=3)

    fields = written(stream)
    assert fields["event"] == "source polled"
    assert (fields["source"], fields["items"]) == ("news", 3)
    assert (fields["level"], fields["logger"]) == ("info", "leadboost.scout")


def test_a_line_on_a_terminal_is_for_reading() -> None:
    stream = Terminal()
    configure(stream=stream)

    structlog.get_logger().info("source polled", source="news")

    assert "source polled" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(("format", "is_json"), [("json", True), ("console", False)])
def test_a_format_that_is_set_holds_wherever_the_lines_go(format: Format, is_json: bool) -> None:
    stream = Terminal() if is_json else io.StringIO()
    configure(format=format, stream=stream)

    structlog.get_logger().info("source polled")

    assert stream.getvalue().startswith("{") == is_json


def test_timestamps_are_iso_and_utc() -> None:
    stream = io.StringIO()
    configure(stream=stream)

    structlog.get_logger().info("source polled")

    at = datetime.fromisoformat(str(written(stream)["timestamp"]))
    assert at.tzinfo == UTC


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure("warning", stream=stream)

    structlog.get_logger().info("source polled")
    logging.getLogger("asyncio").info("loop opened")

    assert stream.getvalue() == ""


def test_lines_and_warnings_of_libraries_take_the_same_form() -> None:
    stream = io.StringIO()
    configure(stream=stream)

    logging.getLogger("asyncio").error("slow callback %s", "postgres://a:hunter2@h/d")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("old name", stacklevel=1)

    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["logger"]) == ("slow callback postgres://a:***@h/d", "asyncio")
    assert (second["level"], second["logger"]) == ("warning", "py.warnings")


def test_an_exception_keeps_its_traceback_and_loses_its_secrets() -> None:
    stream = io.StringIO()
    configure(stream=stream)

    try:
        raise ConnectionError("cannot reach postgres://a:hunter2@h/d")
    except ConnectionError:
        structlog.get_logger().exception("database lost")

    trace = str(written(stream)["exception"])
    assert trace.startswith("Traceback")
    assert "hunter2" not in trace


@pytest.mark.parametrize("format", ["json", "console"])
def test_secrets_are_masked_at_any_depth_and_numbers_stay(format: Format) -> None:
    stream = io.StringIO()
    configure(format=format, stream=stream)

    structlog.get_logger().info(
        "client made",
        password="hunter2",
        request={"headers": [{"Authorization": "hunter2"}], "url": "https://a:hunter2@h/"},
        error=ValueError("Bearer hunter2hunter2"),
        token_ttl_s=60,
    )

    assert "hunter2" not in stream.getvalue()
    assert "60" in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgresql://shop:p%40ss@db:5432/x", "postgresql://shop:***@db:5432/x"),
        ("redis://:secret@h", "redis://:***@h"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("bearer.abcdefgh", "bearer ***"),
        ("got eyJhbGci.eyJzdWIi.c2ln back", "got *** back"),
        ("/feed?access_token=abc&n=1", "/feed?access_token=***&n=1"),
        ("client_secret=abc", "client_secret=***"),
        ("https://shop.example:8443/@user/1", "https://shop.example:8443/@user/1"),
        ("the bearer of news", "the bearer of news"),
    ],
)
def test_credentials_inside_text_are_masked_and_nothing_else(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("POSTGRES_PASSWORD", True),
        ("access_token", True),
        ("Set-Cookie", True),
        ("api_key", True),
        ("dsn", True),
        ("idempotency_key", False),
        ("passed", False),
        ("source", False),
    ],
)
def test_secret_names_are_told_from_plain_ones(name: str, secret: bool) -> None:
    assert is_secret_name(name) == secret
