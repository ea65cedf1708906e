"""Errors that a user can act on: the root class, and those that several modules raise."""

from __future__ import annotations


class GpuledgerError(Exception):
    """What is wrong, what to type next, and the exit code of the command that it ends.

    `message` is one sentence that names the file, setting or option concerned. `advice` is what to do about
    it, "" where the message says it. A command prints both without a traceback and exits with `exit_code`.
    """

    exit_code: int = 2

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}; {self.advice}" if self.advice else self.message


class LedgerBusy(GpuledgerError):
    """Another program has the ledger open."""


class LedgerDamaged(GpuledgerError):
    """The ledger file cannot be opened as one, or does not hold the rows that it should."""


class WarehouseDamaged(GpuledgerError):
    """What is published cannot be read."""


class NothingPublished(GpuledgerError):
    """There is no warehouse to read yet; the message says how to make one."""


class LakeRefused(GpuledgerError):
    """The lake cannot be used; the message says what to correct."""


class CopyRefused(GpuledgerError):
    """The ledger cannot be copied there; the message says why."""


class CopyFailed(GpuledgerError):
    """The copy was interrupted; the message says why, and what is at the target now."""
