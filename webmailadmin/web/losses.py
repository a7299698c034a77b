"""What would go with a removal, in numbers and names, before anybody agrees to it."""

from dataclasses import dataclass, replace

from flask import Flask, g, url_for

from webmailadmin.mail import holdings, leading, mailboxes, names, removal, routing
from webmailadmin.mail.holdings import Sum
from webmailadmin.mail.leading import Caught, Led, Source
from webmailadmin.models import Address, Domain, Usage
from webmailadmin.upkeep import usage
from webmailadmin.words import Toast, gettext, ngettext, number

# A page waits no longer for what mailboxes hold at this moment.
SECONDS_TO_ASK = 1.5
MOST_ASKED = 10  # of a domain's mailboxes


@dataclass(frozen=True)
class Loss:
    """What goes with a mailbox or an address. held: None without a mailbox, or never asked."""

    has_mailbox: bool
    held: Usage | None
    led: Led


@dataclass(frozen=True)
class DomainLoss:
    """What goes with a domain."""

    held: Sum
    led: Led


def of_mailbox(address: Address) -> Loss:
    """Return what goes with the mailbox of an address that stays."""
    goes_on = routing.sends_on(address)
    led = Led([], []) if goes_on else leading.to(g.who, address.email, stays=True)
    return Loss(True, held_by(address), led)


def of_address(address: Address) -> Loss:
    """Return what goes with an address."""
    has_mailbox = mailboxes.of(address) is not None
    return Loss(has_mailbox, held_by(address), leading.to(g.who, address.email))


def held_by(address: Address) -> Usage | None:
    """Return what the mailbox of an address holds, now or when it was asked last."""
    box = mailboxes.of(address)
    return usage.seen(box, SECONDS_TO_ASK) if box is not None else None


def of_domain(domain: Domain) -> DomainLoss:
    """Return what goes with a domain, after a look at what was not asked for the longest time."""
    fresh = usage.seen_in(holdings.longest_ago(domain, MOST_ASKED), SECONDS_TO_ASK)
    return DomainLoss(holdings.of(domain, fresh), leading.into(g.who, domain))


# In words


def led_text(led: Led) -> str:
    """Say how many lead to a place."""
    count = len(led.sources)
    return ngettext(
        "%(n)s address leads here. What becomes of its mail:",
        "%(n)s addresses lead here. What becomes of their mail:",
        count,
        n=number(count),
    )


def fate(source: Source, instead: str = "", away: str = "") -> str:
    """Say what becomes of the mail of an address once a place takes none.

    instead: where it goes from there. away: the name of the domain that takes it elsewhere.
    """
    if not source.enabled:
        return gettext("is switched off")
    if source.ends and source.required and not instead:
        return gettext("must lead elsewhere first")
    if instead:
        return gettext("goes on to %(to)s, as unknown addresses do", to=names.shown_email(instead))
    if source.others:
        return goes_on_text(source.others)
    if source.has_mailbox:
        return gettext("stays in its own mailbox")
    if away:
        return gettext("goes to whichever server %(name)s has", name=names.shown(away))
    return gettext("is refused")


def goes_on_text(others: list[str]) -> str:
    """Say where mail goes on to: to one address, or to one and so many more."""
    first, more = names.shown_email(others[0]), len(others) - 1
    if not more:
        return gettext("goes on to %(to)s", to=first)
    return ngettext(
        "goes on to %(to)s and %(n)s more",
        "goes on to %(to)s and %(n)s more",
        more,
        to=first,
        n=number(more),
    )


def fate_caught(caught: Caught, place: str, instead: str = "") -> str:
    """Say what becomes of mail for unknown addresses once a place takes none."""
    name = names.shown(caught.domain)
    if caught.domain == names.domain_of(place) or place.startswith("@"):
        return gettext("Unknown addresses of %(name)s must lead elsewhere first.", name=name)
    if caught.email:
        email = names.shown_email(caught.email)
        return gettext("Mail for %(email)s, which is unknown there, is refused.", email=email)
    if instead:
        to = names.shown_email(instead)
        return gettext(
            "Mail for unknown addresses of %(name)s goes on to %(to)s.", name=name, to=to
        )
    return gettext("Mail for unknown addresses of %(name)s is refused.", name=name)


# Afterwards


def told(toast: Toast, place: str) -> Toast:
    """Add to the sentence on a removal how many lead to a place in vain since then."""
    count = leading.counts(g.who, [place]).get(place, 0)
    return adding(toast, count, url_for("leading.to_address", email=place))


def told_of_domain(toast: Toast, domain: Domain) -> Toast:
    """Add to the sentence on a domain's removal how many lead there still."""
    count = leading.counts_into(g.who, [domain.name]).get(domain.name, 0)
    return adding(toast, count, url_for("leading.to_domain", domain_id=domain.id))


def adding(toast: Toast, count: int, more: str) -> Toast:
    """Add how many lead there, and the way to them."""
    if not count:
        return toast
    return replace(toast, text=f"{toast.text} {lead_there_text(count)}", more=more)


def lead_there_text(count: int) -> str:
    """Say how many addresses lead to what was removed."""
    return ngettext(
        "%(n)s address leads there.", "%(n)s addresses lead there.", count, n=number(count)
    )


def init_app(app: Flask) -> None:
    """Hand these to the templates."""
    app.jinja_env.globals.update(
        led_text=led_text,
        fate=fate,
        fate_caught=fate_caught,
        lead_there_text=lead_there_text,
        removed_as=lambda email: removal.former(email, by=g.who),
    )
