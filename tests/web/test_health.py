"""The page Health: what is wrong first, why it matters, the command; then what is well."""

import json
import re
import socket
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from tests.browser_of import FRAGMENT
from tests.helper_of import helper_at
from tests.web.conftest import everything
from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.mail import chores, reports
from webmailadmin.models import Purge, Report, SecondFactor, now
from webmailadmin.upkeep.doctor.finding import Finding, State, well, wrong

HEALTH = "/health"


def report(*findings, age=timedelta(0)):
    """Let the doctor hand over what it found."""
    told = [
        Finding(one.state, one.text, one.values, one.mend, code).as_dict() for code, one in findings
    ]
    reports.hand_over("doctor", json.dumps(told))
    Report.update(at=now() - age).execute()


@pytest.fixture
def at_work(app, tmp_path):
    """A panel whose worker has worked, whose helper and mail server answer, and with a backup."""
    (settings.current.data / "key").touch(0o600)
    chores.note("kicks", 1, "")
    reports.hand_over("backup", json.dumps({"file": "/b/1.db", "bytes": 2**20, "ok": True}))
    with helper_at(tmp_path / "helper") as helper, mail_server() as port:
        settings.use(replace(settings.current, smtp_port=port))
        helper.answers["exists"] = {"exists": False}
        yield


@contextmanager
def mail_server():
    """Greet whoever comes, as Postfix does."""
    listening = socket.create_server(("127.0.0.1", 0))

    def greet():
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(b"220 mail.example.net ESMTP\r\n")

    thread = Thread(target=greet)
    thread.start()
    yield listening.getsockname()[1]
    # close() alone would leave accept() waiting.
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def finding(page, code):
    """Return the words of what is told of a check."""
    found = page.soup.select_one(f"[id^=finding-{code}-]")
    return " ".join(found.stripped_strings) if found else ""


def test_the_menu_leads_to_the_page(browser, bonvenon):
    link = browser.get("/domains/").soup.select_one(".foot a[href='/health']")
    assert link.text == "Health"
    page = browser.get(HEALTH)
    assert page.status == 200
    assert page.soup.select_one(".foot a[href='/health']")["aria-current"] == "page"


def test_what_is_wrong_stands_first_with_why_and_the_command_that_mends_it(browser):
    page = browser.get(HEALTH)

    assert finding(page, "worker") == (
        "Worker wrong The worker has never worked. "
        "It ends sessions, asks for sizes, warns of full mailboxes, deletes what is past. "
        "systemctl enable --now webmailadmin-worker"
    )
    cards = [card["id"] for card in page.soup.select(".findings > li")]
    assert cards == sorted(cards, key=lambda id_: not id_.endswith("-wrong"))
    assert "finding-doctor-warning" in cards


def test_a_doctor_that_never_looked_is_told_with_how_to_start_it(browser):
    page = browser.get(HEALTH)

    assert "The panel looked just now." in page.words(".facts")
    told = finding(page, "doctor")
    assert told.startswith("Doctor warning The doctor has never looked. The panel may not look")
    assert told.endswith("systemctl enable --now webmailadmin-doctor.timer")


def test_the_doctors_findings_stand_among_the_panels_own_with_their_age(browser):
    report(
        (
            "lmtp",
            wrong(
                "Dovecot takes no mail from Postfix at %(file)s: %(reason)s",
                "x",
                file="/s",
                reason="gone",
            ),
        ),
        ("smuggling", well("No mail can hide in another one.")),
        age=timedelta(hours=1),
    )

    page = browser.get(HEALTH)

    assert "The doctor looked 1 hour ago, the panel just now." in page.words(".facts")
    assert finding(page, "lmtp").startswith(
        "Delivery wrong seen by the doctor 1 hour ago "
        "Dovecot takes no mail from Postfix at /s: gone"
    )
    assert finding(page, "doctor") == ""
    assert "SMTP smuggling No mail can hide in another one." in page.words("details")


def test_an_old_report_is_told_with_how_to_start_the_timer(browser):
    report(("smuggling", well("No mail can hide in another one.")), age=timedelta(hours=5))

    assert "The doctor has not looked for 5 hours." in finding(browser.get(HEALTH), "doctor")


def test_what_the_panel_sees_fresh_counts_more_than_what_the_doctor_saw(browser, at_work):
    report(("worker", wrong("The worker has never worked.")))

    page = browser.get(HEALTH)

    assert finding(page, "worker") == ""
    assert "Worker The worker works." in page.words("details")


def test_a_report_of_another_version_is_shown_as_far_as_it_is_understood(browser):
    report(
        ("gone-since", wrong("Nobody knows.")),
        ("lmtp", wrong("Words of another version: %(what)s", what="x")),
    )

    page = browser.get(HEALTH)

    assert "Words of another version: x" in finding(page, "lmtp")
    assert "Nobody knows." not in page.words("main")


def test_a_deletion_that_met_trouble_is_shown_and_that_it_is_tried_again(browser, bonvenon):
    Purge.create(home="0" * 32, domain=bonvenon, email="old@bonvenon.fr", trouble="Disk error.")

    assert (
        "The messages of old@bonvenon.fr, removed for good, are not deleted yet: Disk error. "
        "It is tried again each minute."
    ) in finding(browser.get(HEALTH), "purges")


def test_the_trouble_of_any_chore_is_shown(browser):
    chores.note("kicks", 3, "No mail-file helper answers.")
    chores.note("made-tomorrow", 3, "<b>odd</b>")

    told = finding(browser.get(HEALTH), "chores")

    assert "Ending sessions: No mail-file helper answers." in told
    assert "made-tomorrow: <b>odd</b>" in told


def test_when_nothing_is_wrong_the_page_says_so(browser, alice, at_work):
    SecondFactor.create(account=alice.id, secret="of a telephone")
    settings.use(replace(settings.current, second_factor_for_administrators=True))
    report(("smuggling", well("No mail can hide in another one.")))

    page = browser.get(HEALTH)

    assert re.match(
        r"All is well\. · The doctor looked \d+ seconds? ago, the panel just now\.",
        page.words(".facts"),
    )
    assert page.soup.select(".findings > li") == []
    assert page.words("summary") == f"{len(page.soup.select('details li'))} things are well"


def test_what_could_not_be_seen_is_one_quiet_line(browser):
    report(
        ("clock-set", Finding(State.UNKNOWN, "Only root can look at this.", {})),
        ("homes", Finding(State.UNKNOWN, "Only root can look at this.", {})),
    )

    assert (
        "Setting of the clock, Folders of the mailboxes: Only root can look at this."
    ) in browser.get(HEALTH).words("main")


def test_a_request_through_more_proxies_than_are_set_is_told(browser):
    page = browser.get(HEALTH, headers={"X-Forwarded-For": "192.0.2.1"})

    assert "PROXIES is 0, and this page came through 1" in finding(page, "proxies")


def test_look_again_is_the_list_alone_and_without_script_the_page(browser):
    page = browser.get(HEALTH)
    link = page.soup.select_one("#look-again")
    assert link["href"] == link["hx-get"] == HEALTH

    part = browser.get(link["hx-get"], headers=FRAGMENT)

    assert part.soup.select_one("html") is None
    assert part.soup.select_one(link["hx-target"]) is not None


def test_looking_changes_nothing_and_waits_for_no_writer(browser, at_work):
    browser.get(HEALTH)
    before = everything()
    other = type(db)(db.database)
    other.connect()
    other.execute_sql("BEGIN IMMEDIATE")
    try:
        assert browser.get(HEALTH).status == 200
    finally:
        other.rollback()
        other.close()
    assert everything() == before


def test_the_page_speaks_french(french):
    report(("smuggling", well("No mail can hide in another one.")), age=timedelta(hours=1))

    page = french.get(HEALTH)

    assert page.soup.title.text == "Santé · webmailadmin"
    assert "Le docteur est passé il y a 1 heure, le panneau à l’instant." in page.words(".facts")
    assert finding(page, "worker").startswith("Moteur des tâches de fond ne va pas")
