"""A right that is lost while a rule is on its way: what it changes is looked at under the lock."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.mail.people import account_of, owner
from tests.mail.stage import catch_all, everything, find, make, save, wish
from webmailadmin.database import db
from webmailadmin.mail import (
    accounts,
    addresses,
    catch_alls,
    domains,
    entering,
    leading,
    links,
    mailboxes,
    owners,
    profiles,
    proofs,
    purging,
    removal,
    renaming,
    switches,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_entering import AdministratorsStayThemselves, MayNotLogIn
from webmailadmin.mail.profiles import Wish
from webmailadmin.mail.switches import Switches
from webmailadmin.models import Address, Domain, Removed, Session

CONTACT = "contact@bonvenon.fr"
NEW = "quite another password 31"
ELSEWHERE = "ann@elsewhere.org"


@pytest.fixture
def bruno(contact: Address, autre: Domain, alice: Actor) -> Actor:
    """An owner of bonvenon.fr, with things in its bin."""
    make("gone@bonvenon.fr", by=alice, mailbox=True)
    make("led@bonvenon.fr", by=alice, recipients=[ELSEWHERE])
    catch_all("bonvenon.fr", CONTACT, by=alice)
    who = owner("bruno", contact.domain)
    catch_all("bonvenon.fr", "", by=alice)
    addresses.remove(find("gone@bonvenon.fr"), confirmed=True, by=alice)
    return who


def before_the_lock(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once, before the next transaction begins."""
    really = db.atomic

    def atomic(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(db, "atomic", really)
        act()
        return really(*args, **kwargs)

    monkeypatch.setattr(db, "atomic", atomic)


def kept(kind: str) -> Removed:
    """Return what is in the bin."""
    found: Removed = Removed.get(Removed.kind == kind)
    return found


def seen(email: str) -> dict[str, int]:
    """Return the version of an address, as the form of what leads somewhere has it."""
    return {email: find(email).version}


@pytest.mark.parametrize(
    "prepare",
    [
        lambda by: partial(
            addresses.save, find(CONTACT), wish(CONTACT, password=NEW, confirmation=NEW), by=by
        ),
        lambda by: lambda: addresses.add(find(CONTACT).domain, "new", by=by),
        lambda by: lambda: addresses.remove(find(CONTACT), confirmed=True, by=by),
        lambda by: (
            lambda: renaming.rename(
                find(CONTACT), "kontakt", version=find(CONTACT).version, keep_alias=False, by=by
            )
        ),
        lambda by: (
            lambda: switches.change(
                find(CONTACT), Switches(receives=False), version=find(CONTACT).version, by=by
            )
        ),
        lambda by: (
            lambda: catch_alls.change(find(CONTACT).domain, CatchAll.ADDRESS, CONTACT, "", by=by)
        ),
        lambda by: lambda: catch_alls.restore(kept("catch-all"), by=by),
        lambda by: lambda: removal.restore(kept("address"), by=by),
        lambda by: lambda: purging.order(kept("address"), "gone@bonvenon.fr", by=by),
        lambda by: lambda: leading.take_out(ELSEWHERE, seen("led@bonvenon.fr"), by=by),
        lambda by: lambda: links.invite(mailboxes.of(find(CONTACT)), by=by),
        lambda by: lambda: links.invite_by_mail(mailboxes.of(find(CONTACT)), ELSEWHERE, by=by),
    ],
    ids=[
        *("save", "add", "remove", "rename", "switches", "catch-all", "catch-all back"),
        *("address back", "purge", "taken out", "link", "link by mail"),
    ],
)
def test_a_domain_that_is_taken_away_meanwhile_is_not_changed(
    bruno: Actor, alice: Actor, monkeypatch: pytest.MonkeyPatch, prepare: Callable
) -> None:
    act = prepare(bruno)
    found: list[object] = []

    def take() -> None:
        owners.take(find(CONTACT).domain, account_of("bruno"), by=alice)
        found.append(everything())

    before_the_lock(monkeypatch, take)
    with pytest.raises(NotFound):
        act()
    assert [everything()] == found


def test_unknown_names_are_not_led_into_a_domain_that_is_taken_away_meanwhile(
    bruno: Actor, autre: Domain, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners.give(autre, account_of("bruno"), by=alice)
    before_the_lock(monkeypatch, lambda: owners.take(autre, account_of("bruno"), by=alice))
    with pytest.raises(NotFound):
        catch_alls.change(find(CONTACT).domain, CatchAll.DOMAIN, "", autre.name, by=bruno)


def test_an_owner_who_is_made_an_administrator_meanwhile_is_not_entered_as(
    bruno: Actor, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_of("bruno")

    def promote() -> None:
        accounts.change(account, Kind.ADMINISTRATOR, profiles.wish_of(account), by=alice)

    before_the_lock(monkeypatch, promote)
    with pytest.raises(AdministratorsStayThemselves):
        entering.enter_account("bruno", by=alice)
    assert not Session.select().exists()


def test_a_mailbox_that_may_not_log_in_any_more_is_not_entered(
    contact: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_the_lock(monkeypatch, lambda: save(CONTACT, by=alice, enabled=False))
    with pytest.raises(MayNotLogIn):
        entering.enter_mailbox(contact, by=alice)
    assert not Session.select().exists()


@pytest.mark.parametrize("change", ["made an administrator", "switched off", "removed"])
def test_who_is_no_owner_any_more_when_the_dns_answers_adds_no_domain(
    bruno: Actor, alice: Actor, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Their own name server says when it answers."""
    account = account_of("bruno")
    accounts.change(account, Kind.OWNER, Wish(most_domains="1"), by=alice)

    def answer(_: str, **__: Actor) -> None:
        if change == "switched off":
            accounts.switch(account, False, by=alice)
        elif change == "removed":
            accounts.remove(account, "bruno", by=alice)
        else:
            wish = Wish(most_domains="1")
            accounts.change(account, Kind.ADMINISTRATOR, wish, by=alice)

    monkeypatch.setattr(proofs, "refuse_unproved", answer)
    with pytest.raises(NotFound):
        domains.install("neuf.fr", ELSEWHERE, by=bruno)
    assert not Domain.select().where(Domain.name == "neuf.fr").exists()
