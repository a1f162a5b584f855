"""The service account: its token, and requests that carry it.

Grant ``jwt-bearer`` (RFC 7523, section 2.1): a request signed with the account's key brings a token that
is good for an hour; there is no refresh token, a new one is asked for.
"""

import asyncio
from functools import partial
from pathlib import Path

import jwt

from leadboost.clock import Clock
from leadboost.connectors.client import CallError, WebAnswer, WebClient, WebRequest
from leadboost.connectors.client.aside import run_aside
from leadboost.connectors.client.reading import AnswerError
from leadboost.connectors.firestore.fault import KEY_FILE, busy, fault_of_call, fault_of_token, lasting
from leadboost.connectors.firestore.key_file import AccountKey, KeyFileError, read_key_file
from leadboost.connectors.firestore.parse import Token, read_token

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/datastore"
EARLY_S = 300.0
ASSERTED_S = 3_600
READ_S = 10.0


class FirestoreAccess:
    """Requests of one service account; ``timeout_s`` bounds each call.

    The key file is read at the first request, and again after the account was refused, so that a new one
    takes effect by itself.
    """

    def __init__(
        self,
        *,
        client: WebClient,
        clock: Clock,
        base_url: str,
        credentials_file: Path,
        timeout_s: float = 20.0,
    ) -> None:
        self._client = client
        self._clock = clock
        self._root = f"{base_url.rstrip('/')}/v1"
        self._file = credentials_file
        self._timeout_s = timeout_s
        self._key: AccountKey | None = None
        self._token: Token | None = None
        self._expires_at = 0.0
        self._renewing = asyncio.Lock()

    async def post(self, path: str, body: bytes) -> WebAnswer:
        """Post JSON with a token that is good; where it is refused, once more with a new one. Any status is
        an answer. Raises ReplicaError."""
        token = await self._good_token()
        answer = await self._post(path, body, token)
        if answer.status == 401:
            answer = await self._post(path, body, await self._good_token(refused=token))
            if answer.status == 401:
                self._forget()
        return answer

    async def _post(self, path: str, body: bytes, token: Token) -> WebAnswer:
        headers = {"Authorization": f"Bearer {token.text}", "Accept": "application/json"}
        request = WebRequest(url=f"{self._root}/{path}", headers=headers, json=body)
        return await self._call(request, "connectors.firestore.base_url")

    async def _call(self, request: WebRequest, setting: str) -> WebAnswer:
        try:
            return await self._client.call(request, deadline_s=self._timeout_s)
        except CallError as error:
            raise fault_of_call(error, setting) from None

    async def _good_token(self, refused: Token | None = None) -> Token:
        """One request brings the token for all who wait."""
        async with self._renewing:
            token = self._token
            if token is None or token is refused or self._clock.monotonic() >= self._expires_at:
                token = self._token = await self._ask_token()
                self._expires_at = self._clock.monotonic() + token.expires_in_s - EARLY_S
            return token

    async def _ask_token(self) -> Token:
        key = await self._read_key()
        form = {"grant_type": GRANT, "assertion": self._assertion(key)}
        answer = await self._call(WebRequest(url=key.token_uri, form=form), f"the token_uri in {KEY_FILE}")
        if not 200 <= answer.status < 300:
            error = fault_of_token(answer, now=self._clock.now())
            if error.lasting:
                self._forget()
            raise error
        try:
            return read_token(answer.body)
        except AnswerError as error:
            raise busy(f"answered something else than a token: {error}") from None

    async def _read_key(self) -> AccountKey:
        if self._key is None:
            try:
                async with asyncio.timeout(READ_S):
                    self._key = await run_aside(partial(read_key_file, self._file))
            except TimeoutError:
                raise lasting(f"{KEY_FILE} cannot be read within {READ_S:g} s") from None
            except KeyFileError as error:
                raise lasting(f"{KEY_FILE} {error}") from None
        return self._key

    def _forget(self) -> None:
        self._key = self._token = None

    def _assertion(self, key: AccountKey) -> str:
        now = int(self._clock.now().timestamp())
        claims = {"iss": key.email, "scope": SCOPE, "aud": key.token_uri, "iat": now, "exp": now + ASSERTED_S}
        return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.id})
