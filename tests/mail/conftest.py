"""The stage of the rules' tests: a second domain beside bonvenon.fr, and one to fill."""

import pytest

from tests.mail.stage import install
from webmailadmin.models import Account, Domain


@pytest.fixture
def autre(bonvenon: Domain, alice: Account) -> Domain:
    """autre.fr, whose postmaster@ is redirected outside."""
    return install("autre.fr", by=alice)


@pytest.fixture
def tiers(autre: Domain, alice: Account) -> Domain:
    """tiers.fr, whose postmaster@ is redirected outside."""
    return install("tiers.fr", by=alice)
