# SPDX-License-Identifier: Apache-2.0
"""What the power-loss tests share: alerts of every kind, and the books after the power came back.

SF_COUNTERS  a file; each sweep appends one line of JSON to it
SF_FAILURES  after how many failures a process gives up (5)
"""
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import oracle  # noqa: E402
import support  # noqa: E402

FAILURES_MAX = int(os.environ.get("SF_FAILURES") or 5)  # the next ones would say the same
FOLDERS = ("queue", "active", ".accept", ".staging", "cases", "packs", "processed", "quarantine")


def seed():
    return int(os.environ.get("SF_SEED") or random.SystemRandom().randrange(1 << 32))


class Sandbox(support.Sandbox):
    """A history line may be spoiled by a power loss (docs/formats/heartbeat.md); the others are as good as ever."""

    def history(self):
        lines = support.read(os.path.join(self.state, "heartbeat-history.jsonl")).split(b"\n")
        assert lines.pop() == b"", "the history does not end with a line"
        out = []
        for line in lines:
            try:
                out.append(json.loads(line))
            except ValueError:  # also bytes that are no UTF-8
                continue
        assert out and out[-1]["run_id"] == self.heartbeat()["run_id"], "the last run is not in the history"
        return out


class Alerts:
    """What a source gives (some twice, one that is none) and what others dropped into the queue and forced to disk."""

    def __init__(self, source, drop_ins):
        documents = [support.alert(i) for i in range(source)]
        self.lines = documents + documents[:source // 20] + ["broken line"]
        self.dropped = {}
        for i in range(source, source + drop_ins):
            self.dropped[f"drop-{i}.json"] = support.dumps(support.alert(i))
            if i % 7 == 0:
                self.dropped[f"again-{i}.json"] = support.dumps(support.alert(i))
            if i % 11 == 0:
                self.dropped[f"broken-{i}.json"] = f"no alert {i}"
        self.ids = {support.alert(i)["id"] for i in range(source + drop_ins)}
        self.broken = {support.sha256(t.encode()) for t in self.dropped.values() if not t.startswith("{")}
        self.broken.add(support.sha256(b"broken line"))

    def prepare(self, box, batch, cap, workers, follow):
        """follow: what the cursor has passed is not given again."""
        source = support.write_jsonl(os.path.join(box.input, "alerts.jsonl"), self.lines)
        # The images are small, and that is none of the matter here.
        no_marks = "[disk]\nlow_mib = 0\nlow_inodes = 0\ncritical_mib = 0\ncritical_inodes = 0"
        box.pipeline(source, cap=cap, head=f"batch = {batch}\n{no_marks}", workers=workers)
        if follow:
            text = support.read(box.toml).decode()
            support.write(box.toml, text.replace('format = "jsonl"\n', 'format = "jsonl"\nfollow = true\n'))

    def drop(self, queue):
        for name, text in self.dropped.items():
            support.drop(queue, name, text)


class Tally:
    """What a sweep found, of one process; they add up."""

    def __init__(self):
        self.points = self.lost = self.doubled = self.failures = 0
        self.messages = []
        self.notes = {}

    def note(self, what):
        self.notes[what] = self.notes.get(what, 0) + 1

    def count(self, points):
        self.points += points
        if points and self.points % 100 == 0:
            support.say(f"{self.points} points of process {os.getpid()}, {self.failures} failures")

    def full(self):
        return self.failures >= FAILURES_MAX

    def fail(self, about, error):
        self.failures += 1
        where = traceback.extract_tb(error.__traceback__)[-1]
        self.messages.append(f"{about}\n{type(error).__name__} at {os.path.basename(where.filename)}:{where.lineno}: "
                             f"{str(error)[:3000]}")

    def add(self, other):
        for name in ("points", "lost", "doubled", "failures"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.messages += other.messages
        for what, count in other.notes.items():
            self.notes[what] = self.notes.get(what, 0) + count

    def publish(self, sweep, seconds):
        line = {"sweep": sweep, "points": self.points, "lost": self.lost, "doubled": self.doubled,
                "failures": self.failures, "seconds": round(seconds, 1)}
        if os.environ.get("SF_COUNTERS"):
            with open(os.environ["SF_COUNTERS"], "a", encoding="utf-8") as f:
                f.write(json.dumps(line) + "\n")
        support.say(f"{line}; " + ", ".join(f"{what} {count}" for what, count in sorted(self.notes.items())))


def entries_of(path):
    """The ledger of a state.db as it was exported, read without the program."""
    db = sqlite3.connect(path)
    try:
        return [body for (body,) in db.execute("SELECT body FROM ledger ORDER BY seq")]
    finally:
        db.close()


def ledger_of(state):
    """The entries that are on disk, without touching what is there."""
    with tempfile.TemporaryDirectory(dir=support.sandbox_root()) as folder:
        for name in ("state.db", "state.db-wal"):
            if os.path.exists(os.path.join(state, name)):
                shutil.copyfile(os.path.join(state, name), os.path.join(folder, name))
        path = os.path.join(folder, "state.db")
        return entries_of(path) if os.path.exists(path) else []


class Books:
    """Checks one state directory after the power came back; counts what it finds in a tally."""

    def __init__(self, test, box, alerts, tally):
        self.test, self.box, self.alerts, self.tally = test, box, alerts, tally
        self.on_disk = []

    def before_the_start(self):
        """What the disk says before the program starts again: nothing that others rely on is half, or promised too early.

        What moved to processed/ and what a heartbeat said has its entries on disk; they are kept for ever.
        """
        state, test = self.box.state, self.test
        said = {}
        for name in ("heartbeat.json", "metrics.prom"):
            path = os.path.join(state, name)
            data = support.read(path) if os.path.exists(path) else b"\n"
            test.assertEqual(data[-1:], b"\n", f"{name} is cut short: {data[-80:]}")
            if name == "heartbeat.json" and len(data) > 1:
                said = json.loads(data)["ledger"]
        self.on_disk = ledger_of(state)
        if said.get("entries"):
            test.assertGreaterEqual(len(self.on_disk), said["entries"], "a heartbeat told of entries that are gone")
            test.assertEqual(json.loads(self.on_disk[said["entries"] - 1])["hash"], said["head"], "the head of a heartbeat")
        folder = os.path.join(state, "processed")
        moved = {name[:32] for _, name in oracle.dated(folder)} if os.path.isdir(folder) else set()
        decided = {e["key"] for e in map(json.loads, self.on_disk) if e["kind"] == "verdict"}
        test.assertFalse(moved - decided, "moved to processed/ without a verdict on disk")

    def finish(self):
        """Runs the program until everything has its verdict: one run, and that is all it may need."""
        result = self.box.run(watch=False)
        self.test.assertEqual(result.code, 0, str(result))
        self.test.assertEqual(result.report["status"], "ok", str(result))
        return result

    def count(self, books, optional=()):
        """By id: nothing lost, nothing doubled, nothing that nobody sent."""
        ids = {}
        for verdict in books.of("verdict").values():
            ids.setdefault(verdict["alert_id"], []).append(verdict["key"])
        lost = self.alerts.ids - ids.keys()
        doubled = {i: keys for i, keys in ids.items() if len(keys) != 1}
        lost_broken = self.alerts.broken - {a["sha256"] for k, a in books.of("accepted").items()
                                            if k in books.of("quarantined")}
        self.tally.lost += len(lost) + len(lost_broken)
        self.tally.doubled += len(doubled)
        self.test.assertFalse(lost or lost_broken, f"lost: {len(lost)}, as {sorted(lost)[:5]}, and {lost_broken}")
        self.test.assertFalse(doubled, f"doubled: {len(doubled)}, as {list(doubled.items())[:5]}")
        self.test.assertLessEqual(ids.keys(), self.alerts.ids | set(optional), "verdicts on alerts that nobody sent")

    def quick(self):
        """The oracle's books without starting the program."""
        box, test = self.box, self.test
        books = oracle.Books("\n".join(entries_of(os.path.join(box.state, "state.db"))).encode())
        for key, kinds in books.by_key.items():
            fates = kinds.get("verdict", []) + kinds.get("quarantined", [])
            test.assertEqual((len(kinds.get("accepted", [])), len(fates)), (1, 1), f"{key}: {kinds}")
            test.assertLessEqual(len(kinds.get("pack", [])), 1, f"packs of {key}")
        oracle.check_triaged(test, box.state, books.of("verdict"), books.of("pack"))
        oracle.check_quarantine(test, box.state, books.of("quarantined"))
        test.assertEqual(box.waiting(), [], "what is left in the queue")
        for folder in ("active", ".accept", ".staging"):
            test.assertEqual(os.listdir(os.path.join(box.state, folder)), [], folder)
        oracle.check_sums(test, box.heartbeat(), books)
        return books

    def rerun(self, books):
        """One more run has nothing to do, and changes nothing but the proof that it ran."""
        others = [n for n in os.listdir(self.box.state) if n not in FOLDERS]
        before = support.tree(self.box.state, others)
        self.finish()
        differences = support.differences(before, support.tree(self.box.state, others))
        self.test.assertEqual(differences, [], "a rerun changed something")
        again = oracle.Books("\n".join(entries_of(os.path.join(self.box.state, "state.db"))).encode())
        self.test.assertEqual((len(again.entries), again.head), (len(books.entries), books.head), "after a rerun")

    def check(self, whole, acknowledged=(), optional=()):
        """Everything; `whole`: with the program's own verify, export and reconcile, and a rerun.

        acknowledged: the entries that were on disk before the power went: they are still there, as they were.
        """
        self.finish()
        books = oracle.check(self.test, self.box) if whole else self.quick()
        self.count(books, optional)
        there = entries_of(os.path.join(self.box.state, "state.db"))
        for kept in (self.on_disk, list(acknowledged)):
            self.test.assertTrue(there[:len(kept)] == kept, "entries that were on disk changed or are gone")
        if whole:
            self.rerun(books)
        return books


def share(total, processes):
    return [total // processes + (1 if i < total % processes else 0) for i in range(processes)]


class Clock:
    def __init__(self):
        self.started = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.started
