#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ledger rebuild`: state.db lost or damaged, made anew from what is on disk, and checked by id."""
import fcntl
import json
import os
import shutil
import sqlite3

import oracle
import support
from books_support import ALERTS, SIDES, BooksTest


class Rebuild(BooksTest):
    def rebuild(self, code=0, *options):
        return json.loads(self.call(code, "ledger", "rebuild", self.box.toml, "--format", "json", *options).out)

    def same_fates(self, after):
        """Every alert has the fate it had, in the words it had; and nothing but those."""
        for kind, members in (("verdict", ("seq", "disposition", "case_id", "source", "alert_id", "sha256", "reason", "stage", "plugin",
                                           "inputs", "logical_time", "trail")),
                              ("quarantined", ("reason", "file")), ("pack", ("path", "manifest_sha256", "files")),
                              ("accepted", ("alert_id", "sha256"))):
            was, now = self.before.of(kind), after.of(kind)
            oracle.same(self, set(was), set(now), kind)
            for key, entry in was.items():
                self.assertEqual({m: entry.get(m) for m in members}, {m: now[key].get(m) for m in members}, kind)
                self.assertIs(now[key]["rebuilt"], True)

    def runs_on(self, waiting):
        """The next run brings what waited to its verdict and calls everything else a duplicate."""
        report = self.ends(self.box.run(), 0, "ok")
        self.assertEqual(report["counts"]["accepted"], 0, report)
        self.assertEqual(report["counts"]["triaged"], waiting, report)
        self.assertEqual(report["counts"]["duplicate"], report["counts"]["fetched"], report)
        books = oracle.check(self, self.box)
        self.assertEqual(len(books.of("verdict")), ALERTS + 1)
        self.assertEqual(len(books.of("quarantined")), 2)
        return books

    def test_a_lost_ledger_is_rebuilt_and_every_alert_keeps_its_fate(self):
        self.lose()
        refused = self.box.run()
        self.assertEqual(refused.code, 74)
        self.assertIn("signalfoundry ledger rebuild PIPELINE.toml", refused.err)
        before = support.tree(self.box.state, {"lock"})
        plan = self.rebuild()
        self.assertFalse(plan["applied"])
        text = self.call(0, "ledger", "rebuild", self.box.toml)
        self.assertIn("Nothing was changed. --yes does it.", text.out)
        self.assertIn("cursors and intervals", text.out)
        self.assertEqual(support.differences(before, support.tree(self.box.state, {"lock"})), [])
        done = self.rebuild(0, "--yes")
        self.assertTrue(done["applied"])
        self.assertEqual({k: done[k] for k in ("cases", "packs", "quarantined", "waiting")},
                         {k: plan[k] for k in ("cases", "packs", "quarantined", "waiting")})
        for disposition, count in done["cases"].items():
            self.assertEqual(count, self.totals[disposition], disposition)
        after = oracle.books_of(self.box)
        self.same_fates(after)
        oracle.same(self, self.before.waiting(), after.waiting(), "what waits")
        self.assertEqual(after.entries[0]["kind"], "rebuild")
        self.assertIn("missing", after.entries[0]["reason"])
        self.assertEqual(after.entries[0]["from"]["packs"], self.totals["packs"])
        self.call(0, "ledger", "verify")
        self.call(0, "reconcile", self.box.toml)
        key, pack = next(iter(after.of("pack").items()))
        self.assertIn("rebuilt", self.call(0, "explain", key, self.box.toml).out)
        self.assertIn(pack["path"], self.call(0, "case", "show", key, self.box.toml).out)
        self.assertEqual(len(self.call(0, "case", "list", self.box.toml, "--limit", "0", "--format", "json").out.splitlines()),
                         self.totals["triaged"])
        books = self.runs_on(len(self.before.waiting()))
        again = self.ends(self.box.run(), 0, "ok")
        self.assertEqual(again["ledger"]["entries"], len(books.entries), "a further run has nothing to tell the ledger")
        self.assertIn("in order", self.call(64, "ledger", "rebuild", self.box.toml, "--yes").err)

    def test_a_damaged_ledger_is_kept_beside_the_new_one(self):
        good = support.read(self.path("state.db"))
        kept = {}
        for what, data in {"empty": b"", "cut": good[:len(good) // 3], "garbage": os.urandom(65536),
                           "a page overwritten": good[:4096] + os.urandom(4096) + good[8192:],
                           "an entry changed": good.replace(b'"disposition":"review"', b'"disposition":"benign"', 1)}.items():
            with self.subTest(damage=what):
                self.lose()
                support.write(self.path("state.db"), data)
                done = self.rebuild(0, "--yes")
                support.say(f"{what}: {done['reason']}")
                kept[next(n for n in done["set_aside"] if n not in kept and not n.endswith(("-wal", "-shm")))] = data
                after = oracle.books_of(self.box)
                self.same_fates(after)
                self.assertGreaterEqual(set(after.entries[0]["set_aside"]), set(kept))
                for name, bytes_then in kept.items():
                    self.assertEqual(support.read(self.path(name)), bytes_then, f"{name} is evidence")
                self.call(0, "reconcile", self.box.toml)
        self.runs_on(len(self.before.waiting()))

    def test_the_rest_of_a_lost_ledger_is_set_aside_too(self):
        self.lose()
        support.write(self.path("state.db-wal"), b"the rest of a ledger")
        done = self.rebuild(0, "--yes")
        (kept,) = [n for n in os.listdir(self.box.state) if n.startswith("state.db.damaged-")]
        self.assertTrue(kept.endswith("-wal"))
        self.assertEqual(done["set_aside"], [kept])
        self.assertEqual(support.read(self.path(kept)), b"the rest of a ledger")
        self.runs_on(len(self.before.waiting()))

    def test_a_ledger_in_order_and_one_of_another_version_are_left_alone(self):
        before = support.tree(self.box.state, {"lock", *SIDES})
        self.assertIn("in order", self.call(64, "ledger", "rebuild", self.box.toml, "--yes").err)
        good = support.read(self.path("state.db"))
        with sqlite3.connect(self.path("state.db")) as db:
            db.execute("UPDATE meta SET value = 2")
        db.close()
        self.assertIn("another version", self.call(74, "ledger", "rebuild", self.box.toml, "--yes").err)
        support.write(self.path("state.db"), good)
        self.assertEqual(support.differences(before, support.tree(self.box.state, {"lock", *SIDES})), [])
        self.call(0, "reconcile", self.box.toml)

    def test_a_state_directory_in_which_nothing_was_recorded_has_nothing_to_rebuild(self):
        self.box.state = os.path.join(self.box.base, "state", "other")
        self.assertIn("no state directory", self.call(74, "ledger", "rebuild", self.box.toml, "--yes").err)
        os.makedirs(self.box.state)
        self.assertIn("nothing was recorded", self.call(64, "ledger", "rebuild", self.box.toml, "--yes").err)
        self.assertFalse(os.path.exists(self.path("state.db")))

    def test_while_a_run_holds_the_lock_it_waits_for_another_day(self):
        self.lose()
        with open(self.path("lock"), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("holds the lock", self.call(75, "ledger", "rebuild", self.box.toml, "--yes").err)
        self.assertFalse(os.path.exists(self.path("state.db")))

    # ---- other pipelines

    def without(self, *stages):
        """The same pipeline without these stages, in a state directory of its own; its ledger is lost after a run."""
        text = support.read(self.box.toml).decode()
        for stage in stages:
            at = text.index(f'[[stage]]\nname = "{stage}"')
            end = text.find("[[stage]]", at + 1)
            text = text[:at] + (text[end:] if end > 0 else "")
        support.write(self.box.toml, text)
        shutil.rmtree(self.box.state)
        for i in range(5):
            support.drop(self.box.queue, f"{i}.json", support.dumps(support.alert(i)))
        self.ends(self.box.run(), 0, "ok")
        self.before = oracle.books_of(self.box)
        self.lose()

    def test_where_every_number_is_needed_the_rebuild_is_told_last(self):
        self.without("poll", "triage", "escalation")
        self.rebuild(0, "--yes")
        after = oracle.books_of(self.box)
        self.same_fates(after)
        self.assertEqual([e["kind"] for e in after.entries], ["accepted", "verdict"] * 5 + ["rebuild"])
        self.call(0, "reconcile", self.box.toml)

    def test_without_cases_nothing_says_what_the_verdicts_were(self):
        self.without("poll", "cases", "escalation")
        done = self.rebuild(1, "--yes")
        self.assertEqual(done["problems"]["processed_unknown"]["count"], 5)
        self.assertEqual(sum(done["cases"].values()), 0)

    # ---- what cannot be brought in

    def damage(self, change):
        """Loses the ledger, spoils one thing, rebuilds; gives what was not brought in as category -> examples."""
        self.lose()
        change()
        done = self.rebuild(1, "--yes")
        self.call(0, "ledger", "verify")
        return {name: found["examples"] for name, found in done["problems"].items()}

    def test_a_case_that_does_not_agree_with_itself_stays_out_by_name(self):
        verdict = self.verdict("review")
        folder = self.one("cases", verdict["key"])
        whole = json.loads(support.read(os.path.join(folder, "case.json")))
        for what, members in {"another key": {"key": "0" * 32}, "no disposition": {"disposition": "closed"},
                              "no number": {"seq": "5"}, "another digest": {"alert_sha256": "0" * 64},
                              "another day": {"verdict": {**whole["verdict"], "time": "2001-01-01T00:00:00Z"}},
                              "no JSON": None}.items():
            with self.subTest(case=what):
                support.write(os.path.join(folder, "case.json"), json.dumps({**whole, **members}) if members else "{")
                out = self.damage(lambda: None)
                self.assertIn(verdict["key"], out["case_unknown"][0])
                self.assertIn(verdict["key"], out["processed_unknown"][0])
                self.assertNotIn(verdict["key"], oracle.books_of(self.box).of("verdict"))
        reported = self.call(1, "reconcile", self.box.toml, "--format", "json").report["categories"]
        self.assertEqual(sorted(reported), ["case_unknown", "processed_unknown"])
        # The source offers it again: it is decided once more, in place.
        self.ends(self.box.run(), 0, "ok")
        oracle.check(self, self.box)

    def test_an_alert_whose_bytes_are_not_those_of_its_case_stays_out(self):
        key = self.verdict("review")["key"]

        def change():
            os.unlink(self.one("processed", key))
            alert = os.path.join(self.one("cases", key), "alert.json")
            os.unlink(alert)
            support.write(alert, "{}")
        self.assertIn(key, self.damage(change)["case_unknown"][0])

    def test_a_second_case_of_an_alert_stays_out(self):
        key = self.verdict("review")["key"]
        folder = self.one("cases", key)

        def change():
            case = json.loads(support.read(os.path.join(folder, "case.json")))
            case["seq"] += 100000
            case["verdict"]["time"] = "2001-01-01T00:00:00.000Z"
            shutil.copytree(folder, self.path("cases/2001/01/01/c-" + key))
            support.write(self.path("cases/2001/01/01/c-" + key, "case.json"), json.dumps(case))
        out = self.damage(change)
        self.assertEqual(list(out), ["case_unknown"])
        self.assertIn(f"cases/2001/01/01/c-{key}", out["case_unknown"][0])
        self.same_fates(oracle.books_of(self.box))

    def test_a_pack_that_is_not_whole_or_has_no_escalated_case_stays_out(self):
        escalated, review = self.verdict("escalated")["key"], self.verdict("review")["key"]

        def change():
            support.write(self.path("packs", "c-" + escalated, "report.md"), "something else")
            shutil.copytree(self.path("packs", "c-" + self.other(escalated)), self.path("packs", "c-" + review))
        out = self.damage(change)
        self.assertEqual(sorted(e[:len("packs/c-") + 32] for e in out["pack_unknown"]),
                         sorted(["packs/c-" + escalated, "packs/c-" + review]))

    def other(self, key):
        return next(k for k in self.before.of("pack") if k != key)

    def test_a_quarantined_file_without_its_reason_stays_out(self):
        key, entry = next(iter(self.before.of("quarantined").items()))
        out = self.damage(lambda: os.unlink(self.path("quarantine", entry["file"] + ".reason.json")))
        self.assertIn(key, out["quarantine_unknown"][0])

    def test_a_name_in_the_queue_that_claims_a_key_it_has_not_is_no_accepted_alert(self):
        claimed = "p03-1794995620745-1f00a2c4-" + "d" * 32 + ".json"
        out = self.damage(lambda: support.drop(self.box.queue, claimed, support.dumps(support.alert(900, 7))))
        self.assertIn(claimed, out["queue_unknown"][0])
        self.assertNotIn("d" * 32, oracle.books_of(self.box).of("accepted"))
        report = self.ends(self.box.run(), 0, "ok")
        self.assertEqual(report["counts"]["accepted"], 1, "it is a drop-in like any other")
        oracle.check(self, self.box)

    def test_a_number_that_no_ledger_reaches_is_not_kept(self):
        key = self.verdict("review")["key"]
        path = os.path.join(self.one("cases", key), "case.json")

        def change():
            case = json.loads(support.read(path))
            case["seq"] = 1 << 60
            support.write(path, json.dumps(case))
        out = self.damage(change)
        self.assertEqual(list(out), ["verdict_renumbered"])
        self.assertIn(key, out["verdict_renumbered"][0])
        self.call(0, "reconcile", self.box.toml)

    def test_cases_that_were_cleaned_away_leave_numbers_and_no_verdicts(self):
        gone = [v for v in self.before.of("verdict").values()][:5]
        self.lose()
        for verdict in gone:
            for folder in ("cases", "processed"):
                path = self.one(folder, verdict["key"])
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
            shutil.rmtree(self.path("packs", verdict["case_id"]), ignore_errors=True)
        self.rebuild(0, "--yes")
        after = oracle.books_of(self.box)
        for key, entry in after.of("verdict").items():
            self.assertEqual(entry["seq"], self.before.of("verdict")[key]["seq"])
        self.ends(self.box.run(), 0, "ok")  # the source still has them: they are decided again
        self.assertEqual(len(oracle.check(self, self.box).of("verdict")), ALERTS + 1)


if __name__ == "__main__":
    support.main()
