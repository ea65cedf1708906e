"""How commands end where somebody can mend what is wrong: a sentence on standard error and exit code 2."""

from __future__ import annotations

from typing import Any, Final

import typer
from typer.core import TyperGroup

from flows.cli.options import refuse

_RUNS: Final = frozenset({"nightly", "market", "replay"})


class Refusing(TyperGroup):
    """The command group: what a command raises ends in a sentence, if a user can do something about it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as problem:
            _tell(ctx.invoked_subcommand, problem)
            sentence = mendable(problem)
            if sentence is None:
                raise
            refuse(sentence)


def _tell(command: str | None, problem: Exception) -> None:
    """Tell of a run that could not even read its settings; of anything later the run itself tells."""
    from flows.runtime.settings import SettingsWrong, default_home

    if command in _RUNS and isinstance(problem, SettingsWrong):
        from flows.alerts.run_failures import notify_run_failed

        notify_run_failed(default_home(), command, problem)


def mendable(problem: Exception) -> str | None:
    """What to say of an error that a user can mend; None for one of ours."""
    import duckdb

    from warehouse.machine_errors import ADVICE, refused_by_machine
    from warehouse.text_safety import first_line

    if isinstance(problem, _mendable()):
        return str(problem)
    first = first_line(problem)
    if number := refused_by_machine(problem):
        return f"{first}; {ADVICE[number]}"
    if isinstance(problem, duckdb.CatalogException):
        return f"a table or view that this version reads is not there ({first}); run `gpuledger publish`"
    if isinstance(problem, (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException)):
        return f"{first}; `gpuledger doctor` names what is wrong"
    return None


def _mendable() -> tuple[type[Exception], ...]:
    from flows.operations.export import ExportRefused
    from flows.operations.sql_allowlist import QuestionRefused
    from flows.runtime.clock import ClockWrong
    from flows.runtime.installation import NothingPublished
    from flows.runtime.interruption import TimeOver
    from flows.runtime.lock import RunUnderWay
    from flows.runtime.run import OriginsMixed
    from flows.runtime.settings import SettingsWrong
    from flows.scheduling.scheduled_request import PastSlot
    from flows.scheduling.servers import ServingRefused
    from flows.scheduling.site_server import SitePortTaken
    from scrapers.archive.exchange import ArchiveDamaged
    from scrapers.crawl.client import FetchRefused
    from scrapers.history.mapping import MappingError
    from scrapers.registry import DeclarationError
    from warehouse.data_folder import LedgerBehind, LedgerMissing
    from warehouse.ledger import LedgerBusy, LedgerDamaged, WarehouseDamaged
    from warehouse.maintenance import NoRoom
    from warehouse.migrations import LedgerNewer
    from warehouse.storage.lake import LakeRefused
    from warehouse.transfer import CopyFailed, CopyRefused
    from warehouse.void_runs import VoidRefused

    by_flows = (
        ClockWrong,
        ExportRefused,
        NothingPublished,
        QuestionRefused,
        OriginsMixed,
        PastSlot,
        RunUnderWay,
        ServingRefused,
        SettingsWrong,
        SitePortTaken,
        TimeOver,
    )
    by_scrapers = (ArchiveDamaged, DeclarationError, FetchRefused)
    return (
        *by_flows,
        *by_scrapers,
        CopyFailed,
        CopyRefused,
        LakeRefused,
        LedgerBehind,
        LedgerBusy,
        LedgerDamaged,
        LedgerMissing,
        LedgerNewer,
        MappingError,
        NoRoom,
        VoidRefused,
        WarehouseDamaged,
    )
