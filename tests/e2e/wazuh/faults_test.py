#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""source_wazuh when the indexer is not well: a fault server stands before a real OpenSearch and spoils its answers.

Goal, for each fault: its own sentence and the exit code of the contract; what was queued before is still triaged; the
cursor has not moved; when the fault is gone, every alert arrives exactly once. At the end each kind of answer is shown
with the tests that met it and what came of it (ANSWERED, the table of docs/sources/wazuh.md).
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
    ("413", {"status": 413, "body": "too large"}, 2, UNREACHABLE, "gave an answer that is not understood (413 too large)"),
    ("404, a context that is gone", error(404, "search_context_missing_exception", "No search context"), 2, UNREACHABLE,
     "knows no search there (404 search_context_missing_exception"),
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


# kind of answer, what the source does, the tests that show it
ANSWERED = [
    ("200, whole", "page taken, then the cursor moves", ["cursor"]),
    ("200, partial or timed_out", "page dropped, waited, then degraded; the cursor stays",
     ["partial shards", "partial shards, told", "timed_out", "partial once"]),
    ("400", "stops at once, no second try", ["400"]),
    ("401", "stops at once, and is left alone for 1 min to 1 h", ["wrong password", "no credentials"]),
    ("403", "stops at once, and is left alone for 1 min to 1 h", ["forbidden index"]),
    ("404 index_not_found_exception", "never comes: ignore_unavailable; no index is no fault", ["no index yet"]),
    ("404 search_context_missing_exception", "never comes: no point in time is opened (ADR 4); stops if it does",
     ["404, a context that is gone"]),
    ("408, 504", "waited, page halved", ["408 once", "504 once"]),
    ("502, 503", "waited with jitter, then degraded", ["502, HTML", "503", "503 once"]),
    ("413", "stops at once: no search of ours is that large", ["413"]),
    ("429 rejected_execution_exception", "waited, same page", ["429", "429 once"]),
    ("429 circuit_breaking_exception", "waited, page halved", ["429, memory", "429 memory once"]),
    ("429, 503 with Retry-After", "waited as long as told, in seconds or to a date; beyond retry_for degraded",
     ["429 with Retry-After", "429 with Retry-After, a date", "429, come back much later"]),
    ("500 task_cancelled_exception", "waited, page halved", ["500 cancelled once"]),
]
met = set()


def case(name, test):
    test()
    met.add(name)
    print(f"ok: {name}", flush=True)


def show_answered():
    for answer, outcome, tests in ANSWERED:
        assert set(tests) <= met, (answer, set(tests) - met)
        print(f"| {answer} | {outcome} | {', '.join(tests)} |", flush=True)


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
            before = len(fault.requests())
            struck(pipeline, exit_code, sentence)
            if exit_code == DENIED:  # a user is locked out after a few tries
                assert len(fault.requests()) == before + 1, fault.requests()[before:]
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
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=60)
    date = soon.strftime("%a, %d %b %Y %H:%M:%S GMT")
    told = {"Retry-After": date, "Date": (soon - datetime.timedelta(seconds=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")}
    for name, do, halved in [
        ("429 with Retry-After", {"status": 429, "headers": {"Retry-After": "1"}}, False),
        ("429 with Retry-After, a date", {"status": 429, "headers": told}, False),
        ("429 once", error(429, "rejected_execution_exception", "queue is full"), False),
        ("429 memory once", error(429, "circuit_breaking_exception", "too large"), True),
        ("500 cancelled once", error(500, "task_cancelled_exception", "cancelled"), True),
        ("408 once", {"status": 408}, True),
        ("504 once", {"status": 504}, True),
        ("503 once", {"status": 503}, False),
        ("partial once", {"pass": {"_shards.failed": 1}}, False),
        ("cut once", {"pass": {}, "truncate": 500}, False),
    ]:

        def test(do=do, halved=halved):
            pipeline = site.Pipeline("source_wazuh", settings(fault.about, retry_for="30s"))
            pipeline.drop_in("drop-in.json", DROP_IN)
            fault.spoil(do, 0, nth=[2, 4])
            before = len(fault.requests())
            healed(pipeline, ids)
            asked = fault.requests()[before:]
            times = [row["time"] for row in asked]
            sizes = [json.loads(row["body"])["size"] for row in asked]
            # The probe (size 0) meets it no more than a page does: 2 and 4 of the searches are spoilt.
            assert sizes[:5] == ([0, 100, 50, 50, 25] if halved else [0, 100, 100, 100, 100]), sizes
            if "Retry-After" in do.get("headers", {}):
                assert times[2] - times[1] >= 1 and times[4] - times[3] >= 1, times
            fault.rules()

        case(name, test)


def no_index_is_no_fault(fault, ids):
    """ignore_unavailable: a name that does not exist yet is healthy and empty, and the cursor waits."""
    fault.rules()
    pipeline = site.Pipeline("source_wazuh", settings(fault.about, index="wazuh-alerts-of-tomorrow"))
    pipeline.drop_in("drop-in.json", DROP_IN)
    code, report, talk = pipeline.run()
    assert code == 0 and report["status"] == "ok" and "no index matches wazuh-alerts-of-tomorrow" in talk, (report, talk)
    pipeline.write("source_wazuh", settings(fault.about))
    healed(pipeline, ids)


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
    case("no index yet", lambda: no_index_is_no_fault(fault, ids))
    case("cursor", lambda: the_cursor_stays_where_it_was(fault, ids))
    show_answered()


sys.exit(main())
