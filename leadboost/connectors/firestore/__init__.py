"""Cloud Firestore over its REST interface (v1), as a service account: a copy of documents."""

from leadboost.connectors.firestore.access import FirestoreAccess
from leadboost.connectors.firestore.replica import FirestoreReplica

__all__ = ["FirestoreAccess", "FirestoreReplica"]
