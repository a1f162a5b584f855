"""TikTok's token endpoint, Display API and research API, as the contract says, with faults on order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web

from leadboost.clock import Clock
from leadboost.standins.api import FORM, JSON, ApiServer, Handler, Refusal

TOKEN_S = 7_200.0
DISPLAY_VIDEOS, RESEARCH_VIDEOS = 20, 100
LONGEST = timedelta(days=30)
FIRST_ID = 7_320_768_196_569_599_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One video; ``at`` is aware UTC, ``number`` makes the 19 digits of its id."""

    number: int
    text: str
    at: datetime
    user: str = "ana.mate"
    region: str = "AR"
    views: int = 5_210

    def as_display(self) -> dict[str, object]:
        """The video as its own account sees it."""
        return {
            "id": str(FIRST_ID + self.number),
            "title": self.text,
            "create_time": int(self.at.timestamp()),
            "share_url": f"https://www.tiktok.com/@{self.user}/video/{FIRST_ID + self.number}",
            "view_count": self.views,
            "like_count": 300,
            "comment_count": 21,
            "share_count": 4,
        }

    def as_research(self) -> dict[str, object]:
        """The video as a search finds it; ids are numbers there."""
        return {
            "id": FIRST_ID + self.number,
            "video_description": self.text,
            "create_time": int(self.at.timestamp()),
            "region_code": self.region,
            "share_count": 4,
            "view_count": self.views,
            "like_count": 300,
            "comment_count": 21,
            "hashtag_names": ["mate"],
            "username": self.user,
        }


class TikTokServer(ApiServer):
    """Serves ``videos``, newest first: all of them to the account that logged in with ``refresh_token``, by
    search to the client of a licence.

    Each renewal replaces the refresh token. Pages hold fewer videos than asked for and say so by
    ``has_more`` alone: ``page_videos`` at most. A search over more than ``most_days`` gives 500, and so
    many ``day_calls`` there are. So many ``lost_searches`` refuse a further page of a search.
    ``token_fault`` is the word for why no token is given.
    """

    def __init__(
        self,
        *,
        client_key: str,
        client_secret: str,
        clock: Clock,
        refresh_token: str = "",
        videos: Sequence[Video] = (),
        page_videos: int = 27,
        most_days: int = 30,
        day_calls: int = 1_000,
    ) -> None:
        self.videos = list(videos)
        self.refresh_token = refresh_token
        self.tokens = 0
        self.token_fault = ""
        self.lost_searches = 0
        self._credential = (client_key, client_secret)
        self._clock = clock
        self._page_videos = page_videos
        self._most_days = most_days
        self._calls_left = day_calls
        self._expires_at: dict[str, float] = {}
        super().__init__()

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [
            ("POST", "/v2/oauth/token/", self._token, False),
            ("POST", "/v2/video/list/", self._list, True),
            ("POST", "/v2/research/video/query/", self._query, True),
        ]

    def revoke(self) -> None:
        """End every access token."""
        self._expires_at.clear()

    def _token(self, request: web.Request) -> web.Response:
        form = request[FORM]
        if self.token_fault:
            return _flat(self.token_fault, "No token now.")
        if (form.get("client_key"), form.get("client_secret")) != self._credential:
            return _flat("invalid_client", "Client key or secret is incorrect.")
        fields: dict[str, object] = {}
        if form.get("grant_type") == "refresh_token":
            if not self.refresh_token or form.get("refresh_token") != self.refresh_token:
                return _flat("invalid_grant", "Refresh token is invalid or expired.")
            self.refresh_token = f"rft.{self.tokens + 1}"
            fields = {"refresh_token": self.refresh_token, "refresh_expires_in": 15_552_000}
        elif form.get("grant_type") != "client_credentials":
            return _flat("unsupported_grant_type", "Grant type is not supported.")
        self.tokens += 1
        token = f"clt.{form['grant_type'][:2]}{self.tokens}"
        self._expires_at[token] = self._clock.monotonic() + TOKEN_S
        return web.json_response(
            {"access_token": token, "expires_in": int(TOKEN_S), "token_type": "Bearer", **fields}
        )

    def _list(self, request: web.Request) -> web.Response:
        body = self._checked(request, "clt.re")
        most, cursor = _number(body, "max_count", 20, DISPLAY_VIDEOS), _number(body, "cursor", 0, 2**53)
        # The cursor is a time in milliseconds: what is older follows. Zero begins with the newest.
        found = [each for each in self.videos if not cursor or _milliseconds(each) < cursor]
        rows = found[: min(most, self._page_videos)]
        data = {
            "videos": [video.as_display() for video in rows],
            "cursor": _milliseconds(rows[-1]) if rows else cursor,
            "has_more": len(rows) < len(found),
        }
        return _ok(data)

    def _query(self, request: web.Request) -> web.Response:
        body = self._checked(request, "clt.cl")
        self._calls_left -= 1
        if self._calls_left < 0:
            raise _refusal(429, "daily_quota_limit_exceeded", "Daily quota is used up.")
        start, end = _day(body, "start_date"), _day(body, "end_date")
        if not timedelta() <= end - start <= LONGEST:
            raise _refusal(400, "invalid_params", "The dates are more than 30 days apart.")
        if (end - start).days > self._most_days:
            raise _refusal(500, "internal_error", "Something is wrong.")
        most, cursor = _number(body, "max_count", 20, RESEARCH_VIDEOS), _number(body, "cursor", 0, 10**6)
        search = f"{start:%Y%m%d}{end:%Y%m%d}"
        if cursor and (body.get("search_id") != search or self.lost_searches > 0):
            self.lost_searches -= 1
            raise _refusal(400, "invalid_params", f"Search Id {search} is invalid or expired")
        last = end + timedelta(days=1)
        found = [each for each in self.videos if start <= each.at < last and _matches(each, body)]
        rows = found[cursor : cursor + min(most, self._page_videos)]
        data = {
            "videos": [video.as_research() for video in rows],
            "cursor": cursor + len(rows),
            "has_more": cursor + len(rows) < len(found),
            "search_id": search,
        }
        return _ok(data)

    def _checked(self, request: web.Request, kind: str) -> Mapping[str, object]:
        """Return the body of a call that may be made."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token.startswith("clt.") or self._clock.monotonic() >= self._expires_at.get(token, 0.0):
            raise _refusal(401, "access_token_invalid", "The access token is invalid or not found.")
        if not token.startswith(kind):
            raise _refusal(401, "scope_not_authorized", "The user did not authorize the scope.")
        body = request[JSON]
        if not isinstance(body, dict) or not request.query.get("fields"):
            raise _refusal(400, "invalid_params", "A JSON body and fields are required.")
        return body


def _milliseconds(video: Video) -> int:
    return int(video.at.timestamp() * 1000)


def _number(body: Mapping[str, object], name: str, default: int, most: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise _refusal(400, "invalid_params", "Invalid count or cursor")
    return value


def _day(body: Mapping[str, object], name: str) -> datetime:
    try:
        return datetime.strptime(str(body.get(name)), "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        raise _refusal(400, "invalid_params", f"{name} must be YYYYMMDD") from None


def _matches(video: Video, body: Mapping[str, object]) -> bool:
    query = body.get("query")
    conditions = query.get("and") if isinstance(query, dict) else None
    if not conditions:
        raise _refusal(400, "invalid_params", "query needs at least one non-empty list")
    return all(_holds(video, condition) for condition in conditions)


def _holds(video: Video, condition: Mapping[str, object]) -> bool:
    values = condition["field_values"]
    if not isinstance(values, list) or (condition["operation"] == "EQ" and len(values) != 1):
        raise _refusal(400, "invalid_params", "EQ takes one value; use IN")
    if condition["field_name"] == "region_code":
        return video.region in values
    return any(str(value).lower() in video.text.lower() for value in values)


def _ok(data: Mapping[str, object]) -> web.Response:
    return web.json_response({"data": data, "error": {"code": "ok", "message": "", "log_id": "20261120A"}})


def _flat(error: str, description: str) -> web.Response:
    """A refused token comes with HTTP 200."""
    return web.json_response({"error": error, "error_description": description, "log_id": "20261120A"})


def _refusal(status: int, code: str, message: str) -> Refusal:
    error = {"code": code, "message": message, "log_id": "20261120A"}
    return Refusal(web.json_response({"data": {}, "error": error}, status=status))
