"""The pages: thin views over the rules in `mail/`."""

from pathlib import Path

from flask import Flask

from webmailadmin.web import (
    accounts,
    addresses,
    allowances,
    app_passwords,
    assets,
    domains,
    errors,
    health,
    holder,
    htmx,
    journal,
    kicks,
    language,
    leading,
    log_in,
    losses,
    messages,
    pages,
    proxies,
    purging,
    removed,
    renaming,
    requests,
    security,
    trials,
    unknown,
    usage,
)

GROUPS = (
    log_in,
    language,
    domains,
    accounts,
    addresses,
    renaming,
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
