"""The rules in force: built in, of the file, and of the API; a later one of a name replaces an earlier."""

from collections.abc import Sequence

import structlog

from leadboost.domain.rules.rule import Mode, Rule
from leadboost.domain.rules.written import joined
from leadboost.errors import ConfigError
from leadboost.ports import RuleFile, RuleStore

_log = structlog.get_logger(__name__)


class RuleBook:
    """A file that cannot be used leaves the rules that it held before in force; ``problem`` says why."""

    def __init__(self, file: RuleFile, store: RuleStore) -> None:
        self._file = file
        self._store = store
        self._of_file: Sequence[Rule] | None = None
        self._of_api: Sequence[Rule] = ()
        self.problem: str | None = None

    @property
    def rules(self) -> list[Rule]:
        """All of them, also those that are off."""
        return joined(self._of_file or (), self._of_api)

    @property
    def active(self) -> list[Rule]:
        """Those that are looked at."""
        return [rule for rule in self.rules if rule.mode is not Mode.OFF]

    @property
    def is_whole(self) -> bool:
        """Whether what the file says, or said before its last change, is in force."""
        return self._of_file is not None

    async def refresh(self) -> None:
        """Take over what has changed. Raises StoreError, after the file was looked at."""
        await self._reread()
        self._of_api = await self._store.rules()

    async def replace(self, rules: Sequence[Rule], by: str) -> None:
        """Set the rules of the API. Raises StoreError."""
        await self._store.replace(rules, by=by)
        self._of_api = tuple(rules)

    async def _reread(self) -> None:
        is_first = self._of_file is None and self.problem is None
        try:
            found = await self._file.read()
        except ConfigError as error:
            if self.problem != str(error):
                self.problem = str(error)
                _log.error("rules file not usable", problem=self.problem)
                await self._note(is_first, ())
            return
        if found is not None:
            self._of_file, self.problem = found, None
            _log.info("rules file read", rules=len(found))
            await self._note(is_first, found)

    async def _note(self, is_first: bool, rules: Sequence[Rule]) -> None:
        if not is_first:
            await self._store.note_reload(rules, self.problem)
