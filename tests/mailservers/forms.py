"""Arranging: domains and addresses, through the forms of the panel, as a person makes them.

The only module of these tests that changes anything in the database.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.browser_of import Browser
from webmailadmin import create_app
from webmailadmin.mail import accounts, usage
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.models import Address, Mailbox

PASSWORD_OF_ACCOUNT = "marmalade on the stairs 9"
CONTACT = "hosting@elsewhere.example"
SETTINGS = {
    "MAILBOX_BCRYPT_COST": "4",  # hundreds of log-ins
    "ACCOUNT_BCRYPT_COST": "4",
    "SECOND_FACTOR_FOR_ADMINISTRATORS": "off",
}

browser: Browser


def open_panel(folder: Path) -> None:
    """Open the panel on the database in `folder`, and log in."""
    global browser
    for name, value in {"DATA": str(folder), **SETTINGS}.items():
        os.environ[f"WEBMAILADMIN_{name}"] = value
    browser = Browser(create_app())
    if not accounts.exist():
        accounts.add("hoster", PASSWORD_OF_ACCOUNT, by=COMMAND_LINE)
    assert browser.log_in("hoster", PASSWORD_OF_ACCOUNT).status == 200


def send(page: str, form: str, values: Mapping[str, str | None]) -> None:
    """Fill in a form; it must be taken."""
    reply = browser.submit(page, form, values)
    assert reply.status == 200, reply.words("main")


def edit(email: str, values: Mapping[str, str | None]) -> None:
    """Save an address's editor."""
    send(f"/addresses/{email}/edit", "form.editor", values)


def domain(name: str) -> None:
    """Install a domain."""
    send("/domains/", "form.card", {"name": name, "contact": CONTACT})


def mailbox(email: str, password: str, quota_mb: int = 0, to: Sequence[str] = ()) -> None:
    """Add an address with a mailbox, whose mail is also copied to `to`."""
    add(email)
    passwords = {"password": password, "confirmation": password}
    edit(
        email,
        {"mailbox": "yes", "quota_mb": str(quota_mb), "recipients": "\n".join(to), **passwords},
    )


def alias(email: str, to: Sequence[str] = ()) -> None:
    """Add an address without a mailbox, redirected to `to`; to nobody, it receives nothing."""
    add(email)
    edit(email, {"mailbox": "no", "recipients": "\n".join(to)})


def told_of_use(email: str, size: int) -> str:
    """Return what the list says of a mailbox that holds so many bytes."""
    usage.note(Mailbox.select().join(Address).where(Address.email == email).get(), 1, size, None)
    return row(email).partition("@")[2].partition(" ")[2].partition(" never used")[0]


def row(email: str) -> str:
    """Return what the list says of an address."""
    return browser.get(f"/domains/{email.partition('@')[2]}/").row(email)


def asked(email: str) -> str:
    """Return what the editor says of a mailbox once it was asked."""
    page = f"/addresses/{email}/edit"
    usage_now = browser.submit(page, "form.editor", button="Look again")
    assert usage_now.status == 200
    return usage_now.words(".held")


def add(email: str) -> None:
    """Add an address by its local part."""
    local_part, _, name = email.partition("@")
    send(f"/domains/{name}/", "#add-address", {"local_part": local_part})


def switch_off(email: str) -> None:
    """Disable an address."""
    edit(email, {"enabled": None})


def switch_on(email: str) -> None:
    """Enable an address again."""
    edit(email, {"enabled": "y"})


def switch_domain_off(name: str) -> None:
    """Disable a domain."""
    send(f"/domains/{name}/about", "form[action$='/switch-off']", {})


def switch_domain_on(name: str) -> None:
    """Enable a domain again."""
    send(f"/domains/{name}/about", "form[action$='/switch-on']", {})


def remove_domain(name: str) -> None:
    """Remove a domain with all that is in it."""
    send(f"/domains/{name}/remove", "main form.card", {"name": name})


def catch_all(name: str, email: str) -> None:
    """Send mail for names of the domain that do not exist to `email`."""
    send(f"/domains/{name}/unknown", "form.card", {"kind": "address", "to": email})


def same_name(name: str, other: str) -> None:
    """Send mail for names of the domain that do not exist to the same name at `other`."""
    send(f"/domains/{name}/unknown", "form.card", {"kind": "domain", "other": other})


def new_password(email: str, password: str) -> None:
    """Give a mailbox another password."""
    edit(email, {"password": password, "confirmation": password})


def vacation(email: str, **values: str | None) -> None:
    """Change the vacation answer of a mailbox."""
    send(f"/addresses/{email}/vacation", "main form.card", values)


def remove_mailbox(email: str) -> None:
    """Turn a mailbox into an address without one, having agreed to it."""
    edit(email, {"mailbox": "no", "may_remove": "y"})


def rename(email: str, name: str, *, keep_alias: bool = True) -> None:
    """Give an address another name before the @."""
    values = {"local_part": name, "keep_alias": "y" if keep_alias else None}
    send(f"/addresses/{email}/rename", "form.editor", values)


def delete(email: str) -> None:
    """Delete an address with all that it has."""
    page = browser.submit(f"/addresses/{email}/edit", "form.editor", button="Delete")
    if page.status == 422:
        page = browser.submit(page, "form.editor", {"may_remove": "y"}, button="Delete")
    assert page.status == 200, page.words("main")


def restore(email: str, name: str = "") -> None:
    """Bring back what was removed of an address last, under another name if one is given."""
    page = browser.get(f"/domains/{email.partition('@')[2]}/removed/")
    button = page.soup.select_one(f"button[aria-label='Restore {email}']")
    assert button is not None, page.words("main")
    form = button.find_parent("form")
    assert form is not None
    reply = browser.submit(page, f"form[action='{form['action']}']")
    if name:
        assert reply.status == 422, reply.words("main")
        reply = browser.submit(reply, "form.editor", {"local_part": name})
    assert reply.status == 200, reply.words("main")
