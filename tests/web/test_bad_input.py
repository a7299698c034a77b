"""What people mistype: said beside the field, in their language, and nothing typed is lost."""

import pytest

from tests.browser_of import FRAGMENT, Browser, Reply
from tests.conftest import PASSWORD
from tests.mail.stage import make
from tests.web.conftest import CONTACT, LIST, everything, holder_of, log_in_as
from webmailadmin.mail import addresses, domains
from webmailadmin.models import Mailbox

LOG_IN_NAME = "Name or email address"
REMOVED = f"{LIST}removed/"
UNKNOWN = f"{LIST}unknown"
POSTMASTER = "/addresses/postmaster@bonvenon.fr/edit"

BOX = "Yes, remove the mailbox of contact@bonvenon.fr"
POSTMASTER_NEEDS = (
    "postmaster@bonvenon.fr would receive nothing any more."
    " Redirect it elsewhere first, or make it a mailbox."
)

WRONG_CHARACTERS = "Use the letters a to z, figures, dots, hyphens and underscores. Not: "
DOTS = "A dot stands between letters or figures: never first, last, or twice in a row."
INVISIBLE = "The name holds invisible characters. Type it by hand instead of pasting it."
SUB_ADDRESS = "A + is not part of a name: mail for a+anything@ reaches a@ by itself."

NAMES = {
    "empty": ("", "Enter the name before the @."),
    "only spaces": ("   ", "Enter the name before the @."),
    "only an @": ("@", "Enter the name before the @."),
    "too long": (
        "a" * 65,
        "The name before the @ has at most 64 characters; this one has 65.",
    ),
    "very long": (
        "a" * 5000,
        "The name before the @ has at most 64 characters; this one has 5,000.",
    ),
    "leading dot": (".a", DOTS),
    "trailing dot": ("a.", DOTS),
    "double dot": ("a..b", DOTS),
    "leading hyphen": ("-a", "The name begins and ends with a letter or a figure."),
    "trailing underscore": ("a_", "The name begins and ends with a letter or a figure."),
    "space inside": ("a b", f"{WRONG_CHARACTERS}␣"),
    "percent": ("a%b", f"{WRONG_CHARACTERS}%"),
    "exclamation mark": ("a!b", f"{WRONG_CHARACTERS}!"),
    "plus": ("a+b", SUB_ADDRESS),
    "double quotes": ('"a"', f'{WRONG_CHARACTERS}"'),
    "single quote": ("o'neil", f"{WRONG_CHARACTERS}'"),
    "backslash": ("a\\b", f"{WRONG_CHARACTERS}\\"),
    "command": ("|cmd", f"{WRONG_CHARACTERS}|"),
    "file": ("/file", f"{WRONG_CHARACTERS}/"),
    "include": (":include:x", f"{WRONG_CHARACTERS}:"),
    "comma": ("a,b", f"{WRONG_CHARACTERS},"),
    "semicolon": ("a;b", f"{WRONG_CHARACTERS};"),
    "line break": ("a\nb", INVISIBLE),
    "carriage return": ("a\rb", INVISIBLE),
    "tab": ("a\tb", INVISIBLE),
    "NUL": ("a\0b", INVISIBLE),
    "DEL": ("a\x7fb", INVISIBLE),
    "C1 control": ("a\x85b", INVISIBLE),
    "zero width space": ("a\u200bb", INVISIBLE),
    "soft hyphen": ("a\u00adb", INVISIBLE),
    "right to left override": ("a\u202eb", INVISIBLE),
    "line separator": ("a\u2028b", INVISIBLE),
    "Cyrillic a": ("\u0430bc", f"{WRONG_CHARACTERS}\u0430"),
    "Greek o": ("c\u03bfntact", f"{WRONG_CHARACTERS}\u03bf"),
    "Kelvin sign": (
        "mar\u212a",
        "Mail servers know no accents before the @. Write mark instead.",
    ),
    "long s": ("\u017fales", f"{WRONG_CHARACTERS}\u017f"),
    "full width": ("\uff41bc", f"{WRONG_CHARACTERS}\uff41"),
    "two @": ("a@b@c", f"{WRONG_CHARACTERS}@"),
    "accents": ("rené", "Mail servers know no accents before the @. Write rene instead."),
    "capital accents": ("RENÉ", "Mail servers know no accents before the @. Write rene instead."),
    "another domain": (
        "a@elsewhere.org",
        "This address belongs to elsewhere.org, not to bonvenon.fr.",
    ),
    "markup": ("<b>a</b>", f"{WRONG_CHARACTERS}/ < >"),
    "template": ("{{7*7}}", f"{WRONG_CHARACTERS}* {{ }}"),
}

RECIPIENTS = {
    "no @": ("paul", "paul"),
    "two @": ("a@b@c.org", "a@b@c.org"),
    "leading dot": (".a@x.org", ".a@x.org"),
    "trailing dot": ("a.@x.org", "a.@x.org"),
    "double dot": ("a..b@x.org", "a..b@x.org"),
    "no domain": ("a@", "a@"),
    "no name": ("@x.org", "@x.org"),
    "domain without a dot": ("a@x", "a@x"),
    "domain with an underscore": ("a@x_y.org", "a@x_y.org"),
    "number for a domain": ("a@192.0.2.1", "a@192.0.2.1"),
    "literal": ("a@[192.0.2.1]", "a@[192.0.2.1]"),
    "percent": ("a%b@x.org", "a%b@x.org"),
    "exclamation mark": ("x!a@x.org", "x!a@x.org"),
    "backslash": ("a\\b@x.org", "a\\b@x.org"),
    "command": ("|cmd@x.org", "|cmd@x.org"),
    "file": ("/file@x.org", "/file@x.org"),
    "include": (":include:x@x.org", ":include:x@x.org"),
    "NUL": ("a\0b@x.org", "a\0b@x.org"),
    "zero width space": ("a\u200bb@x.org", "a\u200bb@x.org"),
    "accents": ("rené@x.org", "rené@x.org"),
    "Kelvin sign": ("mar\u212a@x.org", "mar\u212a@x.org"),
    "too long": ("a" * 65 + "@x.org", "a" * 65 + "@x.org"),
    "much too long": ("a@" + "b" * 300 + ".org", "a@" + "b" * 300 + ".org"),
    "quoted name": ('"a b"@x.org', '"a'),
}

GOOD = "correct horse battery"
PASSWORDS = {
    "differ": (
        GOOD,
        "correct horse batterie",
        {"Confirm the password": "The two passwords differ."},
    ),
    "without confirmation": (GOOD, "", {"Confirm the password": "The two passwords differ."}),
    "only the confirmation": (
        "",
        GOOD,
        {"Password": "A password needs 12 characters or more; this one has 0."},
    ),
    "too short": (
        "kw7-!q",
        "kw7-!q",
        {"Password": "A password needs 12 characters or more; this one has 6."},
    ),
    "over 72 bytes": (
        "é" * 40,
        "é" * 40,
        {
            "Password": "A password has at most 72 bytes (72 letters without accents);"
            " this one has 80."
        },
    ),
    "the address": (
        "contact@bonvenon.fr",
        "contact@bonvenon.fr",
        {"Password": "The password must not be the address or a part of it."},
    ),
    "a line break": (
        "correct horse\nbattery",
        "correct horse\nbattery",
        {
            "Password": "The password holds a tab, a line break or an invisible character."
            " Type it anew."
        },
    ),
    "common": (
        "password1234",
        "password1234",
        {
            "Password": "This password is on the lists of stolen passwords that are tried first."
            " Figures or signs behind it do not help: choose another."
        },
    ),
    "guessable": (
        "abcabcabcabc",
        "abcabcabcabc",
        {
            "Password": "This password is among the first that are tried."
            " Choose one harder to guess."
        },
    ),
}

WHOLE_NUMBER = "Enter the size limit as a whole number of MB, or 0 for no limit."
LIMIT = "The size limit is at most 2,147,483,648 MB. For no limit, enter 0."
SIZES = {
    "empty": ("", WHOLE_NUMBER),
    "negative": ("-1", WHOLE_NUMBER),
    "fraction": ("1.5", WHOLE_NUMBER),
    "exponent": ("1e3", WHOLE_NUMBER),
    "words": ("much", WHOLE_NUMBER),
    "unit": ("10 GB", WHOLE_NUMBER),
    "Arabic figures": ("\u0661\u0662", WHOLE_NUMBER),
    "superscript": ("²", WHOLE_NUMBER),
    "NUL": ("1\0", WHOLE_NUMBER),
    "just too large": ("2147483649", LIMIT),
    "huge": ("9" * 5000, LIMIT),
}

DOMAIN_NAMES = {
    "empty": ("", "Enter the name of the domain, for example bonvenon.fr."),
    "no dot": ("bonvenon", None),
    "space": ("bon venon.fr", None),
    "double dot": ("bonvenon..fr", None),
    "leading dot": (".bonvenon.fr", None),
    "leading hyphen": ("-bonvenon.fr", None),
    "underscore": ("bon_venon.fr", None),
    "percent": ("bon%venon.fr", None),
    "slash": ("bonvenon.fr/x", None),
    "URL": ("https://bonvenon.fr", None),
    "address": ("a@bonvenon.fr", None),
    "number": ("192.0.2.1", None),
    "line break": ("bon\nvenon.fr", None),
    "NUL": ("bon\0venon.fr", None),
    "long label": ("a" * 64 + ".fr", None),
    "too long": ("a." * 150 + "fr", None),
    "broken punycode": ("xn--\u00e9.fr", None),
    "markup": ("<script>.fr", None),
    "template": ("{{7*7}}.fr", None),
}

CONTACTS = {
    "empty": ("", "Enter the address that postmaster@ is redirected to."),
    "no @": ("camille", "“camille” is not an address that mail can be sent to."),
    "two @": ("a@b@c.org", "“a@b@c.org” is not an address that mail can be sent to."),
    "command": ("|cmd@x.org", "“|cmd@x.org” is not an address that mail can be sent to."),
    "two addresses": (
        "a@x.org,b@x.org",
        "“a@x.org,b@x.org” is not an address that mail can be sent to.",
    ),
    "line break": (
        "a@x.org\nb@x.org",
        "“a@x.org b@x.org” is not an address that mail can be sent to.",
    ),
    "inside": (
        "contact@neuf.fr",
        "Give an address elsewhere; you can change it once contact@ exists.",
    ),
}


CATCH_ALLS = {
    "empty": ("", "Enter the address that takes the mail for unknown names."),
    "no @": ("paul", "paul is not an address that mail can be sent to."),
    "two @": ("a@b@c", "a@b@c is not an address that mail can be sent to."),
    "command": ("|cmd@x.org", "|cmd@x.org is not an address that mail can be sent to."),
    "two": ("a@x.org, b@x.org", "a@x.org, b@x.org is not an address that mail can be sent to."),
    "missing": (
        "nobody@bonvenon.fr",
        "nobody@bonvenon.fr receives nothing. Choose an address that does.",
    ),
}

OWN = {
    "wrong present one": (
        "not my password 27",
        "quite another phrase 9",
        "quite another phrase 9",
        {"Present password": "This is not your present password."},
    ),
    "present one over 72 bytes": (
        "é" * 40,
        "quite another phrase 9",
        "quite another phrase 9",
        {"Present password": "This is not your present password."},
    ),
    "differ": (
        PASSWORD,
        "quite another phrase 9",
        "quite another phrase 8",
        {"Confirm the password": "The two passwords differ."},
    ),
    "too short": (
        PASSWORD,
        "kw7-!q8Zp0x,Y2",
        "kw7-!q8Zp0x,Y2",
        {"New password": "A password needs 15 characters or more; this one has 14."},
    ),
    "empty": (
        PASSWORD,
        "",
        "",
        {"New password": "A password needs 15 characters or more; this one has 0."},
    ),
    "over 72 bytes": (
        PASSWORD,
        "é" * 40,
        "é" * 40,
        {
            "New password": "A password has at most 72 bytes (72 letters without accents);"
            " this one has 80."
        },
    ),
    "guessable": (
        PASSWORD,
        "alicealicealice",
        "alicealicealice",
        {
            "New password": "This password is among the first that are tried."
            " Choose one harder to guess."
        },
    ),
}


def wrongly(reply: Reply, headers: dict[str, str], case: str, name: str) -> None:
    """Check what every refused form has: status, title, and the focus where it is wrong."""
    assert (case, reply.status, reply.focus()) == (case, 422, name)
    if not headers:
        assert reply.title().startswith("Error:"), case


# The line that adds an address


def test_a_name_that_cannot_be_is_said_beside_it_and_stays_typed(browser, bonvenon, headers):
    page, before = browser.get(LIST), everything()

    for case, (typed, words) in NAMES.items():
        reply = browser.submit(page, "#add-address", {"Name": typed}, headers=headers)

        wrongly(reply, headers, case, "local_part")
        assert (case, reply.messages()) == (case, {"Name": words})
        assert (case, reply.value("Name")) == (case, typed)
    assert everything() == before


def test_a_name_that_exists_is_said_and_its_editor_opened(browser, contact, headers):
    page, before = browser.get(LIST), everything()

    for typed in ("contact", " Contact ", "contact@bonvenon.fr", "C <CONTACT@BONVENON.FR>"):
        reply = browser.submit(page, "#add-address", {"Name": typed}, headers=headers)

        wrongly(reply, headers, typed, "local_part")
        words = "contact@bonvenon.fr exists already. It is open below."
        assert (typed, reply.messages()) == (typed, {"Name": words})
        assert (reply.value("Name"), reply.value("Mailbox")) == (typed, "Yes")
    assert everything() == before


def test_an_address_of_another_domain_of_ours_comes_with_the_link_there(
    browser, bonvenon, alice, headers
):
    domains.install("autre.fr", "camille@elsewhere.org", by=alice)

    reply = browser.submit(LIST, "#add-address", {"Name": "a@autre.fr"}, headers=headers)

    wrongly(reply, headers, "", "local_part")
    assert reply.messages() == {"Name": "This address belongs to autre.fr, not to bonvenon.fr."}
    assert reply.links()["Go to autre.fr"] == "/domains/autre.fr/"


# The editor


def test_a_recipient_that_cannot_be_is_named_and_stays_typed(browser, contact, headers):
    page, before = browser.get(CONTACT), everything()

    for case, (typed, named) in RECIPIENTS.items():
        reply = browser.submit(page, "form.editor", {"Redirect to": typed}, headers=headers)

        wrongly(reply, headers, case, "recipients")
        words = f"“{named}” is not an address that mail can be sent to."
        assert (case, reply.message("Redirect to")[: len(words)]) == (case, words)
        assert (case, reply.value("Redirect to")) == (case, typed)
    assert everything() == before


def test_every_wrong_recipient_is_named_and_the_good_ones_stay_too(browser, contact, headers):
    typed = "paul\nann@x.org\n|cmd\nZoé <zoe@y.org>; rené@z.org"

    reply = browser.submit(CONTACT, "form.editor", {"Redirect to": typed}, headers=headers)

    wrongly(reply, headers, "", "recipients")
    assert reply.message("Redirect to") == " ".join(
        f"“{wrong}” is not an address that mail can be sent to."
        for wrong in ("paul", "|cmd", "rené@z.org")
    )
    assert reply.value("Redirect to") == typed


def test_the_own_address_as_recipient_is_refused(browser, contact, headers):
    typed = "contact+tag@bonvenon.fr"

    reply = browser.submit(CONTACT, "form.editor", {"Redirect to": typed}, headers=headers)

    wrongly(reply, headers, "", "recipients")
    assert reply.message("Redirect to") == (
        "contact@bonvenon.fr cannot be redirected to itself: its mailbox is what keeps a copy."
    )
    assert reply.value("Redirect to") == typed


def test_a_circle_over_three_steps_is_refused_and_shown(browser, contact, alice, headers):
    for name, to in (("b", "contact@bonvenon.fr"), ("a", "b@bonvenon.fr")):
        address = addresses.add(contact.domain, name, by=alice)
        addresses.save(address, addresses.Wish(1, mailbox=False, recipients=to), by=alice)
    before = everything()

    reply = browser.submit(
        CONTACT, "form.editor", {"Redirect to": "a@bonvenon.fr"}, headers=headers
    )

    wrongly(reply, headers, "", "recipients")
    assert reply.message("Redirect to") == (
        "Mail would go round in a circle: "
        "contact@bonvenon.fr → a@bonvenon.fr → b@bonvenon.fr → contact@bonvenon.fr."
    )
    assert everything() == before


def test_the_hundred_and_first_recipient_is_refused_and_all_stay_typed(browser, contact, headers):
    typed = "\n".join(f"p{n}@x.org" for n in range(101))

    reply = browser.submit(CONTACT, "form.editor", {"Redirect to": typed}, headers=headers)

    wrongly(reply, headers, "", "recipients")
    assert reply.message("Redirect to") == "At most 100 recipients; there are 101."
    assert reply.value("Redirect to") == typed


def test_a_password_that_cannot_be_is_said_beside_it_and_both_stay_typed(browser, contact, headers):
    page, before = browser.get(CONTACT), everything()

    for case, (typed, again, messages) in PASSWORDS.items():
        values = {"Password": typed, "Confirm the password": again}
        reply = browser.submit(page, "form.editor", values, headers=headers)

        at_fault = "confirmation" if "Confirm the password" in messages else "password"
        wrongly(reply, headers, case, at_fault)
        assert (case, reply.messages()) == (case, messages)
        assert (case, {label: reply.value(label) for label in values}) == (case, values)
    assert everything() == before


def test_a_size_that_cannot_be_is_said_beside_it_and_stays_typed(browser, contact, headers):
    page, before = browser.get(CONTACT), everything()

    for case, (typed, words) in SIZES.items():
        reply = browser.submit(page, "form.editor", {"Size limit (MB)": typed}, headers=headers)

        wrongly(reply, headers, case, "quota_mb")
        assert (case, reply.messages()) == (case, {"Size limit (MB)": words})
        assert (case, reply.value("Size limit (MB)")) == (case, typed)
    assert everything() == before


def test_all_that_is_wrong_is_said_at_once_and_all_of_it_stays_typed(browser, contact, headers):
    typed = {
        "Password": "short",
        "Confirm the password": "shorter",
        "Size limit (MB)": "much",
        "Redirect to": "paul\nann@x.org",
    }

    reply = browser.submit(CONTACT, "form.editor", {**typed, "Enabled": None}, headers=headers)

    wrongly(reply, headers, "", "password")
    assert list(reply.messages()) == ["Password", "Size limit (MB)", "Redirect to"]
    assert {label: reply.value(label) for label in typed} == typed
    assert not reply.ticked("Enabled")


def test_a_new_mailbox_without_a_password_is_asked_for_one(browser, bonvenon, headers):
    editor = browser.submit(LIST, "#add-address", {"Name": "sales"}, headers=headers)

    reply = browser.submit(editor, "form.editor", {"Redirect to": "ann@x.org"}, headers=headers)

    wrongly(reply, headers, "", "password")
    assert reply.messages() == {
        "Password": "Enter a password for the mailbox, or have one generated."
    }
    assert reply.value("Redirect to") == "ann@x.org"


def test_the_box_that_removes_a_mailbox_must_be_ticked(browser, contact, headers):
    before = everything()

    reply = browser.submit(
        CONTACT, "form.editor", {"Mailbox": "No", "Redirect to": "ann@x.org"}, headers=headers
    )

    wrongly(reply, headers, "", "may_remove")
    assert reply.messages() == {BOX: "Tick the box to remove the mailbox, or choose Mailbox: Yes."}
    assert (reply.value("Mailbox"), reply.value("Redirect to")) == ("No", "ann@x.org")
    assert everything() == before


def test_the_ticked_box_stays_ticked_when_something_else_is_wrong(browser, contact, headers):
    warned = browser.submit(CONTACT, "form.editor", {"Mailbox": "No"}, headers=headers)

    values = {BOX: "on", "Redirect to": "paul"}
    reply = browser.submit(warned, "form.editor", values, headers=headers)

    wrongly(reply, headers, "", "recipients")
    assert (reply.ticked(BOX), reply.value("Redirect to")) == (True, "paul")


def test_postmaster_without_a_destination_is_refused(browser, bonvenon, headers):
    before = everything()

    for values in ({"Mailbox": "No", "Redirect to": ""}, {"Enabled": None}):
        reply = browser.submit(POSTMASTER, "form.editor", values, headers=headers)

        assert reply.status == 422
        assert reply.messages()[""].startswith(POSTMASTER_NEEDS)
        assert headers or reply.title().startswith("Error:")
    assert everything() == before


def test_the_last_address_that_postmaster_leads_to_stays_with_a_link_to_postmaster(
    browser, contact, headers
):
    browser.submit(POSTMASTER, "form.editor", {"Redirect to": "contact@bonvenon.fr"})
    before = everything()

    off = browser.submit(CONTACT, "form.editor", {"Enabled": None}, headers=headers)
    taken = browser.submit(CONTACT, "form.editor", {"Mailbox": "No", BOX: "on", "may_remove": "y"})
    asked = browser.submit(CONTACT, "form.editor", button="Delete", headers=headers)
    gone = browser.submit(
        asked, "form.editor", {"Yes, delete contact@bonvenon.fr": "on"}, headers=headers
    )

    for reply in (off, taken, gone):
        assert (reply.status, reply.messages()[""][: len(POSTMASTER_NEEDS)]) == (
            422,
            POSTMASTER_NEEDS,
        )
        assert reply.links()["Edit postmaster@bonvenon.fr"] == POSTMASTER
        assert reply.soup.select_one(f'.beneath a[href="{POSTMASTER}"]') is not None
    assert everything() == before


def test_an_answer_that_is_neither_yes_nor_no_removes_nothing(browser, contact):
    """Typed by hand: there is no such choice on the page."""
    reply = browser.submit(CONTACT, "form.editor", {"mailbox": "maybe"})

    assert reply.status == 422
    assert "Tick the box to remove the mailbox, or choose Mailbox: Yes." in reply.words()


def test_a_version_that_was_made_up_is_an_old_one(browser, contact, headers):
    page, before = browser.get(CONTACT), everything()

    for version in (None, "", "x", "-1", "0", "99999999999999999999", "1.5"):
        values = {"version": version, "Redirect to": "ann@x.org"}
        reply = browser.submit(page, "form.editor", values, headers=headers)

        assert (version, reply.status) == (version, 409)
        assert reply.value("Redirect to") == "ann@x.org"
    assert everything() == before
    again = browser.submit(reply, "form.editor", headers=headers)
    assert (again.status, again.toast()) == (200, "contact@bonvenon.fr is saved.")


TOO_LARGE = ("9223372036854775808", "-99999999999999999999", "1" * 5000)


@pytest.mark.parametrize("version", TOO_LARGE)
def test_a_version_that_no_row_can_have_is_an_old_one(app, browser, contact, alice, version):
    make("alias@bonvenon.fr", by=alice, recipients=[contact.email])
    Mailbox.update(may_redirect=True).execute()
    holder = log_in_as(app, holder_of(contact))
    led = f"alias@bonvenon.fr {version}"

    for person, url, values in (
        (browser, f"/addresses/{contact.email}/rename", {"local_part": "new"}),
        (browser, f"/addresses/{contact.email}/leading", {"led": led, "do": "out"}),
        (holder, "/mailbox/redirection", {"recipients": "ann@x.org", "keep_copy": "y"}),
    ):
        token = person.get(url).soup.select_one("input[name=csrf_token]")["value"]
        sent = {"csrf_token": token, "version": version} | values
        assert (url, person.open(url, "POST", data=sent).status) == (url, 409)


def test_a_number_that_no_row_can_have_is_not_there(app, contact):
    holder = log_in_as(app, holder_of(contact))
    token = holder.get("/mailbox/app-passwords").soup.select_one("input[name=csrf_token]")["value"]
    url = f"/mailbox/app-passwords/{2**63}/revoke"
    assert holder.open(url, "POST", data={"csrf_token": token}).status == 404


# Domains


def test_a_domain_that_cannot_be_is_said_beside_it_and_stays_typed(browser):
    page, before = browser.get("/domains/"), everything()

    for case, (typed, words) in DOMAIN_NAMES.items():
        values = {"Domain": typed, "Contact address": "a@elsewhere.org"}
        reply = browser.submit(page, "form.card", values)

        wrongly(reply, {}, case, "name")
        shown = " ".join(typed.split())
        expected = words or f"{shown} is not the name of a domain. It looks like bonvenon.fr."
        assert (case, reply.messages()) == (case, {"Domain": expected})
        assert (case, {label: reply.value(label) for label in values}) == (case, values)
    assert everything() == before


def test_a_contact_that_cannot_be_is_said_beside_it_and_stays_typed(browser):
    page, before = browser.get("/domains/"), everything()

    for case, (typed, words) in CONTACTS.items():
        values = {"Domain": "neuf.fr", "Contact address": typed}
        reply = browser.submit(page, "form.card", values)

        wrongly(reply, {}, case, "contact")
        assert (case, reply.messages()) == (case, {"Contact address": words})
        assert (case, {label: reply.value(label) for label in values}) == (case, values)
    assert everything() == before


def test_a_domain_that_is_installed_already_comes_with_the_link_to_it(browser, bonvenon):
    reply = browser.submit(
        "/domains/", "form.card", {"Domain": "BonVenon.fr.", "Contact address": "a@x.org"}
    )

    wrongly(reply, {}, "", "name")
    assert reply.messages() == {"Domain": "bonvenon.fr is installed already."}
    assert reply.links()["Go to bonvenon.fr"] == LIST


def test_both_fields_of_a_domain_are_said_to_be_wrong_at_once(browser):
    reply = browser.submit("/domains/", "form.card", {"Domain": "x", "Contact address": "y"})

    wrongly(reply, {}, "", "name")
    assert list(reply.messages()) == ["Domain", "Contact address"]


# The catch-all


def test_a_catch_all_that_cannot_be_is_said_beside_it_and_stays_typed(browser, bonvenon):
    page, before = browser.get(UNKNOWN), everything()

    for case, (typed, words) in CATCH_ALLS.items():
        values = {"Mail for unknown addresses": "… goes to one address", "Address": typed}
        reply = browser.submit(page, "form.card", values)

        wrongly(reply, {}, case, "to")
        assert (case, reply.messages()) == (case, {"Address": words})
        assert (case, {label: reply.value(label) for label in values}) == (case, values)
    assert everything() == before


def test_a_catch_all_domain_that_is_not_another_of_ours_is_said_beside_it(browser, bonvenon):
    page, before = browser.get(UNKNOWN), everything()

    for other in ("", "bonvenon.fr", "elsewhere.org", "\0", "x" * 5000):
        reply = browser.submit(page, "form.card", {"kind": "domain", "other": other})

        wrongly(reply, {}, other, "other")
        assert reply.messages() == {"Domain": "Choose one of the other domains."}
    assert everything() == before


def test_a_catch_all_without_a_choice_makes_no_sense_and_changes_nothing(browser, bonvenon):
    """No page sends this."""
    page, before = browser.get(UNKNOWN), everything()

    for kind in (None, "", "everything"):
        reply = browser.submit(page, "form.card", {"kind": kind, "Address": "a@x.org"})

        assert (kind, reply.status, reply.words(".notice")) == (
            kind,
            400,
            "This request cannot be understood.",
        )
    assert everything() == before


# The name under which something comes back


def test_a_name_to_come_back_under_is_said_beside_it_and_stays_typed(browser, contact, alice):
    kept = addresses.remove(contact, confirmed=True, by=alice)
    addresses.add(contact.domain, "contact", by=alice)
    page, before = browser.get(f"{REMOVED}{kept.id}/restore"), everything()

    for case, (typed, words) in NAMES.items():
        if typed.strip():
            reply = browser.submit(page, "form.editor", {"Bring it back as": typed})

            wrongly(reply, {}, case, "local_part")
            assert (case, reply.messages()) == (case, {"Bring it back as": words})
            assert (case, reply.value("Bring it back as")) == (case, typed)
    assert everything() == before


def test_a_name_to_come_back_under_that_is_taken_stays_typed(browser, contact, alice):
    kept = addresses.remove(contact, confirmed=True, by=alice)
    addresses.add(contact.domain, "contact", by=alice)
    addresses.add(contact.domain, "sales", by=alice)

    reply = browser.submit(
        f"{REMOVED}{kept.id}/restore", "form.editor", {"Bring it back as": "Sales"}
    )

    wrongly(reply, {}, "", "local_part")
    assert reply.messages() == {
        "Bring it back as": "sales@bonvenon.fr is taken again."
        " Bring it back under another name, say contact-old."
    }
    assert reply.value("Bring it back as") == "Sales"


# One's own password, and the log-in


def test_a_password_of_ones_own_that_cannot_be_is_said_beside_it_and_all_stays_typed(browser):
    page, before = browser.get("/password"), everything()

    for case, (present, typed, again, messages) in OWN.items():
        values = {
            "Present password": present,
            "New password": typed,
            "Confirm the password": again,
        }
        reply = browser.submit(page, "form.card", values)

        fields = {"Present password": "present", "New password": "password"}
        wrongly(reply, {}, case, fields.get(next(iter(messages)), "confirmation"))
        assert (case, reply.messages()) == (case, messages)
        assert (case, {label: reply.value(label) for label in values}) == (case, values)
    assert everything() == before


def test_a_log_in_that_fails_says_so_and_keeps_the_name(stranger, alice):
    page = stranger.get("/log-in")

    for n, name in enumerate(["", "nobody", "alice", "A" * 5000, "a\0b", "rené", "' OR 1=1 --"]):
        stranger.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{n}"
        for password in ("", "wrong", "é" * 40, "a\0b", "x" * 5000):
            reply = stranger.submit(page, "form.card", {LOG_IN_NAME: name, "Password": password})

            wrongly(reply, {}, f"{name} {password}", "password" if name else "name")
            assert reply.messages() == {"": "Name or password is wrong."}
            assert reply.value(LOG_IN_NAME) == name


# In French


def in_french(browser: Browser, url: str, form: str, sent: list[dict[str, str]]) -> None:
    """Send the same in both languages; what is wrong stands at as many fields, in other words."""
    page = browser.get(url)
    for values in sent:
        browser.language = "en"
        english = browser.submit(page, form, values, headers=FRAGMENT)
        browser.language = "fr"
        french = browser.submit(page, form, values, headers=FRAGMENT)

        assert (values, english.status, french.status) == (values, 422, 422)
        said, dit = list(english.messages().values()), list(french.messages().values())
        assert len(said) == len(dit) > 0
        assert not set(said) & set(dit), (values, dit)
        if french.title():
            assert french.title().startswith("Erreur\u00a0:")


def kinds(table: dict[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return one case of each message in a table: they tell one kind of mistake by its words."""
    found = {(str(case[-1]) or "malformed")[:22]: case for case in table.values()}
    return list(found.values())


def test_all_that_can_be_wrong_is_said_in_french(browser, contact):
    in_french(browser, LIST, "#add-address", [{"local_part": t} for t, _ in kinds(NAMES)])
    sent = [{"quota_mb": t} for t, _ in kinds(SIZES)]
    sent += [{"recipients": "paul"}, {"recipients": contact.email}, {"mailbox": "no"}]
    sent += [{"password": t, "confirmation": c} for t, c, _ in PASSWORDS.values()]
    in_french(browser, CONTACT, "form.editor", sent)
    sent = [{"name": t, "contact": "a@x.org"} for t in ("", "bonvenon", "bonvenon.fr")]
    sent += [{"name": "neuf.fr", "contact": t} for t, _ in kinds(CONTACTS)]
    in_french(browser, "/domains/", "form.card", sent)
    sent = [{"kind": "address", "to": t} for t, _ in kinds(CATCH_ALLS)]
    in_french(browser, UNKNOWN, "form.card", [*sent, {"kind": "domain", "other": ""}])
    sent = [{"present": p, "password": t, "confirmation": c} for p, t, c, _ in OWN.values()]
    in_french(browser, "/password", "form.card", sent)


def test_a_log_in_that_fails_says_so_in_french(stranger, alice):
    stranger.language = "fr"

    reply = stranger.submit("/log-in", "form.card", {"Nom": "alice", "Mot de passe": "faux"})

    assert reply.messages() == {"": "Le nom ou le mot de passe est faux."}
    assert reply.title().startswith("Erreur\u00a0:")
