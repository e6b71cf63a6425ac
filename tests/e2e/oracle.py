# SPDX-License-Identifier: Apache-2.0
"""The oracle: a state directory against its ledger, alert by alert, without believing the program about itself."""
import json
import os
import re

from support import read, sha256

KEY = re.compile(r"[0-9a-f]{32}")
ZERO = "0" * 64
HASH_SIZE = len(',"hash":"') + 64 + len('"}')


class Books:
    """The exported ledger: every hash computed again, every entry filed under its key."""

    def __init__(self, export):
        self.entries = []
        self.by_key = {}
        self.head = ZERO
        for line in export.splitlines():
            entry = json.loads(line)
            seq = len(self.entries) + 1
            assert entry["seq"] == seq, f"entry {seq} says that it is {entry['seq']}"
            assert entry["prev"] == self.head, f"entry {seq} does not follow the entry before it"
            digest = sha256(line[:-HASH_SIZE] + b"}")
            assert entry["hash"] == digest, f"the hash of entry {seq} is not that of its text"
            for member in ("time", "run_id", "kind", "key"):
                assert member in entry, f"entry {seq} has no {member}"
            self.head = digest
            self.entries.append(entry)
            if entry["key"] is not None:
                self.by_key.setdefault(entry["key"], {}).setdefault(entry["kind"], []).append(entry)

    def of(self, kind):
        """key -> the first entry of that kind"""
        return {key: kinds[kind][0] for key, kinds in self.by_key.items() if kind in kinds}

    def waiting(self):
        return {k for k, kinds in self.by_key.items() if "verdict" not in kinds and "quarantined" not in kinds}


def books_of(box):
    result = box.call("ledger", "export", "--state", box.state, watch=False)
    assert result.code == 0, str(result)
    return Books(result.out.encode())


def dated(root):
    """(date, name) of everything in the YYYY/MM/DD below root."""
    out = []
    for year in os.listdir(root):
        for month in os.listdir(os.path.join(root, year)):
            for day in os.listdir(os.path.join(root, year, month)):
                out += [(f"{year}/{month}/{day}", n) for n in os.listdir(os.path.join(root, year, month, day))]
    return out


def same(test, left, right, what):
    """Two sets of keys, without printing thousands of them."""
    only_left, only_right = sorted(left - right), sorted(right - left)
    test.assertFalse(only_left or only_right, f"{what}: {len(only_left)} and {len(only_right)} without the other, as "
                                              f"{only_left[:5]} and {only_right[:5]}")


def check_pack(test, folder, alert_bytes, entry):
    manifest = read(os.path.join(folder, "MANIFEST.sha256"))
    test.assertEqual(sha256(manifest), entry["manifest_sha256"], folder)
    listed = {}
    for line in manifest.decode().splitlines():
        digest, name = line.split("  ", 1)
        listed[name] = digest
        test.assertEqual(sha256(read(os.path.join(folder, name))), digest, f"{folder}/{name}")
    there = {os.path.relpath(os.path.join(r, f), folder) for r, _, files in os.walk(folder) for f in files}
    test.assertEqual(there, set(listed) | {"MANIFEST.sha256"}, folder)
    test.assertEqual(read(os.path.join(folder, "artifacts", "alert.json")), alert_bytes, folder)


def check_case(test, state, date, verdict):
    """The case of a verdict says what the verdict says, and its alert is the one that was triaged; gives the bytes."""
    folder = os.path.join(state, "cases", date, verdict["case_id"])
    case = json.loads(read(os.path.join(folder, "case.json")))
    for member in ("seq", "key", "alert_id", "disposition", "case_id"):
        test.assertEqual(case[member], verdict[member], f"{member} of {folder}")
    data = read(os.path.join(folder, "alert.json"))
    test.assertEqual(sha256(data), verdict["sha256"], folder)
    test.assertLessEqual(set(os.listdir(folder)), {"case.json", "alert.json", "summary.md"}, folder)
    return data


def check_triaged(test, state, verdicts, packs):
    cases = {}
    for date, name in dated(os.path.join(state, "cases")):
        test.assertRegex(name, r"^c-[0-9a-f]{32}$")
        test.assertNotIn(name[2:], cases, "two cases of one alert")
        cases[name[2:]] = date
    same(test, set(cases), set(verdicts), "cases and verdicts")
    processed = {}
    for date, name in dated(os.path.join(state, "processed")):
        test.assertRegex(name, r"^[0-9a-f]{32}(\.[0-9a-f]{16})?\.json$")
        processed.setdefault(name[:32], []).append((date, name))
    same(test, set(processed), set(verdicts), "processed files and verdicts")
    folders = {n[2:] for n in os.listdir(os.path.join(state, "packs"))}
    same(test, folders, {k for k, v in verdicts.items() if v["disposition"] == "escalated"}, "packs and escalated")
    same(test, folders, set(packs), "packs and their entries")
    for key, verdict in verdicts.items():
        data = check_case(test, state, cases[key], verdict)
        main = [d for d, n in processed[key] if n == key + ".json"]
        test.assertEqual(main, [cases[key]], f"processed files of {key}")
        processed_file = os.path.join(state, "processed", main[0], key + ".json")
        test.assertEqual(read(processed_file), data, processed_file)
        if key in folders:
            check_pack(test, os.path.join(state, "packs", "c-" + key), data, packs[key])


SECOND_BYTES = "other bytes of an alert that is in quarantine already"


def check_quarantine(test, state, quarantined):
    folder = os.path.join(state, "quarantine")
    reasons, files = {}, {}
    names = set(os.listdir(folder))
    for name in [n for n in names if n.endswith(".reason.json")]:
        if json.loads(read(os.path.join(folder, name)))["reason"] == SECOND_BYTES:
            names -= {name, name[:-len(".reason.json")]}
    for name in names:
        if name.endswith(".reason.json") and name[:-len(".reason.json")] in names:
            reasons[name[:32]] = json.loads(read(os.path.join(folder, name)))
        else:
            test.assertNotIn(name[:32], files, "two files of one quarantined alert")
            files[name[:32]] = name
    same(test, set(files), set(quarantined), "quarantine and its entries")
    same(test, set(reasons), set(quarantined), "reasons and quarantine entries")
    for key, entry in quarantined.items():
        test.assertTrue(entry["reason"], f"quarantined without a reason: {entry}")
        test.assertEqual(reasons[key]["reason"], entry["reason"])
        test.assertEqual(reasons[key]["key"], key)
        test.assertEqual([reasons[key]["file"], entry["file"]], [files[key]] * 2)


def check_sums(test, report, books=None):
    """Conservation, as the contract has it; with books, the lifetime counts against the entries."""
    totals, counts = report["totals"], report["counts"]
    test.assertEqual(counts["fetched"], counts["accepted"] + counts["duplicate"], report)
    for c in (totals, counts):
        test.assertEqual(c["triaged"], c["benign"] + c["known_fp"] + c["review"] + c["escalated"], report)
    test.assertEqual(totals["fetched"], totals["accepted"] + totals["duplicate"], report)
    test.assertEqual(totals["accepted"], totals["waiting"] + totals["triaged"] + totals["quarantined"], report)
    if books is None:
        return
    test.assertEqual(totals["accepted"], len(books.of("accepted")))
    test.assertEqual(totals["triaged"], len(books.of("verdict")))
    test.assertEqual(totals["quarantined"], len(books.of("quarantined")))
    test.assertEqual(totals["packs"], len(books.of("pack")))
    test.assertEqual(totals["waiting"], len(books.waiting()))
    dispositions = [v["disposition"] for v in books.of("verdict").values()]
    for disposition in ("benign", "known_fp", "review", "escalated"):
        test.assertEqual(totals[disposition], dispositions.count(disposition), disposition)
    test.assertEqual(report["ledger"], {"entries": len(books.entries), "head": books.head})


def check(test, box, left_alone=(), status="ok"):
    """Everything that must hold when a drain is over: every alert has one fate, and it is on disk. Gives the books."""
    verified = box.call("ledger", "verify", "--state", box.state, watch=False)
    test.assertEqual(verified.code, 0, str(verified))
    books = books_of(box)
    for key, kinds in books.by_key.items():
        test.assertRegex(key, r"^[0-9a-f]{32}$")
        test.assertEqual(len(kinds.get("accepted", [])), 1, f"accepted entries of {key}: {kinds}")
        fates = kinds.get("verdict", []) + kinds.get("quarantined", [])
        test.assertEqual(len(fates), 1, f"fates of {key}: {kinds}")
        test.assertGreater(fates[0]["seq"], kinds["accepted"][0]["seq"], "a fate before the alert was accepted")
        test.assertLessEqual(len(kinds.get("pack", [])), 1, f"packs of {key}")
    check_triaged(test, box.state, books.of("verdict"), books.of("pack"))
    check_quarantine(test, box.state, books.of("quarantined"))
    test.assertEqual(box.waiting(), sorted(left_alone), "what is left in the queue")
    for folder in ("active", ".accept", ".staging"):
        test.assertEqual(os.listdir(os.path.join(box.state, folder)), [], folder)
    heartbeat = box.heartbeat()
    test.assertEqual(heartbeat["status"], status, heartbeat)
    check_sums(test, heartbeat, books)
    for run in box.history():
        check_sums(test, run)
    reconciled = box.call("reconcile", box.toml, "--state", box.state, watch=False)
    test.assertEqual(reconciled.code, 0, str(reconciled))
    return books
