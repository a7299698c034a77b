"""What a mailbox is for: to receive, to be logged in to, to be redirected by its holder."""

import pytest

from tests.mail import truth
from tests.mail.stage import acts_on, everything, find, make, receives, save, sql, wish
from webmailadmin.mail import (
    addresses,
    filters,
    leading,
    listing,
    mailboxes,
    removal,
    sessions,
    switches,
    trials,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import Changed, NotFound
from webmailadmin.mail.errors_of_domains import PostmasterNeedsDestination
from webmailadmin.mail.filters import Show
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Account, Address, Domain, Kick, Mailbox, Ownership, Session

CONTACT = "contact@bonvenon.fr"


def change(address: Address, *, by: Actor, **wished: bool) -> Address:
    """Set switches of the mailbox as it is now."""
    version = find(address.email).version
    return switches.change(address, Switches(**wished), version=version, by=by)


def owner_of(*domains: Domain, name: str = "olive") -> Actor:
    """Return a new owner of these domains."""
    account = Account.create(name=name, password="x", one_time=False, kind=Kind.OWNER)
    for domain in domains:
        Ownership.create(account=account, domain=domain)
    return Actor(Kind.OWNER, account.id, name)


def refused() -> dict[str, str]:
    return dict(sql("SELECT email, action FROM postfix_refused"))


def holder_of(address: Address) -> Actor:
    return Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == address).id, address.email)


def test_a_mailbox_that_does_not_receive_only_sends(contact: Address, alice: Actor) -> None:
    changed = change(contact, receives=False, by=alice)

    assert not changed.receives
    assert refused() == {CONTACT: "550 5.2.1 This address only sends mail"}
    assert sql("SELECT * FROM postfix_mailbox") == []
    assert sql("SELECT email FROM postfix_sender WHERE login = ?", CONTACT) == [(CONTACT,)]
    assert sql("SELECT user FROM dovecot_password") == [(CONTACT,)]
    assert acts_on(contact.domain, CONTACT)[-1] == "mailbox.receives-not"
    truth.check()


def test_it_can_receive_again(contact: Address, alice: Actor) -> None:
    change(contact, receives=False, by=alice)
    change(contact, receives=True, by=alice)

    assert receives(CONTACT)
    assert refused() == {}
    assert acts_on(contact.domain, CONTACT)[-1] == "mailbox.receives"
    truth.check()


def test_with_recipients_its_mail_goes_on_to_these_alone(contact: Address, alice: Actor) -> None:
    save(CONTACT, recipients=["ann@x.org"], by=alice)
    change(contact, receives=False, by=alice)

    assert receives(CONTACT)
    rows = sql("SELECT recipient FROM postfix_alias WHERE email = ?", CONTACT)
    assert rows == [("ann@x.org",)]
    assert sql("SELECT * FROM postfix_mailbox") == []
    truth.check()


def test_what_leads_to_it_has_no_end_there(contact: Address, alice: Actor) -> None:
    make("sales@bonvenon.fr", recipients=[CONTACT], by=alice)
    change(contact, receives=False, by=alice)

    assert not receives("sales@bonvenon.fr")
    truth.check()


def test_a_catch_all_never_takes_what_it_refuses(contact: Address, alice: Actor) -> None:
    make("ann@bonvenon.fr", mailbox=True, by=alice)
    sql("UPDATE domain SET catch_all_to = 'ann@bonvenon.fr', catch_all_receives = 1")
    change(contact, receives=False, by=alice)

    assert refused() == {CONTACT: "550 5.2.1 This address only sends mail"}
    rows = sql("SELECT recipient FROM postfix_alias WHERE email = ?", CONTACT)
    assert rows == [(CONTACT,)], "its own row stops the catch-all"


def test_without_the_log_in_it_does_not_claim_to_send(contact: Address, alice: Actor) -> None:
    change(contact, receives=False, may_log_in=False, by=alice)

    assert refused() == {CONTACT: "550 5.1.1 This address receives no mail"}


def test_postmaster_keeps_a_destination(bonvenon: Domain, alice: Actor) -> None:
    postmaster = "postmaster@bonvenon.fr"
    save(postmaster, mailbox=True, recipients="", by=alice)
    before = everything()

    with pytest.raises(PostmasterNeedsDestination):
        change(find(postmaster), receives=False, by=alice)
    assert everything() == before

    save(postmaster, recipients=["camille@elsewhere.org"], by=alice)
    change(find(postmaster), receives=False, by=alice)
    truth.check()


def test_what_leads_there_is_told_that_it_has_no_other_end(contact: Address, alice: Actor) -> None:
    make("ann@bonvenon.fr", mailbox=True, recipients=[CONTACT], by=alice)
    (before,) = leading.to(alice, CONTACT).sources
    change(find("ann@bonvenon.fr"), receives=False, by=alice)
    (after,) = leading.to(alice, CONTACT).sources

    assert (before.ends, after.ends) == (False, True)
    assert leading.without_end([CONTACT]) == {CONTACT, "ann@bonvenon.fr"}


def test_a_test_message_is_not_looked_for_in_it(contact: Address, alice: Actor) -> None:
    save(CONTACT, recipients=["ann@x.org"], by=alice)
    change(contact, receives=False, by=alice)

    assert trials.ends(find(CONTACT), by=COMMAND_LINE) == trials.Ends([], ["ann@x.org"])


def test_the_list_tells_it(contact: Address, alice: Actor) -> None:
    before = listing.row(contact, by=alice)
    sends = listing.row(change(contact, receives=False, by=alice), by=alice)
    shut = listing.row(change(contact, may_log_in=False, by=alice), by=alice)

    assert (before.keeps, before.may_log_in, before.sends_only) == (True, True, False)
    assert (sends.keeps, sends.may_log_in, sends.sends_only) == (False, True, True)
    assert (shut.keeps, shut.may_log_in, shut.sends_only) == (False, False, False)


def test_what_is_meant_to_receive_nothing_is_no_trouble(contact: Address, alice: Actor) -> None:
    change(contact, receives=False, by=alice)
    assert filters.count(contact.domain, Show.TO_LOOK_AT) == {Show.TO_LOOK_AT: 0}

    make("empty@bonvenon.fr", by=alice)
    save(CONTACT, recipients=["empty@bonvenon.fr"], by=alice)
    assert filters.count(contact.domain, Show.TO_LOOK_AT) == {Show.TO_LOOK_AT: 2}


def test_who_may_not_log_in_still_gets_mail(contact: Address, alice: Actor) -> None:
    make("sales@bonvenon.fr", recipients=[CONTACT], by=alice)  # as whom it sent until now
    change(contact, may_log_in=False, by=alice)

    assert receives(CONTACT)
    assert sql("SELECT user, password FROM dovecot_user") == [(CONTACT, None)]
    assert sql("SELECT * FROM dovecot_password") == []
    assert sql("SELECT * FROM postfix_sender") == []
    assert acts_on(contact.domain, CONTACT)[-1] == "mailbox.no-log-in"
    truth.check()


def test_open_sessions_end_with_the_right_to_log_in(contact: Address, alice: Actor) -> None:
    sessions.open_session(holder_of(contact), network="192.0.2.1", agent="")
    change(contact, receives=False, may_redirect=True, by=alice)
    assert (Kick.select().count(), Session.select().count()) == (0, 1)

    change(contact, may_log_in=False, by=alice)

    assert [kick.email for kick in Kick.select()] == [CONTACT]
    assert Session.select().count() == 0


def test_what_is_as_it_was_is_no_act(contact: Address, alice: Actor) -> None:
    acts = acts_on(contact.domain)
    change(contact, receives=True, may_log_in=True, may_redirect=False, by=alice)

    assert acts_on(contact.domain) == acts


def test_who_comes_second_is_told(contact: Address, alice: Actor) -> None:
    change(contact, may_redirect=True, by=alice)

    with pytest.raises(Changed):
        switches.change(contact, Switches(receives=False), version=contact.version, by=alice)


def test_an_alias_has_none(bonvenon: Domain, alice: Actor) -> None:
    alias = make("sales@bonvenon.fr", recipients=["ann@x.org"], by=alice)

    with pytest.raises(NotFound):
        change(alias, receives=False, by=alice)


def test_an_owner_sets_those_of_the_own_domains_and_no_others(
    contact: Address, autre: Domain
) -> None:
    olive, oscar = owner_of(contact.domain), owner_of(autre, name="oscar")
    change(contact, may_redirect=True, by=olive)
    before = everything()

    with pytest.raises(NotFound):
        change(contact, may_redirect=False, by=oscar)
    assert everything() == before


def test_a_holder_sets_none_not_even_their_own(contact: Address) -> None:
    before = everything()

    with pytest.raises(NotFound):
        change(contact, may_redirect=True, by=holder_of(contact))
    assert everything() == before


# The editor


def test_the_editor_sets_them_with_all_else(contact: Address, alice: Actor) -> None:
    wished = Switches(receives=False, may_log_in=False, may_redirect=True)
    save(CONTACT, switches=wished, recipients=["ann@x.org"], by=alice)

    box = mailboxes.of(contact)
    assert (box.receives, box.may_log_in, box.may_redirect) == (False, False, True)
    truth.check()


def test_an_editor_that_does_not_speak_of_them_leaves_them(contact: Address, alice: Actor) -> None:
    change(contact, receives=False, by=alice)
    save(CONTACT, quota_mb="5", by=alice)

    assert not mailboxes.of(contact).receives


def test_a_new_mailbox_can_be_one_that_only_sends(bonvenon: Domain, alice: Actor) -> None:
    make("noreply@bonvenon.fr", mailbox=True, switches=Switches(receives=False), by=alice)

    assert refused() == {"noreply@bonvenon.fr": "550 5.2.1 This address only sends mail"}
    truth.check()


def test_a_form_that_was_sent_twice_is_taken_once(contact: Address, alice: Actor) -> None:
    wished = wish(CONTACT, switches=Switches(receives=False))
    addresses.save(find(CONTACT), wished, by=alice)
    acts = acts_on(contact.domain)
    addresses.save(find(CONTACT), wished, by=alice)

    assert acts_on(contact.domain) == acts


def test_an_older_form_changes_no_switch(contact: Address, alice: Actor) -> None:
    wished = wish(CONTACT, switches=Switches(receives=False))
    change(contact, may_redirect=True, by=alice)

    with pytest.raises(Changed):
        addresses.save(find(CONTACT), wished, by=alice)
    assert mailboxes.of(contact).receives


def test_what_was_removed_comes_back_as_it_was(contact: Address, alice: Actor) -> None:
    change(contact, receives=False, by=alice)
    kept = addresses.remove(find(CONTACT), confirmed=True, by=alice)
    removal.restore(kept, by=alice)

    assert refused() == {CONTACT: "550 5.2.1 This address only sends mail"}
    truth.check()
