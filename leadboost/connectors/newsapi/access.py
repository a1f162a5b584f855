"""The key, and the calls that its plan allows."""

from collections.abc import Mapping

from leadboost.connectors.client import Refusals, WebAnswer, WebClient, WebRequest
from leadboost.connectors.client.allowance import Allowance
from leadboost.connectors.client.asking import ask

HALF_DAY_S = 43_200


class NewsApiAccess:
    """Shared by all searches of one key. ``allowance`` counts calls: the service announces no limit
    before it is reached. ``timeout_s`` bounds each call. The key travels in a header, never in an address.
    """

    def __init__(
        self, *, client: WebClient, base_url: str, api_key: str, allowance: Allowance, timeout_s: float = 20.0
    ) -> None:
        self.allowance = allowance
        self._client = client
        self._base_url = base_url
        self._api_key = api_key
        self._timeout_s = timeout_s

    async def get(self, path: str, params: Mapping[str, str], refusals: Refusals) -> WebAnswer:
        """Ask once, if the plan has a call left; any status is an answer. Raises SourceError."""
        await self.allowance.take(1, refusals, spent="has no calls left in this plan's half day")
        headers = {"X-Api-Key": self._api_key, "Accept": "application/json"}
        request = WebRequest(url=self._base_url + path, headers=headers, params=params)
        return await ask(self._client, request, refusals, timeout_s=self._timeout_s)
