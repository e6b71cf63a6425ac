#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two runs on one state directory: never both, whatever ends, stops or deceives one of them; nothing lost or doubled.

SF_ROUNDS: how many of each race (8; 60 with SF_FULL=1). SF_SEED draws the same moments again, as far as a machine can.
"""
import json
import os
import random
import signal
import subprocess
import time

import oracle
import support

ROUNDS = int(os.environ.get("SF_ROUNDS") or (60 if support.FULL else 8))
SEED = int(os.environ.get("SF_SEED") or random.SystemRandom().randrange(1 << 32))
ALERTS = 600
SHIM = os.path.join(os.path.abspath(support.BUILD), "tests", "fault_shim.so")
TRIES = 10
TICKS = 3  # a waiting run looks up once a second


class Runner:
    """A run with output of its own; `gate`: it starts when that pipe is closed; `more`: for its environment."""

    def __init__(self, box, name, *arguments, gate=None, more=None):
        self.paused = []
        self.files = [os.path.join(box.base, f"state-{name}.{end}") for end in ("out", "err")]
        command = [box.program, "run", box.toml, "--format", "json", "--state", box.state, *arguments]
        if gate is not None:
            command = ["/bin/sh", "-c", 'read -r go; exec "$@" </dev/null', "sh", *command]
        with open(self.files[0], "wb") as out, open(self.files[1], "wb") as err:
            self.process = subprocess.Popen(command, cwd=box.canary, env={**box.environment, **(more or {})}, stdout=out,
                                            stderr=err, stdin=subprocess.DEVNULL if gate is None else gate)

    @property
    def pid(self):
        return self.process.pid

    def ended(self):
        return self.process.poll() is not None

    def code(self):
        return self.process.wait(support.TIMEOUT_S)

    def said(self):
        return support.read(self.files[1]).decode(errors="replace")

    def report(self):
        return json.loads(support.read(self.files[0]).splitlines()[-1])

    def stop(self, number):
        for pid in [self.pid, *support.children(self.pid)]:
            support.kill(pid, number)

    def pause(self):
        """Stops it, so that it starts no worker, and then its worker."""
        support.pause(self.pid)
        self.paused = [self.pid, *support.children(self.pid)]
        support.pause(*self.paused)

    def resume(self):
        for pid in self.paused:  # also the worker of a run that was killed meanwhile
            support.kill(pid, signal.SIGCONT)

    def end(self):
        if not self.ended():
            self.stop(signal.SIGKILL)
        self.process.wait()


class Lease(support.EndToEnd):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.lock = os.path.join(self.box.state, "lock")
        self.dropped = 0
        support.say(f"SF_SEED={SEED}")

    def runner(self, name, *arguments, gate=None, more=None):
        runner = Runner(self.box, name, *arguments, gate=gate, more=more)
        self.addCleanup(runner.end)
        return runner

    def drop(self, count):
        for i in range(self.dropped, self.dropped + count):
            support.drop(self.box.queue, f"drop-{i}.json", support.dumps(support.alert(i)))
        self.dropped += count

    def whole(self):
        """Every alert that was dropped has one verdict and one case."""
        self.ends(self.box.run(watch=False), 0, "ok")
        verdicts = oracle.check(self, self.box).of("verdict")
        self.assertEqual(sorted(v["alert_id"] for v in verdicts.values()),
                         sorted(support.alert(i)["id"] for i in range(self.dropped)))

    def at_work(self, runner):
        """Waits until a run commits its batches; false when it was done before."""
        processed = os.path.join(self.box.state, "processed")

        def files():
            return sum(len(names) for _, _, names in os.walk(processed))
        before = files()
        support.until(lambda: runner.ended() or files() > before, "a batch")
        time.sleep(self.random.uniform(0, 0.02))  # the moment that is drawn
        return not runner.ended()

    def caught(self, name, *arguments):
        """A run that is paused in mid-drain, so that no machine is too slow to meet it there."""
        for _ in range(TRIES):
            self.drop(ALERTS)
            runner = self.runner(name, "--drain", *arguments)
            if self.at_work(runner):
                runner.pause()
                if not runner.ended() and self.box.waiting():
                    return runner
                runner.resume()
            self.assertEqual(runner.code(), 0, runner.said())
        raise AssertionError(f"{TRIES} runs were over before they could be paused")

    def waits(self, runner):
        """Waits until the kernel says that it waits for the lock."""
        def blocked():
            lines = support.read("/proc/locks").decode().splitlines()
            return any("-> FLOCK" in line and f" {runner.pid} " in line for line in lines)
        support.until(lambda: runner.ended() or blocked(), "the wait for the lock")
        self.assertFalse(runner.ended(), runner.said())

    def wakes(self, runner, times):
        """Waits until a waiting run has looked up so often."""
        def switches():
            for line in support.read(f"/proc/{runner.pid}/status").splitlines():
                if line.startswith(b"voluntary_ctxt_switches:"):
                    return int(line.split()[1])
            return 0
        first = switches()
        support.until(lambda: runner.ended() or switches() >= first + times, "a look at the lock")

    # ---- two that start together

    def test_two_that_start_together_never_both_run(self):
        self.box.pipeline(cap=40, head="batch = 10")
        self.drop(20)
        self.ends(self.box.run(watch=False), 0, "ok")
        skipped = 0
        for _ in range(ROUNDS):
            self.drop(60)
            read_end, write_end = os.pipe()
            pair = [self.runner(f"race-{name}", "--drain", gate=read_end) for name in ("a", "b")]
            os.close(read_end)
            os.close(write_end)
            codes = [runner.code() for runner in pair]
            self.assertIn(0, codes, [runner.said() for runner in pair])
            self.assertLessEqual(set(codes), {0, 75}, [runner.said() for runner in pair])
            for runner, code in zip(pair, codes):
                self.assertEqual(runner.report()["status"], "ok" if code == 0 else "skipped_locked")
                self.assertIn("another run holds the lock", runner.said() if code else "another run holds the lock")
            skipped += codes.count(75)
            self.assertEqual(self.box.heartbeat()["status"], "ok", "the heartbeat is the winner's")
        self.assertEqual([r["status"] for r in self.box.history()].count("skipped_locked"), skipped)
        self.whole()
        support.say(f"{ROUNDS} races, {skipped} runs were skipped")

    def test_who_is_skipped_says_who_holds_the_lock(self):
        self.box.pipeline(cap=100, head="batch = 10")
        first = self.caught("first")
        heartbeat = self.box.heartbeat()
        second = self.box.run(watch=False)
        self.ends(second, 75, "skipped_locked")
        self.assertIn(f"pid {first.pid}", second.report["error"])
        self.assertIn("--standby", second.report["error"])
        self.assertEqual(self.box.heartbeat(), heartbeat)
        first.resume()
        self.assertEqual(first.code(), 0, first.said())
        self.whole()

    # ---- active and standby

    def pair(self):
        """An active run that is paused in mid-drain, and one that waits for it."""
        active = self.caught("active")
        standby = self.runner("standby", "--drain", "--standby")
        self.waits(standby)
        self.assertIn(f"pid {active.pid}", standby.said())
        return active, standby

    def test_a_standby_takes_over_when_the_active_run_is_killed(self):
        self.box.pipeline(cap=100, head="batch = 10")
        epoch = 0
        for i in range(max(3, ROUNDS // 2)):
            active, standby = self.pair()
            victim = self.box.worker(active) if i % 3 == 2 else None
            support.kill(victim or active.pid, signal.SIGKILL)
            active.resume()
            self.assertEqual(standby.code(), 0, standby.said())
            self.assertIn(active.code(), (-signal.SIGKILL, 70) if victim is None else (0, 70), active.said())
            self.assertIn("took over", standby.said())
            self.assertEqual(self.box.heartbeat()["run_id"], standby.report()["run_id"])
            self.assertGreater(standby.report()["epoch"], epoch)
            epoch = standby.report()["epoch"]
        self.whole()

    def test_a_standby_takes_over_when_the_active_run_ends(self):
        self.box.pipeline(cap=100, head="batch = 10")
        active, standby = self.pair()
        active.resume()
        self.assertEqual(active.code(), 0, active.said())
        self.assertEqual(standby.code(), 0, standby.said())
        self.assertEqual(standby.report()["epoch"], active.report()["epoch"] + 1)
        self.whole()

    def test_a_standby_does_not_take_over_from_a_run_that_is_only_paused(self):
        self.box.pipeline(cap=100, head="batch = 10")
        active, standby = self.pair()
        owner, heartbeat = support.read(self.lock), self.box.heartbeat()
        self.wakes(standby, TICKS)
        self.assertFalse(standby.ended(), standby.said())
        self.assertEqual([support.read(self.lock), self.box.heartbeat()], [owner, heartbeat])
        active.resume()
        self.assertEqual([active.code(), standby.code()], [0, 0], active.said() + standby.said())
        self.whole()

    def test_a_standby_that_is_told_to_stop_leaves_no_trace(self):
        self.box.pipeline(cap=100, head="batch = 10")
        active, standby = self.pair()
        support.kill(standby.pid, signal.SIGTERM)
        self.assertEqual(standby.code(), 0, standby.said())
        self.assertEqual(support.read(standby.files[0]), b"")
        self.assertEqual(json.loads(support.read(self.lock))["pid"], active.pid)
        active.resume()
        self.assertEqual(active.code(), 0, active.said())
        self.whole()

    def test_a_pair_at_a_cadence_changes_places(self):
        """Who was the active one ends by a signal, starts again as the standby, and gets its turn."""
        self.box.pipeline()
        cadence = ("--every", "1s", "--standby")
        active = self.runner("a", *cadence)
        for i in range(3):
            self.drop(20)
            support.until(lambda: not self.box.waiting(), "the active run")
            standby = self.runner("ab"[i % 2 == 0], *cadence)
            self.waits(standby)
            support.kill(active.pid, signal.SIGTERM)
            self.assertEqual(active.code(), 0, active.said())
            active = standby
        support.kill(active.pid, signal.SIGTERM)
        self.assertEqual(active.code(), 0, active.said())
        self.whole()

    # ---- a file system without locks

    @support.skip_without(SHIM)
    def test_where_locks_do_not_hold_the_epoch_stops_the_older_run(self):
        """The shim says to the second run that it has the lock, which the first one holds."""
        self.box.pipeline(cap=100, head="batch = 5", workers=1)
        lost = 0
        for _ in range(ROUNDS // 2):
            self.drop(3 * ALERTS)
            first = self.runner("first", "--drain")
            self.at_work(first)
            counter = support.write(os.path.join(self.box.base, "state-shim"), bytes(4096))
            second = self.runner("second", "--drain", more={
                "LD_PRELOAD": SHIM, "SF_FAULT_SHARED": counter, "SF_FAULT_ROOT": self.box.state,
                "SF_FAULT_CLASSES": "lock", "SF_FAULT_AT": "1", "SF_FAULT_DO": "lie"})
            self.assertEqual(second.code(), 0, second.said())
            self.assertIn(first.code(), (0, 75), first.said())
            if first.code() == 75:
                self.assertIn("took the books over", first.report()["error"])
                self.lost(first)
                lost += 1
        self.assertGreater(lost, 0, "every run was done before the other began")
        self.whole()
        support.say(f"{ROUNDS // 2} times two runs held the lock, {lost} times the older one was stopped")

    # ---- a foreign hand on the lock file

    def replace_lock(self):
        os.unlink(self.lock)
        if self.random.random() < 0.5:
            support.write(self.lock, "")

    def lost(self, runner, late=False):
        """It noticed, said so and ended. `late`: it may have been paused between a commit and the heartbeat of its pass,
        which it then writes when it wakes up (docs/adr/0006-lease.md, "what is left"); the next run's replaces that."""
        report = runner.report()
        self.assertEqual([report["status"], report["exit_code"]], ["failed", 75], report)
        self.assertIn("writes nothing more", report["error"])
        if not late:
            self.assertNotEqual(self.box.heartbeat()["run_id"], report["run_id"], "the heartbeat is the other run's")
        self.assertNotIn(75, [r["exit_code"] for r in self.box.history() if r["run_id"] == report["run_id"]])

    def test_a_lock_file_that_is_replaced_never_lets_both_commit(self):
        self.box.pipeline(cap=100, head="batch = 10")
        lost = 0
        for _ in range(ROUNDS):
            self.drop(ALERTS // 2)
            first = self.runner("first", "--drain")
            self.at_work(first)
            self.replace_lock()
            second = self.runner("second", "--drain")
            self.assertEqual(second.code(), 0, second.said())
            self.assertIn(first.code(), (0, 75), first.said())
            if first.code() == 75:
                self.lost(first)
                lost += 1
        self.assertGreater(lost, 0, "every run was done before its lock was replaced")
        self.whole()
        support.say(f"{ROUNDS} locks were replaced, {lost} runs were stopped by it")

    def test_a_run_that_is_paused_in_mid_drain_wakes_up_too_late(self):
        self.box.pipeline(cap=100, head="batch = 10")
        first = self.caught("first")
        self.replace_lock()
        second = self.box.run(watch=False)
        self.assertIn(second.code, (0, 74), str(second))  # 74: the first was paused within a transaction
        first.resume()
        self.assertEqual(first.code(), 75, first.said())
        self.lost(first, late=True)
        self.whole()
        self.assertNotEqual(self.box.heartbeat()["run_id"], first.report()["run_id"])
        support.say(f"the other run ended with {second.code}")

    def test_a_run_that_is_paused_between_two_runs_wakes_up_too_late(self):
        self.box.pipeline()
        self.drop(20)
        first = self.runner("first", "--every", "1s")
        support.until(lambda: first.ended() or os.path.exists(os.path.join(self.box.state, "metrics.prom")), "a run")
        while True:  # until it is paused without a worker: the run before is over, the next not begun
            support.until(lambda: not support.children(first.pid), "the end of a run")
            support.kill(first.pid, signal.SIGSTOP)
            support.until(lambda: b") T " in support.read(f"/proc/{first.pid}/stat"), "the pause")
            if not support.children(first.pid):
                break
            support.kill(first.pid, signal.SIGCONT)
        runs = len(self.box.history())
        self.replace_lock()
        self.drop(60)
        second = self.box.run(watch=False)
        self.ends(second, 0, "ok")
        support.kill(first.pid, signal.SIGCONT)
        self.assertEqual(first.code(), 75, first.said())
        self.lost(first)
        self.assertEqual(len(self.box.history()), runs + 1)
        self.assertEqual(self.box.heartbeat()["run_id"], second.report["run_id"])
        self.assertEqual(second.report["epoch"], first.report()["epoch"] + 1)
        self.whole()

    def test_a_lock_file_that_is_gone_ends_the_run(self):
        self.box.pipeline(cap=100, head="batch = 10")
        first = self.caught("first")
        os.unlink(self.lock)
        first.resume()
        self.assertEqual(first.code(), 75, first.said())
        self.assertIn("Leave the lock file alone", first.report()["error"])
        self.assertFalse(os.path.exists(self.lock))
        self.whole()

    def test_a_standby_whose_lock_is_replaced_goes_on_when_it_is_its_turn(self):
        self.box.pipeline(cap=100, head="batch = 10")
        first = self.caught("first", "--standby")
        os.unlink(self.lock)
        first.resume()
        self.assertEqual(first.code(), 0, first.said())
        epochs = [json.loads(line)["epoch"] for line in support.read(first.files[0]).splitlines()]
        self.assertEqual(epochs, [epochs[0], epochs[0] + 1])
        self.whole()


if __name__ == "__main__":
    support.main()
