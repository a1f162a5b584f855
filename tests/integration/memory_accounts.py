"""Accounts in memory; keeps the same contract as the store on PostgreSQL, and can be taken away."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from leadboost.domain.account import MOST_LOGINS, Account, fold_name
from leadboost.domain.role import RoleName
from leadboost.errors import AccountExistsError, FirstLinkError, StoreUnavailableError
from leadboost.ports import NewLogin, StoredAccount, StoredLogin


@dataclass
class MemoryAccountStore:
    """``AccountStore`` without a database; ``away`` stands for an outage, ``calls`` counts."""

    accounts: dict[str, StoredAccount] = field(default_factory=dict)
    logins: dict[bytes, StoredLogin] = field(default_factory=dict)
    links: dict[bytes, bool] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    away: bool = False
    calls: list[str] = field(default_factory=list)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.away:
            raise StoreUnavailableError("the database cannot be reached")

    async def find(self, name: str) -> StoredAccount | None:
        self._call("find")
        folded = fold_name(name)
        return None if folded in self.disabled else self.accounts.get(folded)

    async def list_accounts(self) -> Sequence[Account]:
        self._call("list_accounts")
        return [stored.account for stored in self.accounts.values()]

    async def count_approvers(self) -> int:
        self._call("count_approvers")
        enabled = (stored.account for name, stored in self.accounts.items() if name not in self.disabled)
        return sum(each.role in (RoleName.approver, RoleName.admin) for each in enabled)

    async def create(self, account: Account, password_hash: str, *, by: str) -> None:
        self._call("create")
        self._insert(account, password_hash)

    def _insert(self, account: Account, password_hash: str | None) -> None:
        if fold_name(account.name) in self.accounts:
            raise AccountExistsError(account.name)
        self.accounts[fold_name(account.name)] = StoredAccount(account, password_hash)

    async def begin_login(self, account: Account, login: NewLogin) -> Account | None:
        self._call("begin_login")
        return self._begin(account, login)

    def _begin(self, account: Account, login: NewLogin) -> Account | None:
        folded = fold_name(account.name)
        if folded in self.disabled:
            return None
        entered = replace(account, last_login_at=login.created_at)
        stored = self.accounts[folded] = replace(self.accounts[folded], account=entered)
        if login.replaces is not None:
            self.logins.pop(login.replaces, None)
        self.logins[login.token_hash] = StoredLogin(
            account=entered,
            passwordless=stored.password_hash is None,
            last_seen_at=login.created_at,
            expires_at=login.expires_at,
        )
        self._end_oldest(account)
        return entered

    def _end_oldest(self, account: Account) -> None:
        own = [token for token, login in self.logins.items() if login.account.id == account.id]
        for token in sorted(own, key=lambda each: self.logins[each].expires_at)[:-MOST_LOGINS]:
            del self.logins[token]

    async def find_login(self, token_hash: bytes) -> StoredLogin | None:
        self._call("find_login")
        return self._login(token_hash)

    def _login(self, token_hash: bytes) -> StoredLogin | None:
        login = self.logins.get(token_hash)
        return None if login is None or fold_name(login.account.name) in self.disabled else login

    async def touch_login(self, token_hash: bytes, at: datetime) -> bool:
        self._call("touch_login")
        login = self._login(token_hash)
        if login is not None:
            self.logins[token_hash] = replace(login, last_seen_at=max(login.last_seen_at, at))
        return login is not None

    async def end_login(self, token_hash: bytes) -> bool:
        self._call("end_login")
        return self.logins.pop(token_hash, None) is not None

    async def renew_first_link(self, token_hash: bytes, *, always: bool) -> bool:
        self._call("renew_first_link")
        self.links = {link: used for link, used in self.links.items() if used}
        if not always and self._has_password():
            return False
        self.links[token_hash] = False
        return True

    def _has_password(self) -> bool:
        return any(stored.password_hash is not None for stored in self.accounts.values())

    async def check_first_link(self, token_hash: bytes) -> None:
        self._call("check_first_link")
        self._refuse_unless_open(token_hash)

    def _refuse_unless_open(self, token_hash: bytes) -> None:
        if self.links.get(token_hash, True):
            raise FirstLinkError(used=token_hash in self.links)

    async def redeem_first_link(
        self, token_hash: bytes, account: Account, password_hash: str | None, login: NewLogin
    ) -> Account:
        self._call("redeem_first_link")
        self._refuse_unless_open(token_hash)
        if password_hash is not None and self._has_password():
            raise FirstLinkError(used=True)
        known = self.accounts.get(fold_name(account.name))
        if password_hash is None and known is not None and known.password_hash is None:
            account = known.account
        else:
            self._insert(account, password_hash)
        self.links[token_hash] = True
        return self._begin(account, login) or account
