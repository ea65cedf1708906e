"""Charts: one Altair specification for the static SVG and for vega.js.

Colours are CSS variables, so that a chart follows the reader's light or dark theme. Altair copies and
validates a chart at every step, so each kind of chart is made once, and its rows and names are put in after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt
import polars as pl
import vl_convert as vlc
from markupsafe import Markup

from reports.tables import in_short, script_json

_INK = "currentColor"
_ROWS = alt.NamedData("rows")
# Lists that stand for those of the figure.
_SERIES_NAMES, _SERIES_COLOURS, _SERIES_DASHES = ["{names}"], ["{colours}"], ["{dashes}"]
_COLOURS = 8
_LABEL = 200
SERIES = pl.Schema({"series": pl.String, "day": pl.Date, "value": pl.Float64})
"""The frame that `lines` draws; given where one is made of rows, of which the first may all be empty."""
_DASHES: tuple[list[int], ...] = ([1, 0], [6, 3], [2, 2])
_Specification = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A chart for a page: an id, its title, its SVG, its specification as JSON, and the view behind it."""

    id: str
    title: str
    svg: Markup
    spec: Markup
    data: str


def bands(frame: pl.DataFrame, figure_id: str, title: str, described: str) -> Figure:
    """Small multiples of daily price bands.

    `frame` has columns series, day, p10, p25, p50, p75, p90 (USD per GPU-hour).
    """
    return _figure(_bands(), _values(frame), figure_id, title, described, "price_daily")


@cache
def _bands() -> _Specification:
    base = alt.Chart(_ROWS).encode(x=alt.X("day:T", title=None, axis=alt.Axis(tickCount=3)))
    price = alt.Axis(format="$.2~f", tickCount=4)
    outer = base.mark_area(color="var(--s1)", opacity=0.18).encode(
        y=alt.Y("p10:Q", title="USD per GPU-hour", axis=price), y2="p90:Q"
    )
    inner = base.mark_area(color="var(--s1)", opacity=0.3).encode(y="p25:Q", y2="p75:Q")
    tips = [
        alt.Tooltip("day:T"),
        *(alt.Tooltip(f"{name}:Q", format="$.4f") for name in ("p10", "p50", "p90")),
    ]
    median = base.mark_line(color="var(--s1)", strokeWidth=1.6).encode(y="p50:Q", tooltip=tips)
    chart = (
        alt.layer(outer, inner, median)
        .properties(width=250, height=130)
        .facet(facet=alt.Facet("series:N", title=None), columns=3)
        .resolve_scale(y="independent")
    )
    return _styled(chart)


def curves(frame: pl.DataFrame, figure_id: str, title: str, described: str) -> Figure:
    """Small multiples of how bids have held.

    `frame` has columns gpu, bid (USD per GPU-hour), held_24, low, high (shares), starts.
    """
    shares = [pl.col(name).round(4) for name in ("held_24", "low", "high")]
    values = frame.select("gpu", "bid", *shares, "starts").to_dicts()
    return _figure(_curves(), values, figure_id, title, described, "market_machines")


@cache
def _curves() -> _Specification:
    base = alt.Chart(_ROWS).encode(
        x=alt.X("bid:Q", title="bid, USD per GPU-hour", scale=alt.Scale(zero=False), axis=_axis("$.2~f", 4))
    )
    interval = base.mark_area(color="var(--s1)", opacity=0.18).encode(
        y=alt.Y("low:Q", title="held 24 h", scale=alt.Scale(domain=[0, 1]), axis=_axis("%", 3)), y2="high:Q"
    )
    tips = [
        alt.Tooltip("bid:Q", format="$.4f"),
        *(alt.Tooltip(f"{name}:Q", format=".0%") for name in ("held_24", "low", "high")),
        alt.Tooltip("starts:Q"),
    ]
    line = base.mark_line(color="var(--s1)", strokeWidth=1.6, point=alt.OverlayMarkDef(color="var(--s1)"))
    chart = (
        alt.layer(interval, line.encode(y="held_24:Q", tooltip=tips))
        .properties(width=250, height=130)
        .facet(facet=alt.Facet("gpu:N", title=None, sort=None), columns=3)
        .resolve_scale(x="independent")
    )
    return _styled(chart)


def frontier(frame: pl.DataFrame, figure_id: str, title: str, described: str) -> Figure:
    """Cost against time, with the efficient offers joined by a line.

    `frame` has columns gpu, provider, pricing_model, usd_per_gpu_hour, hours, usd (cost), is_efficient.
    """
    prices = [pl.col(name).round(4) for name in ("usd_per_gpu_hour", "hours", "usd")]
    values = frame.with_columns(prices).to_dicts()
    return _figure(_frontier(), values, figure_id, title, described, "latest_offers")


@cache
def _frontier() -> _Specification:
    base = alt.Chart(_ROWS).encode(
        x=alt.X("hours:Q", title="hours", scale=alt.Scale(type="log"), axis=_axis("~s", 6)),
        y=alt.Y("usd:Q", title="cost of the job, USD", scale=alt.Scale(type="log"), axis=_axis("$.2~f", 6)),
    )
    tips = [
        *(alt.Tooltip(f"{name}:N") for name in ("gpu", "provider", "pricing_model")),
        alt.Tooltip("usd_per_gpu_hour:Q", format="$.4f"),
        alt.Tooltip("hours:Q", format=".1f"),
        alt.Tooltip("usd:Q", format="$.2f"),
    ]
    points = base.mark_point(filled=True, size=40, color="var(--s1)").encode(
        opacity=alt.condition("datum.is_efficient", alt.value(1), alt.value(0.35)),
        shape=alt.Shape("pricing_model:N", title="sold as", legend=alt.Legend(orient="top")),
        tooltip=tips,
    )
    efficient = base.transform_filter("datum.is_efficient")
    line = efficient.mark_line(color="var(--s1)", strokeWidth=1.4, interpolate="step-after")
    names = efficient.mark_text(align="left", dx=7, dy=-7, color="currentColor").encode(text="gpu:N")
    return _styled(alt.layer(line, points, names).properties(width=760, height=380))


def lines(
    frame: pl.DataFrame,
    figure_id: str,
    title: str,
    described: str,
    *,
    data: str,
    unit: str,
    form: str,
    irregular: bool = False,
) -> Figure:
    """Series over days, told apart by colour and, where there are more than eight, by dashes too.

    `frame` has columns series, day, value (in `unit`, shown in the d3 format `form`); a missing day is a gap,
    unless the days are `irregular`: then a row without a value is one.
    """
    names = frame["series"].unique(maintain_order=True).to_list()
    values = list(_points(frame if irregular else with_gaps(frame)))
    colours = [f"var(--c{place % _COLOURS + 1})" for place in range(len(names))]
    dashes = [_DASHES[min(place // _COLOURS, len(_DASHES) - 1)] for place in range(len(names))]
    series = {_SERIES_NAMES[0]: names, _SERIES_COLOURS[0]: colours, _SERIES_DASHES[0]: dashes}
    has_alone = any("alone" in point for point in values)
    specification = _lines(unit, form, has_alone=has_alone)
    still = len(specification["layer"]) - 1
    return _figure(specification, values, figure_id, title, described, data, still=still, series=series)


@cache
def _lines(unit: str, form: str, *, has_alone: bool) -> _Specification:
    look = alt.Legend(
        title=None, orient="top", columns=3, labelLimit=240, columnPadding=24, symbolType="stroke"
    )
    tips = [
        alt.Tooltip("series:N"),
        alt.Tooltip("day:T"),
        alt.Tooltip("value:Q", title=unit, format=form),
    ]
    base = alt.Chart(_ROWS).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(tickCount=8)),
        y=alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False), axis=_axis(form, 5)),
        color=alt.Color(
            "series:N", scale=alt.Scale(domain=_SERIES_NAMES, range=_SERIES_COLOURS), legend=look
        ),
    )
    drawn = base.mark_line(strokeWidth=1.6).encode(
        strokeDash=alt.StrokeDash(
            "series:N", scale=alt.Scale(domain=_SERIES_NAMES, range=_SERIES_DASHES), legend=look
        )
    )
    # A day between two missed ones is a point and no line.
    alone = base.transform_filter("datum.alone").mark_point(filled=True, size=14)
    hovered = base.mark_point(filled=True, size=60, opacity=0).encode(tooltip=tips)
    shown = [drawn, alone, hovered] if has_alone else [drawn, hovered]
    return _styled(alt.layer(*shown).properties(width=820, height=260))


def with_gaps(frame: pl.DataFrame) -> pl.DataFrame:
    """The days of each series, with an empty row where one was missed, so that no line runs over it."""
    parts = []
    for part in frame.sort("day").partition_by("series", maintain_order=True):
        span = pl.date_range(part["day"].min(), part["day"].max(), "1d", eager=True).alias("day")  # type: ignore[arg-type]
        whole = pl.DataFrame({"day": span}).join(part, on="day", how="left", maintain_order="left")
        parts.append(whole.with_columns(series=pl.lit(part["series"][0])))
    order = {name: place for place, name in enumerate(frame["series"].unique(maintain_order=True))}
    return pl.concat(sorted(parts, key=lambda part: order[part["series"][0]])) if parts else frame


def _points(frame: pl.DataFrame) -> Iterator[dict[str, object]]:
    """The rows of a chart of lines, as small as they can be; `alone` marks a value between two gaps."""
    known = pl.col("value").is_not_null()
    beside = [known.shift(step, fill_value=False).over("series") for step in (1, -1)]
    marked = frame.with_columns(alone=known & ~beside[0] & ~beside[1])
    for series, day, value, alone in marked.select("series", "day", "value", "alone").iter_rows():
        point = {"series": series, "day": f"{day}", "value": None if value is None else float(f"{value:.5g}")}
        yield {**point, "alone": True} if alone else point


def _axis(form: str, ticks: int) -> alt.Axis:
    return alt.Axis(format=form, tickCount=ticks)


def _values(frame: pl.DataFrame) -> list[dict[str, object]]:
    prices = [pl.col(name).round(5) for name in ("p10", "p25", "p50", "p75", "p90")]
    return frame.select("series", pl.col("day").cast(pl.String), *prices).to_dicts()


def _figure(
    specification: _Specification,
    values: list[dict[str, Any]],
    figure_id: str,
    title: str,
    described: str,
    data: str,
    *,
    still: int | None = None,
    series: Mapping[str, list[Any]] | None = None,
) -> Figure:
    """`still` is how many of the layers are for eyes; the others are what a pointer finds.

    `series` are the lists for those of the specification that stand for them.
    """
    filled = _filled(specification, series or {})
    moving: _Specification = _shortened(filled | {"description": described, "data": {"values": values}})
    drawn = {**moving, "layer": moving["layer"][:still]} if still else moving
    svg = Markup(vlc.vegalite_to_svg(drawn))  # noqa: S704 (it escapes what it draws)  # nosec B704
    return Figure(figure_id, title, svg, script_json(moving), data)


def _styled(chart: alt.FacetChart | alt.LayerChart) -> _Specification:
    """The specification of a chart in the style of all; its rows and its description are put in later."""
    styled = chart.properties(description="").configure(
        background="transparent",
        font="inherit",
        axis=alt.AxisConfig(
            labelColor=_INK, titleColor=_INK, domainColor=_INK, tickColor=_INK, gridColor="var(--line)"
        ),
        header=alt.HeaderConfig(labelColor=_INK, titleColor=_INK),
        legend=alt.LegendConfig(labelColor=_INK, titleColor=_INK),
        view=alt.ViewConfig(stroke=None),
    )
    found: _Specification = styled.to_dict(validate=False)
    return found


def _filled(part: Any, series: Mapping[str, list[Any]]) -> Any:
    """A part of a specification with the lists of `series` in place of what stands for them."""
    if isinstance(part, dict):
        return {name: _filled(value, series) for name, value in part.items()}
    if isinstance(part, list):
        named = series.get(part[0]) if len(part) == 1 and isinstance(part[0], str) else None
        return [_filled(value, series) for value in part] if named is None else named
    return part


def _shortened(part: Any) -> Any:
    """A part of a specification with every text as short as a label can be."""
    if isinstance(part, dict):
        return {name: _shortened(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_shortened(value) for value in part]
    return in_short(part, _LABEL) if isinstance(part, str) else part


@cache
def vega_script() -> str:
    """The one script that redraws every figure of the site."""
    script: str = vlc.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return script
