#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power loss in a model of the disk: no root needed, and harsher than any one file system (power_model/disk.py).

A run is recorded, operation by operation; for many moments of it a directory tree is built as the disk may look after
the power went, with any subset of what was not forced to disk. The program starts on that tree, and the books must be
right by id. Some of these starts are recorded as well, and cut: the power goes again while it recovers. So is a
`reconcile --repair` of processed files that somebody deleted.

SF_TREES: how many trees (default by SF_FULL). SF_SEED: the seed; it repeats the choices, not the scheduling of threads.
SF_ONLY: stop at the first failure and keep its sandbox.
"""
import concurrent.futures
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import unittest

import power_books
from power_books import support

from power_model import disk, recording

POINTS = int(os.environ.get("SF_TREES") or (4000 if support.FULL else 240))
PROCESSES = 2
OF_ONE_RECORDING = 24
OF_A_RECOVERY = 6
OF_A_REPAIR = 6
SEED = power_books.seed()


class Sweep:
    """The share of one process: recordings, and cuts in them."""

    def __init__(self, points, number):
        self.random = random.Random(SEED * PROCESSES + number)
        self.points, self.number = points, number
        self.tally = power_books.Tally()
        self.box = power_books.Sandbox(f"power-model-{number}")
        self.library = recording.build_recorder(self.box.base)
        self.test = unittest.TestCase()
        self.test.maxDiff = 2000
        self.seen = set()

    def record(self):
        """What a run does to the state directory that is there."""
        log = os.path.join(self.box.base, "operations")
        return recording.record(self.box.state, log, self.library, self.box.environment, self.program)

    def repair(self):
        result = self.box.call("reconcile", self.box.toml, "--state", self.box.state, "--repair", "--yes", watch=False)
        self.test.assertEqual(result.code, 0, str(result))

    def new_state(self, tree=None):
        if os.path.isdir(self.box.state):
            shutil.rmtree(self.box.state)
        if tree is not None:
            tree.build(self.box.state)
        else:
            os.makedirs(self.box.queue)

    def acknowledged(self, cuts):
        """For each moment right after the log of the database was forced: how many entries are on disk for sure."""
        out = [(0, 0)]
        state = cuts.trees[0].dirs[cuts.trees[0].root]
        for i, op in enumerate(cuts.ops):
            if op.type not in recording.SYNCS:
                continue
            tree = cuts.whole(i + 1)
            state = tree.dirs[tree.root]
            if op.type == recording.SYNCFS or op.inode in (state.get(b"state.db"), state.get(b"state.db-wal")):
                out.append((i + 1, self.entries(tree)))
        return out

    def entries(self, tree):
        if tree.find(b"state.db") is None:
            return 0
        with tempfile.TemporaryDirectory(dir=self.box.base) as folder:
            for name in (b"state.db", b"state.db-wal"):
                if tree.find(name) is not None:
                    support.write(os.path.join(folder, name.decode()), bytes(tree.find(name)))
            try:
                return len(power_books.entries_of(os.path.join(folder, "state.db")))
            except sqlite3.Error:
                return 0

    def choose_cut(self, cuts):
        """Mostly the end of what one force to disk was for: there the most is at stake."""
        kind = self.random.random()
        if kind < 0.6:
            return self.random.choice(cuts.before_syncs())
        return self.random.choice(cuts.moments()) if kind < 0.9 else self.random.choice(cuts.before_syncs()) + 1

    def point(self, cuts, acknowledged, ledger, what):
        """One tree, one start, the books; gives the recording of that start, if there is one."""
        cut = self.choose_cut(cuts)
        mode = self.random.choices([m for m, _ in disk.MODES], [w for _, w in disk.MODES])[0]
        tree, missing = cuts.left(cut, mode, self.random)
        digest = hash(tuple(sorted((path, bytes(tree.files.get(ino, b""))) for path, ino in tree.walk())))
        if digest in self.seen:
            return None
        self.seen.add(digest)
        self.tally.count(1)
        self.tally.note(f"{mode} in {what}")
        sure = max(count for moment, count in acknowledged if moment <= cut)
        try:
            self.new_state(tree)
            self.books.before_the_start()
            again = self.record() if what == "a run" and self.random.random() < 1 / OF_A_RECOVERY else None
            if what == "a repair":
                self.repair()
            self.books.check(whole=self.random.random() < 0.2, acknowledged=ledger[:sure])
            return again
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding about this tree
            said = "\n".join(repr(op) for op in missing[:40])
            last = cuts.ops[cut - 1] if cut else "nothing"
            self.tally.fail(f"SF_SEED={SEED}: cut after operation {cut} of {len(cuts.ops)} ({last}), {mode}, in {what}; "
                            f"{len(missing)} operations are missing:\n{said}", error)
            if os.environ.get("SF_ONLY"):
                tree.build(self.box.base + "-left")
                raise
            return None

    def of_recording(self, made, points, what):
        cuts = disk.Disk(made)
        state = os.path.join(self.box.base, "after")
        made.after.build(state)
        ledger = power_books.entries_of(os.path.join(state, "state.db"))
        shutil.rmtree(state)
        acknowledged = self.acknowledged(cuts)
        self.tally.note(f"recordings of {what}")
        done, tries = 0, 0
        while done < points and tries < 10 * points and self.tally.points < self.points and not self.tally.full():
            before, tries = self.tally.points, tries + 1
            again = self.point(cuts, acknowledged, ledger, what)
            done += self.tally.points - before
            if again is not None and len(again.ops) > 1:
                self.of_recording(again, OF_A_RECOVERY, "a recovery")

    def life(self):
        source, drop_ins = self.random.choice(((40, 14), (12, 30), (60, 0), (6, 5), (6, 5)))
        alerts = power_books.Alerts(source, drop_ins)
        alerts.prepare(self.box, self.random.choice((1, 5, 11)), self.random.choice((13, 2000)), self.random.choice((1, 2)),
                       follow=self.random.random() < 0.7)
        self.books = power_books.Books(self.test, self.box, alerts, self.tally)
        self.new_state()
        alerts.drop(self.box.queue)
        self.program = self.books.finish
        made = self.record()
        self.of_recording(made, OF_ONE_RECORDING, "a run")
        self.new_state(made.after)
        for folder, _, names in os.walk(os.path.join(self.box.state, "processed")):
            for name in names[::3]:
                os.unlink(os.path.join(folder, name))
        self.program = self.repair
        self.of_recording(self.record(), OF_A_REPAIR, "a repair")

    def run(self):
        try:
            while self.tally.points < self.points and not self.tally.full():
                try:
                    self.life()
                except AssertionError as error:
                    self.tally.fail(f"SF_SEED={SEED}: a run that nobody disturbed", error)
        finally:
            self.box.remove()
        return self.tally


def sweep(points, number):
    return Sweep(points, number).run()


def reason_to_skip():
    if shutil.which(os.environ.get("CC", "cc")) is None:
        return "there is no C compiler for the recorder"
    program = support.read(support.PROGRAM) if support.PROGRAM else b""
    if b"__asan_init" in program or b"__tsan_init" in program:
        return "a sanitizer's runtime must be loaded before the recorder"
    return None


class PowerModel(unittest.TestCase):
    def test_after_a_power_loss_every_alert_has_one_verdict(self):
        why = reason_to_skip()
        if why:
            self.skipTest(why)
        support.say(f"SF_SEED={SEED}, {POINTS} trees")
        clock, tally = power_books.Clock(), power_books.Tally()
        fork = multiprocessing.get_context("fork")
        with concurrent.futures.ProcessPoolExecutor(PROCESSES, mp_context=fork) as pool:
            for part in pool.map(sweep, power_books.share(POINTS, PROCESSES), range(PROCESSES)):
                tally.add(part)
        tally.publish("power_model", clock.seconds())
        self.assertFalse(tally.messages, "\n\n".join(tally.messages))
        self.assertEqual((tally.points, tally.lost, tally.doubled), (POINTS, 0, 0))


if __name__ == "__main__":
    sys.modules["power_model_test"] = sys.modules["__main__"]
    support.main()
