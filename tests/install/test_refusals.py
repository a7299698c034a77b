"""Each reason not to set a machine up, and what is told with it."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from webmailadmin.servers import places
from webmailadmin.servers.install import facts, postfix, refusals
from webmailadmin.servers.install.certificate import SELF_MADE, Pair, choose
from webmailadmin.servers.install.facts import Facts
from webmailadmin.servers.install.plan import Wish

WISH = Wish(Path("/var/lib/x"), Path("/var/mail/x"), "mail.hoster.example", SELF_MADE)


@pytest.mark.parametrize("name", ["vps", "", "mail.hoster.example\nx = y"])
def test_a_host_without_a_whole_name_is_refused(name: str) -> None:
    assert "".join(refusals.host(replace(WISH, mail_host=name)))
    assert not list(refusals.host(WISH))


def test_missing_packages_are_named_in_a_line_to_type() -> None:
    (reason,) = refusals.packages(Facts(missing=["postfix", "postfix-sqlite", "postsrsd"]))

    assert reason == (
        "Install what is missing: apt-get install postfix postfix-sqlite postsrsd"
        " (or leave postsrsd out with --no-srs)."
    )


@pytest.mark.parametrize(
    ("servers", "reason"),
    [
        (Facts(postfix="3.7.11", dovecot="2.3.19.1"), ""),
        (Facts(postfix="3.10.5", dovecot="2.4.1-4"), ""),
        (Facts(postfix="3.5.25", dovecot="2.3.13"), "This is Postfix 3.5.25"),
        (Facts(postfix="3.7.11", dovecot="2.5.0"), "This is Dovecot 2.5.0"),
        (
            Facts(postfix="3.7.11", dovecot="2.4.1", dovecot_trouble="Fatal: x"),
            "as they are: Fatal",
        ),
    ],
)
def test_only_versions_that_were_tried_are_set_up(servers: Facts, reason: str) -> None:
    said = "".join(refusals.versions(servers))

    assert reason in said
    assert bool(said) == bool(reason)


@pytest.mark.parametrize("name", refusals.FOR_ONE)
def test_mailboxes_of_others_are_left_alone(name: str) -> None:
    (reason,) = refusals.other_mail({name: "hash:/etc/postfix/x"})

    assert reason.startswith(f"{name} is set to `hash:/etc/postfix/x`: ")
    assert f"postconf -X {name}" in reason


@pytest.mark.parametrize("name", postfix.KEEPABLE)
def test_own_maps_are_kept_when_the_hoster_says_so(name: str) -> None:
    there = {name: "hash:/etc/postfix/x"}

    (reason,) = refusals.own_maps(there, set())

    assert f"`--keep {name}`" in reason
    assert not list(refusals.own_maps(there, {name}))


@pytest.mark.parametrize("name", refusals.LOG_IN)
def test_other_log_ins_are_left_alone(name: str) -> None:
    (reason,) = refusals.own_log_in({name: "yes"})

    assert f"{name} = yes" in reason
    assert not list(refusals.own_log_in({"smtpd_sasl_auth_enable": "no"}))


@pytest.mark.parametrize("name", refusals.SENDERS)
def test_a_rewriting_of_senders_that_is_there_stays(name: str) -> None:
    (reason,) = refusals.senders({name: "tcp:127.0.0.1:10001"})

    assert "--no-srs" in reason


@pytest.mark.parametrize(
    ("there", "ours", "reasons"),
    [
        ({}, set(), 0),
        ({"submission/inet"}, set(), 1),
        ({"[::]:587/inet", "smtps/inet"}, set(), 2),
        ({"465/inet", "587/inet"}, {"465/inet", "587/inet"}, 0),
        ({"srs/unix", "10028/inet"}, set(), 2),
    ],
)
def test_a_service_that_is_there_is_named(there: set[str], ours: set[str], reasons: int) -> None:
    found = Facts(services={name: [name] for name in there})

    assert len(list(refusals.services(WISH, found, ours))) == reasons


@pytest.mark.parametrize(
    ("mydestination", "domains", "told"),
    [
        ("$myhostname, localhost", ["hoster.example"], ""),
        ("", ["hoster.example"], ""),
        ("$myhostname, hoster.example, x", ["hoster.example"], "'mydestination = $myhostname, x'"),
        ("$mydomain localhost", ["hoster.example"], "'mydestination = localhost'"),
        ("localhost", ["mail.hoster.example"], "`--mail-host mail.mail.hoster.example`"),
    ],
)
def test_mail_of_a_domain_never_goes_to_users_of_the_machine(
    mydestination: str, domains: list[str], told: str
) -> None:
    found = Facts(settings={"mydestination": mydestination}, domains=domains)

    said = "".join(refusals.destinations(WISH, found))

    assert told in said
    assert bool(said) == bool(told)


def test_people_whom_dovecot_knows_from_elsewhere_are_not_shut_out() -> None:
    (reason,) = refusals.log_ins(WISH, Facts(log_ins=["passdb pam", "passdb ldap"]))

    assert "passdb ldap" in reason
    assert "pam" not in reason


def test_users_of_the_machine_who_read_mail_are_named() -> None:
    found = Facts(log_ins=["passdb pam", "userdb passwd"], readers=["ann", "bob"])

    (reason,) = refusals.log_ins(WISH, found)

    assert "ann, bob" in reason
    assert not list(refusals.log_ins(replace(WISH, end_system_mailboxes=True), found))
    assert not list(refusals.log_ins(WISH, replace(found, readers=[])))


@pytest.mark.parametrize(
    "configured",
    [
        "passdb {\n  args = /etc/x\n  driver = ldap\n}\nuserdb {\n  driver = passwd\n}\n",
        "passdb ldap {\n  ldap_base = x\n}\nuserdb x {\n  driver = passwd\n}\n",
    ],
    ids=["2.3", "2.4"],
)
def test_where_dovecot_knows_people_from_is_read(configured: str) -> None:
    assert facts.log_ins(configured) == ["passdb ldap", "userdb passwd"]


@pytest.mark.parametrize(
    "configured",
    [
        "passdb {\n  args = /etc/dovecot/webmailadmin-sql.conf.ext\n  driver = sql\n}\n"
        "passdb {\n  args = /etc/dovecot/webmailadmin-used.conf.ext\n  driver = sql\n}\n"
        "userdb {\n  args = /etc/dovecot/webmailadmin-sql.conf.ext\n  driver = sql\n}\n",
        "passdb sql {\n  query = SELECT user FROM dovecot_password\n}\n"
        "passdb webmailadmin_used {\n  driver = sql\n  sqlite_path = /x/app-passwords.db\n}\n"
        "userdb sql {\n  query = SELECT home FROM dovecot_user\n}\n",
    ],
    ids=["2.3", "2.4"],
)
def test_our_own_are_known(
    configured: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "DOVECOT_OURS", tmp_path)

    assert facts.log_ins(configured) == []


# The certificate


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """Certificates: one of today, one of the past, and one whose key is another's."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, days in (("good", "9"), ("past", "-1")):
        key, request, certificate = (folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        new = ("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key)
        signed = ("x509", "-req", "-in", request, "-signkey", key, "-days", days)
        for command in ((*new, "-out", request), (*signed, "-out", certificate)):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
    return {
        "good": Pair(folder / "good.pem", folder / "good.key"),
        "past": Pair(folder / "past.pem", folder / "past.key"),
        "other's": Pair(folder / "good.pem", folder / "past.key"),
        "missing": Pair(folder / "none.pem", folder / "good.key"),
    }


@pytest.mark.parametrize(
    ("which", "reason"),
    [
        ("good", ""),
        ("past", "The date of "),
        ("other's", "cannot be used together"),
        ("missing", "There is no file "),
    ],
)
def test_a_certificate_that_would_end_all_log_ins_is_refused(
    pairs: dict[str, Pair], which: str, reason: str
) -> None:
    said = "".join(refusals.certificate(replace(WISH, pair=pairs[which])))

    assert reason in said
    assert bool(said) == bool(reason)


def test_the_certificate_is_the_one_in_use_then_one_made_here(pairs: dict[str, Pair]) -> None:
    used = pairs["good"]
    now = {"smtpd_tls_cert_file": str(used.certificate), "smtpd_tls_key_file": str(used.key)}
    snakeoil = {
        "smtpd_tls_cert_file": "/etc/ssl/certs/ssl-cert-snakeoil.pem",
        "smtpd_tls_key_file": "/etc/ssl/private/ssl-cert-snakeoil.key",
    }

    assert choose("x.example", now) == used
    assert choose("x.example", snakeoil) == SELF_MADE
    assert choose("x.example", {}) == SELF_MADE


# What stands in main.cf


@pytest.mark.parametrize("name", sorted(postfix.LEFT))
def test_a_choice_of_the_hosters_stays(name: str) -> None:
    ours = {name: "ours"}

    assert postfix.merged(ours, {}) == ours
    assert postfix.merged(ours, {name: postfix.LEFT[name]}) == ours
    assert postfix.merged(ours, {name: "theirs"}) == {}


def test_own_restrictions_come_after_ours_and_are_not_for_who_has_logged_in() -> None:
    ours = {"smtpd_recipient_restrictions": "ours", "smtpd_sender_restrictions": "ours"}

    assert postfix.merged(ours, dict.fromkeys(ours, "theirs")) == {
        "smtpd_recipient_restrictions": "ours, permit_sasl_authenticated, theirs",
        "smtpd_sender_restrictions": "ours, theirs",
    }


@pytest.mark.parametrize(
    ("before", "ours", "now", "left"),
    [
        (None, "ours", "ours", None),
        ("a", "b", "b", "a"),
        ("a", "ours, a", "ours, a", "a"),
        ("a", "ours, a", "ours, a, b", "a, b"),
        ("a", "ours, a", "b, ours, a", "b, a"),
        (None, "ours", "ours, b", "b"),
        ("a", "b", "c", "c"),
        (None, "b", None, None),
    ],
)
def test_what_the_hoster_adds_is_told_from_ours(
    before: str | None, ours: str, now: str | None, left: str | None
) -> None:
    assert postfix.without_ours(before, ours, now) == left


def test_the_names_of_this_host_stay_its_own() -> None:
    assert postfix.mydestination("", "") is None
    assert postfix.mydestination("$myhostname, localhost", "") is None
    assert postfix.mydestination("$myhostname, localhost", "old.example") == (
        "$myhostname, localhost, old.example"
    )
    assert postfix.mydestination("old.example localhost", "old.example") == (
        "old.example, localhost, $myhostname"
    )


# The command line


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_nobody_but_root_sets_up_anything(verb: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, "servers", verb],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )

    assert done.returncode == 1
    assert done.stderr == "Error: This changes the machine's mail servers: run it as root.\n"


AS_NOBODY = (
    "import os; from webmailadmin.__main__ import main\n"
    "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
    "main()"
)
