"""Spot prices by zone: what stood at the slot, a row a zone and type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scrapers.formats import format_of
from scrapers.formats.xml_api import XmlApi
from scrapers.page import Capture, FetchRequest, PageBroken, Xml
from scrapers.providers.aws import page
from scrapers.registry import source

AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)


def item(instance: str, price: str, zone: str = "use1-az4", product: str = "Linux/UNIX") -> str:
    return (
        f"<item><instanceType>{instance}</instanceType><productDescription>{product}</productDescription>"
        f"<spotPrice>{price}</spotPrice><timestamp>2026-11-19T22:10:05.000Z</timestamp>"
        f"<availabilityZone>us-east-1b</availabilityZone><availabilityZoneId>{zone}</availabilityZoneId></item>"
    )


def answer(*items: str, further: str = "") -> Xml:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<DescribeSpotPriceHistoryResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>1</requestId><spotPriceHistorySet>{''.join(items)}</spotPriceHistorySet>"
        f"<nextToken>{further}</nextToken></DescribeSpotPriceHistoryResponse>"
    )
    return opened(body)


def opened(body: str) -> Xml:
    url = "https://ec2.us-east-1.amazonaws.com/"
    return XmlApi().opened(
        Capture("aws.spot_zones", url, AT, 200, "text/xml", body.encode(), label="us-east-1")
    )


def test_a_price_is_of_the_machine_in_a_zone_that_is_the_same_for_every_account(answered: Any) -> None:
    found = answered(page.spot_zones, [answer(item("g5.12xlarge", "2.268800"), item("m5.large", "0.03"))])
    (row,) = found.offers.values()
    assert (row["offer_key"], row["region"], row["country"]) == ("use1-az4:g5.12xlarge", "us-east-1", "US")
    assert (row["gpu_model"], row["gpu_count"], row["pricing_model"]) == ("A10G", 4, "spot")
    assert (row["usd_per_hour"], row["usd_per_gpu_hour"]) == (2.2688, pytest.approx(0.5672))


def test_of_two_prices_the_newest_stands_and_windows_is_another_product(answered: Any) -> None:
    newest, older = item("g5.xlarge", "0.41"), item("g5.xlarge", "0.40")
    found = answered(
        page.spot_zones, [answer(newest), answer(older, item("g5.xlarge", "0.6", product="Windows"))]
    )
    assert [row["usd_per_hour"] for row in found.offers.values()] == [0.41]


def test_what_is_no_price_is_refused(answered: Any) -> None:
    found = answered(page.spot_zones, [answer(item("g5.xlarge", "dear"))])
    assert (found.rows, [refused.table for refused in found.refused]) == ([], ["offers"])


@pytest.mark.parametrize("body", ["", "<html>", "<Response><Errors/></Response>"])
def test_another_answer_breaks_the_page(body: str, answered: Any) -> None:
    with pytest.raises(PageBroken):
        answered(page.spot_zones, [opened(body)])


def test_an_entity_is_never_resolved() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'
    assert (opened(bomb).root.text or "") == ""


def test_further_pages_are_asked_for_by_their_token(answered: Any) -> None:
    first = FetchRequest("https://ec2.us-east-1.amazonaws.com/?Action=DescribeSpotPriceHistory", "us-east-1")
    (second,) = page.spot_zones.follow(first, answer(further="a/b=="))
    assert second.url == f"{first.url}&NextToken=a%2Fb%3D%3D"
    (third,) = page.spot_zones.follow(second, answer(further="c"))
    assert third.url == f"{first.url}&NextToken=c"
    assert list(page.spot_zones.follow(third, answer())) == []


def test_a_slot_is_asked_for_as_such_and_signed() -> None:
    zones = source("aws.spot_zones")
    assert isinstance(format_of(zones), XmlApi)
    keys: dict[str, str] = {}
    assert zones.missing_credential(keys) == "AWS_ACCESS_KEY_ID"
    keys["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
    assert zones.missing_credential(keys) == "AWS_SECRET_ACCESS_KEY"
    keys |= {"AWS_SECRET_ACCESS_KEY": "not-a-secret"}
    assert zones.missing_credential(keys) is None
    request = zones.requests_for(AT.replace(minute=0))[0]
    assert "StartTime=2026-11-20T03:00:00Z&EndTime=2026-11-20T03:00:00Z" in request.url
    headers = zones.credential_headers(request.url, keys)
    assert "/us-east-1/ec2/aws4_request" in headers["Authorization"]
    assert "not-a-secret" not in str(headers)
    assert "X-Amz-Security-Token" not in headers
    temporary = zones.credential_headers(request.url, {**keys, "AWS_SESSION_TOKEN": "a-token"})
    assert temporary["X-Amz-Security-Token"] == "a-token"
