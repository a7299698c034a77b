"""Checks that only the page Health makes: of the request that asks for it, and of the doctor."""

from collections.abc import Iterator
from datetime import timedelta

from webmailadmin import settings
from webmailadmin.mail import reports
from webmailadmin.mail.errors import N_
from webmailadmin.models import now
from webmailadmin.upkeep.doctor.around import SET_ANEW
from webmailadmin.upkeep.doctor.finding import Check, Finding, warning, wrong

REPORT = "doctor"
OLD = timedelta(hours=3)
START = "systemctl enable --now webmailadmin-doctor.timer"


def doctor(_: int) -> Iterator[Finding]:
    """The doctor has looked not long ago."""
    report = reports.latest(REPORT)
    if report is None:
        yield warning(N_("The doctor has never looked."), START)
    elif report.at < now() - OLD:
        hours = int((now() - report.at).total_seconds() // 3600)
        yield warning(N_("The doctor has not looked for %(hours)s hours."), START, hours=hours)


def proxies(seen: int) -> Iterator[Finding]:
    """As many proxies were on the way of this request as are set. seen: addresses they named."""
    believed = settings.current.proxies
    values = {"seen": str(seen), "believed": str(believed)}
    if seen < believed:
        yield wrong(
            N_("PROXIES is %(believed)s, and this page came through %(seen)s."), SET_ANEW, **values
        )
    elif seen > believed:
        yield warning(
            N_(
                "PROXIES is %(believed)s, and this page came through %(seen)s, or one of them "
                "passes on what strangers write in X-Forwarded-For."
            ),
            SET_ANEW,
            **values,
        )


CHECKS = (
    Check(
        "doctor",
        N_("Doctor"),
        N_("The panel may not look at mail files, Postfix and Dovecot: root does, each hour."),
        N_("The doctor looks each hour."),
        doctor,
    ),
    Check(
        "proxies",
        N_("Reverse proxies"),
        N_(
            "With too few, all people count as one and lock each other out after wrong passwords; "
            "with too many, a stranger can pass as anybody."
        ),
        N_("The panel knows how many proxies are in front of it."),
        proxies,
    ),
)
