"""Atomic replacement of files and folders: write aside, fsync, rename, fsync the folder.

No other module renames or replaces a file (tests/test_architecture.py). What takes longer to write is written
in a scratch folder of a unique name beside its target. A scratch folder holds a lock for as long as its
process lives, so that the leftover of a killed process can be told from the work of a live one, also where
every process has the same id, as in a container.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Final

PREFIX: Final = ".gpuledger-"
"""What the name of every scratch folder begins with."""
_LOCK: Final = "lock"
# A scratch folder without a lock file is one that is being made this moment, or one of an earlier version.
_SECONDS_TO_MAKE: Final = 3600.0
_OF_EARLIER_VERSIONS: Final = (
    ".ledger.[0-9]*",
    ".warehouse.duckdb.[0-9]*",
    ".import-*",
    ".site.fresh",
    ".recorded-web",
)
READ_ONLY: Final = 0o444
"""The permissions that a published file may have."""
_ANY_MODE: Final = 0o7777
_OF_UMASK: Final = 0o666
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_NOT_SUPPORTED: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})


@contextmanager
def scratch(folder: Path, purpose: str) -> Iterator[Path]:
    """A new folder below `folder` for files that are not complete yet; removed with its contents at the end.

    Leftovers of killed processes in `folder` are removed first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clear(folder)
    path, lock = _made(folder, purpose)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        lock.close()


def leftovers(folder: Path) -> list[Path]:
    """The scratch folders in `folder` whose process has ended without removing them."""
    return [path for path in _scratches(folder) if _is_abandoned(path)]


def clear(folder: Path) -> None:
    """Remove the leftovers in `folder`; what a live process works in stays."""
    for path in _scratches(folder):
        _is_abandoned(path, remove=True)


def size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    total = 0
    for file in files:
        with suppress(FileNotFoundError):
            total += file.lstat().st_size
    return total


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[IO[bytes]]:
    """A file to write, which takes the place of `path` when the block ends; not where it raises.

    It is written beside `path`, under the name that the file object has. `mode` are its permissions from its
    first moment on, by default those of the file that it replaces, else those of the umask.
    """
    if mode is None and path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # Path.open takes no opener.
        with open(fresh, "xb", opener=partial(_create, mode=mode)) as file:
            yield file
        put(fresh, path)
    finally:
        with suppress(OSError):
            fresh.unlink()


def put(fresh: Path, target: Path, *, allow: int = _ANY_MODE) -> None:
    """Put a finished file in the place of `target`; after a crash one of the two is there, complete.

    Of its permissions those in `allow` stay.
    """
    mode = stat.S_IMODE(fresh.stat().st_mode)
    if mode & ~allow:
        fresh.chmod(mode & allow)
    sync(fresh)
    fresh.replace(target)
    sync(target.parent)


def put_database(fresh: Path, target: Path, *, allow: int = _ANY_MODE) -> None:
    """As `put`, for a DuckDB file.

    Write-ahead logs beside `target` belong to the file that is replaced. They are removed before the rename,
    so that no reader finds the new file with the log of the old one, and once more after it.
    """
    sync(fresh)
    _remove_logs(target)
    put(fresh, target, allow=allow)
    _remove_logs(target)


def put_files(fresh: Path, target: Path) -> None:
    """Put every file below one folder in its place below another, each of them as `put` does."""
    files = sorted(path for path in fresh.rglob("*") if path.is_file())
    folders = {target, *(target / path.relative_to(fresh).parent for path in files)}
    for folder in sorted(folders):
        folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        sync(path)
    for path in files:
        path.replace(target / path.relative_to(fresh))
    for folder in sorted({target.parent, *folders}):
        sync(folder)


def put_folder(fresh: Path, target: Path) -> None:
    """Put a finished folder in the place of `target`; what was there is at `fresh` afterwards."""
    for path in (*fresh.rglob("*"), fresh):
        sync(path)
    if target.exists():
        _exchange(fresh, target)
    else:
        fresh.rename(target)
    sync(target.parent)


def link_or_copy(file: Path, name: Path) -> None:
    """Give a file a second name, or copy it where the file system has no hard links; on disk afterwards."""
    try:
        name.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:
        with scratch(name.parent, "copy") as folder:
            put(Path(shutil.copyfile(file, folder / name.name)), name)
    sync(name.parent)


def logs_beside(file: Path) -> list[Path]:
    """The write-ahead logs of DuckDB beside a database file."""
    return sorted(file.parent.glob(f"{_escaped(file.name)}.wal*"))


def sync(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        # Some network file systems have no fsync of folders; of a file it must succeed.
        if not path.is_dir() or problem.errno not in _NOT_SUPPORTED:
            raise
    finally:
        os.close(descriptor)


def _create(path: str, flags: int, mode: int | None) -> int:
    descriptor = os.open(path, flags | os.O_NOFOLLOW, _OF_UMASK if mode is None else mode)
    if mode is not None and stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        os.fchmod(descriptor, mode)
    return descriptor


def _made(folder: Path, purpose: str) -> tuple[Path, IO[bytes]]:
    while True:
        path = folder / f"{PREFIX}{purpose}-{secrets.token_hex(4)}"
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
            lock = (path / _LOCK).open("xb")
            with suppress(OSError):
                # Where the file system has no locks, age alone tells a leftover.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if (path / _LOCK).exists():
                return path, lock
            lock.close()


def _scratches(folder: Path) -> list[Path]:
    patterns = (f"{PREFIX}*", *_OF_EARLIER_VERSIONS)
    return sorted(path for pattern in patterns for path in folder.glob(pattern))


def _is_abandoned(path: Path, *, remove: bool = False) -> bool:
    """Whether no process works in a scratch folder; with `remove` it is removed while its lock is held."""
    try:
        with (path / _LOCK).open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path, remove)
    except (FileNotFoundError, NotADirectoryError):
        try:
            age = time.time() - path.lstat().st_mtime
        except FileNotFoundError:
            return False
        if age < _SECONDS_TO_MAKE:
            return False
        _remove(path, remove)
    except OSError:
        return False
    return True


def _remove(path: Path, remove: bool) -> None:
    if not remove:
        return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _remove_logs(file: Path) -> None:
    for log in logs_beside(file):
        log.unlink(missing_ok=True)
    shutil.rmtree(file.with_name(f"{file.name}.tmp"), ignore_errors=True)


def _exchange(one: Path, other: Path) -> None:
    """Exchange two names in one step; in two where the system cannot."""
    with suppress(AttributeError, OSError):
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
            return
    former = one.with_name(f"{one.name}.former")
    other.rename(former)
    one.rename(other)
    former.rename(one)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
