"""Every table of the ledger, declared once: column, type, unit, meaning, bounds.

DDL, polars schemas, the expectation suites and the data dictionary page all derive from these
declarations; nothing else in the project spells out a column's type. A key is an expectation,
not a constraint: a PRIMARY KEY doubles the size of a DuckDB file. The module is long on purpose: whoever
reads one table reads it beside its neighbours, and there is no second place to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

import polars as pl

Kind = Literal["text", "integer", "number", "flag", "timestamp", "date", "text_list", "json"]

POLARS_TYPES: Final[Mapping[Kind, pl.DataType | type[pl.DataType]]] = MappingProxyType(
    {
        "text": pl.String,
        "integer": pl.Int64,
        "number": pl.Float64,
        "flag": pl.Boolean,
        "timestamp": pl.Datetime("us", "UTC"),
        "date": pl.Date,
        "text_list": pl.List(pl.String),
        "json": pl.String,
    }
)

PRICING_MODELS: Final = ("on_demand", "spot", "interruptible", "reserved", "serverless", "free")
FORM_FACTORS: Final = ("SXM", "PCIe", "NVL", "OAM", "MXM", "card", "package")
AVAILABILITIES: Final = ("available", "limited", "unavailable", "unknown")
TERM_STATES: Final = ("present", "absent", "unknown")
SCRAPE_STATUSES: Final = ("ok", "partial", "failed", "skipped", "missed")
HISTORY: Final = "history:"
"""How the ids of sources that are not read on a schedule begin: imported histories, and the dated facts."""
TERMS: Final = (
    "session_hours",
    "idle_minutes",
    "background_hours",
    "weekly_gpu_hours",
    "weekly_tpu_hours",
    "daily_gpu_hours",
    "concurrent_sessions",
    "storage_gib",
    "ram_gib",
    "vcpus",
    "gpu_models",
    "credit_usd",
    "credit_days",
    "compute_units",
    "unit_days",
    "units_per_hour",
    "usd_per_unit",
    "usd_per_month",
    "requires_card",
    "requires_phone",
    "public_only",
    "guaranteed",
    "overage_usd_per_gib_month",
    "in_service",
)
# What only dated facts say: prices of single moments, gifts in hours, what a job once took.
OBSERVED_TERMS: Final = (
    *TERMS,
    "usd_per_hour",
    "usd_per_gpu_hour",
    "price_per_month",
    "hours_bought",
    "trial_gpu_hours",
    "daily_gpu_minutes",
    "minutes_to_train",
    "usd_to_train",
    "owner",
    # Of imported histories: words added to a page or taken from it, machines held in a trace of spot
    # capacity, and whether a data set could read a provider on a day.
    "statement",
    "machines_held",
    "machine_held",
    "was_read",
)


@dataclass(frozen=True)
class Column:
    """One column: its name carries the unit, `meaning` says what a reader must know.

    `above` is an exclusive lower bound, `at_least` and `at_most` are inclusive; `allowed` is the
    closed set of values. A row outside them is quarantined, never stored.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = False
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table, its columns in stored order, and the key that must be unique in one snapshot.

    `together` names columns that are given all together or not at all. `written_at` is the column that says
    when a row was written; "" where rows are written with a scrape, which says it.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    together: tuple[tuple[str, ...], ...] = ()
    written_at: str = ""
    by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    def polars(self) -> pl.Schema:
        """The table's columns as a polars schema, in stored order."""
        return pl.Schema({column.name: POLARS_TYPES[column.kind] for column in self.columns})


_SLOT: Final = Column(
    "slot",
    "timestamp",
    "The scheduled UTC hour that this row belongs to; in imported history the moment of the snapshot.",
    required=True,
)
_RUN: Final = Column("run_id", "text", "The run that wrote the row.", required=True)
_PROVIDER: Final = Column(
    "provider", "text", "Provider id: the folder under scrapers/providers.", required=True
)
_SOURCE: Final = Column(
    "source",
    "text",
    "Source id, provider.source as declared in provider.toml; history:NAME for imported history.",
    required=True,
)
_CAPTURE: Final = Column(
    "capture_id", "text", "The archived response the row was read from (captures).", required=True
)
_OBSERVED: Final = Column("observed_at", "timestamp", "When the response was fetched, UTC.", required=True)
_PARSER: Final = Column(
    "parser_version",
    "text",
    "Digest of the code and lookups that read the row; a correction by replay has a newer one.",
    required=True,
)
_SOURCE_URL: Final = Column("source_url", "text", "Where the figure stood.", required=True)

CAPTURES: Final = Table(
    "captures",
    "Every archived response, and every rendered page, with its place in the WARC files.",
    (
        Column("capture_id", "text", "SHA-256 of the payload, hexadecimal.", required=True),
        _RUN,
        _SOURCE,
        _SLOT,
        Column(
            "role",
            "text",
            "response (as received), rendered (the page after its scripts ran) or robots.",
            required=True,
            allowed=("response", "rendered", "robots", "resource"),
        ),
        Column("url", "text", "The address that answered.", required=True),
        Column("fetched_at", "timestamp", "When it answered, UTC.", required=True),
        Column("http_status", "integer", "HTTP status code.", at_least=100, at_most=599),
        Column("media_type", "text", "Content-Type without parameters."),
        Column("bytes", "integer", "Size of the payload.", "bytes", required=True, at_least=0),
        Column("warc_file", "text", "WARC file, relative to the data folder.", required=True),
        Column(
            "warc_offset",
            "integer",
            "Offset of the record's gzip member.",
            "bytes",
            required=True,
            at_least=0,
        ),
    ),
    key=("slot", "source", "capture_id", "url", "warc_offset"),
)

RUNS: Final = Table(
    "runs",
    "One invocation of a flow.",
    (
        _RUN,
        Column(
            "flow",
            "text",
            "Which flow ran.",
            required=True,
            allowed=("nightly", "market", "replay", "import"),
        ),
        Column("started_at", "timestamp", "UTC.", required=True),
        Column("finished_at", "timestamp", "UTC.", required=True),
        Column(
            "origin",
            "text",
            "live (the network), recorded (an archive), imported (a public history) or simulated (the demo).",
            required=True,
            allowed=("live", "recorded", "imported", "simulated"),
        ),
        Column("sources_due", "integer", "Scrapes that were due.", required=True, at_least=0),
        Column("sources_ok", "integer", "Scrapes that ended ok.", required=True, at_least=0),
        Column("sources_partial", "integer", "Scrapes that ended partial.", required=True, at_least=0),
        Column("sources_failed", "integer", "Scrapes that failed.", required=True, at_least=0),
        Column("gpuledger_version", "text", "Version of the software.", required=True),
    ),
    key=("run_id",),
    written_at="finished_at",
)

VOID_RUNS: Final = Table(
    "void_runs",
    "Runs that were declared void, for example after a wrong clock: no view counts their rows.",
    (
        _RUN,
        Column("voided_at", "timestamp", "When it was declared void, UTC.", required=True),
        Column("reason", "text", "Why, as given with the command.", required=True),
        Column("gpuledger_version", "text", "Version of the software.", required=True),
    ),
    key=("run_id",),
    written_at="voided_at",
)

SCRAPES: Final = Table(
    "scrapes",
    "One source in one run: what happened, and why if it went wrong.",
    (
        _RUN,
        _PROVIDER,
        _SOURCE,
        _SLOT,
        Column("started_at", "timestamp", "UTC.", required=True),
        Column("finished_at", "timestamp", "UTC.", required=True),
        Column(
            "status",
            "text",
            "ok, partial (some of it is missing), failed (nothing accepted), skipped (due, but the run never "
            "fetched it) or missed (no run came at its time).",
            required=True,
            allowed=SCRAPE_STATUSES,
        ),
        Column("error", "text", "Why it is not ok, in one sentence."),
        Column("rows_parsed", "integer", "Rows read from the captures.", "rows", required=True, at_least=0),
        Column("rows_accepted", "integer", "Rows stored.", "rows", required=True, at_least=0),
        Column(
            "rows_quarantined",
            "integer",
            "Rows refused, with their reasons in quarantine.",
            "rows",
            required=True,
            at_least=0,
        ),
        Column("capture_ids", "text_list", "Captures that were parsed.", required=True),
        Column("robots", "text", "What robots.txt decided: allowed, disallowed, absent or unreachable."),
        _PARSER,
    ),
    key=("run_id", "source", "slot"),
    written_at="finished_at",
)

OFFERS: Final = Table(
    "offers",
    "One offer of one snapshot: what could be rented, where, at what price.",
    (
        _OBSERVED,
        _SLOT,
        _RUN,
        _PROVIDER,
        _SOURCE,
        _CAPTURE,
        _PARSER,
        Column("offer_key", "text", "Names the same thing across snapshots.", required=True),
        Column(
            "offer_id",
            "text",
            "The provider's own id; on vast.ai it changes within hours. In imported history the line of the "
            "imported file: L1234.",
        ),
        Column("machine_id", "text", "The provider's id of the physical machine."),
        Column("host_id", "text", "The provider's id of the machine's owner."),
        Column("instance_type", "text", "The provider's name of the machine type."),
        Column("gpu_as_shown", "text", "The GPU's name exactly as the source gives it."),
        Column("gpu_model", "text", "Canonical GPU model (gpus.toml), or the name as shown when unknown."),
        Column("gpu_is_known", "flag", "Whether gpu_model is in gpus.toml."),
        Column(
            "gpu_form_factor",
            "text",
            "SXM, PCIe, NVL or other; prices of two are never mixed.",
            allowed=FORM_FACTORS,
        ),
        Column("gpu_count", "integer", "GPUs in the offer.", "GPUs", above=0, at_most=1024),
        Column("gpu_memory_gib", "number", "Nominal memory of one GPU.", "GiB", above=0, at_most=1024),
        Column("vcpus", "number", "Virtual CPUs in the offer.", "vCPU", above=0, at_most=4096),
        Column("ram_gib", "number", "Memory usable by the offer.", "GiB", above=0, at_most=65536),
        Column("disk_gib", "number", "Local disk of the offer.", "GiB", at_least=0),
        Column("region", "text", "The provider's current id of the region."),
        Column("country", "text", "ISO 3166-1 alpha-2."),
        Column("pricing_model", "text", "How it is sold.", required=True, allowed=PRICING_MODELS),
        Column("usd_per_hour", "number", "Price of the whole offer.", "USD/h", at_least=0, at_most=20000),
        Column(
            "usd_per_gpu_hour", "number", "Price of one GPU of the offer.", "USD/h", above=0, at_most=1000
        ),
        Column("price_as_shown", "text", "The price exactly as the source gives it."),
        Column("currency", "text", "Currency of price_as_shown, ISO 4217.", required=True),
        Column("storage_usd_per_gib_month", "number", "Price of storage.", "USD/GiB/month", at_least=0),
        Column("egress_usd_per_gib", "number", "Price of outgoing traffic.", "USD/GiB", at_least=0),
        Column("availability", "text", "Whether it could be had.", required=True, allowed=AVAILABILITIES),
        Column(
            "gpus_available", "integer", "GPUs free of this offer's kind, where stated.", "GPUs", at_least=0
        ),
        Column("gpus_total", "integer", "GPUs of the machine, where stated.", "GPUs", above=0),
        Column(
            "interruption_low",
            "number",
            "Lower end of the share interrupted in the last month.",
            "share",
            at_least=0,
            at_most=1,
        ),
        Column("interruption_high", "number", "Upper end of it.", "share", at_least=0, at_most=1),
        Column(
            "reliability", "number", "The marketplace's reliability score.", "share", at_least=0, at_most=1
        ),
        Column("verified", "flag", "Whether the marketplace has verified the machine."),
        Column("datacenter", "flag", "Whether the machine stands in a data centre."),
        Column(
            "throughput",
            "number",
            "DLPerf of the whole offer, as the marketplace scores it.",
            "DLPerf",
            at_least=0,
        ),
        _SOURCE_URL,
    ),
    key=("source", "slot", "offer_key", "pricing_model"),
    together=(("gpu_model", "gpu_count"),),
)

PLANS: Final = Table(
    "plans",
    "Subscriptions and prepaid packages, one row a plan and snapshot.",
    (
        _OBSERVED,
        _SLOT,
        _RUN,
        _PROVIDER,
        _SOURCE,
        _CAPTURE,
        _PARSER,
        Column("plan", "text", "The plan's name as shown.", required=True),
        Column(
            "usd_per_month",
            "number",
            "Monthly fee; null for a package bought once.",
            "USD/month",
            at_least=0,
            at_most=10000,
        ),
        Column("usd_once", "number", "Price of a package bought once.", "USD", above=0, at_most=100000),
        Column("included_units", "number", "Units included a month or in the package.", "units", at_least=0),
        Column("unit", "text", "What a unit is called."),
        Column("unit_days", "integer", "Days until an unused unit expires.", "days", above=0),
        Column("usd_per_unit", "number", "What one more unit costs.", "USD/unit", at_least=0),
        Column("price_as_shown", "text", "The price exactly as the page gives it."),
        Column("currency", "text", "Currency of price_as_shown, ISO 4217.", required=True),
        Column("quote", "text", "The words on the page."),
        _SOURCE_URL,
    ),
    key=("source", "slot", "plan"),
)

TERMS_TABLE: Final = Table(
    "terms",
    "Free tiers and plan limits, one row a term and snapshot, with the words on the page.",
    (
        _OBSERVED,
        _SLOT,
        _RUN,
        _PROVIDER,
        _SOURCE,
        _CAPTURE,
        _PARSER,
        Column("tier", "text", "Free tier or plan the term belongs to.", required=True),
        Column("term", "text", "Canonical name of the term.", required=True, allowed=TERMS),
        Column("value_number", "number", "The value, where it is a number."),
        Column("value_text", "text", "The value, where it is words."),
        Column("unit", "text", "Unit of value_number as printed."),
        Column(
            "state",
            "text",
            "present, absent (the page says there is none) or unknown (the page is silent).",
            required=True,
            allowed=TERM_STATES,
        ),
        Column("quote", "text", "The words on the page."),
        _SOURCE_URL,
    ),
    key=("source", "slot", "tier", "term"),
)

UTILISATION: Final = Table(
    "utilisation",
    "How much of a marketplace's supply is rented, one row a GPU model and snapshot, by its own count.",
    (
        _OBSERVED,
        _SLOT,
        _RUN,
        _PROVIDER,
        _SOURCE,
        _CAPTURE,
        _PARSER,
        Column("gpu_as_shown", "text", "The GPU's name exactly as the source gives it.", required=True),
        Column("gpu_model", "text", "Canonical GPU model (gpus.toml), or the name as shown when unknown."),
        Column("gpu_is_known", "flag", "Whether gpu_model is in gpus.toml."),
        Column("gpu_form_factor", "text", "SXM, PCIe, NVL or other.", allowed=FORM_FACTORS),
        Column("gpu_memory_gib", "number", "Nominal memory of one GPU.", "GiB", above=0, at_most=1024),
        Column("machines_total", "integer", "Machines listed, rented or not.", "machines", at_least=0),
        Column("machines_rented", "integer", "Machines that are rented.", "machines", at_least=0),
        Column("machines_available", "integer", "Machines that are free.", "machines", at_least=0),
        Column("share_rented", "number", "The share in use, as stated.", "share", at_least=0, at_most=1),
        Column("share_rented_30d", "number", "Its mean of 30 days.", "share", at_least=0, at_most=1),
        Column("throughput", "number", "DLPerf of the GPU, by its own score.", "DLPerf", at_least=0),
        _SOURCE_URL,
    ),
    key=("source", "slot", "gpu_as_shown"),
)

PROVIDERS: Final = Table(
    "providers",
    "The registry: who is watched and what became of them, one row whenever a declaration has changed.",
    (
        _RUN,
        _PROVIDER,
        Column("declared_at", "timestamp", "When the declaration was first met, UTC.", required=True),
        Column("title", "text", "The provider's name.", required=True),
        Column("kind", "text", "What it is.", required=True, allowed=("marketplace", "cloud", "notebook")),
        Column(
            "status",
            "text",
            "active, gone, renamed, or unknown where nothing says.",
            required=True,
            allowed=("active", "gone", "renamed", "unknown"),
        ),
        Column("since", "text", "Since when, as exactly as it is known."),
        Column("what_happened", "text", "What became of it, in words."),
        Column("evidence", "text_list", "Where that stands.", required=True),
        Column("homepage", "text", "Its address.", required=True),
        Column("enabled", "flag", "Whether it is read by default.", required=True),
        Column("why_disabled", "text", "Why it is not."),
        Column("sources", "text_list", "Ids of its sources.", required=True),
    ),
    key=("provider", "declared_at"),
    written_at="declared_at",
)

OBSERVATIONS: Final = Table(
    "observations",
    "Dated facts from before the first snapshot, one row a fact, each with its origin (history/facts.toml).",
    (
        _SLOT,
        _RUN,
        _PROVIDER,
        _SOURCE,
        _CAPTURE,
        Column(
            "observed_as_stated",
            "text",
            "The date as its origin gives it: 2018, 2018-11 or 2018-11-15.",
            required=True,
        ),
        Column("observed_on", "date", "The first day of that date.", required=True),
        Column("subject", "text", "The tier, plan, machine or GPU that the fact is about.", required=True),
        Column("term", "text", "Canonical name of what is stated.", required=True, allowed=OBSERVED_TERMS),
        Column(
            "state",
            "text",
            "present, or absent where the origin says that there is none.",
            required=True,
            allowed=("present", "absent"),
        ),
        Column("value_number", "number", "The value, where it is a number."),
        Column("value_text", "text", "The value, where it is words."),
        Column("value_up_to", "number", "The end of a range that value_number begins."),
        Column(
            "qualifier",
            "text",
            "How exactly the origin says it; null where it is stated as a plain figure.",
            allowed=("about", "over", "under", "at_most"),
        ),
        Column("unit", "text", "Unit of value_number."),
        Column("currency", "text", "Currency of a price, ISO 4217.", required=True),
        Column("gpu_as_stated", "text", "The GPU that a figure is about, as stated."),
        Column("gpu_model", "text", "Its canonical model (gpus.toml)."),
        Column("pricing_model", "text", "How it was sold, where a price is stated.", allowed=PRICING_MODELS),
        Column(
            "standing",
            "text",
            "seen (read in a copy of it), second_hand (in what quotes it), seed (a founding document) or "
            "estimated (by who published it, which the note says).",
            required=True,
            allowed=("seen", "second_hand", "seed", "estimated"),
        ),
        Column("origin", "text", "Where it stands: an address, or words where there is none.", required=True),
        Column("note", "text", "What the origin says beside it."),
    ),
    key=(
        "source",
        "slot",
        "provider",
        "subject",
        "term",
        "observed_as_stated",
        "pricing_model",
        "value_text",
    ),
)

PRICE_STATISTICS: Final = Table(
    "price_statistics",
    "Price statistics that others have published and whose offers are not known: imported history only.",
    (
        _OBSERVED,
        _SLOT,
        _RUN,
        _PROVIDER,
        _SOURCE,
        _CAPTURE,
        _PARSER,
        Column("series_key", "text", "Names the same series across snapshots.", required=True),
        Column("line", "integer", "The line of the imported file.", above=0),
        Column("scope", "text", "What the figures are over: all, one provider, one number of GPUs."),
        Column("gpu_as_shown", "text", "The GPU's name exactly as the source gives it."),
        Column("gpu_model", "text", "Canonical GPU model (gpus.toml), or the name as shown when unknown."),
        Column("gpu_is_known", "flag", "Whether gpu_model is in gpus.toml."),
        Column("gpu_form_factor", "text", "SXM, PCIe, NVL or other.", allowed=FORM_FACTORS),
        Column("gpu_memory_gib", "number", "Nominal memory of one GPU.", "GiB", above=0, at_most=1024),
        Column(
            "gpu_count", "integer", "GPUs of each offer, where they share it.", "GPUs", above=0, at_most=1024
        ),
        Column("region", "text", "The region, as the data set names it."),
        Column("country", "text", "ISO 3166-1 alpha-2."),
        Column("pricing_model", "text", "How it is sold.", required=True, allowed=PRICING_MODELS),
        Column("offers", "integer", "Offers behind the figures.", "offers", at_least=0),
        Column("lowest", "number", "The lowest price.", "USD per GPU-hour", above=0, at_most=1000),
        Column("p10", "number", "10th percentile.", "USD per GPU-hour", above=0, at_most=1000),
        Column("p25", "number", "Lower quartile.", "USD per GPU-hour", above=0, at_most=1000),
        Column("p50", "number", "Median.", "USD per GPU-hour", above=0, at_most=1000),
        Column("p75", "number", "Upper quartile.", "USD per GPU-hour", above=0, at_most=1000),
        Column("p90", "number", "90th percentile.", "USD per GPU-hour", above=0, at_most=1000),
        Column("highest", "number", "The highest price.", "USD per GPU-hour", above=0, at_most=1000),
        Column("mean", "number", "The mean.", "USD per GPU-hour", above=0, at_most=1000),
        Column("standing", "text", "What an estimate is, by its mapping; null for what was seen."),
        _SOURCE_URL,
    ),
    key=("source", "slot", "series_key", "pricing_model"),
)

ORIGINS: Final = Table(
    "origins",
    "Public histories that were imported: whose they are, their licence, and what became of their rows.",
    (
        _RUN,
        _SOURCE,
        Column("imported_at", "timestamp", "When the import began, UTC.", required=True),
        Column("title", "text", "The data set's title.", required=True),
        Column("publisher", "text", "Who publishes it.", required=True),
        Column("licence", "text", "Its licence, as the publisher names it.", required=True),
        Column("licence_url", "text", "Where the licence stands."),
        Column("attribution", "text", "The words that the licence asks to be carried along."),
        Column("url", "text", "Where the data set is published.", required=True),
        Column("obtain", "text", "How to obtain it.", required=True),
        Column("note", "text", "What a reader must know of it."),
        Column(
            "rows_are",
            "text",
            "snapshots (a row states its moment) or changes (a row stands until the next one).",
            required=True,
            allowed=("snapshots", "changes"),
        ),
        Column("file", "text", "Name of the imported file.", required=True),
        Column("part", "text", "Which part of the data set it is, as whoever imported it said."),
        Column(
            "true_at", "text", "When it was true, as whoever imported it said; null where it says so itself."
        ),
        _CAPTURE,
        _PARSER,
        Column("records", "integer", "Records in the file.", "records", required=True, at_least=0),
        Column(
            "outside", "integer", "Records that the mapping leaves out.", "records", required=True, at_least=0
        ),
        Column(
            "blanks",
            "integer",
            "Prices that the file leaves blank: missing.",
            "prices",
            required=True,
            at_least=0,
        ),
    ),
    key=("source", "capture_id", "parser_version"),
    written_at="imported_at",
)

QUARANTINE: Final = Table(
    "quarantine",
    "Rows that were refused: the raw record and the expectation it failed.",
    (
        _RUN,
        _SOURCE,
        _SLOT,
        Column("table_name", "text", "The table the row was meant for.", required=True),
        Column("expectation", "text", "The expectation that failed.", required=True),
        Column("reason", "text", "What was wrong, in words.", required=True),
        Column(
            "record", "json", "The row as read, or the raw record where no row could be read.", required=True
        ),
        Column("capture_id", "text", "The capture it came from."),
        _PARSER,
    ),
    key=(),
)

INCIDENTS: Final = Table(
    "incidents",
    "What a person should look at: a source that broke, shrank, froze or vanished.",
    (
        _RUN,
        _PROVIDER,
        _SOURCE,
        _SLOT,
        Column(
            "kind",
            "text",
            "What happened.",
            required=True,
            allowed=(
                "fetch_failed",
                "page_changed",
                "refused",
                "collapsed",
                "frozen",
                "carried_forward",
                "column_emptied",
                "ended",
                "rows_quarantined",
                "truncated",
                "crossed_prices",
                "returned",
                "too_many",
                "rescaled",
            ),
        ),
        Column("severity", "text", "error or warning.", required=True, allowed=("error", "warning")),
        Column("summary", "text", "One sentence with the figures.", required=True),
        Column("evidence", "json", "The figures behind it.", required=True),
    ),
    key=("run_id", "source", "slot", "kind", "summary"),
)

FINDINGS: Final = Table(
    "findings",
    "What the crawl and the parsers met and nobody had declared: a new field, an unknown GPU, a redirect.",
    (
        _RUN,
        _SOURCE,
        _SLOT,
        Column(
            "kind",
            "text",
            "What was met.",
            required=True,
            allowed=(
                "new_field",
                "missing_field",
                "unknown_gpu",
                "unknown_region",
                "unknown_instance_type",
                "unknown_word",
                "truncated",
                "duplicate",
                "disagreement",
                "redirected",
                "popup",
                "blocked_request",
            ),
        ),
        Column("subject", "text", "The field, word or host.", required=True),
        Column("detail", "text", "Where, or an example."),
        Column("times", "integer", "How often in this scrape.", required=True, above=0),
    ),
    key=("run_id", "source", "slot", "kind", "subject"),
)

EXPECTATION_RESULTS: Final = Table(
    "expectation_results",
    "The verdict of the validation gate: one row an expectation and scrape.",
    (
        _RUN,
        _SOURCE,
        _SLOT,
        Column("table_name", "text", "The frame that was checked.", required=True),
        Column("expectation", "text", "What was expected.", required=True),
        Column(
            "level",
            "text",
            "row (a bad row is quarantined), table (a miss holds all rows back) or warning.",
            required=True,
            allowed=("row", "table", "warning"),
        ),
        Column("success", "flag", "Whether it held.", required=True),
        Column("rows_failed", "integer", "Rows that failed it.", "rows", required=True, at_least=0),
        Column("observed", "text", "The figure observed, for table-level expectations."),
    ),
    key=("run_id", "source", "slot", "table_name", "expectation"),
)

ALERTS: Final = Table(
    "alerts",
    "What the rules of config.toml told somebody, and when; a rule speaks once until what it saw has passed.",
    (
        Column("told_at", "timestamp", "When the rule was held against the ledger, UTC.", required=True),
        _RUN,
        Column("rule", "text", "The rule, in its own words.", required=True),
        Column("subject", "text", "What it spoke of: a GPU, a term, a source, an incident.", required=True),
        Column(
            "state",
            "text",
            "raised (told), or passed (a price is back on its side, a source answers again).",
            required=True,
            allowed=("raised", "passed"),
        ),
        Column("message", "text", "The sentence that was sent.", required=True),
        Column("link", "text", "The page or address that it pointed to."),
    ),
    key=("told_at", "rule", "subject"),
    written_at="told_at",
)

SCHEMA_VERSIONS: Final = Table(
    "schema_versions",
    "The versions of this schema that the ledger has had.",
    (
        Column("version", "integer", "Schema version.", required=True, at_least=1),
        Column("applied_at", "timestamp", "Since when, UTC.", required=True),
        Column("definition", "text", "SHA-256 of the statements that make tables and views."),
        Column(
            "added_columns",
            "text_list",
            "Columns that this step added, as table.column: rows written before it have no value there.",
        ),
    ),
    key=("version", "definition"),
    written_at="applied_at",
)

TABLES: Final = (
    CAPTURES,
    RUNS,
    VOID_RUNS,
    SCRAPES,
    OFFERS,
    PLANS,
    TERMS_TABLE,
    UTILISATION,
    PROVIDERS,
    OBSERVATIONS,
    PRICE_STATISTICS,
    ORIGINS,
    QUARANTINE,
    INCIDENTS,
    FINDINGS,
    EXPECTATION_RESULTS,
    ALERTS,
    SCHEMA_VERSIONS,
)
BY_NAME: Final[Mapping[str, Table]] = MappingProxyType({table.name: table for table in TABLES})
FACT_TABLES: Final = ("offers", "plans", "terms", "utilisation")
