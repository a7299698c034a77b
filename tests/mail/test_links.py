"""Links: good once, for their time, for their person; and what ends them before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.mail.stage import find as find_address
from tests.mail.stage import hoster, make, save, sql
from webmailadmin import settings
from webmailadmin.mail import (
    accounts,
    addresses,
    catch_alls,
    contacts,
    entering,
    forgotten,
    holders,
    links,
    log_ins,
    mailboxes,
    notices,
    owners,
    passwords,
    people,
    removed_domains,
    restored,
    sessions,
    throttle,
)
from webmailadmin.mail.actors import COMMAND_LINE, THE_PANEL, Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_accounts import ContactMalformed, ContactOwned
from webmailadmin.mail.errors_of_links import (
    ContactIsItself,
    ContactReceivesNothing,
    LinkOpensNothing,
    LinkOver,
    LinkPlaceMalformed,
    LinkPlaceMissing,
    LinkPlaceOwned,
    LinkToItself,
    TooManyLetters,
)
from webmailadmin.mail.errors_of_log_ins import LogInRefused, TooManyFailures
from webmailadmin.mail.errors_of_passwords import PasswordsDiffer, PasswordTooShort, PasswordWrong
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.mail.notices import Notice
from webmailadmin.mail.profiles import Wish
from webmailadmin.mail.purposes import Purpose
from webmailadmin.models import (
    Account,
    Address,
    Link,
    Mailbox,
    Ownership,
    SecondFactor,
    Session,
    now,
)

PASSWORD = "a fine long password 27"
NEW = "quite another phrase 9"
CONTACT = "contact@bonvenon.fr"
ELSEWHERE = "ann@elsewhere.org"


def box(email: str = CONTACT) -> Mailbox:
    """Return the mailbox at an address, as it is now."""
    found = mailboxes.of(find_address(email))
    assert found is not None
    return found


def account(name: str = "bruno") -> Account:
    """Return an account as it is now."""
    found: Account = Account.get(Account.name == name)
    return found


def holder(email: str = CONTACT) -> Actor:
    """Return the holder of a mailbox as who acts."""
    return people.actor(box(email))


@pytest.fixture
def bruno(bonvenon) -> Actor:
    """An owner, of bonvenon.fr."""
    accounts.add("bruno", PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    Ownership.create(account=account(), domain=bonvenon)
    return accounts.actor(account())


@pytest.fixture
def stranger(bruno, autre) -> Actor:
    """An owner of another domain."""
    accounts.add("carla", PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    Ownership.create(account=account("carla"), domain=autre)
    return accounts.actor(account("carla"))


@pytest.fixture(params=["account", "mailbox"])
def person(request, contact, bruno, alice):
    """Somebody with an account, and somebody with a mailbox."""
    return account() if request.param == "account" else box()


def is_good(token: str) -> bool:
    """Say whether a link is good now."""
    try:
        links.find(token)
    except LinkOver:
        return False
    return True


def let_pass(time: timedelta) -> None:
    """Let so much time pass for the links that were handed out."""
    Link.update(until=Link.until - int(time.total_seconds())).execute()


# Handing out


def test_a_link_is_256_bits_of_which_only_a_hash_is_stored(person, alice):
    token = links.invite(person, by=alice)

    assert len(token) == 43
    (stored,) = sql("SELECT * FROM link")
    assert token not in str(stored)
    assert sessions.token_hash(token) in stored
    assert not is_good(sessions.token_hash(token))


@pytest.mark.parametrize(
    ("purpose", "time"),
    [
        (Purpose.INVITATION, timedelta(hours=72)),
        (Purpose.RESET, timedelta(minutes=30)),
        (Purpose.CONTACT, timedelta(hours=72)),
    ],
)
def test_a_link_is_good_for_its_time_and_no_longer(person, alice, purpose, time):
    token = links.hand_out(person, purpose, ELSEWHERE)

    let_pass(time - timedelta(seconds=5))
    assert is_good(token)
    let_pass(timedelta(seconds=5))
    assert not is_good(token)
    with pytest.raises(LinkOver):
        links.choose_password(token, NEW, NEW)


def test_a_later_link_ends_the_earlier_one_of_its_purpose_alone(person, alice):
    first = links.invite(person, by=alice)
    other = links.reset(person, ELSEWHERE)
    second = links.invite(person, by=alice)

    assert [is_good(token) for token in (first, other, second)] == [False, True, True]


def test_a_link_of_one_person_ends_none_of_another(contact, bruno, alice):
    make("sales@bonvenon.fr", by=alice, mailbox=True)
    everybody = [box(), box("sales@bonvenon.fr"), account(), account("alice")]
    tokens = [links.invite(person, by=COMMAND_LINE) for person in everybody]
    assert all(is_good(token) for token in tokens)


def test_an_owner_invites_the_holders_of_their_domains_and_nobody_else(contact, stranger, bruno):
    assert is_good(links.invite(box(), by=bruno))

    with pytest.raises(NotFound):
        links.invite(box(), by=stranger)
    for target in (account("bruno"), account("alice"), account("carla")):
        with pytest.raises(NotFound):
            links.invite(target, by=bruno)
    for target in (box(), account("bruno")):
        with pytest.raises(NotFound):
            links.invite(target, by=holder())


def test_nobody_gets_a_link_who_may_not_log_in(contact, bruno, alice):
    Account.update(enabled=False).where(Account.name == "bruno").execute()
    Mailbox.update(may_log_in=False).execute()

    for target in (account(), box()):
        with pytest.raises(LinkOpensNothing):
            links.invite(target, by=alice)
        with pytest.raises(LinkOpensNothing):
            links.reset(target, ELSEWHERE)
    Mailbox.update(may_log_in=True).execute()
    Address.update(enabled=False).where(Address.email == CONTACT).execute()
    with pytest.raises(LinkOpensNothing):
        links.invite(box(), by=alice)
    assert Link.select().count() == 0


def test_no_link_for_a_mailbox_that_was_removed_meanwhile(contact, alice):
    stale = box()
    save(CONTACT, by=alice, mailbox=False, may_remove=True)

    with pytest.raises(NotFound):
        links.invite(stale, by=alice)


def test_an_invitation_is_in_the_journal_and_its_token_is_not(person, alice):
    token = links.invite(person, by=alice)
    links.invite_by_mail(person, ELSEWHERE, by=alice)

    acts = sql("SELECT actor, act, details FROM journal ORDER BY id DESC LIMIT 2")
    kind = "account" if isinstance(person, Account) else "mailbox"
    assert [(actor, act) for actor, act, _ in acts] == [
        ("alice", f"{kind}.link-sent"),
        ("alice", f"{kind}.link-made"),
    ]
    assert ELSEWHERE in acts[0][2]
    assert token not in str(sql("SELECT * FROM journal"))


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", LinkPlaceMissing),
        ("  ", LinkPlaceMissing),
        ("ann", LinkPlaceMalformed),
        ("ann@x.org,bob@y.org", LinkPlaceMalformed),
        ("ann@x.org\r\nBcc: bob@y.org", LinkPlaceMalformed),
        (CONTACT, LinkToItself),
        ("Contact+tag@bonvenon.fr", LinkToItself),
        ("led@bonvenon.fr", LinkToItself),
        ("unknown@bonvenon.fr", LinkToItself),
    ],
)
def test_a_link_is_never_sent_to_the_mailbox_that_it_opens(contact, alice, typed, refusal):
    make("led@bonvenon.fr", by=alice, mailbox=False, recipients=[CONTACT])
    catch_alls.change(
        find_address(CONTACT).domain, catch_alls.CatchAll.ADDRESS, CONTACT, "", by=alice
    )
    with pytest.raises(refusal):
        links.invite_by_mail(box(), typed, by=alice)
    assert Link.select().count() == 0


def test_no_owner_reads_the_link_of_an_administrator(contact, bruno, alice):
    with pytest.raises(LinkPlaceOwned):
        links.invite_by_mail(account("alice"), CONTACT, by=COMMAND_LINE)
    assert links.invite_by_mail(account("bruno"), CONTACT, by=alice)


def test_nobody_fills_other_mailboxes_with_invitations(person, alice, monkeypatch):
    monkeypatch.setattr(links, "MOST_INVITATIONS", 2)
    for _ in range(2):
        links.invite_by_mail(person, ELSEWHERE, by=alice)
    with pytest.raises(TooManyLetters):
        links.invite_by_mail(person, ELSEWHERE, by=alice)


# Using


@pytest.mark.parametrize("purpose", [Purpose.INVITATION, Purpose.RESET])
def test_a_link_sets_the_password_once_and_opens_no_session(person, purpose, alice):
    name = people.name(person)
    token = links.hand_out(person, purpose, "")
    sessions.open_session(people.actor(person))
    SecondFactor.create(**sessions.column_of(people.actor(person)), secret="x")
    assert is_good(token)

    assert links.choose_password(token, NEW, NEW) == name

    assert (Session.select().count(), Link.select().count()) == (0, 0)
    assert SecondFactor.select().count() == 1
    assert log_ins.log_in(name, NEW, "192.0.2.1")
    with pytest.raises(LogInRefused):
        log_ins.log_in(name, PASSWORD, "192.0.2.1")
    with pytest.raises(LinkOver):
        links.choose_password(token, "something else 41 again", "something else 41 again")
    ((actor, act),) = sql("SELECT actor, act FROM journal ORDER BY id DESC LIMIT 1")
    assert (actor, act.rpartition(".")[2]) == (name, "password")


def test_a_link_used_in_another_tab_while_the_password_is_checked_is_over(person, monkeypatch):
    token = links.reset(person, ELSEWHERE)
    checked = links.checked_hash

    def slowly(whose, typed, confirmation):
        monkeypatch.undo()
        links.choose_password(token, NEW, NEW)
        return checked(whose, typed, confirmation)

    monkeypatch.setattr(links, "checked_hash", slowly)
    with pytest.raises(LinkOver):
        links.choose_password(token, "a third and better one 5", "a third and better one 5")
    assert log_ins.log_in(people.name(person), NEW, "192.0.2.1")


def test_who_failed_before_a_link_logs_in_at_once_afterwards(person):
    name = people.name(person)
    for number in range(throttle.FREE_TRIES["account"]):
        with pytest.raises(LogInRefused):
            log_ins.log_in(name, "wrong", f"192.0.2.{number}")

    links.choose_password(links.reset(person, ELSEWHERE), NEW, NEW)

    assert log_ins.log_in(name, NEW, "198.51.100.1")


def test_a_password_by_a_link_obeys_the_rules_of_its_kind_and_keeps_the_link(person, alice):
    token = links.invite(person, by=alice)
    least = settings.current.account_password_length if isinstance(person, Account) else 12

    with pytest.raises(PasswordTooShort) as refused:
        links.choose_password(token, "marmala 7", "marmala 7")
    assert refused.value.values["least"] == least
    with pytest.raises(PasswordsDiffer):
        links.choose_password(token, NEW, PASSWORD)
    assert is_good(token)


def test_a_one_time_password_is_over_once_a_link_was_used(alice):
    accounts.add("dora", None, by=alice)
    links.choose_password(links.invite(account("dora"), by=alice), NEW, NEW)

    assert not account("dora").one_time


def test_who_had_a_mail_program_open_is_logged_out_of_it(contact, alice):
    links.choose_password(links.invite(box(), by=alice), NEW, NEW)

    assert sql("SELECT email FROM kick") == [(CONTACT,)]


def test_a_link_that_confirms_an_address_chooses_no_password(person, alice):
    token = links.hand_out(person, Purpose.CONTACT, ELSEWHERE)
    with pytest.raises(LinkOver):
        links.choose_password(token, NEW, NEW)

    with pytest.raises(LinkOver):
        contacts.confirm(links.invite(person, by=alice), PASSWORD)


# What ends them


@pytest.mark.parametrize(
    "change",
    [
        lambda: accounts.reset_password("bruno", NEW, by=COMMAND_LINE),
        lambda: accounts.change_password(PASSWORD, NEW, NEW, by=accounts.actor(account())),
        lambda: Account.update(enabled=False).where(Account.name == "bruno").execute(),
        lambda: Account.update(kind="administrator").where(Account.name == "bruno").execute(),
        lambda: Account.delete().where(Account.name == "bruno").execute(),
    ],
    ids=["reset", "own", "disabled", "another kind", "removed"],
)
def test_what_changes_an_account_ends_its_links(bruno, alice, change):
    tokens = [
        links.hand_out(account(), purpose, ELSEWHERE)
        for purpose in (Purpose.INVITATION, Purpose.RESET, Purpose.CONTACT)
    ]
    others = links.invite(account("alice"), by=COMMAND_LINE)

    change()

    assert [is_good(token) for token in tokens] == [False] * 3
    assert is_good(others)


@pytest.mark.parametrize(
    "change",
    [
        lambda: save(CONTACT, by=hoster(), password=NEW, confirmation=NEW),
        lambda: save(CONTACT, by=hoster(), enabled=False),
        lambda: Mailbox.update(may_log_in=False).where(Mailbox.id == box().id).execute(),
        lambda: save(CONTACT, by=hoster(), mailbox=False, may_remove=True),
        lambda: addresses.remove(find_address(CONTACT), confirmed=True, by=hoster()),
        lambda: removed_domains.remove(find_address(CONTACT).domain, by=hoster()),
    ],
    ids=["password", "off", "no log-in", "taken off", "address removed", "domain removed"],
)
def test_what_changes_a_mailbox_ends_its_links(contact, alice, change):
    make("other@bonvenon.fr", by=alice, mailbox=True)
    tokens = [
        links.hand_out(box(), purpose, ELSEWHERE)
        for purpose in (Purpose.INVITATION, Purpose.RESET, Purpose.CONTACT)
    ]

    change()

    assert [is_good(token) for token in tokens] == [False] * 3
    assert sql("SELECT count(*) FROM link") == [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        lambda: owners.take(find_address(CONTACT).domain, account(), by=hoster()),
        lambda: accounts.switch(account(), False, by=hoster()),
        lambda: accounts.remove(account(), "bruno", by=hoster()),
        lambda: accounts.reset_password("bruno", NEW, by=hoster()),
    ],
    ids=["domain taken", "disabled", "removed", "another password"],
)
def test_an_owner_keeps_no_link_to_a_mailbox_that_is_theirs_no_more(contact, bruno, autre, change):
    make("ann@autre.fr", by=hoster(), mailbox=True)
    token = links.invite(box(), by=bruno)
    reset = links.reset(box(), ELSEWHERE)
    others = links.invite(box("ann@autre.fr"), by=hoster())

    change()

    assert [is_good(one) for one in (token, reset, others)] == [False, True, True]


def test_a_contact_address_typed_for_a_person_ends_no_link_that_was_shown(bruno, alice):
    token = links.invite(account(), by=alice)
    accounts.change(account(), Kind.OWNER, Wish(contact=ELSEWHERE), by=alice)
    assert is_good(token)


def test_a_domain_taken_away_ends_no_link_to_a_mailbox_in_another_one(contact, bruno, autre, alice):
    Ownership.create(account=account(), domain=autre)
    make("ann@autre.fr", by=alice, mailbox=True)
    token = links.invite(box("ann@autre.fr"), by=bruno)

    owners.take(contact.domain, account(), by=alice)

    assert is_good(token)


@pytest.mark.parametrize(
    "change",
    [
        lambda: accounts.switch(account("eve"), False, by=hoster()),
        lambda: accounts.change(account("eve"), Kind.OWNER, Wish(), by=hoster()),
        lambda: accounts.remove(account("eve"), "eve", by=hoster()),
        lambda: accounts.reset_password("eve", NEW, by=hoster()),
    ],
    ids=["disabled", "made an owner", "removed", "another password"],
)
def test_a_former_administrator_keeps_no_link(person, alice, change):
    accounts.add("eve", PASSWORD, by=alice)
    accounts.add("dora", PASSWORD, by=alice, kind=Kind.OWNER)
    others = links.invite(account("dora"), by=alice)
    token = links.invite(person, by=accounts.actor(account("eve")))

    change()

    assert [is_good(token), is_good(others)] == [False, True]


def test_a_link_is_of_who_saw_it_not_of_whom_they_had_entered_as(contact, bruno, alice):
    accounts.add("eve", PASSWORD, by=alice)
    token = links.invite(box(), by=replace(bruno, through="eve"))

    owners.take(contact.domain, account(), by=alice)
    assert is_good(token)

    accounts.remove(account("eve"), "eve", by=alice)
    assert not is_good(token)


def test_a_link_of_who_may_not_log_in_opens_nothing_however_it_came_there(contact, bruno):
    Account.update(enabled=False).where(Account.id == bruno.id).execute()
    Mailbox.update(may_log_in=False).execute()
    for token, whose in (("of bruno", {"account": bruno.id}), ("of a holder", {"mailbox": box()})):
        until = now() + timedelta(hours=1)
        Link.create(
            token_hash=sessions.token_hash(token), purpose=Purpose.INVITATION, until=until, **whose
        )
        assert not is_good(token)


def test_a_size_limit_ends_no_link(contact, alice):
    token = links.invite(box(), by=alice)
    save(CONTACT, by=alice, quota_mb="7")
    assert is_good(token)


def test_a_restored_database_brings_no_link_back(person, alice):
    token = links.invite(person, by=alice)
    restored.settle(restored.State(), restored.State())
    assert not is_good(token)


# By a link from the start


def test_a_mailbox_opened_by_link_has_a_password_that_nobody_knows(contact, alice, monkeypatch):
    hashed, given = mailboxes.hashed, []
    monkeypatch.setattr(mailboxes, "hashed", lambda text: given.append(text) or hashed(text))
    for email in ("ann@bonvenon.fr", "bob@bonvenon.fr"):
        made = make(email, by=alice, mailbox=True, by_link=True, password="", confirmation="")

    assert given[0] != given[1]
    assert {len(text) for text in given} == {43}  # 256 bits
    with pytest.raises(LogInRefused):
        log_ins.log_in(made.email, "", "192.0.2.1")
    links.choose_password(links.invite(box(made.email), by=alice), NEW, NEW)
    assert log_ins.log_in(made.email, NEW, "192.0.2.1")


@pytest.mark.parametrize("wanted", [{"enabled": False}, {"switches": Switches(may_log_in=False)}])
def test_no_mailbox_is_opened_by_a_link_that_would_open_nothing(bonvenon, alice, wanted):
    with pytest.raises(LinkOpensNothing):
        make("ann@bonvenon.fr", by=alice, mailbox=True, by_link=True, **wanted)


def test_by_link_never_changes_the_password_of_a_mailbox_that_is_there(contact, alice):
    before = box().password
    save(CONTACT, by=alice, by_link=True)
    assert box().password == before


# Contact addresses


def confirmed(person, email: str = ELSEWHERE) -> None:
    """Give a person a confirmed contact address."""
    _, token = contacts.change(email, PASSWORD, by=people.actor(person))
    contacts.confirm(token, PASSWORD)


def test_a_contact_address_counts_once_it_was_confirmed(person):
    email, token = contacts.change("Ann@Elsewhere.org", PASSWORD, by=people.actor(person))
    assert (email, contacts.usable(people.again(person))) == (ELSEWHERE, "")

    assert contacts.confirm(token, PASSWORD) == ELSEWHERE

    assert contacts.usable(people.again(person)) == ELSEWHERE
    with pytest.raises(LinkOver):
        contacts.confirm(token, PASSWORD)


def test_who_reads_a_mail_that_was_sent_to_a_wrong_address_confirms_nothing(person):
    _, token = contacts.change(ELSEWHERE, PASSWORD, by=people.actor(person))

    with pytest.raises(PasswordWrong):
        contacts.confirm(token, NEW)

    assert contacts.usable(people.again(person)) == ""
    assert is_good(token)


def test_a_link_that_confirms_is_no_place_to_try_passwords(person, still):
    _, token = contacts.change(ELSEWHERE, PASSWORD, by=people.actor(person))
    for _ in range(throttle.FREE_TRIES["account"]):
        with pytest.raises(PasswordWrong):
            contacts.confirm(token, NEW)
    with pytest.raises(TooManyFailures):
        contacts.confirm(token, PASSWORD)


def test_a_link_confirms_only_what_is_the_contact_address_now(person):
    _, token = contacts.change(ELSEWHERE, PASSWORD, by=people.actor(person))
    contacts.write(person, "other@x.org", confirmed=False)

    with pytest.raises(LinkOver):
        contacts.confirm(token, PASSWORD)
    assert not people.again(person).contact_confirmed


def test_another_contact_and_its_confirmation_stand_in_the_journal(person):
    by = people.actor(person)
    _, token = contacts.change(ELSEWHERE, PASSWORD, by=by)
    contacts.confirm(token, PASSWORD)

    kind = "account" if by.has_account else "mailbox"
    told = sql("SELECT act, actor FROM journal ORDER BY id DESC LIMIT 2")
    assert told == [
        (f"{kind}.contact-confirmed", by.name),
        (f"{kind}.contact", by.name),
    ]


def test_a_contact_address_takes_the_present_password(person):
    with pytest.raises(PasswordWrong):
        contacts.change(ELSEWHERE, NEW, by=people.actor(person))
    assert people.again(person).contact == ""


def test_a_contact_address_takes_the_password_that_is_present_in_the_end(person, monkeypatch):
    """Whoever has taken the log-in is not quicker than who takes it back."""
    confirmed(person)
    matches = passwords.matches

    def slowly(typed, password_hash):
        monkeypatch.undo()
        links.choose_password(links.reset(person, ELSEWHERE), NEW, NEW)
        return matches(typed, password_hash)

    monkeypatch.setattr(passwords, "matches", slowly)
    with pytest.raises(PasswordWrong):
        contacts.change("thief@x.org", PASSWORD, by=people.actor(person))
    assert people.again(person).contact == ELSEWHERE


def test_a_stolen_session_is_no_place_to_try_passwords(person, still):
    by = people.actor(person)
    tries = [
        lambda: contacts.change(ELSEWHERE, "wrong", by=by),
        lambda: (
            accounts.change_password("wrong", NEW, NEW, by=by)
            if by.has_account
            else holders.change_password("wrong", NEW, NEW, by=by)
        ),
    ]
    for attempt in (tries * 3)[: throttle.FREE_TRIES["account"]]:
        with pytest.raises(PasswordWrong):
            attempt()
    for attempt in tries:
        with pytest.raises(TooManyFailures):
            attempt()


def test_another_contact_address_is_confirmed_anew_and_ends_what_was_sent_to_the_last(person):
    confirmed(person)
    reset = links.reset(person, ELSEWHERE)
    _, first = contacts.change("ann@x.org", PASSWORD, by=people.actor(person))
    _, second = contacts.change("ann@y.org", PASSWORD, by=people.actor(person))

    assert [is_good(token) for token in (reset, first, second)] == [False, False, True]
    assert contacts.usable(people.again(person)) == ""
    assert [(link.purpose, link.email) for link in notices.waiting()] == [
        (Notice.CONTACT, ELSEWHERE)
    ]


def test_the_same_contact_address_stays_confirmed_and_can_be_taken_away(person):
    confirmed(person)
    assert contacts.change(ELSEWHERE, PASSWORD, by=people.actor(person)) == (ELSEWHERE, "")
    assert contacts.usable(people.again(person)) == ELSEWHERE

    assert contacts.change(" ", PASSWORD, by=people.actor(person)) == ("", "")
    assert contacts.usable(people.again(person)) == ""


def test_programs_have_no_contact_address(bonvenon):
    for program in (COMMAND_LINE, THE_PANEL):
        with pytest.raises(NotFound):
            contacts.change(ELSEWHERE, PASSWORD, by=program)


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("ann", ContactMalformed),
        ("ann@x.org\nBcc: all@x.org", ContactMalformed),
        (CONTACT, ContactIsItself),
        ("contact+home@bonvenon.fr", ContactIsItself),
        ("led@bonvenon.fr", ContactIsItself),
        ("further@autre.fr", ContactIsItself),
        ("nobody@bonvenon.fr", ContactReceivesNothing),
    ],
)
def test_a_holder_is_not_reached_by_what_ends_in_the_own_mailbox(
    contact, autre, alice, typed, refusal
):
    make("led@bonvenon.fr", by=alice, mailbox=False, recipients=[CONTACT])
    make("further@autre.fr", by=alice, mailbox=False, recipients=["led@bonvenon.fr"])
    with pytest.raises(refusal):
        contacts.change(typed, PASSWORD, by=holder())


def test_an_alias_that_leads_elsewhere_too_reaches_a_holder(contact, alice):
    make("both@bonvenon.fr", by=alice, mailbox=False, recipients=[CONTACT, ELSEWHERE])
    confirmed(box(), "both@bonvenon.fr")
    assert contacts.usable(box()) == "both@bonvenon.fr"

    save("both@bonvenon.fr", by=alice, recipients=[CONTACT])
    assert contacts.usable(box()) == ""


@pytest.mark.parametrize("typed", [CONTACT, "led@autre.fr"])
def test_no_owner_reads_what_is_sent_to_an_administrator(contact, autre, bruno, alice, typed):
    make("led@autre.fr", by=alice, mailbox=False, recipients=[CONTACT])
    with pytest.raises(ContactOwned):
        contacts.change(typed, PASSWORD, by=alice)


def test_a_contact_address_of_an_administrator_is_of_no_use_once_its_domain_has_owners(
    contact, alice
):
    confirmed(account("alice"), CONTACT)
    assert contacts.usable(account("alice")) == CONTACT

    accounts.add("bruno", PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    Ownership.create(account=account(), domain=contact.domain)

    assert contacts.usable(account("alice")) == ""


def test_nobody_fills_other_mailboxes_with_confirmations(person, monkeypatch):
    monkeypatch.setattr(contacts, "MOST_CHANGES", 2)
    for n in range(2):
        contacts.change(f"ann{n}@x.org", PASSWORD, by=people.actor(person))
    with pytest.raises(TooManyLetters):
        contacts.change("bob@x.org", PASSWORD, by=people.actor(person))


# Notices


def test_a_changed_password_is_told_where_the_person_was_confirmed(person):
    confirmed(person)
    by = people.actor(person)
    links.choose_password(links.reset(person, ELSEWHERE), NEW, NEW)
    contacts.change("thief@x.org", NEW, by=by)

    assert [(link.purpose, link.email) for link in notices.waiting()] == [
        (Notice.CHANGED, ELSEWHERE),
        (Notice.CONTACT, ELSEWHERE),
    ]


def test_a_password_changed_at_once_takes_back_nothing_that_is_to_be_told(person):
    confirmed(person)
    by = people.actor(person)
    change = accounts.change_password if by.has_account else holders.change_password
    change(PASSWORD, NEW, NEW, by=by)
    contacts.change("thief@x.org", NEW, by=by)
    change(NEW, PASSWORD, PASSWORD, by=by)

    assert [(link.purpose, link.email) for link in notices.waiting()] == [
        (Notice.CHANGED, ELSEWHERE),
        (Notice.CONTACT, ELSEWHERE),
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda: accounts.reset_password("bruno", None, by=COMMAND_LINE),
        lambda: accounts.change_password(PASSWORD, NEW, NEW, by=accounts.actor(account())),
        lambda: links.choose_password(links.invite(account(), by=hoster()), NEW, NEW),
    ],
    ids=["reset", "own", "link"],
)
def test_a_changed_password_of_an_account_is_told_whoever_changed_it(bruno, alice, change):
    confirmed(account())
    change()
    change_of_mail = [(link.purpose, link.email) for link in notices.waiting()]
    assert change_of_mail == [(Notice.CHANGED, ELSEWHERE)]


def test_another_contact_that_an_administrator_types_takes_back_no_news(bruno, alice):
    confirmed(account())
    accounts.reset_password("bruno", None, by=alice)
    accounts.change(account(), Kind.OWNER, Wish(contact="eve@elsewhere.org"), by=alice)

    assert [(link.purpose, link.email) for link in notices.waiting()] == [
        (Notice.CHANGED, ELSEWHERE),
        (Notice.CONTACT, ELSEWHERE),
    ]


def test_an_entering_administrator_is_told_where_the_person_was_confirmed(person, alice):
    confirmed(person)
    if isinstance(person, Account):
        entering.enter_account(person.name, by=alice)
    else:
        entering.enter_mailbox(find_address(CONTACT), by=alice)

    assert [(link.purpose, link.email) for link in notices.waiting()] == [
        (Notice.ENTERED, ELSEWHERE)
    ]


def test_who_confirmed_nothing_is_told_nothing(person):
    contacts.change(ELSEWHERE, PASSWORD, by=people.actor(person))
    links.choose_password(links.reset(person, ELSEWHERE), NEW, NEW)
    assert notices.waiting() == []


def test_a_notice_opens_nothing_and_is_forgotten_after_some_days(person):
    confirmed(person)
    notices.tell(people.again(person), Notice.ENTERED)
    (link,) = notices.waiting()
    assert not is_good(link.token_hash)
    Link.update(token_hash=sessions.token_hash("known")).execute()
    assert not is_good("known")

    let_pass(notices.KEPT_FOR)
    assert notices.waiting() == []


# Forgotten passwords


def test_a_name_that_was_asked_for_waits_once_until_it_is_done(contact, bruno):
    for name in ("Bruno ", "nobody", CONTACT, "bruno"):
        forgotten.ask(name, "192.0.2.1")

    assert sorted(forgotten.waiting()) == ["bruno", CONTACT, "nobody"]
    forgotten.done("bruno")
    assert sorted(forgotten.waiting()) == [CONTACT, "nobody"]


def test_only_who_confirmed_a_contact_address_gets_a_link(person):
    name = people.name(person)
    assert forgotten.addressee("nobody") is None
    assert forgotten.addressee(name) is None
    confirmed(person)
    assert forgotten.addressee(name) == person
    type(person).update(
        {type(person).enabled if isinstance(person, Account) else Mailbox.may_log_in: False}
    ).execute()
    assert forgotten.addressee(name) is None


@pytest.mark.parametrize("name", ["bruno", "nobody"])
def test_a_name_is_asked_for_three_times_an_hour(contact, bruno, name):
    for n in range(forgotten.MOST_BY_NAME):
        forgotten.ask(name, f"192.0.2.{n}")
    with pytest.raises(TooManyLetters):
        forgotten.ask(name, "192.0.2.9")
    forgotten.ask("other", "192.0.2.9")


def test_a_network_asks_for_so_many_names_an_hour(app):
    for n in range(forgotten.MOST_BY_NETWORK):
        forgotten.ask(f"name{n}", "192.0.2.1")
    with pytest.raises(TooManyLetters):
        forgotten.ask("another", "192.0.2.1")


def test_what_is_to_be_told_outlives_a_switch_but_not_the_mailbox(contact, alice):
    confirmed(Mailbox.get(Mailbox.address == contact))
    box = Mailbox.get(Mailbox.address == contact)
    notices.tell(box, Notice.ENTERED)
    reset = links.reset(box, ELSEWHERE)

    for enabled in (False, True):
        save(contact.email, by=alice, enabled=enabled)
    assert not is_good(reset)
    assert [link.purpose for link in notices.waiting()] == [Notice.ENTERED]

    save(contact.email, by=alice, mailbox=False, may_remove=True)
    assert notices.waiting() == []
