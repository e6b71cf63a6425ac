#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""source_wazuh when the indexer is not well: a fault server stands before a real OpenSearch and spoils its answers.

Goal, for each fault: its own sentence and the exit code of the contract; what was queued before is still triaged; the
cursor has not moved; when the fault is gone, every alert arrives exactly once.
"""
import concurrent.futures
import datetime
import functools
import json
import os
import pathlib
import queue
import socket
import sys

import wazuh_site as site

COUNT = 300
AT_ONCE = 4
DENIED, UNREACHABLE = 77, 69
DROP_IN = {"id": "drop-in", "rule": {"id": "5503", "level": 5, "description": "dropped in"}, "agent": {"name": "h1"}}


def error(status, kind, reason):
    return {"status": status, "json": {"error": {"type": kind, "reason": reason}}}


# name, what the fault server does, the first search that it strikes, exit code, part of the sentence
ANSWERS = [
    ("429", error(429, "rejected_execution_exception", "queue is full"), 3, UNREACHABLE,
     "is overloaded and asked to wait (429 rejected_execution_exception: queue is full)"),
    ("429, come back much later", {"status": 429, "headers": {"Retry-After": "3600"}}, 1, UNREACHABLE,
     "asked to wait (429)"),
    ("429, memory", error(429, "circuit_breaking_exception", "too large"), 3, UNREACHABLE,
     "is short of memory (429 circuit_breaking_exception: too large)"),
    ("503", error(503, "cluster_block_exception", "no cluster-manager"), 1, UNREACHABLE,
     "is not ready (503 cluster_block_exception: no cluster-manager)"),
    ("502, HTML", {"status": 502, "headers": {"Content-Type": "text/html"}, "body": "<html><h1>Bad Gateway</h1>"}, 3,
     UNREACHABLE, "cannot be reached by the proxy before it (502 <html>"),
    ("partial shards", {"pass": {"_shards.failed": 1}}, 3, UNREACHABLE, "could not read 1 of 3 shards"),
    ("partial shards, told", {"answer": "partial_shards"}, 2, UNREACHABLE,
     "could not read 1 of 2 shards (illegal_argument_exception"),
    ("timed_out", {"pass": {"timed_out": True}}, 3, UNREACHABLE, "ran out of time while it searched (timed_out)"),
    ("cut body", {"pass": {}, "truncate": 900}, 3, UNREACHABLE, "was cut short"),
    ("cut chunks", {"pass": {}, "chunked": "cut"}, 3, UNREACHABLE, "was cut short"),
    ("closed without an answer", {"close": True}, 2, UNREACHABLE, "closed the connection without an answer"),
    ("connection reset", {"close": "reset"}, 3, UNREACHABLE, "was cut short"),
    ("not JSON", {"body": "<html>Please sign in</html>", "headers": {"Content-Type": "text/html"}}, 3, UNREACHABLE,
     'did not answer with JSON but with "<html>Please sign in</html>"'),
    ("no _shards", {"json": {"took": 1, "timed_out": False, "hits": {"hits": []}}}, 2, UNREACHABLE, "without _shards"),
    ("a redirect", {"status": 302, "headers": {"Location": "https://localhost/login"}}, 1, UNREACHABLE,
     "redirects instead"),
    ("400", error(400, "parsing_exception", "no such\x1b[31m query"), 2, UNREACHABLE,
     "refuses the query (400 parsing_exception: no such?[31m query)"),
    ("hang", {"hang": 30}, 3, UNREACHABLE, "did not finish its answer within 2 s"),
    ("drip", {"pass": {}, "rate": 1000}, 3, UNREACHABLE, "did not finish its answer within 2 s"),
    ("gzip bomb", {"gzip_bomb": 200}, 3, UNREACHABLE, "is larger than 8388608 bytes"),
    ("endless stream", {"stream": 300_000_000}, 2, UNREACHABLE, "is larger than 8388608 bytes"),
]


class Fault:
    """The fault server in front of an OpenSearch."""

    def __init__(self, upstream, certificate="good"):
        place = site.temp_dir()
        server = place / "upstream.json"
        server.write_text(json.dumps(upstream))
        self.about = site.start("https-fault", "--certificate", certificate, "--upstream", server)

    def rules(self, *rules):
        path = pathlib.Path(self.about["rules"])
        part = path.with_suffix(".part")
        part.write_text(json.dumps(rules))
        part.rename(path)

    def spoil(self, do, first, nth=None):
        which = {"nth": nth} if nth else {"from": first}
        self.rules({"path": "/_search", **which, "do": do})

    def requests(self):
        lines = pathlib.Path(self.about["requests"]).read_text().splitlines()
        return [json.loads(line) for line in lines]


def settings(about, **more):
    quick = {"page_size": 100, "timeout": "2s", "retry_for": "2s", "page_bytes": 8 << 20}
    return site.settings_for(about, **{**quick, **more})


def cursor(pipeline):
    return json.loads((pipeline.state / "heartbeat.json").read_text())["poll"]["watermark"]


def struck(pipeline, exit_code, sentence):
    """One run under the fault."""
    pipeline.drop_in("drop-in.json", DROP_IN)
    code, report, talk = pipeline.run()
    assert code == exit_code, (code, report["error"], talk)
    assert report["status"] == "degraded" and report["failed_stage"] == "poll", report
    assert sentence in report["error"], report["error"]
    assert "; " in report["error"], f"says not what to do: {report['error']}"
    secret = os.environ["SF_TEST_PASSWORD"]
    assert secret not in json.dumps(report) + talk
    assert pipeline.verdicts().get("drop-in"), "what was queued was not triaged"
    assert cursor(pipeline) is None, report["poll"]
    return report


def healed(pipeline, ids):
    """The fault is gone: one run brings every alert exactly once."""
    code, report, talk = pipeline.run("--drain")
    assert code == 0, (report["error"], talk)
    given = pipeline.verdicts()
    assert set(given) == {*ids, "drop-in"}, (len(given), report["counts"])
    assert all(len(verdicts) == 1 for verdicts in given.values())
    accepted = [entry["key"] for entry in pipeline.ledger() if entry["kind"] == "accepted"]
    assert len(accepted) == len(set(accepted)) == len(ids) + 1
    assert cursor(pipeline), report["poll"]
    pipeline.check_books()


def case(name, test):
    test()
    print(f"ok: {name}", flush=True)


def each_answer(upstream, ids):
    """Several at a time, each before a fault server of its own: most of their time is waiting."""
    free = queue.SimpleQueue()
    for _ in range(AT_ONCE):
        free.put(Fault(upstream))

    def test(do, first, exit_code, sentence):
        fault = free.get()
        try:
            pipeline = site.Pipeline("source_wazuh", settings(fault.about))
            fault.spoil(do, first)
            struck(pipeline, exit_code, sentence)
            fault.rules()
            healed(pipeline, ids)
        finally:
            free.put(fault)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        tests = [pool.submit(case, name, functools.partial(test, *rest)) for name, *rest in ANSWERS]
        for done in tests:
            done.result()


def each_setting(upstream, fault, ids):
    """Faults of the settings or of the place: wrong at first, then put right."""
    site.ask(upstream, "PUT", "/secret-index")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"https://127.0.0.1:{free.getsockname()[1]}"
    other_ca = pathlib.Path(fault.about["ca_file"]).parent / "self-signed.pem"
    missing = site.temp_dir() / "ca.pem"
    missing.write_text("no certificate")
    wrong = [
        ("down", {"url": closed}, UNREACHABLE, "refused the connection"),
        ("wrong password", {"password": {"env": "SF_WRONG_PASSWORD"}}, DENIED, 'user "reader" or its password (401)'),
        ("no credentials", {"user": None, "password": None}, DENIED, "wants credentials (401)"),
        ("forbidden index", {"index": "secret-index"}, DENIED, 'does not let user "reader" read secret-index (403'),
        ("wrong CA", {"ca_file": str(other_ca)}, UNREACHABLE, "is not signed by an authority in"),
        ("not a CA file", {"ca_file": str(missing)}, UNREACHABLE, "cannot be read as PEM"),
        ("no such host", {"url": "https://indexer.invalid:9200"}, UNREACHABLE, "indexer.invalid:9200"),
    ]
    fault.rules()
    os.environ["SF_WRONG_PASSWORD"] = "not-the-password"
    for name, more, exit_code, sentence in wrong:

        def test(more=more, exit_code=exit_code, sentence=sentence):
            pipeline = site.Pipeline("source_wazuh", settings(fault.about, **more))
            struck(pipeline, exit_code, sentence)
            pipeline.write("source_wazuh", settings(fault.about))
            healed(pipeline, ids)

        case(name, test)


def each_certificate(upstream, good, ids):
    for kind, sentence in [
        ("wrong-host", "is for another host name"),
        ("expired", "has expired"),
        ("self-signed", "is self-signed and not trusted"),
        ("tls1.0", "older than TLS 1.2"),
    ]:

        def test(kind=kind, sentence=sentence):
            fault = Fault(upstream, kind)
            pipeline = site.Pipeline("source_wazuh", settings(fault.about))
            struck(pipeline, UNREACHABLE, sentence)
            assert not fault.requests(), "a request went to a server that was not verified"
            pipeline.write("source_wazuh", settings(good.about))
            healed(pipeline, ids)

        case(kind, test)


def passing_faults_are_waited_out(fault, ids):
    """Within retry_for the run itself gets over it, and waits as long as it was asked to."""
    for name, do in [
        ("429 with Retry-After", {"status": 429, "headers": {"Retry-After": "1"}}),
        ("503 once", {"status": 503}),
        ("partial once", {"pass": {"_shards.failed": 1}}),
        ("cut once", {"pass": {}, "truncate": 500}),
    ]:

        def test(do=do):
            pipeline = site.Pipeline("source_wazuh", settings(fault.about, retry_for="30s"))
            pipeline.drop_in("drop-in.json", DROP_IN)
            fault.spoil(do, 0, nth=[2, 4])
            before = len(fault.requests())
            healed(pipeline, ids)
            times = [row["time"] for row in fault.requests()[before:]]
            if "Retry-After" in do.get("headers", {}):
                assert times[2] - times[1] >= 1 and times[4] - times[3] >= 1, times
            fault.rules()

        case(name, test)


def the_cursor_stays_where_it_was(fault, ids):
    """The same with a cursor that has moved before."""
    pipeline = site.Pipeline("source_wazuh", settings(fault.about))
    pipeline.drop_in("drop-in.json", DROP_IN)
    fault.rules()
    healed(pipeline, ids)
    before = cursor(pipeline)
    fault.spoil({"status": 503}, 2)
    code, report, _ = pipeline.run()
    assert code == UNREACHABLE and report["status"] == "degraded", report
    assert cursor(pipeline) == before
    fault.rules()
    code, report, _ = pipeline.run()
    assert code == 0 and report["counts"]["accepted"] == 0, report
    assert cursor(pipeline) > before


def main():
    upstream = site.opensearch()
    os.environ["SF_TEST_PASSWORD"] = upstream["users"]["reader"]
    site.forget_alerts(upstream)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    when = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    ids = site.load(upstream, site.temp_dir(), "--count", str(COUNT), "--equal", "150", "--start", when)
    assert len(ids) == COUNT
    fault = Fault(upstream)
    each_setting(upstream, fault, ids)
    each_answer(upstream, ids)
    each_certificate(upstream, fault, ids)
    passing_faults_are_waited_out(fault, ids)
    case("cursor", lambda: the_cursor_stays_where_it_was(fault, ids))


sys.exit(main())
