#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The N-th call that can fail does fail, for every N and every error, once and from then on.

The run ends by itself, with a code of the contract and a sentence; it says `ok` only if everything was done all the
same; after the cause is gone a plain run gives complete and right books. A wall clock that jumps is no fault: the run
is `ok`. Environment: tests/crash/sweep.py; SF_ERRORS: only these, separated by commas ("EIO,EIO+,short").
"""
import datetime
import json
import os
import re
import signal
import time
import unittest

import sweep
from sweep import Finding, Scenario, Shim, Tally, sample, support

# Which calls give which error. Not what no file system does: a rename needs no descriptor, a read no space.
CLASSES = {
    "ENOSPC": "create,write,move,sync,truncate",
    "EIO": "create,write,move,remove,sync,truncate,meta,open,read,list,stat",
    "EMFILE": "create,open",
    "EACCES": "create,open,move,remove,meta",
    "EROFS": "create,write,move,remove,sync,truncate,meta",
    "ENOMEM": "create,open,move,remove,read,list,stat,map",
    "EINTR": "create,open,read,write,sync,truncate",
    "short": "write",
}
LASTING = ("ENOSPC", "EIO", "EMFILE", "EACCES", "EROFS", "ENOMEM", "short")  # EINTR for ever is no error, but a hang
CODES = (0, 70, 73, 74)
# What the error is called, by the C library and by SQLite, which takes a read error for damage ("malformed").
NAMED = re.compile(
    "No space left|Input/output error|Too many open files|Permission denied|Read-only file system|"
    "Cannot allocate memory|Interrupted system call|database or disk is full|disk I/O error|out of memory|bad_alloc|"
    "unable to open database file|readonly database|locking protocol|disk image is malformed")
IN_CI = {"EIO": 5, "ENOSPC": 4}  # points of each sweep; 3 of the others
MEMORY_STEP = 401
OUT_OF_MEMORY = "malloc"  # a fault without a place; while plugins are looked at, it passes for one of theirs (78)


def judge(scenario, box, shim, error, result):
    """How the struck run ended."""
    report = result.report if result.out else None
    if result.code == 0 and report is not None and report["status"] == "ok":
        scenario.check(box)  # nothing may be missing
        return
    check_sentence(box, error, result, report)
    heartbeat = read_heartbeat(box)
    lasts = error.endswith("+")
    if report is None:
        # It came to no run, and stderr says why. A run that got to its last heartbeat has a report.
        ran = heartbeat is not None and heartbeat["status"] != "running" and error != OUT_OF_MEMORY
        if result.code == 0 or ran:
            raise Finding("silent", f"neither a report nor a failure: {result}")
        return
    about_heartbeat = shim.path_struck.startswith("/.tmp-") or "heartbeat" in shim.path_struck or shim.path_struck == ""
    if lasts or about_heartbeat:  # what was written before stays
        if heartbeat and heartbeat["run_id"] == report["run_id"] and heartbeat["status"] == "ok" and not lasts:
            raise Finding("heartbeat", f"it says ok, the report says {report['status']}: {result}")
        return
    if not heartbeat or heartbeat["run_id"] != report["run_id"] or heartbeat["status"] != report["status"]:
        says = heartbeat and (heartbeat["run_id"], heartbeat["status"])
        raise Finding("heartbeat", f"it says {says}, the report {report['run_id']}, {report['status']}: {result}")


def check_sentence(box, error, result, report):
    """The code is one of the contract's, and somebody says what went wrong and where."""
    memory = error == OUT_OF_MEMORY
    if memory and result.code == -signal.SIGABRT and not os.path.exists(box.state + "/lock"):
        return  # before main(): nobody is there yet who could say more than "terminate called"
    if result.code not in CODES and not (memory and result.code == 78):
        raise Finding("code", f"exit {result.code} is none of {CODES}: {result}")
    said = result.err + (json.dumps(report) if report else "")
    if not NAMED.search(said):
        raise Finding("sentence", f"nobody says what it was: {result}")
    if box.state not in said and not memory:
        raise Finding("sentence", f"nobody says where it was: {result}")


def read_heartbeat(box):
    try:
        return box.heartbeat()
    except FileNotFoundError:
        return None


class FaultSweep(unittest.TestCase):
    def strike(self, scenario, classes, at, error):
        """One point; False where the run ended before its N-th call."""
        box = scenario.box()
        try:
            shim = Shim(box, classes, at, "ENOMEM" if error == OUT_OF_MEMORY else error)
            result = shim.call(box, *scenario.drain(box))
            if not shim.fired:
                return False
            try:
                judge(scenario, box, shim, error, result)
                self.heal(scenario, box, result)
            except Finding as e:
                raise Finding(e.kind, f"{error} at {shim.where}: {e}") from e
            return True
        finally:
            box.remove()

    def heal(self, scenario, box, result):
        try:
            scenario.recover(box)
        except Finding as e:
            raise Finding(e.kind, f"{e}\n--- it came after {result}") from e

    def sweep_error(self, error):
        if os.environ.get("SF_ERRORS") and error not in os.environ["SF_ERRORS"].split(","):
            self.skipTest("not in SF_ERRORS")
        classes = CLASSES[error.rstrip("+")]
        tally = Tally(f"fault {error}")
        scenario = Scenario(0)
        count = scenario.learn(classes)
        points = sample(count, IN_CI.get(error.rstrip("+"), 3), error)
        tally.run(f"{len(points)} of {count} calls", points, lambda at: self.strike(scenario, classes, at, error))
        tally.end(self)

    def test_a_disk_that_is_full_from_a_force_to_disk_on(self):
        """Each of them, always: what was written and not forced the next run may find, although this one was told that
        it is not there, and had no second chance to overwrite it."""
        tally = Tally("fault full from a sync on")
        scenario, classes = Scenario(0), CLASSES["ENOSPC"]
        scenario.learn(classes)
        points = sweep.ONLY or self.calls_of("sync", scenario, classes)
        tally.run(f"{len(points)} calls", points, lambda at: self.strike(scenario, classes, at, "ENOSPC+"))
        tally.end(self)

    def calls_of(self, kind, scenario, classes):
        """The numbers of the calls of one class among those of `classes`."""
        box = scenario.box()
        try:
            trace = os.path.join(box.base, "trace")
            Shim(box, classes, trace=trace).call(box, *scenario.drain(box))
            lines = [line.split(" ") for line in support.read(trace).decode().splitlines()]
            return [int(number) for number, _, _, found, *_ in lines if found == kind]
        finally:
            box.remove()

    def test_an_allocation_that_fails(self):
        """Memory is asked for too often to try every time: a sample, at even distances."""
        tally = Tally("fault malloc")
        scenario = Scenario(0)
        scenario.offers_again = True
        count = scenario.learn("malloc")
        points = sample(count, 4, "malloc")[::MEMORY_STEP if support.FULL else 1]
        tally.run(f"{len(points)} of {count} calls", points,
                  lambda at: self.strike(scenario, "malloc", at, OUT_OF_MEMORY))
        tally.end(self)

    def test_a_clock_that_jumps(self):
        """The wall clock jumps at the N-th change, and is right again in the next run: nothing depends on its order."""
        for jump in ("clock-back", "clock-ahead"):
            tally = Tally(f"fault {jump}")
            scenario, self.jumped = Scenario(0), 0
            count = scenario.learn(sweep.CHANGES)
            points = sample(count, 4, jump)
            tally.run(f"{len(points)} of {count} calls", points, lambda at: self.jump(scenario, at, jump))
            tally.end(self)
            self.assertGreater(self.jumped, 0, "no run saw the jump")

    def jump(self, scenario, at, jump):
        box = scenario.box()
        try:
            shim = Shim(box, sweep.CHANGES, at, jump)
            result = shim.call(box, *scenario.drain(box))
            if not shim.fired:
                return False
            try:
                report = result.report
                if result.code != 0 or report["status"] != "ok" or not 0 <= report["duration_s"] <= sweep.HANG_S:
                    raise Finding("status", f"the run itself: {result}")
                said = datetime.datetime.fromisoformat(report["finished"]).timestamp()
                self.jumped += abs(said - time.time()) > 1800
                scenario.check(box)
                scenario.recover(box)
                scenario.rerun(box)
            except Finding as e:
                raise Finding(e.kind, f"{jump} at {shim.where}: {e}") from e
            return True
        finally:
            box.remove()


def add_test(error, name):
    setattr(FaultSweep, f"test_{name}", lambda self: self.sweep_error(error))


for _error in CLASSES:
    add_test(_error, f"{_error}_once")
    if _error in LASTING:
        add_test(_error + "+", f"{_error}_from_then_on")


if __name__ == "__main__":
    sweep.main()
