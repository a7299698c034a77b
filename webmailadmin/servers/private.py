"""A private Postfix and Dovecot on the loopback, for the demo and for the tests.

They run on the text of `render.py`. What is private is added to it: ports, folders, logs, and a
transport that keeps mail for the outside in a folder, so that nothing leaves the machine.
System services, /etc/postfix and /etc/dovecot are neither needed nor touched.
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from webmailadmin.servers import sieve, used
from webmailadmin.servers.render import MAIL_USER, UnfitValue, Values, render_into

LOOPBACK = "127.0.0.1"
# Where Postfix trusts what comes in: Dovecot's answers to mail.
TRUSTED = "127.0.0.2"
SECONDS_TO_START = 20
SECONDS_TO_STOP = 5
# What these servers need of Debian: a package, and a file by which it is known.
PACKAGES = {
    "postfix": "/usr/sbin/postfix",
    "postfix-sqlite": "/usr/lib/postfix/postfix-sqlite.so",
    "dovecot-imapd": "/usr/lib/dovecot/imap",
    "dovecot-pop3d": "/usr/lib/dovecot/pop3",
    "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
    "dovecot-sqlite": "/usr/lib/dovecot/modules/libdriver_sqlite.so",
    "dovecot-sieve": sieve.PLUGIN,
}
# The folders below Postfix's queue_directory that are its own alone.
QUEUE = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush"),
    *("hold", "incoming", "private", "saved", "trace"),
)
# Runs a server until our end of its standard input is closed, which the kernel does even when our
# program is killed. Whatever the server leaves goes with it: Dovecot's processes are in the
# keeper's group, Postfix's in one of their own.
KEEPER = f"""
exec 3<&0 4>&2 2>/dev/null
"$@" 3<&- 2>&4 4>&- &
server=$!
{{ cat <&3; kill -TERM $server; sleep {SECONDS_TO_STOP}; kill -KILL -$server; kill -KILL 0; }} &
wait $server
kill -KILL -$server
kill -KILL 0
"""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


class CannotStart(Exception):
    """The private servers cannot run. Its text is one sentence for the person who starts them."""


@dataclass(frozen=True)
class Ports:
    """Where the servers listen on the loopback."""

    smtp: int = 2525
    imap: int = 1143
    pop3: int = 1110


@dataclass(frozen=True)
class System:
    """The Debian whose servers run.

    prefix: what stands before every command. Empty for this system; for another one, what runs
    a command in it with our folders at their own places.
    """

    prefix: tuple[str, ...] = ()

    def ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever that is."""
        return subprocess.run(
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=ENVIRONMENT,
            umask=0o022,
        )

    def run(self, *command: str) -> str:
        """Run a command and return what it printed. Raises CannotStart with what it said."""
        done = self.ask(*command)
        if done.returncode:
            raise CannotStart(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
        return done.stdout

    def start(self, log: Path, *command: str) -> subprocess.Popen[bytes]:
        """Start a server below a keeper, in a session of its own where Ctrl-C does not reach it.

        log: the file for what it says before it opens its own.
        """
        with log.open("ab") as opened:
            return subprocess.Popen(
                ["sh", "-c", KEEPER, "keeper", *self.prefix, *command],
                stdin=subprocess.PIPE,
                stdout=opened,
                stderr=opened,
                env=ENVIRONMENT,
                umask=0o022,
                start_new_session=True,
            )


@dataclass(frozen=True)
class PrivateServers:
    """A running pair of servers, and where their things are.

    values: what their files were rendered with. outside: the Maildir that holds whatever would
    have left this machine.
    """

    system: System
    folder: Path
    ports: Ports
    values: Values

    @property
    def outside(self) -> Path:
        return self.folder / "outside" / "Maildir"

    @property
    def postfix_folder(self) -> Path:
        return self.folder / "etc" / "postfix"

    @property
    def dovecot_file(self) -> Path:
        return self.folder / "etc" / "dovecot.conf"

    def logs(self) -> str:
        """Return all that both servers have logged."""
        files = sorted((self.folder / "log").iterdir())
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)

    def postfix(self, program: str, *arguments: str) -> str:
        """Run one of Postfix's commands on this instance. Raises CannotStart."""
        return self.system.run(program, "-c", str(self.postfix_folder), *arguments)

    def doveadm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run doveadm on this instance; its exit status says what it found."""
        return self.system.ask("doveadm", "-c", str(self.dovecot_file), *arguments)


@contextmanager
def private_servers(
    folder: Path,
    database: Path,
    ports: Ports = Ports(),
    *,
    mail_host: str = "localhost",
    system: System = System(),
    say: Callable[[str], None] = print,
) -> Iterator[PrivateServers]:
    """Run a private Postfix and Dovecot below `folder` until the block ends.

    database: the SQLite file, which exists; it is opened to the servers' group.
    say: is told what was added to the system (users, a group), a sentence at a time.
    Raises CannotStart. However the block is left, no process stays.
    """
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield start(started, folder.resolve(), database.resolve(), ports, mail_host, system, say)
    finally:
        stop(started)


def start(
    started: list[subprocess.Popen[bytes]],
    folder: Path,
    database: Path,
    ports: Ports,
    mail_host: str,
    system: System,
    say: Callable[[str], None],
) -> PrivateServers:
    """Start both servers and return when they answer. `started` gets each process at once."""
    refuse_what_is_missing(system)
    refuse_taken_ports(ports)
    add_what_is_missing(system, say)
    values = values_for(folder, database, mail_host, system)
    servers = PrivateServers(system, folder, ports, values)
    lay_folders(servers)
    open_to_servers(database, system, values.servers_group)
    refuse_out_of_reach(servers)
    lay_files(servers)
    daemons = servers.postfix("postconf", "-h", "daemon_directory").strip()
    log = folder / "log" / "start.log"
    started.append(system.start(log, "dovecot", "-F", "-c", str(servers.dovecot_file)))
    wait_until_ready(servers, started, ports.imap, ports.pop3)
    # Not before: an smtpd that finds no log-in socket ends, and the next one comes a minute later.
    started.append(system.start(log, f"{daemons}/master", "-c", str(servers.postfix_folder)))
    wait_until_ready(servers, started, ports.smtp)
    return servers


def stop(started: list[subprocess.Popen[bytes]]) -> None:
    """End servers and whatever they started, by leaving their keepers' inputs."""
    for keeper in started:
        assert keeper.stdin
        keeper.stdin.close()
    for keeper in started:
        keeper.wait()


# What must be there first


def refuse_what_is_missing(system: System) -> None:
    """Raise CannotStart when we are not root, or when Debian packages are missing."""
    if os.geteuid() != 0:
        raise CannotStart("Private mail servers start as root only: they run under four users.")
    missing = [
        package for package, file in PACKAGES.items() if system.ask("test", "-e", file).returncode
    ]
    if missing:
        raise CannotStart(f"Install what is missing: apt-get install {' '.join(missing)}")


def refuse_taken_ports(ports: Ports) -> None:
    """Raise CannotStart when another program listens where we would."""
    for port in (ports.smtp, ports.imap, ports.pop3):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                raise CannotStart(f"Port {port} on {LOOPBACK} is taken already.") from None


def refuse_out_of_reach(servers: PrivateServers) -> None:
    """Raise CannotStart when a folder above ours stops the servers' users, as /root would."""
    group, database = servers.values.servers_group, servers.values.database
    for user, groups, path in (
        ("postfix", "--init-groups", database),
        ("dovecot", f"--groups={group}", database),
        (MAIL_USER, "--init-groups", servers.values.mail_root),
    ):
        tried = servers.system.ask(
            "setpriv", f"--reuid={user}", f"--regid={user}", groups, "test", "-r", str(path)
        )
        if tried.returncode:
            raise CannotStart(
                f"The user {user} cannot reach {path}: choose a folder that every user may enter."
            )


def add_what_is_missing(system: System, say: Callable[[str], None]) -> None:
    """Add the group that reads the database, postfix to it, and the owner of the mail files."""
    group = Values.servers_group
    if system.ask("getent", "group", group).returncode:
        system.run("groupadd", "--system", group)
        say(f"Added the system group {group}.")
    if group not in system.run("id", "-nG", "postfix").split():
        system.run("usermod", "--append", "--groups", group, "postfix")
        say(f"Put the user postfix in the group {group}.")
    if system.ask("getent", "passwd", MAIL_USER).returncode:
        nobody_logs_in = ("--no-create-home", "--shell", "/usr/sbin/nologin")
        system.run("useradd", "--system", "--user-group", *nobody_logs_in, MAIL_USER)
        say(f"Added the system user {MAIL_USER}.")


def values_for(folder: Path, database: Path, mail_host: str, system: System) -> Values:
    """Return the values that place everything below `folder`. Raises CannotStart."""
    try:
        return Values(
            database=database,
            mail_root=folder / "mail",
            mail_host=mail_host,
            mail_uid=int(system.run("id", "-u", MAIL_USER)),
            maps=folder / "etc" / "postfix" / "webmailadmin",
            dovecot=folder / "etc" / "dovecot-2.3",
            spool=folder / "spool",
        )
    except UnfitValue as reason:
        raise CannotStart(str(reason)) from reason


def open_to_servers(database: Path, system: System, group: str = Values.servers_group) -> None:
    """Let the servers' group read the database, never write: MAIL_SERVERS.md, 1.

    It writes when app passwords are used.
    """
    used.make(database.parent)
    noted = [str(file) for file in used.files(database.parent)]
    files = [str(file) for file in database.parent.glob(f"{database.name}*")]
    system.run("chown", f"--reference={database}", *noted)
    system.run("chgrp", group, str(database.parent), *files, *noted)
    system.run("chmod", "2750", str(database.parent))
    system.run("chmod", "0640", *files)
    system.run("chmod", f"{used.MODE:04o}", *noted)


# Folders and files


def lay_folders(servers: PrivateServers) -> None:
    """Make the folders with their owners and modes; what an earlier run left in them stays.

    Those of the queue are as `postfix check` would make them, without the seconds that it takes.
    """
    for owner, group, mode, names in (
        ("root", "root", "0755", ". etc log run spool spool/pid"),
        ("postfix", "root", "0700", "data " + " ".join(f"spool/{name}" for name in QUEUE)),
        ("postfix", "postdrop", "0730", "spool/maildrop"),
        ("postfix", "postdrop", "2710", "spool/public"),
        (MAIL_USER, MAIL_USER, "0700", "mail outside"),
    ):
        paths = [str(servers.folder / name) for name in names.split()]
        servers.system.run("install", "-d", "-o", owner, "-g", group, "-m", mode, *paths)


def lay_files(servers: PrivateServers) -> None:
    """Write the rendered files and, around them, what is private."""
    written = render_into(servers.folder / "etc", servers.values)
    rendered = (servers.postfix_folder / "main.cf.webmailadmin").read_text(encoding="utf-8")
    private = {
        servers.postfix_folder / "main.cf": rendered + private_main_cf(servers),
        servers.postfix_folder / "master.cf": private_master_cf(servers),
        servers.dovecot_file: private_dovecot(servers),
    }
    for path, text in private.items():
        path.write_text(text, encoding="utf-8")
    # Postfix waits two seconds before it trusts a file that was written just now.
    a_while_ago = time.time() - 60
    for path in (*written, *private):
        path.parent.chmod(0o755)
        path.chmod(0o644)
        os.utime(path, (a_while_ago, a_while_ago))
    maps = [str(path) for path in written if path.suffix == ".cf"]
    servers.system.run("chgrp", "postfix", *maps)
    servers.system.run("chmod", "0640", *maps)


def private_main_cf(servers: PrivateServers) -> str:
    """Return the lines of main.cf that are this instance's own."""
    folder = servers.folder
    return f"""
# Private from here on.
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}/log
inet_interfaces = {LOOPBACK}
inet_protocols = ipv4
# Nobody is trusted for the address alone: a sender on the loopback is a stranger too.
mynetworks =
alias_maps =
# What would leave the machine, or go to one of its users, is kept in a folder.
default_transport = outside
local_transport = outside
"""


def private_master_cf(servers: PrivateServers) -> str:
    """Return a master.cf with Debian's services and chroots, and no more than we use of them.

    Log-in without TLS is for this loopback only.
    """
    port, folder, user = servers.ports.smtp, servers.folder, servers.values.mail_uid
    return f"""\
{LOOPBACK}:{port} inet n - y - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=no
{TRUSTED}:{port} inet n - y - - smtpd
  -o mynetworks=127.0.0.0/8
cleanup unix n - y - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - y - - trivial-rewrite
bounce unix - - y - 0 bounce
defer unix - - y - 0 bounce
trace unix - - y - 0 bounce
verify unix - - y - 1 verify
flush unix n - y 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - y - - showq
error unix - - y - - error
retry unix - - y - - error
lmtp unix - - y - - lmtp
anvil unix - - y - 1 anvil
scache unix - - y - 1 scache
postlog unix-dgram n - n - 1 postlogd
outside unix - n n - - virtual
  -o virtual_mailbox_base={folder}/outside
  -o virtual_mailbox_maps=static:Maildir/
  -o virtual_uid_maps=static:{user}
  -o virtual_gid_maps=static:{user}
"""


def private_dovecot(servers: PrivateServers) -> str:
    """Return the dovecot.conf that includes the rendered one of the version that is installed."""
    version = servers.system.run("dovecot", "--version").split()[0]
    is_2_3 = version.startswith("2.3.")
    head = "" if is_2_3 else "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
    rendered = servers.folder / "etc" / ("dovecot-2.3" if is_2_3 else "dovecot-2.4")
    return f"""\
{head}base_dir = {servers.folder}/run
state_dir = {servers.folder}/run
log_path = {servers.folder}/log/dovecot.log
protocols = imap pop3 lmtp
listen = {LOOPBACK}
ssl = no
service imap-login {{
  inet_listener imap {{
    port = {servers.ports.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {servers.ports.pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
# All log-ins come from one address: nobody is slowed down for what another one mistyped.
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
!include {rendered}/webmailadmin.conf
submission_host = {TRUSTED}:{servers.ports.smtp}
"""


# Until they answer


def wait_until_ready(
    servers: PrivateServers, started: list[subprocess.Popen[bytes]], *ports: int
) -> None:
    """Return when each port greets. Raises CannotStart when a server ends or time is over."""
    deadline = time.monotonic() + SECONDS_TO_START
    waiting = list(ports)
    while waiting:
        if greets(waiting[0]):
            waiting.pop(0)
        elif any(keeper.poll() is not None for keeper in started):
            raise CannotStart(f"A mail server ended at once: {last_words(servers)}")
        elif time.monotonic() > deadline:
            raise CannotStart(f"No answer on port {waiting[0]}: {last_words(servers)}")
        else:
            time.sleep(0.02)


def last_words(servers: PrivateServers) -> str:
    """Return what may tell why a server does not run."""
    # Before it knows its log file, Postfix complains to syslog only. This command reads the same
    # main.cf, and complains here.
    asked = servers.system.ask("postqueue", "-c", str(servers.postfix_folder), "-p")
    return (servers.logs()[-2000:] + asked.stderr).strip()


def greets(port: int) -> bool:
    """Say whether a server on the loopback sends its greeting."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            return connection.recv(4) in (b"220 ", b"* OK", b"+OK ")
    except OSError:
        return False
