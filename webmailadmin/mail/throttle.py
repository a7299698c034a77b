"""Failures slow down who fails: by the name that was tried, and by the network it came from."""

import ipaddress
from datetime import timedelta

from webmailadmin.database import db
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_log_ins import TooManyFailures
from webmailadmin.models import Throttle, now

# Failures that are free, and the longest wait afterwards in seconds. A name waits shortly: a
# stranger who fails on purpose must not keep its person out.
# Codes wait longer: only who knows the password comes as far as failing there.
FREE_TRIES = {"account": 5, "network": 20, "code": 5}
LONGEST_WAIT = {"account": 60, "network": 900, "code": 900}
FORGET_AFTER = timedelta(hours=1)


def keys(name: str, client: str) -> list[str]:
    """Return what failures are counted by. client: the network address of who tries."""
    return [key_of(name), f"network:{network_of(client)}"]


def key_of(name: str) -> str:
    """Return what failures of one name are counted by."""
    return f"account:{name}"


def keys_of_codes(who: Actor, client: str) -> list[str]:
    """Return what wrong codes of a person are counted by; the right password forgets none."""
    return [key_of_codes(who), f"network:{network_of(client)}"]


def key_of_codes(who: Actor) -> str:
    """Return what wrong codes of a person are counted by."""
    return f"code:{'account' if who.has_account else 'mailbox'}:{who.id}"


def network_of(client: str) -> str:
    """Return the network that failures are counted by: an IPv4 address, a /64 of IPv6."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def refuse(keys: list[str]) -> None:
    """Raise TooManyFailures while one of the keys has to wait."""
    moment = now()
    for row in Throttle.select().where(Throttle.key.in_(keys)):
        kind = row.key.partition(":")[0]
        over = row.failures - FREE_TRIES[kind]
        wait = min(2**over, LONGEST_WAIT[kind]) if 0 <= over < 32 else LONGEST_WAIT[kind]
        left = (row.last_at + timedelta(seconds=wait) - moment).total_seconds()
        if over >= 0 and left > 0:
            raise TooManyFailures(seconds=int(left))


def begin(keys: list[str]) -> list[Throttle]:
    """Count a try as a failure before it is judged; return what stood there until then.

    Judging takes a while: of many tries at once, all would else be judged before one is counted.
    Raises TooManyFailures.
    """
    with db.atomic():
        refuse(keys)
        before = list(Throttle.select().where(Throttle.key.in_(keys)))
        count(keys)
    return before


def take_back(keys: list[str], before: list[Throttle]) -> None:
    """Take back what `begin` counted: the try was right. before: what it returned."""
    earlier = {row.key: row for row in before}
    with db.atomic():
        for row in Throttle.select().where(Throttle.key.in_(keys)):
            was, left = earlier.get(row.key), row.failures - 1
            last_at = was.last_at if was is not None and was.failures == left else row.last_at
            Throttle.update(failures=left, last_at=last_at).where(Throttle.key == row.key).execute()
        Throttle.delete().where(Throttle.key.in_(keys), Throttle.failures <= 0).execute()


def count(keys: list[str]) -> None:
    """Count one failure for each key; an hour without one forgets them."""
    moment = now()
    with db.atomic():
        Throttle.delete().where(Throttle.last_at < moment - FORGET_AFTER).execute()
        for key in keys:
            Throttle.insert(key=key, failures=1, last_at=moment).on_conflict(
                conflict_target=[Throttle.key],
                update={Throttle.failures: Throttle.failures + 1, Throttle.last_at: moment},
            ).execute()


def forget(name: str) -> None:
    """Forget the failures of a name."""
    Throttle.delete().where(Throttle.key == key_of(name)).execute()


def forget_codes(who: Actor) -> None:
    """Forget the wrong codes of a person."""
    Throttle.delete().where(Throttle.key == key_of_codes(who)).execute()


def spend(key: str, most: int, within: timedelta) -> int:
    """Count one more of `most` within a time that began with the first.

    Return 0, or how many seconds are left when there were too many; then nothing is counted.
    """
    moment = now()
    Throttle.delete().where(Throttle.key == key, Throttle.last_at <= moment - within).execute()
    row = Throttle.get_or_none(Throttle.key == key)
    if row is None:
        Throttle.create(key=key, failures=1, last_at=moment)
    elif row.failures >= most:
        return int((row.last_at + within - moment).total_seconds())
    else:
        Throttle.update(failures=row.failures + 1).where(Throttle.key == key).execute()
    return 0
