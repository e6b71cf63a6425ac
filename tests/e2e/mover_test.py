#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long queue that other processes move and delete from all the while: the run goes on, counts it, and loses nothing.

SF_FILES: how many (20,000; 505,836 with SF_FULL=1).
"""
import json
import os
import random
import signal
import subprocess
import sys

import oracle
import support

FILES = int(os.environ.get("SF_FILES") or (505_836 if support.FULL else 20_000))
CAP = 2000
MEMORY_KIB = 96 << 10
GENERATOR = os.path.join(support.SHARED, "baseline", "gen_queue.py")

# A process that takes files out of the queue, every one in its own way, until its standard input is closed.
MOVER = r"""
import os, random, select, sys
queue, away, how, share, seed = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5])
rng = random.Random(seed)
taken = 0
def over():
    return bool(select.select([0], [], [], 0)[0])
print("ready", flush=True)
while not over():
    names = [n for n in os.listdir(queue) if n.endswith(".json") and rng.random() < share]
    rng.shuffle(names)
    for i, name in enumerate(names):
        try:
            if how == "delete":
                os.unlink(os.path.join(queue, name))
            else:
                os.rename(os.path.join(queue, name), os.path.join(away, name))
            taken += 1
        except FileNotFoundError:
            pass
        if i % 64 == 0 and over():
            break
    select.select([0], [], [], 0.02)
print(taken)
"""


def fill(queue, count):
    """Files as gen_queue.py makes them; without it, of our own."""
    if os.path.exists(GENERATOR):
        subprocess.run([sys.executable, GENERATOR, queue, str(count)], check=True)
        return
    os.makedirs(queue, exist_ok=True)
    order = list(range(count))
    random.Random(1).shuffle(order)
    for i in order:
        support.write(os.path.join(queue, f"alert_{i:07d}.json"), support.dumps(support.alert(i)))


class WithMovers(support.EndToEnd):
    def setUp(self):
        super().setUp()
        self.away = os.path.join(self.box.base, "away")
        os.makedirs(self.away)
        self.movers = []

    def mover(self, how, share):
        arguments = [self.box.queue, self.away, how, str(share), str(len(self.movers))]
        process = subprocess.Popen([sys.executable, "-c", MOVER, *arguments],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        self.movers.append(process)

    def taken_by_movers(self):
        total = 0
        for process in self.movers:
            process.stdin.close()
            total += int(process.stdout.readline())
            process.wait(60)
        return total


class Mover(WithMovers):
    def run_watched(self, *arguments):
        process = self.popen(*arguments)
        watch = support.MemoryWatch(process)
        code = process.wait(1800)
        watch.join()
        out, err = self.box.output()
        self.assertEqual(code, 0, err[-3000:])
        return json.loads(out), watch.peak_kib

    def test_a_long_queue_with_two_movers(self):
        fill(self.box.queue, FILES)
        self.box.pipeline(cap=CAP)
        self.mover("move", 0.0015)
        self.mover("delete", 0.0008)
        reports, peak = [], 0
        single_runs = 3
        for i in range(single_runs + 1):
            report, memory = self.run_watched(*(["--drain"] if i == single_runs else []))
            self.assertIn(report["status"], ("ok",))
            self.assertLessEqual(report["queue"]["active"], CAP)
            reports.append(report)
            peak = max(peak, memory)
        taken = self.taken_by_movers()
        report = self.ends(self.box.run(watch=False), 0, "ok")  # nobody interferes now
        reports.append(report)

        totals = report["totals"]
        waiting = len(self.box.waiting())
        vanished = sum(r["counts"]["vanished"] for r in reports)
        support.say(f"{FILES} files: {totals['triaged']} triaged, {taken} taken by movers, {vanished} of them after "
                    f"they were admitted, {waiting} waiting; worker at most {peak / 1024:.1f} MiB")
        for r in reports:
            oracle.check_sums(self, r)
        self.assertEqual(FILES, totals["triaged"] + totals["quarantined"] + totals["duplicate"] + taken + waiting)
        self.assertEqual((waiting, totals["quarantined"], totals["duplicate"]), (0, 0, 0))
        self.assertLessEqual(vanished, taken)
        self.assertEqual(vanished, totals["vanished"])
        self.assertLessEqual(peak, MEMORY_KIB, "memory of the worker")
        self.check_books()

    def check_books(self):
        if FILES <= 20_000:
            oracle.check(self, self.box)
            return
        for command in (("ledger", "verify"), ("reconcile", self.box.toml)):
            result = self.box.call(*command, "--state", self.box.state, watch=False, timeout=1800)
            self.assertEqual(result.code, 0, str(result))

    def test_what_vanishes_between_admission_and_claim_is_counted_one_by_one(self):
        count = 1500
        for i in range(count):
            support.drop(self.box.queue, f"alert-{i:05d}.json", support.dumps(support.alert(i)))
        self.box.pipeline(cap=CAP, head="batch = 100")
        process = self.popen()
        # Everything is admitted before the first batch ends; from then on the worker stands still.
        self.first_batch(process)
        worker = self.box.worker(process)
        self.assertIsNotNone(worker, self.box.output()[1])
        support.pause(worker)
        names = self.box.waiting()
        for name in names:
            os.unlink(os.path.join(self.box.queue, name))
        os.kill(worker, signal.SIGCONT)
        self.assertEqual(process.wait(60), 0, self.box.output()[1])
        report = json.loads(self.box.output()[0])
        self.assertEqual(report["counts"]["vanished"], len(names))
        self.assertEqual(report["counts"]["triaged"], count - len(names))
        self.assertEqual(report["queue"]["depth_end"], 0)
        oracle.check(self, self.box)
        support.say(f"{len(names)} of {count} deleted while the worker stood still: {report['counts']['vanished']} "
                    "vanished, the others triaged")

    def test_a_directory_that_takes_the_place_of_a_file_is_left_alone(self):
        """A name that was a file when it was listed and is a link, a fifo or a directory when it is claimed."""
        count = 600
        for i in range(count):
            support.drop(self.box.queue, f"alert-{i:05d}.json", support.dumps(support.alert(i)))
        self.box.pipeline(cap=CAP, head="batch = 50")
        process = self.popen()
        self.first_batch(process)
        worker = self.box.worker(process)
        self.assertIsNotNone(worker, self.box.output()[1])
        support.pause(worker)
        names = self.box.waiting()[-6:]
        for i, name in enumerate(names):
            path = os.path.join(self.box.queue, name)
            os.unlink(path)
            (lambda p: os.symlink("/etc/passwd", p), os.mkfifo, os.mkdir)[i % 3](path)
        os.kill(worker, signal.SIGCONT)
        self.assertEqual(process.wait(60), 0, self.box.output()[1])
        report = json.loads(self.box.output()[0])
        self.assertEqual(report["counts"]["triaged"], count - len(names))
        self.ends(self.box.run(), 0, "ok")
        oracle.check(self, self.box, left_alone=names)


if __name__ == "__main__":
    support.main()
