"""What a refusal names: to an owner or a holder, nothing of somebody else."""

import pytest

from tests.mail.people import holder, owner
from tests.mail.stage import domain_of, make, save
from webmailadmin.mail import (
    addresses,
    catch_alls,
    domains,
    holders,
    leading,
    removal,
    removed_domains,
    renaming,
    routing,
    switches,
)
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.errors_of_catch_alls import CatchAllLoop, DomainIsCatchAll
from webmailadmin.mail.errors_of_domains import PostmasterNeedsDestination
from webmailadmin.mail.errors_of_recipients import NeededElsewhere, RecipientLoop, TooManyInAll
from webmailadmin.mail.switches import Switches
from webmailadmin.models import Account, Ownership

MINE, THEIRS = "contact@bonvenon.fr", "secret@autre.fr"


@pytest.fixture
def bruno(bonvenon):
    """An owner of bonvenon.fr, and of nothing else."""
    return owner("bruno", bonvenon)


def circle(refusal):
    """Return the way that the refusal tells."""
    return refusal.value.values["path"]


@pytest.fixture
def led_by_others(contact, autre, alice):
    """contact@ is led to, over two addresses of somebody else."""
    make("other@autre.fr", by=alice, mailbox=False, recipients=[MINE])
    make(THEIRS, by=alice, mailbox=False, recipients=["other@autre.fr"])
    return contact


def test_a_circle_names_what_is_mine_and_where_that_leads(led_by_others, bruno, alice):
    with pytest.raises(RecipientLoop) as refused:
        save(MINE, by=bruno, recipients=[THEIRS])
    assert circle(refused) == f"{MINE} → {THEIRS} → … → {MINE}"

    with pytest.raises(RecipientLoop) as refused:
        save(MINE, by=alice, recipients=[THEIRS])
    assert circle(refused) == f"{MINE} → {THEIRS} → other@autre.fr → {MINE}"


def test_a_circle_that_a_holder_would_close_names_the_own_address_alone(led_by_others, alice):
    wished = Switches(may_redirect=True)
    switches.change(led_by_others, wished, version=led_by_others.version, by=alice)
    who = holder(led_by_others)
    version = addresses.of(alice, MINE).version
    wish = holders.Redirection(version, THEIRS, keep_copy=True)
    with pytest.raises(RecipientLoop) as refused:
        holders.redirect(wish, holders.Proof(lately=True), by=who)
    assert circle(refused) == f"{MINE} → {THEIRS} → … → {MINE}"


def test_a_circle_that_begins_with_somebody_else_hides_its_beginning(contact, autre, bruno, alice):
    catch_alls.change(autre, CatchAll.ADDRESS, MINE, "", by=alice)
    make("info@autre.fr", by=alice, mailbox=False, recipients=["unknown@autre.fr"])
    with pytest.raises((RecipientLoop, CatchAllLoop)) as refused:
        save(MINE, by=bruno, mailbox=False, may_remove=True, recipients=["unknown@autre.fr"])
    assert "info@autre.fr" not in circle(refused)
    assert MINE in circle(refused)


def test_a_bomb_that_begins_elsewhere_is_not_named(contact, autre, bruno, alice, monkeypatch):
    monkeypatch.setattr(routing, "MOST_IN_ALL", 4)
    make(THEIRS, by=alice, mailbox=False, recipients=[MINE, "a@x.org", "b@x.org"])
    with pytest.raises(TooManyInAll) as refused:
        save(MINE, by=bruno, recipients=["c@x.org"])
    assert refused.value.values["email"] == "…"

    with pytest.raises(TooManyInAll) as refused:
        save(MINE, by=alice, recipients=["c@x.org"])
    assert refused.value.values["email"] == THEIRS


def lead_postmaster(by):
    """Let the postmaster@ of autre.fr lead to contact@bonvenon.fr alone."""
    save("postmaster@autre.fr", by=by, recipients=[MINE])


@pytest.mark.parametrize(
    "act",
    [
        lambda address, by: addresses.remove(address, confirmed=True, by=by),
        lambda address, by: save(MINE, by=by, enabled=False),
        lambda address, by: switches.change(
            address, Switches(receives=False), version=address.version, by=by
        ),
        lambda address, by: renaming.rename(
            address, "new", version=address.version, keep_alias=False, by=by
        ),
    ],
    ids=["removed", "off", "sends only", "renamed"],
)
def test_a_postmaster_of_somebody_else_is_not_named(contact, autre, bruno, alice, act):
    lead_postmaster(alice)
    with pytest.raises(NeededElsewhere):
        act(addresses.of(bruno, MINE), bruno)
    with pytest.raises(PostmasterNeedsDestination) as refused:
        act(addresses.of(alice, MINE), alice)
    assert refused.value.values == {"email": "postmaster@autre.fr"}


def test_a_domain_of_somebody_else_that_leads_here_is_not_named(bonvenon, autre, bruno, alice):
    catch_alls.change(autre, CatchAll.DOMAIN, "", bonvenon.name, by=alice)
    Ownership.update(added_itself=True).execute()
    with pytest.raises(NeededElsewhere):
        removed_domains.remove(bonvenon, by=bruno)
    with pytest.raises(DomainIsCatchAll):
        removed_domains.remove(bonvenon, by=alice)


def add_what_was_unknown(by):
    """Add an address whose mail was taken by the catch-all until now."""
    addresses.add(domain_of("bonvenon.fr"), "unknown", by=by)


def catch_nothing(by):
    """Let unknown addresses be refused."""
    catch_alls.change(domain_of("bonvenon.fr"), CatchAll.NONE, "", "", by=by)


def lead_nowhere(by):
    """Take out of an alias what it leads to."""
    alias = addresses.of(by, "alias@bonvenon.fr")
    leading.take_out(MINE, {alias.email: alias.version}, by=by)


def install(by):
    """Install a domain that was elsewhere until now."""
    domains.install("neuf.fr", MINE, by=by)


@pytest.mark.parametrize(
    ("act", "led"),
    [
        (add_what_was_unknown, "unknown@bonvenon.fr"),
        (catch_nothing, "unknown@bonvenon.fr"),
        (lead_nowhere, "alias@bonvenon.fr"),
        (install, "somebody@neuf.fr"),
    ],
)
def test_whatever_a_postmaster_of_somebody_else_needs_does_not_name_it(
    contact, autre, bruno, alice, act, led
):
    Account.update(most_domains=1).where(Account.id == bruno.id).execute()
    catch_alls.change(contact.domain, CatchAll.ADDRESS, MINE, "", by=alice)
    make("alias@bonvenon.fr", by=alice, recipients=[MINE])
    save("postmaster@autre.fr", by=alice, recipients=[led])
    with pytest.raises(NeededElsewhere):
        act(bruno)
    with pytest.raises(PostmasterNeedsDestination):
        act(alice)


def test_a_circle_that_would_come_back_names_nothing_of_others(contact, autre, bruno, alice):
    Account.update(most_domains=1).where(Account.id == bruno.id).execute()
    neuf = domains.install("neuf.fr", MINE, by=bruno)
    make("old@bonvenon.fr", by=bruno, recipients=[THEIRS])
    kept = addresses.remove(addresses.of(bruno, "old@bonvenon.fr"), confirmed=True, by=bruno)
    make("old@neuf.fr", by=bruno, recipients=[THEIRS])
    removed_domains.remove(neuf, by=bruno)
    make("other@autre.fr", by=alice, recipients=["old@bonvenon.fr", "old@neuf.fr", "a@x.org"])
    make(THEIRS, by=alice, recipients=["other@autre.fr"])
    for act in (
        lambda: removal.restore(kept, by=bruno),
        lambda: removed_domains.bring_back(neuf.id, by=bruno),
    ):
        with pytest.raises(RecipientLoop) as refused:
            act()
        assert "other@autre.fr" not in circle(refused)


def test_what_is_all_mine_is_named_whole(contact, autre, alice):
    camille = owner("camille", contact.domain, autre)
    lead_postmaster(camille)
    with pytest.raises(PostmasterNeedsDestination):
        addresses.remove(contact, confirmed=True, by=camille)
