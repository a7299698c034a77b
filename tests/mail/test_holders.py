"""What holders do with their mailboxes, and what they are told of the ways of mail."""

from datetime import timedelta

import pyotp
import pytest

from tests.mail import truth
from tests.mail.stage import (
    PASSWORD,
    acts_on,
    catch_all,
    everything,
    find,
    make,
    receives,
    recipients_of,
    save,
    sql,
)
from webmailadmin.mail import (
    app_passwords,
    domains,
    holders,
    log_ins,
    mailboxes,
    passwords,
    reaching,
    second_factor,
    sessions,
    switches,
    throttle,
)
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import Changed, NotFound
from webmailadmin.mail.errors_of_entering import OnlyThemselves
from webmailadmin.mail.errors_of_holders import (
    OnlySends,
    ProofNeeded,
    RedirectedNowhere,
    RedirectNotAllowed,
)
from webmailadmin.mail.errors_of_log_ins import CodeMissing, TooManyFailures
from webmailadmin.mail.errors_of_passwords import (
    PasswordIsAddress,
    PasswordsDiffer,
    PasswordTooShort,
    PasswordWrong,
)
from webmailadmin.mail.errors_of_recipients import RecipientLoop, RecipientMalformed
from webmailadmin.mail.holders import Proof, Redirection
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Address, Domain, Kick, Mailbox, SecondFactor, Session, now

CONTACT = "contact@bonvenon.fr"
OTHER = "quite another password 31"
ANOTHER = "a third and better one 5"


def holder_of(email: str) -> Actor:
    """Return who holds the mailbox at an address."""
    box = Mailbox.get(Mailbox.address == find(email))
    return Actor(Kind.HOLDER, box.id, email)


@pytest.fixture
def holder(contact: Address) -> Actor:
    """Who holds contact@."""
    return holder_of(contact.email)


@pytest.fixture
def free(contact: Address, alice: Actor) -> Actor:
    """Who holds contact@ and may redirect its mail."""
    switches.change(contact, Switches(may_redirect=True), version=contact.version, by=alice)
    return holder_of(contact.email)


def fresh() -> Proof:
    return Proof(lately=True)


def old(present: str = "") -> Proof:
    return Proof(lately=False, present=present)


def redirect(
    holder: Actor, *emails: str, keep: bool = True, proof: Proof | None = None
) -> list[str]:
    """Redirect the holder's mail, as it stands on the page of now."""
    wish = Redirection(find(holder.name).version, "\n".join(emails), keep)
    return holders.redirect(wish, proof or fresh(), by=holder).doubles


# The password


def test_a_new_password_opens_and_ends_all_that_the_old_one_opened(
    holder: Actor, contact: Address
) -> None:
    token = log_ins.log_in(CONTACT, PASSWORD, "192.0.2.1")

    holders.change_password(PASSWORD, OTHER, OTHER, by=holder)

    assert sessions.logged_in(token) is None
    assert [kick.email for kick in Kick.select()] == [CONTACT]
    assert log_ins.log_in(CONTACT, OTHER, "192.0.2.1")
    assert acts_on(contact.domain, CONTACT)[-1] == "mailbox.password"


@pytest.mark.parametrize(
    ("typed", "confirmation", "refusal"),
    [
        ("short", "short", PasswordTooShort),
        (CONTACT, CONTACT, PasswordIsAddress),
        (OTHER, OTHER + "x", PasswordsDiffer),
    ],
)
def test_a_password_that_must_not_be_used_is_refused(
    holder: Actor, typed: str, confirmation: str, refusal: type[Exception]
) -> None:
    before = everything()
    with pytest.raises(refusal):
        holders.change_password(PASSWORD, typed, confirmation, by=holder)
    assert everything() == before


def test_a_password_set_by_somebody_else_while_one_is_chosen_stays(
    holder: Actor, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = mailboxes.hashed

    def slowly(password: str) -> str:
        monkeypatch.undo()
        save(CONTACT, password=ANOTHER, confirmation=ANOTHER, by=alice)
        return hashed(password)

    monkeypatch.setattr(mailboxes, "hashed", slowly)
    with pytest.raises(PasswordWrong):
        holders.change_password(PASSWORD, OTHER, OTHER, by=holder)
    assert passwords.matches(ANOTHER, Mailbox.get().password)


def test_the_present_one_is_asked_for_and_not_to_be_tried(holder: Actor, still: None) -> None:
    for _ in range(throttle.FREE_TRIES["account"]):
        with pytest.raises(PasswordWrong):
            holders.change_password("wrong", OTHER, OTHER, by=holder)
    with pytest.raises(TooManyFailures):
        holders.change_password(PASSWORD, OTHER, OTHER, by=holder)
    assert passwords.matches(PASSWORD, Mailbox.get().password)


def test_only_a_holder_has_a_mailbox_of_its_own(contact: Address, alice: Actor) -> None:
    box = Mailbox.get()
    for by in (
        alice,
        Actor(Kind.OWNER, box.id, "olive"),
        Actor(Kind.PROGRAM, box.id, "command line"),
        Actor(Kind.HOLDER, box.id + 1, CONTACT),
    ):
        with pytest.raises(NotFound):
            holders.of(by)
        with pytest.raises(NotFound):
            holders.change_password(PASSWORD, OTHER, OTHER, by=by)
        with pytest.raises(NotFound):
            holders.redirect(Redirection(2, "a@elsewhere.org", True), fresh(), by=by)


def test_a_removed_mailbox_is_nobodys(holder: Actor, alice: Actor) -> None:
    save(CONTACT, mailbox=False, may_remove=True, by=alice)
    with pytest.raises(NotFound):
        holders.of(holder)


# The redirection


def test_a_copy_is_kept_beside_a_redirection(free: Actor, contact: Address) -> None:
    assert redirect(free, "ann@elsewhere.org", "ann@elsewhere.org") == ["ann@elsewhere.org"]

    assert recipients_of(CONTACT) == ["ann@elsewhere.org"]
    assert sql("SELECT recipient FROM postfix_alias WHERE email = ? ORDER BY 1", CONTACT) == [
        ("ann@elsewhere.org",),
        (CONTACT,),
    ]
    assert acts_on(contact.domain, CONTACT)[-1] == "recipients.added"
    truth.check()


def test_mail_can_go_elsewhere_only_and_come_back(free: Actor, contact: Address) -> None:
    redirect(free, "ann@elsewhere.org", keep=False)

    assert receives(CONTACT)
    assert sql("SELECT recipient FROM postfix_alias WHERE email = ?", CONTACT) == [
        ("ann@elsewhere.org",)
    ]
    redirect(free, "ann@elsewhere.org")
    assert sql("SELECT count(*) FROM postfix_mailbox WHERE email = ?", CONTACT) == [(1,)]
    redirect(free)
    assert recipients_of(CONTACT) == []
    acts = acts_on(contact.domain, CONTACT)
    assert acts[-4:] == [
        "recipients.added",
        "mailbox.no-copies",
        "mailbox.copies",
        "recipients.taken",
    ]
    truth.check()


def test_mail_is_never_sent_to_nowhere(free: Actor, alice: Actor) -> None:
    make("dead@bonvenon.fr", mailbox=False, by=alice)
    before = everything()
    for emails in ((), ("dead@bonvenon.fr",)):
        with pytest.raises(RedirectedNowhere):
            redirect(free, *emails, keep=False)
    assert everything() == before


def test_who_manages_the_domain_has_to_allow_it(holder: Actor) -> None:
    before = everything()
    with pytest.raises(RedirectNotAllowed):
        redirect(holder, "ann@elsewhere.org")
    assert everything() == before


def test_leave_that_is_taken_while_the_password_is_asked_for_is_gone(
    free: Actor, contact: Address, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(proof: Proof, *, by: Actor) -> bool:
        there = find(CONTACT)
        switches.change(there, Switches(may_redirect=False), version=there.version, by=alice)
        return True

    monkeypatch.setattr(holders, "ask_again", meanwhile)
    with pytest.raises(RedirectNotAllowed):
        redirect(free, "ann@elsewhere.org")
    assert recipients_of(CONTACT) == []


def test_an_address_that_only_sends_cannot_be_made_to_receive(free: Actor, alice: Actor) -> None:
    contact = find(CONTACT)
    switches.change(contact, Switches(receives=False), version=contact.version, by=alice)
    with pytest.raises(OnlySends):
        redirect(free, "ann@elsewhere.org")


def test_circles_and_what_is_no_address_are_refused(free: Actor, alice: Actor) -> None:
    make("shop@bonvenon.fr", mailbox=False, recipients=[CONTACT], by=alice)
    with pytest.raises(RecipientLoop):
        redirect(free, "shop@bonvenon.fr")
    with pytest.raises(RecipientMalformed):
        redirect(free, "nobody@")


def test_an_old_page_is_refused_unless_it_is_the_same_wish(free: Actor) -> None:
    wish = Redirection(find(CONTACT).version, "ann@elsewhere.org", True)
    holders.redirect(wish, fresh(), by=free)
    holders.redirect(wish, fresh(), by=free)
    with pytest.raises(Changed):
        holders.redirect(Redirection(wish.version, "bob@elsewhere.org", True), fresh(), by=free)


def test_an_old_log_in_is_asked_again_before_mail_goes_elsewhere(free: Actor) -> None:
    before = everything()
    with pytest.raises(ProofNeeded):
        redirect(free, "ann@elsewhere.org", proof=old())
    with pytest.raises(PasswordWrong):
        redirect(free, "ann@elsewhere.org", proof=old("not the one"))
    assert {**everything(), "throttle": []} == {**before, "throttle": []}

    redirect(free, "ann@elsewhere.org", proof=old(PASSWORD))

    assert recipients_of(CONTACT) == ["ann@elsewhere.org"]
    redirect(free, "ann@elsewhere.org", keep=False, proof=old())
    redirect(free, "", proof=old())


def test_what_is_ours_is_elsewhere_too(free: Actor, autre: Domain, alice: Actor) -> None:
    make("colleague@bonvenon.fr", by=alice, mailbox=True)
    for email in (f"postmaster@{autre.name}", "colleague@bonvenon.fr"):
        with pytest.raises(ProofNeeded):
            redirect(free, email, proof=old())


def test_an_administrator_who_has_entered_is_in_the_journal_instead(
    free: Actor, contact: Address
) -> None:
    entered = Actor(Kind.HOLDER, free.id, free.name, through="alice")
    redirect(entered, "ann@elsewhere.org", proof=old())
    assert sql("SELECT through FROM journal ORDER BY id DESC LIMIT 1") == [("alice",)]
    for act in (
        lambda: holders.change_password(PASSWORD, OTHER, OTHER, by=entered),
        lambda: app_passwords.bar_main(contact, True, by=entered),
    ):
        with pytest.raises(OnlyThemselves):
            act()


def test_the_second_factor_is_asked_for_where_there_is_one(free: Actor) -> None:
    proposal = second_factor.propose(free)
    code = pyotp.TOTP(proposal.secret)
    second_factor.turn_on(proposal.sealed, code.now(), by=free)
    with pytest.raises(CodeMissing):
        redirect(free, "ann@elsewhere.org", proof=old(PASSWORD))
    SecondFactor.update(last_step=0).execute()
    proof = Proof(lately=False, present=PASSWORD, code=code.now(), network="192.0.2.1")
    redirect(free, "ann@elsewhere.org", proof=proof)
    assert recipients_of(CONTACT) == ["ann@elsewhere.org"]


# The ways of mail


def test_what_reaches_over_several_steps_is_named(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("shop@bonvenon.fr", mailbox=False, recipients=[f"contact+shop@{'bonvenon.fr'}"], by=alice)
    make("sales@autre.fr", mailbox=False, recipients=["shop@bonvenon.fr"], by=alice)
    make("off@autre.fr", mailbox=False, recipients=[CONTACT], by=alice)
    make("before@autre.fr", mailbox=False, recipients=["off@autre.fr"], by=alice)
    save("off@autre.fr", enabled=False, by=alice)
    catch_all("autre.fr", "shop@bonvenon.fr", by=alice)

    found = reaching.to(find(CONTACT))

    assert found.emails == ["sales@autre.fr", "shop@bonvenon.fr"]
    assert [(one.domain, one.email) for one in found.caught] == [("autre.fr", "")]


def test_the_same_name_elsewhere_and_unknown_names_on_the_way(
    contact: Address, autre: Domain, tiers: Domain, alice: Actor
) -> None:
    catch_all("autre.fr", "bonvenon.fr", by=alice)
    make("asso@tiers.fr", mailbox=False, recipients=["contact@autre.fr"], by=alice)

    found = reaching.to(find(CONTACT))

    assert found.emails == ["asso@tiers.fr"]
    assert [(one.domain, one.email) for one in found.caught] == [("autre.fr", "contact@autre.fr")]


def test_nothing_reaches_what_receives_nothing_or_comes_from_a_domain_that_is_off(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("sales@autre.fr", mailbox=False, recipients=[CONTACT], by=alice)
    catch_all("autre.fr", CONTACT, by=alice)
    domains.switch(autre, False, by=alice)
    assert not reaching.to(find(CONTACT))

    domains.switch(autre, True, by=alice)
    address = find(CONTACT)
    switches.change(address, Switches(receives=False), version=address.version, by=alice)
    assert not reaching.to(find(CONTACT))


def test_as_whom_one_may_send_is_what_postfix_is_told(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    make("asso@autre.fr", mailbox=False, recipients=[CONTACT], by=alice)
    assert reaching.senders(contact) == [CONTACT, "asso@autre.fr"]


def test_a_session_says_when_the_one_before_was_opened(holder: Actor, alice: Actor) -> None:
    sessions.open_session(alice)
    first = sessions.open_session(holder)
    log_in = sessions.logged_in(first)
    assert log_in is not None
    assert sessions.opened_before(log_in) is None
    Session.update(created_at=now() - timedelta(hours=1)).where(Session.id == log_in.id).execute()
    second = sessions.logged_in(sessions.open_session(holder))
    assert second is not None
    sessions.open_session(holder, entered_by=alice)  # not the person
    assert sessions.opened_before(second) == Session.get_by_id(log_in.id).created_at
