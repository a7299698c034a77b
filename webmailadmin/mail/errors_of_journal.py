"""What is refused to who looks for something in the journal."""

from webmailadmin.mail.errors import N_, Refusal


class SinceMalformed(Refusal):
    code, field = "since-malformed", "since"
    message = N_("Write the date as year-month-day, such as 2026-08-03.")


class UntilMalformed(Refusal):
    code, field = "until-malformed", "until"
    message = N_("Write the date as year-month-day, such as 2026-08-03.")


class UntilBeforeSince(Refusal):
    code, field = "until-before-since", "until"
    message = N_("The last day is before the first one.")
