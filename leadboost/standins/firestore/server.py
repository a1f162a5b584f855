"""The server: documents of one database of one project, for one service account."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import cast

from aiohttp import web

from leadboost.clock import Clock
from leadboost.standins.api import JSON, ApiServer, Handler
from leadboost.standins.firestore.access import AccountKey, TokenOffice
from leadboost.standins.firestore.documents import Document, Documents, Write
from leadboost.standins.firestore.query import run_query
from leadboost.standins.firestore.status import INVALID, NOT_FOUND, StatusError
from leadboost.standins.firestore.values import Value, stamp

WRITES = 500
REQUEST_BYTES = 10 * 1024**2
PAGE = 300
_STREAMS = frozenset({"batchGet", "runQuery"})


class FirestoreServer(ApiServer):
    """Holds ``documents``. The token endpoint is ``token_uri``; ``tokens`` gives them out and ends them.

    ``item_codes`` are used up one a batchWrite: gRPC code by place; the writes at these places are not
    done. ``faults`` hit whole requests to the database.
    """

    def __init__(
        self, *, key: AccountKey, clock: Clock, project: str = "shop-project", database: str = "(default)"
    ) -> None:
        self.root = f"projects/{project}/databases/{database}/documents/"
        self.documents = Documents(self.root, clock)
        self.tokens = TokenOffice(key, clock)
        self.item_codes: deque[Mapping[int, int]] = deque()
        super().__init__()

    @property
    def token_uri(self) -> str:
        """Where tokens are asked for; a key file names it."""
        return f"{self.url}/token"

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [
            ("POST", "/token", self._token, False),
            ("GET", "/v1/{name:.*}", self._checked(self._get), True),
            ("POST", "/v1/{name:.*}", self._checked(self._post), True),
            ("PATCH", "/v1/{name:.*}", self._checked(self._patch), True),
            ("DELETE", "/v1/{name:.*}", self._checked(self._delete), True),
        ]

    def collection(self, path: str) -> dict[str, Mapping[str, Value]]:
        """Fields by id of the documents directly in a collection."""
        place = f"{self.root}{path}/"
        return {
            name[len(place) :]: document.fields
            for name, document in self.documents.held.items()
            if name.startswith(place) and "/" not in name[len(place) :]
        }

    def _token(self, request: web.Request) -> web.Response:
        return self.tokens.give(request)

    def _checked(self, handle: Callable[[web.Request, str], web.Response]) -> Handler:
        def checked(request: web.Request) -> web.Response:
            name = request.match_info["name"]
            try:
                self.tokens.check(request)
                if not f"{name.partition(':')[0]}/".startswith(self.root):
                    raise StatusError(NOT_FOUND, "The database does not exist for this project.")
                return handle(request, name)
            except StatusError as error:
                return error.answer(in_array=name.rpartition(":")[2] in _STREAMS)

        return checked

    # -- single documents -------------------------------------------------------------------------

    def _get(self, request: web.Request, name: str) -> web.Response:
        if _is_document(name.removeprefix(self.root)):
            return web.json_response(self._found(name).as_json())
        place = f"{name}/"
        names = sorted(each for each in self.documents.held if each.startswith(place))
        start = request.query.get("pageToken", "")
        rows = [each for each in names if each > start]
        size = min(int(request.query.get("pageSize", PAGE)), PAGE)
        page = {"documents": [self.documents.held[each].as_json() for each in rows[:size]]}
        return web.json_response(page | ({"nextPageToken": rows[size - 1]} if len(rows) > size else {}))

    def _patch(self, request: web.Request, name: str) -> web.Response:
        update = {"name": name, "fields": _body(request).get("fields", {})}
        write: dict[str, object] = {"update": update}
        if paths := request.query.getall("updateMask.fieldPaths", []):
            write["updateMask"] = {"fieldPaths": paths}
        if exists := request.query.get("currentDocument.exists"):
            write["currentDocument"] = {"exists": exists == "true"}
        self._write(write)
        return web.json_response(self._found(name).as_json())

    def _delete(self, _: web.Request, name: str) -> web.Response:
        self._write({"delete": name})
        return web.json_response({})

    def _create(self, request: web.Request, collection: str) -> web.Response:
        name = f"{collection}/{request.query.get('documentId', f'drawn-{len(self.documents.held)}')}"
        update = {"name": name, "fields": _body(request).get("fields", {})}
        self._write({"update": update, "currentDocument": {"exists": False}})
        return web.json_response(self._found(name).as_json())

    def _write(self, write: Mapping[str, object]) -> None:
        self.documents.commit([self.documents.read(write)])

    def _found(self, name: str) -> Document:
        found = self.documents.held.get(name)
        if found is None:
            raise StatusError(NOT_FOUND, f'Document "{name}" not found.')
        return found

    # -- many documents ---------------------------------------------------------------------------

    def _post(self, request: web.Request, name: str) -> web.Response:
        path, _, verb = name.rpartition(":")
        if (request.content_length or 0) > REQUEST_BYTES:
            raise StatusError(INVALID, "Request payload size exceeds the limit: 10485760 bytes.")
        match verb:
            case "commit":
                return self._commit(request)
            case "batchWrite":
                return self._batch_write(request)
            case "batchGet":
                return self._batch_get(request)
            case "runQuery":
                return self._run_query(request, path)
        return self._create(request, name)

    def _commit(self, request: web.Request) -> web.Response:
        results = self.documents.commit(self._writes(request))
        return web.json_response({"writeResults": results, "commitTime": stamp(self.documents.now())})

    def _batch_write(self, request: web.Request) -> web.Response:
        writes = self._writes(request)
        if len(writes) > WRITES:
            raise StatusError(INVALID, f"cannot write more than {WRITES} entities in a single call")
        if len({each.name for each in writes}) < len(writes):
            raise StatusError(INVALID, "a document stands in one batchWrite more than once")
        codes = self.item_codes.popleft() if self.item_codes else {}
        results: list[dict[str, object]] = []
        statuses: list[dict[str, object]] = []
        for place, write in enumerate(writes):
            try:
                if place in codes:
                    raise StatusError(codes[place], "told to fail")
                results.append(self.documents.apply(write, self.documents.now()))
                statuses.append({})
            except StatusError as error:
                results.append({})
                statuses.append(error.as_item())
        return web.json_response({"writeResults": results, "status": statuses})

    def _writes(self, request: web.Request) -> list[Write]:
        writes = _body(request).get("writes")
        if not isinstance(writes, list):
            raise StatusError(INVALID, "writes must be a list")
        return [self.documents.read(each) for each in writes]

    def _batch_get(self, request: web.Request) -> web.Response:
        names = cast(list[str], _body(request).get("documents") or [])
        at = stamp(self.documents.now())
        found = [
            {"found": self.documents.held[name].as_json()}
            if name in self.documents.held
            else {"missing": name}
            for name in names
        ]
        return web.json_response([each | {"readTime": at} for each in found])

    def _run_query(self, request: web.Request, parent: str) -> web.Response:
        query = _body(request).get("structuredQuery")
        found = run_query(query, f"{parent}/", self.documents.held.values())
        at = stamp(self.documents.now())
        rows: list[dict[str, object]] = [{"document": each.as_json(), "readTime": at} for each in found]
        return web.json_response(rows or [{"readTime": at}])


def _body(request: web.Request) -> Mapping[str, object]:
    body = request[JSON]
    if not isinstance(body, dict):
        raise StatusError(INVALID, "Invalid JSON payload received.")
    return body


def _is_document(path: str) -> bool:
    return path.count("/") % 2 == 1
