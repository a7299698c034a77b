"""The bin as pages tell it: what each was, who removed it and when, until when it comes back."""

import shutil
from pathlib import Path

import pytest

from tests.mail.stage import catch_all, everything, find, install, make, save, sql
from webmailadmin import database
from webmailadmin.mail import (
    accounts,
    addresses,
    purging,
    recycle_bin,
    removed_domains,
    renaming,
    usage,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor
from webmailadmin.mail.errors import NotFound
from webmailadmin.models import Account, Address, Domain, Purge, Removed, now

CONTACT = "contact@bonvenon.fr"


@pytest.fixture
def bruno(alice: Actor) -> Actor:
    """Another administrator."""
    accounts.add("bruno", "quite another phrase 9", by=COMMAND_LINE)
    found: Actor = accounts.actor(Account.get(Account.name == "bruno"))
    return found


def delete(email: str, *, by: Actor) -> Removed:
    return addresses.remove(find(email), confirmed=True, by=by)


def test_each_kind_tells_what_it_was_and_who_removed_it(
    contact: Address, alice: Actor, bruno: Actor
) -> None:
    usage.note(contact.boxes[0], 1204, 310 * 2**20, None)
    save(CONTACT, by=alice, recipients=["ann@x.org", "bob@y.org"])
    make("info@bonvenon.fr", by=alice, mailbox=True, quota_mb="0")
    catch_all("bonvenon.fr", "ann@x.org", by=alice)

    catch_all("bonvenon.fr", "", by=bruno)
    save("info@bonvenon.fr", by=bruno, mailbox=False, may_remove=True)
    delete(CONTACT, by=alice)

    address, box, way = recycle_bin.page(contact.domain, by=COMMAND_LINE).entries
    assert (address.kind, address.email, address.removed_by) == ("address", CONTACT, "alice")
    assert address.recipients == ["ann@x.org", "bob@y.org"]
    assert (address.quota_mb, address.messages, address.bytes) == (1024, 1204, 310 * 2**20)
    assert (box.kind, box.email, box.removed_by) == ("mailbox", "info@bonvenon.fr", "bruno")
    assert (box.recipients, box.quota_mb, box.messages, box.bytes) == ([], 0, None, None)
    assert (way.kind, way.email, way.recipients) == ("catch-all", "@bonvenon.fr", ["ann@x.org"])
    assert (way.removed_by, way.mailbox_id, way.quota_mb) == ("bruno", None, None)
    for entry in (address, box, way):
        assert now() >= entry.removed_at
        assert (entry.until - entry.removed_at).days == 30
        assert recycle_bin.of(contact.domain, entry.id, by=COMMAND_LINE) == entry


def test_an_alias_that_gave_way_to_a_rename_is_in_the_bin_of_who_renamed(
    contact: Address, alice: Actor, bruno: Actor
) -> None:
    make("ann@bonvenon.fr", by=alice, recipients=[CONTACT])

    renaming.rename(find(CONTACT), "ann", version=find(CONTACT).version, keep_alias=True, by=bruno)

    (entry,) = recycle_bin.page(contact.domain, by=COMMAND_LINE).entries
    assert (entry.email, entry.removed_by) == ("ann@bonvenon.fr", "bruno")


def test_the_bin_is_searched_by_name_and_by_recipient(bonvenon: Domain, alice: Actor) -> None:
    for name, to in (("ann", "far@x.org"), ("bob", "ann@y.org"), ("carol", "far@y.org")):
        make(f"{name}@bonvenon.fr", by=alice, recipients=[to])
        delete(f"{name}@bonvenon.fr", by=alice)

    def found(search: str) -> list[str]:
        return [
            entry.email[:-12]
            for entry in recycle_bin.page(bonvenon, search, by=COMMAND_LINE).entries
        ]

    assert found("Ann") == ["bob", "ann"]
    assert found("ann@bonvenon.fr") == ["ann"]
    assert found("y.org") == ["carol", "bob"]
    assert found("%") == found("_") == []


def test_more_than_a_page_is_read_on_from_its_end(
    bonvenon: Domain, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recycle_bin, "PAGE", 2)
    ids = []
    for name in ("a", "b", "c", "d", "e"):
        make(f"{name}@bonvenon.fr", by=alice)
        ids.append(delete(f"{name}@bonvenon.fr", by=alice).id)

    first = recycle_bin.page(bonvenon, by=COMMAND_LINE)
    second = recycle_bin.page(bonvenon, before=first.before, by=COMMAND_LINE)
    third = recycle_bin.page(bonvenon, before=second.before, by=COMMAND_LINE)

    read = [[entry.id for entry in page.entries] for page in (first, second, third)]
    assert read == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    assert third.before is None


@pytest.mark.parametrize("number", [-1, 0, 99, 10**30, -(10**30)])
def test_a_number_typed_by_hand_breaks_nothing(number: int, contact: Address, alice: Actor) -> None:
    delete(CONTACT, by=alice)

    entries = recycle_bin.page(contact.domain, before=number, by=COMMAND_LINE).entries
    assert len(entries) == (1 if number > 1 else 0)
    with pytest.raises(NotFound):
        recycle_bin.of(contact.domain, abs(number) + 2, by=COMMAND_LINE)


def test_what_is_past_its_date_or_of_another_domain_is_not_there(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    kept = delete(CONTACT, by=alice)
    with pytest.raises(NotFound):
        recycle_bin.of(autre, kept.id, by=COMMAND_LINE)
    assert recycle_bin.page(autre, by=COMMAND_LINE).entries == []

    Removed.update(until=now()).execute()

    assert recycle_bin.page(contact.domain, by=COMMAND_LINE).entries == []
    with pytest.raises(NotFound):
        recycle_bin.of(contact.domain, kept.id, by=COMMAND_LINE)


# Domains


def test_a_removed_domain_tells_all_that_went_with_it(
    contact: Address, autre: Domain, alice: Actor, bruno: Actor
) -> None:
    make("info@bonvenon.fr", by=alice, mailbox=True)
    make("gone@bonvenon.fr", by=alice, mailbox=True)
    delete("gone@bonvenon.fr", by=alice)
    usage.note(contact.boxes[0], 1204, 4096, None)
    removed_domains.remove(contact.domain, by=bruno)
    removed_domains.remove(autre, by=alice)

    other, whole = recycle_bin.domains_for(alice)
    assert (other.name, other.addresses, other.mailboxes) == ("autre.fr", 1, 0)
    assert (whole.id, whole.name, whole.removed_by) == (contact.domain.id, "bonvenon.fr", "bruno")
    assert (whole.addresses, whole.mailboxes, whole.unknown) == (3, 2, 1)
    assert (whole.messages, whole.bytes) == (1204, 4096)
    assert (whole.until - whole.removed_at).days == 30
    assert recycle_bin.domain_of(alice, whole.id) == whole


def test_a_domain_that_lives_or_is_gone_for_good_is_not_in_the_bin(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    removed_domains.remove(autre, by=alice)
    purging.order_domain(autre, "autre.fr", by=alice)

    assert recycle_bin.domains_for(alice) == []
    for domain in (contact.domain, autre):
        with pytest.raises(NotFound):
            recycle_bin.domain_of(alice, domain.id)


def test_who_removed_it_before_that_was_written_down_stands_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    shutil.copy(database.MIGRATIONS / "0001_first_tables.py", steps)
    with monkeypatch.context() as patched:
        patched.setattr(database, "MIGRATIONS", steps)
        database.open_database(tmp_path / "data")
    for statement in (
        "INSERT INTO domain VALUES (1, 'a.fr', 1, '@a.fr', NULL, NULL, 0, NULL, 0, 0, 1, 0, NULL)",
        "INSERT INTO domain VALUES (2, 'b.fr', 1, '@b.fr', NULL, NULL, 0, NULL, 0, 0, 1, 0, 900)",
        "INSERT INTO journal VALUES (1, 700, 'early', 'address.removed', 1, 'x@a.fr', '{}')",
        "INSERT INTO journal VALUES (2, 900, 'alice', 'address.removed', 1, 'x@a.fr', '{}')",
        "INSERT INTO journal VALUES (3, 901, 'bruno', 'domain.removed', 2, NULL, '{}')",
        "INSERT INTO journal VALUES (4, 950, 'late', 'address.removed', 1, 'x@a.fr', '{}')",
        "INSERT INTO removed VALUES (1, 1, 9, 'x@a.fr', 'x', 1, NULL, '', 1, 1, 900, 9e9)",
        "INSERT INTO removed VALUES (2, 1, 8, 'y@a.fr', 'y', 1, NULL, '', 1, 1, 900, 9e9)",
        "INSERT INTO removed VALUES"
        " (3, 2, 7, 'postmaster@b.fr', 'postmaster', 1, NULL, '', 1, 1, 900, 9e9)",
    ):
        database.db.execute_sql(statement.replace("9e9", "9000000000"))
    database.db.close()

    database.open_database(tmp_path / "data")

    assert sql("SELECT id, removed_by FROM removed ORDER BY id") == [
        (1, "alice"),
        (2, ""),
        (3, "bruno"),
    ]
    database.db.close()


# What is being deleted


def test_what_is_ordered_and_not_done_is_told_by_domain_with_its_trouble(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    assert purging.undone(by=COMMAND_LINE) == []
    for email in (CONTACT, "ann@autre.fr", "bob@autre.fr"):
        if email != CONTACT:
            make(email, by=alice, mailbox=True)
        kept = delete(email, by=alice)
        purging.order(kept, email, by=alice)
    box = Purge.get(Purge.email == "bob@autre.fr")
    purging.note_trouble(box.home, "The folder has another owner.")

    two, one = purging.undone(by=COMMAND_LINE)

    assert (two.domain, two.gone, two.mailboxes, two.stuck) == ("autre.fr", False, 2, 1)
    assert two.trouble == "The folder has another owner."
    assert (one.mailboxes, one.stuck, one.email, one.trouble) == (1, 0, CONTACT, "")
    assert one.since == Purge.get(Purge.email == CONTACT).at
    assert purging.undone(contact.domain, by=COMMAND_LINE) == [one]

    for purge in purging.ordered():
        purging.finish(purge, 0, 0)
    assert purging.undone(by=COMMAND_LINE) == []


def test_what_is_deleted_of_a_removed_domain_says_that_the_domain_is_gone(
    contact: Address, alice: Actor
) -> None:
    removed_domains.remove(contact.domain, by=alice)
    purging.order_domain(contact.domain, "bonvenon.fr", by=alice)
    again = install("bonvenon.fr", by=alice)
    before = everything()

    (undone,) = purging.undone(by=COMMAND_LINE)

    assert (undone.gone, undone.mailboxes) == (True, 1)
    assert purging.undone(again, by=COMMAND_LINE) == []
    assert everything() == before
