"""The variables that lead to the network: proxies and certificates. A faulty one is named before a library fails."""

from __future__ import annotations

import os
import ssl
from importlib.util import find_spec
from urllib.parse import urlsplit

from deepdive.engine.common.faults import Fault

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
SOCKS = ("socks5", "socks5h") if find_spec("socksio") else ()
SCHEMES = ("http", "https", *SOCKS)


def check() -> None:
    """Raises Fault for the first variable that no client can use; the value of a proxy is not shown."""
    for name in (*PROXIES, *map(str.lower, PROXIES)):
        if (value := os.environ.get(name, "")) and not _proxy(value):
            raise Fault(f"{name} is no address of a proxy", f"Write it like http://HOST:PORT, or unset {name}")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"):
        if (value := os.environ.get(name, "")) and (why := _certificates(value, folder=name != "SSL_CERT_FILE")):
            raise Fault(f"{name} names {value}, {why}", f"Point {name} at a file of certificates, or unset it")


def _proxy(value: str) -> bool:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        return parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _certificates(path: str, folder: bool) -> str:
    """Why it can't be used."""
    if os.path.isdir(path):
        return "" if folder and os.listdir(path) else "which is a folder without certificates"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return "which has no certificates in it"
    except OSError as error:
        return f"which can't be read: {error.strerror}"
    return ""
