"""Where mail ends, told anew from the plain tables: what the stored answers are held against.

Nothing here calls the rules. `check()` holds the whole database to the invariants that must be
true after every change, whatever was done before, and the panel's own look at them to silence.
"""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.mail.stage import sql
from webmailadmin.mail import invariants

MOST_STEPS = 10
MOST_IN_ALL = 500
OURS = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?@([a-z0-9-]+\.)+[a-z0-9-]+")
PLAIN = re.compile(r"[a-z0-9_+='#$&*?^`{}~.-][a-z0-9_+='#$&*?^`{}~./-]*@([a-z0-9-]+\.)+[a-z0-9-]+")
HASH = re.compile(r"\$2b\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}")
DIGEST = re.compile(r"[0-9a-f]{64}")
UNKNOWN = "nobody-has-this-name"


@dataclass
class Place:
    """A domain of ours."""

    id: int
    name: str
    on: bool
    catch_all_to: str | None
    same_names_at: int | None
    catch_all_receives: bool


@dataclass
class Spot:
    """An address of ours."""

    email: str
    place: Place
    on: bool
    receives: bool
    box: bool
    keeps: bool
    recipients: dict[str, bool] = field(default_factory=dict)


@dataclass
class World:
    """All domains that are not removed, and all addresses."""

    places: dict[str, Place]
    spots: dict[str, Spot]

    def place(self, email: str) -> Place | None:
        return self.places.get(email.split("@")[-1])

    def caught_by(self, email: str) -> str | None:
        """Return where the catch-all of its domain sends an address that does not exist."""
        place = self.places[email.split("@")[-1]]
        if place.same_names_at is None:
            return place.catch_all_to
        for spot in self.spots.values():
            if spot.place.id == place.same_names_at and local(spot.email) == local(email):
                return spot.email
        return None

    def ends(self, email: str) -> set[str]:
        """Return where mail for `email` ends for good, were it let in now."""
        place, email_here = self.place(email), bare(email)
        if place is None:
            return {email}
        if not place.on:
            return set()
        spot = self.spots.get(email_here)
        if spot is None:
            caught = self.caught_by(email_here)
            return self.ends(caught) if caught else set()
        if not spot.on:
            return set()
        return ({email_here} if spot.keeps else set()).union(*map(self.ends, spot.recipients))

    def lives(self, spot: Spot) -> bool:
        """Say whether an address has an end, its own domain's switch disregarded."""
        return spot.on and (
            spot.keeps or any(self.reaches(to, spot.place) for to in spot.recipients)
        )

    def reaches(self, email: str, coming_from: Place) -> bool:
        """Say whether mail that an address in `coming_from` sends on arrives somewhere."""
        place = self.place(email)
        if place is None:
            return True
        if not place.on and place is not coming_from:
            return False
        spot = self.spots.get(bare(email))
        if spot is not None:
            return self.lives(spot)
        caught = self.caught_by(bare(email))
        if caught is None:
            return False
        # One address for all is asked for where it is set; the same names, by whoever comes.
        return self.reaches(caught, coming_from if place.same_names_at else place)

    def stops(self, email: str) -> set[str]:
        """Return where `email` leads at once, whatever is switched on or off."""
        if self.place(email) is None:
            return set()
        spot = self.spots.get(email)
        if spot is not None:
            return set(map(bare, spot.recipients))
        caught = self.caught_by(email)
        return {bare(caught)} if caught else set()


def local(email: str) -> str:
    """Return what stands before the @."""
    return email.split("@")[0]


def bare(email: str) -> str:
    """Return an address without its +extension."""
    name, domain = email.split("@")
    return f"{name.split('+')[0] or name}@{domain}"


def world() -> World:
    """Read the tables."""
    places = {
        row[0]: Place(*row)
        for row in sql(
            "SELECT id, name, enabled, catch_all_to, catch_all_domain_id, catch_all_receives"
            " FROM domain WHERE removed_at IS NULL"
        )
    }
    boxes = dict(sql("SELECT address_id, receives FROM mailbox WHERE address_id IS NOT NULL"))
    spots = {}
    for id_, place, email, on, receives in sql(
        "SELECT id, domain_id, email, enabled, receives FROM address"
    ):
        assert place in places, f"{email} lies in a removed domain"
        spots[id_] = Spot(
            email, places[place], bool(on), bool(receives), id_ in boxes, bool(boxes.get(id_))
        )
    for id_, email, lives in sql("SELECT address_id, email, receives FROM recipient ORDER BY id"):
        spots[id_].recipients[email] = bool(lives)
    return World(
        {place.name: place for place in places.values()},
        {spot.email: spot for spot in spots.values()},
    )


def check(most_steps: int = MOST_STEPS, most_in_all: int = MOST_IN_ALL) -> None:
    """Hold the database to what must be true after every change."""
    here = world()
    check_names(here)
    check_ways(here, most_steps, most_in_all)
    check_postmasters(here)
    check_stored_answers(here)
    check_postfix(here)
    check_dovecot(here)
    check_counts(here)
    check_sums()
    check_mailboxes()
    check_journal()
    assert sql("PRAGMA foreign_key_check") == []
    assert invariants.broken() == [], "a false alarm"


def check_names(here: World) -> None:
    """Addresses are lower-case ASCII of their domain; recipients are one plain address."""
    for spot in here.spots.values():
        assert OURS.fullmatch(spot.email)
        assert ".." not in spot.email
        assert len(spot.email) <= 254
        assert here.place(spot.email) is spot.place
        for email in spot.recipients:
            assert PLAIN.fullmatch(email), email
    rows = sql("SELECT email, target, domain FROM recipient")
    assert rows == [(email, bare(email), email.split("@")[1]) for email, _, _ in rows]


def check_ways(here: World, most_steps: int, most_in_all: int) -> None:
    """No way leads back to itself, none is too long or too wide: switches disregarded."""
    for start in here.spots:
        steps, level, seen = 0, {start}, {start}
        while level := set().union(*map(here.stops, level)) - (seen - {start}):
            assert start not in level, f"a circle through {start}"
            steps += 1
            seen |= level
        assert steps <= most_steps, f"{start} takes {steps} steps"
        assert len(seen) <= most_in_all + 1, f"{start} leads to {len(seen)}"


def check_postmasters(here: World) -> None:
    """Each domain has its postmaster@, switched on, with an end."""
    for name in here.places:
        postmaster = here.spots[f"postmaster@{name}"]
        assert postmaster.on
        assert here.lives(postmaster), f"postmaster@{name} leads nowhere"


def check_stored_answers(here: World) -> None:
    """`receives` is right, of addresses, recipients and catch-alls."""
    for spot in here.spots.values():
        assert spot.receives == here.lives(spot), spot.email
        for email, arrives in spot.recipients.items():
            assert arrives == here.reaches(email, spot.place), f"{spot.email} to {email}"
        if spot.place.on:
            assert spot.receives == bool(here.ends(spot.email)), spot.email
    for place in here.places.values():
        to = place.catch_all_to
        assert place.catch_all_receives == bool(to and here.reaches(to, place)), place.name
        if place.on:
            assert place.catch_all_receives == bool(to and here.ends(to)), place.name


class Postfix:
    """What Postfix answers from the views, key by key as it asks."""

    def __init__(self) -> None:
        self.domains = {name for (name,) in sql("SELECT name FROM postfix_domain")}
        self.mailboxes = {email for (email,) in sql("SELECT email FROM postfix_mailbox")}
        self.refused = dict(sql("SELECT email, action FROM postfix_refused"))
        self.aliases = defaultdict(list)
        for email, to in sql("SELECT email, recipient FROM postfix_alias"):
            self.aliases[email].append(to)
        self.same_names = {
            f"{name}@{domain}": [to]
            for domain, name, to in sql(
                "SELECT domain, local_part, recipient FROM postfix_same_name"
            )
        }

    def look_up(self, email: str) -> list[str]:
        """Return the rows of the first key that has any: whole, without +extension, @domain."""
        for key in (email, bare(email)):
            if found := self.aliases.get(key) or self.same_names.get(key):
                return found
        return self.aliases.get("@" + email.split("@")[1], [])

    def expand(self, email: str, steps: int = 0) -> list[str]:
        """Follow the rows until an address leads to itself or to nothing of ours."""
        assert steps < 50, f"alias expansion error at {email}"
        found = self.look_up(email)
        if not found:
            return [email]
        return [
            end for to in found for end in ([to] if to == email else self.expand(to, steps + 1))
        ]

    def takes(self, email: str) -> set[str] | None:
        """Return where mail for `email` is delivered, or None for a 550 in the dialogue.

        A delivery that would fail afterwards, with a bounce to a perhaps forged sender, is an
        error of the views.
        """
        domain = email.split("@")[1]
        if any(key in self.refused for key in (email, bare(email), domain)):
            return None
        if not (self.look_up(email) or email in self.mailboxes or bare(email) in self.mailboxes):
            return None
        ends = {bare(e) if e.split("@")[1] in self.domains else e for e in self.expand(email)}
        ours = {end for end in ends if end.split("@")[1] in self.domains}
        assert ours <= self.mailboxes, f"mail for {email} bounces at {ours - self.mailboxes}"
        return ends


def check_postfix(here: World) -> None:
    """The views send mail where it belongs, refuse what leads nowhere, and never bounce."""
    postfix = Postfix()
    assert postfix.domains == set(here.places)
    unknown = {f"{UNKNOWN}@{name}" for name in here.places}
    spoken_of = {bare(to) for spot in here.spots.values() for to in spot.recipients}
    same_names = {f"{local(email)}@{name}" for email in here.spots for name in here.places}
    ours = {email for email in spoken_of if here.place(email)}
    for email in set(here.spots) | unknown | same_names | ours:
        wanted = here.ends(email) or None
        for written in (email, email.replace("@", "+tag@")):
            assert postfix.takes(written) == wanted, written


def check_dovecot(here: World) -> None:
    """Who has a mailbox: at a living address that is on. Who may log in, with which hashes."""
    on = sorted(spot.email for spot in here.spots.values() if spot.box and spot.on)
    assert sorted(user for (user,) in sql("SELECT user FROM dovecot_user")) == on
    allowed = sql(
        "SELECT email, mailbox.id, password, main_in_programs FROM mailbox"
        " JOIN address ON address.id = address_id WHERE may_log_in AND enabled"
    )
    expected = [(email, "", hash_, None) for email, _, hash_, main in allowed if main]
    for email, box, _, _ in allowed:
        found = sql("SELECT password, id FROM app_password WHERE mailbox_id = ?", box)
        expected += [(email, digest, digest, id_) for digest, id_ in found]
    rows = sql("SELECT user, digest, password, app FROM dovecot_password")
    assert sorted(rows, key=str) == sorted(expected, key=str)
    assert all((DIGEST if digest else HASH).fullmatch(hash_) for _, digest, hash_, _ in rows)
    senders = {login for (login,) in sql("SELECT login FROM postfix_sender")}
    assert senders <= {email for email, *_ in allowed}


def check_counts(here: World) -> None:
    """What the menu counts is what there is."""
    counted = sql("SELECT name, addresses, mailboxes FROM domain WHERE removed_at IS NULL")
    addresses = Counter(spot.place.name for spot in here.spots.values())
    boxes = Counter(spot.place.name for spot in here.spots.values() if spot.box)
    assert sorted(counted) == sorted((name, addresses[name], boxes[name]) for name in here.places)
    assert sql("SELECT id FROM domain WHERE removed_at IS NOT NULL AND addresses + mailboxes") == []


def check_sums() -> None:
    """What a domain allows and holds is what its living mailboxes are allowed and hold."""
    sums = (
        "SELECT domain.id, coalesce(sum(quota_mb), 0), count(*) FILTER (WHERE quota_mb = 0),"
        " coalesce(sum(bytes), 0) FROM domain LEFT JOIN address ON address.domain_id = domain.id"
        " LEFT JOIN mailbox ON address_id = address.id LEFT JOIN usage ON mailbox_id = mailbox.id"
        " GROUP BY domain.id"
    )
    kept = "SELECT id, allocated_mb, unlimited, used_bytes FROM domain"
    assert sorted(sql(kept)) == sorted(sql(sums))
    filed = sql(
        "SELECT usage.domain_id, percent, address.domain_id, quota_mb, bytes FROM usage"
        " JOIN mailbox ON mailbox.id = mailbox_id LEFT JOIN address ON address.id = address_id"
    )
    for domain, percent, where, quota_mb, size in filed:
        assert domain == where
        assert percent == (size * 100 // (quota_mb * 1024 * 1024) if quota_mb else None)


def check_mailboxes() -> None:
    """A mailbox is at an address or among the removed ones, never both; no home is used twice."""
    rows = sql(
        "SELECT mailbox.id, mailbox.home, address_id IS NOT NULL,"
        " (SELECT count(*) FROM removed WHERE removed.mailbox_id = mailbox.id) FROM mailbox"
    )
    assert all(living + kept == 1 for _, _, living, kept in rows)
    assert len({home for _, home, _, _ in rows}) == len(rows)
    assert all(re.fullmatch(r"[0-9a-f]{32}", home) for _, home, _, _ in rows)
    assert sql("SELECT home FROM purge JOIN mailbox USING (home)") == [], "to be deleted, yet used"
    kept = sql(
        "SELECT DISTINCT kind, mailbox_id IS NULL, address_id = 0, domain.removed_at IS NULL"
        " FROM removed JOIN domain ON domain.id = domain_id WHERE kind != 'address' OR with_domain"
    )
    assert {row[:3] for row in kept if row[0] == "mailbox"} <= {("mailbox", 0, 0)}
    assert {row[:3] for row in kept if row[0] == "catch-all"} <= {("catch-all", 1, 1)}
    assert not [row for row in kept if row[0] == "address" and row[3]], "kept with a living domain"


def check_journal() -> None:
    """Told from its first entry on, the journal ends with the addresses that there are."""
    told: dict[tuple[int, str], set[str]] = {}
    aside: dict[int, dict[tuple[int, str], set[str]]] = {}
    names = dict(sql("SELECT id, name FROM domain"))
    for act, domain, email, details in sql(
        "SELECT act, domain_id, email, details FROM journal WHERE domain_id IS NOT NULL ORDER BY id"
    ):
        if act == "domain.installed":
            told[domain, f"postmaster@{names[domain]}"] = set()
        elif act in ("address.added", "address.restored"):
            assert (domain, email) not in told
            told[domain, email] = set()
        elif act == "address.removed":
            del told[domain, email]
        elif act == "address.renamed":
            told[domain, json.loads(details)["to"]] = told.pop((domain, email))
        elif act == "domain.taken-off":
            aside[domain] = {key: told.pop(key) for key in list(told) if key[0] == domain}
        elif act == "domain.put-back":
            told |= aside.pop(domain)
        elif act == "recipients.added":
            told[domain, email] |= set(json.loads(details)["emails"].split(", "))
        elif act == "recipients.taken":
            told[domain, email] -= set(json.loads(details)["emails"].split(", "))
        elif act == "mailbox.restored":
            told.setdefault((domain, email), set())
    there: dict[tuple[int, str], set[str]] = {}
    for domain, email, to in sql(
        "SELECT address.domain_id, address.email, recipient.email FROM address"
        " LEFT JOIN recipient ON recipient.address_id = address.id"
    ):
        there.setdefault((domain, email), set()).update({to} - {None})
    assert told == there
