"""Domains: installed, listed, switched, removed, brought back; their catch-all; their journal."""

import pytest

from tests.web.conftest import CONTACT, LIST, everything, fill
from webmailadmin.mail import addresses, catch_alls, domains
from webmailadmin.models import Address, Domain, Journal

UNKNOWN = f"{LIST}unknown"
JOURNAL = f"{LIST}journal"


def install(browser, name, contact="camille@elsewhere.org"):
    """Install a domain through its form."""
    values = {"Domain": name, "Contact address": contact}
    return browser.submit("/domains/", "form.card", values)


def table(page):
    """Return the rows of the list of domains."""
    return [
        [" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")]
        for row in page.soup.select("table.list tbody tr")
    ]


# Install


def test_without_a_domain_the_first_page_asks_for_one(browser):
    page = browser.get("/")

    assert page.words(".empty").startswith("No domain yet. Install the first one below")
    assert page.focus() == "name"


def test_an_installed_domain_says_which_mx_record_it_needs_and_has_its_postmaster(browser):
    page = install(browser, "bonvenon.fr")

    assert page.toast() == "bonvenon.fr is installed."
    assert page.words("pre.code") == "bonvenon.fr. MX 10 mail.example.net."
    assert page.words("#facts") == "1 address · 0 mailboxes"
    assert page.links()["Add the first address"] == LIST
    row = browser.get(LIST).row("postmaster@bonvenon.fr")
    assert row.startswith("postmaster @bonvenon.fr required")
    assert "camille@elsewhere.org" in row


@pytest.mark.parametrize(
    "typed", ["mÉtéo-été.fr", "xn--mto-t-dsabbb.fr", "MÉTÉO-ÉTÉ.FR.", " météo-été.fr "]
)
def test_a_domain_with_accents_is_kept_as_punycode_and_shown_with_them(browser, typed):
    name = "météo-été.fr".encode("idna").decode()
    page = install(browser, typed if not typed.startswith("xn--") else name)

    assert Domain.get().name == name
    assert page.words("h1") == "météo-été.fr"
    assert page.words("pre.code") == f"{name}. MX 10 mail.example.net."
    for url in (f"/domains/{name}/", "/domains/météo-été.fr/"):
        listed = browser.get(url)
        assert listed.emails() == ["postmaster@météo-été.fr"]
    assert table(browser.get("/domains/"))[0][0] == "météo-été.fr"


def test_an_address_of_a_domain_with_accents_is_added_and_edited(browser):
    install(browser, "été.fr")

    editor = browser.submit("/domains/été.fr/", "#add-address", {"Name": "zoe@été.fr"})
    saved = browser.submit(editor, "form.editor", {"Mailbox": "No", "Redirect to": "ann@été.fr"})

    assert saved.toast() == "zoe@été.fr is saved."
    assert Address.get(Address.local_part == "zoe").email == "zoe@xn--t-9fab.fr"
    assert "ann@été.fr receives nothing" in saved.row("zoe@été.fr")


def test_a_domain_that_mixes_alphabets_is_shown_as_punycode(browser):
    """One Cyrillic letter among Latin letters: nobody takes it for another."""
    page = install(browser, "b\u043envenon.fr")

    assert page.words("h1").startswith("xn--")


def test_the_domains_are_listed_with_their_counts_and_states(browser, contact, alice):
    off = domains.install("autre.fr", "camille@elsewhere.org", by=alice)
    domains.switch(off, enabled=False, by=alice)

    page = browser.get("/domains/")

    assert table(page) == [
        ["autre.fr", "1", "0", "", "", "switched off"],
        ["bonvenon.fr", "2", "1", "", "1 GB", "receives mail"],
    ]
    assert page.words("#menu-domains") == "autre.fr switched off 1 bonvenon.fr 2"


# The language of mails to its mailboxes

LANGUAGE = "main form[action$='/language']"


def test_the_language_of_mails_is_chosen_on_the_page_of_the_domain(browser, bonvenon):
    page = browser.get(f"{LIST}about")
    assert page.value("Language") == "English"

    saved = browser.submit(page, LANGUAGE, {"Language": "Français"})

    assert (saved.status, saved.toast()) == (200, "Saved.")
    assert saved.value("Language") == "Français"
    assert Domain.get().language == "fr"
    assert (
        browser.get(f"{LIST}journal")
        .words(".journal li")
        .endswith("language of mails to its mailboxes: Français")
    )


@pytest.mark.parametrize(("language", "code"), [("fr", "fr"), ("en", "en")])
def test_a_new_domain_gets_the_language_of_who_installs_it(app, browser, language, code):
    browser.language = language

    browser.submit("/domains/", "form.card", {"name": "neuf.fr", "contact": "ann@x.org"})

    assert Domain.get().language == code


def test_a_language_that_was_made_up_is_refused_beside_the_choice(browser, bonvenon):
    before = everything()

    refused = browser.submit(f"{LIST}about", LANGUAGE, {"language": "de"})

    assert (refused.status, refused.title()[:6]) == (422, "Error:")
    assert refused.words("#language-wrong") == "Choose one of the languages."
    assert everything() == before
    assert browser.open("/domains/bonvenon.fr/language").headers["Location"] == f"{LIST}about"


# Switch, remove, bring back


def test_a_domain_is_switched_off_and_on(browser, bonvenon):
    page = browser.get(f"{LIST}about")

    off = browser.submit(page, "section form", button="Switch off")
    assert (off.status, Domain.get().enabled) == (200, False)
    assert off.words(".title .tag") == "switched off: mail is refused"
    assert browser.submit(page, "section form", button="Switch off").status == 200

    on = browser.submit(off, "section form", button="Switch on")
    assert (on.status, Domain.get().enabled) == (200, True)
    acts = [row.act for row in Journal.select().where(Journal.email.is_null())]
    assert acts[-2:] == ["domain.disabled", "domain.enabled"]


def test_a_domain_that_another_postmaster_leads_to_stays_on_with_a_link(browser, contact, alice):
    domains.install("autre.fr", "contact@bonvenon.fr", by=alice)
    before = everything()

    refused = browser.submit(f"{LIST}about", "section form", button="Switch off")

    assert (refused.status, refused.title()[:6]) == (422, "Error:")
    assert refused.messages()[""].startswith(
        "postmaster@autre.fr would receive nothing any more."
        " Redirect it elsewhere first, or make it a mailbox."
    )
    assert refused.links()["Edit postmaster@autre.fr"] == "/addresses/postmaster@autre.fr/edit"
    assert everything() == before


def remove(browser, name="bonvenon.fr"):
    """Remove a domain from its page, agreeing by its name."""
    about = browser.get(f"/domains/{name}/about")
    warning = browser.get(about.links()["Remove this domain …"])
    return browser.submit(warning, "form.card", {"Name of the domain": name})


def test_a_domain_is_removed_with_its_addresses_and_brought_back(browser, contact):
    gone = remove(browser)

    assert gone.toast() == "bonvenon.fr is removed."
    assert table(gone) == []
    assert browser.open(LIST).status == 404
    assert gone.words("main .plain-list").startswith("bonvenon.fr 2 addresses, 1 mailbox ")

    back = browser.submit(gone, ".toast form", button="Undo")

    assert back.toast() == "bonvenon.fr is back."
    listed = browser.get(LIST)
    assert "camille@elsewhere.org" in listed.row("postmaster@bonvenon.fr")
    assert "1 GB" in listed.row("contact@bonvenon.fr")


@pytest.mark.parametrize("typed", ["", "bonvenon", "autre.fr"])
def test_a_domain_is_not_removed_without_its_name(browser, contact, typed):
    before = everything()

    refused = browser.submit(f"{LIST}remove", "form.card", {"Name of the domain": typed})

    assert (refused.status, refused.title()[:6]) == (422, "Error:")
    assert refused.messages() == {
        "Name of the domain": "Type the name of the domain to agree: bonvenon.fr."
    }
    assert refused.value("Name of the domain") == typed
    assert everything() == before


def test_a_domain_that_takes_the_unknown_names_of_another_says_where_to_change_that(
    browser, bonvenon, alice
):
    other = domains.install("autre.fr", "camille@elsewhere.org", by=alice)
    catch_alls.change(other, catch_alls.CatchAll.DOMAIN, "", "bonvenon.fr", by=alice)

    refused = remove(browser)

    assert refused.status == 422
    assert refused.links()["Change it"] == "/domains/autre.fr/unknown"


def test_a_domain_installed_anew_cannot_be_brought_back_over(browser, bonvenon):
    gone = remove(browser)
    install(browser, "bonvenon.fr")
    before = everything()

    refused = browser.submit(gone, ".toast form")

    assert (refused.status, refused.title()[:6]) == (422, "Error:")
    assert refused.messages() == {"": "bonvenon.fr is installed already."}
    assert everything() == before


def test_a_domain_installed_anew_shows_nothing_of_the_one_before(browser, bonvenon, alice):
    sales = addresses.add(bonvenon, "sales", by=alice)
    addresses.remove(sales, confirmed=True, by=alice)
    remove(browser)
    install(browser, "bonvenon.fr")

    assert browser.get(f"{LIST}removed/").emails() == []
    assert "sales" not in browser.get(JOURNAL).words("main")
    assert browser.open("/addresses/sales@bonvenon.fr/edit").status == 404


# The catch-all


def test_unknown_names_are_refused_at_first(browser, bonvenon):
    page = browser.get(UNKNOWN)

    assert page.value("Mail for unknown addresses") == "… is refused"
    assert "Unknown addresses refused" in page.words(".tabs")


def test_unknown_names_lead_to_one_address(browser, contact):
    values = {
        "Mail for unknown addresses": "… goes to one address",
        "Address": "Contact@BonVenon.fr",
    }

    saved = browser.submit(UNKNOWN, "form.card", values)

    assert saved.toast() == "Saved. Mail servers follow at once."
    assert saved.value("Address") == "contact@bonvenon.fr"
    assert saved.value("Mail for unknown addresses") == "… goes to one address"
    assert "Unknown addresses redirected" in saved.words(".tabs")
    domain = Domain.get()
    assert (domain.catch_all_to, domain.catch_all_receives) == ("contact@bonvenon.fr", True)


def test_unknown_names_lead_to_the_same_name_at_another_domain(browser, bonvenon, alice):
    other = domains.install("été.fr", "camille@elsewhere.org", by=alice)
    values = {
        "Mail for unknown addresses": "… goes to the same name at another of your domains",
        "Domain": "été.fr",
    }

    saved = browser.submit(UNKNOWN, "form.card", values)

    assert saved.value("Domain") == "été.fr"
    assert Domain.get(Domain.name == "bonvenon.fr").catch_all_domain_id == other.id

    refused = browser.submit(UNKNOWN, "form.card", {"Mail for unknown addresses": "… is refused"})
    assert refused.toast() == "Saved. Mail servers follow at once."
    assert Domain.get(Domain.name == "bonvenon.fr").catch_all_domain_id is None


def test_a_catch_all_that_came_to_nothing_is_said(browser, contact):
    values = {"Mail for unknown addresses": "… goes to one address", "Address": contact.email}
    browser.submit(UNKNOWN, "form.card", values)
    browser.submit(CONTACT, "form.editor", {"Enabled": None})

    assert browser.get(UNKNOWN).words(".message.warn") == (
        "contact@bonvenon.fr does not exist or receives nothing: mail for unknown names is refused."
    )


def test_a_catch_all_that_goes_round_in_a_circle_is_refused(browser, bonvenon, alice):
    address = addresses.add(bonvenon, "sales", by=alice)
    wish = addresses.Wish(1, mailbox=False, recipients="ann@x.org\nnobody@bonvenon.fr")
    addresses.save(address, wish, by=alice)
    before = everything()
    values = {"Mail for unknown addresses": "… goes to one address", "Address": address.email}

    refused = browser.submit(UNKNOWN, "form.card", values)

    assert refused.status == 422
    assert refused.messages()["Address"].startswith("Mail would go round in a circle: ")
    assert everything() == before


# The journal


def test_the_journal_of_a_domain_tells_who_did_what(browser, contact):
    browser.submit(CONTACT, "form.editor", {"Mailbox": "No", "may_remove": "y"})

    lines = [
        " ".join(line.span.get_text(" ").split())
        for line in browser.get(JOURNAL).soup.select("ol.journal li")
    ]

    until = lines[0].rpartition(" until ")[2]
    assert lines == [
        f"alice: contact@bonvenon.fr mailbox removed, kept until {until}",
        "alice: contact@bonvenon.fr mailbox opened, 1024 MB",
        "alice: contact@bonvenon.fr address added",
        "alice: postmaster@bonvenon.fr redirected to camille@elsewhere.org",
        "alice: domain installed, postmaster@ redirected to camille@elsewhere.org",
    ]


def test_the_journal_of_an_address_tells_only_of_it(browser, contact):
    page = browser.get("/addresses/contact@bonvenon.fr/journal")

    assert [line.span.get_text(" ").split()[1:] for line in page.soup.select("ol.journal li")] == [
        ["mailbox", "opened,", "1024", "MB"],
        ["address", "added"],
    ]
    assert page.links()["The whole domain"] == JOURNAL


def test_the_journal_is_read_in_french_too(french, contact):
    assert "boîte mail ouverte, 1024 Mo" in french.get(JOURNAL).words("ol.journal")


def test_the_time_of_an_entry_is_that_of_the_place(browser, bonvenon):
    page = browser.get(JOURNAL)

    stamp = page.soup.select_one("ol.journal time")
    assert stamp["datetime"].endswith("Z")
    assert len(stamp.get_text(strip=True).split()) == 3


def test_no_entry_is_lost_or_doubled_over_the_pages_of_the_journal(browser, bonvenon, alice):
    fill(bonvenon, 250, by=alice)
    seen, url = [], JOURNAL
    while url:
        page = browser.get(url)
        seen += [line.b.get_text() for line in page.soup.select("ol.journal li") if line.b]
        older = page.links().get("Older entries")
        url = f"{JOURNAL}{older}" if older else None

    assert seen == [
        *(f"person{n:03d}@bonvenon.fr" for n in reversed(range(250))),
        "postmaster@bonvenon.fr",
    ]


def test_each_tab_of_a_domain_has_a_title_of_its_own(browser, bonvenon):
    titles = {browser.get(f"{LIST}{tab}").title() for tab in ("", "unknown", "journal", "about")}
    assert len(titles) == 4
