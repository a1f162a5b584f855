"""What a command says of its failure, and its exit code: 1 failed, 2 wrong usage."""

import json
import sys
from collections.abc import Iterable

from leadboost.errors import ConfigError, InputError, Problem

_ARGUMENTS = ("TEXT", "FILE")


def report_failure(code: str, detail: str, error: Exception | None, *, as_json: bool) -> int:
    """Write it to standard error, with ``as_json`` also to standard output; returns the exit code.

    An error that names an option or an argument is wrong usage.
    """
    code = getattr(error, "remote_code", code)
    problems = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [detail]
    if as_json:
        print(json.dumps({"error": {"code": code, "detail": detail, "problems": problems}}))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 2 if _is_usage(error) else 1


def of_options(problems: Iterable[Problem]) -> list[Problem]:
    """Those that the command line set."""
    return [problem for problem in problems if problem.key.startswith("--")]


def _is_usage(error: Exception | None) -> bool:
    if isinstance(error, ConfigError):
        return bool(of_options(error.problems))
    return isinstance(error, InputError) and (error.field.startswith("--") or error.field in _ARGUMENTS)
