"""The OAuth client: its token, and the rate limit that goes with it.

Grant ``client_credentials`` (RFC 6749, section 4.4); there is no refresh token, a new one is asked for.
"""

from base64 import b64encode
from collections.abc import Mapping

from leadboost.clock import Clock
from leadboost.connectors.client import RateBudget, Refusals, WebAnswer, WebClient, WebRequest, header_number
from leadboost.connectors.client.asking import ask, read_aside
from leadboost.connectors.client.token import Token, TokenKeeper, read_token, without_token


class RedditAccess:
    """Shared by all sources of one client id. ``timeout_s`` bounds each call.

    ``base_url`` is where the API answers, ``token_url`` where tokens are given out. ``user_agent`` follows
    Reddit's rule ``<platform>:<app id>:<version> (by /u/<username>)`` and goes with every call.
    """

    def __init__(
        self,
        *,
        client: WebClient,
        clock: Clock,
        base_url: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        user_agent: str,
        timeout_s: float = 20.0,
    ) -> None:
        self._client = client
        self._base_url = base_url
        self._token_url = token_url
        self._basic = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._user_agent = user_agent
        self._timeout_s = timeout_s
        self._budget = RateBudget(clock)
        self._tokens = TokenKeeper(self._ask_token, clock=clock)

    async def get(self, path: str, params: Mapping[str, str], refusals: Refusals) -> WebAnswer:
        """Ask with a token that is good; where it is refused, once more with a new one. Any status but a
        second 401 is an answer. Raises SourceError, SourceGoneError."""
        token = await self._tokens.good(refusals)
        answer = await self._get(path, params, token, refusals)
        if answer.status == 401:
            token = await self._tokens.good(refusals, refused=token)
            answer = await self._get(path, params, token, refusals)
        return answer

    async def _get(self, path: str, params: Mapping[str, str], token: Token, refusals: Refusals) -> WebAnswer:
        if wait_s := self._budget.take():
            raise refusals.busy("has no calls left in its rate limit", wait_s)
        headers = {
            "Authorization": f"bearer {token.text}",
            "User-Agent": self._user_agent,
            "Accept": "application/json",
        }
        request = WebRequest(url=self._base_url + path, headers=headers, params=params)
        answer = await ask(self._client, request, refusals, timeout_s=self._timeout_s)
        self._budget.learn(
            header_number(answer.headers, "X-Ratelimit-Remaining"),
            header_number(answer.headers, "X-Ratelimit-Reset"),
        )
        return answer

    async def _ask_token(self, refusals: Refusals) -> Token:
        request = WebRequest(
            url=self._token_url,
            headers={"Authorization": f"Basic {self._basic}", "User-Agent": self._user_agent},
            form={"grant_type": "client_credentials"},
        )
        answer = await ask(self._client, request, refusals, timeout_s=self._timeout_s)
        if not 200 <= answer.status < 300:
            raise refusals.of(answer)
        token = await read_aside(lambda: read_token(answer.body), refusals)
        if isinstance(token, str):
            raise without_token(token, refusals, cure="correct client_id and client_secret")
        return token
