#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`plugin check`: the shipped sources hold what the kit asks, and each broken one of tests/plugins is caught.

Goal: a broken source fails exactly the checks that its bug is about; a check that does not apply says why.
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SF_BUILD", "")
PROGRAM = os.path.join(os.path.abspath(BUILD), "bin", "signalfoundry")
FULL, MAX, RESUME, KILL = (
    "poll-honours-full-and-redelivers", "poll-respects-max", "open-garbage-position", "kill-at-every-position",
)  # fmt: skip
# A bug may show in more than one promise: who pushes too much does it in every check that polls with less.
ZOO = {
    "zoo_right": {},
    "zoo_loses_on_full": {FULL: "failed"},
    "zoo_pushes_after_full": {FULL: "failed"},
    "zoo_ignores_max": {MAX: "failed", KILL: "failed", "clock-jump-in-run": "failed"},
    "zoo_moves_first": {KILL: "failed", "fs-vanish-on-every-call": "failed"},
    "zoo_same_position": {"positions-unique": "failed"},
    "zoo_hangs_on_stop": {"stop-unblocks-poll": "failed"},
    "zoo_crashes": {RESUME: "crashed"},
    "zoo_skips_garbage": {RESUME: "failed"},
    "zoo_skips_vanished": {"fs-vanish-on-every-call": "failed"},
}
SPLUNK = os.path.join(ROOT, "tests/conformance/splunk")


def check(what, *arguments):
    """(exit code, outcomes)"""
    done = subprocess.run([PROGRAM, "plugin", "check", what, "--format", "json", *arguments], capture_output=True,
                          text=True, timeout=300, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def bad(outcomes):
    return {one["check"]: one["status"] for one in outcomes if one["status"] in ("failed", "crashed", "warning")}


class PluginCheck(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="sf-check-")
        self.addCleanup(self.place.cleanup)

    def settings(self, text):
        path = os.path.join(self.place.name, "settings.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("[settings]\n" + text)
        return path

    def zoo(self, name, *arguments):
        return check(os.path.join(BUILD, "test-plugins", name + ".sfplugin.so"), *arguments)

    def test_each_broken_source_is_caught_by_the_checks_of_its_bug(self):
        settings = self.settings('path = "{dir}"\n')
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            got = pool.map(lambda name: self.zoo(name, "--settings", settings, "--protocol", "directory"), ZOO)
            for (name, wanted), (code, outcomes) in zip(ZOO.items(), got):
                with self.subTest(name):
                    self.assertEqual(bad(outcomes), wanted, outcomes)
                    self.assertEqual(code, 1 if wanted else 0)
                    self.assertTrue(all(one["why"] for one in outcomes if one["status"] != "passed"))

    def test_a_partial_page_that_is_taken_for_whole_is_caught(self):
        settings = self.settings('url = "{url}"\nca_file = "{ca_file}"\n')
        for name, wanted in [("trusting_looks", {}),
                             ("trusting_blindly", {"partial-timed-out": "failed", "partial-shards": "failed"})]:
            code, outcomes = self.zoo(name, "--settings", settings, "--protocol", "opensearch", "--only", "*t*ed*")
            more_code, more = self.zoo(name, "--settings", settings, "--protocol", "opensearch", "--only", "partial-*")
            self.assertEqual(bad(more), wanted, more)
            self.assertEqual(more_code, 1 if wanted else 0)
            self.assertIn("http-truncated-body", [one["check"] for one in outcomes if one["status"] == "passed"])
            self.assertEqual(code, more_code)

    def test_the_shipped_sources_hold_all_that_applies(self):
        with open(os.path.join(ROOT, "docs/reference/conformance.md"), encoding="utf-8") as file:
            page = file.read()
        sources = {"source_wazuh": 80, "source_elastic": 40, "source_file": 35, "source_kafka": 3, "source_splunk": 3}
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            got = list(pool.map(check, sources))
        for (name, least), (code, outcomes) in zip(sources.items(), got):
            with self.subTest(name):
                self.assertEqual(bad(outcomes), {}, outcomes)
                self.assertEqual(code, 0)
                for one in outcomes:
                    self.assertIn(f"| `{one['check']}` |", page)
                self.assertGreaterEqual(sum(one["status"] == "passed" for one in outcomes), least)

    def test_a_source_of_any_http_protocol_is_checked_by_a_script(self):
        code, outcomes = check("source_splunk", "--settings", f"{SPLUNK}/settings.toml", "--script", SPLUNK)
        self.assertEqual((code, bad(outcomes)), (0, {}), outcomes)
        passed = {one["check"] for one in outcomes if one["status"] == "passed"}
        self.assertLessEqual({"open-fresh", "http-500", "http-truncated-body", "http-429", "tls-expired"}, passed)

    def test_what_is_wrong_is_said_before_anything_runs(self):
        for arguments, code, said in [
            (["triage_policy"], 78, "is no source"),
            (["source_file", "--only", "no-such-check"], 64, "no check has the name"),
            (["source_file", "--protocol", "files"], 64, "go with --settings"),
            (["source_file", "--settings", self.settings("paht = 1\n"), "--protocol", "files"], 78, "unknown key"),
        ]:
            done = subprocess.run([PROGRAM, "plugin", "check", *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, done)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_two_mistakes_in_the_settings_are_two_lines(self):
        wrong = self.settings("paht = 1\nfollw = true\n")
        done = subprocess.run([PROGRAM, "plugin", "check", "source_file", "--settings", wrong, "--protocol", "files"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 78, done)
        lines = done.stderr.splitlines()
        self.assertEqual([line.split(": ")[0] for line in lines], [f"{wrong}:1:1", f"{wrong}:2:1", f"{wrong}:3:1"], lines)


if __name__ == "__main__":
    if not BUILD:
        print("SF_BUILD is not set")
        sys.exit(77)
    unittest.main()
