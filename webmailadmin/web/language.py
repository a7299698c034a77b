"""French and English: chosen by the browser, or by a switch that is remembered."""

from babel.support import NullTranslations
from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    has_request_context,
    request,
)
from flask_babel import get_translations

from webmailadmin.mail.domains import LANGUAGES
from webmailadmin.web.forms import LanguageForm
from webmailadmin.web.htmx import go
from webmailadmin.web.security import own_path
from webmailadmin.words import of_terminal, teach

COOKIE = "__Host-language"
A_YEAR = 31536000  # seconds

bp = Blueprint("language", __name__)


def chosen() -> str:
    """Return the language to speak: of the switch, of the browser, of the terminal."""
    if not has_request_context():
        return of_terminal()
    remembered = request.cookies.get(COOKIE, "")
    if remembered in LANGUAGES:
        return remembered
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


@bp.post("/language")
def switch() -> Response:
    """Remember the language, and go back to where the person was."""
    form = LanguageForm()
    response = go(own_path(form.next.data))
    if form.validate_on_submit() and form.language.data in LANGUAGES:
        response.set_cookie(
            COOKIE,
            form.language.data,
            max_age=A_YEAR,
            secure=True,
            httponly=True,
            samesite="Lax",
        )
    return response


@bp.get("/language")
def switched() -> Response:
    """Answer the URL of the switch when it is typed or reloaded."""
    return go("/")


def translations() -> NullTranslations:
    """Return the texts of the language of this request, found once for all of a page."""
    if "translations" not in g:
        g.translations = get_translations()
    found: NullTranslations = g.translations
    return found


def init_app(app: Flask) -> None:
    """Teach the application both languages."""
    teach(app, chosen)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: translations().gettext(text),
        ngettext=lambda one, many, number: translations().ngettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals.update(languages=LANGUAGES, language=chosen, language_form=LanguageForm)
