"""Whatever is done, in whatever order: done whole and right everywhere, or refused and nothing."""

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
from tests.mail.stage import catch_all, domain_of, everything, install, kept_in, make, save, sql
from webmailadmin import database
from webmailadmin import settings as our_settings
from webmailadmin.mail import (
    addresses,
    app_passwords,
    catch_alls,
    domains,
    mailboxes,
    purging,
    removal,
    removed_domains,
    renaming,
    routing,
    switches,
    usage,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Mailbox, Removed, now

DOMAINS = ("one.example", "two.example", "three.example")
NAMES = ("postmaster", "ann", "bob")
EMAILS = tuple(f"{name}@{domain}" for domain in DOMAINS for name in NAMES)
OTHERS = tuple(email for email in EMAILS if not email.startswith("postmaster@"))
TAGGED = tuple(email.replace("@", "+tag@") for email in EMAILS)
UNKNOWN = tuple(f"carol@{domain}" for domain in DOMAINS)  # spoken of, never added
FAR = ("away@far.example", "gone@far.example")

a_domain = st.sampled_from(DOMAINS)
an_email = st.sampled_from(OTHERS * 3 + EMAILS)
somewhere = st.sampled_from(EMAILS * 2 + TAGGED + UNKNOWN * 4 + FAR * 3)
a_catch_all = st.sampled_from(("", *OTHERS * 2, *FAR, *DOMAINS * 2))
mostly = st.sampled_from((True, True, True, False))


@cache
def three_domains() -> Path:
    """Make, once, the database that each run begins with: ann@ has a mailbox, bob@ is empty."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    database.open_database(folder)
    for name in DOMAINS:
        install(name, by=COMMAND_LINE)
        make(f"ann@{name}", by=COMMAND_LINE, mailbox=True)
        make(f"bob@{name}", by=COMMAND_LINE)
    database.db.close()
    return folder


class Panel(RuleBasedStateMachine):
    """A few domains and names, so that every act soon meets the others."""

    most_steps, most_in_all = truth.MOST_STEPS, truth.MOST_IN_ALL

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(three_domains() / "webmailadmin.db", self.folder)
        database.open_database(self.folder)
        database.db.pragma("synchronous", 0)
        self.alice = COMMAND_LINE

    @initialize(
        led=st.lists(somewhere, min_size=3, max_size=3),
        caught=st.lists(a_catch_all, min_size=3, max_size=3),
    )
    def lead_somewhere(self, led: list[str], caught: list[str]) -> None:
        """Lead bob@ of each domain somewhere, and the unknown names of each."""
        for number, name in enumerate(DOMAINS):
            self.save(f"bob@{name}", False, [led[number]], True)
            self.set_catch_all(name, caught[number])

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

    @invariant()
    def all_is_right(self) -> None:
        truth.check(self.most_steps, self.most_in_all)

    @rule(name=a_domain, contact=somewhere, which=st.integers(0, 3))
    def let_come_or_go(self, name: str, contact: str, which: int) -> None:
        """Remove a domain, bring it back, or install it anew."""
        kept = [domain for domain in removed_domains.list_for(self.alice) if domain.name == name]
        if routing.domain_named(name):
            self.attempt(lambda: removed_domains.remove(domain_of(name), by=self.alice))
        elif kept and which:
            id_ = kept[which % len(kept)].id
            self.attempt(lambda: removed_domains.bring_back(id_, by=self.alice))
        else:
            self.attempt(lambda: domains.install(name, contact, by=self.alice))

    @rule(name=a_domain, on=mostly)
    def switch(self, name: str, on: bool) -> None:
        if routing.domain_named(name):
            self.attempt(lambda: domains.switch(domain_of(name), on, by=self.alice))

    @rule(name=a_domain, to=a_catch_all)
    def set_catch_all(self, name: str, to: str) -> None:
        if routing.domain_named(name):
            self.attempt(lambda: catch_all(name, to, by=self.alice))

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

    @rule(which=st.integers(0, 5), size=st.integers(0, 2**31), quota_mb=st.sampled_from((0, 1024)))
    def fill(self, which: int, size: int, quota_mb: int) -> None:
        """Let a mailbox, living or removed, hold something, or have another size limit."""
        boxes = list(Mailbox.select().order_by(Mailbox.id))
        box = boxes[which % len(boxes)]
        usage.note(box, 1, size, None)
        if box.address is not None:
            self.attempt(lambda: save(box.address.email, by=self.alice, quota_mb=str(quota_mb)))

    @rule(email=an_email, receives=st.booleans(), log_in=mostly)
    def switch_mailbox(self, email: str, receives: bool, log_in: bool) -> None:
        """Let a mailbox receive, or its holder log in, or not."""
        if address := routing.address_of(email):
            wished = Switches(receives=receives, may_log_in=log_in)
            version = address.version
            self.attempt(lambda: switches.change(address, wished, version=version, by=self.alice))

    @rule(email=an_email, barred=st.booleans(), which=st.integers(0, 2))
    def use_app_passwords(self, email: str, barred: bool, which: int) -> None:
        """Bar the main password or not; make an app password, or revoke the one that there is."""
        address = routing.address_of(email)
        if address is None or (box := mailboxes.of(address)) is None:
            return
        holder = Actor(Kind.HOLDER, box.id, email)
        self.attempt(lambda: app_passwords.bar_main(address, barred, by=holder))
        there = app_passwords.of(address, by=holder)
        if which and there:
            self.attempt(lambda: app_passwords.revoke(address, there[0].id, by=self.alice))
        else:
            self.attempt(lambda: app_passwords.create(address, "Telephone", by=holder))

    @rule(email=an_email)
    def turn(self, email: str) -> None:
        """Switch an address off or on, and leave the rest of it as it is."""
        if address := routing.address_of(email):
            self.attempt(lambda: save(email, by=self.alice, enabled=not address.enabled))

    @rule(email=an_email)
    def remove(self, email: str) -> None:
        if address := routing.address_of(email):
            self.attempt(lambda: addresses.remove(address, confirmed=True, by=self.alice))

    @rule(email=an_email, name=st.sampled_from(("ann", "bob", "dora")), alias=mostly)
    def rename(self, email: str, name: str, alias: bool) -> None:
        if address := routing.address_of(email):
            version = address.version
            self.attempt(
                lambda: renaming.rename(
                    address, name, version=version, keep_alias=alias, by=self.alice
                )
            )

    @rule(which=st.integers(0, 3), typed=st.sampled_from(("", "", "ann", "bob")))
    def restore(self, which: int, typed: str) -> None:
        living = [domain_of(name) for name in DOMAINS if routing.domain_named(name)]
        if kept := [row for domain in living for row in kept_in(domain)]:
            row = kept[which % len(kept)]
            if row.kind == "catch-all":
                self.attempt(lambda: catch_alls.restore(row, by=self.alice))
            else:
                self.attempt(lambda: removal.restore(row, typed, by=self.alice))

    @rule(which=st.integers(0, 3), late=st.booleans())
    def let_go(self, which: int, late: bool) -> None:
        """Let something in the bin go for good: by order, or because its date is past."""
        kept = list(Removed.select().where(~Removed.with_domain).order_by(Removed.id))
        if kept and not late:
            row = kept[which % len(kept)]
            self.attempt(lambda: purging.order(row, row.email, by=self.alice))
        elif kept:
            Removed.update(until=now()).where(Removed.id == kept[which % len(kept)].id).execute()
            self.attempt(purging.order_due)

    @rule(name=a_domain)
    def let_domain_go(self, name: str) -> None:
        kept = [domain for domain in removed_domains.list_for(self.alice) if domain.name == name]
        if kept:
            self.attempt(lambda: purging.order_domain(kept[0], name, by=self.alice))

    @rule()
    def files_are_deleted(self) -> None:
        for purge in purging.ordered():
            purging.look_again(purge.home)
            purging.finish(purge, 0, 0)


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
    run(Panel, 25)


def test_no_act_leads_past_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "MOST_STEPS", NarrowPanel.most_steps)
    monkeypatch.setattr(routing, "MOST_IN_ALL", NarrowPanel.most_in_all)

    run(NarrowPanel, 12)
