"""What the rules on domains refuse."""

from webmailadmin.mail.errors import N_, Refusal


class DomainNameMissing(Refusal):
    code, field = "domain-name-missing", "name"
    message = N_("Enter the name of the domain, for example bonvenon.fr.")


class DomainNameMalformed(Refusal):
    code, field = "domain-name-malformed", "name"
    message = N_("%(name)s is not the name of a domain. It looks like bonvenon.fr.")


class DomainExists(Refusal):
    code, field = "domain-exists", "name"
    message = N_("%(name)s is installed already.")


class DomainMissing(Refusal):
    code, field = "domain-missing", "name"
    message = N_("%(name)s is not installed.")


class DomainNameDiffers(Refusal):
    code, field = "domain-name-differs", "name"
    message = N_("Type the name of the domain to agree: %(name)s.")


class LanguageMissing(Refusal):
    code, field = "language-missing", "language"
    message = N_("Choose one of the languages.")


# That a domain is theirs


class DomainUnproved(Refusal):
    code, field = "domain-unproved", "name"
    message = N_(
        "The DNS of %(name)s does not say that the domain is yours: the TXT record %(record)s is "
        "missing, or says something else. When a name server was asked too early, a new record "
        "can take an hour to be seen."
    )


class NameServersSilent(Refusal):
    code, field = "name-servers-silent", "name"
    message = N_("The name servers of %(name)s do not answer. Try again in a moment.")


# postmaster@


class ContactMissing(Refusal):
    code, field = "contact-missing", "contact"
    message = N_("Enter the address that postmaster@ is redirected to.")


class ContactInside(Refusal):
    code, field = "contact-inside", "contact"
    message = N_("Give an address elsewhere; you can change it once %(local_part)s@ exists.")


class ContactDead(Refusal):
    code, field = "contact-dead", "contact"
    message = N_("%(email)s receives nothing. Give an address that does.")


class PostmasterStays(Refusal):
    code = "postmaster-stays"
    message = N_("%(email)s cannot be deleted: every mail domain must have it.")


class PostmasterKeepsName(Refusal):
    code = "postmaster-keeps-name"
    message = N_("%(email)s cannot be renamed: every mail domain must have it.")


class PostmasterNeedsDestination(Refusal):
    """`email` is the postmaster's address; its editor is where to mend it."""

    code = "postmaster-needs-destination"
    message = N_(
        "%(email)s would receive nothing any more. "
        "Redirect it elsewhere first, or make it a mailbox."
    )
