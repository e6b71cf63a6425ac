# SPDX-License-Identifier: Apache-2.0
"""An indexer for the tests of credentials and preflight: over TLS, with a password, with answers that a test spoils.

Searches are answered by wazuh/search_server.py. Who asks, the product, and every refusal are worded as the Security
plugin of OpenSearch words them (opensearch-project/security; seen on 2.19.3, where real_opensearch_test.py asks the
same).
"""
import base64
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import threading
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent / folder) for folder in (".", "wazuh")]
import search_server
import wazuh_site as site

USER = "sf-reader"
INDEX = "wazuh-alerts-*"


def certificate(place, days, name="server", subject_alternative="IP:127.0.0.1"):
    """A certificate and its key in one PEM file, signed by ca.pem of `place`, which is made where it is missing."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True)

    if not (place / "ca.pem").exists():
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Test CA")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", "-subj", f"/CN={name}")
    (place / "names").write_text(f"subjectAltName={subject_alternative}\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
            str(days), "-extfile", "names", "-out", f"{name}.crt")
    both = place / f"{name}.pem"
    both.write_text((place / f"{name}.crt").read_text() + (place / f"{name}.key").read_text())
    return both


def refused(permission, user=USER):
    """A 403 as the Security plugin answers it."""
    reason = f"no permissions for [{permission}] and User [name={user}, backend_roles=[], requestedTenant=null]"
    cause = {"type": "security_exception", "reason": reason}
    return 403, json.dumps({"error": {"root_cause": [cause], **cause}, "status": 403}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        home = self.server.home
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(self.path).path
        given = self.headers.get("Authorization") or ""
        with home.lock:
            home.requests.append((self.command, path, given, len(home.requests)))
        spoiled = home.spoil(path, body, given)
        status, text, *headers = spoiled or home.serve(path, body, given, self.connection)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer


class Quiet(http.server.ThreadingHTTPServer):
    """A client that goes away in the middle of TLS is what is tested here."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Indexer:
    """`spoil(path, body, authorization)` gives (status, body, *headers) instead of the usual answer, or None."""

    def __init__(self, documents, password, days=30, client_ca=None):
        self.place = site.temp_dir()
        self.documents, self.password = documents, password
        self.roles, self.user = ["signalfoundry_read"], USER
        self.requests, self.lock = [], threading.Lock()
        self.client_names = None  # subjects of client certificates that are let in instead of passwords
        self.spoil = lambda path, body, given: None
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate(self.place, days))
        if client_ca:
            self.tls.verify_mode = ssl.CERT_OPTIONAL
            self.tls.load_verify_locations(client_ca)
        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.home = self
        self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        self.ca_file = str(self.place / "ca.pem")

    def basic(self):
        return "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode()

    def lets_in(self, given, connection):
        if self.client_names is not None:
            subject = dict(pair for part in (connection.getpeercert() or {}).get("subject", ()) for pair in part)
            return subject.get("commonName") in self.client_names
        return given == self.basic()

    def serve(self, path, body, given, connection):
        if not self.lets_in(given, connection):
            return 401, b"Unauthorized", ("WWW-Authenticate", 'Basic realm="OpenSearch Security"')
        if path == "/_plugins/_security/authinfo":
            return 200, json.dumps({"user_name": self.user, "roles": self.roles, "backend_roles": []}).encode()
        if path == "/":
            about = {"version": {"distribution": "opensearch", "number": "2.19.3"}, "tagline": "The OpenSearch Project"}
            return 200, json.dumps(about).encode()
        if urllib.parse.unquote(path) != f"/{INDEX}/_search":
            return 404, b"{}"
        asked = json.loads(body)
        # Newest first, and of the document only its time: what a preflight asks for.
        if asked.get("sort") and next(iter(asked["sort"][0].values())).get("order") == "desc":
            field = next(iter(asked["sort"][0]))
            newest = sorted(self.documents, key=lambda one: search_server.millis(one[1][field]))[-1:]
            hits = [{"_id": name, "_source": {field: one[field]}, "sort": [search_server.millis(one[field])]}
                    for name, one in newest]
            out = {"timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": {"hits": hits}}
            return 200, json.dumps(out).encode()
        return 200, json.dumps(search_server.search(self.documents, asked)).encode()

    def with_credentials(self):
        return [request for request in self.requests if request[2]]

    def settings(self, secret, **more):
        out = {"url": self.url, "user": USER, "password": secret, "ca_file": self.ca_file, "start": "3h",
               "visibility_delay": "1s", "timeout": "10s", "retry_for": "2s"}
        return {**out, **more}
