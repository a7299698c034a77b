"""Three kinds of people do anything in any order, and each sees and changes what is theirs.

The model knows whose each domain is, and nothing else: whoever it does not know of is refused with
NotFound, and nothing moves.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.mail import truth
from tests.mail.stage import catch_all, domain_of, everything, find, install, make, save
from webmailadmin import database
from webmailadmin import settings as our_settings
from webmailadmin.mail import (
    accounts,
    addresses,
    domains,
    leading,
    mailboxes,
    owners,
    recycle_bin,
    removal,
    renaming,
    routing,
    sessions,
    trials,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.models import Account, Mailbox, Removed

DOMAINS = ("one.example", "two.example", "three.example")
OWNERS = ("bruno", "chloe")
HOLDERS = ("ann@one.example", "ann@two.example")
PEOPLE = ("alice", *OWNERS, *HOLDERS)
NAMES = ("ann", "bob", "carol", "postmaster")

a_domain = st.sampled_from(DOMAINS)
a_name = st.sampled_from(NAMES)
somebody = st.sampled_from(PEOPLE)
an_owner = st.sampled_from(OWNERS)


@cache
def world() -> Path:
    """Make, once, the database that each run begins with: nothing is anybody's yet."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    database.open_database(folder)
    accounts.add("alice", None, by=COMMAND_LINE)
    for owner in OWNERS:
        accounts.add(owner, None, by=COMMAND_LINE, kind=Kind.OWNER)
    for name in DOMAINS:
        install(name, by=COMMAND_LINE)
        make(f"ann@{name}", by=COMMAND_LINE, mailbox=True)
        make(f"bob@{name}", by=COMMAND_LINE, recipients=["bob@far.example"])
    database.db.close()
    return folder


class People(RuleBasedStateMachine):
    """An administrator, two owners and two holders around three domains."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(world() / "webmailadmin.db", self.folder)
        database.open_database(self.folder)
        database.db.pragma("synchronous", 0)
        self.owned: dict[str, set[str]] = {owner: set() for owner in OWNERS}
        self.moved = True

    def teardown(self) -> None:
        try:
            truth.check()
        finally:
            database.db.close()
            shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        """Let each owner have a domain, so that there is something to lose from the start."""
        for owner, name in zip(OWNERS, DOMAINS, strict=False):
            self.give("alice", owner, name)

    # What the model knows

    def may(self, person: str, name: str) -> bool:
        """Say whether a domain is this person's to manage."""
        return person == "alice" or name in self.owned.get(person, ())

    def actor(self, person: str) -> Actor:
        """Return a person as who acts; a holder keeps its number whatever became of its box."""
        if "@" in person:
            return Actor(Kind.HOLDER, self.box_of(person), person)
        return accounts.actor(Account.get(Account.name == person))

    def box_of(self, email: str) -> int:
        """Return the number of the first mailbox that an address had."""
        return 1 + DOMAINS.index(email.partition("@")[2])

    def tried(self, allowed: bool, act: Callable[[], object]) -> bool:
        """Do something; say whether it was done. What is not allowed is not even found."""
        before = everything()
        try:
            act()
        except NotFound:
            assert everything() == before
            return False
        except Refusal:
            assert allowed, "refused in words that tell of somebody else's affairs"
            assert everything() == before
            return False
        assert allowed, "done by somebody whose it is not"
        self.moved = True
        return True

    # What they do

    @rule(person=somebody, owner=an_owner, name=a_domain)
    def give(self, person: str, owner: str, name: str) -> None:
        to, by = Account.get(Account.name == owner), self.actor(person)
        if self.tried(person == "alice", lambda: owners.give(domain_of(name), to, by=by)):
            self.owned[owner].add(name)

    @rule(person=somebody, owner=an_owner, name=a_domain)
    def take(self, person: str, owner: str, name: str) -> None:
        of, by = Account.get(Account.name == owner), self.actor(person)
        if self.tried(person == "alice", lambda: owners.take(domain_of(name), of, by=by)):
            self.owned[owner].discard(name)

    @rule(person=somebody, name=a_domain, local_part=a_name)
    def add(self, person: str, name: str, local_part: str) -> None:
        by = self.actor(person)
        self.tried(
            self.may(person, name), lambda: addresses.add(domain_of(name), local_part, by=by)
        )

    @rule(person=somebody, name=a_domain, local_part=a_name, to=a_domain, box=st.booleans())
    def edit(self, person: str, name: str, local_part: str, to: str, box: bool) -> None:
        email, by = f"{local_part}@{name}", self.actor(person)
        if routing.address_of(email) is None:
            return
        wanted = {"recipients": [f"ann@{to}"], "mailbox": box, "may_remove": True}
        self.tried(self.may(person, name), lambda: save(email, by=by, **wanted))

    @rule(person=somebody, name=a_domain, local_part=a_name)
    def remove(self, person: str, name: str, local_part: str) -> None:
        email, by = f"{local_part}@{name}", self.actor(person)
        if routing.address_of(email) is not None:
            self.tried(
                self.may(person, name),
                lambda: addresses.remove(find(email), confirmed=True, by=by),
            )

    @rule(person=somebody, name=a_domain, local_part=a_name, new=a_name)
    def rename(self, person: str, name: str, local_part: str, new: str) -> None:
        address, by = routing.address_of(f"{local_part}@{name}"), self.actor(person)
        if address is not None:
            self.tried(
                self.may(person, name),
                lambda: renaming.rename(
                    address, new, version=address.version, keep_alias=False, by=by
                ),
            )

    @rule(person=somebody, number=st.integers(1, 6))
    def restore(self, person: str, number: int) -> None:
        kept, by = Removed.get_or_none(Removed.id == number), self.actor(person)
        if kept is None:
            return
        allowed = self.may(person, kept.domain.name) and self.knows(person, kept)
        self.tried(allowed, lambda: removal.restore(kept, by=by))

    def knows(self, person: str, kept: Removed) -> bool:
        """Say whether something was removed in this person's own time with the domain."""
        if person == "alice":
            return True
        row = database.db.execute_sql(
            "SELECT removed_after FROM ownership JOIN account ON account.id = account_id"
            " WHERE account.name = ? AND domain_id = ?",
            (person, kept.domain.id),
        ).fetchone()
        return row is not None and kept.id > row[0]

    @rule(person=somebody, name=a_domain, other=a_domain)
    def catch(self, person: str, name: str, other: str) -> None:
        by = self.actor(person)
        self.tried(self.may(person, name), lambda: catch_all(name, f"ann@{other}", by=by))

    @rule(person=somebody, name=a_domain)
    def send_test(self, person: str, name: str) -> None:
        by = self.actor(person)
        self.tried(self.may(person, name), lambda: trials.count(find(f"postmaster@{name}"), by=by))

    @rule(person=somebody, name=a_domain)
    def download(self, person: str, name: str) -> None:
        address, by = routing.address_of(f"ann@{name}"), self.actor(person)
        box = Mailbox.get_or_none(Mailbox.address == address) if address else None
        if address is not None and box is not None:
            self.tried(
                self.may(person, name),
                lambda: mailboxes.tell_download(box, address.email, address.domain, by=by),
            )

    @rule(person=somebody, name=a_domain)
    def switch(self, person: str, name: str) -> None:
        by = self.actor(person)
        self.tried(
            person == "alice",
            lambda: domains.switch(domain_of(name), not domain_of(name).enabled, by=by),
        )

    @rule(person=somebody, whom=st.sampled_from(("alice", *OWNERS)))
    def reset(self, person: str, whom: str) -> None:
        by, who = self.actor(person), self.actor(whom)
        token = sessions.open_session(who)
        if self.tried(person == "alice", lambda: accounts.reset_password(whom, None, by=by)):
            assert sessions.logged_in(token) is None
        else:
            sessions.log_out(token)

    # What they see

    @invariant()
    def each_sees_what_is_theirs(self) -> None:
        """What was refused changed nothing, so that what each saw then need not be looked at."""
        if not self.moved:
            return
        self.moved = False
        for person in PEOPLE:
            by = self.actor(person)
            mine = {name for name in DOMAINS if self.may(person, name)}
            assert {domain.name for domain in domains.list_for(by)} == mine
            for name in DOMAINS:
                self.sees(by, name, name in mine)

    def sees(self, by: Actor, name: str, allowed: bool) -> None:
        """See a domain, its addresses, its bin and what leads to it, or nothing of it."""
        for look in (
            lambda: domains.of(by, name),
            lambda: addresses.of(by, f"postmaster@{name}"),
        ):
            assert found(look) is allowed
        if allowed:
            led = leading.to(by, f"ann@{name}").sources
            assert {self.may(by.name, source.email.partition("@")[2]) for source in led} <= {True}
            page = recycle_bin.page(domain_of(name), by=by)
            assert all(self.knows(by.name, Removed.get_by_id(one.id)) for one in page.entries)


def found(look: Callable[[], object]) -> bool:
    """Say whether somebody finds what they look for."""
    try:
        look()
    except NotFound:
        return False
    return True


def test_whoever_does_what_each_sees_and_changes_what_is_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cheap = our_settings.Settings(mailbox_bcrypt_cost=4, account_bcrypt_cost=4)
    monkeypatch.setattr(our_settings, "current", cheap)
    run_state_machine_as_test(
        People,
        settings=settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=12,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
        ),
    )
