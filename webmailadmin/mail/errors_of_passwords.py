"""What is refused of passwords."""

from webmailadmin.mail.errors import N_, Refusal


class PasswordMissing(Refusal):
    code, field = "password-missing", "password"
    message = N_("Enter a password for the mailbox, or have one generated.")


class PasswordsDiffer(Refusal):
    code, field = "passwords-differ", "confirmation"
    message = N_("The two passwords differ.")


class PasswordTooShort(Refusal):
    code, field = "password-too-short", "password"
    message = N_("A password needs %(least)s characters or more; this one has %(length)s.")


class PasswordTooLong(Refusal):
    code, field = "password-too-long", "password"
    message = N_(
        "A password has at most 72 bytes (72 letters without accents); this one has %(length)s."
    )


class PasswordControl(Refusal):
    code, field = "password-control", "password"
    message = N_("The password holds a tab, a line break or an invisible character. Type it anew.")


class PasswordGuessable(Refusal):
    code, field = "password-guessable", "password"
    message = N_("This password is among the first that are tried. Choose one harder to guess.")


class PasswordCommon(Refusal):
    code, field = "password-common", "password"
    message = N_(
        "This password is on the lists of stolen passwords that are tried first. Figures or signs "
        "behind it do not help: choose another."
    )


class PasswordIsAddress(Refusal):
    code, field = "password-is-address", "password"
    message = N_("The password must not be the address or a part of it.")


class PasswordWrong(Refusal):
    code, field = "password-wrong", "present"
    message = N_("This is not your present password.")
