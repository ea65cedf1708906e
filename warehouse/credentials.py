"""A lake's credentials, removed from the environment before a user's query is parsed.

libpq reads its PG* variables for every connection, to any server. A lake that answers queries holds them
itself instead: host, port and user in its connection string, the password in a DuckDB secret of this lake.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

_KEYWORDS: Final = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGDATABASE": "dbname",
    "PGUSER": "user",
    "PGPASSFILE": "passfile",
    "PGSERVICE": "service",
    "PGOPTIONS": "options",
    "PGAPPNAME": "application_name",
    "PGSSLMODE": "sslmode",
    "PGREQUIRESSL": "requiressl",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCRL": "sslcrl",
    "PGCHANNELBINDING": "channel_binding",
    "PGREQUIREPEER": "requirepeer",
    "PGKRBSRVNAME": "krbsrvname",
    "PGGSSENCMODE": "gssencmode",
    "PGCONNECT_TIMEOUT": "connect_timeout",
    "PGTARGETSESSIONATTRS": "target_session_attrs",
}
_PREFIXES: Final = ("PG", "AWS_")
_NAMES: Final = frozenset({"GPULEDGER_ALERT_URLS", "GPULEDGER_WAREHOUSE_READER_PASSWORD"})
_URIS: Final = ("postgresql://", "postgres://")


def self_contained(catalog: str, environment: Mapping[str, str]) -> str:
    """A connection string with everything, but the password, that libpq would take from the environment."""
    given = {keyword: environment[name] for name, keyword in _KEYWORDS.items() if environment.get(name)}
    stated = _as_keywords(catalog)
    return " ".join([*(f"{keyword}={_quoted(value)}" for keyword, value in given.items()), stated])


@contextmanager
def environment_without_credentials() -> Iterator[None]:
    """The environment without the variables that hold or name credentials, until the block ends."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if _is_credential(name)}
    try:
        yield
    finally:
        os.environ.update(taken)


def _is_credential(name: str) -> bool:
    return name.startswith(_PREFIXES) or name in _NAMES


def _as_keywords(catalog: str) -> str:
    """A connection string as keywords; of two values libpq takes the later one, and none after a URI."""
    if not catalog.startswith(_URIS):
        return catalog
    address = urlsplit(catalog)
    found = {
        "user": address.username,
        "host": address.hostname,
        "port": str(address.port) if address.port else None,
        "dbname": address.path.lstrip("/"),
    }
    told = {keyword: unquote(value) for keyword, value in found.items() if value}
    return " ".join(
        f"{key}={_quoted(value)}" for key, value in {**told, **dict(parse_qsl(address.query))}.items()
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
