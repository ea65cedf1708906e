"""Prefect's environment variables in processes of gpuledger.

Prefect reads a hundred PREFECT_* variables, a .env file, two TOML files and a profile. Any of them can end a
run or open its server to others, so the rule is short. Without PREFECT_API_URL no PREFECT_* variable counts.
With it, those of `REACHING` count, which say how to reach that server. Everything else is set here.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

FOLDER: Final = "prefect"
API_URL: Final = "PREFECT_API_URL"
AUTH_STRING: Final = "PREFECT_API_AUTH_STRING"
SKIP_VERIFY: Final = "PREFECT_API_TLS_INSECURE_SKIP_VERIFY"
CERTIFICATES: Final = "PREFECT_API_SSL_CERT_FILE"
HEADERS: Final = "PREFECT_CLIENT_CUSTOM_HEADERS"
REACHING: Final = frozenset({API_URL, AUTH_STRING, "PREFECT_API_KEY", SKIP_VERIFY, CERTIFICATES, HEADERS})
_CREDENTIALS: Final = (AUTH_STRING, "PREFECT_API_KEY", HEADERS)
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
# Seconds for a request to Prefect's API, and how often it is repeated: a run does not wait for a dashboard.
REQUEST_TIMEOUT: Final = 15
RETRIES: Final = 2
_NO_PROXY: Final = ("no_proxy", "NO_PROXY")
_SETS_PREFECT: Final = re.compile(r"^\s*(export\s+)?['\"]?PREFECT_", re.IGNORECASE | re.MULTILINE)
_BOOLEANS: Final = frozenset({"0", "1", "true", "false", "yes", "no", "on", "off", "t", "f", "y", "n"})


@dataclass(frozen=True)
class PrefectEnvironment:
    """The variables of a process, and what is wrong with those that name a Prefect server, "" for nothing."""

    variables: dict[str, str]
    problem: str = ""


def prefect_environment(home: Path, given: Mapping[str, str]) -> PrefectEnvironment:
    """The environment `given` with Prefect's part replaced, for an installation in the folder `home`.

    A PREFECT_* variable that cannot be used is left out, and `problem` names it; so is the address then, and
    the process runs without Prefect's API.
    """
    # Prefect reads its variables in any case.
    kept = {name: value for name, value in given.items() if not name.upper().startswith("PREFECT_")}
    reaching = {name: value.strip() for name, value in given.items() if name in REACHING and value.strip()}
    problem = _problem(reaching) if API_URL in reaching else ""
    if API_URL not in reaching or problem:
        reaching = {}
    folder = home / FOLDER
    own = {
        "PREFECT_HOME": str(folder),
        # A path that is never written, so that Prefect's own defaults are the profile.
        "PREFECT_PROFILES_PATH": str(folder / "no-profiles.toml"),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_REQUEST_TIMEOUT": str(REQUEST_TIMEOUT),
        "PREFECT_CLIENT_MAX_RETRIES": str(RETRIES),
        "PREFECT_LOGGING_LEVEL": "WARNING",
        # A command says itself what went wrong, in a sentence; Prefect has the traceback in its own log.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "DO_NOT_TRACK": "1",
    }
    direct = _no_proxy(given)
    return PrefectEnvironment({**kept, **reaching, **own, **dict.fromkeys(_NO_PROXY, direct)}, problem)


@contextmanager
def prefect_prepared(
    home: Path, given: Mapping[str, str], server: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Import Prefect for an installation; yields the problem with its variables, "" without one.

    `given` is the environment that the installation was built with, `server` the variables that reach a
    server of our own. Until the block ends, this process has the environment of prefect_environment, but for
    credentials: Prefect has those in memory, and hands them to the runs that it starts.

    No other place writes Prefect's variables to os.environ. Prefect takes its settings from there when it is
    imported, and a variable that it cannot read ends the import; its HTTP client looks there for a proxy at
    each request, so that NO_PROXY must name this machine; its runner copies all of it to the process of each
    run. Only the first could be left to Prefect's contexts of settings, and those exist after the import.

    The import happens in an empty folder of ours: Prefect would take settings from a .env, prefect.toml or
    pyproject.toml in the working directory. Raises OSError where the data folder cannot be written.
    """
    settings = home / FOLDER / "settings"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.mkdir(mode=0o700, exist_ok=True)
    found = prefect_environment(home, given)
    before = dict(os.environ)
    try:
        _replace_environment(found.variables | dict(server or {}))
        with chdir(settings):
            _import_prefect()
        _replace_environment({name: value for name, value in os.environ.items() if name not in _CREDENTIALS})
        yield found.problem
    finally:
        _replace_environment(before)


def _replace_environment(variables: Mapping[str, str]) -> None:
    os.environ.update(variables)
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]


def _import_prefect() -> None:
    """Import Prefect, which reads its settings as it is imported; a second time, let it read them again."""
    is_new = "prefect.context" not in sys.modules
    context = import_module("prefect.context")
    if not is_new:
        context.refresh_global_settings_context()


def settings_file(folder: Path) -> str:
    """The file of a folder that Prefect would take settings from when it works there, "" for none.

    Every process that `serve` starts for a run works in the folder that `serve` was started in.
    """
    if (folder / "prefect.toml").exists():
        return "prefect.toml"
    if _SETS_PREFECT.search(_text(folder / ".env")):
        return ".env"
    try:
        found = tomllib.loads(_text(folder / "pyproject.toml")).get("tool", {})
    except tomllib.TOMLDecodeError:
        return "pyproject.toml"
    return "pyproject.toml" if isinstance(found, dict) and "prefect" in found else ""


def _text(path: Path) -> str:
    """What a file holds, "" where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _problem(reaching: Mapping[str, str]) -> str:
    """What is wrong with the variables that say how to reach a Prefect server; never repeats a value."""
    if not is_address(reaching[API_URL]):
        return f"{API_URL} is not an http:// or https:// address"
    if reaching.get(SKIP_VERIFY, "false").lower() not in _BOOLEANS:
        return f"{SKIP_VERIFY} is neither true nor false"
    if CERTIFICATES in reaching and not os.access(reaching[CERTIFICATES], os.R_OK):
        return f"{CERTIFICATES} names a file that cannot be read"
    if HEADERS in reaching and not _headers(reaching[HEADERS]):
        return f"{HEADERS} is not a JSON object of texts"
    for name in (AUTH_STRING, "PREFECT_API_KEY"):
        if not reaching.get(name, "").isprintable():
            return f"{name} has characters that no header takes"
    return ""


def is_address(text: str) -> bool:
    """Whether a text is an address of HTTP."""
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _headers(text: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and all(
        isinstance(value, str) and value.isascii() and value.isprintable() and name.isascii()
        for name, value in found.items()
    )


def _no_proxy(given: Mapping[str, str]) -> str:
    """The hosts that no proxy is asked for: those given, and this machine itself."""
    named = [host.strip() for name in _NO_PROXY for host in given.get(name, "").split(",")]
    return ",".join(dict.fromkeys(host for host in (*named, *LOOPBACK) if host))
