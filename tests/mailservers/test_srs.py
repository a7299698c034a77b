"""Mail from outside that is redirected outside carries an envelope sender of ours."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mailservers import forms
from tests.mailservers.stage import Stage, free_ports, wait_until
from webmailadmin import database
from webmailadmin.servers import srs
from webmailadmin.servers.private import LOOPBACK, PrivateServers, private_servers

PASSWORD = "seventeen green kettles"
MAIL_HOST = "mx.hoster.example"
OUTSIDE = "ann@far.example"


@dataclass(frozen=True)
class Rewriting:
    """A running postsrsd beside the servers."""

    stage: Stage
    process: subprocess.Popen[bytes]


@pytest.fixture
def rewriting(open_folder: Path) -> Iterator[Rewriting]:
    """Servers with SRS as it is set up on a machine, and postsrsd on ports of its own."""
    forms.open_panel(open_folder / "database")
    file = open_folder / "database" / "webmailadmin.db"
    spare = free_ports()
    ports = srs.SrsPorts(spare.smtp, spare.imap, spare.pop3)
    secret = open_folder / "secret"
    secret.write_text("not to be guessed\n")
    with private_servers(
        open_folder / "servers", file, free_ports(), mail_host=MAIL_HOST
    ) as servers:
        add_srs(servers, ports)
        process = subprocess.Popen(
            [
                *("postsrsd", "-s", str(secret), "-d", MAIL_HOST, "-l", LOOPBACK),
                *("-f", str(ports.forward), "-r", str(ports.reverse), "-u", "nobody"),
            ]
        )
        yield Rewriting(Stage(servers), process)
        process.kill()
        process.wait()
    database.db.close()


def add_srs(servers: PrivateServers, ports: srs.SrsPorts) -> None:
    """Add the files and the settings, and let the running Postfix read them."""
    for name, text in srs.maps(servers.values, ports).items():
        path = servers.values.maps / name
        path.write_text(text)
        servers.system.run("chgrp", "postfix", str(path))
        path.chmod(0o640)
    with (servers.postfix_folder / "main.cf").open("a") as main_cf:
        for name, value in srs.parameters(servers.values, ports).items():
            main_cf.write(f"{name} = {value}\n")
    with (servers.postfix_folder / "master.cf").open("a") as master_cf:
        for line, *options in srs.services(ports).values():
            master_cf.write("\n  -o ".join([line, *options]) + "\n")
    servers.postfix("postfix", "reload")


def return_paths(stage: Stage, email: str) -> list[str]:
    """Return the envelope senders of what left this machine for `email`."""
    return [message["Return-Path"].strip("<>") for message in stage.outside(email)]


def test_what_comes_from_outside_and_leaves_again_is_rewritten_and_its_bounce_finds_back(
    rewriting: Rewriting, new_domain: str
) -> None:
    stage = rewriting.stage
    forms.domain(new_domain)
    forms.mailbox(f"both@{new_domain}", PASSWORD, to=[OUTSIDE])

    sent = stage.send(f"both@{new_domain}", sender="bob@near.example")
    assert sent.taken, sent

    (kept,) = stage.read_imap(f"both@{new_domain}", PASSWORD)
    assert kept["Return-Path"] == "<bob@near.example>"
    wait_until(lambda: bool(stage.outside(OUTSIDE)), stage.servers.logs)
    (left,) = stage.outside(OUTSIDE)
    rewritten = left["Return-Path"].strip("<>")
    assert re.fullmatch(rf"SRS0=[^@]+=near\.example=bob@{MAIL_HOST}", rewritten)
    assert left["From"] == "bob@near.example"

    bounce = stage.send(rewritten, sender="<>")
    assert bounce.taken, bounce
    wait_until(lambda: bool(stage.outside("bob@near.example")), stage.servers.logs)
    assert return_paths(stage, "bob@near.example") == [""]


def test_a_made_up_address_of_this_kind_is_refused(rewriting: Rewriting) -> None:
    refused = rewriting.stage.send(f"SRS0=AAAA=BB=near.example=bob@{MAIL_HOST}", sender="<>")

    assert refused.recipients[0].startswith("550 ")


def test_senders_in_our_own_domains_are_left_alone(rewriting: Rewriting, new_domain: str) -> None:
    stage = rewriting.stage
    forms.domain(new_domain)
    forms.mailbox(f"me@{new_domain}", PASSWORD)
    forms.alias(f"away@{new_domain}", to=["eve@far.example"])

    own = stage.send(
        "direct@far.example", sender=f"me@{new_domain}", log_in=(f"me@{new_domain}", PASSWORD)
    )
    led = stage.send(f"away@{new_domain}", sender=f"me@{new_domain}")
    assert own.taken, own
    assert led.taken, led

    assert return_paths(stage, "direct@far.example") == [f"me@{new_domain}"]
    assert return_paths(stage, "eve@far.example") == [f"me@{new_domain}"]


def test_without_postsrsd_only_what_must_be_rewritten_waits(
    rewriting: Rewriting, new_domain: str
) -> None:
    stage = rewriting.stage
    rewriting.process.kill()
    rewriting.process.wait()
    forms.domain(new_domain)
    forms.mailbox(f"here@{new_domain}", PASSWORD)
    forms.alias(f"gone@{new_domain}", to=["zoe@far.example"])

    assert stage.send(f"here@{new_domain}").taken
    assert len(stage.read_imap(f"here@{new_domain}", PASSWORD)) == 1
    assert stage.send(f"gone@{new_domain}").taken
    # Postfix asks ten times, a second apart.
    wait_until(
        lambda: "451" in (stage.reason_to_wait("zoe@far.example") or ""), stage.servers.logs, 30
    )
    stage.empty_queue()
