"""Accounts of people."""

from dataclasses import replace

from aiohttp import web

from leadboost.clock import uuid7
from leadboost.console.bodies import AccountBody
from leadboost.console.call import Call, answer, validate
from leadboost.console.replies import AccountCreated, AccountReply, AccountsReply, DryRun
from leadboost.domain.account import Account
from leadboost.domain.role import RoleName


async def list_accounts(call: Call) -> web.Response:
    """List every account."""
    accounts = await call.handles.accounts.list_accounts()
    return answer(AccountsReply([AccountReply.of(account) for account in accounts]))


async def create_account(call: Call) -> web.Response:
    """Create an account that signs in by name and password."""
    body = validate(AccountBody, await call.json())
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    account = new_account(call, body.name, RoleName(body.role))
    password_hash = await call.surroundings.passwords.hash(body.password)
    await call.handles.accounts.create(account, password_hash, by=call.principal.subject)
    return answer(replace(AccountCreated.of(account), trace_id=call.trace_id), 201)


def new_account(call: Call, name: str, role: RoleName) -> Account:
    """Make the record of an account that is created now."""
    clock = call.surroundings.clock
    return Account(id=uuid7(clock, call.surroundings.rng), name=name, role=role, created_at=clock.now())
