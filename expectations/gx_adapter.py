"""Adapter for Great Expectations: expectations and a frame in, ids of the failed rows out.

The library is imported inside a function: it costs seconds, and most commands never validate. It is given
pandas frames, because it has no polars source (docs/decisions/0004).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.compiler import evaluate
from expectations.suites import ROW_ID, Expectation, GateBroken, Result, refuse_wrong_types

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GateBroken", "Result", "cross_checked", "validate"]

# The library keeps state of its own between validations; sources are judged side by side.
_ONE_AT_A_TIME = Lock()


def validate(frame: pl.DataFrame, expectations: Sequence[Expectation]) -> list[Result]:
    """Run expectations over a frame that has ROW_ID and the columns they read.

    Returns a result for each, in their order. Raises GateBroken when one could not be evaluated, and for a
    column of another type than an expectation is about.
    """
    refuse_wrong_types(frame.schema, expectations)
    # A null is nothing to hold against bounds or a set, and most columns of most sources are empty.
    asked = [
        expectation
        for expectation in expectations
        if expectation.wants_presence
        or frame.select(expectation.columns).null_count().row(0) != (frame.height,)
    ]
    failed = _failed(frame, asked) if asked and frame.height else {}
    return [Result(expectation, failed.get(expectation.name, ())) for expectation in expectations]


def cross_checked(frame: pl.DataFrame, expectations: Sequence[Expectation]) -> list[Result]:
    """The library's results, once expectations.compiler has found the same rows.

    Raises GateBroken as `validate` does, and when the two disagree: one of them is wrong about a row.
    """
    results = validate(frame, expectations)
    for result, twin in zip(results, evaluate(frame, expectations), strict=True):
        if apart := sorted(set(result.failed_rows) ^ set(twin.failed_rows)):
            raise GateBroken(
                f"{result.expectation.name}: Great Expectations and expectations.compiler disagree on "
                f"{len(apart)} of {frame.height} rows, the first is row {apart[0]}"
            )
    return results


def _failed(frame: pl.DataFrame, expectations: Sequence[Expectation]) -> dict[str, tuple[int, ...]]:
    """The ids of the rows that failed each expectation, by its name, as the library finds them."""
    read = {ROW_ID, *(column for expectation in expectations for column in expectation.columns)}
    values = _pandas(frame.select(sorted(read)))
    with _ONE_AT_A_TIME:
        gx, batch_of = _library()
        suite = gx.ExpectationSuite(name="snapshot")
        for index, expectation in enumerate(expectations):
            configured = _class(gx, expectation.kind)(**expectation.arguments, meta={"index": index})
            suite.add_expectation(configured)
        answer = batch_of(values).validate(
            suite,
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": [ROW_ID],
                "include_unexpected_rows": False,
            },
        )
    failed = {
        outcome.expectation_config.meta["index"]: _failed_rows(outcome, expectations)
        for outcome in answer.results
    }
    if failed.keys() != set(range(len(expectations))):
        raise GateBroken(f"{len(expectations)} expectations got {len(failed)} answers")
    return {expectation.name: failed[index] for index, expectation in enumerate(expectations)}


def _pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """The frame for the library; whole numbers stay whole, where pandas by itself makes floats of nulls."""
    import pandas as pd  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    kept = {pa.int64(): pd.Int64Dtype()}
    return frame.to_pandas(types_mapper=kept.get)


def _failed_rows(outcome: Any, expectations: Sequence[Expectation]) -> tuple[int, ...]:
    name = expectations[outcome.expectation_config.meta["index"]].name
    if raised := _exceptions(outcome.exception_info):
        raise GateBroken(f"{name}: {'; '.join(raised)}")
    if outcome.success:
        return ()
    indexes = outcome.result.get("unexpected_index_list")
    if not indexes:
        raise GateBroken(f"{name} failed without naming a row")
    return tuple(sorted({int(index[ROW_ID]) for index in indexes}))


def _exceptions(info: Mapping[str, Any]) -> list[str]:
    """What an expectation raised: the library says so either outright or for each of its metrics."""
    details = [info] if "raised_exception" in info else list(info.values())
    return sorted({str(detail["exception_message"]) for detail in details if detail["raised_exception"]})


def _class(gx: Any, kind: str) -> Any:
    return getattr(gx.expectations, "".join(part.capitalize() for part in kind.split("_")))


@cache
def _library() -> tuple[Any, Callable[[pd.DataFrame], Any]]:
    """The imported library, and what makes a batch of a frame; nothing is sent and no file is written."""
    # At INFO it reports every class that it registers.
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    # Leaving this block also undoes the library's logging.captureWarnings(True), which would hide the
    # warnings of the whole process.
    with warnings.catch_warnings():
        # It imports two modules that Python has deprecated.
        warnings.filterwarnings("ignore", "module 'sre_(parse|constants)' is deprecated", DeprecationWarning)
        import great_expectations as gx  # noqa: PLC0415
        from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415
    # This module sets a level of its own, and logs the temporary folder of a docs site never built.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    definition = asset.add_batch_definition_whole_dataframe("whole")
    return gx, lambda frame: definition.get_batch({"dataframe": frame})
