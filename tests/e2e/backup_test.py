#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The drill of docs/operations/backup.md: its own commands, on a pipeline that works, and every alert by id afterwards."""
import os
import re
import shutil
import signal
import subprocess
import unittest

import oracle
import support

PAGE = os.path.join(support.SOURCE, "docs", "operations", "backup.md")
BEFORE, MEANWHILE, AFTER = 40, 400, 25  # alerts of the source, by when they come


def snippet(heading):
    """The shell commands below a heading of the page."""
    section = re.split(r"(?m)^## ", support.read(PAGE).decode())
    (text,) = [s for s in section if s.startswith(heading + "\n")]
    (commands,) = re.findall(r"```sh\n(.*?)```", text, re.S)
    return commands


@unittest.skipUnless(shutil.which("sqlite3"), "sqlite3 is not installed")
class Backup(support.EndToEnd):
    def setUp(self):
        super().setUp()
        self.source = support.write_jsonl(os.path.join(self.box.input, "alerts.jsonl"), [])
        self.box.pipeline(self.source, head="batch = 3")
        text = support.read(self.box.toml).decode().replace('format = "jsonl"', 'format = "jsonl"\nfollow = true')
        support.write(self.box.toml, text)
        self.backup = os.path.join(self.box.base, "state-backup")
        self.wanted = set()

    def arrive(self, first, count):
        alerts = [support.alert(i, 7 if i % 5 == 0 else None) for i in range(first, first + count)]
        with open(self.source, "a", encoding="utf-8") as f:
            f.writelines(support.dumps(a) + "\n" for a in alerts)
        self.wanted |= {a["id"] for a in alerts}

    def drop(self, number):
        alert = support.alert(number, 7)
        support.drop(self.box.queue, f"drop-{number}.json", support.dumps(alert))
        self.wanted.add(alert["id"])

    def shell(self, heading):
        """The page's commands, with this test's places."""
        script = snippet(heading)
        for name, value in (("state", self.box.state), ("pipeline", self.box.toml), ("backup", self.backup)):
            script = re.sub(rf"(?m)^{name}=.*$", f"{name}='{value}'", script)
        path = os.path.dirname(self.box.program) + ":" + os.environ["PATH"]
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], env={**self.box.environment, "PATH": path},
                              cwd=self.box.canary, capture_output=True, text=True, timeout=support.TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def triaged(self):
        try:
            return self.box.heartbeat()["totals"]["triaged"]
        except (FileNotFoundError, KeyError):
            return 0

    def life(self):
        """A schedule, a backup in the midst of it, and what comes after; gives the books at the end of it."""
        process = self.popen("--every", "1s")
        self.arrive(0, BEFORE)
        support.until(lambda: self.triaged() == BEFORE, "the first alerts")
        self.drop(5000)
        self.arrive(1000, MEANWHILE)
        processed = os.path.join(self.box.state, "processed")
        support.until(lambda: len(oracle.dated(processed)) > BEFORE + 10, "a run that is in the midst of them")
        self.shell("Backup")
        at_backup = self.ledger_of_backup()
        self.arrive(2000, AFTER)
        support.until(lambda: self.triaged() == len(self.wanted), "the other alerts")
        os.kill(process.pid, signal.SIGTERM)
        self.assertEqual(process.wait(30), 0, self.box.output()[1])
        books = oracle.check(self, self.box)
        self.assertEqual(self.ids(books), sorted(self.wanted))
        decided_later = len(books.of("verdict")) - at_backup
        self.assertGreaterEqual(decided_later, AFTER)
        support.say(f"{at_backup} verdicts in the backup's ledger; {decided_later} of {len(self.wanted)} alerts were decided after it")
        return books

    def ledger_of_backup(self):
        """How many verdicts the backup's ledger has; its chain holds."""
        place = os.path.join(self.box.base, "state-look")
        os.makedirs(place)
        shutil.copy2(os.path.join(self.backup, "state.db"), place)
        exported = self.box.call("ledger", "export", "--state", place, watch=False)
        return len(oracle.Books(exported.out.encode()).of("verdict"))

    @staticmethod
    def ids(books):
        return sorted(v["alert_id"] for v in books.of("verdict").values())

    def whole(self, then):
        """One first verdict, one case and one alert's file for each; and each verdict is what it was."""
        books = oracle.check(self, self.box)
        self.assertEqual(self.ids(books), sorted(self.wanted))
        said = {k: v["disposition"] for k, v in books.of("verdict").items()}
        self.assertEqual(said, {k: v["disposition"] for k, v in then.of("verdict").items()})
        again = self.ends(self.box.run(), 0, "ok")
        self.assertEqual((again["counts"]["accepted"], again["counts"]["triaged"]), (0, 0), again)
        return books

    def test_the_whole_state_directory_is_lost(self):
        then = self.life()
        shutil.rmtree(self.box.state)
        self.assertIn(f"{len(self.wanted)} alerts checked, 0 mismatches", self.shell("The whole state directory was lost"))
        self.whole(then)

    def test_only_the_ledger_is_lost(self):
        then = self.life()
        support.write(os.path.join(self.box.state, "state.db"), "a disk gone bad")
        self.shell("Only state.db was lost")
        books = self.whole(then)
        for key, verdict in then.of("verdict").items():
            self.assertEqual(books.of("verdict")[key]["seq"], verdict["seq"])
        self.assertEqual(support.read(os.path.join(self.box.state, "state.db.lost")), b"a disk gone bad")

    def test_a_ledger_of_before_and_drop_ins_of_after(self):
        """Nobody brings a drop-in again: its case is what is left of it, and it is brought in."""
        then = self.life()
        self.drop(6000)
        self.ends(self.box.run(), 0, "ok")
        then = oracle.check(self, self.box)
        for name in ("state.db", "state.db-wal", "state.db-shm"):
            if os.path.exists(os.path.join(self.box.state, name)):
                os.unlink(os.path.join(self.box.state, name))
        self.shell("Only state.db was lost")
        self.whole(then)


if __name__ == "__main__":
    support.main()
