"""Kaggle's documentation of notebooks: https://www.kaggle.com/docs/notebooks and /docs/efficient-gpu-usage.

Quotas and limits stand in prose that only a browser sees; neither page has been read as it is served. A page
that no longer says a term in words that are known is silent, and the term unknown. Sources disagree on the
hours of a session (12 by the documentation, 9 by a message of March 2026): what the page says is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from scrapers.page import Html, Notes, PageBroken, Prose, Row, Saying, gpu_names, source_page, terms_said

# "20 hours per week" is a quota of the accelerator named before it; without a name it is nobody's.
_GPU_FIRST: Final = r"^(?:(?!\bTPU).)*?\bGPUs?\b(?:(?!\bTPU).)*?"
_TPU_FIRST: Final = r"^(?:(?!\bGPU).)*?\bTPUs?\b(?:(?!\bGPU).)*?"
_A_WEEK: Final = r"(?:per|a|each) week"
_SAYINGS: Final = (
    Saying(
        "Free",
        "session_hours",
        (
            r"(?P<value>\d+) hours execution time for (?:CPU and GPU|GPU)",
            r"(?P<value>\d+) hours (?:of )?execution time(?! for TPU)",
        ),
        unit="hours",
    ),
    Saying("Free TPU", "session_hours", (r"(?P<value>\d+) hours (?:execution time )?for TPU",), unit="hours"),
    Saying(
        "Free",
        "weekly_gpu_hours",
        (
            rf"(?P<value>\d+) hours of GPUs? {_A_WEEK}",
            rf"(?P<value>\d+) hours {_A_WEEK} of GPU",
            rf"{_GPU_FIRST}\b(?P<value>\d+) hours {_A_WEEK}(?! of TPU)",
            r"weekly GPU quota of (?P<value>\d+) hours",
        ),
        unit="hours",
    ),
    Saying(
        "Free TPU",
        "weekly_tpu_hours",
        (
            rf"(?P<value>\d+) hours of TPUs? {_A_WEEK}",
            rf"(?P<value>\d+) hours {_A_WEEK} of TPU",
            rf"{_TPU_FIRST}\b(?P<value>\d+) hours {_A_WEEK}(?! of GPU)",
            r"weekly TPU quota of (?P<value>\d+) hours",
        ),
        unit="hours",
    ),
    Saying("Free", "storage_gib", (r"(?P<value>\d+) (?:Gigabytes|GB) of auto-saved disk space",), unit="GB"),
    Saying("Free", "idle_minutes", (r"(?P<value>\d+) minutes of inactivity",), unit="minutes"),
    Saying("Free", "vcpus", (r"(?P<value>\d+) CPU cores",), unit="cores"),
    Saying("Free", "ram_gib", (r"(?P<value>\d+) (?:Gigabytes|GB) of RAM",), unit="GB"),
    Saying(
        "Free",
        "gpu_models",
        (r"(?P<value>P100) GPU", r"\bNVIDIA (?:Tesla )?(?P<value>[A-Z]\d+)\b"),
        reads=gpu_names,
    ),
    Saying("Free T4 x2", "gpu_models", (r"(?P<value>T4 ?x2) GPU", r"(?P<value>T4 ?x ?2)"), reads=gpu_names),
    Saying(
        "Free",
        "requires_phone",
        (
            r"phone verification is (?:required|needed|necessary)",
            r"requires? (?:a )?phone verification",
            r"(?<!not )(?<!not to )(?<!not need to )(?<!not have to )verify your phone number",
        ),
        denies=r"phone verification is (?:not|no longer) \w+|(?:no|without) phone verification"
        r"|\bnot (?:need to |have to )?verify your phone number",
    ),
)


@source_page(Html)
def terms(pages: Sequence[Html], notes: Notes) -> Iterator[Row]:
    """Terms of the free notebooks; raises PageBroken when no page says one."""
    prose = [Prose.of_page(page) for page in pages]
    said = list(terms_said(prose, _SAYINGS, notes))
    if all(row.values["state"] == "unknown" for row in said):
        raise PageBroken("no page says a quota or a limit in words that are known")
    yield from said
