#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""source_splunk over TLS against a scripted search head (splunk_site.py), well and unwell.

Goal: whatever Splunk answers meanwhile, in the end the alert ids in the ledger are those that it served, each with one
verdict; a slice that did not come whole is asked for again; every fault has its sentence and exit code.
"""
import json
import os
import signal
import subprocess
import sys
import threading

import splunk_site
import support
import wazuh_site
from splunk_site import QUOTA, TOKEN, message

COUNT = 240
DENIED, UNREACHABLE, CONFIGURATION = 77, 69, 78
MANY = 4000
OVERLAP_S = 30
SLICES_BEFORE = 3  # that come whole before a fault strikes
DROP_IN = {"id": "drop-in", "rule": {"id": "5503", "level": 5, "description": "dropped in"}, "agent": {"name": "h1"}}


def whole(rows):
    return b"".join(rows)


def no_last_row(handler, rows):
    """A stream that ends in order, but after the last row but one: as when the search died."""
    handler.stream(rows[:-1])


def cut_in_a_row(handler, rows):
    handler.stream([*rows[:-1], rows[-1][: len(rows[-1]) // 2]])


# name, what answers, exit code, part of the sentence
FAULTS = [
    ("truncated stream", no_last_row, UNREACHABLE, "ended its answer without a last row"),
    ("truncated in a row", cut_in_a_row, UNREACHABLE, "did not answer with JSON lines but with"),
    ("cut connection", lambda h, rows: h.stream(rows[:-1], last=False), UNREACHABLE, "was cut short"),
    ("Content-Length too large", lambda h, rows: h.send(200, whole(rows), length=len(whole(rows)) + 100), UNREACHABLE,
     "was cut short"),
    ("Content-Length too small", lambda h, rows: h.send(200, whole(rows), length=len(whole(rows)) - 9), UNREACHABLE,
     "did not answer with JSON lines but with"),
    ("empty body", lambda h, rows: h.send(200, b""), UNREACHABLE, "ended its answer without a last row"),
    ("FATAL in a 200", lambda h, rows: h.stream([rows[0], message("FATAL", "peer\x1b[31m lost"), rows[-1]]), UNREACHABLE,
     "failed while it searched (FATAL: peer\\x1b[31m lost)"),
    ("WARN of missing results in a 200",
     lambda h, rows: h.stream([message("WARN", "Search results may be incomplete"), *rows]), UNREACHABLE,
     "says that results are missing (WARN: "),
    ("quota in a 200", lambda h, rows: h.stream([message("WARN", QUOTA)]), UNREACHABLE, "has no room for another search"),
    ("quota in a 503", lambda h, rows: h.send(503, message("FATAL", QUOTA)), UNREACHABLE,
     "has no room for another search (503 FATAL: Search not executed"),
    ("503", lambda h, rows: h.send(503, b""), UNREACHABLE, "is not ready (503)"),
    ("429, come back much later", lambda h, rows: h.send(429, b"", [("Retry-After", "3600")]), UNREACHABLE,
     "is overloaded and asked to wait (429)"),
    ("a login page", lambda h, rows: h.send(200, b"<html>Sign in</html>"), UNREACHABLE, "not answer with JSON lines"),
    ("a search that is refused", lambda h, rows: h.send(400, message("FATAL", "Unknown search command")), UNREACHABLE,
     "refuses the search (400 FATAL: Unknown search command)"),
    ("a redirect", lambda h, rows: h.send(303, b"", [("Location", "/en-US/account/login")]), UNREACHABLE,
     "redirects instead"),
    ("403", lambda h, rows: h.send(403, message("ERROR", "insufficient permission")), DENIED,
     "does not let the token search (403 ERROR: insufficient permission)"),
]


def pipeline_for(splunk, **more):
    return wazuh_site.Pipeline("source_splunk", splunk_site.settings_for(splunk, **more))


def compare(name, pipeline, served):
    """The alert ids of the ledger's verdicts against those that were served, as a set difference."""
    given = pipeline.verdicts()
    missing, beyond = set(served) - set(given), set(given) - set(served)
    print(f"{name}: {len(set(served))} served, {len(given)} in the ledger, missing {sorted(missing)[:5]}, "
          f"beyond {sorted(beyond)[:5]}", flush=True)
    assert not missing and not beyond, (len(missing), len(beyond))
    twice = [key for key, verdicts in given.items() if len(verdicts) != 1]
    assert not twice, twice[:5]
    pipeline.check_books()


def filled(splunk, count=COUNT):
    """Alerts whose own times are up to months old, indexed over the last 170 minutes: some in each slice."""
    return [splunk.index(support.alert(n), ago_s=10_200 - n * 10_180 / count, event_ago_s=n % 300 * 86_400)
            for n in range(count)]


def drain(splunk, served):
    pipeline = pipeline_for(splunk)
    code, report, talk = pipeline.run("--drain")
    assert code == 0 and report["status"] == "ok", (report, talk)
    compare("drain", pipeline, served)
    case = next((pipeline.state / "cases").rglob("alert.json"))
    assert case.read_text() in {event["raw"] for event in splunk.events}, "an alert is not as Splunk had it"
    code, report, _ = pipeline.run()
    assert code == 0 and report["counts"]["accepted"] == 0, report["counts"]
    return pipeline


def indexed_late(splunk, served):
    """Old or ahead in its own time, new in the index; behind the cursor and after it."""
    splunk.ahead_s = -20
    pipeline = pipeline_for(splunk)
    code, report, talk = pipeline.run("--drain")
    assert code == 0, (report, talk)
    splunk.ahead_s = 0
    late = [splunk.index(support.alert(10_000), ago_s=30, event_ago_s=400 * 86_400),
            splunk.index(support.alert(10_001), ago_s=10, event_ago_s=2 * 86_400),
            splunk.index(support.alert(10_002), ago_s=10, event_ago_s=-86_400)]
    code, report, talk = pipeline.run("--drain")
    assert code == 0 and report["counts"]["accepted"] >= len(late), (report["counts"], talk)
    compare("indexed late", pipeline, served + late)
    return late


def struck(splunk, served, name, answer, exit_code, sentence):
    pipeline = pipeline_for(splunk)
    pipeline.drop_in("drop-in.json", DROP_IN)
    splunk.strike(answer, SLICES_BEFORE + 1)
    began = len(splunk.searches)
    code, report, talk = pipeline.run()
    assert code == exit_code, (name, code, report["error"], talk)
    assert report["status"] == "degraded" and report["failed_stage"] == "poll", report
    assert sentence in report["error"] and "; " in report["error"], (name, report["error"])
    assert TOKEN not in json.dumps(report) + talk, "a secret was shown"
    failed = splunk.searches[began + SLICES_BEFORE]
    assert {f["index_earliest"] for f in splunk.searches[began + SLICES_BEFORE :]} == {failed["index_earliest"]}
    partly = set(pipeline.verdicts())
    assert "drop-in" in partly and partly < {*served, "drop-in"}, "what was queued and what came whole is triaged"
    splunk.heal()
    again = len(splunk.searches)
    code, report, talk = pipeline.run("--drain", "--try-refused")
    assert code == 0, (name, report["error"], talk)
    first = int(splunk.searches[again]["index_earliest"])
    assert first == int(failed["index_earliest"]) - OVERLAP_S, "the next run begins at the slice that failed, less the overlap"
    compare(name, pipeline, [*served, "drop-in"])


def refused_credentials(splunk, served):
    """One try and no more; nothing of it shown; after it is put right everything comes."""
    pipeline = pipeline_for(splunk)
    for token in ("another-token", None):
        splunk.token = token
        before = len(splunk.requests)
        code, report, talk = pipeline.run("--try-refused")
        assert code == DENIED and "refuses the token (401 WARN: call not" in report["error"], (code, report["error"])
        assert len(splunk.requests) == before + 1, "refused credentials were tried again"
        assert TOKEN not in json.dumps(report) + talk
    before = len(splunk.requests)
    code, report, talk = pipeline.run()
    assert code == DENIED and "are not tried again before" in report["error"], (code, report["error"])
    assert len(splunk.requests) == before, "refused credentials were sent before their pause was over"
    splunk.token = TOKEN
    code, report, talk = pipeline.run("--drain", "--try-refused")
    assert code == 0, (report["error"], talk)
    compare("401", pipeline, served)


def passing_faults_are_waited_out(splunk, served):
    for name, answer in [
        ("429 once, Retry-After", lambda h, rows: h.send(429, b"", [("Retry-After", "1")])),
        ("503 once", lambda h, rows: h.send(503, message("FATAL", QUOTA))),
        ("truncated once", no_last_row),
    ]:
        pipeline = pipeline_for(splunk, retry_for="30s")
        splunk.strike(answer, 2, 2)
        code, report, talk = pipeline.run("--drain")
        assert code == 0 and report["status"] == "ok", (name, report, talk)
        compare(name, pipeline, served)
        splunk.heal()


def killed_between_slices():
    """kill -9 of supervisor and worker while the fifth slice is asked for: earlier ones are in the books, none is lost.

    Enough alerts that the runner commits pages of them meanwhile.
    """
    splunk = splunk_site.Splunk()
    served = filled(splunk, MANY)
    pipeline = pipeline_for(splunk, timeout="60s")
    reached, go_on = threading.Event(), threading.Event()

    def hold(handler, rows):
        reached.set()
        go_on.wait(60)
        handler.close_connection = True

    splunk.strike(hold, 5)
    command = [wazuh_site.program(), "run", str(pipeline.file), "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert reached.wait(60), "the fifth slice was never asked for"
        worker = next(iter(support.children(process.pid)))
        support.kill(process.pid, signal.SIGKILL)
        support.kill(worker, signal.SIGKILL)
        process.wait(60)
    go_on.set()
    splunk.heal()
    began, held = (int(splunk.searches[n]["index_earliest"]) for n in (0, 4))
    code, report, talk = pipeline.run("--drain")
    assert code == 0, (report["error"], talk)
    first = int(splunk.searches[5]["index_earliest"])
    assert began < first <= held - OVERLAP_S, "it went on where the books end"
    compare(f"kill -9 at {held - began} s, resumed at {first - began} s", pipeline, served)


def notables():
    """Each event_id is one alert, whatever becomes of its status; level and rule are found where the mapping says."""
    splunk = splunk_site.Splunk()
    words = {"informational": 3, "low": 5, "medium": 8, "high": 12, "critical": 15, "unknown": None}
    served = []
    for word in words:
        fields = {"event_id": f"5F7D@@notable@@{word}", "search_name": "Access - Brute Force - Rule", "urgency": word,
                  "rule_title": f"Brute force, {word}", "dest": "dc01", "src": "10.0.0.7", "user": "alice", "status": "1",
                  "annotations.mitre_attack": ["T1110", "T1078"]}
        served.append(splunk.index_notable(fields, 4000))
        splunk.index_notable({**fields, "status": "5", "owner": "bob"}, 2000)
    pipeline = pipeline_for(splunk, content="notable", search="`notable`")
    code, report, talk = pipeline.run("--drain")
    assert code == 0 and report["counts"]["quarantined"] == 0, (report, talk)
    assert report["totals"]["duplicate"] >= len(words), report["totals"]
    compare("notables", pipeline, served)
    cases = [json.loads(path.read_text()) for path in (pipeline.state / "cases").rglob("case.json")]
    for case in cases:
        word = case["alert_id"].rpartition("@")[2]
        text = json.dumps(case)
        assert f"Brute force, {word}" in text and "T1110" in text and "dc01" in text, case
        assert case["rule"].get("level") == words[word], case
        assert "search-head-1" not in text, "the search head is no host of the alert"


def wrong_settings(splunk):
    for more, sentence in [
        ({"search": "index=wazuh | stats count"}, 'search pipes into \\"stats\\"'),
        ({"search": "index=wazuh earliest=-1h"}, "search holds earliest="),
        ({"token": None}, "there are no credentials"),
    ]:
        pipeline = pipeline_for(splunk, **more)
        code, report, talk = pipeline.run()
        assert code == CONFIGURATION, (code, report, talk)
        assert sentence in json.dumps(report) + talk, (sentence, report, talk)
    print("wrong settings: refused", flush=True)


def main():
    os.environ["SF_TEST_TOKEN"] = TOKEN
    splunk = splunk_site.Splunk()
    served = filled(splunk)
    wrong_settings(splunk)
    drain(splunk, served)
    for name, answer, exit_code, sentence in FAULTS:
        struck(splunk, served, name, answer, exit_code, sentence)
    refused_credentials(splunk, served)
    passing_faults_are_waited_out(splunk, served)
    killed_between_slices()
    indexed_late(splunk, served)
    notables()


sys.exit(main())
