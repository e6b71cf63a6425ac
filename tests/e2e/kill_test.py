#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A drain that is killed at random moments and started again, until it is done: every alert has one verdict, one case.

SF_KILLS: how many (25; 200 with SF_FULL=1). SF_SEED draws the same moments again, as far as a machine can.
"""
import os
import random
import signal
import time

import oracle
import support

ALERTS = 2000
STEPS = (".accept", "queue", "active", ".staging", "cases", "processed", "processed", "processed", "quarantine")
KILLS = int(os.environ.get("SF_KILLS") or (200 if support.FULL else 25))
SEED = int(os.environ.get("SF_SEED") or random.SystemRandom().randrange(1 << 32))


class Kill(support.EndToEnd):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.whole_s = 0.0
        support.say(f"SF_SEED={SEED}")

    def dropped(self, first, count):
        """Alerts that another process put into the queue, some twice, some that are none."""
        for i in range(first, first + count):
            support.drop(self.box.queue, f"drop-{i}.json", support.dumps(support.alert(i)))
            if i % 10 == 0:
                support.drop(self.box.queue, f"again-{i}.json", support.dumps(support.alert(i)))
            if i % 25 == 0:
                support.drop(self.box.queue, f"broken-{i}.json", f"no alert {i}")

    def measure(self):
        """How long a whole drain takes, so that the kills spread over it."""
        box = support.Sandbox("measure")
        self.addCleanup(box.remove)
        box.pipeline(self.source, cap=400, head="batch = 200")
        started = time.monotonic()
        self.ends(box.run(), 0, "ok")
        self.whole_s = time.monotonic() - started

    def wait_or_end(self, process, seconds):
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.0005)
        return process.poll() is None

    def wait_for_a_step(self, process):
        """Until a folder changes: the short steps between two renames are where it hurts."""
        name = self.random.choice(STEPS)
        folder = os.path.join(self.box.state, name)
        if name in ("processed", "cases") and os.path.isdir(folder):
            for _ in range(3):
                folder = os.path.join(folder, max(os.listdir(folder), default=""))

        def changed():
            try:
                return os.stat(folder).st_mtime_ns
            except FileNotFoundError:
                return 0
        before = changed()
        deadline = time.monotonic() + self.whole_s
        while process.poll() is None and changed() == before and time.monotonic() < deadline:
            pass
        if self.random.random() < 0.5:
            time.sleep(self.random.uniform(0, 0.003))
        return process.poll() is None

    def kill_once(self):
        """Starts a drain and kills it at a random moment; gives what was killed, or "" when it was done before."""
        process = self.popen("--drain")
        # Some die at the start; but most when there is a worker, and of these most at a step.
        alive = self.wait_or_end(process, self.random.uniform(0.0, 0.2) * self.whole_s)
        worker = None
        if self.random.random() < 0.8:
            support.until(lambda: process.poll() is not None or self.box.worker(process), "the worker")
            worker = self.box.worker(process)
            if self.random.random() < 0.8:
                alive = self.wait_for_a_step(process)
            else:
                alive = self.wait_or_end(process, self.random.uniform(0, 0.5) * self.whole_s)
        if not alive:
            self.assertEqual(process.returncode, 0, self.box.output()[1])
            return ""
        of_worker = worker and self.random.random() < 0.6
        support.kill(worker if of_worker else process.pid, signal.SIGKILL)
        code = process.wait(60)
        if not of_worker:
            return "run"
        self.assertIn(code, (0, 70), self.box.output()[1])  # 0: it died after its last word
        if code == 70:
            self.assertEqual(self.box.heartbeat()["status"], "failed")
            self.assertIn("signal 9", self.box.heartbeat()["error"])
        return "worker"

    def test_kill_9_at_random_moments(self):
        documents = [support.alert(i) for i in range(ALERTS * 3 // 4)]
        path = os.path.join(self.box.input, "alerts.jsonl")
        self.source = support.write_jsonl(path, documents + documents[:50] + ["broken line"])
        self.measure()
        self.box.pipeline(self.source, cap=400, head="batch = 200")
        killed = {"run": 0, "worker": 0}
        generation, done = 0, 0
        self.dropped(ALERTS * 3 // 4, ALERTS // 4)
        while sum(killed.values()) < KILLS:
            what = self.kill_once()
            if what:
                killed[what] += 1
                continue
            # It got through before the last kill: more to do, or the kills that are left would hit an idle run.
            done += 1
            generation += 1
            self.whole_s = max(0.1, 0.7 * self.whole_s)  # the machine was slower when it was measured
            self.dropped(100_000 * generation, ALERTS // 4)
        for _ in range(3):
            result = self.box.run()
            if result.code == 0:
                break
        report = self.ends(result, 0, "ok")
        books = oracle.check(self, self.box)
        triaged = ALERTS + generation * (ALERTS // 4)
        self.assertEqual(len(books.of("verdict")), triaged)
        self.assertEqual(len(books.of("quarantined")), 1 + (generation + 1) * (ALERTS // 100))
        wanted = {support.alert(i)["id"] for i in range(ALERTS)}
        self.assertLessEqual(wanted, {v["alert_id"] for v in books.of("verdict").values()})
        support.say(f"{killed['run']} runs and {killed['worker']} workers killed, {done} got through; "
                    f"{triaged} alerts, each with one verdict and one case; {report['ledger']['entries']} entries")

    def test_a_first_run_that_is_killed_at_once_can_be_started_again(self):
        for kill_worker in (False, True):
            for _ in range(10 if support.FULL else 4):
                self.box.remove()
                self.box = support.Sandbox("first")
                self.addCleanup(self.box.remove)
                self.box.pipeline(self.box.alerts(20))
                process = self.popen("--drain")
                if kill_worker:
                    support.until(lambda p=process: p.poll() is not None or self.box.worker(p), "the worker", 20)
                    victims = filter(None, [self.box.worker(process)])
                else:
                    self.wait_or_end(process, self.random.uniform(0, 0.05))
                    victims = [process.pid]
                for pid in victims:
                    support.kill(pid, signal.SIGKILL)
                process.wait(60)
                self.ends(self.box.run(), 0, "ok")
                self.assertEqual(len(oracle.check(self, self.box).of("verdict")), 20)


if __name__ == "__main__":
    support.main()
