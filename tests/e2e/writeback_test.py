#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""writeback_wazuh over TLS against a scripted indexer that keeps findings and the status of their cases.

No Wazuh 5 was at hand: the two requests are answered as wazuh-indexer-plugins documents them
(docs/ref/modules/security-analytics/case-management.md), the items as RestUpdateFindingsAction of
wazuh-indexer-security-analytics writes them. Goal: each case gets the status of its verdict once the verdict is in the
books, whatever the indexer answers meanwhile; what a person has set stays; nothing is forgotten, and what is given up
stands in the ledger.
"""
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "splunk"))
import support
from splunk_site import certificates

DENIED, UNREACHABLE = 77, 69
WORD = {"benign": "completed", "known_fp": "completed", "review": "", "escalated": "acknowledged"}
SEARCH, UPDATE = "/wazuh-findings-v5-*/_search", "/_plugins/_security_analytics/findings/_update"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def taken(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return self.server.indexer, body

    def do_POST(self):
        indexer, body = self.taken()
        assert self.path.split("?")[0] == SEARCH, self.path
        want = {key: value for one in body["query"]["bool"]["filter"] for key, value in one["term"].items()}
        assert body["_source"] == ["wazuh.case.status"], body
        hits = [{"_id": i, "_index": d["index"], "_source": source(d["status"])} for i, d in indexer.documents.items()
                if want == {"event.doc_id": d["doc"], "event.index": "events", "wazuh.rule.id": d["rule"]}]
        found = {"total": {"value": len(hits), "relation": "eq"}, "hits": hits[:body["size"]]}
        self.reply(200, {"timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": found})

    def do_PUT(self):
        indexer, body = self.taken()
        assert self.path == UPDATE, self.path
        assert 1 <= len(body["findings"]) <= 10, "more than the endpoint takes by default"
        indexer.puts += 1
        fault = indexer.fault(body)
        if fault:
            self.reply(*fault)
            return
        items = [indexer.update(one) for one in body["findings"]]
        errors = any("error" in item for item in items)
        self.reply(207 if errors else 200, {"took": 1, "errors": errors, "items": items})


def source(status):
    """What the search gives of a document: a dict is its own spelling of the status."""
    return status if isinstance(status, dict) else {"wazuh": {"case": {"status": status}}} if status else {}


class Indexer:
    """Findings 0 to count - 1 of as many events; `fault(body)` gives (status, body) instead of an update, `item(id)`
    (status, error) instead of that of one document."""

    def __init__(self, place, count):
        self.ca, cert, key = certificates(place)
        self.documents = {f"f{n}": {"index": f".ds-wazuh-findings-v5-{n % 3}", "doc": f"doc-{n}", "rule": f"rule-{n}", "status": ""}
                          for n in range(count)}
        self.puts = 0
        self.fault = lambda body: None
        self.item = lambda finding: None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.indexer = self
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cert, key)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://127.0.0.1:{self.server.server_port}"

    def update(self, one):
        known = {"_id": one["_id"], "_index": one["_index"]}
        fault = self.item(one["_id"])
        if fault:
            return {**known, "status": fault[0], "error": fault[1]}
        self.documents[one["_id"]]["status"] = one["case"]["status"]
        return {**known, "status": 200, "result": "updated"}


class Site:
    def __init__(self, count, review=""):
        self.words = dict(WORD, review=review)
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="sf-writeback-", dir=support.sandbox_root()))
        self.indexer = Indexer(self.place, count)
        lines = [dict(support.alert(n), event={"index": "events", "doc_id": f"doc-{n}"}, wazuh={"rule": {"id": f"rule-{n}"}})
                 for n in range(count)]
        (self.place / "alerts.json").write_text("".join(json.dumps(one) + "\n" for one in lines))
        (self.place / "pass").write_text("secret")
        (self.place / "pass").chmod(0o600)
        (self.place / "p.toml").write_text(f"""
[pipeline]
name = "writeback"
state = "state"
[[stage]]
name = "poll"
plugin = "source_file"
settings = {{ path = "alerts.json" }}
[[stage]]
name = "triage"
plugin = "triage_policy"
settings = {{ policy = "{support.POLICY}" }}
[[stage]]
name = "status"
plugin = "writeback_wazuh"
settings = {{ url = "{self.indexer.url}", user = "sf", password = {{ file = "pass" }}, ca_file = "{self.indexer.ca}", retry_for = "0s", review = "{review}" }}
""")

    def run(self, expected):
        done = subprocess.run([support.PROGRAM, "run", self.place / "p.toml", "--format", "json"], capture_output=True,
                              text=True, check=False, timeout=120)
        assert done.returncode == expected, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def ledger(self):
        done = subprocess.run([support.PROGRAM, "ledger", "export", self.place / "p.toml"], capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def entries(self, kind):
        return [one for one in self.ledger() if one["kind"] == kind]

    def dispositions(self):
        """finding -> disposition, by the ledger."""
        by_id = {support.alert(n)["id"]: f"f{n}" for n in range(len(self.indexer.documents))}
        return {by_id[one["alert_id"]]: one["disposition"] for one in self.entries("verdict")}


def wanted(site):
    return {finding: site.words[disposition] for finding, disposition in site.dispositions().items()}


def statuses(site):
    return {finding: one["status"] for finding, one in site.indexer.documents.items()}


def every_case_gets_its_status():
    site = Site(40, review="completed")
    documents = site.indexer.documents
    for n in range(120):  # stored again, as early builds of Wazuh 5 did after a recovery
        documents[f"again-{n}"] = dict(documents["f1"])
    documents["f2"]["status"] = "deleted"    # a person's
    documents["f5"]["status"] = dotted = {"wazuh.case.status": "closed"}
    documents["f6"]["status"] = listed = {"wazuh": {"case": {"status": ["closed"]}}}
    documents["f3"]["status"] = "ACTIVE"     # nobody's
    documents["f4"]["doc"] = "gone"
    report = site.run(0)
    want = wanted(site)
    assert set(want.values()) == {"completed", "acknowledged"}, want
    now = statuses(site)
    assert all(now[f"again-{n}"] == want["f1"] for n in range(120)), now
    assert now["f2"] == "deleted" and now["f4"] == "", now
    assert now["f5"] == dotted and now["f6"] == listed, "what a person has set was set again"
    for finding, word in want.items():
        if finding not in ("f2", "f4", "f5", "f6"):
            assert now[finding] == (word or documents[finding]["status"]), (finding, now[finding], word)
    told = [one for one in want.values() if one]
    assert report["counts"]["notified"] == len(told) - 1 == 39 and report["outbox"]["waiting"] == 0, report
    assert len(site.entries("notified")) == 39
    assert "there is no such finding" in site.entries("undelivered")[0]["reason"] and report["status"] == "degraded", report
    support.say(f"{len(told)} of {len(want)} findings told, 120 copies too, a person's status and a lost finding left alone")


def an_indexer_that_is_away():
    site = Site(30)
    site.indexer.fault = lambda body: (503, {"error": {"reason": "no cluster manager"}, "status": 503})
    report = site.run(UNREACHABLE)
    told = [one for one in wanted(site).values() if one]
    assert report["status"] == "degraded" and report["failed_stage"] == "status", report
    assert "cannot change cases now (503 no cluster manager)" in report["error"], report["error"]
    assert report["counts"]["triaged"] == 30 and report["outbox"]["waiting"] == len(told), report
    assert site.indexer.puts == 1, "it goes on asking an indexer that is away"
    site.indexer.fault = lambda body: (403, {"error": {"reason": "no permissions for [findings/update]"}, "status": 403})
    assert "does not let this user change cases (403" in site.run(DENIED)["error"]
    assert "are not tried again before" in site.run(DENIED)["error"] and site.indexer.puts == 2, "refused, and asked again"
    site.indexer.fault = lambda body: None
    (site.place / "pass").write_text("another")
    report = site.run(0)
    assert report["counts"]["notified"] == len(told) and report["outbox"]["waiting"] == 0, report
    assert {k: v for k, v in statuses(site).items() if v} == {k: v for k, v in wanted(site).items() if v}
    assert site.indexer.puts == 2 + len(told), "a case was set twice"
    support.say(f"away, then refused: {len(told)} messages waited and were delivered once each")


def what_is_refused_is_given_up():
    site = Site(30)
    site.indexer.fault = lambda body: (400, {"error": {"reason": "unknown\x1b[31m status"}, "status": 400}) if "f1" in [
        one["_id"] for one in body["findings"]] else None
    report = site.run(0)
    assert report["status"] == "degraded" and "refuses the change of a case (400 unknown" in report["error"], report
    assert "\x1b" not in report["error"]
    given_up = site.entries("undelivered")
    assert [one["stage"] for one in given_up] == ["status"] and "400" in given_up[0]["reason"], given_up
    told = [one for one in wanted(site).values() if one]
    assert report["counts"]["notified"] == len(told) - 1 and report["outbox"]["waiting"] == 0, report
    puts = site.indexer.puts
    assert site.run(0)["status"] == "ok" and site.indexer.puts == puts, "asked again for what was given up"
    support.say("one refused for good: an entry `undelivered`, the others delivered")


def each_item_is_judged_by_itself():
    site = Site(30, review="completed")
    documents = site.indexer.documents
    for n in range(15):
        documents[f"again-{n}"] = dict(documents["f1"])
    faults = {"again-3": (429, "rejected execution of coordinating operation")}
    site.indexer.item = faults.get
    report = site.run(UNREACHABLE)
    assert "cannot change 1 of 16 documents of a finding now (429 rejected execution" in report["error"], report["error"]
    now = statuses(site)
    assert now["again-3"] == "" and now["again-14"] == wanted(site)["f1"], "one that was busy cost the others"
    assert report["outbox"]["waiting"] > 0 and not site.entries("undelivered"), "given up, and it would have passed"
    faults.clear()
    report = site.run(0)
    assert report["outbox"]["waiting"] == 0 and report["totals"]["notified"] == 30, report
    now = statuses(site)
    assert all(now[f"again-{n}"] == now["f1"] == wanted(site)["f1"] for n in range(15)), now

    site = Site(30, review="completed")
    site.indexer.item = {"f2": (404, "[f2]: document missing")}.get
    report = site.run(0)
    (given_up,) = site.entries("undelivered")
    assert "refuses to change 1 of 1 documents of a finding (404 [f2]: document missing)" in given_up["reason"], given_up
    assert report["counts"]["notified"] == 29 and report["outbox"]["waiting"] == 0, report
    support.say("an item that may pass waited, one refused for good was given up, the others were set")


def somebody_else_is_quicker():
    site = Site(30, review="completed")
    documents = site.indexer.documents

    def quicker(finding):
        if finding == "f3" and not documents["f3"]["status"]:
            documents["f3"]["status"] = "deleted"
            return (409, "[f3]: version conflict, required seqNo [1]")
        return None

    site.indexer.item = quicker
    report = site.run(0)
    assert report["status"] == "ok" and report["counts"]["notified"] == 30 and report["outbox"]["waiting"] == 0, report
    assert statuses(site) == dict(wanted(site), f3="deleted"), statuses(site)
    support.say("a person who was quicker keeps the last word, and the run is ok")


def killed_while_it_delivers():
    """The worker is killed when half of the messages are out: the others are delivered by the next run, none is lost."""
    site = Site(30, review="completed")
    half = 4

    def kill(_):
        if site.indexer.puts == half:
            workers = subprocess.run(["pgrep", "-f", f"{site.place}/p.toml"], capture_output=True, text=True, check=False).stdout.split()
            for worker in workers:
                os.kill(int(worker), 9)

    site.indexer.fault = kill
    done = subprocess.run([support.PROGRAM, "run", site.place / "p.toml"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0, "nothing was killed"
    site.indexer.fault = lambda body: None
    report = site.run(0)
    told = {k: v for k, v in wanted(site).items() if v}
    assert {k: v for k, v in statuses(site).items() if v} == told and report["outbox"]["waiting"] == 0, report
    assert report["totals"]["notified"] == len(told), report["totals"]
    support.say(f"killed at message {half}: all {len(told)} cases have their status")


if __name__ == "__main__":
    if not support.PROGRAM:
        sys.exit(77)
    for case in (every_case_gets_its_status, an_indexer_that_is_away, what_is_refused_is_given_up,
                 each_item_is_judged_by_itself, somebody_else_is_quicker, killed_while_it_delivers):
        print(case.__name__)
        case()
