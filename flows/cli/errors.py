"""Error handling of commands: a user's error is one sentence on standard error and exit code 2."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from flows.cli.options import refuse
from warehouse.errors import GpuledgerError


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

            sentence = explained(problem)
            if sentence is None:
                raise
            refuse(sentence, problem.exit_code if isinstance(problem, GpuledgerError) else 2)
