#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""100,000 alerts are produced into a real Kafka (KRaft, TLS, SASL) while `run --every 1s` reads them.

Goal: a producer that repeats batches (in the same partition and in another), kill -9 of the broker and of our worker
in the middle, retention that removes what was read: at the end the alerts in the ledger are those that were produced,
no gap is told, and the books balance. The set difference is printed.
"""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in (".", "wazuh")]
import support
import wazuh_site as site
from kafka_client import Client
from steady_run import SteadyRun, show_difference
from support import say, until

TOPIC, PARTITIONS = "wazuh-alerts", 3
UNIQUE, BATCH = 100_000, 2_000
AGAIN = 5  # each so manieth batch is sent twice, each second of those into the partition after
WE_DIE, BROKER_DIES = 12, 25  # before these batches


class Producer(threading.Thread):
    """Fifty batches, one after another; waits where the test has something to do."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.ids, self.again, self.fault = client, set(), 0, None
        self.reached = {number: threading.Event() for number in (WE_DIE, BROKER_DIES)}
        self.may_go_on = {number: threading.Event() for number in self.reached}

    def run(self):
        try:
            for number in range(UNIQUE // BATCH):
                if number in self.reached:
                    self.reached[number].set()
                    assert self.may_go_on[number].wait(120)
                self.batch(number)
        except BaseException as why:
            self.fault = why
            raise

    def batch(self, number):
        alerts = [support.alert(n) for n in range(number * BATCH, (number + 1) * BATCH)]
        values = [support.dumps(alert).encode() for alert in alerts]
        self.client.produce(TOPIC, number % PARTITIONS, values)
        self.ids |= {alert["id"] for alert in alerts}
        if number % AGAIN == 0:
            self.client.produce(TOPIC, (number + number % 2) % PARTITIONS, values)
            self.again += len(values)


def begin_anew(about):
    """kill -9 of the broker, and a start with its data."""
    os.kill(about["pid"], signal.SIGKILL)
    until(lambda: not pathlib.Path(f"/proc/{about['pid']}").exists(), "the end of Kafka")
    script = site.shared() / "servers" / "kafka" / "kafka"
    subprocess.run([script, "start", "--secure", "--dir", about["dir"]], stdout=subprocess.DEVNULL, check=True)


def main():
    began = time.monotonic()
    about = site.start("kafka", "--secure")
    os.environ["SF_TEST_PASSWORD"] = about["password"]
    client = Client(about["bootstrap"])
    client.make_topic(TOPIC, PARTITIONS)
    pipeline = site.Pipeline("source_kafka", {
        "brokers": [about["secure_bootstrap"]], "topics": [TOPIC], "ca_file": about["ca_file"], "user": about["user"],
        "password": {"env": "SF_TEST_PASSWORD"}, "mechanism": "PLAIN", "retry_for": "2s", "timeout": "2s"})
    say(f"{time.monotonic() - began:.1f} s: Kafka answers")
    steady = SteadyRun(site.program(), pipeline)
    producer = Producer(client)
    producer.start()
    assert producer.reached[WE_DIE].wait(120), producer.fault
    producer.may_go_on[WE_DIE].set()
    left = steady.kill_in_a_page()
    say(f"{time.monotonic() - began:.1f} s: our worker killed, {left} files of a page left")
    assert producer.reached[BROKER_DIES].wait(120), producer.fault
    steady.ends_a_run()
    begin_anew(about)
    say(f"{time.monotonic() - began:.1f} s: the broker killed and back; {len(steady.reports())} runs")
    assert any(report["status"] == "degraded" for report in steady.reports()), "no run met the restart"
    client.connect()
    producer.may_go_on[BROKER_DIES].set()
    producer.join(120)
    assert not producer.is_alive() and not producer.fault, producer.fault
    say(f"{time.monotonic() - began:.1f} s: {len(producer.ids)} produced, {producer.again} of them twice")
    steady.ends_a_run()
    steady.ends_a_run()
    steady.stop()
    # Retention removes what was read: no gap.
    code, report, talk = pipeline.run()
    assert code == 0, (report, talk)
    for partition in range(PARTITIONS):
        client.delete_records(TOPIC, partition, client.marks(TOPIC, partition)[1] - 10)
    code, report, talk = pipeline.run()
    assert code == 0 and report["poll"]["gaps"] == 0 and "were removed" not in talk, (report, talk)
    duplicates = report["totals"]["duplicate"]
    assert duplicates >= producer.again, (duplicates, producer.again)
    show_difference("produced", producer.ids, pipeline, duplicates)
    pipeline.check_books()
    say(f"{time.monotonic() - began:.1f} s: the books are checked; {report['totals']}")


main()
