#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What becomes of an accepted alert when hands or backups change its file, its name or its ledger between two runs."""
import json
import os
import shutil
import sqlite3

import oracle
import support

SHIM = os.path.join(os.path.abspath(support.BUILD or "/"), "tests", "fault_shim.so")


class Accepted(support.EndToEnd):
    def setUp(self):
        super().setUp()
        self.source = self.box.alerts(10)

    def path(self, *parts):
        return os.path.join(self.box.state, *parts)

    def waiting(self, count=10):
        """`count` alerts, one of which was triaged; gives the names of the others, in the order of the queue."""
        self.box.alerts(count)
        self.box.pipeline(self.source, cap=1)
        self.ends(self.box.run(drain=False), 0, "ok")
        return self.box.waiting()

    def bytes_in(self, folder):
        return sorted(support.read(self.path(folder, n)) for n in os.listdir(self.path(folder)) if "reason" not in n)

    def reason(self, name):
        return json.loads(support.read(self.path("quarantine", name + ".reason.json")))["reason"]

    def all_have_verdicts(self, books, count=10):
        ids = {v["alert_id"] for v in books.of("verdict").values()}
        self.assertLessEqual({support.alert(i)["id"] for i in range(count)}, ids)

    # ---- names

    def test_a_forged_file_that_comes_first_leaves_the_alert_its_verdict(self):
        key = self.waiting()[-1][-37:-5]
        forged = f"p00-0000000000001-00000000-{key}.json"
        support.drop(self.box.queue, forged, '{"hello":"world"}')
        report = self.ends(self.box.run(drain=False), 0, "ok")  # this one only
        self.assertEqual(report["counts"]["quarantined"], 1)
        self.box.pipeline(self.source)
        self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        self.all_have_verdicts(books)
        self.assertIn(key, books.of("verdict"))
        self.assertEqual(self.bytes_in("quarantine"), [b'{"hello":"world"}'])

    def test_of_forged_files_without_the_alert_all_bytes_are_kept(self):
        name = self.waiting()[-1]
        os.unlink(os.path.join(self.box.queue, name))
        forged = [f'{{"forged":{i}}}'.encode() for i in range(3)]
        for i, data in enumerate(forged):
            support.drop(self.box.queue, f"p00-000000000000{i}-00000000-{name[-37:-5]}.json", data)
        self.box.pipeline(self.source)
        report = self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        self.assertEqual(self.bytes_in("quarantine"), forged)
        self.assertIn(name[-37:-5], books.of("quarantined"), "one of them stood for the alert")
        self.assertEqual(report["counts"]["quarantined"], 3)

    def test_the_right_bytes_after_wrong_ones_are_kept(self):
        name = self.waiting()[0]
        right = support.read(os.path.join(self.box.queue, name))
        support.write(os.path.join(self.box.queue, name), '{"edited":true}')
        self.ends(self.box.run(drain=False), 0, "ok")
        support.drop(self.box.queue, name, right)
        self.box.pipeline(self.source)
        self.ends(self.box.run(), 0, "ok")
        oracle.check(self, self.box)
        self.assertEqual(self.bytes_in("quarantine"), sorted([right, b'{"edited":true}']))

    # ---- quarantine

    def test_what_is_taken_out_of_quarantine_comes_back_to_it(self):
        self.box.pipeline()
        support.drop(self.box.queue, "broken.json", "no alert")
        self.ends(self.box.run(), 0, "ok")
        (kept,) = [n for n in os.listdir(self.path("quarantine")) if "reason" not in n]
        why = self.reason(kept)
        for name in ("broken.json", "renamed.json"):
            os.rename(self.path("quarantine", kept), os.path.join(self.box.queue, name))
            result = self.box.run()
            counts = self.ends(result, 0, "ok")["counts"]
            self.assertEqual((counts["fetched"], counts["duplicate"], counts["quarantined"]), (1, 1, 0))
            self.assertIn("has been in quarantine before", result.err)
            self.assertEqual(self.bytes_in("quarantine"), [b"no alert"])
            self.assertEqual(self.reason(kept), why)
            oracle.check(self, self.box)

    # ---- missing files

    def test_an_accepted_alert_whose_file_is_gone_is_named_by_every_run(self):
        name = self.waiting()[-1]
        data = support.read(os.path.join(self.box.queue, name))
        os.unlink(os.path.join(self.box.queue, name))
        self.box.pipeline(self.source)
        for _ in range(2):
            report = self.ends(self.box.run(), 74, "degraded")
            self.assertIn(name[-37:-5], report["error"])
            self.assertEqual(report["reconcile"]["categories"], {"queue_missing": 1})
            self.assertEqual(report["totals"]["waiting"], 1)
        os.symlink("/etc/passwd", os.path.join(self.box.queue, name))
        self.assertIn(name[-37:-5], self.ends(self.box.run(), 74, "degraded")["error"], "a link is not its file")
        os.unlink(os.path.join(self.box.queue, name))
        support.drop(self.box.queue, name, data)
        report = self.ends(self.box.run(), 0, "ok")
        self.assertEqual((report["counts"]["triaged"], report["totals"]["waiting"]), (1, 0))
        self.all_have_verdicts(oracle.check(self, self.box))

    # ---- before anything is accepted

    def test_a_dry_run_says_what_the_run_then_does(self):
        large = support.alert(20)
        large["full_log"] = "x" * 5000
        documents = [support.alert(i) for i in range(10)] + [large, support.alert(3)]
        source = support.write_jsonl(os.path.join(self.box.input, "mixed.jsonl"), documents + ["no alert"])
        self.box.pipeline(source, head="max_alert_bytes = 4096")
        support.drop(self.box.queue, "drop.json", support.dumps(support.alert(30)))
        before = support.tree(self.box.state)
        dry = self.box.call("run", self.box.toml, "--dry-run", "--format", "json", "--state", self.box.state)
        self.assertEqual(dry.code, 0, str(dry))
        self.assertEqual(support.differences(before, support.tree(self.box.state)), [], "it writes nothing")
        said = [json.loads(line) for line in dry.out.splitlines()]
        self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        self.assertEqual({s["key"]: s["disposition"] for s in said if s["key"]},
                         {key: verdict["disposition"] for key, verdict in books.of("verdict").items()})
        self.assertEqual(len([s for s in said if s["disposition"] == "quarantined"]), len(books.of("quarantined")))
        self.assertEqual(len(said), 13)

    # ---- stages that come and go

    def test_a_pipeline_that_gets_or_loses_its_cases_keeps_its_books(self):
        def without_cases():
            text = support.read(self.box.toml).decode()
            support.write(self.box.toml, text.replace('[[stage]]\nname = "cases"\nplugin = "cases"\n', ""))

        def run(first, count):
            for i in range(first, first + count):
                support.drop(self.box.queue, f"drop-{i}.json", support.dumps(support.alert(i)))
            self.ends(self.box.run(), 0, "ok")
            found = self.box.call("reconcile", self.box.toml, "--state", self.box.state)
            self.assertEqual(found.code, 0, str(found))
        self.box.pipeline()
        without_cases()
        run(0, 5)
        self.box.pipeline()
        run(5, 5)
        without_cases()
        run(10, 5)
        verdict = oracle.books_of(self.box).of("verdict")
        cased = [n[2:] for _, n in oracle.dated(self.path("cases"))]
        self.assertEqual((len(verdict), len(cased)), (15, 5))
        day = next(d for d, n in oracle.dated(self.path("cases")) if n == "c-" + cased[0])
        shutil.rmtree(self.path("cases", day, "c-" + cased[0]))
        found = self.box.call("reconcile", self.box.toml, "--state", self.box.state)
        self.assertIn("case_missing: 1", found.out, "of those that must have one")

    # ---- what a crash leaves in active/

    def with_fault(self, classes, number, do):
        """A run whose N-th call of these classes goes wrong; gives its exit code."""
        plain = dict(self.box.environment)
        self.box.environment.update(
            LD_PRELOAD=SHIM, SF_FAULT_SHARED=support.write(self.path("shim"), bytes(4096)), SF_FAULT_ROOT=self.box.state,
            SF_FAULT_CLASSES=classes, SF_FAULT_AT=str(number), SF_FAULT_DO=do)
        code = self.box.run(watch=False).code
        self.box.environment = plain
        return code

    def duplicates(self):
        with sqlite3.connect(self.path("state.db")) as db:
            found = db.execute("SELECT value FROM totals WHERE name = 'duplicate'").fetchall()
        db.close()
        return sum(value for value, in found)

    def twice(self, data):
        self.box = support.Sandbox("twice")
        self.addCleanup(self.box.remove)
        self.box.pipeline()
        support.drop(self.box.queue, "a.json", data)
        self.ends(self.box.run(), 0, "ok")
        support.drop(self.box.queue, "again.json", data)

    @support.skip_without(SHIM)
    def test_a_duplicate_is_counted_once_wherever_its_run_is_killed(self):
        for data in (support.dumps(support.alert(1)), "no alert"):
            committed = 0
            for number in range(1, 9):
                with self.subTest(data=data, number=number):
                    self.twice(data)
                    if self.with_fault("move,remove", number, "kill") != -9:
                        break
                    committed += self.duplicates()
                    totals = self.ends(self.box.run(), 0, "ok")["totals"]
                    self.assertEqual((totals["fetched"], totals["duplicate"]), (2, 1))
                    support.drop(self.box.queue, "again.json", data)
                    self.assertEqual(self.ends(self.box.run(), 0, "ok")["totals"]["duplicate"], 2)
            self.assertGreater(committed, 0, "none was killed between the commit and the removal")

    @support.skip_without(SHIM)
    def test_a_duplicate_whose_file_cannot_be_removed_is_counted_once(self):
        for number in range(1, 5):
            with self.subTest(number=number):
                self.twice(support.dumps(support.alert(1)))
                self.with_fault("remove", number, "EIO")
                for _ in range(2):
                    totals = self.ends(self.box.run(), 0, "ok")["totals"]
                    self.assertEqual((totals["fetched"], totals["duplicate"]), (2, 1))

    def test_a_case_of_a_killed_run_does_not_ask_for_others(self):
        self.waiting(4)
        key = self.box.waiting()[0][-37:-5]
        case = next(d for d, _ in oracle.dated(self.path("cases")))
        os.makedirs(self.path("cases", case, "c-" + key))
        text = support.read(self.box.toml).decode()
        for stage in ("cases", "escalation"):
            text = text.replace(f'[[stage]]\nname = "{stage}"\nplugin = "{stage}"\n', "")
        support.write(self.box.toml, text.replace("cap = 1", "cap = 100"))
        self.ends(self.box.run(), 0, "ok")
        found = self.box.call("reconcile", self.box.toml, "--state", self.box.state)
        self.assertNotIn("case_missing", found.out)

    def test_a_rebuild_takes_a_duplicate_under_way_for_no_unfinished_verdict(self):
        self.box.pipeline()
        support.drop(self.box.queue, "a.json", support.dumps(support.alert(1)))
        self.ends(self.box.run(), 0, "ok")
        (before,) = oracle.books_of(self.box).of("verdict").values()
        support.write(self.path("active", "again.json"), support.dumps(support.alert(1)))
        for name in ("state.db", "state.db-wal", "state.db-shm"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        done = self.box.call("ledger", "rebuild", self.box.toml, "--yes", "--state", self.box.state)
        self.assertEqual(done.code, 0, str(done))
        self.ends(self.box.run(), 0, "ok")
        (after,) = oracle.books_of(self.box).of("verdict").values()
        self.assertEqual([after[m] for m in ("seq", "disposition")], [before[m] for m in ("seq", "disposition")])

    # ---- backups

    def test_a_file_that_a_backup_has_twice_is_one_alert(self):
        name = self.waiting()[0]
        shutil.copy2(os.path.join(self.box.queue, name), self.path(".accept", name))
        self.box.pipeline(self.source)
        report = self.ends(self.box.run(), 0, "ok")
        self.assertEqual((report["counts"]["accepted"], report["totals"]["triaged"]), (0, 10))
        oracle.check(self, self.box)

    def test_an_older_ledger_is_not_run_on_before_its_repair(self):
        self.waiting()
        shutil.copy2(self.path("state.db"), self.box.base + "/state-older.db")
        self.box.pipeline(self.source)
        self.ends(self.box.run(), 0, "ok")
        head = self.box.heartbeat()["ledger"]
        for side in ("-wal", "-shm"):
            if os.path.exists(self.path("state.db" + side)):
                os.unlink(self.path("state.db" + side))
        shutil.copy2(self.box.base + "/state-older.db", self.path("state.db"))
        before = support.tree(self.path("cases"))
        for _ in range(2):
            result = self.box.run()
            self.assertEqual(result.code, 74, str(result))
            self.assertIn("reconcile PIPELINE.toml --repair --yes", result.report["error"])
            self.assertLessEqual(head.items(), self.box.heartbeat()["ledger"].items(), "what is looked for is not forgotten")
        self.assertEqual(support.differences(before, support.tree(self.path("cases"))), [])
        done = self.box.call("reconcile", self.box.toml, "--repair", "--yes", "--state", self.box.state)
        self.assertEqual(done.code, 0, str(done))
        self.assertIn("were not delivered yet are lost", done.out)
        self.assertEqual(self.ends(self.box.run(), 0, "ok")["counts"]["triaged"], 0)
        self.all_have_verdicts(oracle.check(self, self.box))

    def test_a_repair_leaves_an_unfinished_verdict_to_the_next_run(self):
        """As after a kill between a drop-in's case and its commit: what the verdict sends is in no book yet."""
        self.box.pipeline()
        support.drop(self.box.queue, "first.json", support.dumps(support.alert(1)))
        self.ends(self.box.run(), 0, "ok")
        for name in ("state.db", "heartbeat.json"):
            shutil.copy2(self.path(name), self.box.base + "/state-" + name)
        support.drop(self.box.queue, "second.json", support.dumps(support.alert(2)))
        self.ends(self.box.run(), 0, "ok")
        processed = self.path("processed")
        for day, name in list(oracle.dated(processed)):
            if support.dumps(support.alert(2)).encode() == support.read(os.path.join(processed, day, name)):
                os.rename(os.path.join(processed, day, name), self.path("active", "second.json"))
        for side in ("-wal", "-shm"):
            if os.path.exists(self.path("state.db" + side)):
                os.unlink(self.path("state.db" + side))
        for name in ("state.db", "heartbeat.json"):
            shutil.copy2(self.box.base + "/state-" + name, self.path(name))
        done = self.box.call("reconcile", self.box.toml, "--repair", "--yes", "--state", self.box.state)
        self.assertIn("the next run finishes what is unfinished", done.out)
        self.assertEqual(len(oracle.books_of(self.box).of("verdict")), 1)
        self.assertEqual(self.ends(self.box.run(), 0, "ok")["counts"]["triaged"], 1)
        oracle.check(self, self.box)


if __name__ == "__main__":
    support.main()
