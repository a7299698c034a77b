"""App passwords: made by the holder, shown once, revoked alone."""

import hashlib
import math
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.mail import truth
from tests.mail.stage import acts_on, everything, find, make, save, sql
from tests.mail.test_switches import holder_of, owner_of
from webmailadmin import settings
from webmailadmin.database import another, db
from webmailadmin.mail import addresses, app_passwords, log_ins, passwords, removal, restored
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.errors_of_log_ins import LogInRefused
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Address, AppPassword, Domain, Journal, Kick, moment, now
from webmailadmin.servers import used
from webmailadmin.upkeep.app_passwords import Round

CONTACT = "contact@bonvenon.fr"


@pytest.fixture
def holder(contact: Address) -> Actor:
    return holder_of(contact)


def opened_by() -> set[tuple[str, int | None]]:
    """Return what opens which mailbox: its main password, None, or an app password's number."""
    return set(sql("SELECT user, app FROM dovecot_password"))


def last_used(number: int) -> int | None:
    ((at,),) = sql("SELECT last_used FROM app_password WHERE id = ?", number)
    return at


def test_the_secret_is_shown_once_and_kept_nowhere(contact: Address, holder: Actor) -> None:
    created = app_passwords.create(contact, " Thunderbird ", by=holder)

    assert created.app_password.name == "Thunderbird"
    stored = hashlib.sha256(created.secret.encode()).hexdigest()
    assert sql("SELECT password, last_used FROM app_password") == [(stored, None)]
    assert created.secret not in str(everything())
    assert opened_by() == {(CONTACT, None), (CONTACT, created.app_password.id)}
    truth.check()


def test_it_has_more_than_128_bits_and_no_letters_to_mix_up(
    contact: Address, holder: Actor
) -> None:
    secret = app_passwords.create(contact, "Telephone", by=holder).secret

    letters = secret.replace("-", "")
    assert len(letters) * math.log2(len(passwords.LETTERS)) >= 128
    assert set(letters) <= set(passwords.LETTERS)


def test_the_journal_tells_its_name_and_nothing_else(contact: Address, holder: Actor) -> None:
    created = app_passwords.create(contact, "Telephone", by=holder)
    app_passwords.revoke(contact, created.app_password.id, by=holder)

    made, revoked = Journal.select().order_by(Journal.id.desc()).limit(2)[::-1]
    assert (made.act, made.actor, made.email) == ("app-password.created", CONTACT, CONTACT)
    assert made.details == '{"name": "Telephone"}'
    assert (revoked.act, revoked.details) == ("app-password.revoked", '{"name": "Telephone"}')


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (" ", "app-password-name-missing"),
        ("x" * 61, "app-password-name-too-long"),
        ("a\nb", "app-password-name-control"),
        ("a\u202eb", "app-password-name-control"),
        ("TELEPHONE", "app-password-name-taken"),
    ],
)
def test_a_name_that_is_no_use_is_refused(
    contact: Address, holder: Actor, typed: str, code: str
) -> None:
    app_passwords.create(contact, "Telephone", by=holder)
    before = everything()

    with pytest.raises(Refusal) as refusal:
        app_passwords.create(contact, typed, by=holder)
    assert (refusal.value.code, refusal.value.field) == (code, "name")
    assert everything() == before


def test_there_are_not_too_many(contact: Address, holder: Actor) -> None:
    for number in range(app_passwords.MOST):
        app_passwords.create(contact, f"Program {number}", by=holder)

    with pytest.raises(Refusal, match="too-many-app-passwords"):
        app_passwords.create(contact, "One more", by=holder)


def test_revoked_it_opens_nothing_and_sessions_end(contact: Address, holder: Actor) -> None:
    kept = app_passwords.create(contact, "Telephone", by=holder).app_password
    lost = app_passwords.create(contact, "Laptop", by=holder).app_password
    assert Kick.select().count() == 0

    app_passwords.revoke(contact, lost.id, by=holder)

    assert opened_by() == {(CONTACT, None), (CONTACT, kept.id)}
    assert [kick.email for kick in Kick.select()] == [CONTACT]
    assert [row.name for row in app_passwords.of(contact, by=holder)] == ["Telephone"]
    with pytest.raises(NotFound):
        app_passwords.revoke(contact, lost.id, by=holder)


def test_the_main_password_can_be_barred_from_mail_programs(
    contact: Address, holder: Actor
) -> None:
    created = app_passwords.create(contact, "Telephone", by=holder).app_password
    app_passwords.bar_main(contact, True, by=holder)

    assert opened_by() == {(CONTACT, created.id)}
    # Files of an earlier set-up ask here.
    assert sql("SELECT user, password FROM dovecot_user") == [(CONTACT, None)]
    assert [kick.email for kick in Kick.select()] == [CONTACT]
    assert acts_on(contact.domain, CONTACT)[-1] == "main-password.barred"
    truth.check()

    app_passwords.bar_main(contact, False, by=holder)
    app_passwords.bar_main(contact, False, by=holder)
    assert opened_by() == {(CONTACT, None), (CONTACT, created.id)}
    acts = acts_on(contact.domain, CONTACT)
    assert acts[-2:] == ["main-password.barred", "main-password.let-in"]


def test_an_app_password_does_not_open_the_panel(contact: Address, holder: Actor) -> None:
    secret = app_passwords.create(contact, "Telephone", by=holder).secret

    with pytest.raises(LogInRefused):
        log_ins.log_in(CONTACT, secret, "192.0.2.1")


@pytest.mark.parametrize("wanted", [{"enabled": False}, {"switches": Switches(may_log_in=False)}])
def test_who_is_switched_off_or_may_not_log_in_is_let_in_by_none(
    contact: Address, holder: Actor, alice: Actor, wanted: dict[str, object]
) -> None:
    app_passwords.create(contact, "Telephone", by=holder)
    save(CONTACT, by=alice, **wanted)

    assert opened_by() == set()
    truth.check()


def test_they_go_and_come_back_with_their_mailbox(
    contact: Address, holder: Actor, alice: Actor
) -> None:
    created = app_passwords.create(contact, "Telephone", by=holder).app_password
    kept = addresses.remove(find(CONTACT), confirmed=True, by=alice)
    assert opened_by() == set()

    removal.restore(kept, by=alice)
    assert opened_by() == {(CONTACT, None), (CONTACT, created.id)}


# Who may


def test_who_manages_the_domain_revokes_and_never_creates(
    contact: Address, holder: Actor, alice: Actor
) -> None:
    olive = owner_of(contact.domain)
    for by in (alice, olive):
        created = app_passwords.create(contact, by.name, by=holder).app_password
        with pytest.raises(NotFound):
            app_passwords.create(contact, "Spy", by=by)
        with pytest.raises(NotFound):
            app_passwords.bar_main(contact, True, by=by)
        assert [row.name for row in app_passwords.of(contact, by=by)] == [by.name]
        app_passwords.revoke(contact, created.id, by=by)
    assert opened_by() == {(CONTACT, None)}


def test_an_administrator_who_has_entered_creates_none(contact: Address, holder: Actor) -> None:
    entered = Actor(holder.kind, holder.id, holder.name, through="alice")

    with pytest.raises(Refusal, match="app-password-for-holder-only"):
        app_passwords.create(contact, "Spy", by=entered)
    assert AppPassword.select().count() == 0


def test_nobody_gets_at_those_of_others(
    contact: Address, holder: Actor, autre: Domain, alice: Actor
) -> None:
    created = app_passwords.create(contact, "Telephone", by=holder).app_password
    other = make("ann@bonvenon.fr", mailbox=True, by=alice)
    before = everything()

    for by in (holder_of(other), owner_of(autre)):
        before = everything()
        for act in (
            lambda by=by: app_passwords.of(contact, by=by),
            lambda by=by: app_passwords.create(contact, "Spy", by=by),
            lambda by=by: app_passwords.revoke(contact, created.id, by=by),
            lambda by=by: app_passwords.bar_main(contact, True, by=by),
        ):
            with pytest.raises(NotFound):
                act()
        assert everything() == before
    with pytest.raises(NotFound):
        app_passwords.revoke(other, created.id, by=holder_of(other))


def test_an_alias_has_none(bonvenon: Domain, alice: Actor) -> None:
    alias = make("sales@bonvenon.fr", recipients=["ann@x.org"], by=alice)

    with pytest.raises(NotFound):
        app_passwords.of(alias, by=alice)


# Last used


def test_when_it_was_used_last_is_believed_as_far_as_it_can_be(
    contact: Address, holder: Actor
) -> None:
    number = app_passwords.create(contact, "Telephone", by=holder).app_password.id
    at = AppPassword.last_used.db_value(now())
    AppPassword.update(created_at=now() - timedelta(days=1)).execute()

    def told(seconds: int) -> int | None:
        app_passwords.note_used({number: seconds, number + 1: seconds})
        return last_used(number)

    assert told(at - 90_000) is None, "before it was created"
    assert told(at + 60) is None, "in the future"
    assert told(at - 100) == at - 100
    assert told(at - 200) == at - 100, "it was used since"
    assert told(at - 50) == at - 50


def test_the_worker_takes_over_what_dovecot_notes(contact: Address, holder: Actor) -> None:
    number = app_passwords.create(contact, "Telephone", by=holder).app_password.id
    folder = settings.current.data
    worker = Round()
    worker.carry_out()
    assert last_used(number) is None

    note(folder, number, int(time.time()))
    worker.carry_out()

    assert moment(last_used(number)) == AppPassword.get().last_used
    assert abs(last_used(number) - time.time()) < 60


def note(folder: Path, number: int, at: int) -> None:
    """Write down what Dovecot would."""
    with another(folder / used.FILE) as opened:
        opened.execute_sql("INSERT INTO used VALUES (?, ?)", (number, at))


def test_the_file_is_the_servers_to_write_and_its_folder_is_not(
    contact: Address, data: Path
) -> None:
    used.make(data)
    used.make(data)

    modes = {oct(file.stat().st_mode & 0o777) for file in used.files(data)}
    assert modes == {"0o660"}


# A restore


def test_an_earlier_state_ends_sessions_of_app_passwords_that_it_does_not_know(
    contact: Address, holder: Actor
) -> None:
    earlier = restored.state(db)
    app_passwords.create(contact, "Telephone", by=holder)
    present = restored.state(db)

    assert {user for user, _, _ in present.log_ins - earlier.log_ins} == {CONTACT}
    assert earlier.log_ins <= present.log_ins
