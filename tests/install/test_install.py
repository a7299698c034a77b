"""`webmailadmin servers install` on a Debian as it comes: mail works, and all of it goes back."""

import imaplib
import json
import poplib
import smtplib

import pytest

from tests.install.conftest import PASSWORD
from tests.install.machine import HOST, Machine, any_tls

ANN, BOB = "ann@bonvenon.fr", "bob@bonvenon.fr"


# Before


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    fresh: Machine, stock: dict[str, list[str]]
) -> None:
    done = fresh.install("--dry-run")

    assert done.returncode == 0, done.stderr
    for line in (
        "+++ user webmailadmin",
        "+++ /etc/postfix/webmailadmin/aliases.cf",
        "+virtual_transport = lmtp:unix:private/dovecot-lmtp",
        "+587 inet n - y - - smtpd",
        "+++ /etc/dovecot/conf.d/99-webmailadmin.conf",
        "+++ /etc/systemd/system/postfix@-.service.d/webmailadmin.conf",
        "+++ /etc/systemd/system/webmailadmin-web.service",
        "Nothing is changed.",
    ):
        assert line in done.stdout, line
    assert fresh.picture() == stock


def test_what_would_break_working_mail_is_refused_all_at_once(
    fresh: Machine, stock: dict[str, list[str]]
) -> None:
    fresh.sh(TROUBLES)

    done = fresh.install("--certificate", "/tmp/cert.pem", "--key", "/tmp/other.key")

    with_troubles = fresh.picture()
    fresh.sh(NO_TROUBLES)
    assert done.returncode == 1
    said = done.stderr.removeprefix("Error: ").splitlines()
    for reason in REASONS:
        assert sum(reason in line for line in said) == 1, (reason, said)
    assert len(said) == len(REASONS), said
    assert with_troubles["users"] == stock["users"]
    assert fresh.picture() == stock


TROUBLES = """
cd /tmp
postconf -e virtual_mailbox_domains=other.example virtual_alias_maps=hash:/etc/postfix/virtual \\
  smtpd_sasl_auth_enable=yes recipient_delimiter=- sender_canonical_maps=tcp:127.0.0.1:10001
postconf -M 'submission/inet=submission inet n - y - - smtpd'
printf 'passdb passwd-file {\\n  driver = passwd-file\\n  %s = /etc/users\\n}\\n' \\
  "$(case $(dovecot --version) in 2.3*) echo args;; *) echo passwd_file_path;; esac)" \\
  > /etc/dovecot/local.conf
echo 'From somebody' > /var/mail/daemon
for name in cert other; do
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout $name.key -out $name.pem 2>&1
done
"""
NO_TROUBLES = """
postconf -X virtual_mailbox_domains virtual_alias_maps smtpd_sasl_auth_enable sender_canonical_maps
postconf -e recipient_delimiter=+
postconf -MX submission/inet
rm /etc/dovecot/local.conf /var/mail/daemon
"""
REASONS = (
    "virtual_mailbox_domains is set to `other.example`: this Postfix takes mail for other",
    "say `--keep virtual_alias_maps` to have it asked after the panel's",
    "Mail programs log in to this Postfix already (smtpd_sasl_auth_enable = yes)",
    "recipient_delimiter is `-`",
    "sender_canonical_maps is set to `tcp:127.0.0.1:10001`: say --no-srs",
    "master.cf has a service submission/inet already",
    "Dovecot knows names and passwords from elsewhere (passdb passwd-file)",
    "These users of this machine have mail in /var/mail: daemon.",
    "/tmp/cert.pem and /tmp/other.key cannot be used together",
)


def test_a_set_up_that_does_not_work_is_taken_back_and_says_why(
    fresh: Machine, stock: dict[str, list[str]]
) -> None:
    fresh.sh("postconf -P smtp/inet/smtpd_sasl_auth_enable=yes smtp/inet/smtpd_tls_auth_only=no")

    done = fresh.install()

    fresh.sh("postconf -PX smtp/inet/smtpd_sasl_auth_enable smtp/inet/smtpd_tls_auth_only")
    assert done.returncode == 1
    assert "Something does not work: everything is put back." in done.stdout
    assert done.stderr == "Error: Port 25 offers a log-in.\n"
    assert fresh.picture() == stock
    fresh.sh("postfix reload")
    with fresh.smtp(25) as client:
        assert client.noop()[0] == 250


# Mail programs


@pytest.mark.parametrize("port", [465, 587])
def test_a_mail_sent_with_the_typed_password_arrives(installed: Machine, port: int) -> None:
    installed.send(port, ANN, BOB, f"By {port}", log_in=PASSWORD)

    assert f"By {port}" in installed.subjects(BOB, PASSWORD, at_least=f"By {port}")


def test_mail_is_read_over_pop3_too(installed: Machine) -> None:
    installed.send(25, "eve@far.example", BOB, "For POP3")
    installed.subjects(BOB, PASSWORD, at_least="For POP3")

    client = installed.within(lambda: poplib.POP3_SSL("127.0.0.1", 995, context=any_tls()))

    client.user(BOB)
    client.pass_(PASSWORD)
    assert client.stat()[0] >= 1
    client.quit()


def test_no_log_in_without_tls_is_offered_or_taken(installed: Machine) -> None:
    with installed.smtp(587) as client:
        assert not client.has_extn("auth")
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 530
        assert client.mail(ANN)[0] == 530
    with (
        installed.imap(port=143, source="127.0.0.2") as plain,
        pytest.raises(imaplib.IMAP4.error, match=r"disabled|PRIVACYREQUIRED|disallowed"),
    ):
        plain.login(ANN, PASSWORD)


def test_port_25_lets_nobody_log_in_and_relays_for_nobody(installed: Machine) -> None:
    with installed.smtp(25) as client:
        client.starttls(context=any_tls())
        client.ehlo()
        assert not client.has_extn("auth")
    with installed.smtp(25, source="192.0.2.1") as stranger:
        stranger.mail("eve@far.example")
        assert stranger.rcpt("zoe@elsewhere.example")[0] == 554
        assert stranger.rcpt("nobody@bonvenon.fr")[0] == 550
        assert stranger.rcpt(ANN)[0] == 250


def test_who_has_logged_in_sends_under_no_other_name(installed: Machine) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        installed.send(587, BOB, ANN, "As Bob", log_in=PASSWORD, user=ANN)

    assert refused.value.recipients[ANN][0] == 553


def test_a_wrong_password_opens_nothing(installed: Machine) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        installed.send(587, ANN, BOB, "No", log_in="not the password")


def test_the_certificate_is_shown_on_every_port(installed: Machine) -> None:
    ours = installed.path("/etc/webmailadmin/self-made.pem").read_text()
    shown = {port: installed.certificate(port) for port in (465, 993, 995)}

    assert {port: text.strip() for port, text in shown.items()} == dict.fromkeys(
        shown, ours.strip()
    )


# What it has done


def test_nothing_of_the_mailbox_that_was_tried_stays(installed: Machine) -> None:
    text = installed.path("/var/lib/webmailadmin/webmailadmin.db").read_bytes()
    text += installed.path("/var/lib/webmailadmin/webmailadmin.db-wal").read_bytes()

    assert b"probe" not in text
    assert installed.run("ls", "/var/lib/webmailadmin").split() == [
        f"{name}.db{end}"
        for name in ("app-passwords", "webmailadmin")
        for end in ("", "-shm", "-wal")
    ]
    homes = installed.run("ls", "/var/mail/webmailadmin").split()
    assert len(homes) <= 2  # Ann's and Bob's


def test_each_file_is_for_those_who_need_it(installed: Machine) -> None:
    found = installed.run(
        "stat", "-c", "%n %a %U:%G", "/var/lib/webmailadmin",
        "/var/lib/webmailadmin/webmailadmin.db", "/var/lib/webmailadmin/webmailadmin.db-wal",
        "/var/lib/webmailadmin/webmailadmin.db-shm", "/var/lib/webmailadmin/app-passwords.db",
        "/var/lib/webmailadmin/app-passwords.db-wal", "/var/lib/webmailadmin/app-passwords.db-shm",
        "/var/mail/webmailadmin",
        "/etc/postfix/webmailadmin/aliases.cf", "/etc/webmailadmin/before-install.json",
        "/etc/webmailadmin/self-made.key",
    )  # fmt: skip

    assert [line.rpartition("/")[2] for line in found.splitlines()] == [
        "webmailadmin 2750 webmailadmin:webmailadmin-servers",
        "webmailadmin.db 640 webmailadmin:webmailadmin-servers",
        "webmailadmin.db-wal 640 webmailadmin:webmailadmin-servers",
        "webmailadmin.db-shm 640 webmailadmin:webmailadmin-servers",
        "app-passwords.db 660 webmailadmin:webmailadmin-servers",
        "app-passwords.db-wal 660 webmailadmin:webmailadmin-servers",
        "app-passwords.db-shm 660 webmailadmin:webmailadmin-servers",
        "webmailadmin 700 vmail:vmail",
        "aliases.cf 640 root:postfix",
        "before-install.json 600 root:root",
        "self-made.key 600 root:root",
    ]


def test_the_doctor_finds_nothing_wrong_but_what_no_systemd_has_started(
    installed: Machine,
) -> None:
    told = json.loads(installed.webmailadmin("doctor", "--json").stdout)["checks"]

    wrong = {check["code"]: check["text"] for check in told if check["state"] == "wrong"}
    assert wrong.keys() == {"helper", "worker"}, wrong
    assert any("/etc/webmailadmin/self-made.pem is self-made" in check["text"] for check in told)


def test_a_second_run_changes_nothing(installed: Machine) -> None:
    before = installed.picture(), installed.run("stat", "-c", "%Y", "/etc/postfix/main.cf")

    done = installed.install()

    assert (done.returncode, done.stdout) == (0, "Nothing to change.\n"), done.stderr
    after = installed.picture(), installed.run("stat", "-c", "%Y", "/etc/postfix/main.cf")
    assert after == before


@pytest.mark.parametrize("order", [("postfix start", "dovecot"), ("dovecot", "postfix start")])
def test_after_a_boot_mail_flows_before_the_panel_starts(
    installed: Machine, order: tuple[str, str]
) -> None:
    installed.boot(*order, "/etc/init.d/postsrsd start")

    subject = f"After {order[0]}"
    installed.send(587, ANN, BOB, subject, log_in=PASSWORD)
    assert subject in installed.subjects(BOB, PASSWORD, at_least=subject)


def test_root_at_the_command_line_leaves_the_database_to_the_panel(installed: Machine) -> None:
    done = installed.webmailadmin("domain", "add", "later.example", "--contact", "x@far.example")

    assert done.returncode == 0, done.stderr
    assert f"MX  10  {HOST}." in done.stdout
    owners = installed.sh("stat -c %U /var/lib/webmailadmin/* | sort -u")
    assert owners == "webmailadmin\n"


def test_a_domain_of_the_panel_is_never_also_one_of_the_machine(installed: Machine) -> None:
    there = installed.run("postconf", "-h", "mydestination").strip()
    installed.run("postconf", "-e", f"mydestination = {there}, Bonvenon.fr")

    done = installed.install()

    installed.run("postconf", "-e", f"mydestination = {there}")
    assert done.stderr.startswith("Error: mydestination names bonvenon.fr, a domain of the panel")
    command = done.stderr.partition("Take it out: ")[2].strip().removesuffix(".")
    assert command.startswith("postconf -e 'mydestination = $myhostname, ")
    assert "bonvenon" not in command.lower()


LETS_ENCRYPT = f"""
mkdir -p /etc/letsencrypt/live/{HOST} /etc/letsencrypt/archive/{HOST}
cd /etc/letsencrypt/archive/{HOST}
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN={HOST} -keyout key1 -out chain1 2>&1
ln -s $PWD/key1 ../../live/{HOST}/privkey.pem
ln -s $PWD/chain1 ../../live/{HOST}/fullchain.pem
"""


def test_a_certificate_of_lets_encrypt_is_found_and_named_by_the_link_that_is_renewed(
    installed: Machine,
) -> None:
    installed.sh(LETS_ENCRYPT)
    chain, key = (f"/etc/letsencrypt/live/{HOST}/{name}.pem" for name in ("fullchain", "privkey"))

    found = installed.install("--dry-run").stdout
    named = installed.install("--dry-run", "--certificate", chain, "--key", key).stdout
    alone = installed.install("--certificate", chain)

    installed.sh("rm -r /etc/letsencrypt")
    assert f"+smtpd_tls_cert_file = {chain}\n+smtpd_tls_key_file = {key}\n" in found
    assert f"{key}\n" in found.partition("99-webmailadmin.conf")[2]
    assert named == found
    assert alone.stderr == "Error: --certificate and --key go together.\n"


# SRS


def test_mail_from_outside_that_leaves_again_is_sent_from_an_address_of_this_host(
    installed: Machine,
) -> None:
    installed.people(["away@bonvenon.fr", "", ["zoe@far.example"]])
    with installed.outside() as outside:
        installed.send(25, "eve@near.example", "away@bonvenon.fr", "From outside")
        installed.send(587, ANN, "zoe@far.example", "From here", log_in=PASSWORD)

        senders = outside(2)

    assert senders[1] == ANN
    assert senders[0].startswith("SRS0=")
    assert senders[0].endswith(f"=near.example=eve@{HOST}")


def test_a_vacation_answer_leaves_without_a_sender(installed: Machine) -> None:
    installed.people(["gone@bonvenon.fr", PASSWORD, [], "Back on Monday."])
    with installed.outside() as outside:
        installed.send(25, "eve@near.example", "gone@bonvenon.fr", "From outside")

        assert outside(1) == [""]


# Back again


def test_uninstall_puts_everything_back_and_keeps_what_people_have(
    installed: Machine, stock: dict[str, list[str]]
) -> None:
    shown = installed.webmailadmin("servers", "uninstall", "--dry-run")
    assert "Nothing is changed." in shown.stdout, shown.stderr

    done = installed.webmailadmin("servers", "uninstall")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("Kept: ")
    after = installed.picture()
    assert {name: after[name] for name in stock if name != "users"} == {
        name: stock[name] for name in stock if name != "users"
    }
    assert installed.path("/var/lib/webmailadmin/webmailadmin.db").exists()
    assert installed.webmailadmin("servers", "uninstall").stdout == "Nothing is set up here.\n"


# No systemd runs on our test machines: what is asked of it is noted, and done as far as is asked.
SYSTEMCTL = """#!/bin/sh
echo "$*" >> /root/asked
for unit in "$@"; do :; done
case $1 in
    enable) touch "/root/enabled-$unit" ;;
    disable) rm "/root/enabled-$unit" ;;
    is-enabled) test -e "/root/enabled-$unit" ;;
esac
"""


def asked_of_systemd(machine: Machine) -> list[str]:
    """Return what systemd was asked to do since the last time."""
    asked = machine.sh("cat /root/asked; rm /root/asked").splitlines()
    return [line for line in asked if not line.startswith("is-")]


def test_with_systemd_the_panel_starts_once_mail_works_and_stops_first(installed: Machine) -> None:
    installed.sh("mkdir -p /run/systemd/system; mv /usr/bin/systemctl /root/ 2>&1 || true")
    installed.run("sh", "-c", "cat > /usr/bin/systemctl", given=SYSTEMCTL)
    installed.run("chmod", "755", "/usr/bin/systemctl")

    up = installed.install("--no-srs")
    started = asked_of_systemd(installed)
    down = installed.webmailadmin("servers", "uninstall")
    stopped = asked_of_systemd(installed)

    installed.sh("rm -r /run/systemd /usr/bin/systemctl; mv /root/systemctl /usr/bin/ || true")
    assert (up.returncode, down.returncode) == (0, 0), up.stderr + down.stderr
    units = [line.split()[-1] for line in started if line.startswith("enable --now ")]
    assert units[:3] == [f"webmailadmin-{name}.service" for name in ("helper", "web", "worker")]
    assert "webmailadmin-doctor.timer" in units
    assert started[0] == "daemon-reload"
    assert up.stdout.index("Checking") < up.stdout.index("unit webmailadmin-helper.service")
    assert stopped == [*(f"disable --now {unit}" for unit in reversed(units)), "daemon-reload"]


def test_what_the_hoster_has_is_kept_beside_ours_and_outlives_us(installed: Machine) -> None:
    installed.sh(
        "postconf -e virtual_alias_maps=inline:{old@legacy.example=root}"
        " 'smtpd_recipient_restrictions = reject_unknown_recipient_domain'"
    )
    before = installed.picture()

    done = installed.install("--keep", "virtual_alias_maps", "--no-srs")

    assert done.returncode == 0, done.stdout + done.stderr
    maps = installed.run("postconf", "-h", "virtual_alias_maps").strip()
    assert maps.endswith(", inline:{old@legacy.example=root}")
    name = "smtpd_recipient_restrictions"
    restrictions = installed.run("postconf", "-h", name).strip()
    assert restrictions.startswith("check_recipient_access ")
    assert restrictions.endswith(", permit_sasl_authenticated, reject_unknown_recipient_domain")

    # What is added afterwards stays, and so does a file that somebody has written in.
    installed.run("postconf", "-e", f"{name} = {restrictions}, reject_rbl_client x.example")
    installed.sh("echo '# mine' >> /etc/webmailadmin.env")
    again = installed.install("--no-srs")
    gone = installed.webmailadmin("servers", "uninstall")

    assert again.stdout == "Nothing to change.\n", again
    assert "/etc/webmailadmin.env" in gone.stdout.splitlines()[-1]
    left = installed.run("postconf", "-h", name).strip()
    assert left == "reject_unknown_recipient_domain, reject_rbl_client x.example"
    installed.sh(f"postconf -e '{name} = reject_unknown_recipient_domain'")
    installed.sh("rm /etc/webmailadmin.env")
    assert installed.picture() == before
