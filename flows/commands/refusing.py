"""How commands end where somebody can mend what is wrong: a sentence on standard error and exit code 2."""

from __future__ import annotations

import errno
from typing import Any, Final

import typer
from typer.core import TyperGroup

from flows.commands.options import refuse

# What the machine refuses, as against a mistake of ours that deserves its traceback.
_OF_THE_MACHINE: Final = frozenset(
    {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
)


class Refusing(TyperGroup):
    """The command group: what a command raises ends in a sentence, if a user can do something about it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as problem:
            sentence = mendable(problem)
            if sentence is None:
                raise
            refuse(sentence)


def mendable(problem: Exception) -> str | None:
    """What to say of an error that a user can mend; None for one of ours."""
    import duckdb

    from warehouse.plain import first_line

    if isinstance(problem, _mendable()):
        return str(problem)
    first = first_line(problem)
    if isinstance(problem, duckdb.CatalogException):
        return f"the warehouse was published by another version, the next run publishes it anew ({first})"
    of_the_machine = isinstance(problem, OSError) and problem.errno in _OF_THE_MACHINE
    by_duckdb = (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException)
    if of_the_machine or isinstance(problem, by_duckdb):
        return f"{first}; what is stored is whole, and the next run takes up the rest"
    return None


def _mendable() -> tuple[type[Exception], ...]:
    from flows.asked import PastSlot
    from flows.asking import QuestionRefused
    from flows.exporting import ExportRefused
    from flows.places import NothingPublished
    from flows.runs import OriginsMixed
    from flows.serving import ServingRefused
    from flows.settings import SettingsWrong
    from flows.turns import RunUnderWay
    from scrapers.fetching import FetchRefused
    from scrapers.registry import DeclarationError
    from scrapers.warc import ArchiveDamaged
    from warehouse.copying import CopyRefused
    from warehouse.history.mapping import MappingError
    from warehouse.keeping import NoRoom
    from warehouse.lake import LakeRefused
    from warehouse.ledger import LedgerBusy, LedgerDamaged, WarehouseDamaged
    from warehouse.migrating import LedgerNewer

    by_flows = (
        ExportRefused,
        NothingPublished,
        QuestionRefused,
        OriginsMixed,
        PastSlot,
        RunUnderWay,
        ServingRefused,
        SettingsWrong,
    )
    by_scrapers = (ArchiveDamaged, DeclarationError, FetchRefused)
    return (
        *by_flows,
        *by_scrapers,
        CopyRefused,
        LakeRefused,
        LedgerBusy,
        LedgerDamaged,
        LedgerNewer,
        MappingError,
        NoRoom,
        WarehouseDamaged,
    )
