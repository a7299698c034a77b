"""Sessions that must end: which changes order it, and what becomes of the orders."""

import time

import pytest

from webmailadmin.mail import addresses, kicks, mailboxes, removed_domains, renaming
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.addresses import Wish
from webmailadmin.mail.errors import Refusal
from webmailadmin.models import Address, Domain, Recipient
from webmailadmin.servers import mailfiles
from webmailadmin.servers.mailfiles import HelperRefused
from webmailadmin.upkeep.kicks import carry_out

OTHER = "another fine password 31"


@pytest.fixture(autouse=True)
def none_ordered(contact: Address) -> None:
    """Opening a mailbox orders nothing."""
    assert ordered() == []


def ordered() -> list[str]:
    """Return the log-ins whose sessions must end, the latest order first."""
    return [kick.email for kick in kicks.waiting()]


def wish(address: Address, *, password: str = "", mailbox: bool = True, **rest: object) -> Wish:
    """Return the wish to leave all as it is, but for what is given."""
    return Wish(
        version=address.version,
        mailbox=mailbox,
        password=password,
        confirmation=password,
        **{"quota_mb": "1024", **rest},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"password": OTHER},
        {"enabled": False},
        {"mailbox": False, "may_remove": True, "recipients": "camille@elsewhere.org"},
        {"enabled": False, "password": OTHER},
    ],
)
def test_what_takes_or_changes_a_log_in_ends_its_sessions(
    contact: Address, alice: Actor, change: dict[str, object]
) -> None:
    addresses.save(contact, wish(contact, **change), by=alice)  # type: ignore[arg-type]

    assert ordered() == [contact.email]


def test_a_deleted_address_and_a_removed_domain_end_their_sessions(
    contact: Address, bonvenon: Domain, alice: Actor
) -> None:
    postmaster = Address.get(Address.email == "postmaster@bonvenon.fr")
    addresses.save(postmaster, wish(postmaster, password=OTHER), by=alice)
    assert ordered() == []

    addresses.remove(contact, confirmed=True, by=alice)
    assert ordered() == [contact.email]

    removed_domains.remove(bonvenon, by=alice)
    assert ordered() == [postmaster.email, contact.email]


def test_a_renamed_mailbox_ends_the_sessions_of_its_old_name(
    contact: Address, alice: Actor
) -> None:
    renaming.rename(contact, "ann", version=contact.version, keep_alias=True, by=alice)
    assert ordered() == ["contact@bonvenon.fr"]

    # The alias that it left has no log-in.
    alias = addresses.of(alice, "contact@bonvenon.fr")
    renaming.rename(alias, "bob", version=alias.version, keep_alias=False, by=alice)
    assert ordered() == ["contact@bonvenon.fr"]


@pytest.mark.parametrize("change", [{"quota_mb": "2048"}, {"recipients": "x@elsewhere.org"}, {}])
def test_what_leaves_the_log_in_alone_ends_nothing(
    contact: Address, alice: Actor, change: dict[str, object]
) -> None:
    addresses.save(contact, wish(contact, **change), by=alice)  # type: ignore[arg-type]

    assert ordered() == []


def test_an_alias_has_no_sessions(bonvenon: Domain, alice: Actor) -> None:
    alias = addresses.add(bonvenon, "info", by=alice)
    addresses.save(alias, wish(alias, mailbox=False, enabled=False), by=alice)
    alias = addresses.of(alice, alias.email)
    addresses.remove(alias, confirmed=False, by=alice)

    assert ordered() == []


def test_a_refused_change_ends_nothing(contact: Address, alice: Actor) -> None:
    postmaster = f"postmaster@{contact.domain.name}"
    Recipient.update(email=contact.email, target=contact.email, domain=contact.domain.name).where(
        Recipient.address == Address.get(Address.email == postmaster)
    ).execute()

    with pytest.raises(Refusal):
        addresses.remove(contact, confirmed=True, by=alice)

    assert mailboxes.of(contact) is not None
    assert ordered() == []


# Carrying out


def test_an_order_is_forgotten_only_when_it_is_carried_out(
    contact: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    kicks.order("ann@bonvenon.fr")
    kicks.order(contact.email)
    tried: list[str] = []

    def refuse_ann(email: str) -> None:
        tried.append(email)
        if email.startswith("ann@"):
            raise HelperRefused("Dovecot does not run.")

    monkeypatch.setattr(mailfiles, "kick", refuse_ann)
    with pytest.raises(HelperRefused):
        carry_out()
    assert (tried, ordered()) == ([contact.email, "ann@bonvenon.fr"], ["ann@bonvenon.fr"])

    monkeypatch.setattr(mailfiles, "kick", tried.append)
    carry_out()
    assert (tried[2:], ordered()) == (["ann@bonvenon.fr"], [])


def test_an_order_given_while_the_one_before_is_carried_out_is_not_lost(
    contact: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    kicks.order(contact.email)

    monkeypatch.setattr(mailfiles, "kick", kicks.order)
    carry_out()

    assert ordered() == [contact.email]


def test_without_a_helper_the_orders_stay(contact: Address) -> None:
    kicks.order(contact.email)
    kicks.order(contact.email)

    with pytest.raises(mailfiles.HelperUnreachable, match="No mail-file helper answers at"):
        carry_out()

    assert ordered() == [contact.email]


def test_many_orders_hold_up_no_page(contact: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    kicks.order("ann@bonvenon.fr")
    kicks.order(contact.email)

    monkeypatch.setattr(mailfiles, "kick", lambda _: time.sleep(0.05))
    carry_out(0.01)

    assert ordered() == ["ann@bonvenon.fr"]
