#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Credentials: changed without a restart, never repeated when they are refused, never shown.

Goals. A process that stays takes a new password, client certificate and CA by itself. Fifty runs with refused
credentials send them once, and a changed file is tried at once. A marked secret is in no file, no output, no command
line and no core file, whatever the server does with it; and the search for it finds it where it is allowed to be.
"""
import base64
import json
import os
import pathlib
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent / folder) for folder in (".", "wazuh")]
import indexer_site
import support
import wazuh_site as site
from preflight_test import alerts

SECRET = "m4rked/Secret-of-the-Test"
FORMS = [form.encode() for form in (
    SECRET, SECRET.replace("/", "\\/"), SECRET.replace("/", "%2F"),
    base64.b64encode(f"{indexer_site.USER}:{SECRET}".encode()).decode())]
DENIED = 77


def replace(path, text):
    """As whoever rotates does it: written beside, renamed over."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.chmod(0o600)
    part.rename(path)


class Case(unittest.TestCase):
    def setUp(self):
        self.place = site.temp_dir()
        self.secret = self.place / "secret"
        replace(self.secret, SECRET + "\n")

    def pipeline(self, indexer, **more):
        return site.Pipeline("source_wazuh", indexer.settings({"file": str(self.secret)}, **more))

    def stay(self, pipeline, every="50ms", **options):
        process = subprocess.Popen([site.program(), "run", str(pipeline.file), "--every", every],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

        def end():
            process.terminate()
            self.talk = b"".join(process.communicate(timeout=60))

        self.addCleanup(lambda: process.poll() is None and end())
        return process, end

    def runs(self, pipeline):
        path = pipeline.state / "heartbeat-history.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def until_run(self, pipeline, wanted, what):
        support.until(lambda: any(wanted(run) for run in self.runs(pipeline)), what)


class Rotation(Case):
    def test_a_password_between_runs(self):
        indexer = indexer_site.Indexer(alerts([5]), SECRET)
        pipeline = self.pipeline(indexer)
        _, end = self.stay(pipeline)
        self.until_run(pipeline, lambda run: run["status"] == "ok", "a first run")
        indexer.password = "the next one"
        self.until_run(pipeline, lambda run: run["status"] == "degraded", "a refusal")
        indexer.documents.append(("late", {**alerts([4])[0][1], "id": "after-the-change"}))
        replace(self.secret, "the next one\n")
        self.until_run(pipeline, lambda run: run["totals"]["accepted"] == 2, "the alert after the change")
        end()
        last = self.runs(pipeline)[-1]
        self.assertEqual(last["status"], "ok", last)

    def test_a_password_in_the_middle_of_a_request(self):
        indexer = indexer_site.Indexer(alerts(range(1, 30)), SECRET)
        asked = []

        def spoil(path, body, given):
            asked.append(given)
            if len(asked) == 3:
                indexer.password = "the next one"
                replace(self.secret, "the next one\n")
            return None

        indexer.spoil = spoil
        pipeline = self.pipeline(indexer, page_size=5)
        code, report, talk = pipeline.run()
        self.assertEqual((code, report["totals"]["accepted"]), (0, 29), talk)
        self.assertEqual(asked.count(asked[0]), 3)  # the third was refused
        self.assertGreater(asked.count(indexer.basic()), 3)

    def test_a_password_that_cannot_be_read_stops_its_source_only(self):
        """What waits is triaged, in each run, and the run says which file; then the file is right again."""
        indexer = indexer_site.Indexer(alerts([5]), SECRET)
        pipeline = self.pipeline(indexer)
        _, end = self.stay(pipeline)
        self.until_run(pipeline, lambda run: run["status"] == "ok", "a first run")
        queued = 0
        for spoil, words in ((self.secret.unlink, "No such file"),
                             (lambda: self.secret.chmod(0o644), "may be used by others"),
                             (lambda: self.secret.write_text(""), "holds no secret"),
                             (lambda: (self.secret.unlink(), self.secret.mkdir()), str(self.secret))):
            spoil()
            at = len(self.runs(pipeline))
            pipeline.drop_in(f"drop-{queued}.json", support.alert(1000 + queued))
            queued += 1

            def triaged(run, words=words, wanted=queued):
                return (run["status"] == "degraded" and run["totals"]["triaged"] == 1 + wanted
                        and words in run["error"])
            with self.subTest(words=words):
                self.until_run(pipeline, triaged, f"the drop-in's verdict, and: {words}")
                run = next(one for one in self.runs(pipeline)[at:] if triaged(one))
                self.assertEqual(run["failed_stage"], "poll")
                self.assertIn(str(self.secret), run["error"])
            if self.secret.is_dir():
                self.secret.rmdir()
            replace(self.secret, SECRET + "\n")
            at = len(self.runs(pipeline))
            support.until(lambda at=at: any(run["status"] == "ok" for run in self.runs(pipeline)[at:]), "a good run")
        end()

    def test_a_password_file_that_is_away_when_a_run_begins(self):
        """`validate` says so; a run does what does not need it."""
        indexer = indexer_site.Indexer(alerts([5]), SECRET)
        pipeline = self.pipeline(indexer)
        for number, spoil in enumerate((lambda: self.secret.chmod(0o644), self.secret.unlink)):
            spoil()
            pipeline.drop_in(f"drop-{number}.json", support.alert(1000 + number))
            done = pipeline.command("validate", str(pipeline.file))
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn(str(self.secret), done.stderr)
            code, report, talk = pipeline.run()
            self.assertEqual((code, report["status"], report["counts"]["triaged"]), (69, "degraded", 1), talk)
            self.assertEqual(report["failed_stage"], "poll")
            self.assertIn(str(self.secret), report["error"])

    def test_a_password_that_is_not_in_the_environment_stops_its_source_only(self):
        """One run; and who validates need not be who may read it."""
        indexer = indexer_site.Indexer(alerts([5]), SECRET)
        pipeline = site.Pipeline("source_wazuh", indexer.settings({"env": "SF_TEST_NOT_SET"}))
        pipeline.drop_in("drop.json", support.alert(1000))
        done = pipeline.command("validate", str(pipeline.file))
        self.assertEqual(done.returncode, 0, done.stderr)
        code, report, talk = pipeline.run()
        self.assertEqual((code, report["status"], report["counts"]["triaged"]), (69, "degraded", 1), talk)
        self.assertEqual(report["failed_stage"], "poll")
        self.assertIn("SF_TEST_NOT_SET", report["error"])

    def test_a_client_certificate_within_a_run_and_the_ca_between_runs(self):
        ca = site.temp_dir()
        mine = self.place / "client.pem"
        one, two = (indexer_site.certificate(ca, 5, name) for name in ("client-1", "client-2"))
        replace(mine, one.read_text())
        indexer = indexer_site.Indexer(alerts(range(1, 20)), SECRET, client_ca=str(ca / "ca.pem"))
        indexer.client_names = ["client-1"]
        trusted = self.place / "ca.pem"
        trusted.write_text(pathlib.Path(indexer.ca_file).read_text())
        asked = []

        def spoil(path, body, given):
            asked.append(path)
            if len(asked) == 3:
                replace(mine, two.read_text())
            if len(asked) == 4:  # the connection so far is client-1's
                indexer.client_names = ["client-2"]
            return None

        indexer.spoil = spoil
        pipeline = site.Pipeline("source_wazuh", indexer.settings(
            None, user=None, client_cert=str(mine), client_key=str(mine), ca_file=str(trusted), page_size=5))
        code, report, talk = pipeline.run()
        self.assertEqual((code, report["totals"]["accepted"]), (0, 19), talk)
        self.assertGreater(len(asked), 4)
        elsewhere = site.temp_dir()
        indexer.tls.load_cert_chain(indexer_site.certificate(elsewhere, 5))
        code, report, _ = pipeline.run()
        self.assertEqual(code, 69, report)
        replace(trusted, (elsewhere / "ca.pem").read_text())
        code, report, talk = pipeline.run()
        self.assertEqual(code, 0, (report, talk))


class Refused(Case):
    def test_fifty_runs_send_them_once(self):
        indexer = indexer_site.Indexer(alerts([5]), "another one")
        pipeline = self.pipeline(indexer)
        _, end = self.stay(pipeline, every="10ms")
        support.until(lambda: len(self.runs(pipeline)) >= 50, "fifty runs")
        self.assertEqual(len(indexer.requests), 1, indexer.requests)
        told = self.runs(pipeline)
        self.assertEqual({run["status"] for run in told}, {"degraded"})
        self.assertIn('its password (401)', told[0]["error"])
        self.assertIn("are not tried again before", told[1]["error"])
        self.assertIn(f'as soon as the file "{self.secret}" changes', told[-1]["error"])
        metrics = (pipeline.state / "metrics.prom").read_text()
        self.assertIn('signalfoundry_credentials_held_back_total{stage="poll"} 1', metrics)
        replace(self.secret, "another one\n")
        self.until_run(pipeline, lambda run: run["status"] == "ok", "a run with the new password")
        end()

    def test_each_process_waits_and_the_pause_grows(self):
        indexer = indexer_site.Indexer(alerts([5]), "another one")
        pipeline = self.pipeline(indexer)

        def kept(pass_ms=0):
            with sqlite3.connect(pipeline.state / "state.db") as books:
                (text,), = books.execute("SELECT value FROM state WHERE stage = 'poll' AND key = 'sf.refused'")
                value = json.loads(text)
                if pass_ms:
                    value["at_ms"] -= pass_ms
                    value["not_before_ms"] -= pass_ms
                    books.execute("UPDATE state SET value = ? WHERE key = 'sf.refused'", [json.dumps(value)])
            books.close()
            return value

        pauses = []
        for n in range(8):
            self.assertEqual(pipeline.run()[0], DENIED)
            self.assertEqual(pipeline.run()[0], DENIED)
            self.assertEqual(len(indexer.requests), n + 1)
            value = kept()
            pauses.append((value["not_before_ms"] - value["at_ms"]) // 60_000)
            kept(pass_ms=pauses[-1] * 60_000)
        self.assertEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60])
        code, report, _ = pipeline.run("--try-refused")
        self.assertEqual((code, len(indexer.requests)), (DENIED, 9), report)
        self.assertFalse([form for form in FORMS if form in json.dumps(kept()).encode()])


class Leaks(Case):
    """What the server does with the header that it got, and where it then must not be."""

    def spoiled(self, path, body, given):
        echo = json.dumps({"error": {"type": "x", "reason": f"you sent {given} that is {SECRET}"}}).encode()
        plain = f"{given} {SECRET} {given}".encode()
        answers = {
            "401": (401, plain, ("WWW-Authenticate", given)),
            "403": (403, echo),
            "500": (500, echo),
            "redirect": (302, plain, ("Location", f"https://127.0.0.1/{given.replace(' ', '_')}")),
            "plain 200": (200, f"<html>{given}".encode()),
            "JSON 200": (200, json.dumps({"error": {"type": "x", "reason": given}}).encode()),
        }
        return answers.get(self.kind)

    def found(self, data):
        return [form for form in FORMS if form in data]

    def search(self, pipeline, *outputs):
        for output in outputs:
            self.assertFalse(self.found(output), (self.kind, output))
        for path in pipeline.place.rglob("*"):
            if path.is_file():
                self.assertFalse(self.found(path.read_bytes()), (self.kind, path))

    def test_it_is_nowhere(self):
        indexer = indexer_site.Indexer(alerts([5]), SECRET)
        indexer.spoil = self.spoiled
        os.environ["SF_TEST_MARKED"] = SECRET
        self.addCleanup(os.environ.pop, "SF_TEST_MARKED")
        for kind in ("401", "403", "500", "redirect", "plain 200", "JSON 200", "well"):
            self.kind = kind
            for secret in ({"file": str(self.secret)}, {"env": "SF_TEST_MARKED"}):
                pipeline = site.Pipeline("source_wazuh", indexer.settings(secret, retry_for="0s"))
                state = ["--state", str(pipeline.state)]
                sent = len(indexer.with_credentials())
                for words in (["run", pipeline.file], ["validate", pipeline.file, "--connect"],
                              ["validate", pipeline.file, "--connect", "--format", "json"],
                              ["run", pipeline.file, "--dry-run"], ["status", pipeline.file],
                              ["gaps", pipeline.file], ["ledger", "export", *state], ["case", "list", *state],
                              ["plugin", "inspect", "source_wazuh"], ["explain", "0" * 64, *state],
                              ["reconcile", pipeline.file]):
                    done = subprocess.run([site.program(), *map(str, words)], capture_output=True, check=False,
                                          timeout=60)
                    self.search(pipeline, done.stdout, done.stderr)
                self.assertGreaterEqual(len(indexer.with_credentials()), sent + 3, "it was never sent")
        self.assertTrue(self.found(indexer.basic().encode()), "the search finds nothing at all")

    def hold(self, indexer):
        """The server keeps the first search waiting; gives what tells that it came, and what lets it go."""
        came, go = threading.Event(), threading.Event()

        def spoil(path, body, given):
            came.set()
            go.wait(60)
            return None

        indexer.spoil = spoil
        self.addCleanup(go.set)
        return came, go

    def test_not_in_proc_while_it_runs(self):
        self.kind = "while it runs"
        indexer = indexer_site.Indexer(alerts([5]), SECRET)
        came, go = self.hold(indexer)
        pipeline = self.pipeline(indexer)
        process, end = self.stay(pipeline, every="1h")
        self.assertTrue(came.wait(60))
        pids = [process.pid, *support.children(process.pid)]
        self.assertEqual(len(pids), 2)
        for pid in pids:
            for name in ("cmdline", "environ"):
                try:
                    self.assertFalse(self.found(pathlib.Path(f"/proc/{pid}/{name}").read_bytes()))
                except PermissionError:
                    self.assertEqual(name, "environ")
        go.set()
        end()
        self.search(pipeline, self.talk)

    @unittest.skipUnless(os.geteuid() == 0, "only root may start it as somebody else")
    def test_an_environment_is_closed_to_the_same_user(self):
        indexer = indexer_site.Indexer(alerts([5]), SECRET)
        came, go = self.hold(indexer)
        pipeline = site.Pipeline("source_wazuh", indexer.settings({"env": "SF_TEST_MARKED"}))
        pipeline.state.mkdir()
        os.chown(pipeline.state, 65534, 65534)
        pipeline.place.chmod(0o755)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

        def look(allow):
            came.clear()
            go.clear()
            environment = {**os.environ, "SF_TEST_MARKED": SECRET, "SIGNALFOUNDRY_ALLOW_CORE": allow}
            process = subprocess.Popen([*nobody, site.program(), "run", str(pipeline.file)], env=environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertTrue(came.wait(60))
            out = [subprocess.run([*nobody, "cat", f"/proc/{pid}/environ"], capture_output=True, check=False)
                   for pid in (process.pid, *support.children(process.pid))]
            go.set()
            self.assertEqual(process.wait(60), 0)
            self.assertEqual(len(out), 2)
            return [(one.returncode != 0, bool(self.found(one.stdout))) for one in out]

        self.assertEqual(look("0"), [(True, False)] * 2)
        self.assertEqual(look("1"), [(False, True)] * 2)  # so the look can see it

    def test_no_core_file(self):
        indexer = indexer_site.Indexer(alerts([5]), SECRET)
        came, go = self.hold(indexer)
        if "|" in pathlib.Path("/proc/sys/kernel/core_pattern").read_text():
            self.skipTest("core files go to a program here")

        def crash(allow):
            came.clear()
            go.clear()
            pipeline = self.pipeline(indexer)
            process, end = self.stay(
                pipeline, every="1h", cwd=pipeline.place, env={**os.environ, "SIGNALFOUNDRY_ALLOW_CORE": allow},
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
            self.assertTrue(came.wait(60))
            worker, = support.children(process.pid)
            os.kill(worker, signal.SIGSEGV)
            self.until_run(pipeline, lambda run: run["status"] == "failed", "the crash in the history")
            end()
            self.assertIn(b"crashed with Segmentation fault", self.talk)
            go.set()
            cores = [path for path in pipeline.place.rglob("core*") if path.is_file()]
            if allow == "0":
                self.kind = "crash"
                self.search(pipeline, self.talk)
            return [bool(self.found(path.read_bytes())) for path in cores]

        try:
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
        except (ValueError, OSError):
            self.skipTest("core files are not allowed here")
        self.assertEqual(crash("0"), [])
        self.assertEqual(crash("1"), [True])  # so a core file would have been there, with the secret in it


if __name__ == "__main__":
    site.program()
    unittest.main()
