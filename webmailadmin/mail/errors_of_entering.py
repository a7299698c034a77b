"""What is refused to an administrator who enters, or has entered, as somebody else."""

from webmailadmin.mail.errors import N_, Refusal


class OnlyThemselves(Refusal):
    """`name` is whom the administrator `through` has entered as."""

    code = "only-themselves"
    message = N_(
        "You are here as administrator %(through)s. Only %(name)s sees and changes this: "
        "passwords, sessions and what else guards a log-in."
    )


class AdministratorsStayThemselves(Refusal):
    code = "administrators-stay-themselves"
    message = N_("%(name)s is an administrator, and nobody enters as an administrator.")


class MayNotLogIn(Refusal):
    code = "may-not-log-in"
    message = N_("%(name)s may not log in at present, so nobody can enter in their place.")
