#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The time line of source_wazuh has no holes: a real OpenSearch after an outage, with late alerts, with a window that
cannot be read.

Goal: what is new is pushed first in every run, however much is behind; in the end the ids that were indexed are the ids
that were accepted, and `gaps` shows nothing open.
"""
import datetime
import itertools
import json
import os
import pathlib
import sqlite3

import wazuh_site as site
from support import say

COUNT = 20_000
BACKFILL = 5_000
DAYS = 6
GROWN = "hold more alerts than when they were read"
numbers = itertools.count(1)


def ago(**span):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)


def alert(moment, number=None):
    number = number or next(numbers)
    return {
        "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000",
        "id": f"line.{number}",
        "manager": {"name": "m1"},
        "agent": {"name": "h1"},
        "rule": {"id": "5503", "level": 5, "description": "timeline"},
    }


def index(about, *alerts):
    """Indexes them, each under an _id of its own; gives their ids."""
    for one in alerts:
        day = one["timestamp"][:10].replace("-", ".")
        site.ask(about, "POST", f"/wazuh-alerts-4.x-{day}/_doc?refresh=true", one)
    return [one["id"] for one in alerts]


def behind(about, settings, **more):
    """A pipeline whose cursor waits where the first run found no index."""
    site.forget_alerts(about)
    pipeline = site.Pipeline("source_wazuh", site.settings_for(about, **{**settings, **more}))
    code, report, talk = pipeline.run()
    assert code == 0 and report["counts"]["fetched"] == 0, (report, talk)
    return pipeline


def position(pipeline):
    with sqlite3.connect(f"file:{pipeline.state}/state.db?mode=ro", uri=True) as books:
        return json.loads(books.execute("SELECT position FROM cursor WHERE stage = 'poll'").fetchone()[0])


def accepted(pipeline, run_id=None):
    """The ids of the alerts that were accepted, in the ledger's order."""
    rows = [entry for entry in pipeline.ledger() if entry["kind"] == "accepted"]
    return [row["alert_id"] for row in rows if run_id in (None, row["run_id"])]


def open_stretches(pipeline):
    """(gaps, incomplete intervals) as `gaps` shows them."""
    done = pipeline.command("gaps", str(pipeline.file), "--format", "json")
    stage = json.loads(done.stdout)["stages"][0]
    return stage["gaps"], [v for v in stage["intervals"] if not v["complete"]]


def nothing_is_missing(pipeline, ids, what):
    taken = accepted(pipeline)
    say(f"{what}: indexed {len(set(ids))}, accepted {len(taken)}, indexed - accepted = {sorted(set(ids) - set(taken))}, "
        f"accepted - indexed = {sorted(set(taken) - set(ids))}")
    assert len(taken) == len(set(taken)), "an alert was accepted twice"
    assert set(taken) == set(ids)
    assert open_stretches(pipeline) == ([], [])


def after_an_outage(about):
    pipeline = behind(about, {"start": f"{DAYS}d", "window": "1h", "backfill_max": BACKFILL, "page_size": 500})
    begin = ago(days=DAYS) + datetime.timedelta(minutes=10)
    step = (DAYS * 24 - 3) * 3_600_000 // COUNT
    when = begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    ids = site.load(about, site.temp_dir(), "--count", str(COUNT), "--start", when, "--step-ms", str(step))
    assert len(set(ids)) == COUNT
    for run in range(1, 12):
        live = index(about, *[alert(ago(seconds=10 + i)) for i in range(20)])
        ids += live
        code, report, talk = pipeline.run()
        assert code == 0, (report["error"], talk)
        taken = accepted(pipeline, report["run_id"])
        assert set(taken[: len(live)]) == set(live), f"run {run}: the first that were pushed are {taken[:25]}"
        older = len(taken) - len(live)
        assert older <= BACKFILL + 1000, f"run {run} read {older} older alerts"
        gaps, incomplete = open_stretches(pipeline)
        holes = position(pipeline).get("holes", [])
        say(f"run {run}: first {len(live)} live, then {older} older; {len(gaps)} gaps, {len(holes)} holes")
        assert len(gaps) == len(holes) and not incomplete
        if not gaps:
            break
    assert run > 2, "the outage was read in one go"
    nothing_is_missing(pipeline, ids, "outage")
    return pipeline, ids


def run_well(pipeline):
    code, report, talk = pipeline.run()
    assert code == 0, (report["error"], talk)
    return report["counts"], talk


def late_alerts(about, pipeline, ids):
    """4 minutes late: within the overlap. 6 and 30 hours: by the sweep. Twice more under other ids of documents."""
    settings = {"window": "1h", "sweep_every": "0s", "start": f"{DAYS}d"}
    pipeline.write("source_wazuh", site.settings_for(about, **settings))
    _, talk = run_well(pipeline)
    assert GROWN not in talk, talk
    old = alert(ago(hours=6))
    ids += index(about, alert(ago(minutes=4)), old, alert(ago(hours=30)))
    counts, talk = run_well(pipeline)
    assert counts["accepted"] == 3 and "2 minutes " + GROWN in talk, (counts, talk)
    counts, talk = run_well(pipeline)
    assert counts["accepted"] == 0 and GROWN not in talk, (counts, talk)
    nothing_is_missing(pipeline, ids, "late")

    index(about, old, old)
    counts, talk = run_well(pipeline)
    assert counts["accepted"] == 0 and counts["duplicate"] >= 3 and "1 minutes " + GROWN in talk, (counts, talk)
    for _ in range(2):
        counts, talk = run_well(pipeline)
        assert counts["accepted"] == 0 and GROWN not in talk, (counts, talk)
    nothing_is_missing(pipeline, ids, "again under new _ids")

    settings["sweep_back"] = "0s"
    pipeline.write("source_wazuh", site.settings_for(about, **settings))
    index(about, alert(ago(hours=6)))
    counts, _ = run_well(pipeline)
    assert counts["accepted"] == 0, "without sweeps it must not be found, or the sweep proved nothing"


class Fault:
    """The fault server in front of an OpenSearch."""

    def __init__(self, upstream):
        server = site.temp_dir() / "upstream.json"
        server.write_text(json.dumps(upstream))
        self.about = site.start("https-fault", "--upstream", server)

    def rules(self, *rules):
        path = pathlib.Path(self.about["rules"])
        part = path.with_suffix(".part")
        part.write_text(json.dumps(rules))
        part.rename(path)

    def bodies(self):
        lines = pathlib.Path(self.about["requests"]).read_text().splitlines()
        return [json.loads(json.loads(line)["body"]) for line in lines]


def asked(body):
    return body["query"]["bool"]["filter"][0]["range"]["timestamp"]["gte"]


def one_window_fails(upstream, do, sentence):
    fault = Fault(upstream)
    fault.rules()
    hour = 3_600_000
    quick = {"window": "1h", "start": "8h", "retry_for": "1s", "page_size": 100}
    site.forget_alerts(upstream)
    pipeline = site.Pipeline("source_wazuh", site.settings_for(fault.about, **quick))
    run_well(pipeline)
    first = position(pipeline)["watermark_ms"] - 600_000
    bad = first + 2 * hour
    minutes = [datetime.datetime.fromtimestamp(first / 1000 + 660 + i * 300, datetime.timezone.utc) for i in range(80)]
    ids = index(upstream, *[alert(moment) for moment in minutes])
    fault.rules({"path": "/_search", "body": f'"gte":{bad}\\b.*"sort"', "do": do})
    code, report, talk = pipeline.run()
    assert code == 69 and report["status"] == "degraded" and sentence in report["error"], (report, talk)
    lost = [i for i, moment in zip(ids, minutes) if bad <= moment.timestamp() * 1000 < bad + hour]
    assert len(lost) == 12 and set(ids) - set(accepted(pipeline)) == set(lost), set(ids) - set(accepted(pipeline))
    assert position(pipeline)["holes"] == [[bad, bad + hour, 1]], position(pipeline)
    gaps, incomplete = open_stretches(pipeline)
    assert [(g["duration_s"]) for g in gaps] == [3600] and len(incomplete) == 1, (gaps, incomplete)

    fault.rules()
    before = len(fault.bodies())
    counts, _ = run_well(pipeline)
    assert counts["accepted"] == len(lost), counts
    order = [asked(body) for body in fault.bodies()[before:] if body["size"]]
    assert order[0] > bad + hour and bad in order, "what is new comes first, then the window that failed"
    nothing_is_missing(pipeline, ids, f"one window failed ({sentence})")
    assert "holes" not in position(pipeline)


# As OpenSearch answers where a shard is not there: it gives no part of an answer to who does not want one.
MISSING_SHARD = {
    "status": 503,
    "json": {
        "error": {
            "root_cause": [],
            "type": "search_phase_execution_exception",
            "reason": "start",
            "phase": "can_match",
            "grouped": True,
            "failed_shards": [],
            "caused_by": {
                "type": "search_phase_execution_exception",
                "reason": "Search rejected due to missing shards [[wazuh-alerts-4.x-2026.11.24][0]]",
            },
        },
        "status": 503,
    },
}


def main():
    about = site.opensearch()
    os.environ["SF_TEST_PASSWORD"] = about["users"]["reader"]
    pipeline, ids = after_an_outage(about)
    late_alerts(about, pipeline, ids)
    refused = {"status": 400, "json": {"error": {"type": "parsing_exception", "reason": "of this window"}}}
    one_window_fails(about, refused, "refuses the query (400")
    one_window_fails(about, MISSING_SHARD, "lacks shards that the search needs (503 search_phase_execution_exception: ")


main()
