"""The vacation answer of a mailbox: for its holder, and for who manages its domain."""

from flask import Blueprint, Response, g, make_response, render_template, url_for

from webmailadmin import words
from webmailadmin.mail import vacations
from webmailadmin.mail.errors_of_vacations import VacationChanged
from webmailadmin.mail.vacations import State, Wish
from webmailadmin.models import Vacation
from webmailadmin.web.forms import VacationForm
from webmailadmin.web.htmx import go
from webmailadmin.words import Toast, gettext

bp = Blueprint("vacation", __name__)


@bp.get("/addresses/<email>/vacation")
def form(email: str) -> Response:
    """Show the answer, and whether it is sent."""
    vacation = vacations.of(email, by=g.who)
    first, last = vacations.first_day(vacation), vacations.last_day(vacation)
    form = VacationForm(
        formdata=None,
        version=vacation.version,
        enabled=vacation.enabled,
        begins=first.isoformat() if first else "",
        ends=last.isoformat() if last else "",
        subject=vacation.subject,
        text=vacation.text,
    )
    return page(email, vacation, form)


@bp.post("/addresses/<email>/vacation")
def save(email: str) -> Response:
    """Change the answer; it counts for the next mail."""
    vacation = vacations.of(email, by=g.who)
    form = VacationForm()
    if form.validate_on_submit():
        with form.refusals():
            saved = vacations.save(email, wish(form), by=g.who)
            return go(
                url_for(".form", email=email), Toast(gettext("Saved. %(now)s", now=in_words(saved)))
            )
    if isinstance(form.refused, VacationChanged):
        vacation = vacations.of(email, by=g.who)
        form.version.renew(vacation.version)
        return page(email, vacation, form, 409)
    return page(email, vacation, form, 422)


def wish(form: VacationForm) -> Wish:
    """Return what the form says as plain values."""
    return Wish(
        version=form.version.data or 0,
        enabled=bool(form.enabled.data),
        begins=form.begins.data or "",
        ends=form.ends.data or "",
        subject=form.subject.data or "",
        text=form.text.data or "",
    )


def page(email: str, vacation: Vacation, form: VacationForm, status: int = 200) -> Response:
    """Show the form."""
    shown = render_template(
        "vacation/page.html",
        email=email,
        form=form,
        state=vacations.state(vacation).value,
        said=in_words(vacation),
    )
    return make_response(shown, status)


def in_words(vacation: Vacation) -> str:
    """Say in one sentence whether answers are sent."""
    first, last = vacations.first_day(vacation), vacations.last_day(vacation)
    state = vacations.state(vacation)
    since, until = (words.day(day) if day else "" for day in (first, last))
    if state is State.OFF:
        return gettext("No answers are sent.")
    if state is State.OVER:
        return gettext("No answers are sent any more: the last day was %(day)s.", day=until)
    if state is State.LATER and last:
        return gettext(
            "Answers will be sent from %(since)s to %(until)s.", since=since, until=until
        )
    if state is State.LATER:
        return gettext("Answers will be sent from %(since)s on.", since=since)
    if last:
        return gettext("Answers are sent now, until %(until)s inclusive.", until=until)
    return gettext("Answers are sent now, until they are switched off.")
