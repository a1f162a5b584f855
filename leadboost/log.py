"""Logs: JSON lines for machines, coloured lines on a terminal, secrets taken out of both.

An event is one short constant sentence plus fields: ``log.info("source polled", source=name)``.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]

MASK: Final = "***"
_SECRET_NAME: Final = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|authorization|cookie|api_?key|credential|dsn$|signature",
    re.IGNORECASE,
)
_SECRETS_IN_TEXT: Final = (
    (re.compile(r"(?<=://)([^\s/:@]*):[^\s/]*@"), rf"\1:{MASK}@"),
    (re.compile(r"\b(bearer|basic)[ .][\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    (
        re.compile(r"\b(\w*(?:password|secret|token|api_?key|signature))=[^\s&;,'\"]+", re.IGNORECASE),
        rf"\1={MASK}",
    ),
)


def configure(level: Level = "info", format: Format = "auto", stream: TextIO | None = None) -> None:
    """Send everything logged here, by libraries or as a warning to ``stream`` (standard error if None).

    ``auto`` writes console lines when the stream is a terminal and JSON lines otherwise.
    """
    stream = sys.stderr if stream is None else stream
    console = format == "console" or (format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(), processors=[_drop_meta, *_ending(console, stream)]
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def is_secret_name(name: str) -> bool:
    """Tell whether a field or key of that name holds something never to be shown."""
    return _SECRET_NAME.search(name) is not None


def redact(text: str) -> str:
    """Mask credentials inside free text: URL passwords, bearer tokens, JWTs, ``token=...`` pairs."""
    for pattern, replacement in _SECRETS_IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _ending(console: bool, stream: TextIO) -> list[Processor]:
    plain: list[Processor] = [structlog.processors.format_exc_info, _redact_event]
    if not console:
        return [*plain, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        *plain,
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _drop_meta(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, name, event)


def _redact_event(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(name: str, value: object) -> object:
    match value:
        case bool() | int() | float() | None:
            return value
        case _ if is_secret_name(name):
            return MASK
        case str():
            return redact(value)
        case Mapping():
            return {str(key): _redacted(str(key), item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted("", item) for item in value]
        case _:
            return redact(str(value))
