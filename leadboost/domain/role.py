"""The names of the roles."""

from enum import StrEnum


class RoleName(StrEnum):
    """What a token's bearer may do; each may do all that one before it may."""

    viewer = "viewer"
    operator = "operator"
    approver = "approver"
    admin = "admin"
