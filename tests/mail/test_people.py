"""Accounts as people: who they are, of which kind, on or off; and who may say so."""

from collections.abc import Callable

import pytest

from tests.mail.people import PASSWORD, account_of, holder, owner
from tests.mail.stage import everything, sql
from webmailadmin.mail import (
    accounts,
    contacts,
    domains,
    links,
    owners,
    profiles,
    removed_domains,
    sessions,
)
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import NotFound, Refusal
from webmailadmin.mail.errors_of_accounts import (
    AccountNameDiffers,
    ContactMalformed,
    ContactOwned,
    KindMissing,
    LastAdministrator,
    LimitMalformed,
    OwnAccount,
    OwnPassword,
    PersonMalformed,
)
from webmailadmin.mail.errors_of_domains import LanguageMissing
from webmailadmin.mail.notices import Notice
from webmailadmin.mail.profiles import Wish
from webmailadmin.mail.purposes import Purpose
from webmailadmin.models import Account, Address, Domain, Link, Ownership, now


@pytest.fixture
def bruno(alice: Actor) -> Actor:
    """Another administrator."""
    accounts.add("bruno", PASSWORD, by=alice)
    return accounts.actor(account_of("bruno"))


def acts() -> list[str]:
    """Return the acts in the journal that are no domain's."""
    return [act for (act,) in sql("SELECT act FROM journal WHERE domain_id IS NULL ORDER BY id")]


# Who it is


def test_what_is_said_of_a_person_is_kept_as_it_is_meant(alice: Actor) -> None:
    wish = Wish(
        person="  Camille   Roux ",
        contact=" Camille@Été.fr ",
        language="fr",
        most_addresses="50",
        most_mailboxes="0",
        most_mb=" 20 480 ",
        may_redirect_outside=False,
    )
    accounts.add("camille", PASSWORD, by=alice, kind=Kind.OWNER, wish=wish)

    found = account_of("camille")
    assert (found.person, found.contact) == ("Camille Roux", "camille@xn--t-9fab.fr")
    assert (found.language, found.contact_confirmed, found.enabled) == ("fr", False, True)
    assert (found.most_addresses, found.most_mailboxes, found.most_mb) == (50, 0, 20480)
    assert (found.most_mb_each, found.most_domains) == (None, 0)
    assert not found.may_redirect_outside
    before = everything()
    accounts.change(found, Kind.OWNER, profiles.wish_of(found), by=alice)
    assert everything() == before


WRONG: list[tuple[dict[str, str], type[Refusal]]] = [
    ({"person": "x" * 101}, PersonMalformed),
    ({"person": "a\u202eb"}, PersonMalformed),
    ({"contact": "a@x.org, b@x.org"}, ContactMalformed),
    ({"contact": "|cmd@x.org"}, ContactMalformed),
    ({"language": "de"}, LanguageMissing),
    ({"most_addresses": "-1"}, LimitMalformed),
    ({"most_mailboxes": "1.5"}, LimitMalformed),
    ({"most_mb": "²"}, LimitMalformed),
    ({"most_mb_each": "9" * 5000}, LimitMalformed),
    ({"most_domains": "2147483649"}, LimitMalformed),
]


@pytest.mark.parametrize(("wrong", "refusal"), WRONG)
def test_what_no_account_can_be_is_refused(
    alice: Actor, wrong: dict[str, str], refusal: type[Refusal]
) -> None:
    owner("camille")
    before = everything()

    with pytest.raises(refusal) as found:
        accounts.add("denis", PASSWORD, by=alice, kind=Kind.OWNER, wish=Wish(**wrong))  # type: ignore[arg-type]
    assert found.value.field in wrong
    with pytest.raises(refusal):
        accounts.change(account_of("camille"), Kind.OWNER, Wish(**wrong), by=alice)  # type: ignore[arg-type]
    assert everything() == before


def test_all_that_is_wrong_is_told_at_once(alice: Actor) -> None:
    wish = Wish(contact="nowhere", language="", most_mb="much", most_domains="many")
    with pytest.raises(Refusal) as found:
        accounts.add("a b", PASSWORD, by=alice, wish=wish)

    fields = [part.field for part in found.value.parts()]
    assert fields == ["name", "contact", "language", "most_mb", "most_domains"]


@pytest.mark.parametrize("kind", [Kind.HOLDER, Kind.PROGRAM])
def test_an_account_is_an_administrator_or_an_owner(alice: Actor, kind: Kind) -> None:
    with pytest.raises(KindMissing):
        accounts.add("camille", PASSWORD, by=alice, kind=kind)
    with pytest.raises(KindMissing):
        accounts.change(account_of("alice"), kind, Wish(), by=COMMAND_LINE)


def test_another_contact_is_not_confirmed_and_links_to_the_former_one_are_over(
    alice: Actor,
) -> None:
    owner("camille", contact="old@x.org")
    camille = account_of("camille")
    Account.update(contact_confirmed=True).where(Account.id == camille.id).execute()
    for number, email in enumerate(("old@x.org", "")):
        Link.create(
            token_hash=str(number), purpose=Purpose.RESET, account=camille, email=email, until=now()
        )

    wish = profiles.wish_of(camille)
    accounts.change(camille, Kind.OWNER, wish, by=alice)
    assert Link.select().count() == 2
    accounts.change(camille, Kind.OWNER, Wish(contact="new@x.org"), by=alice)
    kept = [(link.purpose, link.email) for link in Link.select().order_by(Link.id)]
    assert kept == [(Purpose.RESET, ""), (Notice.CONTACT, "old@x.org")]
    assert not account_of("camille").contact_confirmed
    assert acts()[-1] == "account.changed"


# Contacts of administrators


def test_no_administrator_is_written_to_where_an_owner_reads(
    bonvenon: Domain, alice: Actor, bruno: Actor
) -> None:
    wish = Wish(contact="bruno@bonvenon.fr")
    accounts.change(account_of("bruno"), Kind.ADMINISTRATOR, wish, by=alice)  # nobody's yet
    accounts.change(account_of("bruno"), Kind.ADMINISTRATOR, Wish(), by=alice)
    camille = owner("camille", bonvenon, contact="camille@bonvenon.fr")

    for act in (
        lambda: accounts.change(account_of("bruno"), Kind.ADMINISTRATOR, wish, by=alice),
        lambda: accounts.add("denis", PASSWORD, by=alice, wish=wish),
        lambda: accounts.change(
            account_of("camille"),
            Kind.ADMINISTRATOR,
            profiles.wish_of(account_of("camille")),
            by=alice,
        ),
    ):
        before = everything()
        with pytest.raises(ContactOwned):
            act()
        assert everything() == before
    assert camille.kind is Kind.OWNER
    accounts.add("denis", PASSWORD, by=alice, kind=Kind.OWNER, wish=wish)  # an owner may be


def test_a_domain_that_comes_back_with_its_owner_reads_no_link_of_an_administrator(bonvenon, alice):
    owner("bruno", bonvenon)
    removed_domains.remove(bonvenon, by=alice)
    accounts.add("denis", PASSWORD, by=alice, wish=Wish(contact="bruno@bonvenon.fr"))
    Account.update(contact_confirmed=True).where(Account.name == "denis").execute()
    assert contacts.usable(account_of("denis")) == "bruno@bonvenon.fr"

    removed_domains.bring_back(bonvenon.id, by=alice)

    assert contacts.usable(account_of("denis")) == ""


# Of which kind


def test_who_becomes_an_administrator_owns_no_domain_and_logs_in_again(
    bonvenon: Domain, alice: Actor
) -> None:
    camille = owner("camille", bonvenon)
    token = sessions.open_session(camille)

    accounts.change(account_of("camille"), Kind.ADMINISTRATOR, Wish(), by=alice)
    assert Ownership.select().count() == 0
    assert sessions.logged_in(token) is None
    accounts.change(account_of("camille"), Kind.OWNER, Wish(), by=alice)
    assert acts()[-2:] == ["account.administrator", "account.owner"]
    assert domains.list_for(accounts.actor(account_of("camille"))) == []


# On and off, and away


def test_an_account_that_is_off_has_no_session_and_its_domains_stay_its_own(
    bonvenon: Domain, alice: Actor
) -> None:
    camille = owner("camille", bonvenon)
    token = sessions.open_session(camille)

    accounts.switch(account_of("camille"), False, by=alice)
    assert sessions.logged_in(token) is None
    accounts.switch(account_of("camille"), False, by=alice)
    accounts.switch(account_of("camille"), True, by=alice)
    assert acts()[-2:] == ["account.disabled", "account.enabled"]
    assert [one.name for one in owners.of(bonvenon)] == ["camille"]


def test_an_account_is_removed_with_its_sessions_and_its_domains_stay(
    bonvenon: Domain, alice: Actor
) -> None:
    sessions.open_session(owner("camille", bonvenon))
    with pytest.raises(AccountNameDiffers):
        accounts.remove(account_of("camille"), "bonvenon.fr", by=alice)

    gone = account_of("camille")
    accounts.remove(gone, " CAMILLE ", by=alice)
    assert sql("SELECT count(*) FROM session") == [(0,)]
    assert Ownership.select().count() == 0
    assert Domain.select().count() == 1
    for act in (
        lambda: accounts.remove(gone, "camille", by=alice),
        lambda: accounts.switch(gone, False, by=alice),
        lambda: accounts.change(gone, Kind.OWNER, Wish(), by=alice),
    ):
        with pytest.raises(NotFound):
            act()


Act = Callable[[Account, Actor], object]
SHUTTING_OUT: dict[str, Act] = {
    "switched off": lambda account, by: accounts.switch(account, False, by=by),
    "made an owner": lambda account, by: accounts.change(account, Kind.OWNER, Wish(), by=by),
    "removed": lambda account, by: accounts.remove(account, account.name, by=by),
}


@pytest.mark.parametrize("act", SHUTTING_OUT.values(), ids=SHUTTING_OUT)
def test_the_last_administrator_that_is_on_is_not(alice: Actor, bruno: Actor, act: Act) -> None:
    owner("camille")
    accounts.switch(account_of("bruno"), False, by=COMMAND_LINE)
    before = everything()

    with pytest.raises(LastAdministrator):
        act(account_of("alice"), COMMAND_LINE)
    assert everything() == before
    act(account_of("bruno"), COMMAND_LINE)
    accounts.add("zoe", PASSWORD, by=COMMAND_LINE)
    act(account_of("alice"), COMMAND_LINE)


@pytest.mark.parametrize("act", SHUTTING_OUT.values(), ids=SHUTTING_OUT)
def test_nobody_shuts_itself_out(alice: Actor, bruno: Actor, act: Act) -> None:
    before = everything()

    for by in (alice, Actor(Kind.ADMINISTRATOR, bruno.id, "bruno", through="alice")):
        with pytest.raises(OwnAccount):
            act(account_of("alice"), by)
    assert everything() == before


def test_nobody_gives_itself_another_password_without_the_present_one(alice: Actor) -> None:
    before = everything()

    for act in (
        lambda: accounts.reset_password("alice", None, by=alice),
        lambda: links.invite(account_of("alice"), by=alice),
        lambda: links.invite_by_mail(account_of("alice"), "eve@elsewhere.org", by=alice),
    ):
        with pytest.raises(OwnPassword):
            act()
    assert everything() == before


# Who may say so


@pytest.mark.parametrize("act", SHUTTING_OUT.values(), ids=SHUTTING_OUT)
def test_owners_and_holders_change_no_account(contact: Address, alice: Actor, act: Act) -> None:
    camille = owner("camille", contact.domain)
    before = everything()

    for by in (camille, holder(contact)):
        for name in ("alice", "camille"):
            with pytest.raises(NotFound):
                act(account_of(name), by)
            with pytest.raises(NotFound):
                accounts.named(name, by=by)
        with pytest.raises(NotFound):
            accounts.add("denis", PASSWORD, by=by)
        with pytest.raises(NotFound):
            accounts.every(by)
    assert everything() == before
