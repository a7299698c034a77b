"""The look: dense and calm, readable, wide enough to hit, on every screen."""

from collections.abc import Iterator
from pprint import pformat

import pytest
from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.pages import CONTACT, entry
from tests.browser.panel import Panel
from tests.browser.watch import Watch
from tests.browser.words import ENGLISH, FRENCH
from webmailadmin.mail import addresses, domains, purging, removed_domains, switches
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Purge

SMALLEST = {"width": 320, "height": 640}
ZOOMED = {"width": 640, "height": 450}  # 1280 × 900 at 200 %
NARROW = {"width": 840, "height": 600}  # just wider than a phone's layout; 1280 at 150 %
WIDEST_PHONE = 832  # 52rem, where the style sheet changes its layout
MOUSE, FINGER = 24, 44  # pixels
GONE = "gone@bonvenon.fr"
LONG = "a-name-that-is-quite-as-long-as-anybody-would-ever-want-it-to-be"

WIDER_THAN_THE_SCREEN = """() => document.documentElement.scrollWidth > innerWidth && [
  ...document.querySelectorAll("main *")].filter((it) => it.getBoundingClientRect().right
  > innerWidth + 1).map((it) => it.outerHTML.slice(0, 120))"""

# Text that an edge cuts off. What ends with … says so itself.
CLIPPED = """() => [...document.querySelectorAll("body *")].filter((it) => {
  const style = getComputedStyle(it);
  return it.checkVisibility() && style.overflow !== "visible" && it.clientWidth > 1
    && style.textOverflow !== "ellipsis" && !["auto", "scroll"].includes(style.overflowY)
    && !["INPUT", "TEXTAREA", "SELECT"].includes(it.tagName)
    && (it.scrollWidth > it.clientWidth + 1 || it.scrollHeight > it.clientHeight + 1);
}).map((it) => it.outerHTML.slice(0, 160))"""

# What a finger must hit. A link within a sentence is as high as its line, as everywhere.
TOO_SMALL = """(least) => [...document.querySelectorAll(
  "a, button, summary, select, textarea, input:not([type=hidden])")].map((it) => {
    const label = ["checkbox", "radio"].includes(it.type) ? it.closest("label") : it;
    return [label, label.getBoundingClientRect()];
  }).filter(([it, box]) => it.checkVisibility({visibilityProperty: true}) && box.width > 1
    && getComputedStyle(it).clipPath === "none"
    && !(it.tagName === "A" && getComputedStyle(it).display === "inline"
         && it.closest("p:not(.doing, .more), dd, pre"))
    && (box.height < least - .5 || box.width < 23.5))
  .map(([it, box]) => `${box.width} x ${box.height}: ${it.outerHTML.slice(0, 160)}`)"""

# WCAG 2: contrast of each text with what lies behind it.
TOO_PALE = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const behind = (it) => {
    const layers = [];
    for (; it; it = it.parentElement) {
      const colour = parse(getComputedStyle(it).backgroundColor);
      layers.unshift(colour);
      if (colour[3] === 1) break;
    }
    return layers.reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255)
      .map((v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const pale = [];
  const check = (it, style, text) => {
    const below = behind(it);
    const colour = parse(style.color);
    colour[3] *= parseFloat(style.opacity);
    const [dark, bright] = [light(over(colour, below)), light(below)].sort((a, b) => a - b);
    const contrast = (bright + .05) / (dark + .05);
    if (contrast < 4.5) pale.push(`${contrast.toFixed(2)} ${text.trim().slice(0, 60)}`);
  };
  for (const it of document.querySelectorAll("body *")) {
    if (!it.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    const text = [...it.childNodes].filter((node) => node.nodeType === 3)
      .map((node) => node.data).join("");
    if (text.trim()) check(it, getComputedStyle(it), text);
    if (it.placeholder) check(it, getComputedStyle(it, "::placeholder"), it.placeholder);
    if (it.value && !["hidden", "radio", "checkbox"].includes(it.type))
      check(it, getComputedStyle(it), it.value);
  }
  return [...new Set(pale)];
}"""


@pytest.fixture
def all_kinds(panel: Panel, bonvenon: str) -> None:
    """Addresses of all kinds, with the longest names, and something removed."""
    panel.add(CONTACT, mailbox=True)
    panel.add(f"{LONG}@bonvenon.fr", f"{LONG}@elsewhere.example.org, bob@y.org", mailbox=True)
    panel.add("dead@bonvenon.fr", f"{LONG[2:]}@bonvenon.fr")
    panel.add("off@bonvenon.fr", "ann@x.org", enabled=False)
    panel.install("a-very-long-name-for-a-domain-of-a-small-association.example.org")
    panel.remove(GONE)
    panel.remove(f"gone-{LONG[5:]}@bonvenon.fr")
    panel.install("domain-that-was-removed.example.org")
    with panel.rules() as alice:
        gone = domains.of(alice, "domain-that-was-removed.example.org")
        removed_domains.remove(gone, by=alice)
        for domain in (gone, domains.of(alice, "bonvenon.fr")):
            home = f"{domain.id:032}"
            Purge.create(home=home, domain=domain, email=CONTACT)
            purging.note_trouble(home, f"The folder {home} has another owner.")
    for name in ("a", "b", "c", "d", "e", "f"):
        panel.add(f"{name}@bonvenon.fr", f"{CONTACT}, {GONE}, {LONG}@elsewhere.example.org")
    panel.add(f"to-{LONG[3:]}@bonvenon.fr", GONE)


def states(page: Page) -> Iterator[str]:
    """Go through the pages and states, one after the other."""
    own = ("me", "sessions", "second-factor", "contact", "journal", "accounts/", "accounts/alice/")
    for path in ("domains/", "password", "no-such-page", *own):
        page.goto(f"/{path}")
        yield path
    page.goto("/domains/")
    page.locator(".entry a.wrong").click()
    page.locator("button.danger").click()
    expect(page.locator("[aria-invalid]")).to_be_visible()
    yield "removed domain, for good"
    page.goto("/domains/bonvenon.fr/removed/")
    page.locator(".entry a.wrong").first.click()
    expect(page.locator("button.danger")).to_be_visible()
    yield "removed address, for good"
    for path in ("about", "unknown", "removed/", "journal", "remove", "messages", ""):
        page.goto(f"/domains/bonvenon.fr/{path}")
        yield f"tab {path}"
    page.goto(f"/addresses/{GONE}/leading")
    page.locator(".ways .main").click()
    expect(page.locator("#recipients-wrong")).to_be_visible()
    yield "what leads there, with what is wrong"
    page.goto("/domains/a-very-long-name-for-a-domain-of-a-small-association.example.org/")
    yield "first steps"
    page.goto(f"/addresses/{CONTACT}/edit")
    for part in (".programs", ".app-passwords", ".switches"):
        page.locator(f"{part} summary").click()
    yield "editor"
    page.get_by_role("link", name=FRENCH.rename).click()
    page.get_by_label(FRENCH.new_name, exact=True).fill("off")
    page.keyboard.press("Enter")
    expect(page.locator(".editor [aria-invalid]")).to_be_visible()
    yield "another name that is taken"
    page.goto(f"/addresses/{CONTACT}/edit")
    page.get_by_label(FRENCH.password, exact=True).fill("short")
    page.get_by_label(FRENCH.recipients).fill("nonsense")
    pages.save(page, FRENCH)
    expect(page.locator(".message").first).to_be_visible()
    yield "editor with what is wrong"
    pages.choose(page, FRENCH.no)
    expect(page.locator(".outcome.warn")).to_be_visible()
    page.get_by_label(FRENCH.recipients).fill("")
    pages.save(page, FRENCH)
    expect(page.get_by_label(FRENCH.tick_mailbox)).to_be_focused()
    yield "warning"
    page.get_by_label(FRENCH.tick_mailbox).check()
    pages.save(page, FRENCH)
    expect(entry(page, CONTACT).get_by_role("button", name=FRENCH.restore)).to_be_visible()
    yield "row of a removed mailbox, with the toast"


def holder_states(page: Page) -> Iterator[str]:
    """Go through the pages of a holder."""
    for path in ("/mailbox", "/journal", "/password"):
        page.goto(path)
        yield path
    page.goto("/mailbox/redirection")
    page.get_by_label(FRENCH.recipients).fill("nonsense")
    page.locator("main form .main").click()
    expect(page.locator("[aria-invalid]")).to_be_visible()
    yield "redirection with what is wrong"
    page.goto("/mailbox/app-passwords")
    page.locator("#name").fill("Thunderbird" * 5)
    page.keyboard.press("Enter")
    expect(page.locator(".secret")).to_be_visible()
    yield "a new app password"


def test_a_holders_pages_fit_and_are_readable(
    open_page: OpenPage, watch: Watch, panel: Panel, all_kinds: None
) -> None:
    watch.expect(422)
    email = f"{LONG}@bonvenon.fr"
    with panel.rules() as alice:
        address = addresses.of(alice, email)
        wished = Switches(may_redirect=True)
        switches.change(address, wished, version=address.version, by=alice)
    panel.use()
    page = open_page("/mailbox", language="fr", holder=email)
    wrong = {}
    for state in holder_states(page):
        for size in (NARROW, ZOOMED, PHONE, SMALLEST, DESKTOP):
            page.set_viewport_size(size)
            least = FINGER if size["width"] <= WIDEST_PHONE else MOUSE
            for look, given in ((WIDER_THAN_THE_SCREEN, None), (CLIPPED, None), (TOO_SMALL, least)):
                if found := page.evaluate(look, given):
                    wrong[f"{state}, {size['width']}"] = found
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if found := page.evaluate(TOO_PALE):
                wrong[f"{state}, {scheme}"] = found
    assert not wrong, pformat(wrong, width=150)


def test_nothing_scrolls_sideways_is_cut_off_or_too_small_to_hit_at_any_width(
    open_page: OpenPage, watch: Watch, all_kinds: None
) -> None:
    watch.expect(404, 422)
    page = open_page("/domains/", language="fr")
    wrong = {}
    for state in states(page):
        for size in (NARROW, ZOOMED, PHONE, SMALLEST, DESKTOP):
            page.set_viewport_size(size)
            least = FINGER if size["width"] <= WIDEST_PHONE else MOUSE
            found = {
                "wider than the screen": page.evaluate(WIDER_THAN_THE_SCREEN),
                "cut off": page.evaluate(CLIPPED),
                "too small": page.evaluate(TOO_SMALL, least),
            }
            at = f"{state}, {size['width']}"
            wrong |= {f"{at}: {what}": which for what, which in found.items() if which}
    assert not wrong, pformat(wrong, width=150)


def test_every_text_is_readable_in_light_and_in_dark_as_the_system_wishes(
    open_page: OpenPage, watch: Watch, all_kinds: None
) -> None:
    watch.expect(404, 422)
    page = open_page("/domains/", language="fr")
    papers, pale = {}, {}
    for state in states(page):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if found := page.evaluate(TOO_PALE):
                pale[f"{state}, {scheme}"] = found
            papers[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert papers == {"light": "rgb(251, 250, 248)", "dark": "rgb(20, 22, 26)"}
    assert not pale, pformat(pale, width=150)


def test_a_list_of_sixty_shows_eighteen_rows_or_more_all_of_a_height(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    panel.fill(bonvenon, 60)
    for language in ("en", "fr"):
        page = open_page("/domains/bonvenon.fr/", language=language)
        boxes = page.locator("#rows .entry").evaluate_all(
            "(rows) => rows.map((row) => [row.getBoundingClientRect().bottom, row.offsetHeight])"
        )
        assert sum(bottom <= DESKTOP["height"] for bottom, _ in boxes) >= 18
        assert all(32 <= height <= 36 for _, height in boxes), boxes


def test_who_wants_no_motion_gets_none(open_page: OpenPage, panel: Panel, bonvenon: str) -> None:
    panel.add(CONTACT, mailbox=True)
    page = open_page(f"/addresses/{CONTACT}/edit", reduced_motion="reduce")
    page.evaluate(
        """() => { window.moved = [];
          for (const kind of ["animationstart", "transitionrun"])
            addEventListener(kind, (event) => {
              const lasts = getComputedStyle(event.target).transitionDuration;
              if (kind === "animationstart" || lasts.split(",").some((s) => parseFloat(s) > 0))
                moved.push(kind + event.target.outerHTML);
            }, true); }"""
    )
    pages.choose(page, ENGLISH.no)
    expect(page.locator(".outcome.warn")).to_be_visible()
    page.get_by_label(ENGLISH.tick_mailbox).check()
    pages.save(page, ENGLISH)
    expect(pages.toast(page)).to_be_visible()
    page.locator("#rows .row").first.hover()
    assert page.evaluate("moved") == []
    lasting = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((it) => {
          const style = getComputedStyle(it);
          return style.animationName !== "none"
            || style.transitionDuration.split(",").some((time) => parseFloat(time) > 0);
        }).map((it) => it.outerHTML.slice(0, 80))"""
    )
    assert lasting == []


def test_with_motion_the_toast_goes_by_itself_only_when_there_is_nothing_to_undo(
    open_page: OpenPage, panel: Panel, bonvenon: str
) -> None:
    panel.add("info@bonvenon.fr", "ann@x.org")
    page = open_page("/addresses/info@bonvenon.fr/edit", reduced_motion="no-preference")
    pages.save(page, ENGLISH)
    moves = "getComputedStyle(document.querySelector('.toast')).animationName"
    expect(pages.toast(page)).to_be_visible()
    assert page.evaluate(moves) == "rise, leave"
    pages.edit(page, ENGLISH, "info@bonvenon.fr")
    pages.delete(page, ENGLISH)
    expect(pages.toast(page).get_by_role("button")).to_be_visible()
    assert page.evaluate(moves) == "rise"
