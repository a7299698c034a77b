"""Enter as: the button, the bar on every page, the way back; what stays out of reach."""

import pytest

from tests.browser_of import FRAGMENT, Browser
from tests.conftest import PASSWORD
from tests.web.conftest import LIST, everything, holder_of
from webmailadmin.mail import accounts, app_passwords, sessions
from webmailadmin.mail.actors import COMMAND_LINE, Kind
from webmailadmin.models import Account, Journal, Ownership, Session
from webmailadmin.web.security import OF_ONESELF, OPEN, OWN_COOKIE, SESSION_COOKIE

EDITOR = "/addresses/contact@bonvenon.fr/edit"
BAR = "form.entered"


@pytest.fixture
def bruno(bonvenon):
    """The owner of bonvenon.fr."""
    accounts.add("bruno", PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    account = Account.get(Account.name == "bruno")
    Ownership.create(account=account, domain=bonvenon)
    return accounts.actor(account)


@pytest.fixture
def entered(browser, bruno, contact):
    """Alice's browser, in which she has entered as bruno."""
    enter(browser, "/accounts/bruno/enter")
    return browser


def token_of(browser):
    """Return the token that stands in the forms of this browser."""
    return browser.get("/journal").soup.select_one("input[name=csrf_token]")["value"]


def enter(browser, url):
    """Press a button that enters, and go where it leads."""
    return browser.follow(browser.open(url, method="POST", data={"csrf_token": token_of(browser)}))


def told():
    """Return the last entry of the journal: actor, through, act."""
    row = Journal.select().order_by(Journal.id.desc()).get()
    return row.actor, row.through, row.act


# In and out


def test_the_editor_leads_in_and_the_bar_leads_back(browser, contact):
    own = browser.cookies()[SESSION_COOKIE]
    editor = browser.get(EDITOR)
    assert "Enter as its holder" in editor.buttons()

    inside = browser.submit(editor, f"#enter-{contact.id}")

    assert inside.words(f"{BAR} p") == (
        "You are in contact@bonvenon.fr’s panel as administrator alice"
    )
    assert browser.cookies()[SESSION_COOKIE] != own
    assert browser.cookies()[OWN_COOKIE] == own
    back = browser.submit(inside, BAR)
    assert (back.url, back.words(BAR)) == (EDITOR, "")
    assert browser.cookies()[SESSION_COOKIE] == own
    assert OWN_COOKIE not in browser.cookies()
    assert Session.select().count() == 1
    assert told() == (contact.email, "alice", "mailbox.left")


def test_the_bar_is_on_every_page_in_both_languages(app, entered):
    for url in ("/domains/", LIST, EDITOR, f"{LIST}journal", "/journal", "/password", "/nothing"):
        page = entered.get(url)
        assert page.words(f"{BAR} p") == "You are in bruno’s panel as administrator alice", url
        assert page.words(f"{BAR} button") == "Leave"
    entered.language = "fr"
    assert entered.get(LIST).words(f"{BAR} p") == (
        "Vous êtes dans le panneau de bruno en tant qu’administrateur alice"
    )


def test_what_is_done_inside_stands_under_both_names(entered):
    entered.submit(LIST, "#add-address", {"Name": "sales"})

    assert told() == ("bruno", "alice", "address.added")


def test_the_cookies_are_out_of_reach_for_scripts_and_other_sites(browser, bruno):
    reply = browser.open(
        "/accounts/bruno/enter", method="POST", data={"csrf_token": token_of(browser)}
    )

    cookies = {
        cookie.partition("=")[0]: cookie.partition("; ")[2]
        for cookie in reply.headers.getlist("Set-Cookie")
    }
    for name in (SESSION_COOKIE, OWN_COOKIE):
        assert name.startswith("__Host-")
        assert cookies[name] == "Secure; HttpOnly; Path=/; SameSite=Lax"


def test_the_menu_is_whole_before_the_owner_has_chosen_a_password(entered):
    Account.update(one_time=True).where(Account.name == "bruno").execute()

    page = entered.get(LIST)

    assert (page.url, page.status) == (LIST, 200)
    assert [link["href"] for link in page.soup.select("#menu-domains a")] == [LIST]
    assert page.links()["Journal"]


def test_a_form_from_before_is_good_no_more(browser, bruno, contact):
    """A tab that was open as the administrator must not act as somebody else."""
    page = browser.get(LIST)
    enter(browser, "/accounts/bruno/enter")
    before = everything()

    reply = browser.submit(page, "#add-address", {"Name": "sales"})

    assert (reply.status, everything() == before) == (422, True)


def test_logging_out_ends_both_sessions(entered):
    page = entered.submit(LIST, ".foot form")

    assert page.url == "/log-in"
    assert Session.select().count() == 0
    assert not {SESSION_COOKIE, OWN_COOKIE} & entered.cookies().keys()
    assert told() == ("bruno", "alice", "account.left")


def test_the_end_of_the_own_session_ends_the_entered_one(entered):
    sessions.log_out(entered.cookies()[OWN_COOKIE])

    assert entered.open(LIST).status == 303


def test_a_cookie_of_another_session_does_not_lead_into_it(app, entered, bruno):
    """Nobody leaves into a session that is not the administrator's who has entered."""
    accounts.add("zoe", PASSWORD, by=COMMAND_LINE)
    token = token_of(entered)
    zoe = sessions.open_session(accounts.actor(Account.get(Account.name == "zoe")))
    entered.client.set_cookie(OWN_COOKIE, zoe, domain="localhost", secure=True)

    reply = entered.open("/leave", method="POST", data={"csrf_token": token})

    assert reply.status == 401
    assert entered.cookies()[SESSION_COOKIE] != zoe


def test_a_log_in_as_somebody_else_takes_the_own_session_along(app, entered, bruno):
    own = entered.cookies()[OWN_COOKIE]
    sessions.log_out(entered.cookies()[SESSION_COOKIE])

    entered.log_in("bruno", PASSWORD)

    assert OWN_COOKIE not in entered.cookies()
    assert own not in entered.cookies().values()


# Who, as whom


def test_nobody_enters_as_an_administrator(browser, bonvenon):
    accounts.add("zoe", PASSWORD, by=COMMAND_LINE)

    page = enter(browser, "/accounts/zoe/enter")

    assert (page.status, page.words(".notice")) == (
        422,
        "zoe is an administrator, and nobody enters as an administrator.",
    )


def test_nobody_else_enters_or_sees_the_button(app, bruno, contact):
    browser = Browser(app)
    browser.log_in("bruno", PASSWORD)
    accounts.add("carla", PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    assert "Enter as its holder" not in browser.get(EDITOR).buttons()
    token, before = token_of(browser), everything()

    for url in ("/accounts/carla/enter", "/addresses/contact@bonvenon.fr/enter", "/leave"):
        reply = browser.open(url, method="POST", data={"csrf_token": token})
        assert (url, reply.status) == (url, 404)
    assert everything() == before


def test_who_is_inside_enters_nowhere_else(entered):
    accounts.add("carla", PASSWORD, by=COMMAND_LINE, kind=Kind.OWNER)
    token, before = token_of(entered), everything()

    for url in ("/accounts/carla/enter", "/addresses/contact@bonvenon.fr/enter"):
        assert entered.open(url, method="POST", data={"csrf_token": token}).status == 403
    assert everything() == before


# What stays the person's own


def test_what_guards_the_person_is_neither_shown_nor_changed(app, entered, headers):
    token, before = token_of(entered), everything()
    sent = {"csrf_token": token, "present": PASSWORD, "password": "quite another 9"}
    sent["confirmation"] = sent["password"]
    guarded = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(OF_ONESELF) and rule.endpoint not in OPEN
    ]
    assert {"log_in.own_password", "log_in.change_password"} <= {rule.endpoint for rule in guarded}

    for rule in guarded:
        known = {"email": "contact@bonvenon.fr", "way": "off"}
        values = {name: known.get(name, "1") for name in rule.arguments}
        _, url = rule.build(values, append_unknown=False)
        for method in rule.methods & {"GET", "POST"}:
            reply = entered.open(url, method=method, data=sent, headers=headers)
            assert (rule.endpoint, reply.status) == (rule.endpoint, 403)
            assert reply.words(".notice").startswith("You are here as administrator alice. Only ")
    assert everything() == before


@pytest.mark.parametrize("way", ["/accounts/bruno/enter", "/addresses/contact@bonvenon.fr/enter"])
def test_nothing_is_offered_inside_that_is_refused_there(browser, bruno, contact, way):
    app_passwords.create(contact, "Telephone", by=holder_of(contact))
    inside = enter(browser, way)
    pages = [inside, browser.get(EDITOR)] if "bruno" in way else [inside]

    for page in pages:
        ways = {tag["href"] for tag in page.soup.select("a[href^='/']")}
        assert {browser.get(url).status for url in ways} == {200}
        actions = {form.get("action", "") for form in page.soup.select("form[method=post]")}
        assert not [url for url in actions if "app-passwords" in url]


def test_who_must_choose_a_password_can_be_entered_all_the_same(browser, bonvenon):
    accounts.add("carla", None, by=COMMAND_LINE, kind=Kind.OWNER)

    page = enter(browser, "/accounts/carla/enter")

    assert page.words(f"{BAR} p") == "You are in carla’s panel as administrator alice"


def test_the_person_is_told_at_their_log_in_and_in_their_journal(app, entered):
    entered.submit(LIST, BAR)
    browser = Browser(app)

    page = browser.log_in("bruno", PASSWORD)

    assert page.toast().startswith("Administrator alice entered as you on ")
    shown = browser.get("/journal").words(".journal")
    assert "alice: entered the panel of account bruno" in shown
    assert "bruno (alice as bruno): left the panel of account bruno" in shown


def test_the_first_page_of_a_holder_tells_what_was_done_in_their_name(app, browser, contact):
    enter(browser, "/addresses/contact@bonvenon.fr/enter")
    browser.submit("/mailbox", BAR)
    holder = Browser(app)
    holder.log_in(contact.email, PASSWORD)

    shown = holder.get("/mailbox").words(".journal")

    assert "contact@bonvenon.fr (alice as contact@bonvenon.fr): left the panel" in shown
    assert "you: left" not in shown


@pytest.mark.parametrize(
    ("url", "to"),
    [
        ("/leave", "/"),
        ("/accounts/bruno/enter", "/"),
        ("/addresses/contact@bonvenon.fr/enter", EDITOR),
    ],
)
def test_a_button_that_is_typed_as_a_url_changes_nothing(browser, bruno, contact, url, to):
    before = everything()

    reply = browser.open(url)

    assert (reply.status, reply.headers["Location"]) == (303, to)
    fragment = browser.open(url, headers=FRAGMENT)
    assert fragment.status == 303
    assert everything() == before
