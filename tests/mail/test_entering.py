"""Enter as: who may, as whom, and what stays the person's own."""

from datetime import timedelta

import pytest

from tests.mail.stage import acts_on, everything, find, save, sql
from webmailadmin.mail import accounts, entering, sessions
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_entering import (
    AdministratorsStayThemselves,
    MayNotLogIn,
    OnlyThemselves,
)
from webmailadmin.models import Account, Address, Domain, Journal, Mailbox, Ownership, Session, now

PASSWORD = "a fine long password 27"


@pytest.fixture
def bruno(bonvenon: Domain) -> Actor:
    """The owner of bonvenon.fr."""
    accounts.add("bruno", PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    account = Account.get(Account.name == "bruno")
    Ownership.create(account=account, domain=bonvenon)
    return accounts.actor(account)


@pytest.fixture
def holder(contact: Address) -> Actor:
    """The holder of contact@bonvenon.fr."""
    return Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == contact).id, contact.email)


def who(token: str) -> Actor | None:
    """Return who a session is."""
    log_in = sessions.logged_in(token)
    return log_in.actor if log_in else None


def told() -> tuple[str, str, str, str | None]:
    """Return the last entry of the journal: actor, through, act, address."""
    row = Journal.select().order_by(Journal.id.desc()).get()
    return row.actor, row.through, row.act, row.email


# Who, as whom


def test_an_administrator_enters_an_account_and_acts_under_both_names(
    contact: Address, bruno: Actor, alice: Actor
) -> None:
    token = entering.enter_account("bruno", by=alice, network="192.0.2.1", agent="Firefox")

    assert told() == ("alice", "", "account.entered", None)
    entered = who(token)
    assert entered == Actor(Kind.OWNER, bruno.id, "bruno", through="alice")
    row = Session.get()
    assert (row.entered_by_id, row.network, row.agent) == (alice.id, "192.0.2.1", "Firefox")
    save(contact.email, by=entered, enabled=False)
    assert told() == ("bruno", "alice", "address.disabled", contact.email)

    entering.leave(token)

    assert who(token) is None
    assert told() == ("bruno", "alice", "account.left", None)


def test_an_administrator_enters_as_the_holder_of_a_mailbox(
    contact: Address, holder: Actor, alice: Actor
) -> None:
    token = entering.enter_mailbox(contact, by=alice)

    assert who(token) == Actor(Kind.HOLDER, holder.id, holder.name, through="alice")
    entering.leave(token)
    assert acts_on(contact.domain, contact.email)[-2:] == ["mailbox.entered", "mailbox.left"]


def test_nobody_enters_as_an_administrator(alice: Actor) -> None:
    accounts.add("zoe", PASSWORD, by=COMMAND_LINE)
    before = everything()

    for name in ("zoe", "alice"):
        with pytest.raises(AdministratorsStayThemselves):
            entering.enter_account(name, by=alice)
    with pytest.raises(NotFound):
        entering.enter_account("nobody", by=alice)
    assert everything() == before


def test_only_an_administrator_in_person_enters(
    contact: Address, bruno: Actor, holder: Actor, alice: Actor
) -> None:
    accounts.add("carla", PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    entered = who(entering.enter_account("bruno", by=alice))
    assert entered is not None
    before = everything()

    for by in (bruno, holder, entered, COMMAND_LINE):
        for name in ("carla", "bruno", "alice", "nobody"):
            with pytest.raises(NotFound):
                entering.enter_account(name, by=by)
        with pytest.raises(NotFound):
            entering.enter_mailbox(contact, by=by)
    assert everything() == before


def test_nobody_enters_where_nobody_may_log_in(
    contact: Address, bruno: Actor, alice: Actor
) -> None:
    sql("UPDATE account SET enabled = 0 WHERE name = 'bruno'")
    with pytest.raises(MayNotLogIn):
        entering.enter_account("bruno", by=alice)
    sql("UPDATE mailbox SET may_log_in = 0")
    with pytest.raises(MayNotLogIn):
        entering.enter_mailbox(contact, by=alice)
    sql("UPDATE mailbox SET may_log_in = 1")
    save(contact.email, by=alice, enabled=False)
    with pytest.raises(MayNotLogIn):
        entering.enter_mailbox(find(contact.email), by=alice)
    with pytest.raises(NotFound):
        entering.enter_mailbox(find("postmaster@bonvenon.fr"), by=alice)
    assert Session.select().count() == 0


# What ends it


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET password = 'other' WHERE name = 'alice'",
        "UPDATE account SET kind = 'owner' WHERE name = 'alice'",
        "UPDATE account SET enabled = 0 WHERE name = 'alice'",
        "DELETE FROM account WHERE name = 'alice'",
        "UPDATE account SET password = 'other' WHERE name = 'bruno'",
        "UPDATE account SET enabled = 0 WHERE name = 'bruno'",
    ],
)
def test_it_ends_with_the_rights_of_either(statement: str, bruno: Actor, alice: Actor) -> None:
    token = entering.enter_account("bruno", by=alice)

    sql(statement)

    assert who(token) is None


def test_it_lasts_no_longer_than_the_session_of_the_administrator(
    bruno: Actor, alice: Actor
) -> None:
    own = sessions.open_session(alice)
    entered = sessions.logged_in(entering.enter_account("bruno", by=alice))
    assert entering.still_there(entered, own) == entered

    accounts.add("zoe", PASSWORD, by=COMMAND_LINE)
    of_zoe = sessions.open_session(accounts.actor(Account.get(Account.name == "zoe")))
    of_bruno = sessions.open_session(bruno)
    for other in ("", "x", of_zoe, of_bruno):
        assert entering.still_there(entered, other) is None
    sessions.log_out(own)
    assert entering.still_there(entered, own) is None


def test_it_rests_no_longer_than_an_administrator_may(bruno: Actor, alice: Actor) -> None:
    token = entering.enter_account("bruno", by=alice)
    Session.update(seen_at=now() - timedelta(minutes=31)).execute()

    assert who(token) is None


def test_only_what_was_entered_is_left(bruno: Actor, alice: Actor) -> None:
    for token in (sessions.open_session(bruno), sessions.open_session(alice), "x", ""):
        with pytest.raises(NotFound):
            entering.leave(token)
    assert Session.select().count() == 2


# What stays the person's own


def test_the_password_is_neither_changed_nor_tried(bruno: Actor, alice: Actor) -> None:
    entered = who(entering.enter_account("bruno", by=alice))
    assert entered is not None
    before = everything()

    for present in (PASSWORD, "wrong"):
        with pytest.raises(OnlyThemselves):
            accounts.change_password(present, "quite another 9", "quite another 9", by=entered)
    assert everything() == before


def test_the_person_is_told_that_somebody_had_entered(
    contact: Address, bruno: Actor, holder: Actor, alice: Actor
) -> None:
    for person, enter in (
        (bruno, lambda: entering.enter_account("bruno", by=alice)),
        (holder, lambda: entering.enter_mailbox(contact, by=alice)),
    ):
        token = sessions.open_session(person)
        assert entering.last(token) is None

        entering.leave(enter())

        found = entering.last(token)
        assert found is not None
        assert found[0] == "alice"
        assert abs(found[1] - now()) < timedelta(minutes=1)
    assert entering.last(sessions.open_session(alice)) is None
    assert entering.last("x") is None


def test_after_a_week_that_is_no_news_any_more(
    bruno: Actor, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    entering.leave(entering.enter_account("bruno", by=alice))
    token = sessions.open_session(bruno)
    for days, is_told in ((6, True), (9, False)):
        later = now() + timedelta(days=days)
        monkeypatch.setattr(entering, "now", lambda later=later: later)
        assert (entering.last(token) is not None) is is_told


def test_an_owner_is_not_told_that_somebody_entered_as_a_holder_of_theirs(
    contact: Address, bruno: Actor, alice: Actor
) -> None:
    entering.leave(entering.enter_mailbox(contact, by=alice))

    assert entering.last(sessions.open_session(bruno)) is None
