"""Faults in what is said: answers that arrive whole, with status 200, and are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.faults.cases import (
    WHOLE,
    Expected,
    Fault,
    always,
    by_format,
    failed,
    one_quarantined,
)
from tests.faults.content import (
    MACHINES,
    Machine,
    body,
    listing,
    page,
    records,
    reply,
    table,
)

MANY = 5_000
_DEEP = 100_000
# A browser flattens what is deeper than this, and takes its time over much more.
_DEEP_IN_BROWSER = 2_000
_NUMBERS = ("json_api", "xml_api", "yaml_file")
_SORRY = "<h1>Something went wrong</h1><p>Please try again later.</p>"


def _changed(error: str) -> Expected:
    return failed("page_changed", error)


def _error_page(format: str) -> bytes:
    if format == "json_api":
        return b'{"error": "internal", "offers": null}'
    if format == "xml_api":
        return b"<answer><error>internal</error></answer>"
    if format == "yaml_file":
        return b"error: internal\n"
    return page("html_table", _SORRY)


def _half(format: str) -> bytes:
    whole = body(format)
    return whole[: whole.index(b"h100-1") + 60]


def _many(format: str) -> bytes:
    return body(format, MANY_MACHINES)


MANY_MACHINES = [Machine(f"t4-{index}", "T4", 1, 0.35) for index in range(MANY)]


def _deep(format: str) -> bytes:
    if format == "json_api":
        return b'{"offers": ' + b"[" * _DEEP + b"]" * _DEEP + b"}"
    if format == "yaml_file":
        return b"offers: " + b"[" * _DEEP + b"]" * _DEEP + b"\n"
    if format == "xml_api":
        return b"<answer>" + b"<offers>" * _DEEP + b"</offers>" * _DEEP + b"</answer>"
    inside = table(("Machine", "GPU", "Count", "Price"), [("t4-1", "T4", "1", "$0.35/hr")])
    deep = _DEEP_IN_BROWSER if format == "rendered_page" else _DEEP
    return page(format, "<div>" * deep + inside + "</div>" * deep)


def _reordered(format: str) -> bytes:
    if format in _NUMBERS:
        return listing(format, [dict(reversed(entry.items())) for entry in records(MACHINES)])
    rows = [(one.shown, str(one.count), one.gpu, one.name) for one in MACHINES]
    return page(format, table(("Price", "Count", "GPU", "Machine"), rows))


def _with_more(format: str) -> bytes:
    if format in _NUMBERS:
        return listing(format, [entry | {"sla": "gold"} for entry in records(MACHINES)])
    rows = [(one.name, one.gpu, str(one.count), one.shown, "gold") for one in MACHINES]
    return page(format, table(("Machine", "GPU", "Count", "Price", "SLA"), rows))


def _without_one_price(format: str) -> bytes:
    listed = records(MACHINES)
    del listed[3]["price"]
    return listing(format, listed)


def _without_prices(format: str) -> bytes:
    if format in _NUMBERS:
        listed = records(MACHINES)
        for entry in listed:
            del entry["price"]
        return listing(format, listed)
    rows = [(one.name, one.gpu, str(one.count)) for one in MACHINES]
    return page(format, table(("Machine", "GPU", "Count"), rows))


def _told(how: Any) -> Any:
    return always(lambda format: reply(format, how(format)))


def _latin(format: str, *, declared: str) -> Any:
    text = body(format, _ABROAD).decode().replace("utf-8", declared)
    media_type = {
        "html_table": f"text/html; charset={declared}",
        "rendered_page": f"text/html; charset={declared}",
    }
    return reply(
        format, text.encode("latin-1"), **({"media_type": media_type[format]} if format in media_type else {})
    )


_ABROAD: Sequence[Machine] = [*MACHINES[:3], replace(MACHINES[3], name="Zürich a100-8"), *MACHINES[4:]]

FAULTS = [
    Fault(
        "error_page",
        "200 with an error page",
        by_format(
            _changed(r"has no table|did not show"),
            _changed(r"lists no offers"),
            rendered_page=failed("fetch_failed", r"did not show 'td'"),
        ),
        _told(_error_page),
    ),
    Fault(
        "empty_body",
        "an empty body",
        by_format(
            _changed("empty page"),
            _changed(r"answered no "),
            rendered_page=failed("fetch_failed", r"did not show 'td'"),
        ),
        _told(lambda format: b""),
    ),
    Fault(
        "empty_list",
        "an empty list",
        by_format(
            failed("collapsed", "^no rows were read"),
            failed("collapsed", "^no rows were read"),
            rendered_page=failed("fetch_failed", r"did not show 'td'"),
        ),
        _told(lambda format: body(format, [])),
    ),
    Fault(
        "half",
        "half a page, whole by its stated length",
        by_format(
            _changed("breaks off"),
            _changed(r"answered no |breaks off"),
            rendered_page=failed("fetch_failed", r"did not show 'td'"),
        ),
        _told(_half),
    ),
    Fault(
        "html_for_data",
        "HTML for JSON, XML or YAML",
        dict.fromkeys(_NUMBERS, _changed(r"answered no ")),
        always(lambda format: reply("html_table", page("html_table", _SORRY))),
    ),
    Fault(
        "json_for_html",
        "JSON for HTML",
        {
            "html_table": _changed("has no table"),
            "rendered_page": failed("fetch_failed", r"did not show 'td'"),
        },
        always(lambda format: reply("json_api")),
    ),
    Fault(
        "wrong_charset",
        "Latin-1 that calls itself UTF-8",
        by_format(one_quarantined("charset"), _changed("answered no ")),
        always(lambda format: _latin(format, declared="utf-8")),
        truth=_ABROAD,
    ),
    Fault(
        "other_charset",
        "Latin-1 that says so",
        by_format(WHOLE, _changed("answered no "), xml_api=WHOLE),
        always(lambda format: _latin(format, declared="iso-8859-1")),
        truth=_ABROAD,
    ),
    Fault(
        "many",
        f"{MANY:,} rows",
        Expected("ok", stored=MANY),
        _told(_many),
        truth=MANY_MACHINES,
    ),
    Fault(
        "deep",
        "nested beyond all reason",
        by_format(_changed("has no table"), _changed("answered no "), rendered_page=_changed(".")),
        _told(_deep),
    ),
    Fault("reordered", "columns in another order", WHOLE, _told(_reordered)),
    Fault(
        "new_field",
        "a new field",
        by_format(*[replace(WHOLE, findings=("new_field sla",))] * 2),
        _told(_with_more),
    ),
    Fault(
        "missing_field",
        "one record without its price",
        dict.fromkeys(_NUMBERS, one_quarantined("^field price is missing$")),
        _told(_without_one_price),
    ),
    Fault(
        "missing_column",
        "no record has a price",
        by_format(
            _changed("has no table"),
            Expected(
                "failed",
                quarantined=len(MACHINES),
                incidents=("collapsed",),
                error="no rows were read",
                reason="price is missing",
            ),
        ),
        _told(_without_prices),
    ),
    Fault(
        "duplicates",
        "every row twice",
        Expected(
            "partial",
            stored=len(MACHINES),
            quarantined=len(MACHINES),
            incidents=("rows_quarantined",),
            error="^6 of 12 rows were quarantined$",
            reason="^key unique .* another row has it too",
        ),
        _told(lambda format: body(format, [*MACHINES, *MACHINES])),
    ),
    Fault(
        "contradiction",
        "one machine at two prices",
        Expected(
            "partial",
            stored=len(MACHINES) - 1,
            quarantined=2,
            incidents=("rows_quarantined",),
            error="^2 of 7 rows were quarantined$",
            reason="^key unique .* another row has it too",
        ),
        _told(lambda format: body(format, [*MACHINES, replace(MACHINES[0], usd_per_hour=0.99)])),
    ),
]


def million() -> Fault:
    """A fault that takes minutes, in one format: made only when it is asked for."""
    crowd = [replace(MACHINES[0], name=f"t4-{index}") for index in range(1_000_000)]
    return Fault(
        "million",
        "1,000,000 rows",
        {"json_api": Expected("ok", stored=len(crowd))},
        _told(lambda format: body(format, crowd)),
        truth=crowd,
    )
