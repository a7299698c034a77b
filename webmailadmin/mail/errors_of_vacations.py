"""What the rules of vacation answers can refuse."""

from webmailadmin.mail.errors import N_, Refusal


class VacationChanged(Refusal):
    code = "vacation-changed"
    message = N_(
        "Meanwhile somebody else changed this answer. "
        "What you typed is still here; save again to put it in place."
    )


class VacationBeginMalformed(Refusal):
    code, field = "vacation-begin-malformed", "begins"
    message = N_("Write the date as year-month-day, such as 2026-08-03.")


class VacationEndMalformed(Refusal):
    code, field = "vacation-end-malformed", "ends"
    message = N_("Write the date as year-month-day, such as 2026-08-03.")


class VacationEndsBefore(Refusal):
    code, field = "vacation-ends-before", "ends"
    message = N_("The last day is before the first one.")


class VacationSubjectTooLong(Refusal):
    code, field = "vacation-subject-too-long", "subject"
    message = N_("The subject has at most %(most)s characters; this one has %(length)s.")


class VacationSubjectControl(Refusal):
    code, field = "vacation-subject-control", "subject"
    message = N_("The subject is one line, without tabs or control characters. Type it anew.")


class VacationTextMissing(Refusal):
    code, field = "vacation-text-missing", "text"
    message = N_("Write what senders are to be told.")


class VacationTextTooLong(Refusal):
    code, field = "vacation-text-too-long", "text"
    message = N_("The text has at most %(most)s bytes; this one has %(length)s.")


class VacationTextControl(Refusal):
    code, field = "vacation-text-control", "text"
    message = N_("The text holds a control character, which mail cannot carry. Type it anew.")
