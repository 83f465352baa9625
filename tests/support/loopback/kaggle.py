"""Kaggle on loopback, for its real client: an HTTPS proxy that answers in Kaggle's name with a certificate of its own.

`environment(folder)` points a process's requests here: the proxy, and the authority that signed the certificate.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import http.server
import io
import ipaddress
import json
import re
import ssl
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKEN = "KGAT_loopback_accepted"
HOSTS = ("api.kaggle.com", "www.kaggle.com", "storage.googleapis.com")
DATA = "thoughtvector/customer-support-on-twitter"
MODIFIED = email.utils.formatdate(1_700_000_000, usegmt=True)


@dataclass
class Kaggle:
    """`files` of the one data set by name. What goes wrong: `status` is answered to its requests, `cut` bytes of a
    download arrive before the connection ends (once for each number), `silent` answers nothing, `rate` is bytes a
    second."""

    files: dict[str, bytes]
    claimed: int = 0  # bytes that the listing says of each file, if not their own
    status: int = 0
    message: str = "Permission 'datasets.get' was denied"
    cut: list[int] = field(default_factory=list)
    silent: bool = False
    rate: int = 0
    expired: bool = False
    asked: list[str] = field(default_factory=list)  # METHOD and path
    ranges: list[str | None] = field(default_factory=list)  # of downloads
    tokens: list[str] = field(default_factory=list)
    port: int = 0
    authority: bytes = b""

    def environment(self, folder: Path) -> dict[str, str]:
        bundle = folder / "authority.pem"
        bundle.write_bytes(self.authority)
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.port}",
            "NO_PROXY": "",
            "REQUESTS_CA_BUNDLE": str(bundle),
            "KAGGLE_CONFIG_DIR": str(folder / "no-kaggle"),
        }

    def archive(self, name: str) -> bytes:
        """One file, or all of them, as Kaggle sends them."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for file in [name] if name else self.files:
                archive.writestr(file.rpartition("/")[2] if name else file, self.files[file])
        return packed.getvalue()


@contextmanager
def serve(kaggle: Kaggle, folder: Path) -> Iterator[Kaggle]:
    """Answer until the block ends; the certificate lies in `folder`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    kaggle.authority = _certify(folder)
    context.load_cert_chain(folder / "server.pem")

    class Handler(_Handler):
        state, tls = kaggle, context

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kaggle.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield kaggle
    finally:
        server.shutdown()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Kaggle
    tls: ssl.SSLContext

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the state is the log."""

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        try:
            self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)  # type: ignore[assignment]
        self.close_connection = False

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.state.asked.append(f"POST {self.path}")
        if token := (self.headers.get("Authorization") or "").removeprefix("Bearer "):
            self.state.tokens.append(token)
        if self.state.silent:
            time.sleep(30)
        if self.path.endswith("/IntrospectToken"):
            return self._introspect(asked["token"])
        if token != TOKEN:
            return self._json({"code": 401, "message": "Unauthenticated"}, 401)
        if self.state.status:
            return self._json({"code": self.state.status, "message": self.state.message}, self.state.status)
        if f"{asked['ownerSlug']}/{asked['datasetSlug']}" != DATA:
            return self._json({"code": 404, "message": "Dataset not found"}, 404)
        if self.path.endswith("/ListDatasetFiles"):
            files = [
                {"name": name, "totalBytes": self.state.claimed or len(body)} for name, body in self.state.files.items()
            ]
            return self._json({"datasetFiles": files})
        return self._redirect(asked.get("fileName") or "")

    def _introspect(self, token: str) -> None:
        if token != TOKEN:
            return self._json({"code": 404, "message": "Not found"}, 404)
        end = int(time.time()) + (-60 if self.state.expired else 86_400)
        told = {"active": not self.state.expired, "username": "learner", "scope": "datasets.get", "exp": end}
        return self._json(told)

    def _redirect(self, name: str) -> None:
        if name and name not in self.state.files:
            return self._json({"code": 404, "message": "File not found"}, 404)
        self.send_response(302)
        path = f"{name}.zip" if name else "archive.zip"
        self.send_header("Location", f"https://storage.googleapis.com/kaggle-data-sets/{path}?signature=abc")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def do_GET(self) -> None:
        self.state.asked.append(f"GET {self.path}")
        found = re.fullmatch(r"/kaggle-data-sets/(.+)\.zip\?signature=abc", self.path)
        assert found is not None and self.headers.get("Authorization") is None  # no key goes to the storage
        body = self.state.archive("" if found[1] == "archive" else found[1])
        wanted = self.headers.get("Range")
        self.state.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        headers = {"Content-Length": str(len(body) - start), "Accept-Ranges": "bytes", "ETag": '"v1"'}
        for key, value in {**headers, "Last-Modified": MODIFIED, "Content-Type": "application/zip"}.items():
            self.send_header(key, value)
        self.end_headers()
        end = start + self.state.cut.pop(0) if self.state.cut else len(body)
        piece = max(1, self.state.rate // 20) if self.state.rate else len(body)
        with contextlib.suppress(OSError):
            for at in range(start, min(end, len(body)), piece):
                self.wfile.write(body[at : min(at + piece, end)])
                time.sleep(piece / self.state.rate if self.state.rate else 0)
        if end < len(body):
            self.close_connection = True

    def _json(self, value: dict[str, Any], status: int = 200) -> None:
        raw = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _certify(folder: Path) -> bytes:
    """A certificate for Kaggle's hosts in `folder`, signed by itself; what a client has to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = [*map(x509.DNSName, HOSTS), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + public)
    return public
