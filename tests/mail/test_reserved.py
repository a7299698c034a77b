"""Names that speak for who runs a domain: for the hoster alone."""

import pytest

from tests.mail.people import owner
from tests.mail.stage import everything, find, kept_in, make, save
from webmailadmin import settings
from webmailadmin.mail import addresses, removal, renaming
from webmailadmin.mail.actors import COMMAND_LINE, Actor
from webmailadmin.mail.errors_of_names import MailboxReserved, NameReserved
from webmailadmin.models import Address, Domain

CONTACT = "contact@bonvenon.fr"
# To which a certificate authority writes, by the rules of the CA/Browser Forum, 3.2.2.4.4.
ASKED = ("admin", "administrator", "webmaster", "hostmaster", "postmaster")
OTHERS = ("abuse", "security", "root", "ssl-admin")


@pytest.fixture
def camille(contact: Address) -> Actor:
    """The owner of bonvenon.fr."""
    return owner("camille", contact.domain)


def test_all_names_that_speak_for_who_runs_a_domain_are_reserved() -> None:
    assert set(settings.Settings().reserved_names) == {*ASKED, *OTHERS}


@pytest.mark.parametrize(
    "name",
    [
        *sorted({*settings.RESERVED} - {"postmaster"}),
        "ADMIN",
        " admin@bonvenon.fr",
        "Root <root@bonvenon.fr>",
    ],
)
def test_an_owner_adds_none_of_them(camille: Actor, bonvenon: Domain, name: str) -> None:
    before = everything()
    with pytest.raises(NameReserved):
        addresses.add(bonvenon, name, by=camille)
    assert everything() == before


def test_an_owner_renames_to_none_of_them_and_restores_under_none(
    camille: Actor, alice: Actor, contact: Address
) -> None:
    before = everything()
    for keep in (True, False):
        version = find(CONTACT).version
        with pytest.raises(NameReserved):
            renaming.rename(contact, "admin", version=version, keep_alias=keep, by=camille)
    assert everything() == before

    addresses.remove(contact, confirmed=True, by=camille)
    (kept,) = kept_in(contact.domain)
    before = everything()
    with pytest.raises(NameReserved):
        removal.restore(kept, "Webmaster", by=camille)
    assert everything() == before


def test_one_that_the_hoster_made_and_took_away_is_not_brought_back(
    camille: Actor, alice: Actor
) -> None:
    make("admin@bonvenon.fr", by=alice, mailbox=True)
    kept = addresses.remove(find("admin@bonvenon.fr"), confirmed=True, by=alice)

    with pytest.raises(NameReserved):
        removal.restore(kept, by=camille)
    assert removal.restore(kept, by=alice)


def test_one_that_exists_is_redirected_but_made_no_mailbox(camille: Actor, alice: Actor) -> None:
    make("abuse@bonvenon.fr", by=alice, recipients=["far@x.org"])
    for email in ("postmaster@bonvenon.fr", "abuse@bonvenon.fr"):
        assert save(email, by=camille, recipients=[CONTACT])
        before = everything()
        with pytest.raises(MailboxReserved):
            save(email, by=camille, mailbox=True)
        assert everything() == before
        assert save(email, by=alice, mailbox=True)
        assert save(email, by=camille, quota_mb="10")


@pytest.mark.parametrize("name", ["admin2", "the-admin", "admins", "hostmaster.fr"])
def test_names_that_only_resemble_them_are_free(
    camille: Actor, bonvenon: Domain, name: str
) -> None:
    assert addresses.add(bonvenon, name, by=camille)


def test_administrators_and_programs_take_them(alice: Actor, bonvenon: Domain) -> None:
    assert make("admin@bonvenon.fr", by=alice, mailbox=True)
    assert make("root@bonvenon.fr", by=COMMAND_LINE, mailbox=True)


def test_the_hoster_chooses_the_names(
    camille: Actor, bonvenon: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBMAILADMIN_RESERVED_NAMES", " Info , billing")
    settings.use(settings.read())

    assert settings.current.reserved_names == ("info", "billing")
    assert addresses.add(bonvenon, "admin", by=camille)
    with pytest.raises(NameReserved):
        addresses.add(bonvenon, "info", by=camille)
