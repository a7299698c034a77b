"""The stage of the rules' tests: a database without the web, and domains beside bonvenon.fr."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mail.stage import install
from webmailadmin import database, settings
from webmailadmin.mail.actors import Actor
from webmailadmin.models import Domain


@pytest.fixture
def app(fresh: Path) -> Iterator[None]:
    """The rules on a fresh database. They know nothing of Flask, and need no power cut here."""
    settings.use(settings.read())
    database.open_database(fresh)
    database.db.pragma("synchronous", 0)
    yield
    database.db.close()


@pytest.fixture
def autre(bonvenon: Domain, alice: Actor) -> Domain:
    """autre.fr, whose postmaster@ is redirected outside."""
    return install("autre.fr", by=alice)


@pytest.fixture
def tiers(autre: Domain, alice: Actor) -> Domain:
    """tiers.fr, whose postmaster@ is redirected outside."""
    return install("tiers.fr", by=alice)
