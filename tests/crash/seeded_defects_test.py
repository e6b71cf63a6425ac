#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The power sweeps can fail: each defect of defects/*.patch, built into a copy of the program, is caught by them.

A patch begins with a sentence that says what it breaks. The program without a patch must pass the same points.

SF_FULL=1   every defect; otherwise only whether the patches still fit, and then the test is skipped: it builds the
            program once and a part of it for each defect
SF_DEFECTS  the names of the defects to try, with spaces between them
SF_TREES   how many trees of the power model a defect has until it must be caught
SF_SEED     the seed of all sweeps
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import unittest

import power_books
from power_books import support

HERE = os.path.dirname(os.path.abspath(__file__))
POINTS = int(os.environ.get("SF_TREES") or 1000)
CUTS = 60  # of the real file system, for the defects that it shows
SEED = power_books.seed()
ON_EXT4 = ("batch_not_forced",)  # what an ext4 without luck shows as well
BUILD_TIMEOUT_S = 1500


def defects():
    names = sorted(os.path.basename(p)[:-len(".patch")] for p in glob.glob(os.path.join(HERE, "defects", "*.patch")))
    wanted = os.environ.get("SF_DEFECTS", "").split() or names
    assert set(wanted) <= set(names), f"there is no defect {set(wanted) - set(names)}"
    return wanted


class Copy:
    """A copy of the source tree that is built without its tests; with ccache a build is one file and a link."""

    def __init__(self, folder):
        self.root = os.path.join(folder, "source")
        self.build = os.path.join(self.root, "build", "dev")
        shutil.copytree(support.SOURCE, self.root, symlinks=True, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
        self.environment = {k: v for k, v in os.environ.items() if k not in ("SF_TREES", "SF_DEFECTS", "SF_COUNTERS")}
        self.environment.update(CCACHE_BASEDIR=self.root, CCACHE_NOHASHDIR="1", SF_SEED=str(SEED), SF_FAILURES="1",
                                SF_BUILD=self.build, SF_SOURCE=support.SOURCE)
        self.call("cmake", "--preset", "dev", "-DBUILD_TESTING=OFF")

    def call(self, *command, data=None):
        done = subprocess.run(command, cwd=self.root, env=self.environment, input=data, capture_output=True,
                              timeout=BUILD_TIMEOUT_S, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout.decode()[-3000:]}{done.stderr.decode()[-3000:]}"

    def make(self):
        self.call("cmake", "--build", self.build)

    def patch(self, text, *options):
        self.call("patch", "-p1", "--batch", "--forward", "--fuzz=0", *options, data=text)

    def sweep(self, name, **size):
        """Runs a sweep against the copy; gives its exit code, its counters, and what it said."""
        counters = os.path.join(self.root, "counters")
        if os.path.exists(counters):
            os.unlink(counters)
        environment = dict(self.environment, SF_COUNTERS=counters, **{k: str(v) for k, v in size.items()})
        done = subprocess.run([sys.executable, os.path.join(HERE, name + "_test.py")], env=environment,
                              capture_output=True, text=True, check=False)
        lines = support.read(counters).decode().splitlines() if os.path.exists(counters) else []
        return done.returncode, json.loads(lines[-1]) if lines else {}, done.stdout + done.stderr


def reason_to_skip():
    if shutil.which("patch") is None or shutil.which("cmake") is None:
        return "there is no patch or no cmake"
    if not support.FULL and not os.environ.get("SF_DEFECTS"):
        return "a build for each defect takes minutes: nightly (SF_FULL=1), or for those that SF_DEFECTS names"
    return None


def misfits():
    """The patches that do not fit the sources any more."""
    def fits(name):
        command = ["patch", "-p1", "--dry-run", "--batch", "--forward", "--fuzz=0", "-i", os.path.join(HERE, "defects", name + ".patch")]
        return subprocess.run(command, cwd=support.SOURCE, capture_output=True, check=False).returncode == 0

    return [name for name in defects() if not fits(name)]


class SeededDefects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        support.say(f"SF_SEED={SEED}")
        cls.box = support.Sandbox("defects")
        cls.addClassCleanup(cls.box.remove)
        cls.copy = Copy(cls.box.base)

    def test_every_defect_is_caught(self):
        for name in defects():
            text = support.read(os.path.join(HERE, "defects", name + ".patch"))
            with self.subTest(name):
                self.copy.patch(text)
                try:
                    self.copy.make()
                    self.is_caught(name, text, "power_model", SF_TREES=POINTS)
                    if name in ON_EXT4:
                        self.is_caught(name, text, "power_ext4", SF_CUTS=CUTS)
                finally:
                    self.copy.patch(text, "--reverse")

    def is_caught(self, name, text, sweep, **size):
        code, counters, said = self.copy.sweep(sweep, **size)
        if code == 77:
            return support.say(f"{name}: {sweep} is skipped here")
        self.assertEqual(code, 1, f"{name} was not caught by {sweep} within {size}: {text.decode().splitlines()[0]}\n{said[-3000:]}")
        self.assertGreater(counters.get("failures", 0), 0, f"{name}: {sweep} failed, but not because of the books:\n{said[-3000:]}")
        return support.say(f"{name}: caught by {sweep} within {counters['points']} points ({counters['lost']} lost, "
                           f"{counters['doubled']} doubled): {text.decode().splitlines()[0]}")

    def test_the_program_without_a_defect_passes_the_same_points(self):
        self.copy.make()
        for sweep, size in (("power_model", {"SF_TREES": POINTS}), ("power_ext4", {"SF_CUTS": CUTS})):
            code, counters, said = self.copy.sweep(sweep, **size)
            self.assertIn(code, (0, 77), said[-5000:])
            support.say(f"without a defect: {sweep}: {counters}")


if __name__ == "__main__":
    why = reason_to_skip()
    if shutil.which("patch") and misfits():
        sys.exit(f"these defects do not fit the sources any more, so they are not tried: {misfits()}")
    if why:
        print("skipped: " + why)
        sys.exit(77)
    support.main()
