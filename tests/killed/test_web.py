"""`kill -9` of the panel at every statement of an act: all of it is done, or nothing."""

from tests.killed.conftest import Panel
from tests.killed.dying import DEATHS
from tests.mail.stage import domain_of, find, hoster, save
from webmailadmin.mail import addresses, catch_alls, removed_domains, renaming

ANN = "/addresses/ann@one.example/edit"
ONE = "/domains/one.example/"
DELETE = {"form": "form.editor", "button": "Delete"}
RESTORE = {"form": ".entry form", "button": "Restore"}


def take_off_mailbox() -> None:
    save("ann@one.example", by=hoster(), mailbox=False, may_remove=True)


def remove_address() -> None:
    addresses.remove(find("ann@one.example"), confirmed=True, by=hoster())


def remove_domain() -> None:
    removed_domains.remove(domain_of("one.example"), by=hoster())


def drop_catch_all() -> None:
    catch_alls.change(domain_of("one.example"), catch_alls.CatchAll.NONE, "", "", by=hoster())


def test_removing_an_alias(panel: Panel) -> None:
    panel.kill("remove", "/addresses/carol@two.example/edit", **DELETE)


def test_removing_an_address_with_its_mailbox(panel: Panel) -> None:
    panel.kill("remove", ANN, values={"may_remove": "y"}, **DELETE)


def test_taking_a_mailbox_off(panel: Panel) -> None:
    panel.kill("remove", ANN, "form.editor", {"mailbox": "no", "may_remove": "y"})


def test_removing_a_domain_with_all_that_is_in_it(panel: Panel) -> None:
    panel.kill("remove", f"{ONE}remove", "main form.card", {"name": "one.example"})


def test_restoring_an_address(panel: Panel) -> None:
    panel.kill("restore", f"{ONE}removed/", before=remove_address, **RESTORE)


def test_restoring_a_mailbox(panel: Panel) -> None:
    panel.kill("restore", f"{ONE}removed/", before=take_off_mailbox, **RESTORE)


def test_restoring_a_catch_all(panel: Panel) -> None:
    panel.kill("restore", f"{ONE}removed/", before=drop_catch_all, **RESTORE)


def test_restoring_a_domain_with_all_that_went_with_it(panel: Panel) -> None:
    panel.kill("restore", "/domains/", "main .plain-list form", before=remove_domain)


def test_renaming_a_mailbox(panel: Panel) -> None:
    def rename() -> None:
        ann = find("ann@one.example")
        renaming.rename(ann, "anna", version=ann.version, keep_alias=True, by=hoster())

    with panel.arranged() as place:
        pass
    place.kill("rename", rename)
    assert DEATHS["rename"] > 30
