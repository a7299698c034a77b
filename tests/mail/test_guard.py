"""Every rule that takes who asks refuses who may not, and nothing changes.

The rules are found in `webmailadmin/mail/`; one that is not in a table here fails the first test.
"""

import ast
import inspect
import pkgutil
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.mail.stage import everything, find, make, wish
from webmailadmin import mail
from webmailadmin.database import db
from webmailadmin.mail import (
    accounts,
    addresses,
    app_passwords,
    catch_alls,
    contacts,
    domains,
    entering,
    guard,
    journal_search,
    leading,
    limits,
    links,
    listing,
    log_ins,
    mailboxes,
    owners,
    purging,
    recycle_bin,
    removal,
    removed_domains,
    renaming,
    reserved,
    second_factor,
    sessions,
    switches,
    trials,
    vacations,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.errors_of_entering import OnlyThemselves
from webmailadmin.mail.journal_search import Search
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.mail.profiles import Wish
from webmailadmin.models import (
    Account,
    Address,
    AppPassword,
    Domain,
    Mailbox,
    Ownership,
    Removed,
    SecondFactor,
)

HOUSE = Path(mail.__file__).parents[1]
PASSWORD = "a fine long password 27"


class Things:
    """What is somebody's: bonvenon.fr of bruno, with contact@ and what was removed from it."""

    def __init__(self, contact: Address, by: Actor) -> None:
        self.address = find(contact.email)
        self.domain = contact.domain
        self.box: Mailbox = Mailbox.get(Mailbox.address == contact)
        make("left@bonvenon.fr", by=by, mailbox=True)
        self.removed = addresses.remove(find("left@bonvenon.fr"), confirmed=True, by=by)
        self.gone = domains.install("parti.fr", "camille@elsewhere.org", by=by)
        Ownership.create(account=Account.get(Account.name == "bruno"), domain=self.gone)
        make("boss@parti.fr", by=by, mailbox=True)
        removed_domains.remove(self.gone, by=by)
        self.gone = Domain.get(Domain.id == self.gone.id)
        self.with_gone: Removed = Removed.get(Removed.email == "boss@parti.fr")
        for kind, to in ((CatchAll.ADDRESS, contact.email), (CatchAll.NONE, "")):
            catch_alls.change(self.domain, kind, to, "", by=by)
        self.catch_all: Removed = Removed.get(Removed.kind == "catch-all")
        leads = make("info@bonvenon.fr", by=by, recipients=[contact.email])
        make("chef@bonvenon.fr", by=by, recipients=["boss@parti.fr"])
        self.app = AppPassword.create(mailbox=self.box, name="telephone", password="x")
        self.owner: Account = Account.get(Account.name == "bruno")
        SecondFactor.create(account=self.owner, secret="x")
        self.other: Domain = Domain.get(Domain.name == "autre.fr")
        self.seen = {leads.email: leads.version}


Rule = Callable[[Things, Actor], Any]

# What is refused with NotFound to everybody but who may manage the domain.
MANAGED: dict[str, Rule] = {
    "addresses.of": lambda on, by: addresses.of(by, on.address.email),
    "addresses.found": lambda on, by: addresses.found(
        by, on.address.email, Address.id == on.address.id
    ),
    "addresses.add": lambda on, by: addresses.add(on.domain, "new", by=by),
    "addresses.save": lambda on, by: addresses.save(
        on.address, wish(on.address.email, enabled=False), by=by
    ),
    "addresses.remove": lambda on, by: addresses.remove(on.address, confirmed=True, by=by),
    "domains.of": lambda on, by: domains.of(by, on.domain.name),
    "domains.set_language": lambda on, by: domains.set_language(on.domain, "fr", by=by),
    "catch_alls.change": lambda on, by: catch_alls.change(
        on.domain, CatchAll.ADDRESS, "far@x.org", "", by=by
    ),
    "removed_domains.remove": lambda on, by: removed_domains.remove(on.domain, by=by),
    "removed_domains.of": lambda on, by: removed_domains.of(by, on.gone.id),
    "removed_domains.bring_back": lambda on, by: removed_domains.bring_back(on.gone.id, by=by),
    "catch_alls.restore": lambda on, by: catch_alls.restore(on.catch_all, by=by),
    "mailboxes.tell_download": lambda on, by: mailboxes.tell_download(
        on.box, on.address.email, on.domain, by=by
    ),
    "purging.order": lambda on, by: purging.order(on.removed, on.removed.email, by=by),
    "purging.order_domain": lambda on, by: purging.order_domain(on.gone, on.gone.name, by=by),
    "recycle_bin.domain_of": lambda on, by: recycle_bin.domain_of(by, on.gone.id),
    "removal.restore": lambda on, by: removal.restore(on.removed, by=by),
    "guard.added": lambda on, by: guard.added(by, on.domain),
    "links.invite": lambda on, by: links.invite(on.box, by=by),
    "links.invite_by_mail": lambda on, by: links.invite_by_mail(on.box, "ann@x.org", by=by),
    "links.may_invite": lambda on, by: links.may_invite(on.box, by=by),
    "listing.page": lambda on, by: listing.page(on.domain, by=by),
    "owners.removed": lambda on, by: owners.removed(by, on.removed),
    "recycle_bin.of": lambda on, by: recycle_bin.of(on.domain, on.removed.id, by=by),
    "recycle_bin.page": lambda on, by: recycle_bin.page(on.domain, by=by),
    "removal.of": lambda on, by: removal.of(on.domain, on.removed.id, by=by),
    "switches.change": lambda on, by: switches.change(
        on.address, Switches(receives=False), version=on.address.version, by=by
    ),
    "renaming.rename": lambda on, by: renaming.rename(
        on.address, "new", version=on.address.version, keep_alias=True, by=by
    ),
    "trials.count": lambda on, by: trials.count(on.address, by=by),
    "trials.ends": lambda on, by: trials.ends(on.address, by=by),
}
# What the holder of the mailbox does too.
HELD: dict[str, Rule] = {
    "app_passwords.of": lambda on, by: app_passwords.of(on.address, by=by),
    "app_passwords.revoke": lambda on, by: app_passwords.revoke(on.address, on.app.id, by=by),
    "listing.row": lambda on, by: listing.row(on.address, by=by),
    "vacations.of": lambda on, by: vacations.of(on.address.email, by=by),
    "vacations.save": lambda on, by: vacations.save(
        on.address.email, vacations.Wish(0, False), by=by
    ),
}
# What the holder of the mailbox does alone.
HOLDERS: dict[str, Rule] = {
    "app_passwords.bar_main": lambda on, by: app_passwords.bar_main(on.address, True, by=by),
    "app_passwords.create": lambda on, by: app_passwords.create(on.address, "telephone", by=by),
}
# What only administrators do, also with what an owner owns.
OF_ADMINISTRATORS: dict[str, Rule] = {
    "accounts.add": lambda on, by: accounts.add("new", None, by=by),
    "accounts.reset_password": lambda on, by: accounts.reset_password("bruno", None, by=by),
    "accounts.change": lambda on, by: accounts.change(
        on.owner, Kind.OWNER, Wish(contact="a@x.org"), by=by
    ),
    "accounts.every": lambda on, by: accounts.every(by),
    "accounts.named": lambda on, by: accounts.named("bruno", by=by),
    "accounts.remove": lambda on, by: accounts.remove(on.owner, "bruno", by=by),
    "accounts.switch": lambda on, by: accounts.switch(on.owner, False, by=by),
    "log_ins.end_sessions": lambda on, by: log_ins.end_sessions("bruno", by=by),
    "owners.give": lambda on, by: owners.give(on.other, on.owner, by=by),
    "owners.take": lambda on, by: owners.take(on.domain, on.owner, by=by),
    "second_factor.turn_off": lambda on, by: second_factor.turn_off(
        accounts.actor(on.owner), by=by
    ),
    "sessions.end_all": lambda on, by: sessions.end_all(accounts.actor(on.owner), by=by),
    "domains.switch": lambda on, by: domains.switch(on.domain, False, by=by),
    "domains.install": lambda on, by: domains.install("new.fr", "a@x.org", by=by),
    "entering.enter_account": lambda on, by: entering.enter_account("bruno", by=by),
    "entering.enter_mailbox": lambda on, by: entering.enter_mailbox(on.address, by=by),
    "entering.refuse_others": lambda on, by: entering.refuse_others(by),
    "guard.administrator": lambda on, by: guard.administrator(by),
}
# What tells everybody of their own things: nothing of these.
ANSWERED: dict[str, Rule] = {
    "domains.list_for": lambda on, by: domains.list_for(by),
    "removed_domains.list_for": lambda on, by: removed_domains.list_for(by),
    "recycle_bin.domains_for": lambda on, by: recycle_bin.domains_for(by),
    "limits.may_add_domains": lambda on, by: limits.may_add_domains(by),
    "limits.proposed_mb": lambda on, by: limits.proposed_mb(on.domain, 1024, by=by),
    "owners.journal_after": lambda on, by: owners.journal_after(by, on.domain),
    "owners.removed_after": lambda on, by: owners.removed_after(by, on.domain),
    "purging.undone": lambda on, by: purging.undone(by=by),
    "removal.former": lambda on, by: removal.former(on.removed.email, by=by),
    "removal.last_of": lambda on, by: removal.last_of(on.domain, on.removed.email, by=by),
    "reserved.is_kept_from": lambda on, by: reserved.is_kept_from("new", by),
    "journal_search.read": lambda on, by: journal_search.read(Search(domain=on.domain), by=by),
    "journal_search.every": lambda on, by: list(
        journal_search.every(Search(domain=on.domain), by=by)
    ),
    "leading.into": lambda on, by: leading.into(by, on.gone),
    "leading.to": lambda on, by: leading.to(by, on.address.email),
    "leading.counts": lambda on, by: leading.counts(by, [on.address.email]),
    "leading.counts_into": lambda on, by: leading.counts_into(by, [on.gone.name]),
    "leading.take_out": lambda on, by: leading.take_out(on.address.email, on.seen, by=by),
    "leading.point_to": lambda on, by: leading.point_to(
        on.address.email, on.seen, "far@x.org", by=by
    ),
}
# What a rule does after it has asked: out of reach for the doors.
STEPS = {
    "accounts.change_kind",
    "accounts.refuse_own",
    "accounts.refuse_own_password",
    "addresses.changed_meanwhile",
    "addresses.has_set_password",
    "addresses.is_already",
    "addresses.last_entry",
    "addresses.claim",
    "app_passwords.record",
    "discretion.is_own",
    "discretion.shown_path",
    "discretion.towards",
    "removed_domains.refuse_off",
    "domains.add_postmaster",
    "holders.ask_again",
    "present_password.check",
    "journal.record_about",
    "leading.seen_by",
    "limits.binding",
    "limits.kept",
    "limits.may_redirect_outside",
    "account_contacts.is_of_others_at",
    "limits.refuse_catch_all_outside",
    "limits.refuse_domain",
    "limits.refuse_leading_in",
    "limits.refuse_led_outside",
    "limits.refuse_outside",
    "links.record",
    "links.seen_by",
    "links.write_invitation",
    "mailboxes.keep_copies",
    "mailboxes.switch",
    "owners.add_own",
    "owners.added_by",
    "owners.refuse_contacts_of_others",
    "owners.refuse_elsewhere",
    "owners.since",
    "owners.take_all",
    "proofs.refuse_unproved",
    "recycle_bin.read",
    "reserved.refuse_mailbox",
    "reserved.refuse_name",
    "second_factor.box",
    "second_factor.is_used_up",
    "second_factor.proposal",
    "second_factor.show",
    "second_factor.take_off",
    "sessions.belongs_to",
    "sessions.end_every",
    "throttle.forget_codes",
    "throttle.key_of_codes",
    "throttle.keys_of_codes",
    "vacations.mailbox_at",
    "accounts.write_password",
    "addresses.refuse_gone",
    "addresses.switch",
    "addresses.take_away",
    "catch_alls.keep",
    "catch_alls.read_other_domain",
    "journal.record",
    "journal_search.asked_for",
    "journal_search.onward",
    "journal_search.theirs",
    "journal_search.whose",
    "keeping.take_all",
    "leading.counted",
    "leading.domains_of",
    "leading.rewrite",
    "leading.sources_of",
    "mailboxes.change",
    "mailboxes.keep",
    "mailboxes.open_at",
    "mailboxes.take_off",
    "recipients.write",
    "removal.record",
    "renaming.leave_alias",
    "renaming.make_way",
    "sessions.is_over",
}
# What is about the person who asks, and nobody else.
ABOUT_ONESELF = {
    "contacts.change",
    "holders.change_password",
    "holders.of",
    "holders.redirect",
    "log_ins.prove_person",
    "log_ins.turn_off_factor",
    "people.of",
    "proofs.are_asked_of",
    "proofs.code",
    "second_factor.new_recovery_codes",
    "second_factor.of",
    "second_factor.propose",
    "second_factor.proposed",
    "second_factor.turn_on",
    "sessions.end",
    "sessions.open_of",
    "accounts.change_password",
    "accounts.of",
    "guard.oneself",
    "sessions.column_of",
    "sessions.open_session",
}
# The guard itself, and what only the worker asks for, as a program.
GUARD = {
    "guard.account",
    "guard.has_added",
    "limits.refuse_stranger",
    "guard.address",
    "guard.domain",
    "guard.everything",
    "guard.holder",
    "guard.holds",
    "guard.mailbox",
    "guard.owns",
    "guard.whose",
}
OF_PROGRAMS = {"purging.forget", "purging.forget_domain"}
# What an administrator who has entered as somebody never does.
OF_ONESELF: dict[str, Callable[[Actor], Any]] = {
    "accounts.change_password": lambda by: accounts.change_password(
        PASSWORD, "quite another 9", "quite another 9", by=by
    ),
    "contacts.change": lambda by: contacts.change("ann@x.org", PASSWORD, by=by),
    "guard.oneself": guard.oneself,
    "log_ins.turn_off_factor": lambda by: log_ins.turn_off_factor(PASSWORD, "0", "", by=by),
    "second_factor.new_recovery_codes": lambda by: second_factor.new_recovery_codes(by=by),
    "second_factor.propose": second_factor.propose,
    "second_factor.turn_on": lambda by: second_factor.turn_on("", "", by=by),
    "sessions.end": lambda by: sessions.end(1, by=by),
    "sessions.open_of": sessions.open_of,
}


@pytest.fixture
def things(contact: Address, autre: Domain, alice: Actor) -> Things:
    """The stage: bonvenon.fr is bruno's, autre.fr is carla's."""
    for name, domain in (("bruno", contact.domain), ("carla", autre)):
        accounts.add(name, PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
        Ownership.create(account=Account.get(Account.name == name), domain=domain)
    make("sales@bonvenon.fr", by=alice, mailbox=True)
    return Things(contact, alice)


def owner(name: str) -> Actor:
    """Return an owner."""
    return accounts.actor(Account.get(Account.name == name))


def holder(email: str) -> Actor:
    """Return the holder of the mailbox at an address."""
    return Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == find(email)).id, email)


def foreign() -> list[Actor]:
    """Return who has nothing to do with these things, or too little."""
    carla = owner("carla")
    entered = Actor(Kind.OWNER, carla.id, carla.name, through="alice")
    made_up = Actor(Kind.OWNER, 999, "bruno")
    return [carla, entered, made_up, holder("sales@bonvenon.fr"), holder("contact@bonvenon.fr")]


def rules() -> dict[str, Callable[..., Any]]:
    """Return each public function of the rules that takes who acts, by module and name."""
    found = {}
    for info in pkgutil.iter_modules(mail.__path__):
        module = import_module(f"webmailadmin.mail.{info.name}")
        for name, function in vars(module).items():
            ours = inspect.isfunction(function) and function.__module__ == module.__name__
            if ours and not name.startswith("_") and takes_actor(function):
                found[f"{info.name}.{name}"] = function
    return found


def takes_actor(function: Callable[..., Any]) -> bool:
    """Say whether one of the arguments is who acts."""
    return any(
        "Actor" in str(one.annotation) for one in inspect.signature(function).parameters.values()
    )


def test_every_rule_that_takes_who_asks_is_in_a_table_here() -> None:
    called = (MANAGED, HELD, HOLDERS, OF_ADMINISTRATORS, ANSWERED)
    tables = (*called, STEPS, ABOUT_ONESELF, GUARD, OF_PROGRAMS)
    told = [name for names in tables for name in names]
    assert len(told) == len(set(told))
    assert set(told) == rules().keys()


def test_nobody_manages_what_is_not_theirs(things: Things) -> None:
    for person in foreign():
        refused = {**MANAGED, **OF_ADMINISTRATORS}
        if person.name != things.address.email:
            refused |= {**HELD, **HOLDERS}
        for name, rule in refused.items():
            before = everything()
            with pytest.raises((NotFound, OnlyThemselves) if person.through else NotFound):
                print(name, person, rule(things, person))
            assert everything() == before, (name, person)


def test_what_is_wrong_with_a_foreign_thing_is_not_told(things: Things) -> None:
    """Not even that a postmaster@ is there, which each domain must have."""
    postmaster = find(f"postmaster@{things.domain.name}")
    for person in foreign():
        with pytest.raises(NotFound):
            addresses.remove(postmaster, confirmed=True, by=person)
        with pytest.raises(NotFound):
            renaming.rename(postmaster, "new", version=0, keep_alias=True, by=person)


def test_an_owner_does_not_do_what_administrators_do(things: Things) -> None:
    before = everything()
    for name, rule in OF_ADMINISTRATORS.items():
        with pytest.raises(NotFound):
            print(name, rule(things, owner("bruno")))
    assert everything() == before


def test_who_asks_for_their_own_is_told_nothing_of_others(things: Things) -> None:
    before = everything()
    for person in foreign()[:4]:
        theirs = {"bonvenon.fr", "contact@", "info@", "chef@", "left@", "parti.fr"}
        if person.kind is Kind.HOLDER:
            theirs.remove("bonvenon.fr")
        for name, rule in ANSWERED.items():
            told = ""
            with suppress(NotFound, Refusal):
                told = repr(rule(things, person))
            assert [secret for secret in theirs if secret in told] == [], (name, person)
    assert everything() == before


def test_each_rule_lets_who_may(things: Things, alice: Actor) -> None:
    """Else the tests above would show nothing: each rule is refused for who asks alone."""
    for name, rule in {**MANAGED, **HELD, **ANSWERED, **OF_ADMINISTRATORS}.items():
        with db.atomic() as transaction:
            assert rule(things, alice) != [] or name == "purging.undone", name
            transaction.rollback()


def test_what_is_a_persons_own_is_refused_to_who_has_entered_as_them(things: Things) -> None:
    bruno = owner("bruno")
    entered = Actor(Kind.OWNER, bruno.id, bruno.name, through="alice")
    before = everything()
    for name, rule in OF_ONESELF.items():
        with pytest.raises(OnlyThemselves):
            print(name, rule(entered))
    assert everything() == before


def test_the_doors_reach_no_step_that_asks_nobody() -> None:
    """What a rule does after it has asked is called by rules alone."""
    for path in HOUSE.rglob("*.py"):
        if path.parent == HOUSE / "mail" or path == HOUSE / "demo.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert f"{node.value.id}.{node.attr}" not in STEPS, f"{path}:{node.lineno}"
