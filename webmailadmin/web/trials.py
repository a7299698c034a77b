"""A test message to an address: sent by a POST, followed by GETs until it has arrived.

Nothing is kept here of one that is on its way: whoever follows it brings what is known of it,
signed, so that nobody looks for another message or into another mailbox.
"""

from dataclasses import asdict

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    request,
    url_for,
)
from itsdangerous import BadData, URLSafeSerializer

from webmailadmin.mail import addresses, listing, mailboxes, names
from webmailadmin.mail.errors import N_, NotFound
from webmailadmin.models import Address
from webmailadmin.upkeep import trials
from webmailadmin.upkeep.trials import TAKEN, Trial
from webmailadmin.web.addresses import editor_context, new_editor, page_of
from webmailadmin.web.forms import Plain
from webmailadmin.web.htmx import answer, go, wants_fragment
from webmailadmin.words import gettext

SECONDS_FOR_A_PAGE = 1  # which is not asked for again by itself, where there is no script
# By what our mail servers reply: the views and templates that they are told by.
REFUSALS = (
    ("This domain is switched off", N_("The domain is switched off: its mail is refused.")),
    ("This address is switched off", N_("The address is switched off: its mail is refused.")),
    (
        "This address receives no mail",
        N_("The address receives no mail: it has neither a mailbox nor a recipient that does."),
    ),
    (
        "This address only sends mail",
        N_("The address only sends: its mailbox takes no mail, and it has no recipient that does."),
    ),
    ("mailbox is full", N_("The mailbox is full: mail to it is refused until there is room.")),
    (
        "Relay access denied",
        N_("The mail server does not know the domain yet; within two minutes it will."),
    ),
    ("User unknown", N_("The mail server does not know the address. Try again in a moment.")),
)

bp = Blueprint("trials", __name__)


@bp.post("/addresses/<email>/test")
def send(email: str) -> Response:
    """Send a test message, and begin to follow it."""
    address = addresses.of(g.who, email)
    form = Plain()
    if form.validate_on_submit():
        with form.refusals():
            trial = trials.send(address, by=g.who)
            if wants_fragment():
                return answer("", "addresses/_trial.html", **told(trial, address, 0))
            to = f"{place_of(trial)}#test-{address.id}"
            return go(to)
    return shown(address, 422, test=form)


@bp.get("/addresses/<email>/test")
def follow(email: str) -> Response:
    """Say what has become of a test message; 204 to a part of a page that has to wait on."""
    address = addresses.of(g.who, email)
    if "run" not in request.args:
        return go(url_for("addresses.edit", email=email))
    trial = read(request.args["run"], address)
    if not wants_fragment():
        return shown(address, 200, **told(trial, address, SECONDS_FOR_A_PAGE))
    context = told(trial, address, 0)
    if context["waiting"]:
        return make_response("", 204)
    return answer("", "addresses/_trial.html", **context)


def shown(address: Address, status: int, **context: object) -> Response:
    """Answer with the editor's page and the test message in it, or with that part alone."""
    around = editor_context(address, new_editor(address, mailboxes.of(address)))
    return page_of(address.domain, "addresses/_test.html", status, **(around | context))


def told(trial: Trial, address: Address, seconds: float) -> dict[str, object]:
    """Return what the templates tell of a test message, looked for during so many seconds."""
    context = {
        "open": listing.row(address, by=g.who),
        "trial": trial,
        "place": place_of(trial),
        "postmaster": f"{names.POSTMASTER}@{address.domain.name}",
    }
    if trial.code != TAKEN:
        return context | {"refusal": refusal_in_words(trial), "waiting": False}
    sight = trials.look(trial, address, seconds, by=g.who)
    return context | {"sight": sight, "waiting": sight.waiting}


def refusal_in_words(trial: Trial) -> str:
    """Say why a test message was not taken."""
    if not trial.code:
        return gettext("The mail server cannot be reached: nothing was sent.")
    for reply, words in REFUSALS:
        if reply in trial.words:
            return gettext(words)
    if trial.code < 500:
        return gettext("The mail server cannot take it at the moment. Its log tells why.")
    return gettext("The mail server refused it.")


def place_of(trial: Trial) -> str:
    """Return the URL under which a test message is followed."""
    return url_for(".follow", email=trial.email, run=signer().dumps(asdict(trial)))


def read(run: str, address: Address) -> Trial:
    """Return the test message that a URL of ours names. Raises NotFound for any other URL."""
    try:
        trial = Trial(**signer().loads(run))
    except BadData:
        raise NotFound from None
    if trial.email != address.email:
        raise NotFound
    return trial


def signer() -> URLSafeSerializer:
    """Return what signs test messages, and reads what it has signed."""
    return URLSafeSerializer(current_app.secret_key or "", salt="test message")
