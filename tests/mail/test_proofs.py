"""That a domain is an owner's: what its DNS says, asked over the network."""

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

import pytest

from tests.dns_of import name_server
from tests.mail.people import owner
from tests.mail.stage import everything
from webmailadmin import settings
from webmailadmin.mail import domains, name_servers, proofs
from webmailadmin.mail.actors import COMMAND_LINE
from webmailadmin.mail.errors_of_domains import ContactMissing, DomainUnproved, NameServersSilent
from webmailadmin.mail.errors_of_limits import DomainsUsedUp
from webmailadmin.settings import WrongSetting

RECORD = "_webmailadmin.neuf.fr"


@pytest.fixture
def bruno(bonvenon):
    """An owner who may add a domain."""
    return owner("bruno", bonvenon, most_domains="1")


@pytest.fixture
def dns(alice):
    """The name server that is asked."""
    with name_server() as server:
        yield server


def add(by, name="neuf.fr", contact="bruno@elsewhere.org"):
    """Let somebody add a domain."""
    return domains.install(name, contact, by=by)


def test_a_domain_whose_dns_names_its_owner_is_theirs(dns, bruno):
    dns.texts[RECORD] = ["something-else", proofs.code(bruno)]
    assert add(bruno) == domains.of(bruno, "neuf.fr")
    assert dns.asked == [RECORD]


def test_a_record_may_be_in_several_pieces_and_with_blanks_around(dns, bruno):
    code = proofs.code(bruno)
    dns.texts[RECORD] = [f'" {code[:9]}" "{code[9:]} "']
    assert add(bruno)


@pytest.mark.parametrize("texts", [None, [], ["something-else"], ['"\\195\\040"']])
def test_a_domain_whose_dns_does_not_name_its_owner_is_refused(dns, bruno, texts):
    if texts is not None:
        dns.texts[RECORD] = texts
    before = everything()
    with pytest.raises(DomainUnproved) as refusal:
        add(bruno)
    assert refusal.value.values == {"name": "neuf.fr", "record": RECORD}
    assert everything() == before


def test_what_another_owner_shows_is_no_proof(dns, bruno):
    other = owner("camille", most_domains="1")
    dns.texts[RECORD] = [proofs.code(other)]
    with pytest.raises(DomainUnproved):
        add(bruno)
    assert add(other)


def test_a_number_that_is_given_once_more_is_no_proof(dns, bruno):
    """As after an earlier database was brought back."""
    dns.texts[RECORD] = [proofs.code(replace(bruno, name="former"))]
    with pytest.raises(DomainUnproved):
        add(bruno)


def test_the_record_of_another_panel_is_no_proof(dns, bruno, data):
    code = proofs.code(bruno)
    (data / "key").write_bytes(bytes(32))
    dns.texts[RECORD] = [code]
    with pytest.raises(DomainUnproved):
        add(bruno)


def test_a_name_with_accents_is_asked_for_as_the_dns_knows_it(dns, bruno):
    dns.texts["_webmailadmin.xn--caf-dma.fr"] = [proofs.code(bruno)]
    assert add(bruno, "Café.fr").name == "xn--caf-dma.fr"


def test_a_name_server_that_fails_is_said_and_no_proof(dns, bruno):
    dns.broken = True
    with pytest.raises(NameServersSilent):
        add(bruno)


def test_a_name_too_long_for_the_record_is_no_proof(dns, bruno):
    name = ".".join(["a" * 60] * 4) + ".fr"
    with pytest.raises(NameServersSilent):
        add(bruno, name)


def test_nobody_waits_long_for_a_name_server_that_says_nothing(dns, bruno, monkeypatch):
    monkeypatch.setattr(name_servers, "SECONDS", 0.2)
    monkeypatch.setattr(dns, "answer", lambda question: question)  # which is no answer
    with pytest.raises(NameServersSilent):
        add(bruno)


def test_who_asks_much_at_once_holds_no_more_than_a_few_threads(dns, bruno, monkeypatch):
    """Their own name server may be slow on purpose: here, until the others were refused."""
    monkeypatch.setattr(name_servers, "SECONDS", 20)
    refused, answer = threading.Event(), dns.answer
    monkeypatch.setattr(dns, "answer", lambda question: refused.wait(20) and answer(question))
    with ThreadPoolExecutor(8) as threads:
        asked = [
            threads.submit(name_servers.texts, "_webmailadmin", f"{n}.fr")
            for n in ("un", "deux", *"abcdef")
        ]
        done = as_completed(asked)
        for _ in range(6):
            assert isinstance(next(done).exception(), NameServersSilent)
        refused.set()
        assert [last.result() for last in done] == [[], []]


def test_what_needs_no_name_server_is_refused_without_one(dns, bruno):
    with pytest.raises(ContactMissing):
        add(bruno, contact="")
    dns.texts[RECORD] = [proofs.code(bruno)]
    add(bruno)
    with pytest.raises(DomainsUsedUp):
        add(bruno, "encore.fr")
    assert dns.asked == [RECORD]


def test_the_hoster_shows_nothing(dns, alice):
    assert add(alice)
    assert add(COMMAND_LINE, "encore.fr")
    assert dns.asked == []


def test_a_hoster_may_trust_the_owners(dns, bruno):
    settings.use(replace(settings.current, owners_prove_domains=False))
    assert add(bruno)
    assert dns.asked == []


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_the_name_server_of_the_settings_is_read(typed, read):
    environment = {"WEBMAILADMIN_NAME_SERVER": typed}
    assert settings.read(environment).name_server == read


@pytest.mark.parametrize("typed", ["ns.example.net", "192.0.2.1:0x35", "192.0.2.1:99999", "[", "@"])
def test_a_name_server_that_is_no_address_is_refused(typed):
    with pytest.raises(WrongSetting):
        settings.read({"WEBMAILADMIN_NAME_SERVER": typed})
