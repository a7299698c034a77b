"""All steps of a set-up, in their order."""

from dataclasses import dataclass
from pathlib import Path

from webmailadmin.servers import places, render, srs
from webmailadmin.servers.install import dovecot, postfix, units
from webmailadmin.servers.install.certificate import Pair, SelfMade
from webmailadmin.servers.install.database import Database
from webmailadmin.servers.install.facts import SYSTEMD_RUNS, Facts
from webmailadmin.servers.install.steps import (
    Enabled,
    File,
    Folder,
    Group,
    Link,
    Member,
    Services,
    Settings,
    Step,
    User,
)
from webmailadmin.servers.render import Values

COMMAND = Path("/usr/local/bin/webmailadmin")
PORTS = srs.SrsPorts()


@dataclass(frozen=True)
class Wish:
    """What the hoster wants.

    data: folder of the database. pair: the certificate. keep: parameters of Postfix whose own
    values are kept beside ours. srs: whether senders of what is redirected outside are rewritten.
    end_system_mailboxes: whether users of this machine stop reading their mail through Dovecot.
    """

    data: Path
    mail_root: Path
    mail_host: str
    pair: Pair
    keep: tuple[str, ...] = ()
    srs: bool = True
    end_system_mailboxes: bool = False

    def values(self, mail_uid: int) -> Values:
        """Return what the servers' files are filled with. Raises render.UnfitValue."""
        return Values(
            database=self.data / "webmailadmin.db",
            mail_root=self.mail_root,
            mail_host=self.mail_host,
            mail_uid=mail_uid,
        )


def people() -> list[Step]:
    """Return the users and groups, which come first: what follows asks for their numbers."""
    servers = Values.servers_group
    return [
        Group(servers, True, stays=True),
        User(places.PANEL_USER, True, stays=True),
        User(render.MAIL_USER, True, stays=True),
        Member(f"postfix:{servers}", True, touches="postfix"),
        Member(f"dovecot:{servers}", True, touches="dovecot"),
    ]


def things(wish: Wish, facts: Facts, there: dict[str, str], values: Values) -> list[Step]:
    """Return the steps between `people` and `services`.

    there: the parameters in main.cf without ours. values: with the number of the mail's owner.
    """
    return [
        *folders(wish),
        *postfix_files(wish, values),
        *dovecot_files(wish, facts, values),
        Settings("/etc/postfix/main.cf", postfix_settings(wish, facts, there, values), "postfix"),
        Services("/etc/postfix/master.cf", postfix_services(wish), "postfix"),
        *srs_files(wish, values),
        *unit_files(wish),
    ]


def folders(wish: Wish) -> list[Step]:
    """Return our folders, what lies in them, and the command."""
    panel, mail, servers = places.PANEL_USER, render.MAIL_USER, Values.servers_group
    return [
        Folder(str(places.KEPT), owned("0755", "root", "root")),
        *([SelfMade(wish.mail_host, True)] if wish.pair.is_self_made else []),
        *([] if places.ENVIRONMENT.exists() else [environment_file(wish)]),
        *([] if COMMAND.exists() and not COMMAND.is_symlink() else [command()]),
        Folder(str(wish.data), owned("2750", panel, servers), stays=True),
        Folder(str(wish.mail_root), owned("0700", mail, mail), stays=True),
        Database(str(wish.data), True, stays=True),
    ]


def command() -> Link:
    """Return the way to type our name alone."""
    return Link(str(COMMAND), f"{places.CHECKOUT}/.venv/bin/webmailadmin")


def environment_file(wish: Wish) -> File:
    """Return the services' settings; once there they are the hoster's."""
    text = f"""\
# Settings of webmailadmin, read by its services when they start: {places.CHECKOUT}/docs/settings.md
WEBMAILADMIN_DATA={wish.data}
WEBMAILADMIN_MAIL_ROOT={wish.mail_root}
WEBMAILADMIN_MAIL_HOST={wish.mail_host}
# The address that people type, once nginx or Caddy stands in front:
#WEBMAILADMIN_PUBLIC_URL=https://{wish.mail_host}
"""
    return File(str(places.ENVIRONMENT), {"text": text} | owned("0644", "root", "root"))


def postfix_files(wish: Wish, values: Values) -> list[Step]:
    """Return the maps."""
    texts = {f"{name}.cf": render.map_text(values, query) for name, query in render.QUERIES.items()}
    if wish.srs:
        texts |= srs.maps(values, PORTS)
    rights = owned("0640", "root", "postfix")
    return [
        Folder(str(values.maps), owned("0755", "root", "root")),
        *(
            File(str(values.maps / name), {"text": text} | rights, "postfix")
            for name, text in texts.items()
        ),
    ]


def dovecot_files(wish: Wish, facts: Facts, values: Values) -> list[Step]:
    """Return the files beside Debian's. The dict's is read by a process that is not root."""
    found = dovecot.files(values, wish.pair, is_2_3=facts.is_2_3)
    for_root = (places.DOVECOT_SQL, places.DOVECOT_USED)
    return [
        File(
            str(path),
            {"text": text} | owned("0640" if path in for_root else "0644", "root", "root"),
            "dovecot",
        )
        for path, text in found.items()
    ]


def postfix_settings(
    wish: Wish, facts: Facts, there: dict[str, str], values: Values
) -> dict[str, str]:
    """Return what main.cf shall hold."""
    parameters = postfix.parameters(values, wish.pair)
    if wish.srs:
        parameters |= srs.parameters(values, PORTS)
    wanted = postfix.merged(parameters, there)
    for name in postfix.LISTS:
        if parameters[name] in facts.settings.get(name, ""):
            wanted[name] = facts.settings[name]  # with ours where the hoster has moved it
    old = facts.value("myhostname")
    if old in (wish.mail_host, *facts.domains):
        old = ""
    destinations = postfix.mydestination(facts.settings.get("mydestination", ""), old)
    if destinations:
        wanted["mydestination"] = destinations
    return wanted


def postfix_services(wish: Wish) -> dict[str, list[str]]:
    """Return what master.cf shall hold, options in the order in which Postfix tells them."""
    found = postfix.services() | (srs.services(PORTS) if wish.srs else {})
    return {name: [line, *sorted(options)] for name, (line, *options) in found.items()}


def srs_files(wish: Wish, values: Values) -> list[Step]:
    """Return what postsrsd reads."""
    if not wish.srs:
        return []
    what = {"text": srs.defaults(values, PORTS)} | owned("0644", "root", "root")
    return [File(str(places.POSTSRSD), what, "postsrsd")]


def unit_files(wish: Wish) -> list[Step]:
    """Return the services' files."""
    return [
        File(str(path), {"text": text} | owned("0644", "root", "root"), "systemd")
        for path, text in units.files(wish.data, wish.mail_root).items()
    ]


def services() -> list[Step]:
    """Return that the panel starts now and at each boot, where there is systemd: the last steps."""
    return [Enabled(name, True) for name in units.started()] if SYSTEMD_RUNS.exists() else []


def owned(mode: str, owner: str, group: str) -> dict[str, str]:
    """Return rights as a step reads them."""
    return {"mode": mode, "owner": owner, "group": group}
