"""Request bodies on the safety rules."""

from typing import Annotated

from pydantic import Field

from leadboost.console.bodies import Body
from leadboost.console.fields import Since
from leadboost.domain.rules.written import MAX_RULES, RuleBody


class RulesBody(Body):
    """The rules of the API, all of them; they go before those of the file of the same name."""

    rules: Annotated[list[RuleBody], Field(max_length=MAX_RULES)]


class PreviewBody(Body):
    """Which rules to judge; those in force where none are given."""

    rules: Annotated[list[RuleBody], Field(max_length=MAX_RULES)] | None = None


class ReplayBody(PreviewBody):
    """How far back to go, in days such as ``30d``, and how many days a firing is taken to hold."""

    since: Since = "30d"
    hold_days: Annotated[int, Field(ge=1, le=90)] = 7
