"""What the rules on mail for unknown names refuse."""

from webmailadmin.mail.errors import N_, Refusal


class CatchAllMissing(Refusal):
    code, field = "catch-all-missing", "to"
    message = N_("Enter the address that takes the mail for unknown names.")


class CatchAllMalformed(Refusal):
    code, field = "catch-all-malformed", "to"
    message = N_("%(typed)s is not an address that mail can be sent to.")


class CatchAllDead(Refusal):
    code, field = "catch-all-dead", "to"
    message = N_("%(email)s receives nothing. Choose an address that does.")


class CatchAllDomainMissing(Refusal):
    code, field = "catch-all-domain-missing", "other"
    message = N_("Choose one of the other domains.")


class CatchAllLoop(Refusal):
    code, field = "catch-all-loop", "to"
    message = N_("Mail would go round in a circle: %(path)s.")


class AddressIsCatchAll(Refusal):
    """`domain` is the name of its domain; the page *Unknown addresses* is where to mend it."""

    code = "address-is-catch-all"
    message = N_(
        "Mail for unknown addresses of %(name)s leads to %(email)s. "
        "Let it be refused or go elsewhere first; then delete the address."
    )


class DomainIsCatchAll(Refusal):
    """`domain` is the name of the other one; its page *Unknown addresses* is where to mend it."""

    code = "domain-is-catch-all"
    message = N_("The unknown addresses of %(other)s lead to %(name)s. Change that first.")
