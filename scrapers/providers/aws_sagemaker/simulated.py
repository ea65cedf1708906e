"""SageMaker in the demo, from night 50 on; the files behind its page list every machine twice."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scrapers.simulation import Answer, SimulatedNight

JOINS = 50
_FOLDER = "https://b0.p.awsstatic.com/pricing/2.0/meteredUnitMaps/sagemaker/USD/current/"
_FILES = {
    "notebook": ("sagemaker-instances-studionotebook.json", "Studio-Notebook", 1.0),
    "training": ("sagemaker-instances-training.json", "Training", 1.0),
}
_PLACES = (
    "US East (N. Virginia)",
    "US East (Ohio)",
    "US West (Oregon)",
    "EU (Ireland)",
    "EU (Frankfurt)",
    "Asia Pacific (Tokyo)",
)
_LIST = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/{region}/index.json"
_REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1")
# Instance -> USD per hour in Virginia, vCPUs, memory.
_INSTANCES = {
    "ml.g4dn.xlarge": (0.7364, "4", "16 GiB"),
    "ml.g4dn.2xlarge": (0.94, "8", "32 GiB"),
    "ml.g4dn.4xlarge": (1.505, "16", "64 GiB"),
    "ml.g4dn.8xlarge": (2.72, "32", "128 GiB"),
    "ml.g4dn.12xlarge": (4.89, "48", "192 GiB"),
    "ml.g4dn.16xlarge": (5.44, "64", "256 GiB"),
    "ml.g5.xlarge": (1.408, "4", "16 GiB"),
    "ml.g5.2xlarge": (1.515, "8", "32 GiB"),
    "ml.g5.4xlarge": (2.03, "16", "64 GiB"),
    "ml.g5.12xlarge": (7.09, "48", "192 GiB"),
    "ml.g5.48xlarge": (20.36, "192", "768 GiB"),
    "ml.p3.2xlarge": (3.825, "8", "61 GiB"),
    "ml.p3.8xlarge": (14.688, "32", "244 GiB"),
    "ml.p3.16xlarge": (28.152, "64", "488 GiB"),
    "ml.p4d.24xlarge": (25.25, "96", "1152 GiB"),
}


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the price files answer in one night."""
    if night.index < JOINS:
        return
    for name, (file, component, dearer) in _FILES.items():
        source = f"aws_sagemaker.{name}"
        yield Answer(source, "https://b0.p.awsstatic.com/robots.txt", b"none", "text/plain", status=404)
        regions = {place: _rates(component, dearer) for place in _PLACES}
        body = {"manifest": {"currencyCode": "USD", "source": file}, "sets": {}, "regions": regions}
        yield Answer(source, _FOLDER + file, json.dumps(body).encode(), "application/json")
    robots = "https://pricing.us-east-1.amazonaws.com/robots.txt"
    yield Answer("aws_sagemaker.hosting", robots, b"none", "text/plain", status=404)
    for region in _REGIONS:
        listed = json.dumps(_price_list(region)).encode()
        yield Answer("aws_sagemaker.hosting", _LIST.format(region=region), listed, "application/json")


def _rates(component: str, dearer: float) -> dict[str, dict[str, str]]:
    rates = {}
    for instance, (usd, vcpus, memory) in _INSTANCES.items():
        for code in ("A", "B"):
            rates[f"{instance}.{code}"] = {
                "rateCode": f"SIMULATED.{code}",
                "price": f"{usd * dearer:.10f}",
                "RegionlessRateCode": "simulated",
                "Instance": instance,
                "Clock Speed": "2.5 GHz",
                "Instance Type": f"{instance}-{component}",
                "Component": component,
                "VCPU": vcpus,
                "Memory": memory,
            }
    return rates


def _price_list(region: str) -> dict[str, object]:
    products, terms = {}, {}
    for place, (instance, (usd, vcpus, memory)) in enumerate(_INSTANCES.items()):
        sku = f"SIMULATED{place:02}"
        products[sku] = {
            "sku": sku,
            "productFamily": "ML Instance",
            "attributes": {
                "regionCode": region,
                "instanceName": instance,
                "instanceType": f"{instance}-Hosting",
                "component": "Hosting",
                "vCpu": vcpus,
                "memory": memory,
            },
        }
        hour = {"unit": "Hrs", "pricePerUnit": {"USD": f"{usd:.10f}"}}
        terms[sku] = {f"{sku}.T": {"priceDimensions": {f"{sku}.T.R": hour}}}
    return {
        "formatVersion": "v1.0",
        "offerCode": "AmazonSageMaker",
        "products": products,
        "terms": {"OnDemand": terms},
    }
