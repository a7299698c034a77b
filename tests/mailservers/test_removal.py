"""What was removed, seen from outside: gone at once, back with all its messages."""

from tests.mailservers import forms
from tests.mailservers.stage import Stage
from tests.mailservers.test_mail_flow import ALL_DOORS, PASSWORD, UNKNOWN, refusal

OTHER = "another fine password 31"


def test_a_removed_mailbox_is_gone_at_once_and_comes_back_with_its_mail(
    stage: Stage, bonvenon: str
) -> None:
    contact = f"contact@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    assert stage.send(contact, subject="Before").taken
    stage.wait_until_delivered()

    forms.remove_mailbox(contact)
    assert stage.doors_open_to(contact, PASSWORD) == set()
    assert refusal(stage, contact).startswith("550 5.1.1")

    forms.restore(contact)
    assert stage.send(contact, subject="After").taken
    stage.wait_until_delivered()
    assert stage.subjects(contact, PASSWORD) == ["Before", "After"]


def test_a_deleted_address_comes_back_with_mail_password_size_limit_and_copies(
    stage: Stage, bonvenon: str
) -> None:
    contact, ann = f"contact@{bonvenon}", f"ann@{bonvenon}"
    forms.mailbox(ann, PASSWORD)
    forms.mailbox(contact, OTHER, quota_mb=7, to=[ann])
    assert stage.send(contact, subject="Before").taken
    stage.wait_until_delivered()

    forms.delete(contact)
    assert refusal(stage, contact) == UNKNOWN.format(contact)

    forms.restore(contact)
    assert stage.send(contact, subject="After").taken
    stage.wait_until_delivered()
    assert stage.subjects(contact, OTHER) == ["Before", "After"]
    assert stage.subjects(ann, PASSWORD) == ["Before", "After"]
    assert stage.limit_mb(contact, OTHER) == 7


def test_a_new_mailbox_of_the_same_name_never_shows_the_old_mail(
    stage: Stage, bonvenon: str
) -> None:
    contact, old = f"contact@{bonvenon}", f"contact-old@{bonvenon}"
    forms.mailbox(contact, PASSWORD)
    assert stage.send(contact, subject="For the first holder").taken
    stage.wait_until_delivered()
    forms.delete(contact)

    forms.mailbox(contact, OTHER)
    assert stage.doors_open_to(contact, PASSWORD) == set()
    assert stage.subjects(contact, OTHER) == []

    forms.restore(contact, name="contact-old")
    assert stage.subjects(old, PASSWORD) == ["For the first holder"]
    assert stage.subjects(contact, OTHER) == []
    assert stage.doors_open_to(old, PASSWORD) == ALL_DOORS
