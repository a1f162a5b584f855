"""The client of a licence: its token, and the calls that a day has.

Grant ``client_credentials`` (RFC 6749, section 4.4); there is no refresh token, a new one is asked for.
"""

import json
from collections.abc import Mapping

from leadboost.clock import Clock
from leadboost.connectors.client import Refusals, WebAnswer, WebClient, WebRequest
from leadboost.connectors.client.allowance import Allowance
from leadboost.connectors.client.asking import ask, read_aside
from leadboost.connectors.client.token import Token, TokenKeeper, read_token, without_token

DAY_S = 86_400
FIELDS = (
    "id,video_description,create_time,region_code,share_count,view_count,like_count,comment_count,"
    "favorites_count,hashtag_names,username"
)


class ResearchAccess:
    """Shared by all searches of one licence. ``allowance`` counts calls by the day, UTC: TikTok announces
    no limit before it is reached. ``timeout_s`` bounds each call.
    """

    def __init__(
        self,
        *,
        client: WebClient,
        clock: Clock,
        base_url: str,
        client_key: str,
        client_secret: str,
        allowance: Allowance,
        timeout_s: float = 30.0,
    ) -> None:
        self.allowance = allowance
        self._client = client
        self._base_url = base_url
        self._client_key = client_key
        self._client_secret = client_secret
        self._timeout_s = timeout_s
        self._tokens = TokenKeeper(self._renew, clock=clock)

    async def sign_in(self, refusals: Refusals) -> None:
        """Get a token that is good. Raises SourceError, SourceGoneError."""
        await self._tokens.good(refusals)

    async def query(self, body: Mapping[str, object], refusals: Refusals) -> WebAnswer:
        """Ask with a token that is good; where it is refused, once more with a new one. Any status is an
        answer. Raises SourceError, SourceGoneError."""
        token = await self._tokens.good(refusals)
        answer = await self._query(body, token, refusals)
        if answer.status == 401:
            token = await self._tokens.good(refusals, refused=token)
            answer = await self._query(body, token, refusals)
        return answer

    async def _query(self, body: Mapping[str, object], token: Token, refusals: Refusals) -> WebAnswer:
        await self.allowance.take(1, refusals, spent="has no calls left today, tiktok_research.daily_calls")
        request = WebRequest(
            url=f"{self._base_url}/v2/research/video/query/",
            headers={"Authorization": f"Bearer {token.text}", "Accept": "application/json"},
            params={"fields": FIELDS},
            json=json.dumps(body).encode(),
        )
        return await ask(self._client, request, refusals, timeout_s=self._timeout_s)

    async def _renew(self, refusals: Refusals) -> Token:
        form = {
            "client_key": self._client_key,
            "client_secret": self._client_secret,
            "grant_type": "client_credentials",
        }
        request = WebRequest(url=f"{self._base_url}/v2/oauth/token/", form=form)
        answer = await ask(self._client, request, refusals, timeout_s=self._timeout_s)
        if answer.status >= 500 or answer.status == 429:
            raise refusals.of(answer)
        token = await read_aside(lambda: read_token(answer.body), refusals)
        if isinstance(token, str):
            raise without_token(token, refusals, cure="correct client_key and client_secret")
        return token
