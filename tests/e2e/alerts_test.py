#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All alerts of the shared collection and of the demo, through source_file: each line has one fate, and only one."""
import glob
import json
import os

import oracle
import support

ALERTS = os.path.join(support.SHARED, "data", "alerts")
DEMO = os.path.join(support.SOURCE, "pipelines", "demo-alerts.jsonl")
RENEWED = {"heartbeat.json", "heartbeat-history.jsonl", "metrics.prom", "lock",
           "state.db", "state.db-wal", "state.db-shm"}
OF_A_RUN = {"seq", "time", "run_id", "prev", "hash", "manifest_sha256"}  # a pack says when its alert came


def files():
    return sorted(glob.glob(os.path.join(ALERTS, "*.jsonl"))) + [DEMO]


def lines_of(path):
    return [line for line in support.read(path).split(b"\n") if line.strip()]


def canonical(data):
    """A document however it is spelt or wrapped; what is no JSON as it is."""
    try:
        document = json.loads(data)
    except ValueError:
        return data
    if isinstance(document, dict) and isinstance(document.get("_source"), dict):
        document = document["_source"]
    return json.dumps(document, sort_keys=True)


def identity(text):
    """What makes two documents one alert: the SIEM's id, the time and the node."""
    document = json.loads(text) if isinstance(text, str) else {}
    if not isinstance(document, dict) or not document.get("id"):
        return None
    return (str(document["id"]), document.get("timestamp"), json.dumps(document.get("manager")))


def fates_on_disk(state):
    """The canonical text of every alert file that a run left behind."""
    out = set()
    for date, name in oracle.dated(os.path.join(state, "processed")):
        out.add(canonical(support.read(os.path.join(state, "processed", date, name))))
    for name in os.listdir(os.path.join(state, "quarantine")):
        if not name.endswith(".reason.json"):
            out.add(canonical(support.read(os.path.join(state, "quarantine", name))))
    return out


def decisions(books):
    """key -> what was decided, without what a run adds of its own."""
    out = {}
    for kind in ("verdict", "quarantined"):
        for key, entry in books.of(kind).items():
            out[key] = (kind, entry.get("disposition"), entry.get("reason"), entry.get("alert_id"))
    return out


def by_document(state, books):
    """canonical document -> disposition and reason"""
    out = {}
    for v in books.of("verdict").values():
        path = os.path.join(state, "cases", v["logical_time"][:10].replace("-", "/"), v["case_id"], "alert.json")
        out[canonical(support.read(path))] = (v["disposition"], v["reason"])
    return out


def comparable(books):
    """What must not depend on the run: each entry by itself, and the order of those that the alerts themselves date."""
    timeless = {k for k, e in books.of("accepted").items() if e.get("alert_time", "")[:10] == e["time"][:10]}
    entries, order = [], []
    for entry in books.entries:
        dated_by_arrival = ("alert_time", "logical_time") if entry["key"] in timeless else ()
        entries.append({k: v for k, v in entry.items() if k not in OF_A_RUN and k not in dated_by_arrival})
        if entry["key"] not in timeless:
            order.append((entry["kind"], entry["key"]))
    return sorted(entries, key=lambda e: (e["kind"], e["key"] or "")), order


class Alerts(support.EndToEnd):
    def drain(self, box, path):
        """A whole drain of one file, checked by id; gives books and report."""
        box.pipeline(path)
        report = self.ends(box.run(), 0, "ok")
        books = oracle.check(self, box)
        counts = report["counts"]
        self.assertEqual(counts["accepted"], counts["triaged"] + counts["quarantined"])
        self.assertEqual((counts["failed"], report["queue"]["depth_end"]), (0, 0))
        return books, report

    def check_fates(self, path, report):
        lines = lines_of(path)
        self.assertEqual(report["counts"]["fetched"], len(lines))
        there = fates_on_disk(self.box.state)
        known = {identity(text) for text in there} - {None}
        lost = [t for t in map(canonical, lines) if t not in there and identity(t) not in known]
        self.assertEqual(lost, [], "lines without a fate")

    def check_second_run(self, lines):
        before = support.tree(self.box.state, RENEWED)
        head = self.box.heartbeat()["ledger"]
        report = self.ends(self.box.run(), 0, "ok")
        counts = report["counts"]
        self.assertEqual((counts["fetched"], counts["duplicate"]), (lines, lines))
        self.assertEqual([counts[c] for c in ("accepted", "triaged", "quarantined", "packs")], [0, 0, 0, 0])
        self.assertEqual(report["ledger"], head)
        after = support.tree(self.box.state, RENEWED)
        self.assertEqual(support.differences(before, after), [], "a second run changed files")

    def test_every_line_of_every_file_has_one_fate_and_a_second_run_changes_nothing(self):
        for path in files():
            with self.subTest(path=os.path.basename(path)):
                self.box = support.Sandbox("alerts")
                self.addCleanup(self.box.remove)
                books, report = self.drain(self.box, path)
                self.check_fates(path, report)
                self.check_second_run(len(lines_of(path)))
                counts = report["counts"]
                support.say(f"{os.path.basename(path)}: {counts['fetched']} lines, {counts['triaged']} triaged, "
                            f"{counts['quarantined']} quarantined, {counts['duplicate']} duplicate, "
                            f"{len(books.entries)} entries")

    def test_all_files_as_one_and_one_file_for_each_alert_give_the_same_decisions(self):
        lines = [line for path in files() for line in lines_of(path)]
        one = support.write(os.path.join(self.box.input, "all.jsonl"), b"\n".join(lines))  # no line feed at the end
        books, _ = self.drain(self.box, one)

        other = support.Sandbox("dir")
        self.addCleanup(other.remove)
        for i, line in enumerate(lines):
            support.write(os.path.join(other.input, f"{i:06d}.json"), line)
        other.pipeline(other.input, "dir")
        report = self.ends(other.run(), 0, "ok")
        self.assertEqual(report["counts"]["fetched"], len(lines))
        of_files = decisions(oracle.check(self, other))
        self.assertEqual(of_files, decisions(books))
        again = self.ends(other.run(), 0, "ok")
        self.assertEqual((again["counts"]["duplicate"], again["counts"]["accepted"]), (len(lines), 0))
        support.say(f"{len(lines)} lines as one file and as a file each: {len(of_files)} decisions, all the same")

    def test_search_hits_are_decided_as_the_alerts_inside_them(self):
        documents = [json.loads(line) for path in files() for line in lines_of(path)]
        bare = [d for d in documents if isinstance(d, dict) and "_source" not in d]
        hits = [{"_index": "wazuh-alerts-4.x-2026.11.24", "_id": f"hit-{i}", "_score": None, "_source": d, "sort": [i]}
                for i, d in enumerate(bare)]
        of_hits, report = self.drain(self.box, support.write_jsonl(os.path.join(self.box.input, "hits.jsonl"), hits))
        other = support.Sandbox("bare")
        self.addCleanup(other.remove)
        of_bare, _ = self.drain(other, support.write_jsonl(os.path.join(other.input, "bare.jsonl"), bare))
        self.assertEqual(report["counts"]["fetched"], len(hits))

        hit_decisions = by_document(self.box.state, of_hits)
        bare_decisions = by_document(other.state, of_bare)
        self.assertEqual({t: hit_decisions.get(t) for t in bare_decisions}, bare_decisions)
        same_key = of_hits.of("verdict").keys() & of_bare.of("verdict").keys()
        self.assertGreater(len(same_key), 0, "an alert with the SIEM's own id has one key, wrapped or not")
        support.say(f"{len(hits)} hits: {len(bare_decisions)} documents decided as without the wrapping, "
                    f"{len(same_key)} of them under the same key")

    def test_one_worker_and_four_write_the_same_ledger(self):
        lines = [line + b"\n" for p in files() for line in lines_of(p)]
        path = support.write(os.path.join(self.box.input, "all.jsonl"), b"".join(lines))
        ledgers = []
        for workers in (1, 4):
            box = support.Sandbox(f"workers-{workers}")
            self.addCleanup(box.remove)
            box.pipeline(path, workers=workers)
            self.ends(box.run(), 0, "ok")
            ledgers.append(comparable(oracle.check(self, box)))
        for one, four in zip(*(entries for entries, _ in ledgers)):
            self.assertEqual(one, four)
        self.assertEqual(len(ledgers[0][0]), len(ledgers[1][0]))
        self.assertEqual(ledgers[0][1], ledgers[1][1], "the order")
        support.say(f"{len(ledgers[0][0])} entries, the same with one worker and with four")


if not glob.glob(os.path.join(ALERTS, "*.jsonl")):
    print(f"without the shared alerts: {ALERTS} is not there; the demo's alerts only")

if __name__ == "__main__":
    support.main()
