"""How a command ends in an error that the user can act on: one sentence on standard error, exit code 2."""

from __future__ import annotations

from typing import Any, Final

import typer
from typer.core import TyperGroup

from flows.cli.options import refuse
from warehouse.errors import GpuledgerError

_RUNS: Final = frozenset({"nightly", "market", "replay"})


class CommandGroup(TyperGroup):
    """The command group: an error that the user can act on is one sentence; a defect keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as problem:
            from flows.runtime.errors import explained

            _notify(ctx.invoked_subcommand, problem)
            sentence = explained(problem)
            if sentence is None:
                raise
            refuse(sentence, problem.exit_code if isinstance(problem, GpuledgerError) else 2)


def _notify(command: str | None, problem: Exception) -> None:
    """Notify of a run whose settings could not be read; later failures are notified by the run itself."""
    from flows.runtime.settings import SettingsWrong, default_home

    if command in _RUNS and isinstance(problem, SettingsWrong):
        from flows.alerts.run_failures import notify_run_failed

        notify_run_failed(default_home(), command, problem)
