#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands that look into a state directory, on the books of one run over pipelines/demo-alerts.jsonl.

usage: SF_BUILD=build/dev tests/e2e/cli_state_test.py [unittest arguments]
Exits 77 (skipped) where SF_BUILD is not set.
"""
import fcntl
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from cli_support import ESC, PROGRAM, ROOT, OnABook, entries, main, pipeline_text, read_json, sf, sql, write


class Books(OnABook):
    def test_run_with_format_json_prints_one_object(self):
        report = json.loads(self.ran.stdout)
        self.assertEqual((report["status"], report["counts"]["triaged"]), ("ok", 72))

    def test_a_cadence_that_is_none_is_a_usage_error(self):
        self.exits(64, "run", self.pipeline, "--every", "soon")

    def test_the_state_may_be_named_in_four_ways(self):
        want = self.exits(0, "ledger", "verify", "--state", self.state).stdout
        for words in ([self.state], [self.pipeline], ["--pipeline", self.pipeline]):
            self.assertEqual(self.exits(0, "ledger", "verify", *words).stdout, want)
        self.assertEqual(self.exits(0, "ledger", "verify", env={"SIGNALFOUNDRY_STATE": self.state}).stdout, want)
        self.assertEqual(self.exits(0, "ledger", "verify", cwd=self.state).stdout, want)

    def test_json_output_is_json_and_nothing_else(self):
        key = self.verdict()["key"]
        for line in ("status", "gaps", "reconcile", "ledger verify", f"case show {key}", f"explain {key}"):
            words = line.split()
            done = self.exits(0, *words, self.pipeline, "--format", "json")
            self.assertIsInstance(json.loads(done.stdout), dict)
            self.assertEqual(done.stderr, "")

    def test_a_closed_pipe_ends_quietly(self):
        done = subprocess.run(
            ["bash", "-c", f'"{PROGRAM}" ledger export "{self.state}" | head -n 1; exit "${{PIPESTATUS[0]}}"'],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr, len(done.stdout.splitlines())), (0, "", 1))

    def test_closed_standard_streams_do_not_reach_the_books(self):
        state, pipeline = self.copy()
        subprocess.run(f'"{PROGRAM}" run "{pipeline}" >&- 2>&- <&-', shell=True, check=False)
        self.exits(0, "ledger", "verify", state)

    def test_missing_books_are_an_error_beside_history_and_nothing_is_made(self):
        state, pipeline = self.copy()
        for file in glob.glob(os.path.join(state, "state.db*")):
            os.unlink(file)
        for words in (["status"], ["case", "list"], ["reconcile"], ["ledger", "verify"], ["gaps"]):
            self.assertIn("state.db is missing", self.exits(74, *words, state).stderr)
        self.exits(74, "run", pipeline)
        self.assertFalse(os.path.exists(os.path.join(state, "state.db")))


class Ledger(OnABook):
    def test_verify_holds_and_names_the_head(self):
        done = self.exits(0, "ledger", "verify", self.state)
        self.assertIn(self.entries[-1]["hash"], done.stdout)
        answer = json.loads(self.exits(0, "ledger", "verify", self.state, "--format", "json").stdout)
        head = self.entries[-1]["hash"]
        self.assertEqual(answer, {"entries": len(self.entries), "head": head, "valid": True, "problem": None})

    def test_export_carries_what_the_contract_names(self):
        for number, entry in enumerate(self.entries, 1):
            self.assertEqual(entry["seq"], number)
            self.assertLessEqual({"seq", "time", "run_id", "kind", "key", "prev", "hash"}, set(entry))
            if entry["kind"] == "verdict":
                self.assertLessEqual({"disposition", "case_id", "source", "alert_id"}, set(entry))

    def test_a_flipped_byte_breaks_the_chain_and_is_named(self):
        state, _ = self.copy()
        entry = self.verdict("benign")
        change = "UPDATE ledger SET body = replace(body, 'benign', 'benigm') WHERE seq = ?"
        sql(state, "DROP TRIGGER ledger_no_update", (change, (entry["seq"],)))
        done = self.exits(1, "ledger", "verify", state)
        self.assertIn(f"entry {entry['seq']}", done.stdout)
        self.assertFalse(json.loads(self.exits(1, "ledger", "verify", state, "--format", "json").stdout)["valid"])
        self.assertIn("damaged", self.exits(1, "explain", entry["key"], state).stderr)

    def test_a_removed_entry_breaks_the_chain(self):
        state, _ = self.copy()
        sql(state, "DROP TRIGGER ledger_no_delete", "DELETE FROM ledger WHERE seq = 10")
        self.assertIn("entries are missing", self.exits(1, "ledger", "verify", state).stdout)

    def test_the_ledger_refuses_changes(self):
        state, _ = self.copy()
        for statement in ("UPDATE ledger SET body = ''", "DELETE FROM ledger"):
            with self.assertRaises(sqlite3.IntegrityError):
                sql(state, statement)

    def test_the_verifier_of_the_documentation_agrees(self):
        """docs/formats/ledger.md has a verifier of ten lines; it accepts the export and refuses a changed one."""
        with open(os.path.join(ROOT, "docs/formats/ledger.md"), encoding="utf-8") as file:
            code = re.search(r"```python\n(.*?)```", file.read(), re.S).group(1)
        export = sf("ledger", "export", self.state).stdout

        def verdict(text):
            return subprocess.run([sys.executable, "-c", code], input=text, text=True, capture_output=True, check=False)

        self.assertEqual(verdict(export).returncode, 0, verdict(export).stderr)
        lines = export.splitlines(keepends=True)
        self.assertNotEqual(verdict(export.replace("benign", "benigm", 1)).returncode, 0)
        self.assertNotEqual(verdict("".join(lines[:5] + lines[6:])).returncode, 0)


class Cases(OnABook):
    def test_list_has_every_case_newest_first(self):
        done = self.exits(0, "case", "list", self.state, "--limit", "0", "--format", "json")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        verdicts = [e for e in self.entries if e["kind"] == "verdict"]
        self.assertEqual([r["seq"] for r in rows], [e["seq"] for e in reversed(verdicts)])
        self.assertTrue(all(os.path.exists(os.path.join(r["path"], "case.json")) for r in rows))
        self.assertEqual(len(self.exits(0, "case", "list", self.state).stdout.splitlines()), 51)

    def test_list_filters_by_disposition(self):
        options = ["--disposition", "escalated", "--limit", "3", "--format", "json"]
        done = self.exits(0, "case", "list", self.state, *options)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([r["disposition"] for r in rows], ["escalated"] * 3)
        done = self.exits(0, "case", "list", self.state, "--disposition", "known_fp")
        self.assertEqual((done.stdout, done.stderr.strip()), ("", "there are no cases with the disposition known_fp"))

    def test_show_takes_a_case_id_and_a_key(self):
        entry = self.verdict()
        text = self.exits(0, "case", "show", entry["case_id"], self.state).stdout
        self.assertEqual(self.exits(0, "case", "show", entry["key"], self.state).stdout, text)
        for file in ("case.json", "alert.json", "summary.md", "MANIFEST.sha256"):
            self.assertIn(file, text)
        shown = json.loads(self.exits(0, "case", "show", entry["key"], self.state, "--format", "json").stdout)
        self.assertEqual({k: entry[k] for k in ("case_id", "key", "alert_id", "disposition", "seq")},
                         {k: shown[k] for k in ("case_id", "key", "alert_id", "disposition", "seq")})  # fmt: skip
        self.assertTrue(all(os.path.exists(f) for f in shown["files"]))

    def test_show_of_nothing_is_exit_1_with_a_sentence(self):
        self.assertIn("no alert with the key", self.exits(1, "case", "show", "c-" + "0" * 32, self.state).stderr)
        state, _ = self.copy()
        shutil.rmtree(self.file_of(state, "cases", self.verdict()["key"]))
        self.assertIn("missing", self.exits(1, "case", "show", self.verdict()["key"], state).stderr)

    def test_explain_prints_each_entry_and_each_layer_on_its_own_line(self):
        entry = self.verdict()
        text = self.exits(0, "explain", entry["key"], self.state).stdout
        for step in entry["trail"]:
            self.assertRegex(text, rf"(?m)^ +\d+\. +{re.escape(step)}$")
        self.assertRegex(text, r"(?s)accepted\n.*verdict\n.*pack\n")
        answer = json.loads(self.exits(0, "explain", entry["case_id"], self.state, "--format", "json").stdout)
        self.assertEqual(answer["entries"], [e for e in self.entries if e["key"] == entry["key"]])

    def test_explain_of_an_unknown_key_is_exit_1(self):
        self.exits(1, "explain", "0" * 32, self.state)


class Hostile(OnABook):
    """What other processes put into the state directory reaches the terminal escaped."""

    def test_names_and_bytes_in_quarantine(self):
        state, pipeline = self.copy()
        name = f"{ESC}[31mred\n‮.json"
        write(os.path.join(state, "queue", name), f'{{"a": "{ESC}]0;owned\x07"')
        self.exits(0, "run", pipeline, "--drain")
        quarantined = [e for e in entries(state) if e["kind"] == "quarantined"]
        self.assertEqual(len(quarantined), 1)
        for file in os.listdir(os.path.join(state, "quarantine")):
            self.assertRegex(file, r"^[A-Za-z0-9._-]+$")
        key = quarantined[0]["key"]
        shown = [
            self.exits(0, "explain", key, state), self.exits(1, "case", "show", key, state),
            self.exits(0, "reconcile", state), self.exits(0, "status", pipeline),
            self.exits(0, "ledger", "export", state),
        ]  # fmt: skip
        for done in shown:
            self.assertNotRegex(done.stdout + done.stderr, "[\x1b\x07‮]")
        self.assertIn("in quarantine", shown[0].stdout)
        self.assertIn("quarantine", shown[1].stderr)

    def test_foreign_names_are_mismatches_and_escaped(self):
        state, _ = self.copy()
        os.mkdir(os.path.join(state, "packs", f"{ESC}[2Jx"))
        done = self.exits(1, "reconcile", state)
        self.assertIn("foreign_name", done.stdout)
        self.assertNotIn(ESC, done.stdout)

    def test_a_case_file_that_was_replaced_does_not_break_the_terminal(self):
        state, _ = self.copy()
        key = self.verdict()["key"]
        folder = self.file_of(state, "cases", key)
        case = read_json(os.path.join(folder, "case.json"))
        case["host"]["name"] = case[f"{ESC}k"] = f"{ESC}[31m"
        case["rule"] = 5
        write(os.path.join(folder, "case.json"), json.dumps(case))
        for words in (["case", "show", key], ["case", "list", "--limit", "0"]):
            self.assertNotIn(ESC, self.exits(0, *words, "--state", state).stdout)
        for text in ("{", '{"a":' + "[" * 200_000 + "]" * 200_000 + "}"):
            write(os.path.join(folder, "case.json"), text)
            self.exits(1, "case", "show", key, "--format", "json", state)
            self.exits(0, "case", "list", "--format", "json", state)


class Reconcile(OnABook):
    def test_balanced_books_exit_0(self):
        answer = json.loads(self.exits(0, "reconcile", self.pipeline, "--format", "json").stdout)
        self.assertEqual((answer["checked"], answer["mismatches"]), (72, 0))
        self.assertTrue(all(s["holds"] for s in answer["sums"].values()))

    def test_a_deleted_case_is_named(self):
        state, pipeline = self.copy()
        key = self.verdict()["key"]
        shutil.rmtree(self.file_of(state, "cases", key))
        done = self.exits(1, "reconcile", pipeline)
        self.assertIn("case_missing", done.stdout)
        self.assertIn(key, done.stdout)
        answer = json.loads(self.exits(1, "reconcile", pipeline, "--format", "json").stdout)
        self.assertEqual(answer["categories"], {"case_missing": {"count": 1, "examples": [key]}})

    def test_all_cases_gone_is_not_taken_for_a_pipeline_without_cases(self):
        state, _ = self.copy()
        shutil.rmtree(os.path.join(state, "cases"))
        answer = json.loads(self.exits(1, "reconcile", state, "--format", "json").stdout)
        self.assertEqual(answer["categories"]["case_missing"]["count"], 72)

    def test_every_category_that_is_printed_is_documented(self):
        with open(os.path.join(ROOT, "core/books/reconcile.cpp"), encoding="utf-8") as file:
            code = file.read()
        with open(os.path.join(ROOT, "docs/formats/reconcile.md"), encoding="utf-8") as file:
            text = file.read()
        names = set(re.findall(r'"((?:[a-z]+_)+(?:missing|unknown|name)|unfinished|(?:sum|totals)_[a-z_]+)"', code))
        self.assertGreater(len(names), 12)
        for name in names:
            self.assertIn(f"`{name}`", text)

    def test_a_run_that_holds_the_lock_makes_it_wait_for_another_day(self):
        state, pipeline = self.copy()
        with open(os.path.join(state, "lock"), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = lock.read()
            self.assertIn("holds the lock", self.exits(75, "reconcile", pipeline).stderr)
            lock.seek(0)
            self.assertEqual(lock.read(), before)

    def test_repair_prints_a_plan_and_applies_it_only_with_yes(self):
        state, pipeline = self.copy()
        key = self.verdict()["key"]
        path = self.file_of(state, "processed", key)
        with open(path, "rb") as file:
            bytes_before = file.read()
        os.unlink(path)
        os.unlink(self.file_of(state, "processed", self.verdict("review")["key"]))
        shutil.rmtree(self.file_of(state, "cases", self.verdict("benign")["key"]))
        done = self.exits(1, "reconcile", pipeline, "--repair")
        self.assertIn("restore processed/", done.stdout)
        self.assertIn("1 of case_missing need a person", done.stdout)
        self.assertIn("Nothing was changed", done.stdout)
        self.assertFalse(os.path.exists(path))
        self.assertEqual(len(entries(state)), len(self.entries))
        answer = json.loads(self.exits(1, "reconcile", pipeline, "--repair", "--yes", "--format", "json").stdout)
        self.assertEqual((answer["repair"]["applied"], len(answer["repair"]["steps"])), (True, 2))
        self.assertEqual(list(answer["categories"]), ["case_missing"])
        with open(path, "rb") as file:
            self.assertEqual(file.read(), bytes_before)
        repairs = [e for e in entries(state) if e["kind"] == "repair"]
        self.assertEqual({r["key"] for r in repairs}, {key, self.verdict("review")["key"]})
        self.assertIn("repair\n", self.exits(0, "explain", key, state).stdout)
        self.exits(0, "ledger", "verify", state)
        self.exits(0, "run", pipeline)

    def test_bytes_that_are_not_those_of_the_verdict_are_not_restored(self):
        state, pipeline = self.copy()
        key = self.verdict()["key"]
        os.unlink(self.file_of(state, "processed", key))
        alert = os.path.join(self.file_of(state, "cases", key), "alert.json")
        os.unlink(alert)
        write(alert, "{}")
        done = self.exits(1, "reconcile", pipeline, "--repair", "--yes")
        self.assertIn("1 of processed_missing need a person", done.stdout)
        self.assertEqual(len(entries(state)), len(self.entries))


class Status(OnABook):
    def heartbeat(self, state, **members):
        path = os.path.join(state, "heartbeat.json")
        write(path, json.dumps({**read_json(path), **members}))

    def health(self, code, *words):
        answer = json.loads(self.exits(code, "status", *words, "--format", "json").stdout)
        self.exits(code, "status", *words)
        return answer

    def test_healthy_is_0(self):
        answer = self.health(0, self.pipeline)
        self.assertEqual((answer["health"], answer["queue"]["depth"], answer["pipeline"]), ("healthy", 0, "cli-test"))
        self.assertEqual(answer["last_runs"][0]["status"], "ok")

    def test_waiting_alerts_are_counted_without_touching_them(self):
        state, _ = self.copy()
        write(os.path.join(state, "queue", "drop.json"), "{}")
        write(os.path.join(state, "queue", "note.txt"), "")
        queue = self.health(0, state)["queue"]
        self.assertEqual((queue["depth"], queue["drop_ins"], queue["left_alone"]), (1, 1, 1))
        self.assertEqual(sorted(os.listdir(os.path.join(state, "queue"))), ["drop.json", "note.txt"])
        os.symlink("/etc/hosts", os.path.join(state, "queue", "link.json"))
        self.assertIn("2 left alone (no plain files *.json)", self.exits(0, "status", state).stdout)

    def test_degraded_is_1_and_failed_is_2(self):
        state, _ = self.copy()
        self.heartbeat(state, status="degraded", error=f"the SIEM{ESC} is away")
        answer = self.health(1, state)
        self.assertIn("the SIEM\\x1B is away", answer["reasons"][0])
        self.heartbeat(state, status="failed")
        self.assertEqual(self.health(2, state)["health"], "failed")
        write(os.path.join(state, "heartbeat.json"), "{")
        self.assertEqual(self.health(2, state)["reasons"], ["heartbeat.json is damaged"])

    def test_a_pipeline_that_is_wrong_is_a_reason_and_no_refusal(self):
        state, pipeline = self.copy()
        text = pipeline_text(state)
        for wrong, word in ((text + "oops = 1\n", "oops"), (text.replace('"cases"\n[', '"no_such_plugin"\n['), "no_such_plugin"),
                            (text.replace('name = "cli-test"\n', ""), "name")):
            write(pipeline, wrong)
            answer = self.health(2, pipeline)
            self.assertEqual((answer["health"], answer["totals"]["triaged"], answer["pipeline"]), ("failed", 72, "cli-test"))
            self.assertIn(word, answer["reasons"][0])
            self.assertTrue(answer["reasons"][0].startswith(pipeline + ":"), answer["reasons"])
            self.assertEqual(len(answer["last_runs"]), 1)
            done = self.exits(0, "gaps", pipeline, "--format", "json")
            self.assertEqual(json.loads(done.stdout)["gaps"], 0)
            self.assertIn(word, done.stderr)
            done = self.exits(0, "case", "list", pipeline, "--limit", "3", "--format", "json")
            self.assertEqual(len(done.stdout.splitlines()), 3)
            self.exits(78, "run", pipeline)
        write(pipeline, "[pipeline\n")
        answer = self.health(2, pipeline, "--state", state)
        self.assertIn(f"{pipeline}:1:", answer["reasons"][0])
        for words in (["status"], ["gaps"], ["case", "list"]):
            done = self.exits(78, *words, pipeline)
            self.assertIn("which state directory?", done.stderr)
            self.assertIn("--state DIR", done.stderr)
            self.assertNotIn("nothing was started", done.stderr)

    def test_no_run_yet_is_2_and_makes_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            self.health(2, folder)
            none = os.path.join(folder, "none")
            self.assertEqual(self.health(2, none)["reasons"],
                             [f"there is no state directory {none}; start a run first, or correct the path"])
            self.assertEqual(os.listdir(folder), [])

    def test_a_state_that_is_a_file_or_closed_is_said_as_what_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            file = write(os.path.join(folder, "file"), "")
            for words in (["run", self.pipeline], ["status"], ["case", "list"]):
                said = self.exits(74, *words, "--state", file).stderr
                self.assertIn("no directory", said)
                self.assertIn("--state", said)
                self.assertNotIn("tries again", said)
        if os.geteuid() == 0:  # who may read everything cannot be refused
            for words in (["status"], ["case", "list"]):
                done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", PROGRAM, *words,
                                       "--state", self.state], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 73, done.stderr)
                self.assertIn("who looks has to read it", done.stderr)

    def test_a_run_that_is_gone_is_2_and_one_that_lives_is_not(self):
        state, _ = self.copy()
        self.heartbeat(state, status="running", finished=None)
        gone = subprocess.Popen(["true"])
        gone.wait()
        write(os.path.join(state, "lock"), json.dumps({"pid": gone.pid}))
        self.assertEqual(self.health(2, state)["health"], "failed")
        write(os.path.join(state, "lock"), json.dumps({"pid": os.getpid()}))
        self.assertTrue(self.health(0, state)["running"])

    def test_no_run_for_too_long_is_stale(self):
        state, pipeline = self.copy()
        self.heartbeat(state, finished="2026-01-01T00:00:00.000Z")
        self.health(0, pipeline)
        write(pipeline, pipeline_text(state, '[schedule]\nevery = "10s"\n'))
        self.assertEqual(self.health(2, pipeline)["health"], "stale")

    def test_gaps_are_listed_and_degrade(self):
        state, _ = self.copy()
        day = 1_790_000_000_000
        columns = "stage, from_ms, to_ms, filter, pages, fetched, complete"
        insert = f"INSERT INTO intervals({columns}) VALUES('poll', ?, ?, '', 1, 5, ?)"
        sql(state, (insert, (day, day + 60_000, 1)), (insert, (day + 60_000, day + 90_000, 0)))
        self.exits(0, "gaps", state)
        sql(state, (insert, (day + 90_000, day + 120_000, 1)))
        done = self.exits(1, "gaps", state)
        self.assertRegex(done.stdout, r"gap +2026-\S+Z +2026-\S+Z +30 s")
        answer = json.loads(self.exits(1, "gaps", state, "--format", "json").stdout)
        self.assertEqual((answer["gaps"], answer["stages"][0]["gaps"][0]["duration_s"]), (1, 30.0))
        self.assertEqual(self.health(1, state)["health"], "degraded")


if __name__ == "__main__":
    main()
