"""Steps of a run: Prefect tasks within a Prefect flow, else plain calls with the same retries and limits.

Prefect records and shows what a run does, and a run does not depend on it. Without Prefect's API the same
functions are called directly. An API that fails in the middle of a run costs its entries in the dashboard and
nothing of the run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final, Generic, ParamSpec, TypeVar

import httpx
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.states import Failed

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

_OPTIONS: Final[dict[str, Any]] = {"persist_result": False}


@dataclass
class StepOutcome(Generic[T]):
    """What became of a function, whatever Prefect makes of it: not begun, a result, or an exception."""

    is_begun: bool = False
    is_done: bool = False
    result: T | None = None
    problem: Exception | None = None

    def of(self, function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        """The function with its outcome noted here."""

        @wraps(function)
        async def noted(*args: P.args, **kwargs: P.kwargs) -> T:
            self.is_begun, self.problem = True, None
            try:
                self.result = await function(*args, **kwargs)
            except Exception as problem:
                self.problem = problem
                raise
            self.is_done = True
            return self.result

        return noted


async def as_flow(
    function: Callable[P, Coroutine[Any, Any, T]], name: str, run_name: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call an async function as a Prefect flow; directly where Prefect's API fails before it has begun.

    The flow has no parameters: Prefect would store them, and a run's hold the keys of its installation.
    Raises what the function raises. A failure of the API after that is logged.
    """
    outcome = StepOutcome[T]()

    async def called() -> T:
        return await function(*args, **kwargs)

    started = flow(name=name, flow_run_name=run_name, **_OPTIONS)(outcome.of(called))
    try:
        return await started()
    except Exception as problem:
        return await _settled(outcome, problem, f"run {run_name}", function, args, kwargs)


def step(
    name: str,
    *,
    retry_delays: tuple[float, ...] = (),
    timeout: float | None = None,
    failure: Callable[[Any], str] = lambda _: "",
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Step[P, T]]:
    """Make an async function a step of a run.

    It is called again after each of `retry_delays` (seconds) when it raises; it may take `timeout` seconds.
    `failure` says of a result why the step counts as failed in Prefect, "" for a success; the result is
    returned all the same.
    """
    return lambda function: Step(function, name, retry_delays, timeout, failure)


@dataclass(frozen=True)
class Step(Generic[P, T]):
    """A function that is a step of a run."""

    function: Callable[P, Coroutine[Any, Any, T]]
    name: str
    retry_delays: tuple[float, ...]
    timeout: float | None
    failure: Callable[[T], str]

    def named(self, name: str) -> Step[P, T]:
        """The step under another name, such as that of its source."""
        return replace(self, name=name)

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the step, as a Prefect task within a Prefect flow."""
        if FlowRunContext.get() is None:
            return await self._performed(*args, **kwargs)
        outcome = StepOutcome[T]()
        try:
            state: Any = await self._as_task(outcome)(*args, return_state=True, **kwargs)
            if outcome.is_done:
                return outcome.result  # type: ignore[return-value]
            await state.result()
            raise RuntimeError(f"{self.name} ended as {state.name} without a result")
        except Exception as problem:
            return await _settled(outcome, problem, self.name, self._performed, args, kwargs)

    def _as_task(self, outcome: StepOutcome[T]) -> Any:
        noted = outcome.of(self._performed)

        async def performed(*args: Any, **kwargs: Any) -> Any:
            result = await noted(*args, **kwargs)
            reason = self.failure(result)
            return Failed(message=reason) if reason else None

        # No retries of Prefect's: it would do a step again that has a result and counts as failed.
        named = task(name=self.name, task_run_name=self.name, cache_policy=NO_CACHE, **_OPTIONS)
        return named(performed)

    async def _performed(self, *args: P.args, **kwargs: P.kwargs) -> T:
        for delay in self.retry_delays:
            try:
                return await self._once(*args, **kwargs)
            except Exception:
                run_logger().warning("%s failed and is tried again", self.name, exc_info=True)
                await asyncio.sleep(delay)
        return await self._once(*args, **kwargs)

    async def _once(self, *args: P.args, **kwargs: P.kwargs) -> T:
        async with asyncio.timeout(self.timeout):
            return await self.function(*args, **kwargs)


async def _settled(
    outcome: StepOutcome[T],
    problem: Exception,
    name: str,
    function: Callable[..., Awaitable[T]],
    args: Any,
    kwargs: Any,
) -> T:
    """The result of a function whose call through Prefect raised. Raises what the function itself raised."""
    if outcome.problem is not None:
        raise outcome.problem
    if not is_of_the_api(problem):
        raise problem
    if outcome.is_done:
        logger.error("Prefect's API did not note the end of %s: %s", name, type(problem).__name__)
        return outcome.result  # type: ignore[return-value]
    if outcome.is_begun:
        raise problem
    logger.error("Prefect's API did not take %s, which goes on without it: %s", name, type(problem).__name__)
    return await function(*args, **kwargs)


def is_of_the_api(problem: BaseException | None) -> bool:
    """Whether an exception comes from talking to Prefect's API, directly or as the cause of another one."""
    while problem is not None:
        if isinstance(problem, httpx.HTTPError):
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def run_logger() -> logging.Logger | logging.LoggerAdapter[Any]:
    """Prefect's logger of this run, or that of the program where the run is not a Prefect flow."""
    return logger if FlowRunContext.get() is None else get_run_logger()
