"""One hash for both: Dovecot takes ours, and we take Dovecot's."""

import pytest

from tests.mailservers.stage import Stage
from webmailadmin.mail import passwords

PASSWORDS = ["correct horse battery", "élève à Noël, 12 ans", "x" * 72]


@pytest.mark.parametrize("password", PASSWORDS)
def test_dovecot_takes_our_hash(stage: Stage, password: str) -> None:
    ours = "{BLF-CRYPT}" + passwords.hashed(password, 4)

    right = stage.servers.doveadm("pw", "-t", ours, "-p", password)
    wrong = stage.servers.doveadm("pw", "-t", ours, "-p", "y" + password[1:])

    assert (right.returncode == 0, wrong.returncode == 0) == (True, False)


@pytest.mark.parametrize("password", PASSWORDS)
def test_we_take_the_hash_of_dovecot(stage: Stage, password: str) -> None:
    said = stage.servers.doveadm("pw", "-s", "BLF-CRYPT", "-r", "4", "-p", password).stdout.strip()

    theirs = said.removeprefix("{BLF-CRYPT}")
    assert theirs != said
    assert passwords.matches(password, theirs)
    assert not passwords.matches("y" + password[1:], theirs)
