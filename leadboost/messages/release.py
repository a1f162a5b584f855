"""What Release, which ends halts, can be told."""

from dataclasses import dataclass
from uuid import UUID

from leadboost.runtime.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeApproved:
    """``approvals`` of ``needed`` are there; ``resumed`` when that was enough."""

    approvals: int
    needed: int
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveResume(Message[ResumeApproved]):
    """Approve the end of a halt; ``by`` is a person's subject.

    Enough approvals release it: campaigns that it paused, and no other, are enabled again. Raises
    HaltError (``not_found``, ``already_resumed``, ``still_at_floor``, ``cooling_off``), StoreError.
    """

    halt_id: UUID
    reason: str
    by: str
