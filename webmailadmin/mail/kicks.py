"""Sessions that must end. Mail programs keep theirs for days, whatever becomes of the log-in."""

from webmailadmin.models import Kick


def order(email: str) -> None:
    """Let the open sessions of the log-in `email` end soon after the commit.

    Inside the transaction of what takes the log-in away or gives it another password.
    """
    # The new row has a number of its own: whoever is carrying out the old one does not take
    # this one for done.
    Kick.delete().where(Kick.email == email).execute()
    Kick.create(email=email)


def waiting() -> list[Kick]:
    """Return what was ordered and is not done, the latest first."""
    return list(Kick.select().order_by(Kick.id.desc()))


def done(kick: Kick) -> None:
    """Forget an order that was carried out."""
    Kick.delete().where(Kick.id == kick.id).execute()
