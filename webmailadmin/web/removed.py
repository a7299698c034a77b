"""What was removed from a domain, and the way back."""

from flask import Blueprint, Response, g, make_response, request, url_for

from webmailadmin.mail import (
    catch_alls,
    domains,
    leading,
    listing,
    names,
    purging,
    recycle_bin,
    removal,
)
from webmailadmin.mail.errors_of_names import NameTaken
from webmailadmin.mail.recycle_bin import Entry
from webmailadmin.models import Domain
from webmailadmin.web.forms import RestoreForm
from webmailadmin.web.htmx import answer, done, go, wants_fragment
from webmailadmin.web.sentences import restored_text
from webmailadmin.words import Toast, gettext

bp = Blueprint("removed", __name__)


@bp.get("/domains/<name>/removed/")
def list_(name: str) -> Response:
    """List what can be brought back: a page, or what a search found."""
    return page(domains.of(g.who, name), RestoreForm(formdata=None))


def page(
    domain: Domain, form: RestoreForm, asked: Entry | None = None, status: int = 200
) -> Response:
    """Show the list; `asked` is the one that wants another name."""
    search = request.args.get("q", "")[: listing.LONGEST_SEARCH]
    before = request.args.get("before", type=int)
    found = recycle_bin.page(domain, search, before, by=g.who)
    shown = [*found.entries, *([asked] if asked else [])]
    return answer(
        "removed/list.html",
        "removed/_found.html",
        status,
        domain=domain,
        form=form,
        asked=asked,
        search=search,
        before=before,
        page=found,
        led=leading.counts(g.who, [one.email for one in shown]),
        undone=purging.undone(domain, by=g.who),
    )


@bp.get("/domains/<name>/removed/<int:id_>/restore")
def ask(name: str, id_: int) -> Response:
    """Ask for the name under which to bring it back."""
    domain = domains.of(g.who, name)
    kept = removal.of(domain, id_, by=g.who)
    form = RestoreForm(formdata=None, local_part=removal.proposed_name(kept))
    return page(domain, form, recycle_bin.of(domain, id_, by=g.who))


@bp.post("/domains/<name>/removed/<int:id_>/restore")
def restore(name: str, id_: int) -> Response:
    """Bring it back; when its name is taken, ask for another and propose one."""
    domain = domains.of(g.who, name)
    kept = removal.of(domain, id_, by=g.who)
    form = RestoreForm()
    if form.validate_on_submit():
        with form.refusals():
            if kept.kind == "catch-all":
                return catch_all_is_back(catch_alls.restore(kept, by=g.who))
            address = removal.restore(kept, form.local_part.data or "", by=g.who)
            toast = Toast(restored_text(address.email))
            fresh = domains.of(g.who, name)
            to = url_for("addresses.list_", name=name, q=address.local_part)
            row = listing.row(address, by=g.who)
            return done("addresses/_restored.html", to, toast, domain=fresh, open=row)
    if isinstance(form.refused, NameTaken) and not form.local_part.data:
        form.local_part.data = str(form.refused.values["proposal"])
    if wants_fragment():
        response = make_response("", 422)
        response.headers["HX-Redirect"] = url_for(".ask", name=name, id_=id_)
        return response
    return page(domain, form, recycle_bin.of(domain, id_, by=g.who), 422)


def catch_all_is_back(domain: Domain) -> Response:
    """Show what happens to unknown addresses again."""
    name = names.shown(domain.name)
    return go(
        url_for("unknown.form", name=domain.name),
        Toast(gettext("Unknown addresses of %(name)s go where they went.", name=name)),
    )
