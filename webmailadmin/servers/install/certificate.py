"""The certificate of the mail host: which one, whether it can be used, and one made here."""

import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webmailadmin.servers import places
from webmailadmin.servers.install.steps import MACHINE, Step

SNAKEOIL = "ssl-cert-snakeoil"  # made by Debian on each machine, known to nobody
DAYS = 3650


@dataclass(frozen=True)
class Pair:
    """A certificate with those that lead to its issuer, and its key: PEM files."""

    certificate: Path
    key: Path

    @property
    def is_self_made(self) -> bool:
        """Whether it is the one that we make for want of a better one."""
        return self.certificate == places.SELF_MADE


SELF_MADE = Pair(places.SELF_MADE, places.SELF_MADE_KEY)


class UnfitCertificate(Exception):
    """A certificate cannot be used. Its text is one sentence for the hoster."""


def choose(mail_host: str, now: dict[str, str]) -> Pair:
    """Return the pair to use when none is named: Let's Encrypt's, Postfix's own, or one made here.

    Links stay links: behind them is the next one, once it is renewed.
    now: the parameters in main.cf, which may name the pair of an earlier time.
    """
    lets_encrypt = places.LETS_ENCRYPT / mail_host
    if (lets_encrypt / "fullchain.pem").exists():
        return Pair(lets_encrypt / "fullchain.pem", lets_encrypt / "privkey.pem")
    used = now.get("smtpd_tls_cert_file", ""), now.get("smtpd_tls_key_file", "")
    if all(used) and SNAKEOIL not in used[0] and Path(used[0]).exists():
        return Pair(Path(used[0]), Path(used[1]))
    return SELF_MADE


def refuse_unfit(pair: Pair) -> None:
    """Raise UnfitCertificate unless both files belong together and the date is not past."""
    for path in (pair.certificate, pair.key):
        if not path.is_file():
            raise UnfitCertificate(f"There is no file {path}.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            pair.certificate, pair.key, password=no_password
        )
    except (ssl.SSLError, OSError, ValueError) as error:
        raise UnfitCertificate(
            f"{pair.certificate} and {pair.key} cannot be used together: {error}."
        ) from error
    if MACHINE.ask("openssl", "x509", "-checkend", "0", "-in", str(pair.certificate)).returncode:
        raise UnfitCertificate(f"The date of {pair.certificate} is past: renew it first.")


def no_password() -> str:
    """Refuse a key that only a person can open: the servers start without one."""
    raise ValueError("the key wants a password")


def names(pair: Pair, host: str) -> bool:
    """Say whether the certificate is for this host."""
    said = MACHINE.ask(
        "openssl", "x509", "-noout", "-checkhost", host, "-in", str(pair.certificate)
    )
    return "does match" in said.stdout


class SelfMade(Step):
    """The pair made here for a host, there or not."""

    kind = "certificate"

    def now(self) -> bool | None:
        there = places.SELF_MADE.exists() and places.SELF_MADE_KEY.exists()
        return (names(SELF_MADE, self.name) or None) if there else None

    def put(self, what: Any) -> None:
        if not what:
            places.SELF_MADE.unlink(missing_ok=True)
            places.SELF_MADE_KEY.unlink(missing_ok=True)
            return
        with tempfile.TemporaryDirectory(dir=places.KEPT) as folder:
            key, certificate = Path(folder, "key"), Path(folder, "certificate")
            MACHINE.run(
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
                *("ec_paramgen_curve:prime256v1", "-nodes", "-days", str(DAYS)),
                *("-subj", f"/CN={self.name}", "-addext", f"subjectAltName=DNS:{self.name}"),
                *("-keyout", str(key), "-out", str(certificate)),
            )
            key.chmod(0o600)
            certificate.chmod(0o644)
            os.replace(key, places.SELF_MADE_KEY)  # noqa: PTH105
            os.replace(certificate, places.SELF_MADE)  # noqa: PTH105

    def lines(self, what: Any) -> list[str]:
        return [f"a self-made certificate for {self.name}"] if what else []

    def title(self) -> str:
        return str(places.SELF_MADE)
