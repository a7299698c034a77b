"""What the editor says happens to mail for a mailbox that does not receive."""

import pytest

from tests.browser_of import Browser
from tests.mail.stage import save
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.mailboxes import Switches
from webmailadmin.models import Address


@pytest.mark.parametrize(
    ("may_log_in", "to", "sentence"),
    [
        (True, [], "contact@bonvenon.fr only sends: mail for it is refused."),
        (False, [], "contact@bonvenon.fr receives nothing any more: mail for it is refused."),
        (True, ["ann@x.org"], "Mail to contact@bonvenon.fr is sent on to ann@x.org."),
        (
            True,
            ["fresh@bonvenon.fr"],
            "No recipient of contact@bonvenon.fr receives mail: mail for it is refused.",
        ),
    ],
)
def test_it_is_said_what_happens_to_its_mail(
    browser: Browser, contact: Address, alice: Actor, may_log_in: bool, to: list[str], sentence: str
) -> None:
    switches = Switches(receives=False, may_log_in=may_log_in)
    save(contact.email, switches=switches, recipients=to, by=alice)

    assert browser.get(f"/addresses/{contact.email}/edit").words(".outcome") == sentence
