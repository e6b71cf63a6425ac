# SPDX-License-Identifier: Apache-2.0
"""`run --every` in the background, killed and started again, and the set difference that is asked of it at the end."""
import json
import os
import signal
import subprocess

import support


class SteadyRun:
    """Runs of one pipeline (wazuh_site.Pipeline) at a cadence, in a process group of their own."""

    def __init__(self, program, pipeline, every="1s"):
        self.words = [program, "run", str(pipeline.file), "--every", every, "--format", "json"]
        self.pipeline = pipeline
        self.lines = pipeline.place / "reports.jsonl"
        self.talk = pipeline.place / "talk"
        self.begin()

    def begin(self):
        with self.lines.open("a") as lines, self.talk.open("a") as talk:
            self.process = subprocess.Popen(self.words, stdout=lines, stderr=talk, start_new_session=True)

    def reports(self):
        """Of every run that ended, in order; a line that a kill cut is none."""
        text = self.lines.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines() if line.endswith("}")]

    def fetched(self):
        return sum(report["counts"]["fetched"] for report in self.reports())

    def alive(self):
        assert self.process.poll() is None, self.talk.read_text()[-3000:]
        return True

    def ends_a_run(self, timeout=120):
        """Waits for the end of one that has not ended yet."""
        before = len(self.reports())
        support.until(lambda: self.alive() and len(self.reports()) > before, "the end of a run", timeout)

    def kill_in_a_page(self, timeout=120):
        """kill -9, worker and parent, while a page's files are written; begins again."""
        accept = self.pipeline.state / ".accept"
        support.until(lambda: self.alive() and os.listdir(accept), "a page", timeout)
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        left = len(os.listdir(accept))
        self.begin()
        return left

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=120) == 0, self.talk.read_text()[-3000:]


def show_difference(what, indexed, pipeline, seen_again):
    """Prints the sets and their differences; holds that they are equal, and one key an alert."""
    rows = [row for row in pipeline.ledger() if row["kind"] == "accepted"]
    ledger = {row["alert_id"] for row in rows}
    missing, extra = sorted(indexed - ledger), sorted(ledger - indexed)
    keys = {row["key"] for row in rows}
    support.say(f"{what} {len(indexed)} unique, in ledger {len(ledger)} under {len(keys)} keys, "
                f"missing: {len(missing)} {missing[:10]}, extra: {len(extra)} {extra[:10]}, duplicates seen {seen_again}")
    assert not missing and not extra
    assert len(rows) == len(keys) == len(ledger), "an alert was accepted twice"
