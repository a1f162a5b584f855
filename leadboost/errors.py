"""The error tree. Every error carries its facts as fields and builds its text from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class LeadBoostError(Exception):
    """Root of every error raised on purpose.

    ``code`` is the stable machine-readable name used in problem+json answers and exit messages.
    """

    code: ClassVar[str] = "internal"


# -- actors ---------------------------------------------------------------------------------------


class ActorError(LeadBoostError):
    """Root of the runtime's errors."""

    code = "actor_error"


class MailboxFullError(ActorError):
    """The command lane of an actor is at its bound; try again later."""

    code = "overloaded"

    def __init__(self, actor: str) -> None:
        super().__init__(f"mailbox of {actor} is full")
        self.actor = actor


class AskTimeoutError(ActorError):
    """No reply came before the deadline of an ask."""

    code = "timeout"

    def __init__(self, actor: str, message: str) -> None:
        super().__init__(f"{actor} did not answer {message} before its deadline")
        self.actor = actor
        self.message = message


class AskCycleError(ActorError):
    """The ask would have closed a circle of actors waiting for each other; ``path`` shows it."""

    code = "ask_cycle"

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__("ask refused, it closes a cycle: " + " > ".join(path))
        self.path = tuple(path)


class ActorStoppedError(ActorError):
    """The actor is stopped, or stopped before it could answer."""

    code = "stopped"

    def __init__(self, actor: str) -> None:
        super().__init__(f"{actor} is stopped")
        self.actor = actor


class UnexpectedMessageError(ActorError):
    """The actor's class does not list this type of message."""

    code = "unexpected_message"

    def __init__(self, actor: str, message: str) -> None:
        super().__init__(f"{actor} does not accept {message}")
        self.actor = actor
        self.message = message


class WorkLimitError(ActorError):
    """The actor already has its full number of spawned work items under way."""

    code = "overloaded"

    def __init__(self, actor: str, limit: int) -> None:
        super().__init__(f"{actor} already has {limit} pieces of work under way")
        self.actor = actor
        self.limit = limit


class StageTimeoutError(ActorError):
    """A start stage overran its budget; ``late`` names what was still busy."""

    code = "stage_timeout"

    def __init__(self, stage: str, budget_s: float, late: Sequence[str]) -> None:
        super().__init__(f"stage {stage} overran its {budget_s:g} s; late: {', '.join(late) or stage}")
        self.stage = stage
        self.budget_s = budget_s
        self.late = tuple(late)


# -- configuration and input ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in a configuration: dotted key, offending value, what would be allowed."""

    key: str
    value: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.key} = {self.value}: {self.allowed}"


class ConfigError(LeadBoostError):
    """The configuration has faults; ``problems`` lists all of them."""

    code = "bad_config"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


class InputError(LeadBoostError):
    """A value from outside is not acceptable; ``field`` names it and ``reason`` says what to do."""

    code = "invalid_input"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


# -- store ----------------------------------------------------------------------------------------


class StoreError(LeadBoostError):
    """Root of what the database layer raises."""

    code = "store_error"


class StoreUnavailableError(StoreError):
    """The database cannot be reached, or did not answer in time; nothing was written."""

    code = "store_unavailable"


class StoreDataError(StoreError):
    """The database refused a value (NUL, overflow, wrong type, violated check)."""

    code = "invalid_data"


class StoreConflictError(StoreError):
    """A unique or serialization conflict; the transaction was rolled back and may be retried."""

    code = "conflict"


class OutcomeUnknownError(StoreError):
    """The connection failed during COMMIT: the write may or may not stand. Ask again, same key."""

    code = "outcome_unknown"


class MigrationError(StoreError):
    """The schema cannot be brought to this version; the text says why and the way out."""

    code = "migration"


class LeaseLostError(StoreError):
    """This host no longer holds the lease of that name; a guarded write was refused."""

    code = "lease_lost"

    def __init__(self, name: str) -> None:
        super().__init__(f"lease {name} is held by someone else")
        self.name = name


class AccountExistsError(StoreError):
    """An account of that name exists already."""

    code = "account_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"an account named {name} exists already; choose another name")
        self.name = name


class FirstLinkError(StoreError):
    """No such first link is open: it was ``used``, or there was never one, or a newer one replaced it."""

    code = "unauthorized"

    def __init__(self, *, used: bool) -> None:
        super().__init__("this link was used already" if used else "this link is not valid, or not any more")
        self.used = used


class AuthorKeyError(StoreError):
    """The database knows authors by another key than this host."""

    code = "author_key"

    def __init__(self) -> None:
        super().__init__(
            "this database knows authors by another key: copy author.key from the data folder of the host "
            "that ran first, or set the same radar.author_key on every host; where the key is lost, set "
            "radar.replace_author_key = true once, and nobody heard or erased before is told again"
        )


class EmbeddedServerError(StoreError):
    """The embedded PostgreSQL cannot start; the text says why and the way out."""

    code = "embedded_server"


# -- mirror ----------------------------------------------------------------------------------------


class MirrorError(LeadBoostError):
    """Redis did not do what it was asked, or it is not known whether it did: do without it."""

    code = "mirror_unavailable"


# -- outside sources and the model ----------------------------------------------------------------


class SourceError(LeadBoostError):
    """A source could not be read. ``retry_after_s`` is the earliest sensible next try, in seconds."""

    code = "source_error"

    def __init__(self, source: str, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason
        self.retry_after_s = retry_after_s


class SourceGoneError(SourceError):
    """The source says that it is gone for good or refuses us; polling stops until someone looks."""

    code = "source_gone"


class ArtefactError(LeadBoostError):
    """A stored model artefact is damaged, foreign or of another feature version."""

    code = "bad_artefact"


# -- copies elsewhere -----------------------------------------------------------------------------


class ReplicaError(LeadBoostError):
    """Nothing could be written to a copy elsewhere.

    ``lasting``: nothing will change until somebody does what the reason says. Otherwise it is worth
    another try, after ``retry_after_s`` seconds where the service says so.
    """

    code = "replica"

    def __init__(
        self, replica: str, reason: str, *, lasting: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{replica}: {reason}")
        self.replica = replica
        self.reason = reason
        self.lasting = lasting
        self.retry_after_s = retry_after_s


class AlertChannelError(LeadBoostError):
    """An alert did not go out.

    ``kind``: ``passing`` is worth another try, after ``retry_after_s`` seconds where the service says so;
    ``lasting`` will go on until somebody does what the reason says; ``refused`` is about this notice alone.
    """

    code = "alert_channel"

    def __init__(
        self, channel: str, reason: str, *, kind: str = "passing", retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{channel}: {reason}")
        self.channel = channel
        self.reason = reason
        self.kind = kind
        self.retry_after_s = retry_after_s


class UnknownChannelError(LeadBoostError):
    """No channel of this name is enabled."""

    code = "not_found"


# -- ad platforms and halts -----------------------------------------------------------------------


class ModelBusyError(LeadBoostError):
    """Learning held the model for as long as the asker could wait; nothing was changed."""

    code = "model_busy"


class FittingError(LeadBoostError):
    """The worker process could not fit the model."""

    code = "fitting"


class AdPlatformError(LeadBoostError):
    """A call to an ad platform did not succeed.

    ``kind``: ``unknown`` (it may have taken effect: read back, or send the same absolute state again),
    ``busy`` (come back after ``retry_after_s`` seconds, where the platform says so), ``refused`` (wrong
    in itself), ``auth`` (the credential is dead or lacks a permission).
    """

    code = "ad_platform"

    def __init__(self, platform: str, kind: str, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{platform}: {reason}")
        self.platform = platform
        self.kind = kind
        self.reason = reason
        self.retry_after_s = retry_after_s


class GateClosedError(LeadBoostError):
    """Nothing that raises spend may leave now; the text says why.

    ``halted`` is False where only a proof is missing, which may come by itself.
    """

    code = "gate_closed"

    def __init__(self, reason: str, *, halted: bool) -> None:
        super().__init__(reason)
        self.halted = halted


class HaltLogError(LeadBoostError):
    """The local halt log cannot be read or written; the text says why and the way out.

    ``damaged``: it was read, and what is there is no halt log; what it held is lost.
    """

    code = "halt_log"

    def __init__(self, reason: str, *, damaged: bool = False) -> None:
        super().__init__(reason)
        self.damaged = damaged


class HaltError(LeadBoostError):
    """A halt cannot be resumed so; ``halt_code`` says why and the text what to do."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.halt_code = code
