"""What the rules of a mailbox's holder can refuse."""

from webmailadmin.mail.errors import N_, Refusal


class RedirectNotAllowed(Refusal):
    code = "redirect-not-allowed"
    message = N_("Who manages %(domain)s has not allowed you to redirect your mail.")


class OnlySends(Refusal):
    code = "only-sends"
    message = N_("Your address only sends: there is no mail to redirect.")


class RedirectedNowhere(Refusal):
    code, field = "redirected-nowhere", "recipients"
    message = N_("Mail would arrive nowhere: enter an address that receives, or keep a copy.")


class ProofNeeded(Refusal):
    """The password is asked for again, and was not typed yet."""

    code, field = "proof-needed", "present"
    message = N_("You logged in a while ago. Type your password once more, to show it is you.")
