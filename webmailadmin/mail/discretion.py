"""What a refusal may name: to an owner or a holder, no address and no domain of somebody else.

Where mail goes is decided for all together, so what is refused to one may have its cause in the
domain of another.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from webmailadmin.mail import guard, names, routing
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_catch_alls import CatchAllLoop, DomainIsCatchAll
from webmailadmin.mail.errors_of_domains import PostmasterNeedsDestination
from webmailadmin.mail.errors_of_recipients import NeededElsewhere, RecipientLoop, TooManyInAll

HIDDEN = "…"


@contextmanager
def towards(by: Actor) -> Iterator[None]:
    """Let what is refused inside name only what is this person's. Inside the transaction.

    Raises NeededElsewhere when a postmaster@ or a catch-all of somebody else is the cause.
    """
    try:
        yield
    except (RecipientLoop, CatchAllLoop) as circle:
        raise type(circle)(path=shown_path(str(circle.values["path"]), by)) from None
    except TooManyInAll as bomb:
        start = shown_path(str(bomb.values["email"]), by)
        raise TooManyInAll(**bomb.values | {"email": start}) from None
    except PostmasterNeedsDestination as dead:
        if not is_own(str(dead.values["email"]), by):
            raise NeededElsewhere from None
        raise
    except DomainIsCatchAll as needed:
        if not is_own(f"@{needed.values['domain']}", by):
            raise NeededElsewhere from None
        raise


def shown_path(path: str, by: Actor) -> str:
    """Return a circle with what is not theirs left out; where their own leads, they know."""
    shown: list[str] = []
    after_own = False
    for stop in path.split(routing.STEP):
        own = is_own(stop, by)
        if own or after_own:
            shown.append(stop)
        elif shown[-1:] != [HIDDEN]:
            shown.append(HIDDEN)
        after_own = own
    return routing.STEP.join(shown)


def is_own(email: str, by: Actor) -> bool:
    """Say whether an address is this person's to see, existing or not."""
    domain = routing.domain_named(names.domain_of(email))
    return email == by.name or (domain is not None and guard.owns(by, domain))
