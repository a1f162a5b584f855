"""Signing in and out by cookie, and the single-use link that lets the first person in."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from leadboost.console.api_accounts import new_account
from leadboost.console.auth import Role
from leadboost.console.bodies import FirstBody, SignInBody
from leadboost.console.call import Call, answer, problem_response, validate
from leadboost.console.logins import hash_of
from leadboost.console.origins import LOGIN_COOKIE
from leadboost.console.problems import CHALLENGE, Fault, ProblemError, internal_error, invalid, problem_of
from leadboost.console.replies import SessionReply, SignedOut
from leadboost.domain.account import DEMO_NAME, Account, fold_name
from leadboost.domain.role import RoleName
from leadboost.errors import FirstLinkError, StoreError
from leadboost.ports import NewLogin

_log = structlog.get_logger(__name__)

BODY_BYTES: Final = 16 * 1024
_LINK_KEY: Final = "\x00first link"  # no name holds NUL


async def get_session(call: Call) -> web.Response:
    """Tell who calls."""
    surroundings, principal = call.surroundings, call.principal
    expires_at = surroundings.logins.expires_at(principal.login)
    return answer(SessionReply(principal.subject, str(principal.role), surroundings.demo, expires_at))


async def sign_in(call: Call) -> web.Response:
    """Sign in by name and password; a login that the cookie opened before ends."""
    call.surroundings.origins.check(call.request)
    body = validate(SignInBody, await call.json())
    name = fold_name(body.name)
    device = call.surroundings.devices.known(call.request, name)
    with call.surroundings.sign_ins.counted(name, call.request.remote, device):
        account = await _authenticate(call, body)
        return await _enter(call, lambda login: _begin(call, account, login))


async def _authenticate(call: Call, body: SignInBody) -> Account:
    stored = await call.handles.accounts.find(body.name)
    password_hash = None if stored is None else stored.password_hash
    if not await call.surroundings.passwords.matches(password_hash, body.password) or stored is None:
        # A name that is not known may be a password in the wrong field.
        name = None if stored is None else stored.account.name
        _log.warning("sign-in refused", account=name, peer=call.request.remote)
        raise _refused("The name or the password is wrong.")
    return stored.account


async def _begin(call: Call, account: Account, login: NewLogin) -> Account:
    entered = await call.handles.accounts.begin_login(account, login)
    if entered is None:
        raise _refused("The name or the password is wrong.")
    return entered


async def sign_in_first(call: Call) -> web.Response:
    """Use the printed link: in the demo profile it signs in, otherwise it creates the first account."""
    call.surroundings.origins.check(call.request)
    body = validate(FirstBody, await call.json())
    link = hash_of(body.token)
    with call.surroundings.sign_ins.counted(_LINK_KEY + str(call.request.remote), call.request.remote):
        try:
            await call.handles.accounts.check_first_link(link)
            return await _redeem(call, body, link)
        except FirstLinkError as error:
            raise _refused(f"{error}.", "first_link_used" if error.used else "unauthorized") from None


async def _redeem(call: Call, body: FirstBody, link: bytes) -> web.Response:
    if call.surroundings.demo:
        account, password_hash = new_account(call, DEMO_NAME, RoleName.admin), None
    else:
        if body.name is None or body.password is None:
            missing = [name for name in ("name", "password") if getattr(body, name) is None]
            raise invalid([Fault(name, "is required for the first account") for name in missing])
        account = new_account(call, body.name, RoleName.admin)
        password_hash = await call.surroundings.passwords.hash(body.password)
    redeem = call.handles.accounts.redeem_first_link
    return await _enter(call, lambda login: redeem(link, account, password_hash, login))


async def _enter(call: Call, store: Callable[[NewLogin], Awaitable[Account]]) -> web.Response:
    """Begin a login under a token that is new, whatever the cookie said before."""
    origins, logins = call.surroundings.origins, call.surroundings.logins
    token, login = logins.draw(replaces=origins.token_of(call.request))
    account = await store(login)
    logins.remember(login, account)
    role = Role.parse(account.role)
    response = answer(SessionReply(account.name, str(role), call.surroundings.demo, login.expires_at))
    life_s = int((login.expires_at - login.created_at).total_seconds())
    origins.give(call.request, response, LOGIN_COOKIE, token, life_s)
    call.surroundings.devices.give(call.request, response, fold_name(account.name))
    return response


async def sign_out(call: Call) -> web.Response:
    """End the login that the cookie opened, and close its sockets.

    The browser loses its cookie whatever the answer: while the database is away that is 503, and the
    login that has ended here is deleted there once it is back.
    """
    origins = call.surroundings.origins
    origins.check(call.request)
    token = origins.token_of(call.request)
    try:
        if token is not None:
            await call.surroundings.logins.end(token)
        response = answer(SignedOut(call.trace_id))
    except (StoreError, ProblemError) as error:
        response = problem_response(problem_of(error) or internal_error(), call.trace_id)
    origins.give(call.request, response, LOGIN_COOKIE, "", 0)
    return response


def _refused(detail: str, code: str = "unauthorized") -> ProblemError:
    return ProblemError(401, code, detail[0].upper() + detail[1:], headers=CHALLENGE)
