"""The present password, typed once more by who is logged in."""

from webmailadmin.mail import passwords, throttle
from webmailadmin.mail.actors import Actor
from webmailadmin.mail.errors_of_passwords import PasswordWrong


def check(typed: str, password_hash: str, *, by: Actor) -> None:
    """Raise PasswordWrong unless this is the person's password.

    Wrong ones count as failures to log in: a stolen session must not be a place to try them.
    Raises TooManyFailures. Outside every transaction: what is refused is counted all the same.
    """
    keys = [throttle.key_of(by.name)]
    throttle.begin(keys)
    if not passwords.matches(typed, password_hash):
        raise PasswordWrong
    throttle.forget(by.name)


def refuse_changed(checked: str, now: str) -> None:
    """Raise PasswordWrong when the hash that was checked is not that of now.

    Inside the transaction of the change: whoever takes a log-in back is quicker than its thief.
    """
    if now != checked:
        raise PasswordWrong
