"""The one client policy: the only way out of the process for every connector.

Each request has a deadline and a size limit, leaves through the egress guard, keeps a gap between
requests to one host, retries a broken connection a few times within a budget, and stops for a
while when a host keeps failing. Errors come out as SourceError, without query strings or secrets.
"""

from leadboost.connectors.client.answer import Hop, WebAnswer
from leadboost.connectors.client.backoff import Backoff
from leadboost.connectors.client.egress import EgressError, EgressGuard
from leadboost.connectors.client.retry_after import parse_retry_after
from leadboost.connectors.client.web import ClientPolicy, WebClient

__all__ = [
    "Backoff",
    "ClientPolicy",
    "EgressError",
    "EgressGuard",
    "Hop",
    "WebAnswer",
    "WebClient",
    "parse_retry_after",
]
