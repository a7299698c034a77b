"""What the rules of app passwords can refuse."""

from webmailadmin.mail.errors import N_, Refusal


class AppPasswordForHolderOnly(Refusal):
    code = "app-password-for-holder-only"
    message = N_("Only the holder makes app passwords: nobody else ever sees one.")


class AppPasswordNameMissing(Refusal):
    code, field = "app-password-name-missing", "name"
    message = N_("Say which mail program the password is for, such as “Thunderbird at home”.")


class AppPasswordNameTooLong(Refusal):
    code, field = "app-password-name-too-long", "name"
    message = N_("The name has at most %(most)s characters; this one has %(length)s.")


class AppPasswordNameControl(Refusal):
    code, field = "app-password-name-control", "name"
    message = N_("The name holds a tab, a line break or an invisible character. Type it anew.")


class AppPasswordNameTaken(Refusal):
    code, field = "app-password-name-taken", "name"
    message = N_("There is an app password named “%(name)s” already. Choose another name.")


class TooManyAppPasswords(Refusal):
    code = "too-many-app-passwords"
    message = N_("There are %(most)s app passwords already. Revoke one that is not in use.")
