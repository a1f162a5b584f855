"""Cloud Firestore's REST interface on loopback, as the contract says, with faults on order."""

from leadboost.standins.firestore.access import AccountKey
from leadboost.standins.firestore.server import FirestoreServer

__all__ = ["AccountKey", "FirestoreServer"]
