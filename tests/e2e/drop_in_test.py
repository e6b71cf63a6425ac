#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that other processes put into the queue: a verdict, quarantine, or left alone by name; nothing else."""
import json
import os
import socket
import threading

import oracle
import support


def nested(depth):
    return '{"rule":{"id":"1","level":3},"x":' + "[" * depth + "]" * depth + "}"


def with_id(text):
    document = support.alert(900)
    document["id"] = text
    return support.dumps(document)


HOSTILE_CONTENT = {  # name -> (bytes, a piece of the reason; None: gets a verdict)
    "truncated.json": (support.dumps(support.alert(1))[:200].encode(), "not JSON"),
    "empty.json": (b"", "empty"),
    "blank.json": (b" \n\t\r\n", "empty"),
    "twenty-megabytes.json": (b'{"rule":{"id":"1","level":3},"full_log":"' + b"x" * (20 << 20) + b'"}',
                              "max_alert_bytes"),
    "binary.json": (bytes(range(256)) * 64, "not JSON"),
    "nul-bytes.json": (b"\0" * 4096, "not JSON"),
    "invalid-utf8.json": (b'{"rule":{"id":"1","level":3},"full_log":"\xc3\x28 \xff\xfe"}', "UTF-8"),
    "overlong-utf8.json": (b'{"rule":{"id":"1","level":3},"full_log":"\xc0\xaf"}', "UTF-8"),
    "byte-order-mark.json": (b"\xef\xbb\xbf" + support.dumps(support.alert(2)).encode(), None),
    "utf-16.json": (support.dumps(support.alert(3)).encode("utf-16"), "not JSON"),
    "deep.json": (nested(100_000).encode(), "nested deeper"),
    "deep-objects.json": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested deeper"),
    "deep-unclosed.json": (b"[" * 100_000, "nested deeper"),
    "duplicate-keys.json": (b'{"rule":{"id":"1","level":3},"id":"a","id":"b"}', "twice"),
    "nul-escape.json": (with_id("1790000369.9\\u0000/../x").replace("\\\\", "\\").encode(), None),
    "lone-surrogate.json": (b'{"rule":{"id":"1","level":3},"full_log":"\\ud800"}', "not JSON"),
    "not-an-object.json": (b"[1,2,3]", "not a JSON object"),
    "a-string.json": (b'"alert"', "not a JSON object"),
    "two-documents.json": (support.dumps(support.alert(4)).encode() * 2, "not JSON"),
    "nan.json": (b'{"rule":{"id":"1","level":NaN}}', "not JSON"),
    "huge-number.json": (b'{"rule":{"id":"1","level":1e999},"id":"x"}', "not JSON"),
    "no-alert.json": (b'{"hello":"world"}', "no alert"),
    "null-rule.json": (b'{"rule":null,"id":null,"timestamp":null}', "no alert"),
    "wrong-types.json": (b'{"rule":{"id":[],"level":{},"groups":7},"agent":[1],"timestamp":[],"id":{"a":1}}', None),
    "level-as-text.json": (b'{"rule":{"id":1,"level":"12"},"timestamp":"yesterday"}', None),
    "parent-id.json": (with_id("../../x").encode(), None),
    "absolute-id.json": (with_id("/etc/passwd").encode(), None),
    "newline-id.json": (with_id("a\\nb").replace("\\\\", "\\").encode(), None),
    "long-id.json": (with_id("i" * 5000).encode(), None),
    "terminal-id.json": (with_id("\\u001b[2J\\u001b]0;x\\u0007\\u202e").replace("\\\\", "\\").encode(), None),
    "year-one.json": (b'{"rule":{"id":"1","level":3},"timestamp":"0001-01-01T00:00:00.000+0000"}', None),
    "year-9999.json": (b'{"rule":{"id":"1","level":3},"timestamp":"9999-12-31T23:59:59.999+0000"}', None),
    "bad-time.json": (b'{"rule":{"id":"1","level":3},"timestamp":"2026-13-45T99:99:99.000+0000"}', None),
    "negative-level.json": (b'{"rule":{"id":"1","level":-5}}', None),
    "level-of-billions.json": (b'{"rule":{"id":"1","level":99999999999999999999}}', None),
}

HOSTILE_NAMES = [
    b"with\nnewline.json", b"with\rreturn.json", b"tab\there.json", b"quote'\"`.json", b"$(touch owned).json",
    b"; rm -rf *.json", b"-rf.json", b"--drain.json", b"~root.json", b"*.json", b"back\\slash.json",
    b"\x1b[31mred.json", b"%s%n.json", b"{}.json",
    b"\xff\xfe.json", "ünï-日本.json".encode(), "\u202egnp.json".encode(), b" .json", b"x.reason.json",
    b"n" * 250 + b".json", b"case.json", b"MANIFEST.sha256.json", b"p03-0000000000000-00000000-zz.json",
    b"p03-1790000000000-00000000-" + b"0123456789abcdef" * 2 + b".json",
    b"p00-0000000000000-00000000-" + b"f" * 32 + b".json", b"p99-9999999999999-ffffffff-" + b"a" * 32 + b".json",
    b"p03--000000000001-00000000-" + b"b" * 32 + b".json",
]


class DropIn(support.EndToEnd):
    def drop(self, name, data):
        support.drop(self.box.queue, name, data)

    def by_original_name(self):
        """original name -> reason, of what is in quarantine"""
        folder = os.path.join(self.box.state, "quarantine")
        names = [n for n in os.listdir(folder) if n.endswith(".json.reason.json")]
        reasons = [json.loads(support.read(os.path.join(folder, n))) for n in names]
        return {r["original_name"]: r["reason"] for r in reasons}

    def test_hostile_content_gets_a_verdict_or_a_reason_and_the_rest_goes_on(self):
        for name, (data, _) in HOSTILE_CONTENT.items():
            self.drop(name, data)
        good = [support.alert(i) for i in range(100, 150)]
        for i, document in enumerate(good):
            self.drop(f"good-{i}.json", support.dumps(document))
        self.box.pipeline()
        report = self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        reasons = self.by_original_name()
        for name, (_, piece) in HOSTILE_CONTENT.items():
            with self.subTest(name=name):
                if piece is None:
                    self.assertNotIn(name, reasons)
                else:
                    self.assertIn(piece, reasons.get(name, "no reason"))
        self.assertEqual(report["counts"]["quarantined"], len(reasons))
        self.assertEqual(report["counts"]["accepted"], len(HOSTILE_CONTENT) + len(good))
        ids = {v["alert_id"] for v in books.of("verdict").values()}
        self.assertLessEqual({d["id"] for d in good}, ids, "a good alert has no verdict")
        for name, reason in sorted(reasons.items()):
            support.say(f"{name}: {reason}")
        support.say(f"{report['counts']['triaged']} verdicts beside {len(reasons)} in quarantine")

    def check_source(self, fetched, goods):
        counts = self.ends(self.box.run(), 0, "ok")["counts"]
        books = oracle.check(self, self.box)
        self.assertEqual(counts["fetched"], fetched)
        self.assertEqual(counts["accepted"], counts["triaged"] + counts["quarantined"])
        self.assertLessEqual({d["id"] for d in goods}, {v["alert_id"] for v in books.of("verdict").values()})
        again = self.ends(self.box.run(), 0, "ok")["counts"]
        self.assertEqual((again["duplicate"], again["accepted"]), (fetched, 0), "what was rejected once is known, too")
        oracle.check(self, self.box)
        support.say(f"{fetched} fetched: {counts['triaged']} triaged, {counts['quarantined']} in quarantine, "
                    f"{counts['duplicate']} duplicate")

    def test_the_same_content_in_a_directory_that_a_source_reads(self):
        good = [support.alert(i) for i in range(20)]
        for i, (name, (data, _)) in enumerate(HOSTILE_CONTENT.items()):
            support.write(os.path.join(self.box.input, f"{i:03d}-{name}"), data)
        for name, document in zip(HOSTILE_NAMES, good):
            support.write(os.path.join(os.fsencode(self.box.input), name), support.dumps(document))
        os.symlink("/etc/passwd", os.path.join(self.box.input, "link.json"))
        os.mkfifo(os.path.join(self.box.input, "fifo.json"))
        self.box.pipeline(self.box.input, "dir")
        self.check_source(len(HOSTILE_CONTENT) + 20, good)

    def test_the_same_content_as_lines_of_a_file(self):
        good = [support.alert(i) for i in range(20)]
        lines = []
        for data, _ in HOSTILE_CONTENT.values():
            lines += [data.replace(b"\n", b" ").replace(b"\r", b" "), support.dumps(good[len(lines) % 20]).encode()]
        source = support.write(os.path.join(self.box.input, "alerts.jsonl"), b"\n".join(lines) + b"\n\n\n")
        self.box.pipeline(source)
        self.check_source(sum(1 for line in lines if line.strip(b" \t\r\n\0")), [good[i] for i in range(0, 20, 2)])

    def test_hostile_names_change_nothing(self):
        for i, name in enumerate(HOSTILE_NAMES):
            self.drop(os.fsdecode(name), support.dumps(support.alert(i)))
        self.box.pipeline()
        result = self.box.run()
        report = self.ends(result, 0, "ok")
        books = oracle.check(self, self.box)
        self.assertEqual(report["counts"]["triaged"], len(HOSTILE_NAMES))
        wanted = {support.alert(i)["id"] for i in range(len(HOSTILE_NAMES))}
        self.assertEqual({v["alert_id"] for v in books.of("verdict").values()}, wanted)
        self.check_printable(result)
        support.say(f"{len(HOSTILE_NAMES)} names, from newlines to 255 bytes and the runner's own pattern: all triaged")

    def test_hostile_names_with_hostile_content_end_in_quarantine(self):
        for i, name in enumerate(HOSTILE_NAMES):
            self.drop(os.fsdecode(name), f"not JSON {i}")
        self.box.pipeline()
        result = self.box.run()
        report = self.ends(result, 0, "ok")
        oracle.check(self, self.box)
        self.assertEqual(report["counts"]["quarantined"], len(HOSTILE_NAMES))
        self.check_printable(result)
        for name in os.listdir(os.path.join(self.box.state, "quarantine")):
            self.assertRegex(name, r"^[0-9a-f]{32}-[A-Za-z0-9._-]{1,100}$")

    def check_printable(self, result):
        lines = result.err.split("\n")
        self.assertEqual([line for line in lines if not line.isprintable()], [], "what is not printable in the log")

    def test_what_is_no_file_is_named_and_left_alone(self):
        os.makedirs(self.box.queue)
        secret = support.write(os.path.join(self.box.input, "secret.json"), support.dumps(support.alert(666)))
        in_queue = lambda name: os.path.join(self.box.queue, name)
        os.symlink(secret, in_queue("link-outside.json"))
        os.symlink("/etc/passwd", in_queue("link-passwd.json"))
        os.symlink("nowhere", in_queue("link-dangling.json"))
        os.symlink(".", in_queue("link-loop.json"))
        os.symlink(self.box.input, in_queue("link-directory.json"))
        os.mkfifo(in_queue("fifo.json"))
        os.mkdir(in_queue("directory.json"))
        support.write(os.path.join(in_queue("directory.json"), "inside.json"), support.dumps(support.alert(667)))
        os.symlink(secret, in_queue("p03-1790000000000-00000000-" + "c" * 32 + ".json"))
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        here = os.getcwd()
        os.chdir(self.box.queue)  # the name of a socket may be no longer than 107 bytes
        server.bind("socket.json")
        os.chdir(here)
        strange = self.box.waiting()
        for i in range(20):
            self.drop(f"good-{i}.json", support.dumps(support.alert(i)))
        before = support.tree(self.box.queue)
        self.box.pipeline()
        for _ in range(2):
            result = self.box.run(timeout=60)
            report = self.ends(result, 0, "ok")
            for name in strange:
                self.assertIn(name, result.err, "named in the log")
            self.assertEqual(report["queue"]["left_alone"], len(strange))
        books = oracle.check(self, self.box, left_alone=strange)
        after = support.tree(self.box.queue)
        self.assertEqual({n: v for n, v in before.items() if not n.startswith("good-")}, after)
        self.assertEqual(len(books.of("verdict")), 20)
        self.assertNotIn("666", {str(e.get("alert_id")).split(".")[-1] for e in books.entries}, "a link was followed")
        support.say(f"left alone in two runs: {', '.join(strange)}")

    def test_files_that_are_not_finished_or_not_json_are_not_touched(self):
        os.makedirs(self.box.queue)
        for name in (".tmp-writing.json", "readme.txt", "alert.json.part", "noextension"):
            support.write(os.path.join(self.box.queue, name), support.dumps(support.alert(1)))
        before = support.tree(self.box.queue)
        self.box.pipeline()
        report = self.ends(self.box.run(), 0, "ok")
        self.assertEqual(support.differences(before, support.tree(self.box.queue)), [])
        self.assertEqual(report["counts"]["accepted"], 0)

    def test_the_same_alert_twice_is_one_verdict_and_one_duplicate(self):
        text = support.dumps(support.alert(1))
        self.drop("a.json", text)
        self.drop("b.json", text)
        self.drop("c.json", json.dumps(support.alert(1), indent=2))  # the same alert, spelt otherwise
        self.box.pipeline()
        counts = self.ends(self.box.run(), 0, "ok")["counts"]
        self.assertEqual([counts[c] for c in ("fetched", "accepted", "duplicate", "triaged")], [3, 1, 2, 1])
        oracle.check(self, self.box)
        self.drop("d.json", text)
        self.drop("a.json", text)
        counts = self.ends(self.box.run(), 0, "ok")["counts"]
        self.assertEqual([counts[c] for c in ("fetched", "accepted", "duplicate", "triaged")], [2, 0, 2, 0])
        self.assertEqual(len(oracle.check(self, self.box).of("verdict")), 1)

    def test_one_id_with_two_contents_loses_neither(self):
        first, second = support.alert(1), support.alert(1)
        second["full_log"] = "something else happened"
        self.drop("first.json", support.dumps(first))
        self.box.pipeline()
        self.ends(self.box.run(), 0, "ok")
        self.drop("second.json", support.dumps(second))
        report = self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        processed = os.path.join(self.box.state, "processed")
        kept = {support.read(os.path.join(processed, d, n)) for d, n in oracle.dated(processed)}
        self.assertEqual(kept, {support.dumps(first).encode(), support.dumps(second).encode()})
        support.say(f"the second content: {report['counts']['duplicate']} duplicate, {len(books.of('verdict'))} "
                    "verdict, both files kept")

    def test_two_alerts_that_share_a_made_up_id_are_two(self):
        for i in range(2):
            document = support.alert(i)
            document.update(id="1580123327.49031", full_log=f"sample {i}")  # not of that second: nothing the SIEM gave
            self.drop(f"sample-{i}.json", support.dumps(document))
        self.box.pipeline()
        self.assertEqual(self.ends(self.box.run(), 0, "ok")["counts"]["triaged"], 2)
        oracle.check(self, self.box)

    def test_a_name_that_claims_a_waiting_alert_takes_nothing_from_it(self):
        source = self.box.alerts(10)
        self.box.pipeline(source, cap=1)
        self.ends(self.box.run(drain=False), 0, "ok")
        waiting = self.box.waiting()
        self.assertEqual(len(waiting), 9)
        key = waiting[-1][-37:-5]
        self.drop(f"p00-0000000000000-00000000-{key}.json", support.dumps(support.alert(77)))
        self.box.pipeline(source)
        self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        ids = sorted(v["alert_id"] for v in books.of("verdict").values() if v["alert_id"])
        self.assertLessEqual({support.alert(i)["id"] for i in range(10)}, set(ids), "the real alert has no verdict")
        claimed = "the verdict" if key in books.of("verdict") else "the quarantine entry"
        support.say(f"the alert whose key was claimed has a verdict; the key itself has {claimed}")

    def test_a_waiting_file_that_was_changed_goes_to_quarantine(self):
        self.box.pipeline(self.box.alerts(3), cap=1)
        self.ends(self.box.run(drain=False), 0, "ok")
        changed = self.box.waiting()[0]
        support.write(os.path.join(self.box.queue, changed), support.dumps(support.alert(55)))
        self.ends(self.box.run(), 0, "ok")
        books = oracle.check(self, self.box)
        self.assertIn("changed", books.of("quarantined")[changed[-37:-5]]["reason"])

    def test_files_that_arrive_while_a_drain_runs_are_triaged_by_it_or_the_next(self):
        self.box.pipeline(self.box.alerts(1500), cap=100)
        process = self.popen("--drain")
        dropped = 0
        while process.poll() is None and dropped < 3000:
            self.drop(f"late-{dropped:05d}.json", support.dumps(support.alert(10_000 + dropped)))
            dropped += 1
        self.assertEqual(process.wait(support.TIMEOUT_S), 0, self.box.output()[1])
        first = json.loads(self.box.output()[0])
        report = self.ends(self.box.run(), 0, "ok")
        self.assertEqual(len(oracle.check(self, self.box).of("verdict")), 1500 + dropped)
        support.say(f"{dropped} dropped while 1500 were drained: {first['totals']['triaged'] - 1500} triaged by that "
                    f"run, {report['counts']['triaged']} by the next")

    def test_a_drain_ends_only_when_nothing_waits(self):
        """Files that are there before the last pass begins are not left behind with a heartbeat that says 0 waiting."""
        self.box.pipeline(self.box.alerts(1000), cap=50)
        process = self.popen("--drain")
        self.first_batch(process)
        self.drop("early.json", support.dumps(support.alert(5000)))
        self.assertEqual(process.wait(support.TIMEOUT_S), 0, self.box.output()[1])
        report = json.loads(self.box.output()[0])
        self.assertEqual((self.box.waiting(), report["queue"]["depth_end"]), ([], 0))
        oracle.check(self, self.box)

    def test_a_producer_that_renames_into_place_and_runs_that_follow_each_other(self):
        total, stop = 600, threading.Event()

        def produce():
            for i in range(total):
                self.drop(f"from-producer-{i}.json", support.dumps(support.alert(i)))
            stop.set()
        os.makedirs(self.box.queue)
        self.box.pipeline(cap=200)
        producer = threading.Thread(target=produce)
        producer.start()
        runs = 0
        while not stop.is_set() or self.box.waiting():
            self.ends(self.box.run(drain=runs % 2 == 0, watch=False), 0, "ok")
            runs += 1
        producer.join()
        books = oracle.check(self, self.box)
        self.assertEqual(len(books.of("verdict")), total)
        self.assertEqual(books.of("quarantined"), {}, "a file was read before it was whole")
        support.say(f"{total} files from a producer, taken by {runs} runs, none before it was whole")


if __name__ == "__main__":
    support.main()
