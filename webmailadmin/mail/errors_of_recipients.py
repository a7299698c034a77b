"""What is refused of the addresses that mail is redirected to."""

from webmailadmin.mail.errors import N_, Refusal


class RecipientMalformed(Refusal):
    code, field = "recipient-malformed", "recipients"
    message = N_("“%(typed)s” is not an address that mail can be sent to.")


class RecipientIsItself(Refusal):
    code, field = "recipient-is-itself", "recipients"
    message = N_("%(email)s cannot be redirected to itself: its mailbox is what keeps a copy.")


class RecipientLoop(Refusal):
    code, field = "recipient-loop", "recipients"
    message = N_("Mail would go round in a circle: %(path)s.")


class TooManyRecipients(Refusal):
    code, field = "too-many-recipients", "recipients"
    message = N_("At most %(most)s recipients; there are %(count)s.")


class TooManyInAll(Refusal):
    code, field = "too-many-in-all", "recipients"
    message = N_("With all redirections followed, mail for %(email)s would go to over %(most)s.")


class TooManySteps(Refusal):
    code, field = "too-many-steps", "recipients"
    message = N_("Mail would be redirected over more than %(most)s steps. Redirect more directly.")


class NeededElsewhere(Refusal):
    """Said instead of a refusal that would name what is somebody else's."""

    code = "needed-elsewhere"
    message = N_(
        "Mail of a domain that is not yours leads only here, and would come to nothing. "
        "Ask your hoster."
    )


# What leads to an address


class OthersLeadHere(Refusal):
    code, field = "others-lead-here", "may_remove"
    message = N_("Tick the box to delete it although others lead here.")


class NobodyChosen(Refusal):
    code, field = "nobody-chosen", "led"
    message = N_("Tick at least one address.")


class PlaceMissing(Refusal):
    code, field = "place-missing", "recipients"
    message = N_("Enter the address that they lead to from now on.")


class PlaceReceivesNothing(Refusal):
    code, field = "place-receives-nothing", "recipients"
    message = N_("%(email)s receives nothing. Enter an address that does.")
