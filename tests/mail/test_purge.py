"""The end of what was removed: after its date or by order, each step once, files last."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.helper_of import Helper, helper_at
from tests.mail import truth
from tests.mail.stage import (
    acts_on,
    catch_all,
    domain_of,
    everything,
    find,
    install,
    kept_in,
    make,
    save,
    sql,
)
from webmailadmin import settings
from webmailadmin.mail import addresses, purging, removal, removed_domains
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_domains import DomainNameDiffers
from webmailadmin.mail.errors_of_mailboxes import RemovedNameDiffers
from webmailadmin.models import Address, Domain, Journal, Purge, Removed, Usage, now
from webmailadmin.upkeep import purges

CONTACT = "contact@bonvenon.fr"


@pytest.fixture
def helper(app: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Helper]:
    """A helper whose homes hold three messages each."""
    path = tmp_path / "helper"
    monkeypatch.setattr(settings, "current", settings.Settings(helper_socket=path))
    with helper_at(path) as helper:
        helper.holds(3, 4096)
        yield helper


@pytest.fixture
def kept(contact: Address, alice: Actor) -> Removed:
    """contact@, deleted with its mailbox, of which Dovecot had told what it holds."""
    (box,) = contact.boxes
    Usage.create(mailbox=box, messages=3, bytes=4096)
    return addresses.remove(contact, confirmed=True, by=alice)


def expire(*rows: Removed) -> None:
    """Let the date pass until which these are kept."""
    ids = [row.id for row in rows]
    Removed.update(until=now()).where(Removed.id.in_(ids)).execute()


def home_of(kept: Removed) -> str:
    return str(kept.mailbox.home)


def told(domain: Domain) -> tuple[str, str]:
    """Return the last entry of the journal."""
    last = Journal.select().where(Journal.domain == domain).order_by(Journal.id.desc()).first()
    return last.act, last.details


# After the date


def test_nothing_is_deleted_before_its_date(kept: Removed, helper: Helper) -> None:
    Removed.update(until=now() + timedelta(minutes=5)).execute()
    before = everything()

    purges.carry_out()

    assert (everything(), helper.asked) == (before, [])


def test_a_mailbox_past_its_date_goes_with_its_messages_and_the_journal_counts_them(
    kept: Removed, helper: Helper
) -> None:
    home = home_of(kept)
    expire(kept)

    purges.carry_out()

    assert helper.asked == [("purge", home)]
    for table in ("removed", "mailbox", "usage", "purge"):
        assert everything()[table] == []
    assert acts_on(kept.domain)[-2:] == ["address.gone", "messages.deleted"]
    assert told(kept.domain) == ("messages.deleted", '{"messages": "3", "bytes": "4096"}')
    assert Journal.select().order_by(Journal.id.desc()).first().actor == "the panel"
    truth.check()


def test_what_has_no_mailbox_goes_too_and_asks_nobody(
    contact: Address, alice: Actor, helper: Helper
) -> None:
    make("sales@bonvenon.fr", by=alice, recipients=[CONTACT])
    expire(addresses.remove(find("sales@bonvenon.fr"), confirmed=True, by=alice))
    catch_all("bonvenon.fr", CONTACT, by=alice)
    catch_all("bonvenon.fr", "", by=alice)
    expire(*kept_in(contact.domain))

    purges.carry_out()

    assert (everything()["removed"], helper.asked) == ([], [])
    assert acts_on(contact.domain)[-2:] == ["address.gone", "catch-all.gone"]
    truth.check()


def test_a_mailbox_taken_off_a_living_address_goes_and_the_address_stays(
    contact: Address, alice: Actor, helper: Helper
) -> None:
    kept = save(CONTACT, by=alice, mailbox=False, may_remove=True).removed
    assert kept is not None
    expire(kept)

    purges.carry_out()

    assert everything()["mailbox"] == []
    assert find(CONTACT).id == contact.id
    assert acts_on(contact.domain, CONTACT)[-2:] == ["mailbox.gone", "messages.deleted"]
    truth.check()


def test_a_domain_past_its_date_goes_with_all_its_mailboxes(
    contact: Address, autre: Domain, alice: Actor, helper: Helper
) -> None:
    make("ann@bonvenon.fr", by=alice, mailbox=True)
    make("bob@autre.fr", by=alice, mailbox=True)
    homes = sql("SELECT 'purge', home FROM mailbox ORDER BY id LIMIT 2")
    domain = domain_of("bonvenon.fr")
    removed_domains.remove(domain, by=alice)
    expire(*Removed.select())

    purges.carry_out()

    assert sorted(helper.asked) == sorted(homes)
    assert removed_domains.list_for(alice) == []
    assert sql("SELECT count(*) FROM mailbox") == [(1,)]
    assert acts_on(domain)[-3:] == ["domain.gone", "messages.deleted", "messages.deleted"]
    with pytest.raises(NotFound):
        removed_domains.bring_back(domain.id, by=alice)
    truth.check()


def test_a_living_mailbox_is_never_deleted(contact: Address, helper: Helper) -> None:
    """Whatever else goes: here its home was ordered by a mistake of ours."""
    Purge.create(home=contact.boxes[0].home, domain=contact.domain, email=CONTACT)

    with pytest.raises(purges.PurgesStuck):
        purges.carry_out()

    assert helper.asked == []
    assert Purge.get().trouble.startswith("A mailbox has the folder ")


# By order


def test_an_administrator_lets_it_go_at_once_by_typing_the_address(
    kept: Removed, alice: Actor, helper: Helper
) -> None:
    home = home_of(kept)

    purging.order(kept, " Contact@BonVenon.fr", by=alice)
    purges.carry_out()

    assert helper.asked == [("purge", home)]
    assert everything()["removed"] == everything()["mailbox"] == []
    truth.check()


@pytest.mark.parametrize("typed", ["", "contact", "contact@autre.fr", "bonvenon.fr", CONTACT + "x"])
def test_without_the_address_nothing_goes(typed: str, kept: Removed, alice: Actor) -> None:
    before = everything()

    with pytest.raises(RemovedNameDiffers) as refusal:
        purging.order(kept, typed, by=alice)

    assert (refusal.value.field, everything()) == ("name", before)


def test_an_address_with_accents_is_typed_as_it_is_shown_or_stored(alice: Actor) -> None:
    install("été.fr", by=alice)
    for typed in ("zoe@été.fr", "zoe@xn--t-9fab.fr"):
        make("zoe@xn--t-9fab.fr", by=alice)
        kept = addresses.remove(find("zoe@xn--t-9fab.fr"), confirmed=True, by=alice)
        purging.order(kept, typed, by=alice)

    assert everything()["removed"] == []


def test_a_former_catch_all_is_let_go_by_its_name(contact: Address, alice: Actor) -> None:
    catch_all("bonvenon.fr", CONTACT, by=alice)
    catch_all("bonvenon.fr", "", by=alice)
    (kept,) = kept_in(contact.domain)

    purging.order(kept, "@bonvenon.fr", by=alice)

    assert kept_in(contact.domain) == []


def test_a_domain_is_let_go_at_once_by_typing_its_name(
    contact: Address, alice: Actor, helper: Helper
) -> None:
    removed_domains.remove(contact.domain, by=alice)
    with pytest.raises(DomainNameDiffers):
        purging.order_domain(contact.domain, "bonvenon", by=alice)

    purging.order_domain(contact.domain, "bonvenon.fr", by=alice)
    purges.carry_out()

    assert removed_domains.list_for(alice) == []
    assert [verb for verb, _ in helper.asked] == ["purge"]
    with pytest.raises(NotFound):
        purging.order_domain(contact.domain, "bonvenon.fr", by=alice)


def test_what_came_back_meanwhile_is_not_let_go(kept: Removed, alice: Actor) -> None:
    removal.restore(kept, by=alice)
    before = everything()

    with pytest.raises(NotFound):
        purging.order(kept, CONTACT, by=alice)

    assert everything() == before


def test_what_was_let_go_does_not_come_back(kept: Removed, alice: Actor) -> None:
    purging.order(kept, CONTACT, by=alice)

    with pytest.raises(NotFound):
        removal.restore(kept, by=alice)


def test_what_went_with_a_domain_is_not_let_go_alone(contact: Address, alice: Actor) -> None:
    removed_domains.remove(contact.domain, by=alice)
    kept = Removed.get(Removed.email == CONTACT)

    with pytest.raises(NotFound):
        purging.order(kept, CONTACT, by=alice)

    removed_domains.bring_back(contact.domain.id, by=alice)


# Trouble


def test_a_deletion_that_meets_trouble_stops_says_so_and_is_tried_again(
    kept: Removed, alice: Actor, helper: Helper
) -> None:
    home = home_of(kept)
    make("ann@bonvenon.fr", by=alice, mailbox=True)
    other = addresses.remove(find("ann@bonvenon.fr"), confirmed=True, by=alice)
    well: Callable[[str], dict[str, object]] = lambda _: {  # noqa: E731
        "messages": 1,
        "bytes": 1,
        "last_log_in": None,
    }
    wrong = {"refused": "The folder has another owner."}
    helper.answers["purge"] = lambda about: wrong if about == home else well(about)
    expire(kept, other)

    with pytest.raises(purges.PurgesStuck) as stuck:
        purges.carry_out()
    assert str(stuck.value) == (
        "1 removed mailboxes are not deleted yet: The folder has another owner."
    )
    assert sql("SELECT home, trouble FROM purge") == [(home, "The folder has another owner.")]

    helper.holds(3, 4096)
    purges.carry_out()
    assert everything()["purge"] == []
    assert acts_on(kept.domain, CONTACT).count("messages.deleted") == 1


def test_without_a_helper_the_files_wait(
    kept: Removed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nobody = settings.Settings(helper_socket=tmp_path / "nobody")
    monkeypatch.setattr(settings, "current", nobody)
    expire(kept)

    with pytest.raises(purges.PurgesStuck):
        purges.carry_out()

    assert Purge.get().trouble.startswith("No mail-file helper answers at ")
    truth.check()


def test_a_deletion_that_was_broken_off_after_the_files_is_told_once(
    kept: Removed, alice: Actor, helper: Helper
) -> None:
    purging.order(kept, CONTACT, by=alice)
    (purge,) = purging.ordered()
    purges.carry_out()

    purging.finish(purge, 3, 4096)
    purges.carry_out()

    assert acts_on(kept.domain, CONTACT).count("messages.deleted") == 1


# The clock


def test_a_clock_that_jumped_back_lets_nothing_go(
    kept: Removed, helper: Helper, monkeypatch: pytest.MonkeyPatch
) -> None:
    expire(kept)
    monkeypatch.setattr(purging, "now", lambda: now() - timedelta(minutes=5))
    Removed.update(until=now() - timedelta(days=1)).execute()
    before = everything()

    with pytest.raises(purging.ClockBehind):
        purges.carry_out()

    assert (everything(), helper.asked) == (before, [])


def test_a_clock_that_is_behind_gives_no_date_that_is_past_too_soon(
    contact: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webmailadmin.mail.mailboxes.now", lambda: now() - timedelta(days=2000))

    kept = addresses.remove(contact, confirmed=True, by=alice)

    assert kept.until >= now() + timedelta(days=29)


# A name used again


def test_a_new_mailbox_of_the_name_is_not_touched_by_the_end_of_the_old_one(
    kept: Removed, alice: Actor, helper: Helper
) -> None:
    old = home_of(kept)
    make(CONTACT, by=alice, mailbox=True)
    expire(kept)

    purges.carry_out()

    assert helper.asked == [("purge", old)]
    assert sql("SELECT count(*) FROM dovecot_user WHERE user = ?", CONTACT) == [(1,)]
    truth.check()


def test_a_domain_installed_anew_is_not_touched_by_the_end_of_the_former_one(
    contact: Address, alice: Actor, helper: Helper
) -> None:
    removed_domains.remove(contact.domain, by=alice)
    install("bonvenon.fr", by=alice)
    make(CONTACT, by=alice, mailbox=True)
    expire(*Removed.select())

    purges.carry_out()

    assert sql("SELECT user FROM dovecot_user") == [(CONTACT,)]
    assert len(helper.asked) == 1
    truth.check()
