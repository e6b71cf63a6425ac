#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plugins that are broken in one way each: stage, plugin and reason are named, and no alert is lost.

Uses the zoo of tests/plugins, built into SF_BUILD/test-plugins.
"""
import collections
import json
import os
import re
import tempfile
import unittest

import oracle
import support

ZOO = os.path.join(support.BUILD or "/", "test-plugins")
ALERTS = 40

# What cannot be loaded: animal -> pieces of the reason. Refused before anything is started.
REFUSED = {
    "wrong_major": ["2"], "no_entry": ["signalfoundry_plugin"], "undefined_symbol": ["a_function_of_no_library"],
    "missing_library": ["sf_absent"], "constructor_crashes": ["SIGSEGV"], "wrong_id": ["someone_else"],
    "bad_magic": [], "needs_minor": ["9"], "no_kinds": [], "unknown_kind": ["sf.future/1"],
    "missing_slot": ["configure"], "constructor_exits": ["3"], "throws_in_constructor": [],
    "throws_in_get": [], "short_struct": [], "tiny_symbol": [], "schema_not_json": ["schema"],
}


def plugin(name):
    return os.path.join(ZOO, name + ".sfplugin.so")


class Plugins(support.EndToEnd):
    def setUp(self):
        super().setUp()
        self.source = self.box.alerts(ALERTS)

    def need(self, name):
        if not os.path.exists(plugin(name)):
            self.skipTest(f"{plugin(name)} is not built")
        return plugin(name)

    def with_sick(self, path, before="cases", settings=""):
        self.box.pipeline(self.source)
        self.box.add_stage(before, "sick", path, settings)

    def recovers(self):
        """Without the bad stage everything is triaged, once."""
        self.box.pipeline(self.source)
        self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        verdicts = books.of("verdict")
        self.assertEqual({v["alert_id"] for v in verdicts.values()}, {support.alert(i)["id"] for i in range(ALERTS)})
        self.assertEqual(len(verdicts), ALERTS)
        self.assertEqual(books.of("quarantined"), {})
        return books

    def names_the_fault(self, text, *pieces):
        for piece in pieces:
            self.assertIn(piece, text)

    def check_failed(self, result, code, *pieces):
        """Message and heartbeat name stage, plugin and reason."""
        self.assertEqual(result.code, code, str(result))
        self.assertEqual(result.report["status"], "failed", str(result))
        heartbeat = self.box.heartbeat()
        self.assertEqual(heartbeat["run_id"], result.report["run_id"])
        self.assertEqual((heartbeat["status"], heartbeat["failed_stage"]), ("failed", "sick"))
        self.names_the_fault(heartbeat["error"], "sick", *pieces)
        self.names_the_fault(result.err, "sick", *pieces)
        self.assertEqual(self.box.history()[-1]["run_id"], heartbeat["run_id"], "the history has the failed run, too")
        waiting = len(self.box.waiting()) + len(os.listdir(os.path.join(self.box.state, "active")))
        self.assertEqual(heartbeat["totals"]["waiting"], waiting)
        self.assertEqual(heartbeat["queue"]["depth_end"], len(self.box.waiting()))
        support.say(heartbeat["error"])

    def first_half(self):
        """Some alerts have a verdict already, some wait."""
        self.box.pipeline(self.source, cap=ALERTS // 2)
        self.ends(self.box.run(drain=False), 0, "ok")
        self.assertEqual(len(self.box.waiting()), ALERTS // 2)

    def check_refused(self, path, name, pieces):
        self.first_half()
        before = support.tree(self.box.queue)
        self.with_sick(path)
        result = self.box.run()
        self.assertEqual(result.code, 78, str(result))
        self.names_the_fault(result.err, name, *pieces)
        self.assertRegex(result.err, re.escape(self.box.toml) + r":\d+:\d+: ")
        self.assertEqual(support.differences(before, support.tree(self.box.queue)), [])
        for line in result.err.splitlines():
            if name in line:
                support.say(line[:300])
                break
        heartbeat = self.box.heartbeat()
        self.assertEqual((heartbeat["status"], heartbeat["failed_stage"]), ("failed", "sick"), "it could not start")
        self.names_the_fault(heartbeat["error"], name, *pieces)
        self.recovers()

    def test_what_cannot_be_loaded_is_refused_before_the_start(self):
        there = [n for n in REFUSED if os.path.exists(plugin(n))]
        if not there:
            self.skipTest(f"no zoo in {ZOO}")
        for name in there if support.FULL else there[:6]:
            with self.subTest(plugin=name):
                self.box = support.Sandbox(name)
                self.addCleanup(self.box.remove)
                self.check_refused(plugin(name), name, REFUSED[name])

    def test_a_file_that_is_no_library(self):
        for data in (b"", b"not a library\n", b"\x7fELF" + b"\0" * 60, os.urandom(4096)):
            with self.subTest(data=data[:8]):
                self.box = support.Sandbox("no-library")
                self.addCleanup(self.box.remove)
                path = support.write(os.path.join(self.box.input, "broken.sfplugin.so"), data)
                self.check_refused(path, "broken", [])

    def test_a_plugin_that_is_not_there(self):
        self.check_refused("no_such_plugin", "no_such_plugin", [])

    def test_a_triage_plugin_that_throws(self):
        path = self.need("throws_raw")
        self.first_half()
        self.with_sick(path, before="triage")  # it is asked before the policy
        for _ in range(4):  # more often than an alert is tried: it is the plugin that fails, not the alert
            self.check_failed(self.box.run(), 70, "throws_raw", "past the wall")
            self.assertEqual(len(self.box.waiting()), ALERTS // 2)
        self.recovers()

    def test_a_triage_plugin_that_crashes(self):
        path = self.need("crash_triage")
        self.with_sick(path, before="triage")
        for _ in range(2):
            result = self.box.run()
            self.check_failed(result, 70, "crash_triage", "Segmentation fault")
            self.assertRegex(self.box.heartbeat()["error"], "on the alert of .*[0-9a-f]{32}")
        self.recovers()

    def test_a_stage_that_crashes_in_batch(self):
        path = self.need("crash_batch")
        self.first_half()
        self.with_sick(path)
        for _ in range(2):
            self.check_failed(self.box.run(), 70, "crash_batch", "batch", "Segmentation fault")
        self.recovers()

    def test_a_stage_that_crashes_in_the_very_first_run(self):
        self.with_sick(self.need("crash_batch"))
        self.check_failed(self.box.run(), 70, "crash_batch", "Segmentation fault")
        self.recovers()

    def test_a_notifier_that_crashes_on_some_messages(self):
        place = tempfile.TemporaryDirectory()  # outside of the sandbox: in it, only the state may change
        self.addCleanup(place.cleanup)
        log = os.path.join(place.name, "handed")
        self.with_sick(self.need("crash_notify"), settings=f'on = "event 3"\nlog = "{log}"')  # 3, and 30 to 39
        alerts = [support.alert(i) for i in range(ALERTS)]
        poisoned = {a["id"] for a in alerts if "event 3" in a["full_log"]}
        fresh, runs, codes = ALERTS, 0, []
        while not codes or codes[-1] == 70 or self.box.heartbeat()["outbox"]["waiting"]:
            result = self.box.run()
            codes.append(result.code)
            if result.code == 70:
                self.check_failed(result, 70, "crash_notify", "Segmentation fault", "on the message")
            else:  # it waits for one that is delivered
                self.ends(result, 0, "degraded")
                support.drop(self.box.queue, f"more-{fresh}.json", support.dumps(support.alert(400 + fresh)))
                fresh += 1
            runs += 1
            self.assertLess(runs, 5 * len(poisoned), "it comes to an end")
        support.say(f"{runs} runs, {codes.count(70)} crashes for {len(poisoned)} messages")
        books = oracle.books_of(self.box)
        ids = {key: verdict["alert_id"] for key, verdict in books.of("verdict").items()}
        self.assertEqual({ids[key] for key in books.of("undelivered")}, poisoned)
        self.assertEqual({ids[key] for key in books.of("notified")}, set(ids.values()) - poisoned)
        handed = collections.Counter(support.read(log).decode().splitlines())
        for text, times in handed.items():  # the first crash may have others handed over once more
            self.assertLessEqual(times, 4 if "event 3" in text else 2, text)

    def test_a_notifier_that_crashes_on_everything_empties_no_outbox(self):
        self.with_sick(self.need("crash_notify"), settings='on = "event"')
        for _ in range(2 * ALERTS):
            self.assertEqual(self.box.run().code, 70)
        for _ in range(3):
            self.ends(self.box.run(), 0, "degraded")
        self.assertRegex(self.box.heartbeat()["error"], f"{ALERTS} messages wait on which its notifier")
        self.assertEqual(self.box.heartbeat()["outbox"], {"waiting": ALERTS, "undeliverable": {}})
        self.with_sick(plugin("crash_notify"), settings='on = "nothing"')  # repaired
        self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        self.assertEqual(set(books.of("notified")), set(books.of("verdict")))

    def test_messages_of_a_stage_with_another_name(self):
        self.with_sick(self.need("crash_notify"), settings='on = "event"')
        self.check_failed(self.box.run(), 70, "crash_notify", "Segmentation fault", "on the message")
        self.assertEqual(self.box.heartbeat()["outbox"], {"waiting": ALERTS, "undeliverable": None}, "nobody looked")
        self.box.pipeline(self.source)
        result = self.box.run()
        self.ends(result, 0, "ok")
        self.assertEqual(self.box.heartbeat()["outbox"], {"waiting": ALERTS, "undeliverable": {"sick": ALERTS}})
        self.assertRegex(result.err, f'{ALERTS} messages of stage "sick" cannot be delivered')
        self.with_sick(plugin("crash_notify"))
        self.ends(self.box.run(), 0, "ok")
        self.assertEqual(self.box.heartbeat()["outbox"], {"waiting": 0, "undeliverable": {}})

    def test_a_plugin_that_throws_in_create(self):
        path = self.need("throws_in_create")
        self.first_half()
        self.with_sick(path)
        result = self.box.run()
        self.assertIn(result.code, (70, 78), str(result))
        self.check_failed(result, result.code, "throws_in_create", "thrown in create")
        self.recovers()

    def test_a_source_that_throws_does_not_stop_the_triage(self):
        path = self.need("throws")
        self.first_half()
        for hook in ("open", "poll"):
            self.with_sick(path, before="cap", settings=f'hook = "{hook}"')
            self.check_failed(self.box.run(), 70, "throws", f"thrown in {hook}")
            self.assertEqual(self.box.waiting(), [], "what was queued is triaged all the same")
        self.recovers()

    def test_unknown_status_and_missing_verdict(self):
        for name in ("unknown_status", "no_verdict"):
            with self.subTest(plugin=name):
                path = self.need(name)
                self.box = support.Sandbox(name)
                self.addCleanup(self.box.remove)
                self.with_sick(path, before="triage")
                result = self.box.run()
                support.say(f"{name}: exit {result.code}, {result.report['status']}: {result.report['error']}")
                self.assertIn(result.code, (0, 70))
                oracle.check_sums(self, result.report)


if __name__ == "__main__":
    support.main()
