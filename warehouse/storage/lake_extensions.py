"""The DuckDB extensions of a lake, from their packages (`pip install gpuledger[lake]`), never the network."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import duckdb

from warehouse.errors import LakeRefused
from warehouse.text_safety import quoted

HTTPFS: Final = "httpfs"
_EXTENSIONS: Final = ("ducklake", "postgres_scanner")


def load_extensions(connection: duckdb.DuckDBPyConnection) -> None:
    """Load what a connection needs to attach a lake. Raises LakeRefused."""
    for extension in _EXTENSIONS:
        connection.execute(f"LOAD {quoted(_packaged(extension))}")


def reach_s3(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection read and write S3 with the keys and the endpoint of the usual AWS_ variables."""
    connection.execute(f"LOAD {quoted(_packaged(HTTPFS))}")
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
    given = {
        "KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID"),
        "SECRET": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": os.environ.get("AWS_SESSION_TOKEN"),
        "REGION": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        "ENDPOINT": endpoint.netloc,
        # Other services than AWS have its buckets in the path more often than in the host's name.
        "URL_STYLE": "path" if endpoint.netloc else None,
    }
    options = [f"{name} {quoted(value)}" for name, value in given.items() if value]
    options += ["USE_SSL false"] if endpoint.scheme == "http" else []
    connection.execute(f"CREATE OR REPLACE SECRET s3 ({', '.join(['TYPE s3', *options])})")


def is_installed(extension: str) -> bool:
    """Whether an extension's package is installed."""
    with suppress(LakeRefused):
        return bool(_packaged(extension))
    return False


def _packaged(extension: str) -> str:
    """The file of a DuckDB extension that pip installed. Raises LakeRefused."""
    with suppress(ModuleNotFoundError):
        found = find_spec(f"duckdb_extension_{extension}")
        if found and found.origin:
            folder = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}"
            path = folder / f"{extension}.duckdb_extension"
            if path.is_file():
                return str(path)
    said = f"DuckDB {duckdb.__version__}'s {extension} extension is not installed"
    raise LakeRefused(said, advice="pip install 'gpuledger[lake]'")
