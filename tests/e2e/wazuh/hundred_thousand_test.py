#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""100,000 alerts are indexed into a real OpenSearch while `run --every 1s` reads them.

Goal: late rows (up to 6 h, and on both sides of a day's border), the same alerts under new document ids and in another
index, thousands that share one timestamp across pages, kill -9 of OpenSearch and of our worker in the middle: at the
end the alerts in the ledger are those that were indexed, and the books balance. The set difference is printed.
"""
import base64
import datetime
import http.client
import json
import os
import pathlib
import random
import signal
import ssl
import subprocess
import threading
import time
import urllib.parse

import wazuh_site as site
from steady_run import SteadyRun, show_difference
from support import say, until

UNIQUE = 100_000
CHUNK = 2_500  # a bulk; more than two pages that share a millisecond
PAGE = 1_000
LATE_EVERY = 5  # chunks
AGAIN = 10  # each so manieth alert once more, under a new _id in another index
SERVER_DIES = 19  # in the bulk of this chunk
WE_DIE = 9  # after it
HOUR_MS = 3_600_000


class Writer(threading.Thread):
    """Filebeat's part: bulks in order, each until it is acknowledged, so a bulk that was cut may be there twice."""

    def __init__(self, about):
        super().__init__(daemon=True)
        self.url = urllib.parse.urlsplit(about["url"])
        self.tls = ssl.create_default_context(cafile=about["ca_file"])
        word = base64.b64encode(("admin:" + about["users"]["admin"]).encode()).decode()
        self.headers = {"Authorization": "Basic " + word, "Content-Type": "application/x-ndjson"}
        self.random = random.Random(int(os.environ.get("SF_SEED", "20261127")))
        self.ids = set()
        self.late = self.again = self.repeated = 0
        self.begun = [threading.Event() for _ in range(UNIQUE // CHUNK)]
        self.may_be_late = threading.Event()  # a run has moved the watermark
        self.fault = None

    def run(self):
        try:
            for number, begun in enumerate(self.begun):
                lines = self.chunk(number)
                begun.set()
                self.bulk(lines)
        except BaseException as why:
            self.fault = why
            raise

    def chunk(self, number):
        now = int(time.time() * 1000)
        late = number % LATE_EVERY == LATE_EVERY - 1
        if late:
            assert self.may_be_late.wait(120), "no run accepted anything"
        lines = []
        for i in range(number * CHUNK, (number + 1) * CHUNK):
            self.add(lines, i, self.late_time(now, i) if late else now)
        self.late += CHUNK if late else 0
        return lines

    def late_time(self, now, i):
        """Up to 6 h back; of ten one within half an hour of the last day's border."""
        if i % 10:
            return now - self.random.randrange(60_000, 6 * HOUR_MS)
        midnight = now // (24 * HOUR_MS) * 24 * HOUR_MS
        return min(now - 60_000, midnight + self.random.randrange(-HOUR_MS // 2, HOUR_MS // 2))

    def add(self, lines, i, ms):
        moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
        name = f"{ms // 1000}.{i}"
        text = json.dumps({
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}+0000", "id": name,
            "manager": {"name": "m1"}, "agent": {"name": f"h{i % 50}"},
            "rule": {"id": "5503", "level": 5, "description": "one of many"}})
        self.ids.add(name)
        indices = [f"wazuh-alerts-4.x-{moment:%Y.%m.%d}"]
        if i % AGAIN == 0:
            indices.append("wazuh-alerts-4.x-again")
            self.again += 1
        for index in indices:
            lines += ['{"index":{"_index":"' + index + '"}}', text]

    def bulk(self, lines):
        body = ("\n".join(lines) + "\n").encode()
        deadline = time.monotonic() + 180
        while True:
            try:
                connection = http.client.HTTPSConnection(self.url.netloc, context=self.tls, timeout=60)
                connection.request("POST", "/_bulk?filter_path=errors,items.*.status,items.*.error", body, self.headers)
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                if answer.status == 200:
                    assert not json.loads(text)["errors"], text[:500]
                    return
            except (OSError, http.client.HTTPException):
                self.repeated += 1
            assert time.monotonic() < deadline, "OpenSearch does not come back"
            time.sleep(0.2)  # while it starts


def begin_anew(about):
    """kill -9 of OpenSearch, and a start with its data."""
    os.kill(about["pid"], signal.SIGKILL)
    until(lambda: not pathlib.Path(f"/proc/{about['pid']}").exists(), "the end of OpenSearch")
    script = site.shared() / "servers" / "opensearch" / "opensearch"
    subprocess.run([script, "start", "--dir", about["dir"], "--secure"], stdout=subprocess.DEVNULL, check=True)


def in_the_index(about):
    """(ids, documents): what OpenSearch itself says it holds."""
    ids, after = set(), None
    while True:
        body = {"size": 10_000, "_source": False, "docvalue_fields": ["id"], "track_total_hits": False,
                "sort": [{"id": "asc"}]}
        if after:
            body["search_after"] = after
        hits = site.ask(about, "POST", "/wazuh-alerts-*/_search", body)["hits"]["hits"]
        if not hits:
            return ids, site.ask(about, "POST", "/wazuh-alerts-*/_count")["count"]
        ids |= {hit["fields"]["id"][0] for hit in hits}
        after = hits[-1]["sort"]


def to_the_end(pipeline):
    """Runs until one finds nothing new and leaves nothing open; what they fetched."""
    fetched = 0
    for _ in range(20):
        code, report, talk = pipeline.run()
        assert code == 0, (report["error"], talk)
        fetched += report["counts"]["fetched"]
        if report["counts"]["accepted"] == 0 and report["poll"]["gaps"] == 0 and "are left to the next" not in talk:
            return fetched
    raise AssertionError("there is no end")


def main():
    began = time.monotonic()
    about = site.start("opensearch", "--secure")
    os.environ["SF_TEST_PASSWORD"] = about["users"]["reader"]
    template = (site.shared() / "servers" / "opensearch" / "wazuh-alerts-template.json").read_text()
    site.ask(about, "PUT", "/_template/wazuh", json.loads(template))
    settings = site.settings_for(about, start="30h", overlap="10s", sweep_every="0s", page_size=PAGE, retry_for="5s")
    pipeline = site.Pipeline("source_wazuh", settings)
    say(f"{time.monotonic() - began:.1f} s: OpenSearch answers")
    writer = Writer(about)
    writer.start()
    writer.begun[1].wait(60)
    steady = SteadyRun(site.program(), pipeline)
    until(lambda: steady.alive() and any(report["counts"]["accepted"] for report in steady.reports()), "alerts")
    writer.may_be_late.set()
    assert writer.begun[WE_DIE].wait(120), writer.fault
    left = steady.kill_in_a_page()
    say(f"{time.monotonic() - began:.1f} s: our worker killed, {left} files of a page left")
    assert writer.begun[SERVER_DIES].wait(120), writer.fault
    begin_anew(about)
    say(f"{time.monotonic() - began:.1f} s: OpenSearch killed and back")
    writer.join(300)
    assert not writer.is_alive() and not writer.fault, writer.fault
    site.ask(about, "POST", "/wazuh-alerts-*/_refresh")
    steady.stop()
    say(f"{time.monotonic() - began:.1f} s: {UNIQUE} written, {writer.late} of them late, {writer.again} again in another "
        f"index; {writer.repeated} bulks repeated; {len(steady.reports())} runs")
    assert any(report["status"] == "degraded" for report in steady.reports()), "no run met the restart"
    fetched = steady.fetched() + to_the_end(pipeline)
    say(f"{time.monotonic() - began:.1f} s: all read")
    ids, documents = in_the_index(about)
    assert ids == writer.ids and len(ids) == UNIQUE, (len(ids), len(writer.ids))
    say(f"{documents} documents of {len(ids)} alerts in the index")
    show_difference("indexed", ids, pipeline, fetched - UNIQUE)
    pipeline.check_books()
    say(f"{time.monotonic() - began:.1f} s: the books are checked")


main()
