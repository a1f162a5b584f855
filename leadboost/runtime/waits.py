"""The wait-for graph: which handler is blocked in an ask to which actor."""

from typing import TYPE_CHECKING

from leadboost.errors import AskCycleError

if TYPE_CHECKING:
    from leadboost.runtime.cell import Cell


def refuse_cycle(caller: "Cell", target: "Cell") -> None:
    """Raise AskCycleError if ``target`` already waits, directly or not, for ``caller``.

    Spawned work adds no edge: the handler of its actor is free meanwhile.
    """
    path = _path(target, caller, [])
    if path is not None:
        raise AskCycleError([caller.name, *(cell.name for cell in path)])


def _path(start: "Cell", goal: "Cell", seen: "list[Cell]") -> "list[Cell] | None":
    if start is goal:
        return [start]
    if start in seen:
        return None
    seen.append(start)
    for following in start.waits_for:
        rest = _path(following, goal, seen)
        if rest is not None:
            return [start, *rest]
    return None
