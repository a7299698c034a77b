"""All that test_vacation.py shows, on Debian 13: the Sieve of Dovecot 2.4."""

from tests.mailservers.test_dovecot_2_4 import (  # noqa: F401 -- the servers of Debian 13
    stage,
    test_these_are_the_servers_of_debian_13,
)
from tests.mailservers.test_vacation import *  # noqa: F403 -- the same tests, on that stage
