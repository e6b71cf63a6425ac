#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`reconcile`: every way in which a state directory can differ from its books is made, named, and repaired or not."""
import json
import os
import re
import shutil
import sqlite3

import oracle
import support
from books_support import ALERTS, BooksTest

# Found only by the stage, at the end of a run that decided an alert: tests/unit/core/books.
NOT_MADE_HERE = {"ledger_missing"}
ZEROS = "0" * 32


def remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


class Reconcile(BooksTest):
    def sql(self, *statements):
        with sqlite3.connect(self.path("state.db")) as db:
            for statement in statements:
                db.execute(*statement)
        db.close()

    def reported(self, code=1, *options):
        return self.call(code, "reconcile", self.box.toml, "--format", "json", *options).report

    def first(self, kind):
        return next(iter(self.before.of(kind).items()))

    def interval(self, from_ms, to_ms, complete=1):
        self.sql(("INSERT INTO intervals(stage, from_ms, to_ms, filter, pages, fetched, complete) "
                  "VALUES('poll', ?, ?, 'f', 1, 1, ?)", (from_ms, to_ms, complete)))

    def message(self, delivery, payload="{}"):
        self.sql(("INSERT INTO outbox(delivery_id, payload) VALUES(?, ?)", (delivery, payload)))

    def total(self, name, by=1):
        self.sql(("INSERT INTO totals VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = value + excluded.value", (name, by)))

    def make_dir(self, *parts):
        os.makedirs(self.path(*parts))

    def damages(self):
        """Category -> (what makes it, what the example is)."""
        waiting = sorted(self.before.waiting())[0]
        verdict, pack = self.verdict("review")["key"], self.first("pack")[0]
        broken, entry = self.first("quarantined")
        queued = next(n for n in self.box.waiting() if waiting in n)
        day = "cases/2001/01/01/c-" + ZEROS
        made = {
            "queue_missing": (lambda: os.unlink(os.path.join(self.box.queue, queued)), waiting),
            "case_missing": (lambda: remove(self.one("cases", verdict)), verdict),
            "processed_missing": (lambda: remove(self.one("processed", verdict)), verdict),
            "pack_missing": (lambda: remove(self.path("packs", "c-" + pack)), pack),
            "quarantine_missing": (lambda: os.unlink(self.path("quarantine", entry["file"])), broken),
            "case_unknown": (lambda: self.make_dir(day), ZEROS),
            "processed_unknown": (lambda: support.drop(self.path("processed/2001/01/01"), ZEROS + ".json", "{}"), ZEROS),
            "pack_unknown": (lambda: self.make_dir("packs", "c-" + ZEROS), ZEROS),
            "quarantine_unknown": (lambda: support.drop(self.path("quarantine"), ZEROS + "-x", "{}"), ZEROS),
            "foreign_name": (lambda: self.make_dir("packs", "a copy\nof it"), "packs: a copy\\x0Aof it"),
            "row_differs": (lambda: self.sql(("UPDATE alerts SET decided_seq = decided_seq - 1 WHERE key = ?", (bytes.fromhex(verdict),))), None),
            "entry_unknown": (lambda: self.sql(("DELETE FROM alerts WHERE key = ?", (bytes.fromhex(broken),))), None),
            "interval_inverted": (lambda: self.interval(2000, 1000), "poll: 1970-01-01T00:00:02.000Z to 1970-01-01T00:00:01.000Z"),
            "interval_overlap": (lambda: (self.interval(0, 2000), self.interval(1000, 3000)),
                                 "poll: 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:02.000Z; "
                                 "poll: 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:03.000Z"),
            "outbox_unknown": (lambda: self.message(waiting + "-0"), waiting + "-0"),
            "outbox_damaged": (lambda: self.message(verdict + "-0", "{"), verdict + "-0"),
        }
        for name, also in (("fetched", "fetched"), ("accepted", "accepted"), ("triaged", "triaged")):
            made["sum_" + name] = (lambda n=also: self.total(n), None)
        for name in ("accepted", "triaged", "benign", "known_fp", "review", "escalated", "quarantined", "packs"):
            made["totals_" + name] = (lambda n=name: self.total(n), None)
        return made

    def test_every_category_is_made_and_named(self):
        code = "".join(support.read(os.path.join(support.SOURCE, "core/books", f)).decode() for f in ("reconcile.cpp", "entries.cpp"))
        named = set(re.findall(r'"((?:[a-z]+_)+(?:missing|unknown|name|inverted|overlap|damaged|differs)|(?:sum|totals)_[a-z_]+)"', code))
        made = self.damages()
        self.assertEqual(set(made) | NOT_MADE_HERE, named)
        whole = self.box.state + "-whole"
        shutil.copytree(self.box.state, whole)
        for category, (damage, example) in made.items():
            with self.subTest(category=category):
                shutil.rmtree(self.box.state)
                shutil.copytree(whole, self.box.state)
                self.reported(0)
                damage()
                found = self.reported()["categories"]
                self.assertIn(category, found)
                if example is not None:
                    self.assertEqual(found, {category: {"count": 1, "examples": [example]}})
                text = self.call(1, "reconcile", self.box.toml, "--repair")
                self.assertRegex(text.out, f"need a person|restore processed|problem {category}")

    def test_while_rows_and_ledger_differ_nothing_is_brought_in(self):
        key = self.verdict("review")["key"]
        self.sql(("DELETE FROM alerts WHERE key = ?", (bytes.fromhex(key),)))
        answer = self.reported(1, "--repair", "--yes")
        self.assertEqual(answer["repair"]["brought_in"]["cases"]["review"], 0)
        self.assertEqual(answer["repair"]["by_hand"]["case_unknown"], 1)
        self.assertEqual(answer["repair"]["by_hand"]["entry_unknown"], 2)
        self.assertEqual(len(oracle.books_of(self.box).entries), len(self.before.entries))

    def test_a_poll_that_did_not_end_is_a_note(self):
        self.interval(0, 1000)
        self.interval(2000, 3000, 0)
        answer = self.reported(0)
        self.assertEqual(answer["notes"]["interval_unfinished"]["examples"],
                         ["poll: 1970-01-01T00:00:02.000Z to 1970-01-01T00:00:03.000Z"])

    # ---- an older ledger

    def older(self):
        """The ledger is that of now; then the pipeline goes on, and the ledger is again that of before."""
        shutil.copy2(self.path("state.db"), self.box.base + "/state-older.db")
        later = [support.alert(i) for i in range(ALERTS + 1, ALERTS + 61)]
        with open(self.source, "a", encoding="utf-8") as f:
            f.writelines(support.dumps(a) + "\n" for a in later)
        support.drop(self.box.queue, "later.json", support.dumps(support.alert(900, 7)))
        support.drop(self.box.queue, "broken-later.json", "no alert, later")
        self.ends(self.box.run(drain=False), 0, "ok")  # some of what waited, and some of the new ones
        then = oracle.books_of(self.box)
        self.assertGreater(len(then.waiting()), 10)
        self.lose()
        shutil.copy2(self.box.base + "/state-older.db", self.path("state.db"))
        return then

    def test_what_was_decided_after_an_older_ledger_is_brought_in(self):
        then = self.older()
        plan = self.reported(1, "--repair")
        self.assertGreater(plan["repair"]["brought_in"]["cases"]["review"], 0)
        self.assertEqual(plan["repair"]["by_hand"], {})
        self.assertEqual(len(oracle.books_of(self.box).entries), len(self.before.entries), "a plan changes nothing")
        self.assertIn("bring into the books", self.call(1, "reconcile", self.box.toml, "--repair").out)
        done = self.reported(0, "--repair", "--yes")
        self.assertTrue(done["repair"]["applied"])
        after = oracle.books_of(self.box)
        for kind, members in (("verdict", ("seq", "disposition", "reason", "trail", "sha256")), ("pack", ("manifest_sha256",)),
                              ("quarantined", ("reason", "file")), ("accepted", ("sha256", "alert_id"))):
            oracle.same(self, set(then.of(kind)), set(after.of(kind)), kind)
            for key, entry in then.of(kind).items():
                self.assertEqual({m: entry[m] for m in members}, {m: after.of(kind)[key][m] for m in members})
        self.assertEqual(len([e for e in after.entries if e["kind"] == "rebuild"]), 1)
        report = self.ends(self.box.run(), 0, "ok")
        self.assertEqual((report["counts"]["accepted"], report["counts"]["triaged"]), (0, len(then.waiting())))
        oracle.check(self, self.box)
        self.assertEqual(self.reported(0, "--repair", "--yes")["repair"]["applied"], False, "there is nothing left to do")

    def test_after_a_run_on_an_older_ledger_the_numbers_are_taken_and_that_is_said(self):
        # Its cases are of numbers that the next run gives to others: a drop-in that nobody brings again.
        support.drop(self.box.queue, "late.json", support.dumps(support.alert(950, 7)))
        shutil.copy2(self.path("state.db"), self.box.base + "/state-older.db")
        self.ends(self.box.run(), 0, "ok")
        self.lose()
        shutil.copy2(self.box.base + "/state-older.db", self.path("state.db"))
        support.drop(self.box.queue, "new.json", support.dumps(support.alert(951, 7)))
        os.unlink(self.path("heartbeat.json"))  # it would keep the run from beginning
        self.box.run()
        done = self.reported(0, "--repair", "--yes")["repair"]
        self.assertEqual(list(done["problems"]), ["verdict_renumbered"])
        self.ends(self.box.run(), 0, "ok")
        self.call(0, "ledger", "verify")
        self.assertEqual(len(oracle.books_of(self.box).of("verdict")), ALERTS + 3)

    def test_a_repair_without_the_pipeline_file_leaves_the_queue_alone(self):
        self.older()
        done = json.loads(self.call(0, "reconcile", self.box.state, "--repair", "--yes", "--format", "json").out)
        self.assertEqual(done["repair"]["brought_in"]["waiting"], 0)


if __name__ == "__main__":
    support.main()
