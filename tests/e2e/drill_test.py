#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`drill race` on a live queue: what vanishes under it is counted, what it cannot handle fails it, nothing is changed.

SF_FILES: how many (10,000; 505,836 with SF_FULL=1).
"""
import json
import os
import shutil
import subprocess
import unittest

import mover_test
import support

FILES = int(os.environ.get("SF_FILES") or (505_836 if support.FULL else 10_000))


class Drill(mover_test.WithMovers):
    def drill(self, code, *arguments, prefix=()):
        result = self.box.call("drill", "race", self.box.toml, "--state", self.box.state, "--format", "json",
                               *arguments, prefix=prefix, watch=False)
        self.assertEqual(result.code, code, str(result))
        report = json.loads(result.out)
        for level in report["levels"]:
            names = level["enumerated"]
            for guard in level["guards"]:
                self.assertEqual(guard["touched"], names)
                outcomes = (guard[outcome] for outcome in ("present", "vanished", "changed", "unhandled"))
                self.assertEqual(guard["touched"], sum(outcomes))
                names = guard["present"]
        return report

    def test_while_the_pipeline_drains_and_others_take(self):
        mover_test.fill(self.box.queue, FILES)
        self.box.pipeline(cap=2000)
        self.mover("move", 0.0015)
        self.mover("delete", 0.0008)
        process = self.popen("--drain")
        self.first_batch(process)
        vanished, drills = 0, 0
        while not vanished and process.poll() is None:
            report = self.drill(0)
            drills += 1
            self.assertEqual(report["verdict"], "pass")
            self.assertEqual([level["level"] for level in report["levels"]], ["sample", "listing"])
            self.assertLessEqual(report["levels"][0]["enumerated"], 3)
            guards = report["levels"][1]["guards"]
            vanished += sum(guard["vanished"] for guard in guards)
        self.assertGreater(vanished, 0, "nothing vanished under the drill: it showed nothing")
        self.assertEqual(process.wait(1800), 0, self.box.output()[1])
        self.taken_by_movers()
        totals = self.ends(self.box.run(watch=False), 0, "ok")["totals"]
        self.assertEqual(totals["quarantined"], 0)
        support.say(f"{report['levels'][1]['enumerated']} of {FILES} files listed, {vanished} vanished under {drills} "
                    f"drills, none unhandled; {totals['triaged']} triaged meanwhile")

    def test_it_changes_nothing_and_says_what_it_cannot_handle(self):
        for i in range(50):
            support.drop(self.box.queue, f"alert-{i:03d}.json", support.dumps(support.alert(i)))
        os.mkdir(os.path.join(self.box.queue, "a-directory.json"))
        self.box.pipeline()
        before = support.tree(self.box.base)
        report = self.drill(0, "--sample", "7")
        self.assertEqual([level["enumerated"] for level in report["levels"]], [7, 50])
        result = self.box.call("drill", "race", self.box.toml, "--state", self.box.state)
        self.assertIn("VERDICT: PASS", result.out)
        self.assertEqual(support.differences(before, support.tree(self.box.base)), [])
        if not shutil.which("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode:
            raise unittest.SkipTest("strace may not trace here")
        broken = ("env", "SIGNALFOUNDRY_ALLOW_CORE=1", "strace", "-f", "-o", "/dev/null", "-e", "trace=newfstatat", "-P", "alert-007.json", "-e",
                  "inject=newfstatat:error=EIO")
        report = self.drill(1, prefix=broken)
        self.assertEqual(report["verdict"], "fail")
        level = report["levels"][1]
        self.assertEqual((level["unhandled"], level["guards"][0]["present"]), (1, 49))
        self.assertIn("alert-007.json", level["errors"][0])

    def test_without_a_queue_it_says_so(self):
        self.box.pipeline()
        result = self.box.call("drill", "race", self.box.toml, "--state", self.box.state)
        self.assertEqual(result.code, 74)
        self.assertIn("there is no queue", result.err)


if __name__ == "__main__":
    support.main()
