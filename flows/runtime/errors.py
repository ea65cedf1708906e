"""Explanations of errors: one sentence for the user, or None for a defect."""

from __future__ import annotations

import duckdb

from warehouse.errors import GpuledgerError
from warehouse.machine_errors import ADVICE, refused_by_machine
from warehouse.text_safety import first_line


def explained(problem: Exception) -> str | None:
    """What is wrong and what to do about it, as one sentence; None for a defect of this program."""
    if isinstance(problem, GpuledgerError):
        return str(problem)
    first = first_line(problem)
    if number := refused_by_machine(problem):
        return f"{first}; {ADVICE[number]}"
    if isinstance(problem, duckdb.CatalogException):
        return f"a table or view that this version reads is missing ({first}); run `gpuledger publish`"
    if isinstance(problem, (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException)):
        return f"{first}; `gpuledger doctor` names what is wrong"
    return None
