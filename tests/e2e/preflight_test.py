#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`validate --connect` tells what it tried, step by step, what came back, and what the role lacks.

Goal, for each source and each thing that can be wrong: the step that says FAILED is the right one, it names the
permission that the server's own words name, the exit code is the one that a run would end with, refused credentials
are sent once and not again, nothing is written, and the secret is nowhere in what is printed.
"""
import datetime
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent / folder) for folder in (".", "wazuh", "splunk")]
import indexer_site
import splunk_site
import support
import wazuh_site as site

SECRET = "s3cret-Of-the-Preflight"
UNREACHABLE, DENIED = 69, 77


def alerts(minutes_old):
    out = []
    for n, old in enumerate(minutes_old):
        alert = support.alert(n)
        alert["timestamp"] = (site.now() - datetime.timedelta(minutes=old)).isoformat(timespec="milliseconds")
        out.append((f"d{n}", alert))
    return out


class Preflight(unittest.TestCase):
    def setUp(self):
        self.place = site.temp_dir()
        self.secret = self.place / "secret"
        self.secret.write_text(SECRET + "\n")
        self.secret.chmod(0o600)

    def check(self, plugin, settings, code, user=None):
        """{step: (outcome, found, advice)} and what was printed, from both formats."""
        pipeline = site.Pipeline(plugin, settings)
        words = [site.program(), "validate", str(pipeline.file), "--connect", "--format", "json"]
        if user:
            words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words]
            pipeline.file.chmod(0o644)
            pipeline.place.chmod(0o755)
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("\n"), 1, done.stdout)
        report = json.loads(done.stdout)
        self.assertEqual(report["valid"], code == 0)
        self.assertFalse(pipeline.state.exists(), "validate wrote something")
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return {one["step"]: (one["outcome"], one["found"], one["advice"]) for one in report["steps"]}

    def indexer(self, minutes_old=(1, 2, 30), **more):
        return indexer_site.Indexer(alerts(minutes_old), SECRET, **more)

    def of(self, indexer, code, plugin="source_wazuh", **more):
        return self.check(plugin, indexer.settings({"file": str(self.secret)}, **more), code)

    def test_all_is_well(self):
        indexer = self.indexer()
        steps = self.of(indexer, 0)
        self.assertEqual([*steps], ["name", "connection", "tls", "credentials", "product", "index", "counts"])
        self.assertEqual({outcome for outcome, _, _ in steps.values()}, {"ok"}, steps)
        self.assertIn("signed by CN = Test CA", steps["tls"][1])
        self.assertIn(f'"{indexer_site.USER}", with the roles signalfoundry_read', steps["credentials"][1])
        self.assertEqual(steps["product"][1], "opensearch 2.19.3")
        self.assertRegex(steps["index"][1], r"1 shards; the newest alert is \d+ s old")
        self.assertEqual(steps["counts"][1], "3 alerts in the last hour, counted by minutes")
        self.assertEqual(len(indexer.requests), 4)  # the look at the connection asks for nothing

    def test_for_a_person(self):
        pipeline = site.Pipeline("source_wazuh", self.indexer().settings({"file": str(self.secret)}))
        done = pipeline.command("validate", str(pipeline.file), "--connect")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "poll (source_wazuh)")
        self.assertTrue(lines[3].startswith("  ok      tls          the certificate of 127.0.0.1:"), lines)
        self.assertTrue(lines[-1].endswith(": valid, 7 stages"), lines)

    def test_a_certificate_that_ends_soon(self):
        outcome, found, advice = self.of(self.indexer(days=5), 0)["tls"]
        self.assertEqual(outcome, "warn")
        self.assertRegex(found, r"valid until \d{4}-\d\d-\d\d \([45] days\)")
        self.assertIn("renew", advice)

    def test_a_certificate_of_somebody_else(self):
        steps = self.of(self.indexer(), UNREACHABLE, ca_file=self.indexer().ca_file)
        self.assertEqual([*steps], ["name", "connection", "tls"])
        self.assertEqual(steps["tls"][0], "failed")
        self.assertIn("is not signed by an authority in", steps["tls"][1])

    def test_a_name_that_is_none_and_a_port_where_nobody_listens(self):
        steps = self.of(self.indexer(), UNREACHABLE, url="https://nowhere.invalid:9200")
        self.assertEqual([(name, one[0]) for name, one in steps.items()], [("name", "failed")])
        steps = self.of(self.indexer(), UNREACHABLE, url="https://127.0.0.1:1")
        self.assertEqual([(name, one[0]) for name, one in steps.items()], [("name", "ok"), ("connection", "failed")])

    def test_a_url_that_no_run_can_ask(self):
        """Each of them is refused before anything is sent, by a run and here; they used to be valid, without a step."""
        for plugin, more in (("source_wazuh", {}), ("source_elastic", {}),
                             ("source_splunk", {"search": "index=wazuh"})):
            for url, words in (("http://indexer.example:9200", "plain http:// to indexer.example:9200 is refused"),
                               ("https://127.0.0.1:99999", "is not a URL that can be asked"),
                               ("https://indexer.example/foo bar", "is not a URL that can be asked")):
                settings = {"url": url, "user": "sf-reader", "password": {"file": str(self.secret)}, **more}
                with self.subTest(plugin=plugin, url=url):
                    steps = self.check(plugin, settings, UNREACHABLE)
                    self.assertEqual([*steps], ["url"])
                    outcome, found, advice = steps["url"]
                    self.assertEqual(outcome, "failed")
                    self.assertIn(words, found)
                    self.assertIn("https://", advice)

    def test_a_refused_password_is_sent_once(self):
        indexer = self.indexer()
        indexer.password = "another one"
        steps = self.of(indexer, DENIED)
        self.assertEqual(steps["credentials"][0], "failed")
        self.assertIn(f'refuses user "{indexer_site.USER}" or its password (401)', steps["credentials"][1])
        self.assertEqual(len(indexer.requests), 1)

    def test_a_role_that_lacks_reading(self):
        indexer = self.indexer()
        indexer.spoil = lambda path, body, given: (
            indexer_site.refused("indices:data/read/search") if path.endswith("_search") else None)
        outcome, found, advice = self.of(indexer, DENIED)["index"]
        self.assertEqual(outcome, "failed")
        self.assertIn("403 security_exception: no permissions for [indices:data/read/search]", found)
        self.assertEqual(advice, "add indices:data/read/search on wazuh-alerts-* to the role "
                                 "(docs/sources/wazuh.md#before-the-first-run)")

    def test_counts_that_the_role_does_not_allow(self):
        indexer = self.indexer()
        indexer.spoil = lambda path, body, given: (
            indexer_site.refused("indices:data/read/search[aggs]") if b"date_histogram" in body else None)
        steps = self.of(indexer, DENIED)
        self.assertEqual((steps["index"][0], steps["counts"][0]), ("ok", "failed"))

    def test_a_version_that_is_not_told_is_no_fault(self):
        indexer = self.indexer()
        indexer.spoil = lambda path, body, given: indexer_site.refused("cluster:monitor/main") if path == "/" else None
        outcome, found, _ = self.of(indexer, 0)["product"]
        self.assertEqual(outcome, "skipped")
        self.assertIn("cluster:monitor/main", found)

    def test_a_user_who_may_do_too_much(self):
        indexer = self.indexer()
        indexer.roles = ["own_index", "all_access"]
        outcome, found, advice = self.of(indexer, 0)["credentials"]
        self.assertEqual(outcome, "warn")
        self.assertIn("may change everything", found)
        self.assertIn("docs/sources/wazuh.md", advice)

    def test_nothing_comes_in(self):
        outcome, found, _ = self.of(self.indexer(minutes_old=(3 * 24 * 60,)), 0)["index"]
        self.assertEqual(outcome, "warn")
        self.assertIn("3 days old", found)
        outcome, found, _ = self.of(self.indexer(minutes_old=()), 0)["index"]
        self.assertEqual((outcome, "holds no alert" in found), ("warn", True))

    def test_elastic_names_the_privilege(self):
        indexer = self.indexer()
        reason = ("action [indices:data/read/search] is unauthorized for API key id [k1] of user [u] on indices "
                  "[.alerts-security.alerts-default], this action is granted by the index privileges [read,all]")
        answer = json.dumps({"error": {"type": "security_exception", "reason": reason}, "status": 403}).encode()
        who = json.dumps({"username": "u", "roles": [], "authentication_type": "api_key"}).encode()
        indexer.spoil = lambda path, body, given: (200, who) if path.endswith("_authenticate") else (403, answer)
        settings = indexer.settings(None, user=None, api_key={"file": str(self.secret)})
        self.secret.write_text("a2V5LWlkOmtleS1zZWNyZXQ=\n")
        steps = self.check("source_elastic", settings, DENIED)
        self.assertEqual((steps["credentials"][0], steps["index"][0]), ("ok", "failed"))
        self.assertIn("add indices:data/read/search on .alerts-security.alerts-default", steps["index"][2])

    def test_hostile_answers_are_one_step(self):
        indexer = self.indexer()
        for text in (b"\x1b[31m" * 5000, b"[" * 100_000, b'{"user_name": {"a": 1}, "roles": "x", "version": []}'):
            indexer.spoil = lambda path, body, given, text=text: (200, text)
            steps = self.of(indexer, UNREACHABLE)
            self.assertEqual(steps["index"][0], "failed", steps)
            self.assertNotIn("\x1b", json.dumps(steps, ensure_ascii=False))

    def test_splunk(self):
        splunk = splunk_site.Splunk()
        self.secret.write_text(splunk_site.TOKEN + "\n")
        settings = {"url": splunk.url, "search": "index=wazuh", "token": {"file": str(self.secret)},
                    "ca_file": str(splunk.ca_file), "timeout": "10s"}
        steps = self.check("source_splunk", settings, 0)
        self.assertEqual([*steps], ["name", "connection", "tls", "credentials", "product", "index"])
        self.assertIn('"sf-reader", with the roles signalfoundry', steps["credentials"][1])
        self.assertEqual((steps["product"][0], steps["index"][0]), ("skipped", "warn"))
        splunk.token = "another"
        asked = len(splunk.requests)
        steps = self.check("source_splunk", settings, DENIED)
        self.assertEqual(steps["credentials"][0], "failed")
        self.assertEqual(len(splunk.requests), asked + 1)

    def test_kafka_where_no_broker_is(self):
        settings = {"brokers": ["127.0.0.1:1"], "topics": ["alerts"], "tls": False, "timeout": "1s"}
        steps = self.check("source_kafka", settings, UNREACHABLE)
        self.assertEqual(steps["brokers"][0], "failed")

    def test_a_plugin_without_steps_is_asked_for_its_first_page(self):
        plugins = pathlib.Path(os.environ.get("SF_BUILD", site.ROOT / "build/dev")) / "test-plugins"
        found = next(plugins.rglob("throws.sfplugin.so"), None)
        if found is None:
            self.skipTest("the plugins of the tests are not built")
        self.assertEqual(self.check(str(found), {}, 0), {"first page": ("ok", "the source gave its first page", "")})
        steps = self.check(str(found), {"hook": "poll", "what": "retry"}, UNREACHABLE)
        self.assertEqual(steps["preflight"][0], "failed")
        self.assertIn("thrown in poll", steps["preflight"][1])
        steps = self.check(str(found), {"what": "silent"}, UNREACHABLE)
        self.assertEqual(steps["preflight"][:2], ("failed", "the plugin told of no step that it tried"))

    def test_files(self):
        path = self.place / "alerts.json"
        steps = self.check("source_file", {"path": str(path)}, UNREACHABLE)
        self.assertIn("is not there", steps["file"][1])
        path.write_text("{}\n")
        steps = self.check("source_file", {"path": str(path)}, 0)
        self.assertEqual([(name, one[0]) for name, one in steps.items()], [("file", "ok"), ("readable", "ok")])
        steps = self.check("source_file", {"path": str(self.place), "format": "dir"}, 0)
        self.assertIn("holds 1 files *.json", steps["directory"][1])
        if os.geteuid() == 0:  # who may read everything cannot be refused
            path.chmod(0o640)
            steps = self.check("source_file", {"path": str(path)}, DENIED, user=65534)
            self.assertEqual((steps["file"][0], steps["readable"][0]), ("ok", "failed"))
            self.assertIn("usermod -aG", steps["readable"][2])


if __name__ == "__main__":
    site.program()
    unittest.main()
