"""Pictures of all pages and states, to be looked at: `pytest tests/browser/shots.py`.

They come into `shots/`, in both languages, at both widths, light and dark.
"""

from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.panel import CHECKOUT, Panel
from tests.browser.test_health import hand_over
from tests.browser.watch import Watch
from tests.browser.words import Words
from webmailadmin import demo
from webmailadmin.mail import (
    addresses,
    catch_alls,
    domains,
    mailboxes,
    purging,
    removed_domains,
    switches,
)
from webmailadmin.mail.catch_alls import CatchAll
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Purge, Session, now

FOLDER = CHECKOUT / "shots"


class Camera:
    """Takes each state at both widths, light and dark."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.number = 0

    def take(self, page: Page, name: str) -> None:
        """Take the state that the page is in."""
        self.number += 1
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                path = FOLDER / f"{self.number:02}-{name}-{self.language}-{size['width']}-{scheme}"
                page.screenshot(path=f"{path}.png", caret="initial", full_page=size is PHONE)
        page.set_viewport_size(DESKTOP)


def test_pictures_of_everything(
    panel: Panel, open_page: OpenPage, watch: Watch, words: Words
) -> None:
    FOLDER.mkdir(exist_ok=True)
    watch.expect(401, 404, 409, 410, 422)
    watch.expect_unreachable()
    camera = Camera(words.language)
    language = words.language

    page = open_page("/", language=language, logged_in=False)
    camera.take(page, "log-in")
    page.get_by_label(words.account_name).fill("alice")
    page.get_by_label(words.password, exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.wrong")).to_be_visible()
    camera.take(page, "log-in-wrong")

    page = open_page("/", language=language)
    camera.take(page, "no-domain")
    page.locator("#name").fill("bonvenon")
    page.locator("#contact").fill("contact")
    page.locator(".card .main").click()
    expect(page.locator("[aria-invalid]").first).to_be_visible()
    camera.take(page, "install-wrong")
    page.goto("/password")
    camera.take(page, "own-password")

    with panel.rules() as alice:
        demo.fill(alice)
        domains.install("petit-jardin.fr", "camille@elsewhere.org", by=alice)
    panel.use()
    page.goto("/domains/")
    camera.take(page, "domains")
    page.goto("/domains/petit-jardin.fr/about")
    camera.take(page, "about")
    page.goto("/domains/petit-jardin.fr/")
    camera.take(page, "first-steps")
    page.goto("/domains/petit-jardin.fr/removed/")
    camera.take(page, "removed-empty")
    page.goto("/domains/petit-jardin.fr/unknown")
    page.locator("[name=kind][value=address]").check()
    camera.take(page, "unknown-address")
    page.locator("[name=kind][value=domain]").check()
    page.locator(".main").click()
    camera.take(page, "unknown-wrong")
    page.goto("/domains/bonvenon.fr/")
    camera.take(page, "list")
    page.locator("#q").fill("dur")
    expect(page.locator("#rows .row")).not_to_have_count(51)
    camera.take(page, "search")
    page.locator("#q").fill("nobody at all")
    expect(page.locator("#found .empty")).to_be_visible()
    camera.take(page, "search-nothing")
    page.goto("/domains/bonvenon.fr/?show=to-look-at")
    camera.take(page, "to-look-at")
    page.goto("/domains/bonvenon.fr/?show=nearly-full")
    page.locator(".others summary").click()
    camera.take(page, "nearly-full")

    page.goto("/domains/bonvenon.fr/")
    page.locator("#local_part").fill("Élodie!")
    page.keyboard.press("Enter")
    expect(page.locator("#local_part[aria-invalid]")).to_be_visible()
    camera.take(page, "add-wrong")
    page.locator("#local_part").fill("bo@harbour-books.co.uk")
    page.keyboard.press("Enter")
    expect(page.locator("#add-address .message a")).to_be_visible()
    camera.take(page, "add-elsewhere")
    page.locator("#local_part").fill("contact")
    page.keyboard.press("Enter")
    expect(page.locator(".editor")).to_be_visible()
    camera.take(page, "add-exists")
    page.goto("/domains/bonvenon.fr/")
    page.locator("#local_part").fill("elodie")
    page.keyboard.press("Enter")
    expect(page.locator(".editor")).to_be_visible()
    camera.take(page, "editor-new")
    page.get_by_label(words.password, exact=True).fill("short")
    page.get_by_label(words.confirmation).fill("other")
    page.get_by_label(words.size_limit).fill("many")
    page.get_by_label(words.recipients).fill("Ann <ann@x.org>; nonsense\nelodie@bonvenon.fr")
    page.locator(".editor .main").click()
    expect(page.locator(".editor [aria-invalid]").first).to_be_visible()
    camera.take(page, "editor-wrong")
    page.get_by_label(words.recipients).fill("")
    page.get_by_label(words.size_limit).fill("1024")
    page.get_by_role("button", name=words.generate).click()
    expect(page.locator(".editor input.code").first).to_be_visible()
    camera.take(page, "editor-generated")
    page.locator(".editor .main").click()
    expect(page.locator(".programs")).to_be_visible()
    camera.take(page, "saved")
    page.goto("/addresses/contact@bonvenon.fr/edit")
    camera.take(page, "editor-mailbox")
    page.goto("/addresses/contact@bonvenon.fr/vacation")
    page.locator("#enabled").check()
    page.locator("#begins").fill("2030-08-17")
    page.locator("#ends").fill("2030-08-03")
    page.locator(".card .main").click()
    expect(page.locator("[aria-invalid]").first).to_be_visible()
    camera.take(page, "vacation-wrong")
    page.locator("#ends").fill("2030-08-31")
    page.locator("#text").fill("Absente, de retour le 1er septembre.\nCamille")
    page.locator(".card .main").click()
    expect(page.locator(".toast")).to_be_visible()
    camera.take(page, "vacation")
    page.goto("/addresses/contact@bonvenon.fr/edit")
    page.locator(".trial button").click()
    expect(page.locator(".trial .message")).to_be_visible()
    camera.take(page, "test-message-without-a-mail-server")
    page.get_by_label(words.size_limit).fill("10")
    expect(page.locator(".held .warn")).to_be_visible()
    camera.take(page, "limit-below-use")
    page.goto("/addresses/contact@bonvenon.fr/edit")
    page.locator(".choice label").nth(1).click()
    expect(page.locator("[name=may_remove]")).to_be_visible()
    camera.take(page, "warning")
    page.locator(".editor .main").click()
    expect(page.locator(".message").first).to_be_visible()
    camera.take(page, "warning-not-ticked")
    page.locator("[name=may_remove]").check()
    page.locator(".editor .main").click()
    expect(page.locator(".toast")).to_be_visible()
    camera.take(page, "mailbox-removed")
    page.goto("/addresses/elodie@bonvenon.fr/edit")
    page.locator(".editor .danger").click()
    expect(page.locator("[name=may_remove]")).to_be_visible()
    camera.take(page, "delete-asked")
    page.locator("[name=may_remove]").check()
    page.locator(".editor .danger").click()
    expect(page.locator(".toast")).to_be_visible()
    camera.take(page, "deleted")
    page.goto("/domains/bonvenon.fr/removed/")
    camera.take(page, "removed")
    with panel.rules() as alice:
        bonvenon = domains.of(alice, "bonvenon.fr")
        addresses.add(bonvenon, "elodie", by=alice)
    page.locator(".row .end button").first.click()
    expect(page.locator(".editor")).to_be_visible()
    camera.take(page, "name-taken")
    page.goto("/domains/bonvenon.fr/removed/")
    page.locator(".entry a.wrong").first.click()
    camera.take(page, "for-good")
    page.locator("button.danger").click()
    expect(page.locator("[aria-invalid]")).to_be_visible()
    camera.take(page, "for-good-wrong")
    with panel.rules() as alice:
        bonvenon = domains.of(alice, "bonvenon.fr")
        Purge.create(home="0" * 32, domain=bonvenon, email="elodie@bonvenon.fr")
        removed_domains.remove(domains.of(alice, "harbour-books.co.uk"), by=alice)
    page.goto("/domains/bonvenon.fr/removed/")
    camera.take(page, "being-deleted")
    with panel.rules():
        purging.note_trouble("0" * 32, "The folder has another owner.")
    page.reload()
    camera.take(page, "being-deleted-in-vain")
    page.goto("/domains/")
    camera.take(page, "removed-domain")
    page.locator(".entry a.wrong").click()
    camera.take(page, "domain-for-good")
    page.goto("/addresses/direction@bonvenon.fr/rename")
    camera.take(page, "rename")
    page.get_by_label(words.new_name, exact=True).fill("contact")
    page.keyboard.press("Enter")
    expect(page.locator("[aria-invalid]")).to_be_visible()
    camera.take(page, "rename-taken")
    page.goto("/addresses/camille.boyer@bonvenon.fr/rename")
    page.get_by_label(words.new_name, exact=True).fill("camille.dupont")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_be_visible()
    camera.take(page, "renamed")
    page.goto("/domains/bonvenon.fr/journal")
    camera.take(page, "journal")
    page.goto("/addresses/contact@bonvenon.fr/journal")
    camera.take(page, "journal-of-address")
    page.goto("/nothing-here")
    camera.take(page, "not-found")
    page.goto("/health")
    camera.take(page, "health-no-doctor")
    hand_over(panel)
    page.goto("/health")
    page.locator("#health summary").click()
    camera.take(page, "health")
    page.goto("/addresses/postmaster@bonvenon.fr/edit")
    camera.take(page, "postmaster")
    with panel.rules() as alice:
        address = addresses.of(alice, "postmaster@bonvenon.fr")
        wish = addresses.Wish(address.version, mailbox=False, recipients="bob@elsewhere.org")
        addresses.save(address, wish, by=alice)
    page.get_by_label(words.recipients).fill("carol@elsewhere.org")
    page.locator(".editor .main").click()
    expect(page.locator(".notice.wrong")).to_be_visible()
    camera.take(page, "changed-meanwhile")
    with panel.rules() as alice:
        domains.switch(domains.of(alice, "bonvenon.fr"), False, by=alice)
    page.goto("/domains/bonvenon.fr/about")
    camera.take(page, "domain-off")
    page.goto("/addresses/postmaster@bonvenon.fr/edit")
    page.context.clear_cookies(name="__Host-session")
    page.locator(".editor .main").click()
    expect(page.locator("#notice .notice")).to_be_visible()
    camera.take(page, "session-over")
    panel.stop()
    page.locator(".editor .main").click()
    camera.take(page, "unreachable")
    panel.start()
    page = open_page("/domains/bonvenon.fr/", language=language, size=PHONE)
    page.locator(".opener").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.screenshot(path=f"{FOLDER}/50-menu-{language}-390-{scheme}.png", caret="initial")


def test_pictures_of_a_holders_pages(
    panel: Panel, open_page: OpenPage, watch: Watch, words: Words
) -> None:
    FOLDER.mkdir(exist_ok=True)
    watch.expect(422)
    camera = Camera(words.language)
    camera.number = 60
    email = "contact@bonvenon.fr"
    with panel.rules() as alice:
        demo.fill(alice)
        catch_alls.change(
            domains.of(alice, "harbour-books.co.uk"), CatchAll.ADDRESS, email, "", by=alice
        )
        for name in ("boutique", "presse"):
            address = addresses.add(domains.of(alice, "théâtre-neuf.fr"), name, by=alice)
            wish = addresses.Wish(1, mailbox=False, recipients=email)
            addresses.save(address, wish, by=alice)
        contact = addresses.of(alice, email)
        wished = Switches(may_redirect=True)
        switches.change(contact, wished, version=contact.version, by=alice)
    panel.use()
    page = open_page("/", language=words.language, holder=email)
    camera.take(page, "holder")
    page.goto("/mailbox/redirection")
    camera.take(page, "redirection")
    with panel.rules():
        Session.update(proved_at=now() - timedelta(hours=1)).execute()
    page.locator("#recipients").fill("camille@elsewhere.org")
    page.locator("main form .main").click()
    expect(page.locator("#present")).to_be_focused()
    camera.take(page, "redirection-proof")
    page.locator("#present").fill("wrong")
    page.locator("main form .main").click()
    camera.take(page, "redirection-wrong")
    with panel.rules():
        Session.update(proved_at=now()).execute()
    page.goto("/mailbox/app-passwords")
    camera.take(page, "app-passwords-none")
    for name in ("Thunderbird à la maison", "iPhone"):
        page.locator("#name").fill(name)
        page.locator("h2#new + form .main").click()
        expect(page.locator(".secret")).to_be_visible()
    camera.take(page, "app-password-new")
    page.goto("/mailbox/app-passwords")
    camera.take(page, "app-passwords")
    page.locator(".keys button").first.click()
    expect(page.locator(".toast")).to_be_visible()
    camera.take(page, "app-password-revoked")
    page.goto("/journal")
    camera.take(page, "holder-journal")
    page.goto("/password")
    camera.take(page, "holder-password")
    with panel.rules() as alice:
        for off, local_part in (("receives", "camille.boyer"), ("may_log_in", "direction")):
            address = addresses.of(alice, f"{local_part}@bonvenon.fr")
            if mailboxes.of(address):
                wished = Switches(**{off: False})
                switches.change(address, wished, version=address.version, by=alice)
    page = open_page(f"/addresses/{email}/edit", language=words.language)
    camera.take(page, "editor-switches")
    page.locator("[id^=app-passwords-] summary").click()
    page.locator("[id^=app-passwords-]").scroll_into_view_if_needed()
    camera.take(page, "editor-app-passwords")
    page.goto("/domains/bonvenon.fr/?q=ca")
    camera.take(page, "list-tags")
    page = open_page("/mailbox", language=words.language, size=PHONE, holder=email)
    page.locator(".opener").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.screenshot(path=f"{FOLDER}/59-holder-menu-{words.language}-390-{scheme}.png")
