"""Faults of one price: five machines as they should be, and one whose price is printed in another way."""

from __future__ import annotations

from tests.faults.cases import WHOLE, by_format, one_quarantined, priced
from tests.faults.content import with_price

FAULTS = [
    priced(
        "nan",
        "NaN for a price",
        with_price("$NaN/hr", float("nan")),
        by_format(one_quarantined("holds no amount"), WHOLE, xml_api=one_quarantined("not finite")),
    ),
    priced(
        "infinity",
        "Infinity for a price",
        with_price("$Infinity/hr", float("inf")),
        by_format(one_quarantined("holds no amount"), WHOLE, xml_api=one_quarantined("not finite")),
    ),
    priced(
        "zero", "price 0", with_price("$0.00/hr", 0), one_quarantined(r"usd_per_gpu_hour above 0 .* is 0\.0$")
    ),
    priced(
        "negative",
        "a negative price",
        with_price("-$1.50/hr", -1.5),
        by_format(one_quarantined("is negative"), one_quarantined(r"usd_per_gpu_hour above 0")),
    ),
    priced(
        "negative_inside",
        "a minus behind the sign of the currency",
        with_price("$-1.50/hr", -1.5),
        dict.fromkeys(("html_table", "rendered_page"), one_quarantined("is negative")),
    ),
    priced(
        "sentinel",
        '"N/A*" for a price',
        with_price("N/A*", "N/A*"),
        one_quarantined("not one price|not a number"),
    ),
    priced(
        "from",
        '"from $1.50"',
        with_price("from $1.50/hr", "from $1.50"),
        one_quarantined("not one price|not a number"),
    ),
    priced(
        "thousands",
        "separators of thousands",
        with_price("$1,234.50/hr", "1,234.50", usd_per_hour=1234.5),
        by_format(WHOLE, one_quarantined("not a number")),
    ),
    priced(
        "comma",
        "a comma for the decimal point",
        with_price("$14,32/hr", "14,32", usd_per_hour=14.32),
        by_format(WHOLE, one_quarantined("not a number")),
    ),
    priced(
        "currency",
        "another currency",
        with_price("€14.32/hr", 14.32, unit="EUR per hour"),
        by_format(one_quarantined("not in US dollars"), one_quarantined("the price is in EUR per hour")),
    ),
    priced(
        "per_month",
        "a price per month",
        with_price("$720.00 per month", 720, unit="USD per month"),
        by_format(
            one_quarantined("is per month, expected per hour"),
            one_quarantined("the price is in USD per month"),
        ),
    ),
    priced(
        "monthly",
        "a price that is called monthly",
        with_price("$720.00 monthly", 720),
        {
            format: one_quarantined("is per month, expected per hour")
            for format in ("html_table", "rendered_page")
        },
    ),
    priced(
        "cents",
        "a price in cents",
        with_price("1432¢/hr", 1432, unit="cents per hour"),
        by_format(
            one_quarantined("names no known currency"), one_quarantined("the price is in cents per hour")
        ),
    ),
]
