"""What a rule can refuse, as types whose words the doors translate."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


def N_(text: str) -> str:  # noqa: N802 - the name that message extraction looks for
    """Mark `text` for translation, and return it as it is."""
    return text


class NotFound(Exception):
    """There is no such thing, or it is not for the person who asks: never says which."""


class Refusal(Exception):
    """What a rule will not do. Nothing was changed.

    code: stable, for tests, the command line and the journal. The words may change.
    field: the input to correct; None when no input is at fault.
    """

    code: ClassVar[str] = "refused"
    field: str | None = None
    message: ClassVar[str]

    def __init__(self, **values: object) -> None:
        super().__init__(self.code, values)
        self.values = values

    def parts(self) -> list["Refusal"]:
        """Return the refusals that this one is made of: itself, unless there are several."""
        return [self]


class Several(Refusal):
    """More than one refusal at once, so that a form can show them all."""

    code = "several"
    message = ""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__()
        self.refusals = refusals

    def parts(self) -> list[Refusal]:
        return self.refusals


class Refusals:
    """Collects what independent checks refuse before anything is changed."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Note what is refused inside, and go on after it."""
        try:
            yield
        except Refusal as refusal:
            self.found += refusal.parts()

    def raise_any(self) -> None:
        """Raise what was found: the refusal itself, or Several."""
        if self.found:
            raise self.found[0] if len(self.found) == 1 else Several(self.found)


class Changed(Refusal):
    """Somebody else was quicker; the words say who, and what they did."""

    code = "changed"
    message = N_(
        "Meanwhile %(actor)s changed %(email)s: %(act)s. "
        "What you typed is still here; save again to put it in place."
    )


# Names of addresses


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


class AddressGone(Refusal):
    """Deleted, and still to be brought back in the domain `domain`."""

    code = "address-gone"
    message = N_("%(email)s has been deleted. Until %(until)s it can be brought back.")


class AddressExists(Refusal):
    code, field = "address-exists", "local_part"
    message = N_("%(email)s exists already. It is open below.")


class NameTaken(Refusal):
    code, field = "name-taken", "local_part"
    message = N_("%(email)s is taken again. Bring it back under another name, say %(proposal)s.")


class NewNameTaken(Refusal):
    code, field = "new-name-taken", "local_part"
    message = N_("%(email)s exists already. Choose another name, say %(proposal)s.")


class NameStays(Refusal):
    code, field = "name-stays", "local_part"
    message = N_("%(email)s is its name already. Enter another one.")


# Domains


class DomainNameMissing(Refusal):
    code, field = "domain-name-missing", "name"
    message = N_("Enter the name of the domain, for example bonvenon.fr.")


class DomainNameMalformed(Refusal):
    code, field = "domain-name-malformed", "name"
    message = N_("%(name)s is not the name of a domain. It looks like bonvenon.fr.")


class DomainExists(Refusal):
    code, field = "domain-exists", "name"
    message = N_("%(name)s is installed already.")


class DomainNameDiffers(Refusal):
    code, field = "domain-name-differs", "name"
    message = N_("Type the name of the domain to agree: %(name)s.")


class RemovedNameDiffers(Refusal):
    code, field = "removed-name-differs", "name"
    message = N_("Type the address to agree: %(email)s.")


class DomainIsCatchAll(Refusal):
    """`domain` is the name of the other one; its page *Unknown addresses* is where to mend it."""

    code = "domain-is-catch-all"
    message = N_("The unknown addresses of %(other)s lead to %(name)s. Change that first.")


class LanguageMissing(Refusal):
    code, field = "language-missing", "language"
    message = N_("Choose one of the languages.")


class ContactMissing(Refusal):
    code, field = "contact-missing", "contact"
    message = N_("Enter the address that postmaster@ is redirected to.")


class ContactInside(Refusal):
    code, field = "contact-inside", "contact"
    message = N_("Give an address elsewhere; you can change it once %(local_part)s@ exists.")


class ContactDead(Refusal):
    code, field = "contact-dead", "contact"
    message = N_("%(email)s receives nothing. Give an address that does.")


class CatchAllMalformed(Refusal):
    code, field = "catch-all-malformed", "to"
    message = N_("%(typed)s is not an address that mail can be sent to.")


class CatchAllMissing(Refusal):
    code, field = "catch-all-missing", "to"
    message = N_("Enter the address that takes the mail for unknown names.")


class CatchAllDead(Refusal):
    code, field = "catch-all-dead", "to"
    message = N_("%(email)s receives nothing. Choose an address that does.")


class CatchAllDomainMissing(Refusal):
    code, field = "catch-all-domain-missing", "other"
    message = N_("Choose one of the other domains.")


class CatchAllLoop(Refusal):
    code, field = "catch-all-loop", "to"
    message = N_("Mail would go round in a circle: %(path)s.")


# postmaster@


class PostmasterStays(Refusal):
    code = "postmaster-stays"
    message = N_("%(email)s cannot be deleted: every mail domain must have it.")


class PostmasterKeepsName(Refusal):
    code = "postmaster-keeps-name"
    message = N_("%(email)s cannot be renamed: every mail domain must have it.")


class AddressIsCatchAll(Refusal):
    """`domain` is the name of its domain; the page *Unknown addresses* is where to mend it."""

    code = "address-is-catch-all"
    message = N_(
        "Mail for unknown addresses of %(name)s leads to %(email)s. "
        "Let it be refused or go elsewhere first; then delete the address."
    )


class PostmasterNeedsDestination(Refusal):
    """`email` is the postmaster's address; its editor is where to mend it."""

    code = "postmaster-needs-destination"
    message = N_(
        "%(email)s would receive nothing any more. "
        "Redirect it elsewhere first, or make it a mailbox."
    )


class NeededElsewhere(Refusal):
    """Said instead of a refusal that would name what is somebody else's."""

    code = "needed-elsewhere"
    message = N_(
        "Mail of a domain that is not yours leads only here, and would come to nothing. "
        "Ask your hoster."
    )


# Recipients


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


# What leads somewhere


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


# Messages


class MessagesOutOfReach(Refusal):
    code = "messages-out-of-reach"
    message = N_(
        "The messages cannot be read at the moment; the panel’s log says why. "
        "Nothing is lost: try again in a minute."
    )


class TooManyDownloads(Refusal):
    code = "too-many-downloads"
    message = N_("%(count)s downloads are running. Try again once one of them has ended.")


# Mailboxes


class MailboxWouldGo(Refusal):
    code, field = "mailbox-would-go", "may_remove"
    message = N_("Tick the box to remove the mailbox, or choose Mailbox: Yes.")


class LimitBelowUse(Refusal):
    code, field = "limit-below-use", "agreed_quota"
    message = N_(
        "The mailbox holds %(bytes)s already: with a limit of %(limit)s, new mail is refused "
        "until it holds less."
    )


class QuotaMalformed(Refusal):
    code, field = "quota-malformed", "quota_mb"
    message = N_("Enter the size limit as a whole number of MB, or 0 for no limit.")


class QuotaTooLarge(Refusal):
    code, field = "quota-too-large", "quota_mb"
    message = N_("The size limit is at most %(most)s MB. For no limit, enter 0.")


# Test messages


class TooManyTests(Refusal):
    """`seconds` until the next one is sent."""

    code = "too-many-tests"
    message = N_("These were test messages enough. Send the next one in %(seconds)s seconds.")


# Passwords


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


# Accounts


class AccountNameMalformed(Refusal):
    code, field = "account-name-malformed", "name"
    message = N_("A name for an account has 2 to 64 letters a to z, figures, dots or hyphens.")


class AccountExists(Refusal):
    code, field = "account-exists", "name"
    message = N_("There is an account %(name)s already.")


class AccountMissing(Refusal):
    code, field = "account-missing", "name"
    message = N_("There is no account %(name)s.")


class LogInRefused(Refusal):
    code = "log-in-refused"
    message = N_("Name or password is wrong.")


class TooManyFailures(Refusal):
    """`seconds` until the next try is heard."""

    code = "too-many-failures"
    message = N_("Too many wrong tries. Try again in %(seconds)s seconds.")
