"""Launch options of Chromium: no direct network, bounded resources."""

from __future__ import annotations

import os
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Request as BrowserRequest
from scrapy_playwright.headers import use_scrapy_headers

_MEGABYTES_OF_SCRIPT: Final = 512
# Each browser context has the proxy of its page. What belongs to no page finds no proxy and no name.
_NO_PROXY: Final = {"server": "http://no-proxy.invalid", "bypass": "<-loopback>"}
# Chromium heeds the last list of features alone, so Playwright's own are repeated.
_PLAYWRIGHTS_DISABLED_FEATURES: Final = (
    *("AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync"),
    *("DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay"),
    *("MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch"),
    *("TcpPortRandomizationWin", "ThirdPartyStoragePartitioning"),
    *("msEdgeUpdateLaunchServicesPreferredVersion", "msForceBrowserSignIn"),
)
# The address bar's suggestions, which nobody sees, would have a renderer of their own beside every page:
# half of the processor time of a page.
_DISABLED_FEATURES: Final = (*_PLAYWRIGHTS_DISABLED_FEATURES, "WebUIOmniboxAimPopup", "WebUIOmniboxPopup")
_FLAGS: Final = (
    f"--disable-features={','.join(_DISABLED_FEATURES)}",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    # Playwright sees nothing of what a shared worker asks.
    "--disable-shared-workers",
    "--disable-sync",
    "--dns-prefetch-disable",
    "--no-pings",
    # WebRTC may use the proxy and nothing else; the name of the flag depends on the release.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    f"--js-flags=--max-old-space-size={_MEGABYTES_OF_SCRIPT}",
)


def launch_options(executable: str, *, recorded: bool) -> dict[str, Any]:
    """What Playwright starts; under a recorded web the browser cannot even reach a proxy."""
    exempt = "" if recorded else ", EXCLUDE 127.0.0.1"
    # As root Chromium refuses to run inside its sandbox, and for nobody else is it switched off.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {
        "executable_path": executable,
        "args": [*_FLAGS, f"--host-resolver-rules=MAP * ~NOTFOUND{exempt}", *sandbox],
        "proxy": dict(_NO_PROXY),
    }


async def request_headers(
    *, browser_type_name: str, playwright_request: BrowserRequest, scrapy_request_data: dict[str, Any]
) -> dict[str, str]:
    """Headers of a request of a page: those that the source declares go to its declared origin alone."""
    if origin_of(playwright_request.url) == origin_of(scrapy_request_data["url"]):
        declared: dict[str, str] = await use_scrapy_headers(
            browser_type_name=browser_type_name,
            playwright_request=playwright_request,
            scrapy_request_data=scrapy_request_data,
        )
        return declared
    return dict(await playwright_request.all_headers())


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; the port is None where it cannot be read."""
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        port = None
    return parts.scheme, parts.hostname or "", port
