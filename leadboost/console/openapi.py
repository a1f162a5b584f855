"""The OpenAPI 3.1 document, made from the route table and the types it names."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from leadboost.console.auth import Role
from leadboost.console.call import JSON_TYPE
from leadboost.console.origins import LOGIN_COOKIE
from leadboost.console.problems import PROBLEM_TYPE
from leadboost.console.replies import ProblemReply
from leadboost.console.routes import ROUTES, Route

Json = dict[str, Any]
_REF: Final = "#/components/schemas/{model}"


class _Schemas:
    """Collects the schemas that the routes name, each once."""

    def __init__(self) -> None:
        self.shared: Json = {}

    def of(self, kind: Any, mode: Any) -> Json:
        """Return the schema of a type, with its parts moved to the shared ones."""
        schema = TypeAdapter(kind).json_schema(ref_template=_REF, mode=mode)
        self.shared.update(schema.pop("$defs", {}))
        return schema


def describe(version: str, *, demo: bool, currency: str) -> bytes:
    """Write the document as JSON."""
    schemas = _Schemas()
    paths: Json = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "LeadBoost (DEMO)" if demo else "LeadBoost",
            "version": version,
            "description": f"Amounts are in {currency}. Errors are {PROBLEM_TYPE} with a stable `code`.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.shared,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "login": {"type": "apiKey", "in": "cookie", "name": LOGIN_COOKIE},
            },
        },
    }
    return orjson.dumps(document)


def _operation(route: Route, schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": route.serve.__name__,
        "summary": (route.serve.__doc__ or "").strip(),
        "parameters": list(_parameters(route, schemas)),
        "responses": _responses(route, schemas),
        **_access(route),
    }
    if route.body is not None:
        schema = schemas.of(route.body, "validation")
        operation["requestBody"] = {"required": True, "content": {route.accepts: {"schema": schema}}}
    return operation


def _access(route: Route) -> Json:
    if route.access is None:
        return {"security": []}
    role = route.access if isinstance(route.access, Role) else Role.VIEWER
    public_too: list[Json] = [] if isinstance(route.access, Role) else [{}]
    return {"security": [*public_too, {"bearer": []}, {"login": []}], "x-role": str(role)}


def _parameters(route: Route, schemas: _Schemas) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name, text in (route.headers or {}).items():
        yield {
            "name": name,
            "in": "header",
            "required": True,
            "description": text,
            "schema": {"type": "string"},
        }
    if route.query is not None:
        for name, schema in schemas.of(route.query, "validation")["properties"].items():
            yield {"name": name, "in": "query", "required": False, "schema": schema}


def _responses(route: Route, schemas: _Schemas) -> Json:
    responses: Json = {}
    for status, media_type, kind in _answers(route):
        if kind is None:
            responses[str(status)] = {"description": HTTPStatus(status).phrase}
            continue
        described = {"description": _text(kind) or HTTPStatus(status).phrase, "content": {}}
        content = responses.setdefault(str(status), described)["content"]
        content[media_type] = {"schema": schemas.of(kind, "serialization")}
    problem = schemas.of(ProblemReply, "serialization")
    responses["default"] = {
        "description": _text(ProblemReply),
        "content": {PROBLEM_TYPE: {"schema": problem}},
    }
    return responses


def _answers(route: Route) -> Iterator[tuple[int, str, object]]:
    declared = (
        (route.produces, route.replies),
        (JSON_TYPE, route.json_replies),
        (PROBLEM_TYPE, route.problems),
    )
    for media_type, replies in declared:
        for status, kind in (replies or {}).items():
            yield status, media_type, kind


def _text(kind: object) -> str:
    described = isinstance(kind, type) and kind.__module__ != "builtins"
    return cleandoc(kind.__doc__ or "") if described else ""
