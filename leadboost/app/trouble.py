"""What keeps the daemon from running, and whether it may pass by itself."""

from leadboost.errors import LeadBoostError, MigrationError, StageTimeoutError, StoreError
from leadboost.runtime.system import Failed


class FaultyConfigurationError(LeadBoostError):
    """The configuration has faults; they are told one by one."""

    code = "bad_config"


class EscalatedError(LeadBoostError):
    """A critical component was given up."""

    code = "escalated"

    def __init__(self, failed: Failed) -> None:
        super().__init__(f"{failed.name} failed for good: {failed.error}; the log says more")
        self.cause = failed.error


def may_heal(trouble: BaseException) -> bool:
    if isinstance(trouble, EscalatedError):
        return may_heal(trouble.cause)
    if isinstance(trouble, MigrationError):
        return False
    return isinstance(trouble, StoreError | StageTimeoutError)
