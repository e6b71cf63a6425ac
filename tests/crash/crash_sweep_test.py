#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A run is killed before its N-th call that changes anything, for every N, and started again: the books are right.

Environment: tests/crash/sweep.py.
"""
import os
import random
import shutil
import subprocess
import unittest

import sweep
from sweep import CHANGES, Finding, Scenario, Shim, Tally, oracle, sample, support

SCENARIOS = int(os.environ.get("SF_SCENARIOS") or (6 if support.FULL else 1))
RERUN_EVERY = 4  # a third run after each point would be a third of the time


def scenarios():
    """The first is always the same; the others are drawn, every third of them longer."""
    for i in range(SCENARIOS):
        seed = 0 if i == 0 else sweep.SEED + i
        yield Scenario(seed, size=30 if i % 3 == 2 else 14, notifies=True)


def strike(box, scenario, at, do):
    """A run that is killed at a point; gives its shim, or None when it was over before."""
    shim = Shim(box, CHANGES, at, do)
    result = shim.call(box, *scenario.drain(box))
    if not shim.fired:
        if result.code != 0:
            raise Finding("unstruck", f"it ended by itself: {result}")
        return None
    if do == "kill" and result.code != -9:
        raise Finding("unstruck", f"killed before {shim.where}, but it went on: {result}")
    if do == "kill-worker":
        check_obituary(box, shim, result)
    return shim


def check_obituary(box, shim, result):
    """The supervisor outlives its worker and says so; only after the last word the worker's end tells nothing new."""
    if result.code == 0 and result.report["status"] == "ok":
        return
    heartbeat = box.heartbeat()
    if result.code != 70 or heartbeat["status"] != "failed" or "signal 9" not in heartbeat["error"]:
        raise Finding("heartbeat", f"a worker that was killed before {shim.where}: {heartbeat['status']}: {result}")


class CrashSweep(unittest.TestCase):
    def sweep(self, name, do, wanted):
        tally = Tally(name)
        for scenario in scenarios():
            count = scenario.learn(CHANGES)

            def point(at, scenario=scenario):
                box = scenario.box()
                try:
                    shim = strike(box, scenario, at, do)
                    if shim is None:
                        return False
                    self.after(scenario, box, at, shim.where)
                    return True
                finally:
                    box.remove()

            points = sample(count, wanted, name)
            tally.run(f"seed {scenario.seed}", points, point)
            self.beyond(tally, scenario, point, points[-1] if sweep.ONLY else count)
        tally.end(self)

    def beyond(self, tally, scenario, point, count):
        """A killed run may take another way than the one that was counted: on, until one is not killed."""
        more = count + 1
        while support.FULL and not sweep.ONLY and more < count + 500:
            before = tally.points
            tally.run(f"seed {scenario.seed} beyond", [more], point)
            if tally.points == before:
                return
            more += 1

    def after(self, scenario, box, at, where):
        try:
            scenario.recover(box)
            if at % RERUN_EVERY == 0:
                scenario.rerun(box)
        except Finding as e:
            raise Finding(e.kind, f"killed before {where}: {e}") from e

    def test_a_run_that_is_killed_before_any_change(self):
        self.sweep("crash", "kill", 20)

    def test_a_worker_that_is_killed_before_any_change(self):
        self.sweep("crash of the worker", "kill-worker", 8)

    # ---- a second crash, inside the recovery from the first

    def struck_state(self, scenario, at, keep):
        """Where the first crash left the state directory."""
        box = scenario.box()
        self.addCleanup(box.remove)
        if strike(box, scenario, at, "kill") is None:
            return None
        subprocess.run(["cp", "-a", box.base, keep], check=True)
        return box

    def again(self, box, keep):
        """A sandbox with that state; its pipeline file names its own directory. The input is the same inode: a source
        with a cursor knows its file by that."""
        other = support.Sandbox("second")
        shutil.rmtree(other.base)
        subprocess.run(["cp", "-a", keep, other.base], check=True)
        shutil.rmtree(other.input)
        subprocess.run(["cp", "-al", box.input, other.input], check=True)
        support.write(other.toml, support.read(other.toml).replace(box.base.encode(), other.base.encode()))
        return other

    def count_of_recovery(self, scenario, box, keep):
        other = self.again(box, keep)
        try:
            shim = Shim(other, CHANGES)
            result = shim.call(other, *scenario.drain(other))
            self.assertEqual(result.code, 0, str(result))
            return shim.count
        finally:
            other.remove()

    def test_a_recovery_that_is_killed_before_any_change(self):
        tally = Tally("crash in recovery")
        scenario = Scenario(0)
        count = scenario.learn(CHANGES)
        for first in sweep.shuffled(range(8, count, max(1, count // (12 if support.FULL else 4)))):
            if tally.cut:
                break
            keeper = support.Sandbox("keep")
            self.addCleanup(keeper.remove)
            keep = os.path.join(keeper.base, "kept")
            box = self.struck_state(scenario, first, keep)
            if box is None:
                continue

            def point(at, box=box, keep=keep, first=first):
                other = self.again(box, keep)
                try:
                    shim = strike(other, scenario, at, "kill")
                    if shim is None:
                        return False
                    self.after(scenario, other, at, f"call {first}, then before {shim.where}")
                    return True
                finally:
                    other.remove()

            points = sample(self.count_of_recovery(scenario, box, keep), 2, f"recovery {first}")
            tally.run(f"after {first}", points, point)
            keeper.remove()
            box.remove()
        tally.end(self)

    # ---- the repair

    def damaged(self, scenario):
        """A state directory in order, but that some processed files are gone; and their keys."""
        box = scenario.box()
        scenario.recover(box)
        gone = sorted(oracle.dated(os.path.join(box.state, "processed")))[::3]
        for date, name in gone:
            os.unlink(os.path.join(box.state, "processed", date, name))
        return box, {name[:32] for _, name in gone}

    def test_a_repair_that_is_killed_before_any_change(self):
        tally = Tally("crash in repair")
        scenario = Scenario(0)
        scenario.learn(CHANGES)
        repair = ("reconcile", "--repair", "--yes")

        def struck(at):
            box, gone = self.damaged(scenario)
            try:
                shim = Shim(box, CHANGES, at)
                result = shim.call(box, *repair, box.toml)
                restored = {name[:32] for _, name in oracle.dated(os.path.join(box.state, "processed"))} & gone
                unnoted = restored - set(oracle.books_of(box).of("repair"))
                if unnoted:
                    raise Finding("repair", f"killed before {shim.where}: restored without an entry: {unnoted}")
                if not shim.fired:
                    self.assertEqual(result.code, 0, str(result))
                    return shim.count, False
                done = box.call(*repair, box.toml, "--state", box.state, watch=False)
                if done.code != 0:
                    raise Finding("repair", f"killed before {shim.where}; the repair after it: {done}")
                self.after(scenario, box, at, shim.where)
                return shim.count, True
            finally:
                box.remove()

        count = struck(0)[0]
        tally.run("repair", sample(count, 4, "repair"), lambda at: struck(at)[1])
        tally.end(self)

    # ---- the rebuild of a ledger

    def without_ledger(self, scenario, damaged):
        """A state directory in order whose ledger is gone, or damaged; and the verdicts that it had."""
        box = scenario.box()
        scenario.recover(box)
        verdicts = oracle.books_of(box).of("verdict")
        for name in ("state.db", "state.db-wal", "state.db-shm"):
            if os.path.exists(os.path.join(box.state, name)):
                os.unlink(os.path.join(box.state, name))
        if damaged:
            support.write(os.path.join(box.state, "state.db"), "what is left of a ledger")
        return box, verdicts

    def check_rebuilt(self, scenario, box, before, damaged):
        """A run after it finds only duplicates; each verdict is what it was."""
        result = box.call(*scenario.drain(box), "--state", box.state, watch=False)
        if result.code != 0 or result.report["counts"]["accepted"] != 0:
            raise Finding("rebuild", f"the run after it: {result}")
        scenario.check(box, learned=False)
        after = oracle.books_of(box).of("verdict")
        for key, verdict in before.items():
            if (verdict["seq"], verdict["disposition"]) != (after[key]["seq"], after[key]["disposition"]):
                raise Finding("verdict", f"{after[key]} instead of {verdict}")
        kept = [n for n in os.listdir(box.state) if n.startswith("state.db.damaged-")]
        if len(kept) != damaged:
            raise Finding("rebuild", f"the damaged ledger is kept {len(kept)} times: {kept}")

    def test_a_rebuild_that_is_killed_before_any_change(self):
        tally = Tally("crash in rebuild")
        scenario = Scenario(0)
        scenario.learn(CHANGES)

        def struck(at, damaged):
            box, before = self.without_ledger(scenario, damaged)
            try:
                rebuild = ("ledger", "rebuild", box.toml, "--yes")
                shim = Shim(box, CHANGES, at)
                result = shim.call(box, *rebuild)
                if not shim.fired:
                    self.assertEqual(result.code, 0, str(result))
                    return shim.count, False
                again = box.call(*rebuild, "--state", box.state, watch=False)
                if again.code not in (0, 64):  # 64: it was done, but for the sweeping up
                    raise Finding("rebuild", f"killed before {shim.where}; the rebuild after it: {again}")
                self.check_rebuilt(scenario, box, before, damaged)
                return shim.count, True
            finally:
                box.remove()

        for damaged in (False, True):
            name = "damaged" if damaged else "lost"
            points = sample(struck(0, damaged)[0], 8, "rebuild " + name)
            tally.run(name, points, lambda at, damaged=damaged: struck(at, damaged)[1])
        tally.end(self)

    # ---- the sweep itself

    def test_the_sweep_sees_a_rename_and_a_write_that_never_happened(self):
        """A disk that lies is what the checks must notice: without this a sweep that finds nothing says nothing."""
        scenario = Scenario(0)
        # Of the lying writes many are repaired by the run itself, and those of one kind stand in a row: points by lot.
        for classes, points, wanted in (("move", 6, 0.5), ("write", 16, 0.1)):
            count = scenario.learn(classes)

            def lie(at, classes=classes):
                box = scenario.box()
                try:
                    Shim(box, classes, at, "lie").call(box, *scenario.drain(box))
                    scenario.check(box)
                    return False
                except Finding:
                    return True
                finally:
                    box.remove()

            lot = random.Random(1).sample(range(1, count + 1), min(points, count))
            seen = sweep.in_parallel(lot, lie)
            support.say(f"{seen.count(True)} of {len(seen)} lies ({classes}) were seen")
            self.assertGreaterEqual(seen.count(True), wanted * len(seen))


if __name__ == "__main__":
    sweep.main()
