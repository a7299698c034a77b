"""Whatever is done, in whatever order: done whole and right everywhere, or refused and nothing."""

import shutil
import tempfile
from collections.abc import Callable
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
from tests.mail.stage import domain_of, everything, install, make, save, sql
from webmailadmin import database
from webmailadmin import settings as our_settings
from webmailadmin.mail import accounts, addresses, domains, removal, routing
from webmailadmin.mail.domains import CatchAll
from webmailadmin.mail.errors import NotFound, Refusal

DOMAINS = ("one.example", "two.example", "three.example")
NAMES = ("postmaster", "ann", "bob")
EMAILS = tuple(f"{name}@{domain}" for domain in DOMAINS for name in NAMES)
TAGGED = tuple(email.replace("@", "+tag@") for email in EMAILS)
FAR = ("away@far.example", "gone@far.example")

a_domain = st.sampled_from(DOMAINS)
an_email = st.sampled_from(
    [e for e in EMAILS if not e.startswith("postmaster@")] * 3 + list(EMAILS)
)
somewhere = st.sampled_from(EMAILS * 3 + TAGGED + FAR * 3)
mostly = st.sampled_from((True, True, True, False))


class Panel(RuleBasedStateMachine):
    """A few domains and names, so that every act soon meets the others."""

    most_steps, most_in_all = truth.MOST_STEPS, truth.MOST_IN_ALL

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        database.open_database(self.folder)
        database.db.pragma("synchronous", 0)
        self.alice = accounts.command_line()
        self.alice.id = 1

    @initialize()
    def two_domains(self) -> None:
        for name in DOMAINS[:2]:
            install(name, by=self.alice)
            make(f"ann@{name}", by=self.alice, mailbox=True)
        make("bob@one.example", by=self.alice, recipients=["ann@two.example"])
        make("bob@two.example", by=self.alice, recipients=["away@far.example"])

    def teardown(self) -> None:
        try:
            assert sql("PRAGMA integrity_check") == [("ok",)]
        finally:
            database.db.close()
            shutil.rmtree(self.folder)

    def attempt(self, act: Callable[[], object]) -> None:
        before = everything()
        try:
            act()
        except (Refusal, NotFound):
            assert everything() == before, "refused, and yet something changed"
            return

    @invariant()
    def all_is_right(self) -> None:
        truth.check(self.most_steps, self.most_in_all)

    @rule(name=a_domain, contact=somewhere)
    def install(self, name: str, contact: str) -> None:
        self.attempt(lambda: domains.install(name, contact, by=self.alice))

    @rule(name=a_domain, on=mostly)
    def switch(self, name: str, on: bool) -> None:
        if routing.domain_named(name):
            self.attempt(lambda: domains.switch(domain_of(name), on, by=self.alice))

    @rule(name=a_domain)
    def remove_domain(self, name: str) -> None:
        if routing.domain_named(name):
            self.attempt(lambda: domains.remove(domain_of(name), by=self.alice))

    @rule(which=st.integers(0, 2))
    def bring_back(self, which: int) -> None:
        if removed := domains.removed_for(self.alice):
            id_ = removed[which % len(removed)].id
            self.attempt(lambda: domains.bring_back(self.alice, id_))

    @rule(name=a_domain, kind=st.sampled_from(CatchAll), to=somewhere, other=a_domain)
    def set_catch_all(self, name: str, kind: CatchAll, to: str, other: str) -> None:
        if routing.domain_named(name):
            domain = domain_of(name)
            self.attempt(lambda: domains.set_catch_all(domain, kind, to, other, by=self.alice))

    @rule(email=an_email)
    def add(self, email: str) -> None:
        name, _, domain = email.partition("@")
        if routing.domain_named(domain):
            self.attempt(lambda: addresses.add(domain_of(domain), name, by=self.alice))

    @rule(email=an_email, box=st.booleans(), to=st.lists(somewhere, max_size=3), on=mostly)
    def save(self, email: str, box: bool, to: list[str], on: bool) -> None:
        if routing.address_of(email):
            wanted = {"mailbox": box, "may_remove": True, "recipients": to, "enabled": on}
            self.attempt(lambda: save(email, by=self.alice, **wanted))

    @rule(email=an_email)
    def remove(self, email: str) -> None:
        if address := routing.address_of(email):
            self.attempt(lambda: addresses.remove(address, confirmed=True, by=self.alice))

    @rule(which=st.integers(0, 3), typed=st.sampled_from(("", "", "ann", "bob")))
    def restore(self, which: int, typed: str) -> None:
        living = [domain_of(name) for name in DOMAINS if routing.domain_named(name)]
        if kept := [row for domain in living for row in removal.list_of(domain)]:
            row = kept[which % len(kept)]
            self.attempt(lambda: removal.restore(row, typed, by=self.alice))


class NarrowPanel(Panel):
    """The same with limits that a few addresses reach."""

    most_steps, most_in_all = 3, 6


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing."""
    monkeypatch.setattr(our_settings, "current", our_settings.Settings(mailbox_bcrypt_cost=4))


def run(machine: type[Panel], examples: int) -> None:
    """Let the machine act, the same way each time."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=examples,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_act_is_done_whole_and_right_or_refused() -> None:
    run(Panel, 60)


def test_no_act_leads_past_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "MOST_STEPS", NarrowPanel.most_steps)
    monkeypatch.setattr(routing, "MOST_IN_ALL", NarrowPanel.most_in_all)

    run(NarrowPanel, 30)
