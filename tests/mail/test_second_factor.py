"""The second factor: codes by time, each good once, recovery codes, secrets that stay secret."""

import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest

from tests.mail.stage import PASSWORD, everything, sql
from webmailadmin import settings
from webmailadmin.database import db
from webmailadmin.mail import accounts, log_ins, notices, second_factor, sessions, throttle
from webmailadmin.mail.actors import COMMAND_LINE, Actor, Kind
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_entering import OnlyThemselves
from webmailadmin.mail.errors_of_log_ins import (
    CodeMissing,
    CodeWrong,
    FactorMissing,
    FactorThere,
    LogInOver,
    ProposalOver,
    TooManyFailures,
)
from webmailadmin.mail.errors_of_passwords import PasswordWrong
from webmailadmin.mail.notices import Notice
from webmailadmin.models import Account, Address, Mailbox, RecoveryCode, SecondFactor, Throttle

HERE = "192.0.2.1"
CONTACT = "contact@bonvenon.fr"
STEP = 60_000_000  # of the clock, which stands still


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the clock to so many steps after the first."""

    def at(steps: int) -> None:
        monkeypatch.setattr(second_factor, "this_step", lambda: STEP + steps)

    at(0)
    return at


@pytest.fixture
def holder(contact: Address) -> Actor:
    """The holder of contact@bonvenon.fr."""
    return Actor(Kind.HOLDER, Mailbox.get(Mailbox.address == contact).id, CONTACT)


@pytest.fixture(params=["alice", CONTACT])
def who(request: pytest.FixtureRequest, alice: Actor, holder: Actor) -> Actor:
    """An administrator, and a holder."""
    return {person.name: person for person in (alice, holder)}[request.param]


class App:
    """The app on the telephone of a person who has turned the second factor on."""

    def __init__(self, who: Actor) -> None:
        self.who = who
        proposal = second_factor.propose(who)
        self.totp = pyotp.parse_uri(proposal.uri)
        assert isinstance(self.totp, pyotp.TOTP)
        assert self.totp.secret == proposal.secret
        self.recovery_codes = second_factor.turn_on(proposal.sealed, self.code(-1), by=who)

    def code(self, steps: int) -> str:
        """Return the code that it shows so many steps after the first."""
        return self.totp.at((STEP + steps) * 30)

    def wrong(self) -> str:
        """Return a code that it does not show around now."""
        shown = {self.code(steps) for steps in range(-2, 12)}
        return next(code for code in map("{:06}".format, itertools.count()) if code not in shown)


@pytest.fixture
def app_of(who: Actor, at: Callable[[int], None]) -> App:
    """The app of the person; the code of the step before the first is used."""
    return App(who)


def half_in(who: Actor) -> str:
    """Log in by the password; what comes back waits for a code."""
    token = log_ins.log_in(who.name, PASSWORD, HERE)
    assert sessions.logged_in(token) is None
    assert sessions.logged_in(token, pending=True)
    return token


def refused(token: str, code: str) -> None:
    with pytest.raises(CodeWrong):
        log_ins.show_code(token, code, HERE)


# On


def test_who_has_none_logs_in_by_the_password_alone(who: Actor) -> None:
    opened = sessions.logged_in(log_ins.log_in(who.name, PASSWORD, HERE))

    assert opened is not None
    assert (opened.actor, opened.has_factor) == (who, False)


def test_it_is_turned_on_by_a_first_code_and_ends_all_sessions(
    who: Actor, at: Callable[[int], None]
) -> None:
    tokens = [log_ins.log_in(who.name, PASSWORD, HERE) for _ in range(2)]

    app = App(who)

    assert [sessions.logged_in(token) for token in tokens] == [None, None]
    assert len(set(app.recovery_codes)) == 10
    letter = "[abcdefghjkmnpqrstuvwxyz23456789]"
    for code in app.recovery_codes:
        assert re.fullmatch(f"{letter}{{4}}(-{letter}{{4}}){{5}}", code)
    act, email, details = sql("SELECT act, email, details FROM journal ORDER BY id DESC LIMIT 1")[0]
    assert (act, details) == ("factor.on", f'{{"name": "{who.name}"}}')
    assert email == (CONTACT if who.name == CONTACT else None)


@pytest.mark.parametrize(
    ("code", "refusal"), [("", CodeMissing), (" - ", CodeMissing), ("000", CodeWrong)]
)
def test_without_a_right_first_code_nothing_changes(
    code: str, refusal: type[Exception], who: Actor
) -> None:
    log_ins.log_in(who.name, PASSWORD, HERE)
    sealed, before = second_factor.propose(who).sealed, everything()

    with pytest.raises(refusal):
        second_factor.turn_on(sealed, code, by=who)

    assert everything() == before


def test_there_is_never_a_second_one(app_of: App, who: Actor) -> None:
    proposal = second_factor.propose(who)
    code = pyotp.TOTP(proposal.secret).at(STEP * 30)

    with pytest.raises(FactorThere):
        second_factor.turn_on(proposal.sealed, code, by=who)

    assert SecondFactor.select().count() == 1


def test_a_proposal_is_for_one_person_and_no_page_opens_what_is_stored(
    alice: Actor, holder: Actor, at: Callable[[int], None]
) -> None:
    App(alice)
    foreign = second_factor.propose(alice).sealed
    stored = SecondFactor.get().secret

    for sealed in (foreign, stored, "", "x", "é", "\ud800", "x" * 10_000):
        with pytest.raises(ProposalOver):
            second_factor.proposed(sealed, holder)
    with pytest.raises(ProposalOver):
        second_factor.proposed(stored, alice)


def test_a_proposal_is_over_after_an_hour(who: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = second_factor.propose(who).sealed
    monkeypatch.setattr(second_factor, "SECONDS_TO_SET_UP", -1)

    with pytest.raises(ProposalOver):
        second_factor.proposed(sealed, who)


# Log in


def test_a_code_turns_the_log_in_into_a_session_with_another_token(app_of: App, who: Actor) -> None:
    token = half_in(who)

    new = log_ins.show_code(token, f" {app_of.code(0)[:3]} {app_of.code(0)[3:]} ", HERE)

    opened = sessions.logged_in(new)
    assert opened is not None
    assert (opened.actor, opened.has_factor, opened.is_proved) == (who, True, True)
    assert new != token
    assert sessions.logged_in(token, pending=True) is None
    assert sql("SELECT count(*) FROM session") == [(1,)]


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_may_be_a_step_early_or_late(
    steps: int, app_of: App, who: Actor, at: Callable[[int], None]
) -> None:
    at(5)

    assert log_ins.show_code(half_in(who), app_of.code(5 + steps), HERE)


@pytest.mark.parametrize("steps", [-2, 2])
def test_two_steps_are_too_many(
    steps: int, app_of: App, who: Actor, at: Callable[[int], None]
) -> None:
    at(5)

    refused(half_in(who), app_of.code(5 + steps))


def test_a_code_counts_once_and_none_before_it_counts_any_more(
    app_of: App, who: Actor, at: Callable[[int], None]
) -> None:
    refused(half_in(who), app_of.code(-1))  # it turned the factor on
    assert log_ins.show_code(half_in(who), app_of.code(1), HERE)

    for steps in (1, 0):
        refused(half_in(who), app_of.code(steps))
    at(2)
    assert log_ins.show_code(half_in(who), app_of.code(2), HERE)


@pytest.mark.parametrize(
    "code", ["000000x", "é" * 6, "\ud800", "\0", "x" * 100_000, "' OR 1=1 --", "١٢٣٤٥٦", "-1"]
)
def test_a_strange_code_is_wrong(code: str, app_of: App, who: Actor) -> None:
    refused(half_in(who), code)


def test_the_same_code_in_two_processes_opens_one_of_them(app_of: App, who: Actor) -> None:
    tokens, code = [half_in(who), half_in(who)], app_of.code(0)
    start = Path(settings.current.data) / "start"
    db.close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, str(settings.current.data), token, code],
            stdout=subprocess.PIPE,
            text=True,
        )
        for token in tokens
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    start.touch()

    said = sorted(process.communicate(timeout=60)[0] for process in processes)
    assert said == ["code-wrong\n", "opened\n"]


OTHER_PROCESS = f"""
import sys, time
from pathlib import Path
from webmailadmin import database, settings
from webmailadmin.mail import log_ins, second_factor
from webmailadmin.mail.errors import Refusal
folder = Path(sys.argv[1])
settings.use(settings.Settings(data=folder))
database.open_database(folder)
second_factor.this_step = lambda: {STEP}
print("ready", flush=True)
while not (folder / "start").exists():
    time.sleep(0.001)
try:
    log_ins.show_code(sys.argv[2], sys.argv[3], "{HERE}")
    print("opened")
except Refusal as refusal:
    print(refusal.code)
"""


def test_without_a_log_in_that_waits_no_code_is_looked_at(app_of: App, who: Actor) -> None:
    token = half_in(who)
    sessions.log_out(token)
    opened = log_ins.show_code(half_in(who), app_of.code(0), HERE)
    before = everything()

    for over in (token, opened, "", "x"):
        with pytest.raises(LogInOver):
            log_ins.show_code(over, app_of.code(1), HERE)

    assert everything() == before


def test_a_password_changed_meanwhile_ends_the_log_in_that_waits(app_of: App, who: Actor) -> None:
    token = half_in(who)
    for model in (Account, Mailbox):
        model.update(password="$2b$04$" + "x" * 53).execute()

    with pytest.raises(LogInOver):
        log_ins.show_code(token, app_of.code(0), HERE)


# Throttle


def test_after_five_wrong_codes_one_waits_also_with_a_new_log_in(
    app_of: App, who: Actor, still: None
) -> None:
    for number in range(5):
        with pytest.raises(CodeWrong):
            log_ins.show_code(half_in(who), app_of.wrong(), f"198.51.100.{number}")
    Throttle.update(failures=14, last_at=throttle.now()).where(
        Throttle.key.startswith("code:")
    ).execute()

    with pytest.raises(TooManyFailures) as refusal:
        log_ins.show_code(half_in(who), app_of.code(0), "203.0.113.1")

    assert refusal.value.values["seconds"] == 512
    assert SecondFactor.get().last_step == STEP - 1


def test_wrong_codes_count_against_the_network_too(app_of: App, who: Actor) -> None:
    refused(half_in(who), app_of.wrong())
    assert sql("SELECT key, failures FROM throttle ORDER BY key") == [
        (throttle.key_of_codes(who), 1),
        (f"network:{HERE}", 1),
    ]


def test_the_longest_wait_is_a_quarter_of_an_hour(app_of: App, who: Actor, still: None) -> None:
    key = throttle.key_of_codes(who)
    Throttle.insert(key=key, failures=10**6, last_at=throttle.now()).execute()

    with pytest.raises(TooManyFailures) as refusal:
        log_ins.show_code(half_in(who), app_of.code(0), HERE)
    assert refusal.value.values["seconds"] == 900

    Throttle.update(last_at=sql("SELECT last_at - 900 FROM throttle")[0][0]).execute()
    assert log_ins.show_code(half_in(who), app_of.code(0), HERE)
    assert sql("SELECT * FROM throttle") == []


def test_wrong_codes_of_one_person_leave_the_others_alone(
    alice: Actor, holder: Actor, at: Callable[[int], None]
) -> None:
    apps = [App(alice), App(holder)]
    Throttle.insert(key=throttle.key_of_codes(alice), failures=99, last_at=throttle.now()).execute()

    assert log_ins.show_code(half_in(holder), apps[1].code(0), HERE)


# Recovery codes


def test_a_recovery_code_opens_once_and_is_journalled(app_of: App, who: Actor) -> None:
    code = app_of.recovery_codes[3]

    assert log_ins.show_code(half_in(who), code.upper().replace("-", " "), HERE)

    assert sql("SELECT act, actor FROM journal ORDER BY id DESC LIMIT 1") == [
        ("factor.recovery-code", who.name)
    ]
    refused(half_in(who), code)
    assert log_ins.show_code(half_in(who), app_of.recovery_codes[4], HERE)
    assert RecoveryCode.select().count() == 8


def test_a_recovery_code_is_good_for_its_person_alone(
    alice: Actor, holder: Actor, at: Callable[[int], None]
) -> None:
    app, _ = App(alice), App(holder)

    refused(half_in(holder), app.recovery_codes[0])


def test_new_recovery_codes_take_the_place_of_the_former_ones(app_of: App, who: Actor) -> None:
    codes = second_factor.new_recovery_codes(by=who)

    assert len({*codes, *app_of.recovery_codes}) == 20
    refused(half_in(who), app_of.recovery_codes[0])
    assert log_ins.show_code(half_in(who), codes[0], HERE)


def test_without_a_factor_there_are_no_recovery_codes(who: Actor) -> None:
    with pytest.raises(FactorMissing):
        second_factor.new_recovery_codes(by=who)


# Secrets


def test_nothing_in_the_database_file_is_of_use_without_the_key(app_of: App, who: Actor) -> None:
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = b"".join(
        path.read_bytes() for path in settings.current.data.iterdir() if path.name != "key"
    )

    secret = app_of.totp.secret
    assert second_factor.opened(SecondFactor.get()) == secret
    for clear in (secret, pyotp.TOTP(secret).byte_secret().hex(), *app_of.recovery_codes):
        assert clear.encode() not in whole
        assert clear.replace("-", "").encode() not in whole
    assert pyotp.TOTP(secret).byte_secret() not in whole

    (settings.current.data / "key").write_bytes(b"another key, as long as the first one")
    assert second_factor.opened(SecondFactor.get()) is None


def test_after_the_key_was_lost_recovery_codes_still_open(app_of: App, who: Actor) -> None:
    (settings.current.data / "key").write_bytes(b"another key, as long as the first one")

    refused(half_in(who), app_of.code(0))
    assert log_ins.show_code(half_in(who), app_of.recovery_codes[0], HERE)


# Prove again, off


def test_a_proof_asks_for_password_and_code(app_of: App, who: Actor) -> None:
    present = sessions.logged_in(log_ins.show_code(half_in(who), app_of.code(0), HERE))
    assert present is not None

    for password, code, refusal in (
        ("wrong", app_of.code(1), PasswordWrong),
        (PASSWORD, "", CodeMissing),
        (PASSWORD, app_of.code(0), CodeWrong),
        (PASSWORD, app_of.wrong(), CodeWrong),
    ):
        with pytest.raises(refusal):
            log_ins.prove(present, password, code, HERE)

    log_ins.prove(present, PASSWORD, app_of.code(1), HERE)


def test_who_has_the_name_of_somebody_else_by_now_proves_nothing(contact: Address) -> None:
    former = Actor(Kind.HOLDER, 4711, CONTACT)
    with pytest.raises(PasswordWrong):
        log_ins.prove_person(former, PASSWORD, "", HERE)


def test_turning_it_off_asks_for_password_and_code(app_of: App, who: Actor) -> None:
    for password, code in (("wrong", app_of.code(0)), (PASSWORD, app_of.wrong())):
        with pytest.raises((PasswordWrong, CodeWrong)):
            log_ins.turn_off_factor(password, code, HERE, by=who)
    assert second_factor.of(who)

    log_ins.turn_off_factor(PASSWORD, app_of.code(0), HERE, by=who)

    assert second_factor.of(who) is None
    assert RecoveryCode.select().count() == 0
    assert sessions.logged_in(log_ins.log_in(who.name, PASSWORD, HERE))
    assert sql("SELECT act FROM journal ORDER BY id DESC LIMIT 1") == [("factor.off",)]
    with pytest.raises(FactorMissing):
        log_ins.turn_off_factor(PASSWORD, app_of.code(1), HERE, by=who)


def test_who_is_sure_to_be_reached_is_told_when_it_changes(
    who: Actor, at: Callable[[int], None]
) -> None:
    for table in (Account, Mailbox):
        table.update(contact="me@elsewhere.org", contact_confirmed=True).execute()

    App(who)
    second_factor.turn_off(who, by=COMMAND_LINE)

    told = [(link.purpose, link.email) for link in notices.waiting()]
    assert told == [(Notice.FACTOR, "me@elsewhere.org")] * 2


def test_who_has_entered_as_somebody_neither_sees_nor_changes_it(who: Actor) -> None:
    entered = Actor(who.kind, who.id, who.name, through="root")
    sealed = second_factor.propose(who).sealed

    for act in (
        lambda: second_factor.propose(entered),
        lambda: second_factor.turn_on(sealed, "1", by=entered),
        lambda: second_factor.new_recovery_codes(by=entered),
    ):
        with pytest.raises(OnlyThemselves):
            act()


def test_who_lost_everything_is_helped_by_an_administrator(
    holder: Actor, alice: Actor, at: Callable[[int], None]
) -> None:
    refused_once = App(holder).wrong()
    refused(half_in(holder), refused_once)
    accounts.add("owen", PASSWORD, by=alice, kind=Kind.OWNER)
    owen = accounts.actor(Account.get(Account.name == "owen"))
    for by in (owen, holder):
        with pytest.raises(NotFound):
            second_factor.turn_off(holder, by=by)

    second_factor.turn_off(holder, by=COMMAND_LINE)

    assert second_factor.of(holder) is None
    assert sql("SELECT act, actor, email FROM journal ORDER BY id DESC LIMIT 1") == [
        ("factor.off", "command line", CONTACT)
    ]
    assert not Throttle.select().where(Throttle.key == throttle.key_of_codes(holder)).exists()


def test_a_removed_person_leaves_none_behind(alice: Actor, at: Callable[[int], None]) -> None:
    App(alice)

    Account.delete().execute()

    assert (SecondFactor.select().count(), RecoveryCode.select().count()) == (0, 0)
