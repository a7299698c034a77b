"""The pages of accounts, and what other pages show and hide for owners."""

import re
from dataclasses import replace

import pytest

from tests.conftest import PASSWORD
from tests.dns_of import name_server
from tests.web.conftest import LIST, everything
from tests.web.people import browser_of, owner
from webmailadmin.mail import accounts, domains, mailboxes, profiles
from webmailadmin.mail.actors import Actor, Kind
from webmailadmin.models import Account, Domain, Ownership

PAGE = "/accounts/camille/"


@pytest.fixture
def camille(bonvenon, alice):
    """An owner of bonvenon.fr, with limits."""
    return owner("camille", bonvenon, by=alice, most_mailboxes="12", most_mb="20480")


def holder_of(address):
    """Return the holder of the mailbox at an address."""
    return Actor(Kind.HOLDER, mailboxes.of(address).id, address.email)


# The list


def test_the_list_tells_who_is_what_and_owns_what(browser, camille):
    page = browser.get("/accounts/")

    rows = [" ".join(row.get_text(" ").split()) for row in page.soup.select("tbody tr")]
    assert rows == ["alice administrator all on", "camille owner bonvenon.fr on"]
    assert page.links()["Accounts"] == "/accounts/"


def test_an_owner_is_added_and_its_one_time_password_shown_once(browser, alice):
    values = {
        "Name to log in with": " Camille ",
        "Kind": "Owner of domains",
        "Person": "Camille Roux",
        "Contact address": "Camille@Elsewhere.org",
        "Language": "Français",
    }
    page = browser.submit("/accounts/", "form.card", values)

    found = Account.get(Account.name == "camille")
    assert (found.kind, found.person, found.contact) == (
        "owner",
        "Camille Roux",
        "camille@elsewhere.org",
    )
    assert (found.language, found.one_time, found.enabled) == ("fr", True, True)
    password = page.words("#one-time .code")
    assert page.soup.select_one("#one-time button")["data-copy"] == password
    assert re.fullmatch(r"[a-z2-9-]{19}", password)
    assert password not in browser.get(PAGE).text
    assert password not in str(browser.cookies())
    assert accounts.passwords.matches(password, found.password)


def test_what_cannot_be_is_said_beside_its_field_and_nothing_typed_is_lost(browser, alice):
    values = {"Name to log in with": "a b", "Contact address": "nowhere", "Person": "Zoé"}
    page = browser.submit("/accounts/", "form.card", values)

    assert page.status == 422
    assert page.message("Name to log in with").startswith("A name for an account has")
    assert "is not an address" in page.message("Contact address")
    assert [page.value("Person"), page.value("Contact address")] == ["Zoé", "nowhere"]
    assert Account.select().count() == 1


def test_a_contact_in_a_domain_with_owners_is_refused_to_an_administrator(browser, camille):
    values = {
        "Name to log in with": "bruno",
        "Kind": "Administrator",
        "Contact address": "bruno@bonvenon.fr",
    }
    page = browser.submit("/accounts/", "form.card", values)

    assert "comes through a domain that has owners" in page.message("Contact address")


# The page of one


def test_who_it_is_and_how_much_it_may_have_is_changed(browser, camille):
    values = {
        "Person": "Camille R.",
        "Addresses": "50",
        "Mailboxes": "",
        "Room for one mailbox (MB)": "2 048",
        "May redirect mail to other servers": None,
        "Domains that it may add itself": "3",
    }
    page = browser.submit(PAGE, "#account", values)

    assert page.toast() == "The account camille is changed."
    found = Account.get(Account.name == "camille")
    assert (found.person, found.most_addresses, found.most_mailboxes) == ("Camille R.", 50, None)
    assert (found.most_mb, found.most_mb_each, found.most_domains) == (20480, 2048, 3)
    assert not found.may_redirect_outside
    assert page.words(".facts").startswith("1 of 50 addresses · 0 MB of 20 GB allocated")


def test_of_two_who_change_an_account_at_once_the_second_one_is_told(browser, camille, alice):
    opened = browser.get(PAGE)
    account = Account.get(Account.name == "camille")
    wish = replace(profiles.wish_of(account), most_mailboxes="3", contact="c@elsewhere.org")
    accounts.change(account, Kind.OWNER, wish, by=alice)
    before = everything()

    stale = browser.submit(opened, "#account", {"Person": "Camille R."})
    assert stale.status == 409
    assert "Meanwhile somebody else changed this account." in stale.messages()[""]
    assert (stale.value("Person"), everything()) == ("Camille R.", before)

    assert browser.submit(stale, "#account").toast() == "The account camille is changed."
    assert Account.get(Account.name == "camille").person == "Camille R."


def test_an_account_that_is_already_so_is_saved_once_more_without_a_word(browser, camille):
    opened = browser.get(PAGE)
    for _ in range(2):
        page = browser.submit(opened, "#account", {"Person": "Camille R."})
        assert page.toast() == "The account camille is changed."


def test_limits_that_are_no_numbers_are_refused_each_beside_its_field(browser, camille):
    before = everything()
    page = browser.submit(PAGE, "#account", {"Addresses": "-1", "Mailboxes": "ten", "Person": "X"})

    assert page.status == 422
    assert page.messages().keys() == {"Addresses", "Mailboxes"}
    assert page.message("Mailboxes").startswith("Enter a whole number")
    assert (page.value("Mailboxes"), page.value("Person")) == ("ten", "X")
    assert everything() == before


def test_a_domain_is_given_and_taken_away(browser, camille, alice):
    domains.install("autre.fr", "camille@elsewhere.org", by=alice)

    given = browser.submit(PAGE, "#domains form[novalidate]", {"Domain": "autre.fr"})
    assert given.toast() == "autre.fr is given to camille."
    assert Ownership.select().count() == 2

    taken = browser.submit(given, "#domains form.inline")
    assert taken.toast() == "autre.fr is taken away from camille."
    assert [row.domain.name for row in Ownership.select()] == ["bonvenon.fr"]


def test_a_domain_with_an_administrators_contact_is_not_given(browser, camille, alice):
    domains.install("autre.fr", "camille@elsewhere.org", by=alice)
    Account.update(contact="alice@autre.fr").where(Account.name == "alice").execute()

    page = browser.submit(PAGE, "#domains form[novalidate]", {"Domain": "autre.fr"})

    assert page.status == 422
    assert "is the contact address of the administrator alice" in page.message("Domain")
    assert Ownership.select().count() == 1


def test_an_account_is_switched_off_which_ends_its_sessions_and_on_again(app, browser, camille):
    theirs = browser_of(app, camille)
    assert theirs.get(LIST).status == 200

    off = browser.submit(PAGE, "#switch")
    assert off.toast() == "The account camille is switched off."
    assert off.words(".title .warn") == "switched off: cannot log in"
    assert theirs.open(LIST).headers["Location"].startswith("/log-in")
    assert browser.submit(off, "#switch").toast() == "The account camille is switched on."


def test_a_new_one_time_password_is_shown_once_and_ends_the_sessions(app, browser, camille):
    theirs = browser_of(app, camille)
    page = browser.submit(PAGE, "#password")

    password = page.words("#one-time .code")
    assert accounts.passwords.matches(password, Account.get(Account.name == "camille").password)
    assert theirs.open(LIST).status == 303
    assert password not in browser.get(PAGE).text


def test_an_account_is_removed_once_its_name_is_typed(browser, camille):
    refused = browser.submit(PAGE, "#remove", {"Name of the account": "bruno"})
    assert refused.status == 422
    assert (
        refused.message("Name of the account") == "Type the name of the account to agree: camille."
    )

    page = browser.submit(PAGE, "#remove", {"Name of the account": " Camille"})
    assert page.toast() == "The account camille is removed."
    assert not Account.select().where(Account.name == "camille").exists()
    assert Domain.select().count() == 1
    assert Ownership.select().count() == 0


def test_ones_own_password_is_changed_on_its_own_page_alone(browser, alice):
    page = browser.get("/accounts/alice/")
    assert not page.soup.select("#password")
    assert page.soup.select_one("main a[href='/password']")

    token = page.soup.select_one("main input[name=csrf_token]")["value"]
    for path in ("password", "link"):
        page = browser.open(f"/accounts/alice/{path}", "POST", data={"csrf_token": token})
        assert page.status == 422
        assert page.words("main .notice.wrong").startswith("This is your own account")


def test_nobody_shuts_itself_out(browser, alice):
    page = browser.get("/accounts/alice/")
    assert page.soup.select("#switch, #remove") == []
    token = page.soup.select_one("[name=csrf_token]")["value"]
    for way in ("switch-off", "remove"):
        sent = {"csrf_token": token, "typed": "alice"}
        refused = browser.open(f"/accounts/alice/{way}", "POST", data=sent)
        assert refused.status == 422
        assert refused.words("main .notice.wrong").startswith("This is your own account")
    page = browser.submit("/accounts/alice/", "#account", {"Kind": "Owner of domains"})
    assert page.status == 422
    assert Account.get().enabled


def test_the_pages_are_in_french(french, camille):
    page = french.get(PAGE)

    assert page.words(".facts") == "0 boîte sur 12 · 0 Mo alloués sur 20 Go"
    assert page.labels()[-1] == "Nom du compte"


# Who may open them


URLS = (
    "/accounts/",
    PAGE,
    *(
        f"{PAGE}{act}"
        for act in ("domains", "take", "password", "remove", "switch-on", "switch-off")
    ),
)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_owners_and_holders_find_nothing_there(app, camille, contact, url, method):
    before = everything()
    for who in (camille, holder_of(contact)):
        browser = browser_of(app, who)
        before["session"] = everything()["session"]
        data = {
            "name": "bruno",
            "typed": "camille",
            "domain": "bonvenon.fr",
            "kind": "administrator",
        }
        reply = browser.open(url, method=method, data=data)
        assert reply.status == 404, (who.kind, url)
        assert everything() == before


@pytest.mark.parametrize("url", [url.replace("camille", "nobody") for url in URLS[1:]])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_missing_account_is_not_found(browser, url, method):
    assert browser.open(url, method=method).status == 404


@pytest.mark.parametrize("url", URLS)
def test_reading_changes_nothing(browser, camille, url):
    browser.get("/accounts/")
    before = everything()

    assert browser.get(url).status == 200
    assert everything() == before


def test_only_the_fields_of_the_form_are_read(browser, camille):
    page = browser.get(PAGE)
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    extra = {"id": "99", "password": "x", "one_time": "1", "enabled": "0", "contact_confirmed": "1"}
    form = {"csrf_token": token, "kind": "owner", "language": "en", **extra}
    browser.open(PAGE, method="POST", data=form)

    found = Account.get(Account.name == "camille")
    assert (found.id, found.one_time, found.enabled, found.contact_confirmed) == (
        2,
        False,
        True,
        False,
    )


@pytest.mark.parametrize("kind", ["holder", "program", "", "Administrator"])
def test_a_kind_that_no_account_has_is_refused(browser, camille, kind):
    page = browser.submit(PAGE, "#account", {"kind": kind})

    assert (page.status, Account.get(Account.name == "camille").kind) == (422, "owner")


# What owners see of the rest


def test_an_owner_sees_its_allowance_where_it_adds(app, camille, contact):
    theirs = browser_of(app, camille)

    said = "In all your domains: 1 of 12 mailboxes · 1 GB of 20 GB allocated"
    assert theirs.get(LIST).words(".allowances") == said
    assert theirs.get("/domains/").words(".allowances") == said


def test_what_is_used_up_says_so(app, browser, bonvenon, contact, alice):
    theirs = browser_of(app, owner("camille", bonvenon, by=alice, most_mailboxes="1"))

    said = "1 of 1 mailboxes, no more left"
    assert theirs.get(LIST).words(".allowances b") == said
    assert browser.get(PAGE).words(".facts b") == said


def test_added_domains_are_counted_where_one_adds_them(app, bonvenon, alice):
    theirs = browser_of(app, owner("camille", bonvenon, by=alice, most_domains="2"))

    assert theirs.get("/domains/").words(".allowances").endswith("0 of 2 domains added")
    assert theirs.get(LIST).words(".allowances") == ""


def test_an_owner_is_refused_a_mailbox_too_many_beside_the_choice(app, bonvenon, contact, alice):
    theirs = browser_of(app, owner("camille", bonvenon, by=alice, most_mailboxes="1"))
    editor = theirs.submit(LIST, "#add-address", {"Name": "sales"})
    values = {"Mailbox": "Yes", "Password": PASSWORD, "Confirm the password": PASSWORD}
    page = theirs.submit(editor, "form.editor", values)

    assert page.status == 422
    assert "1 of 1 mailboxes are used; this would make 2." in page.words("form.editor")
    assert page.value("Password") == PASSWORD
    assert page.focus() == "mailbox"


def test_the_size_limit_that_is_proposed_is_within_what_is_allowed(app, bonvenon, alice):
    theirs = browser_of(app, owner("camille", bonvenon, by=alice, most_mb_each="300"))
    editor = theirs.submit(LIST, "#add-address", {"Name": "sales"})

    assert editor.value("Size limit (MB)") == "300"


def test_an_owner_is_not_offered_what_only_the_hoster_does(app, camille):
    theirs = browser_of(app, camille)
    first = theirs.get("/domains/")
    about = theirs.get(f"{LIST}about")

    assert not {"Accounts", "Health", "Install a domain"} & first.links().keys()
    assert "Install this domain" not in first.buttons()
    assert "Switch off" not in about.buttons()
    assert "Remove this domain …" not in about.links()
    for url in ("/health", f"{LIST}remove"):
        assert theirs.open(url).status == 404
    assert theirs.open("/domains/", method="POST").status == 404


def test_an_owner_adds_removes_and_brings_back_a_domain_of_its_own(app, bonvenon, alice):
    who = owner("camille", bonvenon, by=alice, most_domains="1")
    theirs = browser_of(app, who)
    values = {"Domain": "neuf.fr", "Contact address": "camille@elsewhere.org"}

    about = theirs.submit("/domains/", "form.card", values)
    assert about.toast() == "neuf.fr is installed."
    second = theirs.submit("/domains/", "form.card", values | {"Domain": "autre.fr"})
    assert second.message("Domain") == "You have added 1 of 1 domains. Ask your hoster for more."

    removed = theirs.submit(
        "/domains/neuf.fr/remove", "form.card", {"Name of the domain": "neuf.fr"}
    )
    assert removed.toast().startswith("neuf.fr is removed.")
    number = Domain.get(Domain.name == "neuf.fr").id
    assert theirs.open(f"/domains/removed/{number}/purge").status == 404
    assert "Delete neuf.fr for good" not in removed.links()
    back = theirs.submit(removed, f"#removed-{number} form")
    assert back.toast() == "neuf.fr is back."


def test_an_owner_shows_in_the_dns_that_a_domain_is_theirs(app, browser, bonvenon, alice):
    theirs = browser_of(app, owner("camille", bonvenon, by=alice, most_domains="1"))
    values = {"Domain": "neuf.fr", "Contact address": "camille@elsewhere.org"}
    with name_server() as dns:
        record = theirs.get("/domains/").value("TXT record of the domain")
        refused = theirs.submit("/domains/", "form.card", values)
        assert refused.status == 422
        assert refused.message("Domain").startswith("The DNS of neuf.fr does not say")
        assert {label: refused.value(label) for label in values} == values

        dns.broken = True
        silent = theirs.submit(refused, "form.card", values)
        assert silent.message("Domain").startswith("The name servers of neuf.fr do not answer.")

        dns.broken, dns.texts["_webmailadmin.neuf.fr"] = False, [record]
        assert theirs.submit(silent, "form.card", values).toast() == "neuf.fr is installed."
        assert "TXT record" not in browser.get("/domains/").text


def test_the_domain_of_somebody_else_is_not_linked_to(app, camille, alice):
    domains.install("autre.fr", "camille@elsewhere.org", by=alice)
    theirs = browser_of(app, camille)

    page = theirs.submit(LIST, "#add-address", {"Name": "sales@autre.fr"})

    assert page.status == 422
    assert "Go to autre.fr" not in page.links()
