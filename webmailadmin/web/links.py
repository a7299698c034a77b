"""Links by which a person chooses a password or confirms an address: opened, used, handed out."""

import re

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from webmailadmin import settings
from webmailadmin.mail import accounts, addresses, contacts, links, mailboxes, names, people
from webmailadmin.mail.errors import NotFound
from webmailadmin.mail.errors_of_links import LinkOver
from webmailadmin.mail.links import Handed
from webmailadmin.mail.people import Person
from webmailadmin.mail.purposes import Purpose
from webmailadmin.models import Account, Mailbox
from webmailadmin.upkeep import letters
from webmailadmin.web.htmx import go, leave_name
from webmailadmin.web.link_forms import ChooseForm, ConfirmForm, InviteForm
from webmailadmin.web.security import cookies_are_dropped, prove_again
from webmailadmin.words import Toast, gettext

COOKIE = "__Host-link"
TEN_MINUTES = 600  # seconds
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

bp = Blueprint("links", __name__)


# Using one


@bp.get("/link/<token>")
def open_(token: str) -> Response:
    """Take the token out of the address at once: no history, log or referrer is to keep it.

    Nothing is used up: programs that look for viruses open links in mails too.
    """
    response = go(url_for(".form"))
    if not TOKEN.fullmatch(token):
        return forget(response)
    response.set_cookie(
        COOKIE, token, max_age=TEN_MINUTES, secure=True, httponly=True, samesite="Lax", path="/"
    )
    return response


def forget(response: Response) -> Response:
    """Take the token from the browser."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def token() -> str:
    """Return the token of the link that was opened last, "" for none."""
    return request.cookies.get(COOKIE, "")


@bp.get("/link")
def form() -> Response:
    """Show what the link is good for."""
    try:
        handed = links.find(token())
    except LinkOver:
        return over()
    return page(handed, ConfirmForm() if handed.purpose is Purpose.CONTACT else ChooseForm())


def page(handed: Handed, form: ChooseForm | ConfirmForm, status: int = 200) -> Response:
    """Ask for a new password, or for the present one to confirm an address."""
    template = "confirm.html" if isinstance(form, ConfirmForm) else "choose.html"
    values = {"form": form, "name": people.name(handed.person), "email": handed.email}
    least = least_of(handed.person)
    return make_response(render_template(f"links/{template}", least=least, **values), status)


def least_of(person: Person) -> int:
    """Return how many characters a password of this person has at the least."""
    if isinstance(person, Account):
        return settings.current.account_password_length
    return settings.current.mailbox_password_length


def over() -> Response:
    """Say that the link is not good, and what to do."""
    unsafe = cookies_are_dropped()
    return forget(make_response(render_template("links/over.html", unsafe=unsafe), 404))


def to_over() -> Response:
    """Answer a form that was sent with a link that is not good."""
    return forget(go(url_for(".form")))


@bp.post("/link")
def use() -> Response:
    """Use the link: it is good for once."""
    try:
        handed = links.find(token())
    except LinkOver:
        return to_over()
    return confirm(handed) if handed.purpose is Purpose.CONTACT else choose(handed)


def confirm(handed: Handed) -> Response:
    """Confirm a contact address."""
    form = ConfirmForm()
    if form.validate_on_submit():
        with form.refusals():
            email = contacts.confirm(token(), form.present.data or "")
            return done(handed, gettext("%(email)s is confirmed.", email=names.shown_email(email)))
    return refused(handed, form)


def choose(handed: Handed) -> Response:
    """Set the password. Nobody is logged in by it: a second factor is still to be shown."""
    form = ChooseForm()
    if form.validate_on_submit():
        with form.refusals():
            links.choose_password(token(), form.password.data or "", form.confirmation.data or "")
            return done(handed, gettext("Your password is set. Log in with it."))
    return refused(handed, form)


def done(handed: Handed, text: str) -> Response:
    """Lead to the log-in, with the name filled in: the link is used."""
    leave_name(people.name(handed.person))
    return forget(go(url_for("log_in.form"), Toast(text)))


def refused(handed: Handed, form: ChooseForm | ConfirmForm) -> Response:
    """Show what is wrong; or that the link ended meanwhile."""
    return to_over() if isinstance(form.refused, LinkOver) else page(handed, form, 422)


# Handing one out


def box_at(email: str) -> Mailbox:
    """Return the mailbox at an address that the person may manage. Raises NotFound."""
    box = mailboxes.of(addresses.of(g.who, email))
    if box is None:
        raise NotFound
    return box


@bp.get("/addresses/<email>/link")
def ask_for_mailbox(email: str) -> Response:
    """Offer a link for the holder of a mailbox."""
    return offer(box_at(email))


@bp.post("/addresses/<email>/link")
def make_for_mailbox(email: str) -> Response:
    """Make a link for the holder of a mailbox."""
    return make(box_at(email), url_for("addresses.edit", email=email))


@bp.get("/accounts/<account>/link")
def ask_for_account(account: str) -> Response:
    """Offer a link for the person of an account."""
    return offer(accounts.named(account, by=g.who))


@bp.post("/accounts/<account>/link")
@prove_again
def make_for_account(account: str) -> Response:
    """Make a link for the person of an account."""
    person = accounts.named(account, by=g.who)
    return make(person, url_for("accounts.edit", account=person.name))


def make(person: Person, back: str) -> Response:
    """Show a new link, this once; or send it, and go `back`."""
    form = InviteForm()
    if form.validate_on_submit():
        with form.refusals():
            if not form.send.data:
                return made(person, links.invite(person, by=g.who))
            letters.refuse_without_url()
            token, to = links.invite_by_mail(person, form.to.data or "", by=g.who)
            letters.send_invitation(person, to, token)
            return go(
                back, Toast(gettext("The link is sent to %(email)s.", email=names.shown_email(to)))
            )
    return offer(person, form, 422)


def made(person: Person, token: str) -> Response:
    """Show a link that was made just now: it is not stored, so this is the only time."""
    return offer(person, link=url_of(token))


def url_of(token: str) -> str:
    """Return the address of a link, for the screen: at the host that the person uses."""
    return url_for("links.open_", token=token, _external=True)


def offer(
    person: Person, form: InviteForm | None = None, status: int = 200, link: str = ""
) -> Response:
    """Show the page on which a link is made. link: the one that was made just now."""
    context = {"form": form or InviteForm(formdata=None), "name": people.name(person)}
    domain = None if isinstance(person, Account) else people.address(person).domain
    mails = bool(settings.current.public_url)
    return make_response(
        render_template("links/invite.html", domain=domain, link=link, mails=mails, **context),
        status,
    )
