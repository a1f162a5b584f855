"""The login of one account: its refresh token, which TikTok replaces, and the access tokens that it gives."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from leadboost.clock import Clock
from leadboost.connectors.client import Refusals, WebAnswer, WebClient, WebRequest
from leadboost.connectors.client.asking import ask, read_aside
from leadboost.connectors.client.token import Token, TokenKeeper, read_token, without_token
from leadboost.errors import StoreError
from leadboost.ports import Grant, GrantStore

STORE_AWAY_S = 60.0


@dataclass(frozen=True, slots=True)
class _Renewed:
    """A login that came in the place of the saved refresh token ``replaces``; None: nothing was saved."""

    grant: Grant
    replaces: str | None = field(repr=False)


class TikTokAccess:
    """``refresh_token`` is where it begins: each renewal may bring another one, which alone is good from
    then on and is saved under ``name`` before anything else is asked. Another token in the settings
    replaces what was saved. ``timeout_s`` bounds each call.

    A crash between TikTok's answer and the saving loses the login, and somebody has to log in again.
    """

    def __init__(
        self,
        *,
        name: str,
        client: WebClient,
        clock: Clock,
        grants: GrantStore,
        base_url: str,
        client_key: str,
        client_secret: str,
        refresh_token: str,
        timeout_s: float = 20.0,
    ) -> None:
        self._name = name
        self._client = client
        self._grants = grants
        self._base_url = base_url
        self._client_key = client_key
        self._client_secret = client_secret
        self._configured = Grant(
            refresh_token=refresh_token, origin=hashlib.sha256(refresh_token.encode()).hexdigest()
        )
        self._timeout_s = timeout_s
        self._tokens = TokenKeeper(self._renew, clock=clock)
        self._unsaved: _Renewed | None = None

    async def post(
        self, path: str, params: Mapping[str, str], body: Mapping[str, object], refusals: Refusals
    ) -> WebAnswer:
        """Ask with a token that is good; where it is refused, once more with a new one. Any status is an
        answer. Raises SourceError, SourceGoneError."""
        token = await self._tokens.good(refusals)
        answer = await self._post(path, params, body, token, refusals)
        if answer.status == 401:
            token = await self._tokens.good(refusals, refused=token)
            answer = await self._post(path, params, body, token, refusals)
        return answer

    async def _post(
        self,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, object],
        token: Token,
        refusals: Refusals,
    ) -> WebAnswer:
        request = WebRequest(
            url=self._base_url + path,
            headers={"Authorization": f"Bearer {token.text}", "Accept": "application/json"},
            params=params,
            json=json.dumps(body).encode(),
        )
        return await ask(self._client, request, refusals, timeout_s=self._timeout_s)

    async def _renew(self, refusals: Refusals) -> Token:
        saved = await self._saved_grant(refusals)
        grant = saved if saved and saved.origin == self._configured.origin else self._configured
        request = WebRequest(
            url=f"{self._base_url}/v2/oauth/token/",
            form={
                "client_key": self._client_key,
                "client_secret": self._client_secret,
                "grant_type": "refresh_token",
                "refresh_token": grant.refresh_token,
            },
        )
        answer = await ask(self._client, request, refusals, timeout_s=self._timeout_s)
        if answer.status >= 500 or answer.status == 429:
            raise refusals.of(answer)
        token = await read_aside(lambda: read_token(answer.body), refusals)
        if isinstance(token, str):
            raise without_token(token, refusals, cure="log in again and set its refresh_token")
        if token.refresh and token.refresh != grant.refresh_token:
            renewed = Grant(refresh_token=token.refresh, origin=grant.origin)
            await self._save(_Renewed(renewed, replaces=saved.refresh_token if saved else None), refusals)
        return token

    async def _saved_grant(self, refusals: Refusals) -> Grant | None:
        if self._unsaved is not None:
            await self._save(self._unsaved, refusals)
        try:
            return await self._grants.load(self._name)
        except StoreError as error:
            reason = f"is not asked, since its login cannot be read: {error}"
            raise refusals.broken(reason, STORE_AWAY_S) from error

    async def _save(self, renewed: _Renewed, refusals: Refusals) -> None:
        """What cannot be saved now is kept in mind, and saved before the next renewal, unless another host
        has renewed the login since."""
        self._unsaved = renewed
        try:
            await self._grants.save(self._name, renewed.grant, replaces=renewed.replaces)
        except StoreError as error:
            reason = f"is not asked, since its login cannot be saved: {error}"
            raise refusals.broken(reason, STORE_AWAY_S) from error
        self._unsaved = None
