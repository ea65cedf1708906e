"""The root of every error that a user can act on."""

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
