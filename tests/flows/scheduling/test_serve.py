"""What `serve` registers in Prefect: entrypoints that its own guard lets through, wherever it is started."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect.deployments.runner import RunnerDeployment

from flows.scheduling.prefect_guard import ENTRYPOINTS
from flows.scheduling.serve import _runner


def test_the_entrypoints_are_those_of_the_guard_in_any_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied: dict[str, str | None] = {}

    async def apply(self: RunnerDeployment, *_: object, **__: object) -> UUID:
        applied[self.name] = self.entrypoint
        return uuid4()

    monkeypatch.setattr(RunnerDeployment, "aapply", apply)
    monkeypatch.chdir(tmp_path)
    asyncio.run(_runner(tmp_path, dict.fromkeys(ENTRYPOINTS, "17 3 * * *")))
    assert applied == ENTRYPOINTS
