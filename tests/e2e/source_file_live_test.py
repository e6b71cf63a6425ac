#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""source_file follows the alerts.json of a manager that writes, rotates and compresses, while runs are killed and while
nobody reads: the alert ids in the ledger are those that were written, as a set difference.

The manager is a process of its own (this file with --manager) and does to its files what Wazuh's analysisd and monitord
do (hard link, dated names, buffered writes, unlink and link, .gz of the day before).
SF_SEED draws the same history again, as far as a machine can.
"""
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import oracle
import support

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
ALERTS = 12000 if support.FULL else 3000  # while runs are killed; as many again otherwise
SEED = int(os.environ.get("SF_SEED") or random.SystemRandom().randrange(1 << 32))


class Manager:
    """Writes below `root`; one command a line on stdin, one answer each."""

    def __init__(self, root, seed):
        self.root, self.random = root, random.Random(seed)
        self.live = os.path.join(root, "alerts.json")
        self.year, self.month, self.day, self.part = 2026, 12, 27, 0
        self.written, self.buffer, self.path, self.fd, self.old = 0, b"", "", -1, []
        self.open()

    def open(self):
        folder = os.path.join(self.root, str(self.year), MONTHS[self.month - 1])
        os.makedirs(folder, exist_ok=True)
        part = f"-{self.part:03d}" if self.part else ""
        self.path = os.path.join(folder, f"ossec-alerts-{self.day:02d}{part}.json")
        self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            os.unlink(self.live)
        except FileNotFoundError:
            pass
        if self.random.random() < 0.5:
            time.sleep(self.random.uniform(0, 0.004))
        os.link(self.path, self.live)

    def close(self):
        self.flush()
        empty = os.fstat(self.fd).st_size == 0
        os.close(self.fd)
        if empty:
            os.unlink(self.path)
        else:
            self.old.append(self.path)

    def flush(self):
        os.write(self.fd, self.buffer)
        self.buffer = b""

    def write(self, count):
        for _ in range(count):
            self.buffer += support.dumps(support.alert(self.written)).encode() + b"\n"
            self.written += 1
            if len(self.buffer) > 4096:  # stdio's buffer: lines are cut anywhere
                os.write(self.fd, self.buffer[:4096])
                self.buffer = self.buffer[4096:]

    def rotate(self):
        self.close()
        self.part += 1
        self.open()

    def midnight(self):
        self.close()
        self.day, self.part = self.day + 1, 0
        if self.day > 31:
            self.day, self.month = 1, self.month + 1
        if self.month > 12:
            self.year, self.month = self.year + 1, 1
        self.open()

    def compress(self):
        for path in self.old:
            with open(path, "rb") as plain, gzip.open(path + ".gz", "wb", 6) as packed:
                shutil.copyfileobj(plain, packed, 1024)
            os.unlink(path)
        self.old = []

    def live_through(self, count):
        end = self.written + count
        while self.written < end:
            self.write(min(self.random.randrange(1, 60), end - self.written))
            drawn = self.random.random()
            if drawn < 0.06:
                self.rotate()
            elif drawn < 0.09:
                self.midnight()
            elif drawn < 0.11:
                self.compress()
            time.sleep(self.random.uniform(0, 0.03))

    def serve(self):
        for line in sys.stdin:
            command, *numbers = line.split()
            getattr(self, command)(*map(int, numbers))
            print(self.written, flush=True)


class Live(support.EndToEnd):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        support.say(f"SF_SEED={SEED}")
        self.root = os.path.join(self.box.base, "ossec", "logs", "alerts")
        os.makedirs(self.root)
        self.manager = subprocess.Popen([sys.executable, __file__, "--manager", self.root, str(SEED)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.stop_manager)
        self.tell("flush")
        self.box.pipeline(os.path.join(self.root, "alerts.json"), cap=100000)
        text = support.read(self.box.toml).decode()
        support.write(self.box.toml, text.replace('format = "jsonl"', 'format = "jsonl"\nfollow = true'))

    def stop_manager(self):
        self.manager.stdin.close()
        self.manager.wait()
        self.manager.stdout.close()

    def send(self, *words):
        print(*words, file=self.manager.stdin, flush=True)

    def answer(self):
        return int(self.manager.stdout.readline())

    def tell(self, *words):
        self.send(*words)
        return self.answer()

    def read_on(self, status="ok", code=0):
        return self.ends(self.box.run(watch=False), code, status)

    def check(self, written):
        books = oracle.check(self, self.box)
        got = {v["alert_id"] for v in books.of("verdict").values()}
        wanted = {support.alert(i)["id"] for i in range(written)}
        support.say(f"{len(wanted)} written, {len(got)} in the ledger; missing {sorted(wanted - got)[:5]}, "
                    f"unknown {sorted(got - wanted)[:5]}")
        self.assertEqual(wanted ^ got, set())
        self.assertEqual(len(books.of("quarantined")), 0)
        self.assertEqual(len(books.of("verdict")), written)

    def kill_once(self):
        """Starts a run and kills it, or its worker, somewhere; True when there was something to kill."""
        process = self.popen()
        worker = None
        deadline = time.monotonic() + self.random.uniform(0.02, 0.35)
        while process.poll() is None and time.monotonic() < deadline:
            worker = self.box.worker(process) or worker
            time.sleep(0.001)
        if process.poll() is not None:
            self.assertEqual(process.returncode, 0, self.box.output()[1])
            return False
        support.kill(worker if worker and self.random.random() < 0.6 else process.pid, signal.SIGKILL)
        process.wait(60)
        return True

    def test_rotation_compression_kills_and_downtime(self):
        self.tell("write", 5)
        self.tell("flush")
        self.read_on()
        killed = 0
        for wanted in (4, 8, 12):
            self.send("live_through", ALERTS // 3)
            for _ in range(15):
                killed += self.kill_once() if killed < wanted else 0
            self.answer()
        self.assertGreater(killed, 0)  # how many of 45 tries come in time is up to the machine
        for days in range(3):  # nobody reads over two rotations, a midnight, and what monitord does the day after
            for step in ("rotate", "rotate", "midnight", "compress"):
                self.tell("write", self.random.randrange(1, ALERTS // 9))
                self.tell(step)
            self.tell("write", 7)  # the last of them are still in the manager's buffer
            report = self.read_on()
            self.assertEqual(report["poll"]["gaps"], 0)
            support.say(f"day {days + 1}: {report['counts']['fetched']} fetched, {report['counts']['duplicate']} twice")
        self.send("live_through", ALERTS // 3)
        for _ in range(3):
            self.read_on()
        written = self.answer()
        self.tell("flush")
        self.read_on()
        support.say(f"{killed} killed, {len(os.listdir(self.root))} names beside alerts.json")
        self.check(written)
        self.assertNotIn("source_gaps", support.read(os.path.join(self.box.state, "metrics.prom")).decode())

    def test_what_was_removed_unread_degrades_one_run_and_is_a_gap(self):
        self.tell("write", 10)
        self.tell("flush")
        self.read_on()
        self.tell("write", 10)
        self.tell("flush")
        lost = os.path.realpath(os.path.join(self.root, "2026", "Dec", "ossec-alerts-27.json"))
        self.tell("midnight")
        self.tell("write", 10)
        self.tell("flush")
        os.unlink(lost)
        report = self.read_on("degraded", 69)
        self.assertEqual(report["failed_stage"], "poll")
        self.assertIn("2026/Dec/ossec-alerts-27.json, read to byte ", report["error"])
        self.assertEqual(report["counts"]["triaged"], 10)
        self.assertIn("signalfoundry_source_gaps_total", support.read(os.path.join(self.box.state, "metrics.prom")).decode())
        report = self.read_on()
        self.assertEqual(report["poll"]["gaps"], 1)
        self.assertEqual(report["counts"]["fetched"], 0)
        gaps = self.box.call("gaps", self.box.toml, "--state", self.box.state, watch=False)
        self.assertEqual(len([line for line in gaps.out.splitlines() if "poll" in line]), 1, str(gaps))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--manager"]:
        Manager(sys.argv[2], int(sys.argv[3])).serve()
    else:
        support.main()
