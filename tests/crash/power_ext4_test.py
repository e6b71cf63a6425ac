#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power loss on a real file system: the state directory on ext4 in a loop-mounted image, as root.

A drain is ended at a random moment: EXT4_IOC_SHUTDOWN without flushing the log (what xfstests calls godown), so that
nothing that ext4 had not sent to the disk gets there; then SIGKILL, unmount, mount (the journal is replayed), and the
program starts again. Sometimes the power goes once more while it recovers. In the end the books are right by id.

Counted are alerts that the source gives again, and drop-ins that their producer forced to disk. A careless producer
drops some that it did not force: each of them may vanish or lose its bytes, but not be counted twice.

SF_CUTS: how many cuts in the middle of a run (default by SF_FULL). SF_SEED: the seed; it repeats all but the moments.
"""
import concurrent.futures
import ctypes
import errno
import fcntl
import json
import multiprocessing
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import unittest

import power_books
from power_books import support

CUTS = int(os.environ.get("SF_CUTS") or (1000 if support.FULL else 80))
PROCESSES = 2
SEED = power_books.seed()
IMAGE_BYTES = 48 << 20
SOURCE, DROP_INS = 200, 30
LATE = 6  # drop-ins of a life that come while the program runs; and as many careless ones
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NOLOGFLUSH = 2
MNT_DETACH = 2
# How much ext4 leaves to chance: when the journal commits, and whether bytes go before the names.
MOUNTS = ("commit=1", "commit=5", "commit=300", "commit=300", "commit=300,data=writeback", "commit=5,noauto_da_alloc",
          "commit=300,nodelalloc")
LIBC = ctypes.CDLL(None, use_errno=True)


class Volume:
    """An ext4 image and where it is mounted."""

    def __init__(self, folder, mount_point):
        self.folder, self.lives = folder, 0
        self.image = ""
        self.template = os.path.join(folder, "template")
        self.point = mount_point
        os.makedirs(mount_point, exist_ok=True)
        with open(self.template, "wb") as f:
            f.truncate(IMAGE_BYTES)
        call("mkfs.ext4", "-q", "-F", "-b", "4096", "-O", "^resize_inode", self.template)

    def fresh(self):
        """Another file each time: what could not be unmounted keeps its own."""
        if self.image:
            os.unlink(self.image)
        self.lives += 1
        self.image = os.path.join(self.folder, f"image-{self.lives}")
        call("cp", "--sparse=always", self.template, self.image)

    def mount(self, options):
        call("mount", "-o", "loop," + options, self.image, self.point)

    def unmount(self):
        """False when somebody still holds it: what was killed may take a while to go on a busy machine."""
        deadline = time.monotonic() + 60
        while LIBC.umount2(self.point.encode(), 0) != 0 and ctypes.get_errno() != errno.EINVAL:  # that: not mounted
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def forget(self):
        LIBC.umount2(self.point.encode(), MNT_DETACH)

    def force(self):
        """syncfs: sync would wait for the disks of everybody else."""
        fd = os.open(self.point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            assert LIBC.syncfs(fd) == 0, "the image cannot be forced to disk"
        finally:
            os.close(fd)

    def cut_power(self):
        fd = os.open(self.point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        finally:
            os.close(fd)


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"


class Producer(threading.Thread):
    """Drops alerts while the program runs, half of them forced to disk; `sure` are those that have to survive."""

    def __init__(self, queue, first, pause_s):
        super().__init__(daemon=True)
        self.queue, self.first, self.pause_s = queue, first, pause_s
        self.stop = threading.Event()
        self.sure, self.careless = set(), set()

    def run(self):
        for i in range(self.first, self.first + 2 * LATE):
            if self.stop.wait(self.pause_s):
                return
            try:
                self.drop(i, careful=i % 2 == 0)
            except OSError:
                return  # the power is off

    def drop(self, i, careful):
        document = support.alert(i)
        temporary = os.path.join(self.queue, f".late-{i}")
        with open(temporary, "wb") as f:
            f.write(support.dumps(document).encode())
            f.flush()
            if careful:
                os.fsync(f.fileno())
        self.careless.add(document["id"])
        os.rename(temporary, os.path.join(self.queue, f"late-{i}.json"))
        if careful:
            fd = os.open(self.queue, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
            self.sure.add(document["id"])


class Sweep:
    """The share of one process."""

    def __init__(self, cuts, number):
        self.random = random.Random(SEED * PROCESSES + number)
        self.cuts = cuts
        self.tally = power_books.Tally()
        self.box = power_books.Sandbox(f"power-ext4-{number}")
        self.mount_point = self.box.state
        self.box.state = os.path.join(self.mount_point, "sf")
        self.box.queue = os.path.join(self.box.state, "queue")
        self.volume = Volume(self.box.base, self.mount_point)
        self.test = unittest.TestCase()
        self.whole_s = 0.5
        self.options = ""

    def prepare(self):
        """A new image with a part of the queue on it, forced to disk."""
        self.alerts = power_books.Alerts(SOURCE, DROP_INS)
        self.alerts.prepare(self.box, self.random.choice((4, 9, 25)), self.random.choice((60, 2000)), 2,
                            follow=self.random.random() < 0.7)
        self.volume.fresh()
        self.options = self.random.choice(MOUNTS)
        self.volume.mount(self.options)
        os.makedirs(self.box.queue)
        self.alerts.drop(self.box.queue)
        self.volume.force()
        self.careless = set()
        self.late = SOURCE + DROP_INS

    def cut_once(self):
        """A drain that the power ends; True when it was in the middle of it."""
        producer = Producer(self.box.queue, self.late, self.random.uniform(0, self.whole_s / LATE))
        self.late += 2 * LATE
        process = self.box.start("--drain")
        producer.start()
        ledger = os.path.join(self.box.state, "state.db")
        if self.random.random() < 0.9:  # the others hit the start
            support.until(lambda: process.poll() is not None or os.path.exists(ledger), "a ledger")
        deadline = time.monotonic() + self.random.uniform(0, 0.9) * self.whole_s
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.0005)
        running = process.poll() is None
        if not running:
            self.whole_s *= 0.9  # the machine was slower when it was measured
        begun = os.path.exists(ledger)
        workers = support.children(process.pid)
        self.volume.cut_power()
        for pid in [process.pid, *workers]:
            support.kill(pid, signal.SIGKILL)
        process.wait(60)
        producer.stop.set()
        producer.join(60)
        self.alerts.ids |= producer.sure
        self.careless |= producer.careless
        self.test.assertTrue(self.volume.unmount(), "the image cannot be unmounted")
        self.volume.mount(self.options)
        where = f"in the middle, {self.options}" if running and begun else "at the start" if running else "at the end"
        self.tally.note("cut " + where)
        return running and begun

    def life(self):
        """From an empty state directory to books that are right, through one or more power losses."""
        done = []
        try:
            self.prepare()
            books = Books(self.test, self.box, self.alerts, self.tally)
            for _ in range(self.random.choice((1, 2, 2, 3, 4))):
                middle = self.cut_once()
                self.tally.count(int(middle))
                done.append("in the middle" if middle else "at an end")
                books.before_the_start()
            books.check(whole=self.random.random() < 0.3, optional=self.careless)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding about this life
            self.tally.fail(f"SF_SEED={SEED}: {self.options}, cuts {done}", error)
            if support.KEEP:
                shutil.copytree(self.box.state, self.box.base + f"-failure-{self.tally.failures}", symlinks=True)
        finally:
            if not self.volume.unmount():
                self.volume.forget()

    def measure(self):
        """How long a drain takes, so that the cuts spread over it."""
        self.prepare()
        try:
            process = self.box.start("--drain")
            ledger = os.path.join(self.box.state, "state.db")
            support.until(lambda: process.poll() is not None or os.path.exists(ledger), "a ledger")
            started = time.monotonic()
            self.test.assertEqual(process.wait(support.TIMEOUT_S), 0, self.box.output())
            self.whole_s = time.monotonic() - started
        finally:
            self.volume.unmount()

    def run(self):
        try:
            self.measure()
            while self.tally.points < self.cuts and not self.tally.full():
                self.life()
        finally:
            self.volume.forget()
            self.box.remove()
        return self.tally


def is_json(data):
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


class Books(power_books.Books):
    """As elsewhere, but a careless producer's file may have lost its bytes: then it is quarantined as what it is."""

    def count(self, books, optional=()):
        super().count(books, optional)
        accepted = books.of("accepted")
        for key, entry in books.of("quarantined").items():
            if accepted[key]["sha256"] not in self.alerts.broken:
                data = support.read(os.path.join(self.box.state, "quarantine", entry["file"]))
                self.test.assertFalse(is_json(data), f"quarantined, and whole: {entry} {data!r}")


def sweep(cuts, number):
    return Sweep(cuts, number).run()


def reason_to_skip():
    if os.geteuid() != 0:
        return "mounting an image needs root"
    if not os.path.exists("/dev/loop-control") or shutil.which("mkfs.ext4") is None:
        return "there are no loop devices or no mkfs.ext4"
    box = support.Sandbox("power-probe")
    try:
        volume = Volume(box.base, box.state)
        volume.fresh()
        volume.mount("commit=5")
        volume.cut_power()
        volume.unmount()
    except (AssertionError, OSError) as error:
        return f"ext4 in a loop-mounted image does not work here: {error}"
    finally:
        box.remove()
    return None


class PowerExt4(unittest.TestCase):
    def test_after_a_power_loss_every_alert_has_one_verdict(self):
        why = reason_to_skip()
        if why:
            self.skipTest(why)
        support.say(f"SF_SEED={SEED}, {CUTS} cuts")
        clock, tally = power_books.Clock(), power_books.Tally()
        fork = multiprocessing.get_context("fork")
        with concurrent.futures.ProcessPoolExecutor(PROCESSES, mp_context=fork) as pool:
            for part in pool.map(sweep, power_books.share(CUTS, PROCESSES), range(PROCESSES)):
                tally.add(part)
        tally.publish("power_ext4", clock.seconds())
        self.assertFalse(tally.messages, "\n\n".join(tally.messages))
        self.assertGreaterEqual(tally.points, CUTS)
        self.assertEqual((tally.lost, tally.doubled), (0, 0))


if __name__ == "__main__":
    sys.modules["power_ext4_test"] = sys.modules["__main__"]
    support.main()
