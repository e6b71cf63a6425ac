# SPDX-License-Identifier: Apache-2.0
"""A state directory with something of everything in it, for tests that lose or damage a part."""
import os

import oracle
import support

ALERTS = 60
SIDES = ("state.db", "state.db-wal", "state.db-shm")


class BooksTest(support.EndToEnd):
    """A state directory with verdicts of each kind, packs, quarantine and alerts that wait."""

    def setUp(self):
        super().setUp()
        self.source = self.box.alerts(ALERTS)
        with open(self.source, "a", encoding="utf-8") as f:
            f.write("a line that is no alert\n")
        self.box.pipeline(self.source, cap=ALERTS * 2 // 3)
        support.drop(self.box.queue, "drop.json", support.dumps(support.alert(ALERTS, 7)))
        support.drop(self.box.queue, "broken.json", "no alert")
        self.ends(self.box.run(drain=False), 0, "ok")
        self.before = oracle.books_of(self.box)
        self.totals = self.box.heartbeat()["totals"]
        self.assertGreater(len(self.before.waiting()), 10)
        self.assertGreater(len(self.before.of("pack")), 3)
        self.assertEqual(len(self.before.of("quarantined")), 2)

    def path(self, *parts):
        return os.path.join(self.box.state, *parts)

    def lose(self):
        for name in SIDES:
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))

    def call(self, code, *arguments):
        result = self.box.call(*arguments, "--state", self.box.state, watch=False)
        self.assertEqual(result.code, code, str(result))
        return result

    def one(self, folder, key):
        (found,) = [self.path(folder, d, n) for d, n in oracle.dated(self.path(folder)) if key in n]
        return found

    def verdict(self, disposition):
        return next(v for v in self.before.of("verdict").values() if v["disposition"] == disposition)
