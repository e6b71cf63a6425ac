# SPDX-License-Identifier: Apache-2.0
"""A search head for the tests of source_splunk: answers over TLS as Splunk's documentation shows it, or spoils an answer.

It stands for documents, not for a Splunk: none was at hand. What it answers and why: docs/sources/splunk.md and the
headers of plugins/source_splunk.
"""
import email.utils
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wazuh"))
import support
import wazuh_site

TOKEN = "t0ken-0f-the-test"
QUOTA = "Search not executed: The maximum number of concurrent historical searches on this instance has been reached."
EXPORT = "/services/search/v2/jobs/export"
CONTEXT = "/services/authentication/current-context"


def certificates(place):
    """A CA and a certificate of 127.0.0.1; gives their files: CA, certificate with its key."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/CN=Test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=splunk")
    (place / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-extfile", "names", "-out", "cert.pem")
    return place / "ca.pem", place / "cert.pem", place / "key.pem"


def message(kind, text):
    return json.dumps({"preview": False, "messages": [{"type": kind, "text": text}]}).encode() + b"\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(self.server.site.now(), usegmt=True)

    def send(self, status, body, headers=(), length=None):
        """`length`: what Content-Length says instead of the truth; the connection ends after the body then."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = length is not None

    def stream(self, pieces, last=True):
        """As splunkd does: a chunk for each row. Without `last` the connection just ends."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if last:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = not last

    def refused(self):
        site = self.server.site
        if site.token and self.headers.get("Authorization") == f"Bearer {site.token}":
            return False
        self.send(401, b'{"messages":[{"type":"WARN","text":"call not properly authenticated"}]}')
        return True

    def do_GET(self):
        site = self.server.site
        site.requests.append(self.path)
        if self.refused():
            return
        if self.path.split("?")[0] != CONTEXT:
            self.send(404, b"")
            return
        self.send(200, b'{"entry":[{"content":{"username":"sf-reader","roles":["signalfoundry"]}}]}')

    def do_POST(self):
        site = self.server.site
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        site.requests.append(self.path)
        if self.refused():
            return
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body, strict_parsing=True).items()}
        if self.path != EXPORT or form.get("output_mode") != "json" or not form["search"].startswith("search "):
            self.send(400, message("FATAL", "this is no export"))
            return
        with site.lock:
            site.searches.append(form)
            number = len(site.searches)
        spoil = site.spoil(number, form)
        rows = site.rows(form)
        if spoil:
            spoil(self, rows)
        else:
            self.stream(rows)


class Splunk:
    """The server, its events, and what it was asked. `spoil(number, form)`: what answers the n-th search instead."""

    def __init__(self):
        place = wazuh_site.temp_dir()
        self.ca_file, certificate, key = certificates(place)
        self.events, self.searches, self.requests = [], [], []
        self.lock = threading.Lock()
        self.token = TOKEN
        self.ahead_s = 0
        self.heal()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.site = self
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def heal(self):
        self.spoil = lambda number, form: None

    def strike(self, spoil, first, last=1 << 30):
        """From the `first` of the searches to come to the `last`."""
        base = len(self.searches)
        self.spoil = lambda number, form: spoil if first <= number - base <= last else None

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server.server_port}"

    def now(self):
        return time.time() + self.ahead_s

    def index(self, alert, ago_s, event_ago_s=0):
        """Stores an alert as indexed `ago_s` ago, with a time of its own `event_ago_s` before that; gives its id."""
        indexed = int(self.now() - ago_s)
        self.events.append({"indexed": indexed, "time": indexed - event_ago_s, "raw": support.dumps(alert)})
        return alert["id"]

    def index_notable(self, fields, ago_s):
        """Stores a notable event; gives its event_id."""
        indexed = int(self.now() - ago_s)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(indexed))
        self.events.append({"indexed": indexed, "time": indexed, "raw": support.dumps(fields),
                            "fields": {**fields, "sf_time": stamp, "host": "search-head-1"}})
        return fields["event_id"]

    def rows(self, form):
        bound = {name: float(form[name]) for name in
                 ("earliest_time", "latest_time", "index_earliest", "index_latest")}
        found = [
            (n, e) for n, e in enumerate(self.events)
            if bound["index_earliest"] <= e["indexed"] < bound["index_latest"]
            and bound["earliest_time"] <= e["time"] < bound["latest_time"]
        ]
        found.sort(key=lambda event: -event[1]["time"])  # newest first, as Splunk gives events
        rows = []
        for offset, (number, event) in enumerate(found):
            result = {**event.get("fields", {}), "_raw": event["raw"], "index": "wazuh", "sf_indextime": str(event["indexed"]),
                      "sf_cd": f"7:{number}", "sf_bkt": "wazuh~7~5F7D3A"}
            last = {"lastrow": True} if offset == len(found) - 1 else {}
            row = {"preview": False, "offset": offset, **last, "result": result}
            rows.append(json.dumps(row).encode() + b"\n")
        return rows or [b'{"preview":false,"lastrow":true}\n']


def settings_for(splunk, **more):
    out = {
        "url": splunk.url,
        "search": "index=wazuh sourcetype=wazuh",
        "token": {"env": "SF_TEST_TOKEN"},
        "ca_file": str(splunk.ca_file),
        "start": "3h",
        "window": "30m",
        "overlap": "30s",
        "visibility_delay": "1s",
        "timeout": "5s",
        "retry_for": "1s",
    }
    out.update(more)
    return out
