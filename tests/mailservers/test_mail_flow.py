"""Where mail goes, seen from outside: SMTP in, IMAP and POP3 out."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mailservers import forms
from tests.mailservers.stage import Stage, free_ports, fresh_number, in_words, wait_until
from webmailadmin import settings
from webmailadmin.mail import usage
from webmailadmin.models import Address, Mailbox
from webmailadmin.servers.private import System, private_servers
from webmailadmin.upkeep import doctor
from webmailadmin.upkeep.doctor.finding import State, run
from webmailadmin.upkeep.doctor.machine import Answer, Machine

PASSWORD = "correct horse battery"
ALL_DOORS = {"imap", "pop3", "smtp"}
OFF = "550 5.2.1 <{}>: Recipient address rejected: This address is switched off"
RECEIVES_NOTHING = "550 5.1.1 <{}>: Recipient address rejected: This address receives no mail"
DOMAIN_OFF = "550 5.2.1 <{}>: Recipient address rejected: This domain is switched off"
UNKNOWN = "550 5.1.1 <{}>: Recipient address rejected: User unknown in virtual mailbox table"
FULL = "552 5.2.2 <{}>: Recipient address rejected: This mailbox is full"
PROBLEM = re.compile(r"\b(warning|error|fatal|panic):", re.IGNORECASE)
NOT_YOURS = "553 5.7.1 <{}>: Sender address rejected: not owned by user {}"


def refusal(stage: Stage, email: str) -> str:
    """Return what a stranger is told who writes to `email`."""
    return stage.send(email).recipients[0]


def test_the_servers_start_and_deliver_without_a_warning(stage: Stage, bonvenon: str) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    own = stage.servers
    folder = own.folder.with_name("without-a-warning")

    with private_servers(folder, own.values.database, free_ports(), system=own.system) as fresh:
        assert Stage(fresh).send(contact).taken
        assert len(Stage(fresh).read_imap(contact, PASSWORD)) == 1
        said = fresh.logs().splitlines()

    assert [line for line in said if PROBLEM.search(line)] == []
    assert own.system.ask("postconf", "-c", str(own.postfix_folder), "-n").stderr == ""
    assert own.system.ask("doveconf", "-c", str(own.dovecot_file), "-n").stderr == ""


@pytest.mark.parametrize("protocol", ["imap", "pop3", "lmtp"])
def test_what_debian_sets_for_dovecot_does_not_change_what_we_set(
    stage: Stage, protocol: str
) -> None:
    own = stage.servers
    debian = own.folder / f"debian-{protocol}"
    own.system.run("cp", "-r", "/etc/dovecot", str(debian))
    log_in = debian / "conf.d" / "10-auth.conf"
    log_in.write_text(log_in.read_text().replace("!include auth-system", "#!include auth-system"))
    ours = own.dovecot_file.read_text().rpartition("!include ")[2].splitlines()[0].strip()
    (debian / "conf.d" / "99-webmailadmin.conf").write_text(Path(ours).read_text())

    def in_force(file: Path, setting: str) -> str:
        asked = ("-c", str(file), "-f", f"protocol={protocol}", setting)
        return own.system.ask("doveconf", *asked).stdout

    # Those that only one version knows are empty twice in the other.
    for setting in (
        *("auth_username_format", "auth_username_chars", "auth_cache_size", "auth_mechanisms"),
        *("mail_location", "mail_driver", "mail_path", "mail_inbox_path", "mail_plugins"),
        *("mail_uid", "mail_gid", "first_valid_uid", "recipient_delimiter", "passdb", "userdb"),
    ):
        assert in_force(debian / "dovecot.conf", setting) == in_force(own.dovecot_file, setting)


# Mailboxes and aliases


def test_mail_for_a_mailbox_is_read_over_imap_and_pop3(stage: Stage, bonvenon: str) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)

    assert stage.send(contact, subject="Bonjour").taken

    assert [m["Subject"] for m in stage.read_imap(contact, PASSWORD)] == ["Bonjour"]
    assert [m["Subject"] for m in stage.read_pop3(contact, PASSWORD)] == ["Bonjour"]


def test_a_copy_arrives_at_each_recipient_of_a_mailbox(stage: Stage, bonvenon: str) -> None:
    contact, ann, bob = f"contact@{bonvenon}", f"ann@{bonvenon}", f"bob{bonvenon}@gmail.example"
    forms.mailbox(ann, PASSWORD)
    forms.mailbox(contact, PASSWORD, to=[ann, bob])

    assert stage.send(contact, subject="For three").taken

    assert stage.subjects(contact, PASSWORD) == ["For three"]
    assert stage.subjects(ann, PASSWORD) == ["For three"]
    assert [m["Subject"] for m in stage.outside(bob)] == ["For three"]


def test_an_alias_sends_its_mail_on_and_keeps_nothing(stage: Stage, bonvenon: str) -> None:
    sales, ann = f"sales@{bonvenon}", f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD)
    forms.alias(sales, to=[ann])

    assert stage.send(sales, subject="An order").taken

    assert stage.subjects(ann, PASSWORD) == ["An order"]
    assert stage.servers.doveadm("user", sales).returncode == 67  # EX_NOUSER


def test_an_alias_of_an_alias_reaches_the_mailbox_once(stage: Stage, bonvenon: str) -> None:
    first, second, ann = (f"{name}@{bonvenon}" for name in ("first", "second", "ann"))
    forms.mailbox(ann, PASSWORD)
    forms.alias(second, to=[ann])
    forms.alias(first, to=[second, ann])

    assert stage.send(first, subject="Once").taken

    assert stage.subjects(ann, PASSWORD) == ["Once"]


def test_upper_case_reaches_the_same_mailbox(stage: Stage, bonvenon: str) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)

    assert stage.send(contact.upper(), subject="LOUD").taken

    assert stage.subjects(contact.upper(), PASSWORD) == ["LOUD"]
    assert stage.doors_open_to(contact.upper(), PASSWORD) == ALL_DOORS


def test_a_sub_address_reaches_its_mailbox(stage: Stage, bonvenon: str) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)

    assert stage.send(f"contact+shop@{bonvenon}", subject="A parcel").taken

    assert stage.subjects(contact, PASSWORD) == ["A parcel"]


def test_the_extension_is_not_carried_on_to_a_recipient_outside(
    stage: Stage, bonvenon: str
) -> None:
    bob = f"bob-{bonvenon}@gmail.example"
    forms.alias(f"sales@{bonvenon}", to=[bob])

    assert stage.send(f"sales+shop@{bonvenon}", subject="A parcel").taken

    assert [m["Subject"] for m in stage.outside(bob)] == ["A parcel"]


# Refused in the dialogue


def test_an_address_that_is_off_is_refused_and_so_are_its_sub_addresses(
    stage: Stage, bonvenon: str
) -> None:
    off, sub = f"off@{bonvenon}", f"off+shop@{bonvenon}"
    forms.mailbox(off, PASSWORD)
    forms.switch_off(off)

    assert refusal(stage, off) == OFF.format(off)
    assert refusal(stage, sub) == OFF.format(sub)
    assert refusal(stage, off.upper()) == OFF.format(off.upper())


def test_an_address_that_does_not_exist_is_refused(stage: Stage, bonvenon: str) -> None:
    nobody = f"nobody@{bonvenon}"

    assert refusal(stage, nobody) == UNKNOWN.format(nobody)


def test_an_address_that_receives_nothing_yet_is_refused(stage: Stage, bonvenon: str) -> None:
    fresh = f"fresh@{bonvenon}"
    forms.alias(fresh)

    assert refusal(stage, fresh) == RECEIVES_NOTHING.format(fresh)


def test_every_address_of_a_domain_that_is_off_is_refused(stage: Stage, bonvenon: str) -> None:
    contact, nobody = f"contact@{bonvenon}", f"nobody@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.catch_all(bonvenon, contact)
    forms.switch_domain_off(bonvenon)

    assert refusal(stage, contact) == DOMAIN_OFF.format(contact)
    assert refusal(stage, nobody) == DOMAIN_OFF.format(nobody)
    assert refusal(stage, f"contact+x@{bonvenon}") == DOMAIN_OFF.format(f"contact+x@{bonvenon}")


def test_a_domain_that_is_off_leaves_the_domains_below_it_alone(
    stage: Stage, bonvenon: str
) -> None:
    contact = f"contact@shop.{bonvenon}"
    forms.domain(f"shop.{bonvenon}")
    forms.mailbox(contact, PASSWORD)
    forms.switch_domain_off(bonvenon)

    assert stage.send(contact, subject="Below").taken

    assert stage.subjects(contact, PASSWORD) == ["Below"]


@pytest.mark.parametrize(
    "local_part",
    ["o'brien", '"a b"', "' OR '1'='1", "x' UNION SELECT 'contact", "contact%bonvenon.fr"],
)
def test_a_strange_local_part_is_refused(stage: Stage, bonvenon: str, local_part: str) -> None:
    forms.mailbox(f"contact@{bonvenon}", PASSWORD)

    assert refusal(stage, f"{local_part}@{bonvenon}")[:3] in ("501", "550", "554")


def test_one_refused_recipient_does_not_cost_the_others_their_mail(
    stage: Stage, bonvenon: str
) -> None:
    contact, nobody = f"contact@{bonvenon}", f"nobody@{bonvenon}"
    forms.mailbox(contact, PASSWORD)

    dialogue = stage.send(nobody, contact, subject="For one of you")

    assert dialogue.recipients == [UNKNOWN.format(nobody), "250 2.1.5 Ok"]
    assert stage.subjects(contact, PASSWORD) == ["For one of you"]


def test_a_stranger_cannot_send_through_us(stage: Stage, bonvenon: str) -> None:
    elsewhere = "ann@gmail.example"

    assert refusal(stage, elsewhere) == f"554 5.7.1 <{elsewhere}>: Relay access denied"


def test_nobody_is_told_which_addresses_exist(stage: Stage, bonvenon: str) -> None:
    forms.mailbox(f"contact@{bonvenon}", PASSWORD)

    with stage.smtp() as client:
        assert client.verify(f"contact@{bonvenon}")[0] == 502


# Catch-all


def test_a_catch_all_takes_unknown_names(stage: Stage, bonvenon: str) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.catch_all(bonvenon, contact)

    assert stage.send(f"anything@{bonvenon}", subject="Unknown").taken
    assert stage.send(f"any+thing@{bonvenon}", subject="Unknown too").taken

    assert sorted(stage.subjects(contact, PASSWORD)) == ["Unknown", "Unknown too"]


def test_a_catch_all_never_takes_the_mail_of_an_address_that_exists(
    stage: Stage, bonvenon: str
) -> None:
    contact, ann, sales, bob = (f"{name}@{bonvenon}" for name in ("contact", "ann", "sales", "bob"))
    for email in (contact, ann, bob):
        forms.mailbox(email, PASSWORD)
    forms.alias(sales, to=[bob])
    forms.catch_all(bonvenon, contact)

    assert stage.send(ann, subject="To Ann").taken
    assert stage.send(f"ann+shop@{bonvenon}", subject="To Ann's shop").taken
    assert stage.send(sales, subject="To sales").taken

    assert sorted(stage.subjects(ann, PASSWORD)) == ["To Ann", "To Ann's shop"]
    assert stage.subjects(bob, PASSWORD) == ["To sales"]
    assert stage.subjects(contact, PASSWORD) == []


def test_a_catch_all_never_takes_the_mail_of_an_address_that_is_off_or_empty(
    stage: Stage, bonvenon: str
) -> None:
    contact, off, fresh = (f"{name}@{bonvenon}" for name in ("contact", "off", "fresh"))
    forms.mailbox(contact, PASSWORD)
    forms.mailbox(off, PASSWORD)
    forms.alias(fresh)
    forms.catch_all(bonvenon, contact)
    forms.switch_off(off)

    assert refusal(stage, off) == OFF.format(off)
    assert refusal(stage, f"off+x@{bonvenon}") == OFF.format(f"off+x@{bonvenon}")
    assert refusal(stage, fresh) == RECEIVES_NOTHING.format(fresh)
    assert stage.subjects(contact, PASSWORD) == []


def test_a_catch_all_to_an_address_outside_takes_unknown_names(stage: Stage, bonvenon: str) -> None:
    bob = f"bob-{bonvenon}@gmail.example"
    forms.catch_all(bonvenon, bob)

    assert stage.send(f"anything@{bonvenon}", subject="Unknown").taken

    assert [m["Subject"] for m in stage.outside(bob)] == ["Unknown"]


def test_a_catch_all_whose_address_is_off_refuses_unknown_names(
    stage: Stage, bonvenon: str
) -> None:
    contact, nobody = f"contact@{bonvenon}", f"nobody@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.catch_all(bonvenon, contact)
    forms.switch_off(contact)

    assert refusal(stage, nobody) == UNKNOWN.format(nobody)


# Catch-all: the same name at another domain


def test_a_same_name_catch_all_takes_only_names_that_exist_there(
    stage: Stage, bonvenon: str
) -> None:
    old, contact = f"old.{bonvenon}", f"contact@{bonvenon}"
    forms.domain(old)
    forms.mailbox(contact, PASSWORD)
    forms.mailbox(f"off@{bonvenon}", PASSWORD)
    forms.switch_off(f"off@{bonvenon}")
    forms.same_name(old, bonvenon)

    assert stage.send(f"contact@{old}", subject="Old name").taken
    assert stage.send(f"contact+shop@{old}", subject="Old shop").taken
    assert refusal(stage, f"nobody@{old}") == UNKNOWN.format(f"nobody@{old}")
    assert refusal(stage, f"off@{old}") == UNKNOWN.format(f"off@{old}")

    assert sorted(stage.subjects(contact, PASSWORD)) == ["Old name", "Old shop"]


def test_a_same_name_catch_all_leaves_the_domains_own_addresses_alone(
    stage: Stage, bonvenon: str
) -> None:
    old = f"old.{bonvenon}"
    there, here, off = f"contact@{bonvenon}", f"contact@{old}", f"ann@{old}"
    forms.domain(old)
    forms.mailbox(there, PASSWORD)
    forms.mailbox(f"ann@{bonvenon}", PASSWORD)
    forms.mailbox(here, PASSWORD)
    forms.mailbox(off, PASSWORD)
    forms.switch_off(off)
    forms.same_name(old, bonvenon)

    assert stage.send(here, subject="Stays").taken
    assert refusal(stage, off) == OFF.format(off)

    assert stage.subjects(here, PASSWORD) == ["Stays"]
    assert stage.subjects(there, PASSWORD) == []
    assert stage.subjects(f"ann@{bonvenon}", PASSWORD) == []


# Redirections that lead nowhere


@pytest.mark.parametrize("target", ["off", "fresh", "missing"])
def test_an_alias_that_leads_nowhere_is_refused(stage: Stage, bonvenon: str, target: str) -> None:
    sales = f"sales@{bonvenon}"
    arrange_dead_ends(bonvenon)
    forms.alias(sales, to=[f"{target}@{bonvenon}"])

    assert refusal(stage, sales) == RECEIVES_NOTHING.format(sales)


@pytest.mark.parametrize("target", ["off", "fresh"])
def test_mail_on_its_way_to_a_dead_end_does_not_fall_into_the_catch_all(
    stage: Stage, bonvenon: str, target: str
) -> None:
    contact, ann, sales = (f"{name}@{bonvenon}" for name in ("contact", "ann", "sales"))
    arrange_dead_ends(bonvenon)
    forms.mailbox(contact, PASSWORD)
    forms.mailbox(ann, PASSWORD)
    forms.catch_all(bonvenon, contact)
    forms.alias(sales, to=[ann, f"{target}@{bonvenon}"])

    dialogue = stage.send(sales, subject="An order")

    assert dialogue.taken
    assert stage.subjects(ann, PASSWORD) == ["An order"]
    assert stage.subjects(contact, PASSWORD) == []
    assert stage.outside(dialogue.sender) == []


@pytest.mark.parametrize("target", ["off", "fresh", "missing"])
def test_a_recipient_that_leads_nowhere_makes_no_bounce(
    stage: Stage, bonvenon: str, target: str
) -> None:
    contact = f"contact@{bonvenon}"
    arrange_dead_ends(bonvenon)
    forms.mailbox(contact, PASSWORD, to=[f"{target}@{bonvenon}"])

    dialogue = stage.send(contact, subject="Kept")

    assert dialogue.taken
    assert stage.subjects(contact, PASSWORD) == ["Kept"]
    assert stage.outside(dialogue.sender) == []


def test_an_alias_into_a_domain_that_is_off_is_refused_until_it_is_on(
    stage: Stage, bonvenon: str
) -> None:
    shop = f"shop.{bonvenon}"
    sales = f"sales@{bonvenon}"
    forms.domain(shop)
    forms.mailbox(f"contact@{shop}", PASSWORD)
    forms.alias(sales, to=[f"contact@{shop}"])
    forms.switch_domain_off(shop)
    assert refusal(stage, sales) == RECEIVES_NOTHING.format(sales)

    forms.switch_domain_on(shop)
    assert stage.send(sales).taken


def arrange_dead_ends(domain: str) -> None:
    """Add off@ and fresh@ (which receives nothing); missing@ is not there."""
    forms.mailbox(f"off@{domain}", PASSWORD)
    forms.switch_off(f"off@{domain}")
    forms.alias(f"fresh@{domain}")


# Logging in


def test_a_mailbox_logs_in_by_every_door(stage: Stage, bonvenon: str) -> None:
    forms.mailbox(f"contact@{bonvenon}", PASSWORD)

    assert stage.doors_open_to(f"contact@{bonvenon}", PASSWORD) == ALL_DOORS


@pytest.mark.parametrize(
    "name",
    [
        "sales@{}",
        "off@{}",
        "contact+x@{}",
        "contact",
        "nobody@{}",
        "contact@nowhere.example",
        "@{}",
    ],
)
def test_a_name_without_a_living_mailbox_logs_in_by_no_door(
    stage: Stage, bonvenon: str, name: str
) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.alias(f"sales@{bonvenon}", to=[contact])
    forms.mailbox(f"off@{bonvenon}", PASSWORD)
    forms.switch_off(f"off@{bonvenon}")

    assert stage.doors_open_to(name.format(bonvenon), PASSWORD) == set()


@pytest.mark.parametrize("password", ["wrong", PASSWORD.upper(), "' OR '1'='1", "'; --", "%u", "*"])
def test_a_wrong_password_opens_no_door(stage: Stage, bonvenon: str, password: str) -> None:
    forms.mailbox(f"contact@{bonvenon}", PASSWORD)

    assert stage.doors_open_to(f"contact@{bonvenon}", password) == set()


@pytest.mark.parametrize(
    "name",
    [
        "{}' --",
        "x' OR user='{}",
        "{}' OR '1'='1",
        "x' UNION SELECT user, password FROM dovecot_user --",
    ],
)
def test_quotes_in_a_name_open_no_door(stage: Stage, bonvenon: str, name: str) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)

    assert stage.doors_open_to(name.format(contact), PASSWORD) == set()


# Size limits


def test_a_message_that_a_mailbox_has_no_room_for_is_refused_in_the_dialogue(
    stage: Stage, bonvenon: str
) -> None:
    small = f"small@{bonvenon}"
    forms.mailbox(small, PASSWORD, quota_mb=1)

    assert stage.send(small, subject="Fits", characters=700_000).taken
    stage.wait_until_delivered()

    # 3 % above the limit: no grace (Dovecot would give 10 %).
    assert stage.send(small, characters=380_000).recipients == [FULL.format(small)]
    assert stage.send(small, subject="Fits too").taken
    assert sorted(stage.subjects(small, PASSWORD)) == ["Fits", "Fits too"]


def test_a_full_mailbox_refuses_every_message_in_the_dialogue(stage: Stage, bonvenon: str) -> None:
    small, sub = f"small@{bonvenon}", f"small+shop@{bonvenon}"
    a_full_mailbox(stage, small)

    for announced in (True, False):
        for email in (small, sub, small.upper()):
            dialogue = stage.send(email, announce_size=announced)
            assert dialogue.recipients == [FULL.format(email)]
            assert dialogue.message is None
    assert stage.queue() == []


def test_a_message_larger_than_the_whole_mailbox_is_refused_when_it_is_announced(
    stage: Stage, bonvenon: str
) -> None:
    small = f"small@{bonvenon}"
    forms.mailbox(small, PASSWORD, quota_mb=1)

    assert stage.send(small, characters=1_500_000).recipients == [FULL.format(small)]


def test_one_full_mailbox_does_not_cost_the_others_their_mail(stage: Stage, bonvenon: str) -> None:
    small, ann = f"small@{bonvenon}", f"ann@{bonvenon}"
    a_full_mailbox(stage, small)
    forms.mailbox(ann, PASSWORD)

    dialogue = stage.send(small, ann, subject="For one of you")

    assert dialogue.recipients == [FULL.format(small), "250 2.1.5 Ok"]
    assert stage.subjects(ann, PASSWORD) == ["For one of you"]


@pytest.mark.parametrize(
    ("way", "announced"), [("small@{}", False), ("alias@{}", False), ("alias@{}", True)]
)
def test_a_message_without_room_that_was_taken_waits_and_does_not_bounce(
    stage: Stage, bonvenon: str, way: str, announced: bool
) -> None:
    small = f"small@{bonvenon}"
    forms.mailbox(small, PASSWORD, quota_mb=1)
    forms.alias(f"alias@{bonvenon}", to=[small])

    dialogue = stage.send(way.format(bonvenon), characters=1_500_000, announce_size=announced)

    assert dialogue.taken
    assert "4.2.2" in stage.wait_until_deferred(small)
    stage.empty_queue()
    assert stage.subjects(small, PASSWORD) == []
    assert stage.outside(dialogue.sender) == []


def test_a_message_that_waits_arrives_once_there_is_room(stage: Stage, bonvenon: str) -> None:
    small = f"small@{bonvenon}"
    forms.mailbox(small, PASSWORD, quota_mb=1)
    # Without it, Postfix is not asked to try again at once.
    pickup = ("-M", "pickup/unix = pickup unix n - y 60 1 pickup")

    with another_postfix(stage, *pickup) as other:
        other.send(small, subject="Waits", characters=1_500_000, announce_size=False)
        other.wait_until_deferred(small)
        forms.edit(small, {"quota_mb": "2"})
        other.servers.postfix("postqueue", "-f")

        assert other.subjects(small, PASSWORD) == ["Waits"]


def test_whoever_wrote_what_never_found_room_is_told_when_postfix_gives_up(
    stage: Stage, bonvenon: str
) -> None:
    """After maximal_queue_lifetime, five days by default; here at once."""
    small = f"small@{bonvenon}"
    forms.mailbox(small, PASSWORD, quota_mb=1)

    with another_postfix(stage, "maximal_queue_lifetime = 0") as other:
        dialogue = other.send(small, characters=1_500_000, announce_size=False)
        (bounce,) = other.outside(dialogue.sender)

    assert dialogue.taken
    assert (bounce["Return-Path"], bounce["Subject"]) == (
        "<>",
        "Undelivered Mail Returned to Sender",
    )


@contextmanager
def another_postfix(stage: Stage, *setting: str) -> Iterator[Stage]:
    """Run another pair of servers on the same database, with this setting: postconf(1)."""
    own = stage.servers
    folder = own.folder.with_name(f"another-{next(fresh_number)}")
    with private_servers(folder, own.values.database, free_ports(), system=own.system) as servers:
        servers.postfix("postconf", "-e", *setting)
        servers.postfix("postfix", "reload")
        yield Stage(servers)


def a_full_mailbox(stage: Stage, email: str) -> None:
    """Add a mailbox that holds more than its size limit, which was lowered to 1 MB."""
    forms.mailbox(email, PASSWORD, quota_mb=2)
    assert stage.send(email, subject="Large", characters=1_500_000).taken
    stage.wait_until_delivered()
    forms.edit(email, {"quota_mb": "1"})


def test_mail_programs_see_the_size_limit_and_what_is_used(stage: Stage, bonvenon: str) -> None:
    small = f"small@{bonvenon}"
    forms.mailbox(small, PASSWORD, quota_mb=3)

    stage.send(small, characters=700_000)
    stage.wait_until_delivered()

    with stage.imap(small, PASSWORD) as client:
        _, (_, (answer,)) = client.getquotaroot("INBOX")
    assert answer.startswith(b'"User quota" (STORAGE ')
    used, limit = (int(number) for number in answer.rstrip(b")").split()[-2:])
    assert limit == 3 * 1024
    assert 680 < used < 720


def test_a_limit_of_0_is_no_limit(stage: Stage, bonvenon: str) -> None:
    large = f"large@{bonvenon}"
    forms.mailbox(large, PASSWORD, quota_mb=0)

    for _ in range(3):
        assert stage.send(large, characters=700_000).taken

    assert len(stage.read_imap(large, PASSWORD)) == 3
    with stage.imap(large, PASSWORD) as client:
        assert client.getquotaroot("INBOX") == ("OK", [[None], [None]])


def test_the_owner_of_the_mail_files_sees_what_is_used(stage: Stage, bonvenon: str) -> None:
    large = f"large@{bonvenon}"
    forms.mailbox(large, PASSWORD, quota_mb=3)
    stage.send(large, characters=700_000)
    stage.wait_until_delivered()
    own = stage.servers

    as_vmail = ("setpriv", "--reuid=vmail", "--regid=vmail", "--clear-groups")
    counting = ("-f", "tab", "quota", "get", "-u", large)
    answer = own.system.run(*as_vmail, "doveadm", "-c", str(own.dovecot_file), *counting)

    _, storage, messages = (line.split("\t") for line in answer.splitlines())
    assert [storage[1], storage[3], messages[1:3]] == ["STORAGE", "3072", ["MESSAGE", "1"]]
    assert 680 < int(storage[2]) < 720


def test_a_megabyte_is_as_many_bytes_for_postfix_and_dovecot_as_on_the_pages(
    stage: Stage, bonvenon: str
) -> None:
    small = f"small@{bonvenon}"
    forms.mailbox(small, PASSWORD, quota_mb=1)

    def answer(size: int) -> str:
        with stage.smtp() as client:
            client.mail(f"size{size}@elsewhere.example", [f"size={size}"])
            return in_words(client.rcpt(small))

    # To the byte: what the pages call 1 MB is the largest message that an empty one takes.
    assert answer(usage.MB).startswith("250 ")
    assert answer(usage.MB + 1) == FULL.format(small)

    assert stage.send(small, characters=usage.MB * 85 // 100).taken
    stage.wait_until_delivered()
    measured = stage.servers.doveadm("-f", "tab", "mailbox", "status", "-u", small, "vsize", "*")
    size = int(measured.stdout.split()[-1])
    counted = stage.servers.doveadm("-f", "tab", "quota", "get", "-u", small).stdout.splitlines()
    assert counted[1].split("\t")[1:4] == ["STORAGE", str(-(-size // 1024)), "1024"]
    assert forms.told_of_use(small, size) == "0.9 MB of 1 MB nearly full"


# Who may send as whom


def test_who_has_logged_in_sends_as_the_own_address_and_as_its_aliases(
    stage: Stage, bonvenon: str
) -> None:
    contact, sales, bob = f"contact@{bonvenon}", f"sales@{bonvenon}", "bob@gmail.example"
    forms.mailbox(contact, PASSWORD)
    forms.alias(sales, to=["elsewhere@gmail.example", contact])

    for sender in (contact, sales, contact.upper()):
        assert stage.send(bob, sender=sender, log_in=(contact, PASSWORD)).taken


def test_who_has_logged_in_cannot_send_as_somebody_else(stage: Stage, bonvenon: str) -> None:
    contact, ann, off = f"contact@{bonvenon}", f"ann@{bonvenon}", f"off@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.mailbox(ann, PASSWORD)
    forms.alias(off, to=[contact])
    forms.switch_off(off)

    for sender in (ann, off, f"nobody@{bonvenon}", "contact@gmail.example"):
        dialogue = stage.send("bob@gmail.example", sender=sender, log_in=(contact, PASSWORD))
        assert dialogue.recipients == [NOT_YOURS.format(sender, contact)]


def test_mail_of_ours_that_a_forwarder_brings_back_is_taken(stage: Stage, bonvenon: str) -> None:
    contact, ann = f"contact@{bonvenon}", f"ann@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.mailbox(ann, PASSWORD)

    assert stage.send(ann, sender=contact, subject="Forwarded").taken

    assert stage.subjects(ann, PASSWORD) == ["Forwarded"]


def test_what_is_refused_to_strangers_is_refused_to_who_has_logged_in(
    stage: Stage, bonvenon: str
) -> None:
    contact, off = f"contact@{bonvenon}", f"off@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.mailbox(off, PASSWORD)
    forms.switch_off(off)

    dialogue = stage.send(off, sender=contact, log_in=(contact, PASSWORD))

    assert dialogue.recipients == [OFF.format(off)]


# Smuggling


def test_a_message_cannot_smuggle_in_another(stage: Stage, bonvenon: str) -> None:
    contact, ann = f"contact@{bonvenon}", f"ann@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    forms.mailbox(ann, PASSWORD)
    second = f"MAIL FROM:<{contact}>\r\nRCPT TO:<{ann}>\r\nDATA\r\nSubject: Second\r\n\r\nHa!"

    with stage.smtp() as client:
        client.mail("stranger@elsewhere.example")
        client.rcpt(contact)
        client.docmd("DATA")
        client.send(f"Subject: First\r\n\r\nHi!\n.\r\n{second}\r\n.\r\n")
        client.getreply()

    assert stage.subjects(contact, PASSWORD) == ["First"]
    assert stage.subjects(ann, PASSWORD) == []


# How soon a change counts


def test_a_new_mailbox_receives_and_logs_in_within_a_second(stage: Stage, bonvenon: str) -> None:
    ann = f"ann@{bonvenon}"
    assert refusal(stage, ann) == UNKNOWN.format(ann)

    forms.mailbox(ann, PASSWORD)

    assert seconds_until(lambda: stage.send(ann).taken) < 1
    assert seconds_until(lambda: stage.doors_open_to(ann, PASSWORD) == ALL_DOORS) < 1


def test_an_address_that_is_switched_off_stops_within_a_second(stage: Stage, bonvenon: str) -> None:
    ann = f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD)
    assert stage.send(ann).taken
    assert stage.doors_open_to(ann, PASSWORD) == ALL_DOORS

    forms.switch_off(ann)

    assert seconds_until(lambda: refusal(stage, ann) == OFF.format(ann)) < 1
    assert seconds_until(lambda: stage.doors_open_to(ann, PASSWORD) == set()) < 1


def test_a_new_password_replaces_the_old_one_within_a_second(stage: Stage, bonvenon: str) -> None:
    ann, new = f"ann@{bonvenon}", "staple correct horse"
    forms.mailbox(ann, PASSWORD)
    assert stage.doors_open_to(ann, PASSWORD) == ALL_DOORS

    forms.new_password(ann, new)

    assert seconds_until(lambda: stage.doors_open_to(ann, new) == ALL_DOORS) < 1
    assert stage.doors_open_to(ann, PASSWORD) == set()


def seconds_until(happened: Callable[[], bool]) -> float:
    """Return how long it took until it was so."""
    return wait_until(happened, lambda: "It never happened.")


# What the doctor sees


class Within(Machine):
    """Asks the servers of the system that they run in."""

    system: System

    def ask(self, *command: str, **_: object) -> Answer:
        done = self.system.ask(*command)
        return Answer(done.returncode, done.stdout, done.stderr)


def test_the_doctor_understands_these_servers(
    stage: Stage, bonvenon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = stage.servers
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    here = replace(settings.current, mail_root=own.values.mail_root)
    monkeypatch.setattr(settings, "current", here)
    home = Mailbox.select().join(Address).where(Address.email == contact).get().home
    machine = Within(own.postfix_folder, own.dovecot_file)
    machine.__dict__["system"] = own.system
    machine.facts["keys"] = {"dovecot_user": [contact, home]}

    for code in (
        *("postfix-maps", "postfix-settings", "smuggling", "delimiter"),
        *("dovecot-settings", "vacation-answers", "log-in"),
    ):
        found = list(run([doctor.CHECKS[code]], machine))
        assert {one.state for one in found} == {State.OK}, found
    machine.facts["keys"] = {"dovecot_user": [contact, "0" * 32]}
    found = list(run([doctor.CHECKS["log-in"]], machine))
    assert [one.values["email"] for one in found] == [contact]
