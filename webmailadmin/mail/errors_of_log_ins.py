"""What is refused to who logs in."""

from webmailadmin.mail.errors import N_, Refusal


class LogInRefused(Refusal):
    code = "log-in-refused"
    message = N_("Name or password is wrong.")


class TooManyFailures(Refusal):
    """`seconds` until the next try is heard."""

    code = "too-many-failures"
    message = N_("Too many wrong tries. Try again in %(seconds)s.")


class LogInOver(Refusal):
    code = "log-in-over"
    message = N_("This log-in took too long. Begin again with name and password.")


# The second factor


class CodeWrong(Refusal):
    code, field = "code-wrong", "code"
    message = N_("This code is wrong, or was used already. Wait for the next one, and type it.")


class CodeMissing(Refusal):
    code, field = "code-missing", "code"
    message = N_("Type the code that your app shows now.")


class FactorThere(Refusal):
    code = "factor-there"
    message = N_("There is a second factor already. Turn it off first to set up another one.")


class FactorMissing(Refusal):
    code = "factor-missing"
    message = N_("There is no second factor to turn off.")


class ProposalOver(Refusal):
    code = "proposal-over"
    message = N_(
        "This page had been open for too long: here is a new secret. Delete the old one from "
        "your app, and take this one."
    )
