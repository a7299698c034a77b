"""Domains: install, find, switch."""

import pytest

from tests.mail import truth
from tests.mail.stage import (
    acts_on,
    catch_all,
    domain_of,
    emails_in,
    everything,
    find,
    install,
    make,
    receives,
    recipients_of,
    refused,
    save,
    sql,
)
from webmailadmin.mail import addresses, domains, removal, removed_domains
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal, Several
from webmailadmin.mail.errors_of_accounts import ContactMalformed
from webmailadmin.mail.errors_of_domains import (
    ContactDead,
    ContactInside,
    ContactMissing,
    DomainExists,
    DomainNameMalformed,
    DomainNameMissing,
    LanguageMissing,
    PostmasterNeedsDestination,
)
from webmailadmin.models import Address, Domain

FAR = "camille@elsewhere.org"


# Install


def test_a_domain_comes_with_its_postmaster_redirected_to_the_contact(
    bonvenon: Domain,
) -> None:
    assert emails_in(bonvenon) == ["postmaster@bonvenon.fr"]
    assert recipients_of("postmaster@bonvenon.fr") == [FAR]
    assert receives("postmaster@bonvenon.fr")
    assert (bonvenon.enabled, bonvenon.catch_all_to, bonvenon.catch_all_domain_id) == (
        True,
        None,
        None,
    )
    assert acts_on(bonvenon) == ["domain.installed", "recipients.added"]
    assert sql("SELECT name FROM postfix_domain") == [("bonvenon.fr",)]
    truth.check()


@pytest.mark.parametrize("again", ["ÉTÉ.fr", "xn--t-9fab.fr", "e\u0301te\u0301.fr", "été.fr."])
def test_a_domain_with_accents_is_one_domain_however_it_is_written(
    again: str, alice: Actor
) -> None:
    domain = install("été.fr", by=alice)

    assert domain.name == "xn--t-9fab.fr"
    assert domains.of(alice, again) == domain
    refusal = refused(lambda: install(again, by=alice), DomainExists)
    assert (refusal.field, refusal.values) == ("name", {"name": "été.fr"})


@pytest.mark.parametrize(
    ("name", "contact", "kinds"),
    [
        ("", FAR, [DomainNameMissing]),
        ("bon venon", FAR, [DomainNameMalformed]),
        ("../etc/passwd", FAR, [DomainNameMalformed]),
        ("nouveau.fr", "", [ContactMissing]),
        ("nouveau.fr", "  ", [ContactMissing]),
        ("nouveau.fr", "|cmd", [ContactMalformed]),
        ("nouveau.fr", "a@x.org, b@x.org", [ContactMalformed]),
        ("nouveau.fr", "Ann <a@x.org>", [ContactMalformed]),
        ("nouveau.fr", "contact@nouveau.fr", [ContactInside]),
        ("été.fr", "contact@xn--t-9fab.fr", [ContactInside]),
        ("", "", [DomainNameMissing, ContactMissing]),
        ("bonvenon", "a@b@c", [DomainNameMalformed, ContactMalformed]),
    ],
)
def test_what_is_wrong_with_a_new_domain_is_said_all_at_once(
    name: str, contact: str, kinds: list[type[Refusal]], alice: Actor
) -> None:
    before = everything()

    with pytest.raises(Refusal) as refusal:
        install(name, contact=contact, by=alice)

    assert [type(part) for part in refusal.value.parts()] == kinds
    assert isinstance(refusal.value, Several) == (len(kinds) > 1)
    assert everything() == before


def test_a_contact_inside_the_new_domain_is_told_what_to_do(alice: Actor) -> None:
    with pytest.raises(ContactInside) as refusal:
        install("nouveau.fr", contact="Contact@Nouveau.fr", by=alice)

    assert (refusal.value.field, refusal.value.values) == ("contact", {"local_part": "contact"})


@pytest.mark.parametrize("contact", ["missing@bonvenon.fr", "off@bonvenon.fr", "off+x@bonvenon.fr"])
def test_a_contact_of_ours_that_receives_nothing_is_refused(
    contact: str, bonvenon: Domain, alice: Actor
) -> None:
    make("off@bonvenon.fr", by=alice, mailbox=True, enabled=False)

    refusal = refused(lambda: install("nouveau.fr", contact=contact, by=alice), ContactDead)

    assert (refusal.field, refusal.values) == ("contact", {"email": contact})


def test_a_contact_that_a_catch_all_takes_is_one_that_receives(
    contact: Address, alice: Actor
) -> None:
    catch_all("bonvenon.fr", contact.email, by=alice)

    install("nouveau.fr", contact="somebody@bonvenon.fr", by=alice)

    assert truth.Postfix().takes("postmaster@nouveau.fr") == {contact.email}
    truth.check()


def test_a_contact_whose_mail_would_come_back_to_the_new_domain_is_refused(
    contact: Address, alice: Actor
) -> None:
    save(contact.email, by=alice, mailbox=False, may_remove=True, recipients=["ann@nouveau.fr"])

    refused(
        lambda: install("nouveau.fr", contact=contact.email, by=alice), PostmasterNeedsDestination
    )


def test_a_domain_that_a_postmaster_leads_out_to_is_not_taken_over(
    bonvenon: Domain, alice: Actor
) -> None:
    refusal = refused(
        lambda: install("elsewhere.org", contact="a@x.org", by=alice), PostmasterNeedsDestination
    )

    assert refusal.values == {"email": "postmaster@bonvenon.fr"}


# Find and list


def test_domains_are_listed_by_the_name_that_is_shown(alice: Actor) -> None:
    for name in ("zoo.fr", "été.fr", "abeille.fr"):
        install(name, by=alice)

    assert [domain.name for domain in domains.list_for(alice)] == [
        "abeille.fr",
        "zoo.fr",
        "xn--t-9fab.fr",
    ]


@pytest.mark.parametrize(
    "name", ["nowhere.fr", "", "..", "bonvenon", "\0", "' OR 1=1 --", "x" * 10**4]
)
def test_a_domain_that_is_not_ours_is_not_found(name: str, bonvenon: Domain, alice: Actor) -> None:
    with pytest.raises(NotFound):
        domains.of(alice, name)


@pytest.mark.parametrize("kind", [Kind.OWNER, Kind.HOLDER])
def test_who_owns_nothing_sees_no_domain(kind: Kind, bonvenon: Domain) -> None:
    nobody = Actor(kind, 99, "nobody")

    assert (domains.list_for(nobody), removed_domains.list_for(nobody)) == ([], [])
    with pytest.raises(NotFound):
        domains.of(nobody, "bonvenon.fr")


def test_the_counts_move_with_every_act(contact: Address, alice: Actor) -> None:
    def counts() -> tuple[int, int]:
        domain = domain_of("bonvenon.fr")
        ((addresses_, boxes),) = sql(
            "SELECT count(*), count(mailbox.id) FROM address"
            " LEFT JOIN mailbox ON mailbox.address_id = address.id WHERE domain_id = ?",
            domain.id,
        )
        assert (domain.addresses, domain.mailboxes) == (addresses_, boxes)
        return domain.addresses, domain.mailboxes

    seen = [counts()]
    make("a@bonvenon.fr", by=alice)
    seen.append(counts())
    save("a@bonvenon.fr", by=alice, mailbox=True)
    seen.append(counts())
    box = save("a@bonvenon.fr", by=alice, mailbox=False, may_remove=True).removed
    assert box is not None
    seen.append(counts())
    removal.restore(box, by=alice)
    seen.append(counts())
    whole = addresses.remove(find("a@bonvenon.fr"), confirmed=True, by=alice)
    seen.append(counts())
    removal.restore(whole, "b", by=alice)
    seen.append(counts())

    assert seen == [(2, 1), (3, 1), (3, 2), (3, 1), (3, 2), (2, 1), (3, 2)]


# Switch


def test_a_domain_is_switched_off_and_on(contact: Address, alice: Actor) -> None:
    domain = contact.domain
    before = everything()["address"]

    domains.switch(domain, False, by=alice)
    postfix = truth.Postfix()
    assert [postfix.takes(email) for email in (contact.email, "x@bonvenon.fr")] == [None, None]
    assert postfix.domains == {"bonvenon.fr"}
    truth.check()
    domains.switch(domain, True, by=alice)

    assert truth.Postfix().takes(contact.email) == {contact.email}
    assert everything()["address"] == before
    assert acts_on(domain)[-2:] == ["domain.disabled", "domain.enabled"]


def test_switching_twice_is_done_once(bonvenon: Domain, alice: Actor) -> None:
    domains.switch(bonvenon, False, by=alice)
    before = everything()

    domains.switch(bonvenon, False, by=alice)

    assert everything() == before


def test_a_domain_that_anothers_postmaster_needs_is_not_switched_off(
    contact: Address, autre: Domain, alice: Actor
) -> None:
    save("postmaster@autre.fr", by=alice, recipients=[contact.email])

    refusal = refused(
        lambda: domains.switch(domain_of("bonvenon.fr"), False, by=alice),
        PostmasterNeedsDestination,
    )

    assert refusal.values == {"email": "postmaster@autre.fr"}


def test_its_own_postmaster_does_not_keep_a_domain_from_being_switched_off(
    contact: Address, alice: Actor
) -> None:
    save("postmaster@bonvenon.fr", by=alice, recipients=[contact.email])

    domains.switch(contact.domain, False, by=alice)

    truth.check()


# The language of mails to its mailboxes


def test_the_language_of_its_mails_is_that_of_who_installs_it_until_it_is_changed(
    bonvenon: Domain, alice: Actor
) -> None:
    french = domains.install("autre.fr", FAR, by=alice, language="fr")
    assert [domain_of(name).language for name in ("bonvenon.fr", "autre.fr")] == ["en", "fr"]

    for _ in range(2):
        domains.set_language(french, "en", by=alice)

    assert domain_of("autre.fr").language == "en"
    assert acts_on(french).count("domain.language") == 1


@pytest.mark.parametrize("language", ["", "de", "FR", "fr\n"])
def test_a_language_that_no_mail_is_written_in_is_refused(
    bonvenon: Domain, alice: Actor, language: str
) -> None:
    refused(lambda: domains.set_language(bonvenon, language, by=alice), LanguageMissing)


def test_a_removed_domain_gets_no_other_language(bonvenon: Domain, alice: Actor) -> None:
    removed_domains.remove(bonvenon, by=alice)

    refused(lambda: domains.set_language(bonvenon, "fr", by=alice), NotFound)
