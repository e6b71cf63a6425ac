# SPDX-License-Identifier: Apache-2.0
"""What the sweeps share: a small run with everything in it, the shim that strikes at its N-th call, the books after it.

A sweep is a list of points; each has a sandbox of its own, so that a point can be done again alone. What a point finds
is a Finding or nothing; findings are counted by kind, printed, and fail the test.

SF_FULL=1    every point instead of a sample of them
SF_SEED      draws the sample and, with SF_SCENARIOS, the runs; printed
SF_SCENARIOS how many different runs a crash sweep goes through (1; 6 with SF_FULL=1)
SF_STRIDE    with SF_FULL=1: every so many-th point (1)
SF_SECONDS   of each sweep no new points after so many seconds; then they are taken in random order
SF_POINTS    only these numbers, separated by commas: a point that failed, done again
SF_JOBS      points at the same time (2)
SF_COUNTERS  a file that gets one JSON line per sweep (docs/reliability.md is made of them)
"""
import concurrent.futures
import json
import os
import random
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import oracle  # noqa: E402
import support  # noqa: E402

NOTIFIER = os.path.join(os.path.abspath(support.BUILD), "test-plugins", "crash_notify.sfplugin.so")
SHIM = os.path.join(os.path.abspath(support.BUILD), "tests", "fault_shim.so")
SEED = int(os.environ.get("SF_SEED") or random.SystemRandom().randrange(1 << 32))
JOBS = int(os.environ.get("SF_JOBS") or 2)
SECONDS = float(os.environ.get("SF_SECONDS") or 0)
STRIDE = int(os.environ.get("SF_STRIDE") or 1)
ONLY = [int(n) for n in os.environ.get("SF_POINTS", "").split(",") if n]
CHANGES = "create,write,move,remove,sync,truncate,meta"
SHARED_FORMAT = "<QQq32s448s"  # struct shared of fault_shim.c
HANG_S = 60
MISCOUNTED = 2  # runs that died before the last one
OFFERED_AGAIN = 3  # times that a source without a cursor offers everything, those included
# What every run writes, whatever it does.
ALWAYS_WRITTEN = ("lock", "state.db", "state.db-wal", "state.db-shm", "heartbeat.json", "heartbeat-history.jsonl",
                  "metrics.prom")


class Shim:
    """The environment of one struck run, and what came of it."""

    def __init__(self, box, classes, at=0, do="kill", trace=None):
        self.path = os.path.join(box.base, "state-shim")  # as the run's own files: not watched
        support.write(self.path, bytes(4096))
        self.environment = dict(LD_PRELOAD=SHIM, SF_FAULT_SHARED=self.path, SF_FAULT_ROOT=box.state,
                                SF_FAULT_CLASSES=classes, SF_FAULT_AT=str(at), SF_FAULT_DO=do)
        if trace:
            self.environment["SF_FAULT_TRACE"] = trace

    def call(self, box, *arguments):
        """The program under the shim."""
        kept = box.environment
        box.environment = {**kept, **self.environment}
        try:
            return box.call(*arguments, "--state", box.state, watch=False, timeout=HANG_S)
        finally:
            box.environment = kept

    def _field(self, index):
        raw = support.read(self.path)[:struct.calcsize(SHARED_FORMAT)]
        return struct.unpack(SHARED_FORMAT, raw)[index]

    @property
    def count(self):
        return self._field(0)

    @property
    def fired(self):
        return self._field(1) != 0

    @property
    def path_struck(self):
        return self._field(4).split(b"\0")[0].decode(errors="replace")

    @property
    def where(self):
        """renameat2 /state.db"""
        return self._field(3).split(b"\0")[0].decode() + " " + self.path_struck


class Finding(Exception):
    """What is wrong after a point: its kind, for the counters, and the sentence."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class Scenario:
    """A drain of two batches and more with every way an alert can go; all of it follows from the seed.

    The source has new alerts, some of which are escalated, one twice, and a line that is none; the queue has drop-ins:
    new ones, one of them twice, and one that is none. One thread works, so that the N-th call is the N-th. `notifies`:
    a message of each verdict goes through the outbox.
    """

    def __init__(self, seed, size=14, notifies=False):
        self.notifies = notifies
        draw = random.Random(seed)
        first = draw.randrange(1000) * 100
        rules = [7, 3, 7] + [draw.randrange(len(support.RULES)) for _ in range(size)]
        alerts = [support.alert(first + i, rules[i]) for i in range(size)]
        self.seed = seed
        self.drops = alerts[-2:]
        self.source = alerts[:-2]
        draw.shuffle(self.source)
        self.again = draw.choice(self.source)
        self.batch, self.cap = draw.randint(3, 5), draw.randint(6, 9)
        self.format = draw.choice(("jsonl", "dir")) if seed else "jsonl"
        self.follow = self.format == "jsonl" and seed % 2 == 0  # the cursor is part of the books; else the source offers everything in each run
        self.offers_again = not self.follow  # without a cursor; or it may fail between its alerts and its cursor
        self.wanted = {a["id"] for a in alerts}
        self.quarantined = 2
        self.dispositions = {}  # alert id -> what a run without faults said
        self.duplicates = 0

    def fill(self, box):
        """A state directory before its first run."""
        lines = [support.dumps(a) for a in self.source + [self.again]] + ["a broken line"]
        if self.format == "jsonl":
            path = support.write_jsonl(os.path.join(box.input, "alerts.jsonl"), lines)
        else:
            path = box.input
            for i, line in enumerate(lines):
                support.write(os.path.join(path, f"{i:03d}.json"), line)
        box.pipeline(path, self.format, cap=self.cap, head=f"batch = {self.batch}", workers=1)
        if self.follow:
            text = support.read(box.toml).decode()
            support.write(box.toml, text.replace(f'format = "{self.format}"', f'format = "{self.format}"\nfollow = true'))
        if self.notifies:
            box.add_stage("reconcile", "chat", NOTIFIER)
        for i, alert in enumerate(self.drops):
            support.drop(box.queue, f"drop-{i}.json", support.dumps(alert))
        support.drop(box.queue, "again.json", support.dumps(self.drops[0]))
        support.drop(box.queue, "broken.json", "no alert")

    def box(self):
        box = support.Sandbox("crash")
        self.fill(box)
        return box

    def drain(self, box):
        return ("run", box.toml, "--drain", "--format", "json")

    def learn(self, classes):
        """A run without faults: what it decides, how many calls of these classes it makes; gives that number."""
        box = self.box()
        try:
            shim = Shim(box, classes)
            result = shim.call(box, *self.drain(box))
            assert result.code == 0, str(result)
            self.check(box, learned=False)
            verdicts = oracle.books_of(box).of("verdict").values()
            self.dispositions = {v["alert_id"]: v["disposition"] for v in verdicts}
            self.duplicates = box.heartbeat()["totals"]["duplicate"]
            assert list(self.dispositions.values()).count("escalated") >= 2, self.dispositions
            return shim.count
        finally:
            box.remove()

    def check(self, box, learned=True):
        """The books after everything is over: complete, right, nothing twice."""
        test = unittest.TestCase()
        try:
            books = oracle.check(test, box)
        except (AssertionError, OSError, ValueError, KeyError) as e:
            raise Finding("books", f"{type(e).__name__}: {e}") from e
        verdicts = [v["alert_id"] for v in books.of("verdict").values()]
        lost = self.wanted - set(verdicts)
        if lost:
            raise Finding("lost", f"no verdict for {sorted(lost)}")
        if len(verdicts) != len(self.wanted):
            raise Finding("doubled", f"{len(verdicts)} verdicts of {len(self.wanted)} alerts: {sorted(verdicts)}")
        if self.notifies:
            told, waiting = [e["key"] for e in books.entries if e["kind"] == "notified"], box.heartbeat()["outbox"]["waiting"]
            if sorted(told) != sorted(books.of("verdict")) or waiting or books.of("undelivered"):
                raise Finding("message", f"{len(told)} entries for {len(verdicts)} verdicts, {waiting} messages wait")
            if box.heartbeat()["totals"]["notified"] != len(told):
                raise Finding("totals", f"{len(told)} notified: {box.heartbeat()['totals']}")
        quarantined = len(books.of("quarantined"))
        if quarantined != self.quarantined:
            kind = "lost" if quarantined < self.quarantined else "doubled"
            raise Finding(kind, f"{quarantined} alerts in quarantine instead of {self.quarantined}")
        if learned:
            said = {v["alert_id"]: v["disposition"] for v in books.of("verdict").values()}
            if said != self.dispositions:
                raise Finding("verdict", f"{said} instead of {self.dispositions}")
            self.check_totals(box.heartbeat()["totals"])

    def check_totals(self, totals):
        """Nobody else was there, so nothing vanished. What was offered again is a duplicate again; a file in the queue
        that is one is counted once more when the run dies between the commit and the file's removal."""
        most = self.duplicates + (OFFERED_AGAIN * len(self.wanted) if self.offers_again else MISCOUNTED)
        if totals["vanished"] or not self.duplicates <= totals["duplicate"] <= most:
            raise Finding("totals", f"{self.duplicates} to {most} duplicates expected, none vanished: {totals}")

    def recover(self, box):
        """A plain run after the cause is gone. Then everything is as if nothing had happened."""
        result = box.call(*self.drain(box), "--state", box.state, watch=False, timeout=HANG_S)
        if result.code != 0 or result.report["status"] != "ok":
            raise Finding("recovery", f"the plain run after it: {result}")
        self.check(box)

    def rerun(self, box):
        """One more run changes nothing but what a run always writes."""
        before = support.tree(box.state, ALWAYS_WRITTEN)
        head = box.heartbeat()["ledger"]
        result = box.call(*self.drain(box), "--state", box.state, watch=False, timeout=HANG_S)
        if result.code != 0 or result.report["ledger"] != head:
            raise Finding("rerun", f"the ledger of a rerun is not {head}: {result}")
        changed = support.differences(before, support.tree(box.state, ALWAYS_WRITTEN))
        if changed:
            raise Finding("rerun", f"a rerun changed {changed}")


def in_parallel(points, do):
    """What do(point) gives for each point, JOBS at a time."""
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(do, points))


class Tally:
    """The outcome of one sweep: counted, printed, written to SF_COUNTERS."""

    def __init__(self, sweep):
        self.sweep, self.points, self.findings, self.cut = sweep, 0, [], False
        self.started = time.monotonic()

    def run(self, name, points, do):
        """do(point) for each point, JOBS at a time. It gives False where there was nothing to strike."""
        def one(point):
            if SECONDS and time.monotonic() - self.started > SECONDS:
                self.cut = True
                return False
            try:
                return do(point)
            except Finding as e:
                return e
            except subprocess.TimeoutExpired as e:
                return Finding("hang", f"still running after {e.timeout} s")

        before = self.points
        points = shuffled(points)
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for point, found in zip(points, pool.map(one, points)):
                self.points += found is not False
                if isinstance(found, Finding):
                    self.findings.append(found)
                    support.say(f"FAILED {self.sweep} {name} at {point}: {found.kind}: {short(str(found))}")
        support.say(f"{self.sweep} {name}: {self.points - before} points{' (SF_SECONDS are over)' * self.cut}, {len(self.findings)} failed so far, "
                    f"{time.monotonic() - self.started:.0f} s")

    def kinds(self):
        names = [f.kind for f in self.findings]
        return {name: names.count(name) for name in sorted(set(names))}

    def end(self, test):
        line = {"sweep": self.sweep, "points": self.points, "lost": self.kinds().get("lost", 0),
                "doubled": self.kinds().get("doubled", 0), "failures": len(self.findings), "kinds": self.kinds(),
                "cut": self.cut, "seconds": round(time.monotonic() - self.started, 1)}
        support.say(json.dumps(line))
        if os.environ.get("SF_COUNTERS"):
            with open(os.environ["SF_COUNTERS"], "a", encoding="utf-8") as f:
                f.write(json.dumps(line) + "\n")
        test.assertGreater(self.points + self.cut, 0, "nothing was struck: is the shim loaded?")
        test.assertEqual(self.kinds(), {}, f"{len(self.findings)} of {self.points} points failed; they are above")


def short(text):
    return text if len(text) < 1500 else text[:700] + "\n[…]\n" + text[-700:]


def sample(count, wanted, name=""):
    """The points 1 to count, or about `wanted` of them at even distances, from an offset that the seed gives."""
    if ONLY:
        return ONLY
    stride = STRIDE if support.FULL else max(1, count // wanted)
    return list(range(1 + random.Random(f"{SEED} {name}").randrange(stride), count + 1, stride))


def shuffled(points):
    """Their order does not matter, unless time may be over before the last one."""
    return random.Random(SEED).sample(list(points), len(points)) if SECONDS else list(points)


def skip_reason():
    if os.path.exists(SHIM):
        return ""
    return f"{SHIM} is not there: sanitizers want to be the first library, so the shim is not built with them"


def main():
    if support.BUILD and skip_reason():
        print("skipped: " + skip_reason())
        sys.exit(77)
    support.say(f"SF_SEED={SEED}")
    support.main()
