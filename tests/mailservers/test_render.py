"""The files that a hoster is given."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from webmailadmin.servers.render import UnfitValue, Values, render_into, texts, values_here
from webmailadmin.settings import Settings

VALUES = Values(
    database=Path("/var/lib/webmailadmin/webmailadmin.db"),
    mail_root=Path("/var/mail/webmailadmin"),
    mail_host="mail.bonvenon.fr",
    mail_uid=998,
)
FILES = [
    "dovecot-2.3/webmailadmin-dict.conf.ext",
    "dovecot-2.3/webmailadmin-sql.conf.ext",
    "dovecot-2.3/webmailadmin-used.conf.ext",
    "dovecot-2.3/webmailadmin.conf",
    "dovecot-2.4/webmailadmin.conf",
    "postfix/main.cf.webmailadmin",
    "postfix/webmailadmin/aliases.cf",
    "postfix/webmailadmin/domains.cf",
    "postfix/webmailadmin/mailboxes.cf",
    "postfix/webmailadmin/refused.cf",
    "postfix/webmailadmin/same-name.cf",
    "postfix/webmailadmin/senders.cf",
]


def test_all_files_are_written_and_named(tmp_path: Path) -> None:
    written = render_into(tmp_path, VALUES)

    assert sorted(str(path.relative_to(tmp_path)) for path in written) == FILES
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(written)


def test_writing_again_replaces_what_an_earlier_version_wrote(tmp_path: Path) -> None:
    render_into(tmp_path, VALUES)
    render_into(tmp_path, replace(VALUES, mail_host="mx.bonvenon.fr"))

    main_cf = (tmp_path / "postfix" / "main.cf.webmailadmin").read_text()
    assert "\nmyhostname = mx.bonvenon.fr\n" in main_cf


def test_every_place_of_a_value_is_filled() -> None:
    assert {str(place): re.findall(r"@\{.*?\}", text) for place, text in texts(VALUES).items()} == {
        name: [] for name in FILES
    }


def test_every_map_that_main_cf_names_is_rendered_and_goes_through_the_proxy() -> None:
    files = texts(VALUES)
    main_cf = files[Path("postfix", "main.cf.webmailadmin")]

    named = re.findall(r"(\S*)sqlite:/etc/postfix/(\S+?),?\s", main_cf)

    assert {proxy for proxy, _ in named} == {"proxy:"}
    maps = {str(place.relative_to("postfix")) for place in files if place.suffix == ".cf"}
    assert {name for _, name in named} == maps


def test_values_are_escaped_in_every_query() -> None:
    """Postfix and Dovecot escape for a single-quoted text, and for nothing else."""
    signs = re.compile(r"(.)%(?:[sud]|\{[^}]+\})(.)")
    for place, text in texts(VALUES).items():
        for line in text.splitlines():
            if re.search(r"query = (SELECT|INSERT)", line):
                assert set(signs.findall(line)) <= {("'", "'")}, place


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("database", Path("/var/my data/x.db"), "letters, digits"),
        ("database", Path("/var/$HOME/x.db"), "letters, digits"),
        ("mail_root", Path("/srv/o'brien"), "letters, digits"),
        ("mail_root", Path("/srv/50%"), "letters, digits"),
        ("mail_root", Path("mail"), "begin with a slash"),
        ("mail_host", "mail.example\nmynetworks = 0.0.0.0/0", "letters, digits"),
        ("mail_host", "", "letters, digits"),
    ],
)
def test_a_value_that_the_servers_would_misread_is_refused(
    field: str, value: object, reason: str
) -> None:
    with pytest.raises(UnfitValue, match=rf"^{field} is .*{reason}"):
        replace(VALUES, **{field: value})


def test_the_settings_name_the_database_and_the_mail_root(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", mail_root=Path("/srv/mail"), mail_host="mx.fr")

    values = values_here(settings)

    assert values.database == tmp_path / "data" / "webmailadmin.db"
    assert (values.mail_root, values.mail_host) == (Path("/srv/mail"), "mx.fr")
