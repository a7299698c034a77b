"""The pages: thin views over the rules in `mail/`."""

from pathlib import Path

from flask import Flask

from webmailadmin.web import (
    accounts,
    addresses,
    allowances,
    app_passwords,
    assets,
    contact,
    domains,
    entering,
    errors,
    forgotten,
    health,
    holder,
    htmx,
    journal,
    kicks,
    language,
    leading,
    links,
    log_in,
    losses,
    me,
    messages,
    pages,
    proving,
    proxies,
    purging,
    removed,
    renaming,
    requests,
    second_factor,
    security,
    trials,
    unknown,
    usage,
    vacation,
)

GROUPS = (
    log_in,
    proving,
    second_factor,
    me,
    links,
    forgotten,
    contact,
    language,
    domains,
    accounts,
    addresses,
    renaming,
    vacation,
    trials,
    unknown,
    removed,
    purging,
    messages,
    leading,
    health,
    usage,
    journal,
    holder,
    app_passwords,
    entering,
)


def init_app(app: Flask, static: Path) -> None:
    """Give the application its pages, and everything around them."""
    for part in (proxies, requests, language, htmx, security, errors, kicks):
        part.init_app(app)
    assets.init_app(app, static)
    pages.init_app(app)
    allowances.init_app(app)
    usage.init_app(app)
    losses.init_app(app)
    holder.init_app(app)
    for group in GROUPS:
        app.register_blueprint(group.bp)
