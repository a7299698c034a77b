"""Local parts, addresses and domain names: how they are read, checked and shown."""

import re
import unicodedata

import idna

from webmailadmin.mail.errors_of_domains import DomainNameMalformed, DomainNameMissing
from webmailadmin.mail.errors_of_names import (
    AddressTooLong,
    LocalPartAccented,
    LocalPartCharacters,
    LocalPartDots,
    LocalPartEdges,
    LocalPartInvisible,
    LocalPartMissing,
    LocalPartOtherDomain,
    LocalPartSubAddress,
    LocalPartTooLong,
)

POSTMASTER = "postmaster"
LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3: a path of 256 less its angle brackets

# What Dovecot accepts in a user name as shipped (auth_username_chars), so that every
# address can become a mailbox, with Postfix's delimiter + left to sub-addresses.
OURS = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
# RFC 5322 atext without what a mail server gives a meaning of its own: % ! | and a first / or -.
OUTSIDE = re.compile(r"(?![/-])[a-z0-9_+='#$&*?^`{}~/-]+(?:\.[a-z0-9_+='#$&*?^`{}~/-]+)*")


def has_hidden(text: str) -> bool:
    """Say whether `text` holds control, format or otherwise invisible characters."""
    return any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in text)


def local_part(typed: str, here: str) -> str:
    """Return the local part that `typed` names in the domain `here` (an A-label).

    A whole address of this domain is understood, also as `Ann <ann@here>`.
    Raises a LocalPart… refusal (RFC 5321, 4.1.2, narrowed to what Dovecot takes as a user name),
    AddressTooLong, LocalPartOtherDomain.
    """
    name = typed.strip()
    if found := re.fullmatch(r"[^<>]*<([^<>]*)>", name):
        name = found[1].strip()
    if "@" in name:
        name, _, other = name.rpartition("@")
        if other and "@" not in name:
            refuse_other_domain(other, here)
    refuse_malformed(name)
    name = name.lower()
    if len(f"{name}@{here}") > LONGEST_ADDRESS:
        raise AddressTooLong(length=len(f"{name}@{here}"))
    return name


def refuse_other_domain(other: str, here: str) -> None:
    """Raise LocalPartOtherDomain unless `other` is the domain `here`."""
    try:
        named = domain_name(other)
    except (DomainNameMalformed, DomainNameMissing):
        named = ""
    if named != here:
        raise LocalPartOtherDomain(domain=shown(named) or other, here=shown(here), name=named)


def refuse_malformed(name: str) -> None:
    """Raise what is wrong with a local part of ours, in the words that mend it best."""
    if not name:
        raise LocalPartMissing
    if has_hidden(name):
        raise LocalPartInvisible
    if not name.isascii():
        refuse_accents(name)
    if len(name) > LONGEST_LOCAL_PART:
        raise LocalPartTooLong(length=len(name))
    lower = name.lower()
    if OURS.fullmatch(lower) and ".." not in lower:
        return
    if found := re.fullmatch(r"([a-z0-9._-]+)\+[a-z0-9._+-]*", lower):
        raise LocalPartSubAddress(name=found[1])
    if strange := sorted(set(re.findall(r"[^a-z0-9._-]", lower))):
        raise LocalPartCharacters(characters=" ".join("␣" if c == " " else c for c in strange))
    if ".." in name or name[0] == "." or name[-1] == ".":
        raise LocalPartDots
    raise LocalPartEdges


def refuse_accents(name: str) -> None:
    """Refuse a name with letters beyond ASCII, before any lower-casing folds them.

    U+212A KELVIN SIGN lower-cases to an ASCII k: it must not become somebody else's name.
    """
    apart = unicodedata.normalize("NFD", name.lower())
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    plain = plain.replace("œ", "oe").replace("æ", "ae").replace("ß", "ss")
    if OURS.fullmatch(plain):
        raise LocalPartAccented(proposal=plain)
    strange = dict.fromkeys(c for c in name if not c.isascii())
    raise LocalPartCharacters(characters=" ".join(strange))


def domain_name(typed: str) -> str:
    """Return the A-label of a domain name, typed with accents or as punycode.

    IDNA 2008 with the mapping of UTS 46: upper case and full-width letters are folded.
    Raises DomainNameMissing, DomainNameMalformed.
    """
    name = typed.strip().removeprefix("@").removesuffix(".")
    if not name:
        raise DomainNameMissing
    try:
        encoded = idna.encode(name, uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise DomainNameMalformed(name=typed.strip()) from None
    labels = encoded.split(".")
    real = len(labels) >= 2 and all(labels) and not labels[-1].isdigit()
    if not real or len(encoded) > 253 or has_hidden(name):
        raise DomainNameMalformed(name=typed.strip())
    return encoded


def shown(name: str) -> str:
    """Return a domain name for the eye: its U-label.

    A label that mixes alphabets, as Latin and Cyrillic, stays punycode, so that nobody takes
    it for another.
    """
    return ".".join(shown_label(label) for label in name.split("."))


def shown_label(label: str) -> str:
    """Return one label of a domain name for the eye."""
    if not label.startswith("xn--"):
        return label
    try:
        decoded = idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        return label
    alphabets = {unicodedata.name(c, "?").split()[0] for c in decoded if c.isalpha()}
    return decoded if len(alphabets) <= 1 else label


def shown_email(email: str) -> str:
    """Return an address for the eye, its domain as U-label."""
    name, at, domain = email.rpartition("@")
    return f"{name}{at}{shown(domain)}"


def email(typed: str) -> str | None:
    """Return one plain address `local@domain` in the form that is stored, or None.

    Outside addresses may hold more characters than ours (RFC 5322 atext), never one that makes
    Postfix see two recipients, a command, a file or a route.
    """
    name, at, domain = typed.strip().rpartition("@")
    name = name.lower() if name.isascii() else ""
    if not (at and OUTSIDE.fullmatch(name)) or len(name) > LONGEST_LOCAL_PART:
        return None
    try:
        whole = f"{name}@{domain_name(domain)}" if domain.strip() == domain else ""
    except (DomainNameMalformed, DomainNameMissing):
        return None
    return whole if 0 < len(whole) <= LONGEST_ADDRESS else None


def without_extension(address: str) -> str:
    """Return `contact@x.org` for `contact+tag@x.org`: where Postfix and Dovecot look."""
    name, _, domain = address.rpartition("@")
    plain, _, _ = name.partition("+")
    return f"{plain or name}@{domain}"


def domain_of(address: str) -> str:
    """Return what stands after the @."""
    return address.rpartition("@")[2]
