"""What is refused of the names of addresses."""

from webmailadmin.mail.errors import N_, Refusal


class LocalPartMissing(Refusal):
    code, field = "local-part-missing", "local_part"
    message = N_("Enter the name before the @.")


class LocalPartTooLong(Refusal):
    code, field = "local-part-too-long", "local_part"
    message = N_("The name before the @ has at most 64 characters; this one has %(length)s.")


class AddressTooLong(Refusal):
    code, field = "address-too-long", "local_part"
    message = N_("A whole address has at most 254 characters; this one has %(length)s.")


class LocalPartAccented(Refusal):
    code, field = "local-part-accented", "local_part"
    message = N_("Mail servers know no accents before the @. Write %(proposal)s instead.")


class LocalPartInvisible(Refusal):
    code, field = "local-part-invisible", "local_part"
    message = N_("The name holds invisible characters. Type it by hand instead of pasting it.")


class LocalPartSubAddress(Refusal):
    code, field = "local-part-sub-address", "local_part"
    message = N_(
        "A + is not part of a name: mail for %(name)s+anything@ reaches %(name)s@ by itself."
    )


class LocalPartDots(Refusal):
    code, field = "local-part-dots", "local_part"
    message = N_("A dot stands between letters or figures: never first, last, or twice in a row.")


class LocalPartEdges(Refusal):
    code, field = "local-part-edges", "local_part"
    message = N_("The name begins and ends with a letter or a figure.")


class LocalPartCharacters(Refusal):
    code, field = "local-part-characters", "local_part"
    message = N_(
        "Use the letters a to z, figures, dots, hyphens and underscores. Not: %(characters)s"
    )


class LocalPartOtherDomain(Refusal):
    """`domain` is the other one, when it is ours."""

    code, field = "local-part-other-domain", "local_part"
    message = N_("This address belongs to %(domain)s, not to %(here)s.")


class AddressExists(Refusal):
    code, field = "address-exists", "local_part"
    message = N_("%(email)s exists already. It is open below.")


class AddressGone(Refusal):
    """Deleted, and still to be brought back in the domain `domain`."""

    code = "address-gone"
    message = N_("%(email)s has been deleted. Until %(until)s it can be brought back.")


class NameTaken(Refusal):
    code, field = "name-taken", "local_part"
    message = N_("%(email)s is taken again. Bring it back under another name, say %(proposal)s.")


class NewNameTaken(Refusal):
    code, field = "new-name-taken", "local_part"
    message = N_("%(email)s exists already. Choose another name, say %(proposal)s.")


class NameStays(Refusal):
    code, field = "name-stays", "local_part"
    message = N_("%(email)s is its name already. Enter another one.")


# Reserved names


class NameReserved(Refusal):
    code, field = "name-reserved", "local_part"
    message = N_(
        "%(local_part)s@ is reserved: whoever reads its mail can get certificates for the domain, "
        "and speaks for who runs it. Ask your hoster."
    )


class MailboxReserved(NameReserved):
    code, field = "mailbox-reserved", "mailbox"
