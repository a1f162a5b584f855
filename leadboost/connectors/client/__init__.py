"""The one client policy: the only way out of the process for every connector.

Each request has a deadline and a size limit, leaves through the egress guard, keeps a gap between
requests to one host, and stops for a while when a host keeps failing. ``WebClient.get`` serves
sources: it follows redirects, retries a broken connection a few times within a budget, and raises
SourceError. ``WebClient.call`` serves everything that acts: one attempt of one WebRequest, the body of
errors too, and as a priority call no waiting of any kind. No error shows a query string or a secret.
Sources with a credential ask by ``call`` too, through ``asking``, and share ``RateBudget``, ``Refusals``
and ``reading``.
"""

from leadboost.connectors.client.answer import Hop, WebAnswer
from leadboost.connectors.client.backoff import Backoff
from leadboost.connectors.client.egress import EgressError, EgressGuard
from leadboost.connectors.client.exchange import WebRequest
from leadboost.connectors.client.rate_budget import RateBudget, header_number
from leadboost.connectors.client.refusal import Refusals
from leadboost.connectors.client.retry_after import parse_retry_after
from leadboost.connectors.client.web import CallError, ClientPolicy, WebClient

__all__ = [
    "Backoff",
    "CallError",
    "ClientPolicy",
    "EgressError",
    "EgressGuard",
    "Hop",
    "RateBudget",
    "Refusals",
    "WebAnswer",
    "WebClient",
    "WebRequest",
    "header_number",
    "parse_retry_after",
]
