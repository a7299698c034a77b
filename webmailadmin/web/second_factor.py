"""One's second factor: set it up, new recovery codes, turn it off."""

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from webmailadmin.mail import log_ins, second_factor, sessions
from webmailadmin.mail.errors_of_log_ins import ProposalOver
from webmailadmin.web.errors import refused_page
from webmailadmin.web.forms import EnrolForm, Plain, ProveForm
from webmailadmin.web.htmx import go
from webmailadmin.web.security import give_session, prove_again
from webmailadmin.words import Toast, gettext

bp = Blueprint("second_factor", __name__)


@bp.get("/second-factor")
@prove_again
def page() -> Response:
    """Show the second factor, or a secret to set it up with."""
    factor = second_factor.of(g.who)
    if factor is None:
        return enrolment(EnrolForm(formdata=None), second_factor.propose(g.who))
    left = second_factor.codes_left(factor)
    return make_response(render_template("me/factor.html", factor=factor, left=left))


@bp.post("/second-factor")
@prove_again
def turn_on() -> Response:
    """Set it up by a first code; show the recovery codes, once. The session gets a new token."""
    form = EnrolForm()
    sealed = form.sealed.data or ""
    if form.validate_on_submit():
        with form.refusals():
            codes = second_factor.turn_on(sealed, form.code.data or "", by=g.who)
            token = sessions.open_session(
                g.who, network=request.remote_addr or "", agent=request.user_agent.string
            )
            g.log_in = sessions.logged_in(token)
            return give_session(recovery_codes(codes), token)
    try:
        proposal = second_factor.proposed(sealed, g.who)
    except ProposalOver:
        proposal = second_factor.propose(g.who)
    return refused_page(enrolment(form, proposal), form.refused)


def enrolment(form: EnrolForm, proposal: second_factor.Proposal) -> Response:
    """Show a secret, as picture and as text, and ask for the first code."""
    return make_response(
        render_template(
            "me/enrol.html",
            form=form,
            proposal=proposal,
            groups=[proposal.secret[n : n + 4] for n in range(0, len(proposal.secret), 4)],
        )
    )


@bp.post("/second-factor/recovery-codes")
@prove_again
def new_codes() -> Response:
    """Make new recovery codes, and show them, once."""
    if Plain().validate_on_submit():
        return recovery_codes(second_factor.new_recovery_codes(by=g.who))
    return go(url_for(".page"))


@bp.get("/second-factor/recovery-codes")
def new_codes_made() -> Response:
    """Answer the URL of the button when it is typed."""
    return go(url_for(".page"))


def recovery_codes(codes: list[str]) -> Response:
    """Show recovery codes."""
    return make_response(render_template("me/recovery_codes.html", codes=codes))


@bp.get("/second-factor/off")
@prove_again
def off() -> Response:
    """Ask for password and code, to turn it off."""
    return off_page(ProveForm())


@bp.post("/second-factor/off")
@prove_again
def turn_off() -> Response:
    """Turn it off."""
    form = ProveForm()
    if form.validate_on_submit():
        with form.refusals():
            log_ins.turn_off_factor(
                form.present.data or "", form.code.data or "", request.remote_addr or "", by=g.who
            )
            return go(url_for("me.page"), Toast(gettext("Your second factor is off.")))
    return refused_page(off_page(form), form.refused)


def off_page(form: ProveForm) -> Response:
    """Show the page that turns it off."""
    return make_response(render_template("me/factor_off.html", form=form))
