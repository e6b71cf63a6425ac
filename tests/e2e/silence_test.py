#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Silence is not health: a host that is not heard of, a canary that does not come out, and an empty feed are in the
heartbeat, in the metrics and in `status` of the very run, and gone from them when they are over.

No test waits: alerts are as old as the test says, and a canary is due in each run.
"""
import json
import os
import sqlite3
import time

import oracle
import support
from support import EndToEnd, read, write, write_jsonl

HOSTS = """[[stage.settings.hosts]]
name = "ws-01"
aliases = ["ws-01.corp.example"]
longest_silence = "1h"
[[stage.settings.hosts]]
name = "ws-02"
longest_silence = "1h"
"""
CANARY = """[[stage.settings.canaries]]
name = "own"
source = "canary"
every = "0s"
within = "0s"
disposition = "review"
"""


class Silence(EndToEnd):
    def pipeline(self, settings, canary=False, policy=support.POLICY):
        self.source = os.path.join(self.box.input, "alerts.jsonl")
        self.made = []
        write_jsonl(self.source, [])
        self.box.pipeline(self.source, policy=policy)
        if canary:
            self.box.add_stage("cap", "canary", "source_canary", 'every = "0s"')
        self.box.add_stage("reconcile", "coverage", "coverage", settings)

    def alert(self, host, age_s=0, **rule):
        """Another alert in the source's file."""
        n = len(self.made) + 1
        at = time.time() - age_s
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}+0000"
        self.made.append({
            "timestamp": stamp, "id": f"{int(at)}.{n}", "agent": {"id": f"{n:03d}", "name": host},
            "rule": {"id": "5710", "level": 5, "description": "sshd", "groups": ["sshd"], **rule}, "full_log": str(n)})
        write_jsonl(self.source, self.made)

    def metric(self, name):
        for line in read(os.path.join(self.box.state, "metrics.prom")).decode().splitlines():
            if line.startswith(f'signalfoundry_{name}{{stage="coverage"}} '):
                return float(line.split()[-1])
        raise AssertionError(f"no metric {name}")

    def status(self, code):
        result = self.box.call("status", self.box.toml, "--state", self.box.state, "--format", "json")
        self.assertEqual(result.code, code, str(result))
        return result.report

    def run_ok(self, **options):
        report = self.ends(self.box.run(**options), 0, "ok")
        self.assertEqual(report["coverage"]["findings"], [])
        heartbeat = self.box.heartbeat()
        self.assertEqual((heartbeat["status"], heartbeat["coverage"]), ("ok", report["coverage"]))
        self.assertEqual(self.metric("coverage_findings"), 0)
        status = self.status(0)
        self.assertEqual((status["health"], status["watched"]["coverage"]), ("healthy", report["coverage"]))
        return report

    def run_degraded(self, *sentences, **options):
        """The run is degraded, and report, heartbeat, metrics and status say each of these."""
        report = self.ends(self.box.run(**options), 0, "degraded")
        heartbeat = self.box.heartbeat()
        self.assertEqual(heartbeat["status"], "degraded")
        self.assertEqual(heartbeat["coverage"], report["coverage"])
        status = self.status(1)
        self.assertEqual(status["health"], "degraded")
        for sentence in sentences:
            self.assertTrue(any(sentence in f for f in report["coverage"]["findings"]), report["coverage"]["findings"])
            self.assertTrue(any(sentence in reason for reason in status["reasons"]), status["reasons"])
        self.assertEqual(self.metric("coverage_findings"), len(report["coverage"]["findings"]))
        return report

    def test_a_host_falls_silent_and_comes_back(self):
        self.pipeline(HOSTS)
        self.alert("WS-01.corp.example", 1800)
        self.alert("ws-02", 1700)
        report = self.run_ok()
        self.assertEqual(report["coverage"]["hosts"]["covered"], 2)
        self.assertEqual(self.metric("coverage_hosts_covered"), 2)
        text = self.box.call("status", self.box.toml, "--state", self.box.state).out
        self.assertIn("\ncoverage  hosts 2 of 2\n", text)

        # An hour later in the life of ws-02: the memory of it is older, and the next run brings nothing of it.
        self.age("ws-02", 3600)
        self.alert("ws-01")
        report = self.run_degraded("host ws-02 is silent: its newest alert is 1 h 28 min old, and 1 h is the bound")
        self.assertEqual(report["coverage"]["hosts"]["silent"], 1)
        self.assertIn("host ws-02 is silent", report["error"])
        self.assertEqual(self.metric("coverage_hosts_silent"), 1)
        self.run_degraded("host ws-02 is silent")  # a run without any alert renews it

        self.alert("ws-02")
        self.run_ok()
        self.assertEqual(self.metric("coverage_hosts_silent"), 0)
        oracle.check(self, self.box)

    def age(self, host, seconds):
        """Makes what coverage keeps of a host so much older: time passes without a sleep."""
        with sqlite3.connect(os.path.join(self.box.state, "state.db")) as db:
            (text,) = db.execute("SELECT value FROM state WHERE stage = 'coverage' AND key = 'watch.0'").fetchone()
            kept = json.loads(text)
            kept["hosts"][host]["last"] -= seconds * 1000
            db.execute("UPDATE state SET value = ? WHERE stage = 'coverage' AND key = 'watch.0'", (json.dumps(kept),))
        db.close()

    def test_an_empty_feed_is_never_green(self):
        self.pipeline('freshness_max = "2h"')
        self.alert("a", 7190)
        self.alert("a", 7300)
        report = self.run_ok()
        self.assertEqual(report["coverage"]["freshness"]["alerts"], 2)
        self.assertGreater(report["coverage"]["freshness"]["age_high_s"], 7290)
        self.pipeline('freshness_max = "1h"')
        report = self.run_degraded("the newest alert of all is 1 h 59 min old, and 1 h is the bound")
        self.assertEqual(report["counts"]["fetched"], 0)

    def test_an_alert_whose_time_cannot_be_read_renews_nothing(self):
        self.pipeline(HOSTS)
        self.alert("ws-01", 60)
        self.alert("ws-02", 5000)
        self.run_degraded("host ws-02 is silent")
        self.alert("ws-02")
        self.made[-1]["timestamp"] = "yesterday"
        write_jsonl(self.source, self.made)
        report = self.run_degraded("host ws-02 is silent")
        self.assertEqual((report["counts"]["triaged"], report["coverage"]["freshness"]["without_time"]), (1, 1))
        self.assertEqual(self.metric("coverage_without_time"), 1)
        self.alert("ws-02")
        self.assertEqual(self.run_ok()["coverage"]["freshness"]["without_time"], 0)

    def test_a_run_without_coverage_says_of_which_run_it_is(self):
        self.pipeline(HOSTS)
        self.alert("ws-01", 7200)
        first = self.run_degraded("host ws-01 is silent")
        # The stage is there and cannot work: what it found last stays, with the run that it is of.
        write(self.box.toml, read(self.box.toml).decode().replace("[[stage.settings.hosts]]\nname = \"ws-01\"",
                                                                  "[[stage.settings.hosts]]\nname = \"ws-02\""))
        report = self.ends(self.box.run(), 78, "failed")
        self.assertIn("stands for two hosts", report["error"])
        self.assertEqual(report["coverage"]["as_of_run_id"], first["run_id"])
        self.assertTrue(any("host ws-01 is silent" in r for r in self.status(2)["reasons"]))

    def test_an_alias_of_two_hosts_is_a_configuration_error(self):
        self.pipeline('[[stage.settings.hosts]]\nname = "HO-RUNNER-01"\naliases = ["host01"]\n'
                      '[[stage.settings.hosts]]\nname = "HO-WS-01"\naliases = ["host01"]\n')
        result = self.box.call("validate", self.box.toml)
        self.assertEqual(result.code, 78, str(result))
        self.assertRegex(result.err, r'alias "host01" stands for two hosts, "HO-RUNNER-01" and "HO-WS-01"')
        self.ends(self.box.run(), 78, "failed")

    def test_an_inventory_is_read(self):
        write(os.path.join(self.box.base, "hosts.json"),
              json.dumps({"hosts": [{"name": "ws-01", "longest_silence": "1h"}]}))
        self.pipeline('inventory = "hosts.json"')
        self.alert("ws-01", 7200)
        self.run_degraded("host ws-01 is silent")

    def test_a_canary_comes_out(self):
        self.pipeline(CANARY, canary=True)
        for number in (1, 2):
            report = self.run_ok()
            self.assertEqual(report["coverage"]["canaries"]["came_out"], 1)
            self.assertEqual(report["coverage"]["canaries"]["came_out_total"], number)
            self.assertEqual(report["counts"]["review"], 1)
        self.assertIsNone(report["coverage"]["freshness"]["newest"])
        verdicts = [json.loads(line) for line in self.box.call(
            "ledger", "export", "--state", self.box.state).out.splitlines()]
        self.assertEqual([v["source"] for v in verdicts if v["kind"] == "verdict"], ["canary", "canary"])

    def test_a_policy_that_eats_the_canary_degrades_the_run(self):
        good = read(support.POLICY).decode()
        eats = '{ rule_id = 999999, groups = ["signalfoundry_canary"], reason = "noise" },'
        policy = write(os.path.join(self.box.base, "policy.toml"), good)
        self.pipeline(CANARY, canary=True, policy=policy)
        write(self.box.toml, read(self.box.toml).decode().replace(
            'every = "0s"\n', 'every = "0s"\nrule_id = "999999"\nlevel = 3\n', 1))
        self.run_ok()
        write(policy, good.replace("[benign]\nrules = [\n", f"[benign]\nrules = [\n  {eats}\n", 1))
        report = self.run_degraded("canary own came out as benign, not as review (alert ")
        self.assertEqual(report["coverage"]["canaries"]["failed"], 1)
        self.assertEqual(report["counts"]["benign"], 1)
        self.assertEqual(self.metric("coverage_canaries_failed"), 1)
        write(policy, good)
        self.run_ok()

    def test_a_canary_that_does_not_come_out_degrades_the_run(self):
        self.pipeline(CANARY, canary=True)
        self.run_ok()
        # Its source is gone from the pipeline, as if it had died.
        text = read(self.box.toml).decode()
        at = text.index('[[stage]]\nname = "canary"')
        write(self.box.toml, text[:at] + text[text.index('[[stage]]\nname = "cap"'):])
        self.run_degraded("canary own did not come out")
        write(self.box.toml, text)
        self.run_ok()

    def test_a_triage_that_breaks_degrades_the_run(self):
        self.pipeline(CANARY, canary=True)
        self.run_ok()
        broken = os.path.join(os.path.abspath(support.BUILD), "test-plugins", "throws_raw.sfplugin.so")
        good = read(self.box.toml).decode()
        at = good.index('name = "triage"\nplugin = "triage_policy"')
        end = good.index("[[stage]]", at)
        write(self.box.toml, good[:at] + f'name = "triage"\nplugin = {json.dumps(broken)}\n\n' + good[end:])
        report = self.box.run().report
        self.assertIn(report["status"], ("degraded", "failed"))
        self.assertTrue(any("canary own did not come out" in f for f in report["coverage"]["findings"]), report)
        self.assertEqual(report["coverage"]["canaries"]["failed"], 1)
        write(self.box.toml, good)
        report = self.run_ok()  # both come out: the one that waited, too
        self.assertEqual(report["coverage"]["canaries"]["came_out"], 2)

    def test_a_canary_does_not_speak_for_a_source_that_failed(self):
        self.pipeline(CANARY, canary=True)
        first = self.run_ok()
        self.assertNotIn("as_of_run_id", first["poll"])
        os.unlink(self.source)
        report = self.box.run().report
        self.assertEqual(report["status"], "degraded")
        self.assertEqual(report["poll"]["as_of_run_id"], first["run_id"])
        self.assertEqual(report["coverage"]["canaries"]["covered"], 1)


if __name__ == "__main__":
    support.main()
