"""What the templates of every page may ask for."""

from functools import lru_cache

from babel import Locale
from flask import Flask, g
from flask_babel import get_locale

from webmailadmin import settings, words
from webmailadmin.mail import domains, limits, names
from webmailadmin.models import Domain
from webmailadmin.web.forms import Plain
from webmailadmin.web.qr import svg
from webmailadmin.web.sentences import outcome
from webmailadmin.words import gettext


def menu_domains() -> list[Domain]:
    """Return the domains of the menu."""
    return domains.list_for(g.who)


def plain_form() -> Plain:
    """Return the form of a button: its token, once a request."""
    if "plain_form" not in g:
        g.plain_form = Plain(formdata=None)
    form: Plain = g.plain_form
    return form


def default_quota(domain: Domain) -> int:
    """Return the size limit to propose for a new mailbox of a domain, in MB."""
    return limits.proposed_mb(domain, settings.current.default_quota_mb, by=g.who)


def unknown_state(domain: Domain) -> str:
    """Say in a word what happens to mail for unknown addresses."""
    if domain.catch_all_domain_id or domain.catch_all_receives:
        return gettext("redirected")
    return gettext("refused")


@lru_cache(maxsize=5000)
def size_in(_: Locale, megabytes: float) -> str:
    """Return a size in a language, which takes Babel longer than a whole row takes us."""
    return words.size(megabytes)


def init_app(app: Flask) -> None:
    """Hand these to the templates."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        size=lambda megabytes: size_in(get_locale(), megabytes),
        bytes=lambda count: size_in(get_locale(), words.rounded(count)),
        qr=svg,
        day=words.day,
        minute=words.minute,
        ago=words.ago,
        split_email=words.split_email,
        shown=names.shown,
        shown_email=names.shown_email,
    )
    app.jinja_env.globals.update(
        act_in_words=words.act_in_words,
        actor_in_words=words.actor_in_words,
        counted=words.counted,
        held_text=words.held_text,
        menu_domains=menu_domains,
        plain_form=plain_form,
        unknown_state=unknown_state,
        outcome=outcome,
        default_quota=default_quota,
        restore_days=lambda: settings.current.restore_days,
    )
