"""What became of every look, equal looks in a row taken together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from leadboost.clock import Clock, Rng, uuid7
from leadboost.domain.halt import Scope
from leadboost.domain.rules.rule import Outcome, Rule, Verdict
from leadboost.ports import LookRun

WRITE_EVERY_S = 60.0

_Key = tuple[str, Scope, bool]


class Looks:
    """Runs of equal looks by rule and subject. A rule's clear subjects make up one run of its own scope."""

    def __init__(self, clock: Clock, rng: Rng) -> None:
        self._clock = clock
        self._rng = rng
        self._runs: dict[_Key, LookRun] = {}
        self._fresh: dict[_Key, LookRun] = {}
        self._all_due_at = 0.0

    def note(self, verdicts: Sequence[Verdict], at: datetime, *, whole: bool) -> None:
        """Take in a look; after a ``whole`` one, a run that it did not go on with is over."""
        seen = set()
        clear: dict[str, list[Rule]] = defaultdict(list)
        for each in verdicts:
            if each.outcome is Outcome.CLEAR:
                clear[each.rule.name].append(each.rule)
            else:
                seen.add(self._take(each, at))
        for rules in clear.values():
            detail = f"{len(rules)} looked at"
            seen.add(self._take(Verdict(rule=rules[0], outcome=Outcome.CLEAR, detail=detail), at))
        if whole:
            self._runs = {key: run for key, run in self._runs.items() if key in seen}

    def due(self) -> list[LookRun]:
        """What has to be written now: what is new, and once a minute how long the rest has been so."""
        now = self._clock.monotonic()
        if now >= self._all_due_at:
            self._all_due_at = now + WRITE_EVERY_S
            self._fresh |= self._runs
        due, self._fresh = list(self._fresh.values()), {}
        return due

    def not_written(self, runs: Sequence[LookRun]) -> None:
        """Writing failed; what has gone on since counts."""
        self._fresh = {_key(run): run for run in runs} | self._fresh

    def _take(self, verdict: Verdict, at: datetime) -> _Key:
        key = (verdict.rule.name, verdict.subject, verdict.outcome is Outcome.CLEAR)
        run = self._runs.get(key)
        if run is not None and (run.outcome, run.skip) == (verdict.outcome, verdict.skip):
            self._runs[key] = replace(run, until=at, times=run.times + 1, detail=verdict.detail)
            if key in self._fresh:
                self._fresh[key] = self._runs[key]
            return key
        self._fresh[key] = self._runs[key] = LookRun(
            id=uuid7(self._clock, self._rng),
            rule=verdict.rule.name,
            subject=verdict.subject,
            outcome=verdict.outcome,
            skip=verdict.skip,
            detail=verdict.detail,
            since=at,
            until=at,
            times=1,
        )
        return key


def _key(run: LookRun) -> _Key:
    return (run.rule, run.subject, run.outcome is Outcome.CLEAR)
