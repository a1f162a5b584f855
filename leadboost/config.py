"""Options, environment and TOML in, one frozen ``Settings`` out; every fault reported at once.

Strongest first: command-line options, environment (``LEADBOOST_SECTION__KEY``; ``DATABASE_URL`` or
``POSTGRES_*``; ``REDIS_URL`` or ``REDIS_HOST``), ``.env``, the file given with ``--config`` (else
``config/leadboost.toml`` where there is one), the profile's file, the defaults. A variable set to the
empty string counts as not set. Nothing else in LeadBoost reads the environment.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from leadboost.errors import ConfigError, Problem
from leadboost.log import MASK, is_secret_name, redact
from leadboost.settings import ClientSettings, Settings
from leadboost.settings.connectors.hearing import FeedSettings, RssSettings

__all__ = [
    "DEFAULT_FILE",
    "ClientSettings",
    "FeedSettings",
    "RssSettings",
    "Settings",
    "load_settings",
    "read_settings",
]

DEFAULT_FILE = Path("config/leadboost.toml")
_PACKAGE = Path(__file__).parent
_PROFILE_FOLDERS = (_PACKAGE / "profiles", _PACKAGE.parent / "config")  # installed, checkout
_PREFIX = "LEADBOOST_"
_OPTIONS = "the options"
_POSTGRES = ("USER", "PASSWORD", "HOST", "PORT", "DB")

Values = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """Values from one place; ``names`` maps a dotted key to the name it was set under there."""

    origin: str
    values: Values
    names: Mapping[str, str] = field(default_factory=dict)


def load_settings(
    config_path: Path | None = None,
    profile: str | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = Path(".env"),
) -> Settings:
    """Read all layers. ``overrides`` are options by key, such as ``http.port``; None means not set.

    Raises ConfigError with every fault found.
    """
    settings, problems = read_settings(config_path, profile, overrides, environ, env_file)
    if problems:
        raise ConfigError(problems)
    return settings


def read_settings(
    config_path: Path | None = None,
    profile: str | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = Path(".env"),
) -> tuple[Settings, tuple[Problem, ...]]:
    """Read all layers and never fail: each faulty key is reported and keeps its default.

    What an option set is reported under the option's name, such as ``--port``. Safe mode stands on this;
    anything that acts must use ``load_settings``.
    """
    problems: list[Problem] = []
    layers = [
        _options({"profile": profile, **(overrides or {})}),
        *_environment(os.environ if environ is None else environ, env_file, problems),
        _file(config_path, problems),
    ]
    layers.append(_profile(_merge(layers).get("profile"), problems))
    settings = _validate(layers, problems)
    return settings, tuple(problems)


# -- layers ---------------------------------------------------------------------------------------


def _options(options: Mapping[str, object]) -> _Layer:
    values: Values = {}
    for key, value in options.items():
        if value is not None:
            *sections, name = key.split(".")
            branch: Values = {name: value}
            for section in reversed(sections):
                branch = {section: branch}
            _fill(values, branch)
    return _Layer(origin=_OPTIONS, values=values)


def _file(path: Path | None, problems: list[Problem]) -> _Layer:
    if path is None and not DEFAULT_FILE.is_file():
        return _Layer(origin="no file", values={})
    return _toml(path or DEFAULT_FILE, problems, "--config" if path else str(DEFAULT_FILE))


def _profile(name: object, problems: list[Problem]) -> _Layer:
    for folder in _PROFILE_FOLDERS:
        path = folder / f"{name}.toml"
        if name == "demo" and path.is_file():
            return _toml(path, problems, str(path))
    return _Layer(origin="no profile file", values={})


def _toml(path: Path, problems: list[Problem], asked_by: str) -> _Layer:
    try:
        return _Layer(origin=path.name, values=tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        problems.append(
            Problem(key=asked_by, value=str(path), allowed=f"a TOML file to read ({error.strerror})")
        )
    except UnicodeDecodeError as error:
        problems.append(Problem(key=str(path), value=f"byte {error.start}", allowed="must be text in UTF-8"))
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(key=str(path), value="not TOML", allowed=str(error)))
    return _Layer(origin=path.name, values={})


def _environment(
    environ: Mapping[str, str], env_file: Path | None, problems: list[Problem]
) -> Iterator[_Layer]:
    yield from _variables("the environment", environ, problems)
    if env_file is not None and env_file.is_file():
        try:
            found = dotenv_values(env_file, interpolate=False)
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(key=str(env_file), value="unreadable", allowed=str(error)))
        else:
            pairs = {name: value for name, value in found.items() if value is not None}
            yield from _variables(str(env_file), pairs, problems)


def _variables(origin: str, environ: Mapping[str, str], problems: list[Problem]) -> Iterator[_Layer]:
    ours = {name: text for name, text in environ.items() if name.upper().startswith(_PREFIX) and text}
    names = {name.upper().removeprefix(_PREFIX).lower().replace("__", "."): name for name in ours}
    for key in sorted(names.keys() - set(_keys(Settings))):
        name = names.pop(key)
        del ours[name]
        guess = _PREFIX + _nearest(key, _keys(Settings)).upper().replace(".", "__")
        allowed = f"unknown name in {origin}; did you mean {guess}?"
        problems.append(Problem(key=name, value=MASK, allowed=allowed))
    yield _Layer(origin=origin, values=_EnvSource(ours)(), names=names)
    yield from _database_variables(origin, environ)
    yield from _redis_variables(origin, environ)


class _EnvSettings(Settings, BaseSettings):
    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter="__")


class _EnvSource(EnvSettingsSource):
    """pydantic-settings' reader of nested names, fed by hand."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(_EnvSettings)
        self.env_vars = {name.lower(): text for name, text in environ.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Let text that is no JSON pass, so that validation reports it beside the other faults."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _database_variables(origin: str, environ: Mapping[str, str]) -> Iterator[_Layer]:
    if url := environ.get("DATABASE_URL"):
        yield _Layer(origin=origin, values={"database": {"url": url}}, names={"database.url": "DATABASE_URL"})
    parts = {part: text for part in _POSTGRES if (text := environ.get(f"POSTGRES_{part}"))}
    if "HOST" in parts or "DB" in parts:  # a password alone is set for some other program
        names = {"database.url": ", ".join(f"POSTGRES_{part}" for part in parts)}
        yield _Layer(origin=origin, values={"database": {"url": _joined_url(parts)}}, names=names)


def _redis_variables(origin: str, environ: Mapping[str, str]) -> Iterator[_Layer]:
    if url := environ.get("REDIS_URL"):
        yield _Layer(origin=origin, values={"redis": {"url": url}}, names={"redis.url": "REDIS_URL"})
    if host := environ.get("REDIS_HOST"):
        url = f"redis://{host}:{environ.get('REDIS_PORT') or 6379}/0"
        yield _Layer(origin=origin, values={"redis": {"url": url}}, names={"redis.url": "REDIS_HOST"})


def _joined_url(parts: Mapping[str, str]) -> str:
    """Put a URL together with libpq's defaults."""
    user = parts.get("USER", "postgres")
    password = f":{quote(parts['PASSWORD'], safe='')}" if "PASSWORD" in parts else ""
    place = f"{parts.get('HOST', 'localhost')}:{parts.get('PORT', '5432')}"
    return f"postgresql://{quote(user, safe='')}{password}@{place}/{quote(parts.get('DB', user), safe='')}"


# -- merging and validation -----------------------------------------------------------------------


def _merge(layers: Iterable[_Layer]) -> Values:
    merged: Values = {}
    for layer in layers:
        _fill(merged, deepcopy(layer.values))
    return merged


def _fill(strong: Values, weak: Mapping[str, object]) -> None:
    for key, value in weak.items():
        mine = strong.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            _fill(mine, value)
        elif key not in strong:
            strong[key] = value


def _validate(layers: Sequence[_Layer], problems: list[Problem]) -> Settings:
    values = _merge(layers)
    faults = _faults(values)
    problems += [_problem(fault, layers) for fault in faults]
    while faults:  # dropping one key may show another as faulty: that is a consequence, not reported
        for fault in faults:
            _drop(values, fault["loc"])
        faults = _faults(values)
    return Settings.model_validate(values)


def _faults(values: Values) -> list[ErrorDetails]:
    try:
        Settings.model_validate(values)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _drop(values: Values, path: Sequence[str | int]) -> None:
    for part in path[:-1]:
        inner = values.get(str(part))
        if not isinstance(inner, dict):
            values.pop(str(part), None)
            return
        values = inner
    values.pop(str(path[-1]), None)


# -- words for what is wrong ----------------------------------------------------------------------


def _problem(fault: ErrorDetails, layers: Sequence[_Layer]) -> Problem:
    path = fault["loc"]
    key = ".".join(str(part) for part in path)
    origin = _origin(path, layers)
    if origin == f"in {_OPTIONS}":
        key = "--" + str(path[-1]).replace("_", "-")
        return Problem(key=key, value=_shown(fault), allowed=_allowed(fault))
    allowed = f"{_allowed(fault)} ({origin})"
    return Problem(key=key, value=_shown(fault), allowed=allowed)


def _allowed(fault: ErrorDetails) -> str:
    path, kind = fault["loc"], fault["type"]
    description = _description(path)
    if kind == "extra_forbidden":
        return _unknown([part for part in path if isinstance(part, str)], isinstance(fault["input"], Mapping))
    if kind == "value_error":
        return f"{fault['ctx']['error']}; allowed: {description}"
    if kind == "missing":
        return f"is missing; allowed: {description}"
    if kind == "model_type":
        return "must be a table"
    return f"must be {description}" + (" (JSON in the environment)" if kind == "tuple_type" else "")


def _unknown(path: Sequence[str], is_section: bool) -> str:
    key, parent = ".".join(path), ".".join(path[:-1])
    if not is_section:
        return f"unknown key; did you mean {_nearest(key, _keys(Settings, items=True))}?"
    sections = [name for name in _keys(Settings) if _model_of(_find(name.split(".")))]
    beside = [name for name in sections if parent and name.rpartition(".")[0] == parent]
    return f"unknown section; did you mean {_nearest(key, beside or sections)}?"


def _shown(fault: ErrorDetails) -> str:
    value = fault["input"]
    if fault["type"] == "missing":
        return "nothing"
    if fault["type"] == "extra_forbidden" and isinstance(value, Mapping):
        return "{...}"
    if isinstance(value, Mapping | list | tuple) or fault["type"] in ("model_type", "tuple_type"):
        return f"<{type(value).__name__}>"
    if _is_secret(fault["loc"]):
        return MASK
    text = redact(str(value).lower() if isinstance(value, bool) else str(value))
    text = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return text if len(text) <= 80 else f"{text[:77]}..."


def _origin(path: Sequence[str | int], layers: Sequence[_Layer]) -> str:
    for layer in layers:
        depth = _depth(layer.values, path)
        if depth == 0 or (depth < len(path) and depth < _depth(_merge(layers), path)):
            continue
        keys = [".".join(str(part) for part in path[:length]) for length in range(len(path), 0, -1)]
        name = next((layer.names[key] for key in keys if key in layer.names), None)
        return f"{name} in {layer.origin}" if name else f"in {layer.origin}"
    return "not set"


def _depth(values: object, path: Sequence[str | int]) -> int:
    """How many steps of ``path`` exist in ``values``."""
    for depth, part in enumerate(path):
        try:
            values = values[part]  # type: ignore[index]  # a miss of any kind ends the walk
        except (KeyError, IndexError, TypeError):
            return depth
    return len(path)


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_of(field: FieldInfo | None) -> type[BaseModel] | None:
    annotation = field.annotation if field else None
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _find(path: Sequence[str | int]) -> FieldInfo | None:
    """The field that ``path`` ends at or in."""
    model: type[BaseModel] | None = Settings
    found = None
    for name in (part for part in path if isinstance(part, str)):
        found = _fields(model).get(name) if model else None
        model = _model_of(found)
    return found


def _description(path: Sequence[str | int]) -> str:
    found = _find(path)
    return (found.description or "") if found else ""


def _is_secret(path: Sequence[str | int]) -> bool:
    found = _find(path)
    if found is None:
        return any(is_secret_name(part) for part in path if isinstance(part, str))
    return SecretStr in (found.annotation, *get_args(found.annotation))


def _keys(model: type[BaseModel], *, prefix: str = "", items: bool = False) -> Iterator[str]:
    """Every dotted key, sections included; with ``items`` also those of tables in lists."""
    for name, found in _fields(model).items():
        yield prefix + name
        inner = _model_of(found)
        if inner and (items or inner is found.annotation):
            yield from _keys(inner, prefix=f"{prefix}{name}.", items=items)


def _nearest(key: str, known: Iterable[str]) -> str:
    def likeness(candidate: str) -> float:
        whole = SequenceMatcher(None, key.replace("_", "."), candidate.replace("_", ".")).ratio()
        return whole + SequenceMatcher(None, _last(key), _last(candidate)).ratio()

    return max(known, key=likeness)


def _last(key: str) -> str:
    return key.rpartition(".")[2]
