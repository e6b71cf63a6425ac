#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What befalls a state directory: a ledger that is gone or damaged, no permission, no space, a lock, a signal."""
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

import oracle
import support

ALERTS = 60
SLOW_ALERTS = 3000
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def succeeds(*command):
    there = shutil.which(command[0]) is not None
    return there and subprocess.run(command, capture_output=True, check=False).returncode == 0


def can_mount():
    return os.geteuid() == 0 and succeeds("unshare", "--mount", "true")


# The disk is really full, in the middle of a step.
NO_MARKS = "[disk]\nlow_mib = 0\nlow_inodes = 0\ncritical_mib = 0\ncritical_inodes = 0"


class Faults(support.EndToEnd):
    def setUp(self):
        super().setUp()
        self.source = self.box.alerts(ALERTS)
        self.box.pipeline(self.source)

    def state(self, *parts):
        return os.path.join(self.box.state, *parts)

    def half_done(self):
        self.box.pipeline(self.source, cap=ALERTS // 2)
        self.ends(self.box.run(drain=False), 0, "ok")

    def whole(self, count=ALERTS):
        books = oracle.check(self, self.box)
        self.assertEqual(len(books.of("verdict")), count)
        return books

    # ---- the ledger

    def test_a_ledger_that_is_gone_is_not_made_anew(self):
        self.half_done()
        kept = self.state("kept.db")
        for name in ("state.db-wal", "state.db-shm"):
            self.assertFalse(os.path.exists(self.state(name)), "left behind by a run that ended well")
        os.rename(self.state("state.db"), kept)
        before = support.tree(self.box.state, {"lock", "heartbeat.json", "heartbeat-history.jsonl"})
        commands = (("run", self.box.toml), ("reconcile", self.box.toml), ("ledger", "verify"), ("ledger", "export"))
        for command in commands:
            result = self.box.call(*command, "--state", self.box.state)
            self.assertEqual(result.code, 74, f"{command} {result}")
            self.assertIn("state.db", result.err)
            self.assertIn("rebuild", result.err, "it says how")
        after = support.tree(self.box.state, {"lock", "heartbeat.json", "heartbeat-history.jsonl"})
        self.assertEqual(support.differences(before, after), [])
        support.say(result.err.strip())
        os.rename(kept, self.state("state.db"))
        self.ends(self.box.run(), 0, "ok")
        self.whole()

    def until_heartbeat(self, process, status):
        def there():
            return process.poll() is not None or self.box.heartbeat()["status"] == status
        support.until(there, f"a run that is {status}", 30)

    def test_a_ledger_that_goes_between_two_runs_of_one_process_is_not_made_anew(self):
        process = self.popen("--every", "1s")
        support.until(lambda: process.poll() is not None or self.runs() >= 1, "the first run", 30)
        os.rename(self.state("state.db"), self.state("kept.db"))
        self.until_heartbeat(process, "failed")
        self.assertIn("state.db is missing", self.box.heartbeat()["error"])
        self.assertFalse(os.path.exists(self.state("state.db")))
        os.rename(self.state("kept.db"), self.state("state.db"))
        self.until_heartbeat(process, "ok")
        os.kill(process.pid, signal.SIGTERM)
        self.assertEqual(process.wait(30), 0, self.box.output()[1])
        self.whole()

    def test_a_damaged_ledger_is_not_used(self):
        self.half_done()
        good = support.read(self.state("state.db"))
        changed = good.replace(b'"disposition":"review"', b'"disposition":"benign"', 1)
        for what, data in {"empty": b"", "cut": good[:len(good) // 3], "garbage": os.urandom(65536),
                           "text": b"hello\n" * 100, "a page overwritten": good[:4096] + os.urandom(4096) + good[8192:],
                           "an entry changed": changed}.items():
            with self.subTest(damage=what):
                support.write(self.state("state.db"), data)
                result = self.box.call("ledger", "verify", "--state", self.box.state)
                self.assertIn(result.code, (1, 74), str(result))
                support.say(f"{what}: {(result.err or result.out).strip()[:200]}")
                if what == "an entry changed":
                    self.assertEqual(result.code, 1)  # it can be read: then it is the chain that does not hold
                    continue
                run = self.box.run()
                self.assertEqual(run.code, 74, str(run))
                self.assertIn("state.db", run.err)
                self.assertEqual(run.report["status"], "failed")
        support.write(self.state("state.db"), good)
        for name in ("state.db-wal", "state.db-shm"):
            if os.path.exists(self.state(name)):
                os.unlink(self.state(name))
        self.ends(self.box.run(), 0, "ok")
        self.whole()

    def test_a_link_above_the_state_directory_is_the_operators_own(self):
        real = os.path.join(self.box.base, "elsewhere")
        os.makedirs(real)
        os.symlink(real, os.path.join(self.box.base, "link"))
        self.box.state = os.path.join(self.box.base, "link", "state")
        self.box.queue = self.state("queue")
        os.makedirs(self.box.state)
        for _ in range(2):
            self.ends(self.box.run(watch=False), 0, "ok")
        self.whole()

    # ---- permission and space

    @unittest.skipUnless(os.geteuid() != 0 or shutil.which("setpriv"), "root without setpriv")
    def test_a_state_directory_without_permission(self):
        prefix = AS_NOBODY if os.geteuid() == 0 else ()
        self.box.install()
        os.makedirs(self.box.state)
        os.chmod(self.box.state, 0o555)
        for folder in (self.box.base, self.box.input, self.box.canary):
            os.chmod(folder, 0o755)
        result = self.box.run(prefix=prefix)
        self.assertIn(result.code, (73, 74), str(result))
        self.assertIn("state", result.err)
        self.assertIn("ermission", result.err)
        support.say(result.err.strip().splitlines()[-1])
        self.assertEqual(os.listdir(self.box.state), [])
        os.chmod(self.box.state, 0o755)
        if os.geteuid() == 0:
            os.chown(self.box.state, 65534, 65534)
        self.ends(self.box.run(prefix=prefix), 0, "ok")
        self.whole()
        self.check_loss_of_permission(prefix)

    def give(self, part, owner, mode):
        if os.geteuid() == 0:
            os.chown(self.state(part), owner, owner)
        os.chmod(self.state(part), mode)

    def check_loss_of_permission(self, prefix):
        """It worked before; now a part of the state directory belongs to someone else."""
        count = ALERTS
        day = oracle.dated(self.state("cases"))[0][0]
        parts = ("queue", "active", "cases/" + day, "processed/" + day, ".")
        for part in parts:
            if part == "active" and os.geteuid() != 0:
                continue  # its owner gets it back to 0700 by the run itself
            with self.subTest(part=part):
                count += ALERTS
                support.write_jsonl(self.source, [support.alert(i) for i in range(count)])
                self.give(part, 0, 0o555)
                result = self.box.run(prefix=prefix)
                self.assertIn(result.code, (73, 74), f"{part} {result}")
                self.assertIn("ermission", result.err)
                self.give(part, 65534, 0o700 if part == "active" else 0o750)
        self.ends(self.box.run(prefix=prefix), 0, "ok")
        self.whole(count)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs two users")
    def test_a_drop_in_that_may_not_be_read_does_not_stop_the_others(self):
        self.box.install()
        os.makedirs(self.box.queue)
        for folder in (self.box.state, self.box.queue):
            os.chown(folder, 65534, 65534)
        for i in range(10):
            support.drop(self.box.queue, f"drop-{i}.json", support.dumps(support.alert(1000 + i)))
        os.chmod(os.path.join(self.box.queue, "drop-3.json"), 0o600)  # of root
        for _ in range(2):
            result = self.box.run(prefix=AS_NOBODY)
            self.assertIn(result.code, (0, 73, 74), str(result))
            self.assertIn("drop-3.json", result.err)
        self.assertEqual(self.box.waiting(), ["drop-3.json"], "the others go on")
        self.assertEqual(self.box.heartbeat()["totals"]["triaged"], ALERTS + 9)
        os.chmod(os.path.join(self.box.queue, "drop-3.json"), 0o644)
        self.ends(self.box.run(prefix=AS_NOBODY), 0, "ok")
        self.whole(ALERTS + 10)

    @unittest.skipUnless(can_mount(), "cannot mount")
    def test_a_disk_that_fills_up(self):
        for size in ("600k", "1m", "2m", "3m"):
            with self.subTest(size=size):
                self.fill_disk(size)

    def fill_disk(self, size):
        self.box = support.Sandbox("full")
        self.addCleanup(self.box.remove)
        count = 1500
        self.box.pipeline(self.box.alerts(count), cap=500, head="batch = 100\n" + NO_MARKS)
        os.makedirs(self.box.state)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", self.box.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.box.state], check=False)
        for _ in range(2):
            result = self.box.run(watch=False)
            self.assertEqual(result.code, 73, str(result))
            self.assertIn("space", result.err)
        support.say(f"{size}: {result.err.strip().splitlines()[-1][:200]}")
        subprocess.run(["mount", "-o", "remount,size=200m", self.box.state], check=True)
        self.ends(self.box.run(), 0, "ok")
        self.whole(count)

    @unittest.skipUnless(can_mount(), "cannot mount")
    def test_a_cadence_outlives_a_full_disk(self):
        """A run that cannot even write its heartbeat is one that failed: the next one is tried."""
        os.makedirs(self.box.state)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "tmpfs", self.box.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.box.state], check=False)
        self.box.pipeline(self.source, head=NO_MARKS)
        process = self.popen("--every", "1s")

        def statuses():
            return [json.loads(line)["status"] for line in self.box.output()[0].splitlines()]
        support.until(lambda: process.poll() is not None or "ok" in statuses(), "a run", 30)
        filler = self.state("filler")
        with open(filler, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 512)
            except OSError:
                pass
        support.until(lambda: process.poll() is not None or "failed" in statuses(), "a run on the full disk", 30)
        self.assertIsNone(process.poll(), self.box.output()[1])
        os.unlink(filler)
        support.until(lambda: process.poll() is not None or statuses()[-1] == "ok", "a run with room", 30)
        os.kill(process.pid, signal.SIGTERM)
        self.assertEqual(process.wait(30), 0, self.box.output()[1])
        self.whole()

    def test_a_disk_that_is_nearly_full_holds_the_source_back_then_stops_the_run(self):
        """Marks over any disk's size stand for a disk that is under them."""
        alerts = self.box.alerts(ALERTS)
        more_than_any = 1 << 30
        for i in range(10):
            support.drop(self.box.queue, f"drop-{i}.json", support.dumps(support.alert(1000 + i)))
        self.box.pipeline(alerts, head=f"[disk]\nlow_mib = {more_than_any}\ncritical_mib = {more_than_any}")
        report = self.ends(self.box.run(), 73, "degraded")
        self.assertEqual(report["disk"]["pressure"], "critical")
        self.assertEqual((report["counts"]["fetched"], report["queue"]["depth_end"]), (0, 10))
        self.box.pipeline(alerts, head=f"[disk]\nlow_mib = {more_than_any}")
        result = self.box.run()
        report = self.ends(result, 73, "degraded")
        self.assertEqual((report["failed_stage"], report["disk"]["pressure"]), ("poll", "low"))
        self.assertIn("held back", report["error"])
        self.assertIn("low_mib", result.err)
        self.assertEqual((report["counts"]["triaged"], report["queue"]["depth_end"]), (10, 0), "what waits goes on")
        self.box.pipeline(alerts)
        report = self.ends(self.box.run(), 0, "ok")
        self.assertEqual((report["disk"]["pressure"], report["counts"]["triaged"]), ("none", ALERTS))
        self.whole(ALERTS + 10)

    # ---- the lock

    def test_a_second_run_steps_aside(self):
        self.box.pipeline(self.box.alerts(SLOW_ALERTS), cap=200, head="batch = 50")
        first = self.popen("--drain")
        # A history is kept from the moment that there is a ledger: one without the other means that a ledger was lost.
        support.until(
            lambda: first.poll() is not None or (self.box.worker(first) and os.path.exists(self.state("state.db"))),
            "the first run",
        )
        os.kill(first.pid, signal.SIGSTOP)  # the supervisor: the lock stays held, whatever its worker does
        lock = support.read(self.state("lock"))
        self.assertEqual(json.loads(lock)["pid"], first.pid)
        second = self.box.run(watch=False)
        self.ends(second, 75, "skipped_locked")
        self.assertIn("another run", second.err)
        self.assertEqual(support.read(self.state("lock")), lock)
        self.assertEqual(self.box.history()[-1]["status"], "skipped_locked")
        self.assertNotEqual(self.box.heartbeat()["status"], "skipped_locked", "the heartbeat is the winner's")
        reconcile = self.box.call("reconcile", self.box.toml, "--state", self.box.state, watch=False)
        self.assertEqual(reconcile.code, 75, str(reconcile))
        self.assertEqual(support.read(self.state("lock")), lock)
        os.kill(first.pid, signal.SIGCONT)
        self.assertEqual(first.wait(support.TIMEOUT_S), 0, self.box.output()[1])
        self.box.pipeline(self.source)
        self.ends(self.box.run(), 0, "ok")
        self.whole(SLOW_ALERTS)

    def test_a_lock_file_without_a_holder_is_no_obstacle(self):
        os.makedirs(self.box.state)
        for text in ("", "{}", "garbage", '{"pid":1,"run_id":"x"}', '{"pid":999999999}', '{"pid":"x"}', '{"pid":-1}',
                     "[" * 5000):
            support.write(self.state("lock"), text)
            self.ends(self.box.run(), 0, "ok")
        self.whole()

    def test_a_lock_that_a_foreign_process_holds(self):
        os.makedirs(self.box.state)
        for text in ("", '{"pid":"x"}', "[]", '{"pid":1e99}', json.dumps({"pid": os.getpid()})):
            with open(support.write(self.state("lock"), text), "rb") as f:
                fcntl.flock(f, fcntl.LOCK_EX)
                result = self.box.run()
                self.ends(result, 75, "skipped_locked")
                self.assertEqual(support.read(self.state("lock")).decode(), text)
        self.ends(self.box.run(), 0, "ok")  # the history holds only runs that were skipped
        self.whole()

    def test_many_runs_at_once_are_one_after_the_other_or_skipped(self):
        support.write_jsonl(self.source, [support.alert(i) for i in range(500)])
        self.box.pipeline(self.source, cap=100)
        arguments = [self.box.program, "run", self.box.toml, "--drain", "--format", "json", "--state", self.box.state]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        runs = [subprocess.Popen(arguments, cwd=self.box.canary, **pipes) for _ in range(6)]
        reports = []
        for process in runs:
            out, err = process.communicate(timeout=support.TIMEOUT_S)
            self.assertIn(process.returncode, (0, 75), err.decode())
            reports.append(json.loads(out))
        self.ends(self.box.run(), 0, "ok")
        self.whole(500)
        statuses = [r["status"] for r in reports]
        support.say(f"of 6 runs at once {statuses.count('ok')} ran and {statuses.count('skipped_locked')} were skipped")

    # ---- signals

    def test_sigterm_finishes_the_batch_and_ends_well(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number.name):
                self.box = support.Sandbox("signal")
                self.addCleanup(self.box.remove)
                self.box.pipeline(self.box.alerts(SLOW_ALERTS), cap=SLOW_ALERTS, head="batch = 50")
                process = self.popen("--drain")
                self.first_batch(process)
                os.kill(process.pid, number)
                self.assertEqual(process.wait(60), 0, self.box.output()[1])
                report = json.loads(self.box.output()[0])
                self.assertEqual(report["status"], "ok")
                self.assertEqual(os.listdir(self.state("active")), [], "the batch was finished")
                self.assertEqual(self.box.heartbeat()["run_id"], report["run_id"])
                self.assertEqual(self.box.heartbeat()["status"], "ok")
                oracle.check_sums(self, report, oracle.books_of(self.box))
                reconcile = self.box.call("reconcile", self.box.toml, "--state", self.box.state)
                self.assertEqual(reconcile.code, 0, str(reconcile))
                support.say(f"{number.name} after {report['counts']['triaged']} of {SLOW_ALERTS}; "
                            f"{report['queue']['depth_end']} wait")
                self.assertEqual(report["queue"]["depth_end"], len(self.box.waiting()))
                self.ends(self.box.run(), 0, "ok")
                self.whole(SLOW_ALERTS)

    def test_every_stays_and_ends_with_sigterm(self):
        process = self.popen("--every", "1s")
        support.until(lambda: process.poll() is not None or self.runs() >= 2, "two runs", 30)
        support.drop(self.box.queue, "late.json", support.dumps(support.alert(5000)))
        support.until(lambda: process.poll() is not None or self.runs() >= 4, "two more", 30)
        self.assertIsNone(process.poll(), self.box.output()[1])
        started = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        self.assertEqual(process.wait(30), 0, self.box.output()[1])
        self.assertLess(time.monotonic() - started, 5, "it waits for nobody between two runs")
        lines = [json.loads(line) for line in self.box.output()[0].splitlines()]
        self.assertGreaterEqual(len(lines), 4)
        self.assertEqual({r["status"] for r in lines}, {"ok"})
        self.assertEqual(len({r["run_id"] for r in lines}), len(lines))
        self.assertEqual(self.whole(ALERTS + 1).of("quarantined"), {})

    def test_a_worker_that_is_killed_has_its_commits_counted(self):
        self.box.pipeline(self.box.alerts(SLOW_ALERTS), head="batch = 10")
        process = self.popen("--drain")
        self.first_batch(process)
        worker = self.box.worker(process)
        self.assertIsNotNone(worker, self.box.output()[1])
        os.kill(worker, signal.SIGKILL)
        self.assertEqual(process.wait(support.TIMEOUT_S), 70, self.box.output()[1])
        report = self.box.heartbeat()
        self.assertGreater(report["counts"]["triaged"], 0)
        for name in ("fetched", "accepted", "triaged"):
            self.assertEqual(report["counts"][name], report["totals"][name], name)
        self.ends(self.box.run(), 0, "ok")
        last_of = {r["run_id"]: r for r in self.box.history()}  # a line for each pass
        self.assertEqual(sum(r["counts"]["triaged"] for r in last_of.values()), SLOW_ALERTS)
        self.whole(SLOW_ALERTS)

    def test_a_run_that_could_not_begin_leaves_the_facts_of_the_one_before(self):
        before = self.ends(self.box.run(), 0, "ok")
        support.drop(self.box.queue, "late.json", support.dumps(support.alert(5000)))
        text = support.read(self.box.toml).decode()
        support.write(self.box.toml, text.replace("cap = ", "caps = "))
        self.assertEqual(self.box.run().code, 78)
        heartbeat = self.box.heartbeat()
        self.assertEqual(heartbeat["queue"]["depth_end"], 1, "it was looked at")
        for part in ("totals", "ledger", "reconcile", "poll"):
            self.assertEqual(heartbeat[part], {**before[part], "as_of_run_id": before["run_id"]}, part)
        support.write(self.box.toml, text)
        after = self.ends(self.box.run(), 0, "ok")
        self.assertNotIn("as_of_run_id", after["totals"])
        self.whole(ALERTS + 1)

    def runs(self):
        try:
            return len(self.box.history())
        except (FileNotFoundError, ValueError):
            return 0


if __name__ == "__main__":
    support.main()
