#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""source_kafka against a real Kafka.

Goal: the alert ids in the ledger are those that were produced, by set difference, after duplicates, messages that are
no alerts, a kill -9 in the middle, and a broker that is killed and comes back in the middle. Records that retention
removed, and a topic made anew, are told as gaps and shown by `gaps`. Faults end with the exit code and the sentence
that the page promises; one broker's wrong certificate, and a batch that is damaged on the broker's disk, keep nothing
else from being read.
"""
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in (".", "wazuh")]
import support
import wazuh_site as site
from kafka_client import Client

PARTITIONS = 3
FIRST, MORE = 5400, 6000


def bytes_of(alert):
    return json.dumps(alert).encode()


def difference(what, ledger, produced):
    """Prints both differences, and holds that they are empty."""
    missing, foreign = sorted(produced - ledger), sorted(ledger - produced)
    print(f"{what}: {len(produced)} ids produced, {len(ledger)} in the ledger; "
          f"produced - ledger = {missing[:5]} ({len(missing)}), ledger - produced = {foreign[:5]} ({len(foreign)})")
    assert not missing and not foreign


class Relay:
    """Stands before a broker and counts the connections that it gets."""

    def __init__(self, bootstrap):
        self.count = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.broker = bootstrap.rsplit(":", 1)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            self.count += 1
            broker = socket.create_connection((self.broker[0], int(self.broker[1])))
            for ends in ((client, broker), (broker, client)):
                threading.Thread(target=self.pump, args=ends, daemon=True).start()

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Site:
    """A broker, a pipeline that reads one topic of it, and what was produced."""

    def __init__(self):
        self.about = site.start("kafka", "--secure")
        os.environ["SF_TEST_PASSWORD"] = self.about["password"]
        self.client = Client(self.about["bootstrap"])
        self.next = 0

    def server(self, *words):
        script = site.shared() / "servers" / "kafka" / "kafka"
        subprocess.run([script, *words, "--dir", self.about["dir"]], stdout=subprocess.DEVNULL, check=True)

    def settings(self, topic, **more):
        about = self.about
        out = {"brokers": [about["secure_bootstrap"]], "topics": [topic], "ca_file": about["ca_file"],
               "user": about["user"], "password": {"env": "SF_TEST_PASSWORD"}, "mechanism": "PLAIN"}
        return {**out, **more}

    def plain(self, topic, **more):
        return {"brokers": [self.about["bootstrap"]], "topics": [topic], "tls": False, **more}

    def alerts(self, count, padding=0):
        """So many new alerts."""
        out = [support.alert(n) for n in range(self.next, self.next + count)]
        for alert in out:
            alert["data"] = {"padding": "x" * padding}
        self.next += count
        return out

    def produce(self, topic, alerts, twice=0):
        """Spreads the alerts over the partitions; every `twice`-th is there once more, in the partition after."""
        lists = [[] for _ in range(PARTITIONS)]
        for n, alert in enumerate(alerts):
            lists[n % PARTITIONS].append(bytes_of(alert))
            if twice and n % twice == 0:
                lists[(n + 1) % PARTITIONS].append(bytes_of(alert))
        for partition, values in enumerate(lists):
            self.client.produce(topic, partition, values)
        return {alert["id"] for alert in alerts}


def ids_of(pipeline):
    given = pipeline.verdicts()
    assert all(len(dispositions) == 1 for dispositions in given.values())
    return set(given)


def accepted(pipeline):
    return sum(entry["kind"] == "accepted" for entry in pipeline.ledger())


def start(pipeline):
    """A run in the background, in a process group of its own; what it says goes to a file."""
    with (pipeline.place / "talk").open("w") as talk:
        return subprocess.Popen([site.program(), "run", str(pipeline.file), "--drain", "--format", "json"],
                                stdout=subprocess.DEVNULL, stderr=talk, start_new_session=True)


def first_page(pipeline, process):
    """Waits until alerts are in the queue (or the run is over, which a caller notices)."""
    queue = pipeline.state / "queue"
    support.until(lambda: process.poll() is not None or (queue.is_dir() and os.listdir(queue)), "a page")


def killed_in_the_middle(place, topic, ids):
    """kill -9 after the first page, then a run to the end; the pipeline is kept."""
    for _ in range(5):
        pipeline = site.Pipeline("source_kafka", place.settings(topic))
        process = start(pipeline)
        first_page(pipeline, process)
        assert process.poll() is None, (pipeline.place / "talk").read_text()[-3000:]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        before = accepted(pipeline)
        print(f"killed with {before} of {len(ids)} alerts in the books")
        if 0 < before < len(ids):
            break
    else:
        raise AssertionError("five runs were over before they were killed")
    code, report, talk = pipeline.run("--drain")
    assert code == 0 and report["status"] == "ok", (report, talk)
    return pipeline, report


def messages_that_are_no_alerts(place, topic):
    """Each is in quarantine with a reason that names where it was."""
    odd = [b"no json", None, b'{"hello":"world"}', None, b"[1]", b"", b'{"id":"cut']
    at = place.client.marks(topic, 1)[1]
    place.client.produce(topic, 1, odd)
    return {f"{topic}/1/{at + n}" for n, value in enumerate(odd) if value != b'{"hello":"world"}'}, len(odd)


def reasons_of(pipeline):
    return [entry["reason"] for entry in pipeline.ledger() if entry["kind"] == "quarantined"]


def broker_restarts_in_the_middle(place, topic, pipeline):
    ids = place.produce(topic, place.alerts(MORE, padding=4000))
    process = start(pipeline)
    first_page(pipeline, process)
    os.kill(place.about["pid"], signal.SIGKILL)
    assert process.poll() is None, "the run was over before the broker was killed"
    place.server("start", "--secure")
    assert process.wait(timeout=300) == 0, (pipeline.place / "talk").read_text()[-3000:]
    talk = (pipeline.place / "talk").read_text()
    assert "librdkafka: " in talk, talk[-3000:]
    return ids


def removed_records_are_a_gap(place, topic, pipeline):
    """40 of the 100 new records of partition 0 are removed before a run sees them."""
    alerts = place.alerts(300)
    ids = place.produce(topic, alerts)
    low = place.client.marks(topic, 0)[1] - 60
    place.client.delete_records(topic, 0, low)
    lost = {alert["id"] for alert in alerts[::PARTITIONS][:40]}
    code, report, talk = pipeline.run("--drain")
    assert code == 0, (report, talk)
    assert f"40 records of {topic}/0 were removed before they were read" in talk, talk
    shown = pipeline.command("gaps", str(pipeline.file), "--format", "json")
    assert report["poll"]["gaps"] == 1, (report["poll"], shown.stdout)
    assert shown.stdout.strip(), shown.stderr
    code, again, talk = pipeline.run("--drain")
    assert code == 0 and "were removed" not in talk, talk
    assert again["counts"]["fetched"] == 0 and again["poll"]["gaps"] == 1, again
    return ids - lost


def everything_arrives(place):
    topic = "wazuh-alerts"
    place.client.make_topic(topic, PARTITIONS)
    ids = place.produce(topic, place.alerts(FIRST), twice=5)
    named, odd = messages_that_are_no_alerts(place, topic)
    pipeline, report = killed_in_the_middle(place, topic, ids)
    reasons = reasons_of(pipeline)
    assert len(reasons) == odd, reasons
    assert all(any(f"message {where} of" in reason for reason in reasons) for where in named), reasons
    assert sum("tombstone" in reason for reason in reasons) == 2, reasons
    difference("killed in the middle", ids_of(pipeline) - {None}, ids)
    assert report["totals"]["accepted"] == FIRST + odd, report["totals"]
    assert report["totals"]["duplicate"] >= FIRST // 5, report["totals"]
    ids |= broker_restarts_in_the_middle(place, topic, pipeline)
    difference("broker killed in the middle", ids_of(pipeline), ids)
    ids |= removed_records_are_a_gap(place, topic, pipeline)
    difference("records removed", ids_of(pipeline), ids)
    pipeline.check_books()


def a_topic_made_anew_is_a_gap(place):
    """Shorter than what was read; and longer, which only the record before the place tells."""
    for count, what in ((20, "shorter"), (90, "longer")):
        topic = f"anew-{what}"
        place.client.make_topic(topic, PARTITIONS)
        pipeline = site.Pipeline("source_kafka", place.settings(topic))
        ids = place.produce(topic, place.alerts(60))
        assert pipeline.run("--drain")[0] == 0
        place.client.delete_topic(topic)
        place.client.make_topic(topic, PARTITIONS)
        ids |= place.produce(topic, place.alerts(count))
        code, report, talk = pipeline.run("--drain")
        assert code == 0, (report, talk)
        assert talk.count("is not the log that was read before") == PARTITIONS, talk
        assert report["poll"]["gaps"] >= 1, report["poll"]
        difference(f"topic made anew, {what}", ids_of(pipeline), ids)


def partitions_and_starts(place):
    """latest leaves out what is there; a new partition is read from its earliest record; a member holds the alert."""
    topic = "wrapped"
    place.client.make_topic(topic, 1)
    place.client.produce(topic, 0, [bytes_of({"message": json.dumps(alert)}) for alert in place.alerts(10)])
    pipeline = site.Pipeline("source_kafka", place.plain(topic, start="latest", member="message"))
    code, report, talk = pipeline.run()
    assert code == 0 and report["counts"]["fetched"] == 0 and "tls = false" in talk, (report, talk)
    text, plain = place.alerts(20), place.alerts(20)
    values = [{"message": json.dumps(alert), "host": "x"} for alert in text] + [{"message": alert} for alert in plain]
    place.client.produce(topic, 0, [bytes_of(value) for value in values])
    assert pipeline.run("--drain")[0] == 0
    difference("in a member", ids_of(pipeline), {alert["id"] for alert in text + plain})
    new = place.alerts(20)
    place.client.add_partitions(topic, 2)
    place.client.produce(topic, 1, [bytes_of({"message": alert}) for alert in new])
    pipeline.write("source_kafka", {**place.plain(topic, start="latest", member="message"), "topics": [topic, "later"]})
    code, report, talk = pipeline.run("--drain")
    assert code == 0 and "have no topic later" in talk, (report, talk)
    difference("in a new partition", ids_of(pipeline), {alert["id"] for alert in text + plain + new})
    back = site.Pipeline("source_kafka", place.plain(topic, start="1h", member="message"))
    code, report, talk = back.run()
    assert code == 0 and report["counts"]["fetched"] == 70, (report, talk)


def fails(pipeline, code, *parts):
    found, report, talk = pipeline.run()
    assert found == code, (found, code, report, talk)
    for part in parts:
        assert part in report["error"], (part, report["error"])
    for name in ("SF_TEST_PASSWORD", "SF_WRONG_PASSWORD"):
        assert os.environ[name] not in talk + json.dumps(report), name


class WrongCertificate:
    """A broker's address whose TLS has a certificate that nobody signed."""

    def __init__(self, folder):
        key, certificate = folder / "wrong-key.pem", folder / "wrong-cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
                       stderr=subprocess.DEVNULL, check=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.met = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection = self.listener.accept()[0]
            self.met += 1
            with connection:
                try:
                    self.context.wrap_socket(connection, server_side=True)
                except OSError:
                    pass  # refused, as it should be


def one_certificate_is_wrong(place):
    """The other broker's is right, whichever is asked first."""
    topic = "certificates"
    place.client.make_topic(topic, PARTITIONS)
    ids = place.produce(topic, place.alerts(30))
    wrong = [WrongCertificate(pathlib.Path(place.about["dir"])) for _ in range(5)]
    brokers = [server.address for server in wrong] + [place.about["secure_bootstrap"]]
    pipeline = site.Pipeline("source_kafka", place.settings(topic, brokers=brokers))
    for _ in range(10):
        code, report, talk = pipeline.run("--drain")
        assert code == 0, (report, talk)
        if any(server.met for server in wrong):
            break
    else:
        raise AssertionError("ten runs asked none of the five first")
    difference("one certificate wrong", ids_of(pipeline), ids)
    only = site.Pipeline("source_kafka", place.settings(topic, brokers=brokers[:2], retry_for="1h"))
    fails(only, 69, "TLS with the brokers at", "certificate verify failed")


def damage(place, topic, partition, offset):
    """Flips a bit in the record that begins at that offset, on the stopped broker's disk."""
    log, = (pathlib.Path(place.about["dir"]) / "data" / f"{topic}-{partition}").glob("*.log")
    data = bytearray(log.read_bytes())
    at = 0
    while int.from_bytes(data[at:at + 8], "big") != offset:
        at += 12 + int.from_bytes(data[at + 8:at + 12], "big")
    data[at + 70] ^= 1
    log.write_bytes(data)


def a_damaged_batch_keeps_no_other_from_being_read(place):
    """Its partition stays before it until its records are given up; the others are read, run after run."""
    topic = "damaged"
    place.client.make_topic(topic, PARTITIONS)
    pipeline = site.Pipeline("source_kafka", place.settings(topic))
    ids = place.produce(topic, place.alerts(30))
    assert pipeline.run("--drain")[0] == 0
    first, lost = place.client.marks(topic, 0)[1], place.alerts(1)
    place.client.produce(topic, 0, [bytes_of(lost[0])])
    behind = place.alerts(20)
    place.client.produce(topic, 0, [bytes_of(alert) for alert in behind])
    place.server("stop")
    damage(place, topic, 0, first)
    place.server("start", "--secure")
    place.client.connect()
    for _ in range(2):
        new = place.alerts(40)
        for partition in (1, 2):
            place.client.produce(topic, partition, [bytes_of(alert) for alert in new[partition - 1::2]])
        ids |= {alert["id"] for alert in new}
        fails(pipeline, 69, "the brokers at", f"reading {topic}/0", "see the brokers' log")
        assert ids <= ids_of(pipeline), sorted(ids - ids_of(pipeline))[:5]
    place.client.delete_records(topic, 0, first + 1)
    code, report, talk = pipeline.run("--drain")
    assert code == 0 and f"1 records of {topic}/0 were removed before they were read" in talk, (report, talk)
    difference("a damaged batch given up", ids_of(pipeline), ids | {alert["id"] for alert in behind})
    pipeline.check_books()


def preflight_tells_what_is_there(place):
    topic = "wazuh-alerts"
    steps = site.Pipeline("source_kafka", place.settings(topic)).preflight(0)
    assert [*steps] == ["brokers", f"topic {topic}"], steps
    assert "over TLS that is verified, to user" in steps["brokers"][1], steps
    assert f"{PARTITIONS} partitions, " in steps[f"topic {topic}"][1], steps
    assert "the newest can be read, and is" in steps[f"topic {topic}"][1], steps
    steps = site.Pipeline("source_kafka", place.settings("nobody-made-it")).preflight(69)
    assert "there is no topic nobody-made-it" in steps["topic nobody-made-it"][1], steps
    assert "--operation Describe --topic nobody-made-it" in steps["topic nobody-made-it"][2], steps
    os.environ["SF_WRONG_PASSWORD"] = "wrong-one"
    wrong = place.settings(topic, password={"env": "SF_WRONG_PASSWORD"})
    assert "refuse user" in site.Pipeline("source_kafka", wrong).preflight(77)["brokers"][1]


def a_password_is_read_again(place):
    """Refused, left alone, and taken at once when its file is right; one process stays."""
    secret = site.temp_dir() / "pass"
    secret.write_text("wrong-one\n")
    secret.chmod(0o600)
    pipeline = site.Pipeline("source_kafka", place.settings("wazuh-alerts", password={"file": str(secret)}))
    history = pipeline.state / "heartbeat-history.jsonl"
    relay = Relay(place.about["secure_bootstrap"])
    asked = place.settings("wazuh-alerts", password={"file": str(secret)}, brokers=[relay.address])
    counted = site.Pipeline("source_kafka", asked)
    for words in (), (), ("--try-refused",):
        assert counted.run(*words)[0] == 77
    assert relay.count == 2, f"a refused password was sent {relay.count} times, two runs tried it"
    words = [site.program(), "run", str(pipeline.file), "--every", "100ms"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def runs():
        return [json.loads(line) for line in history.read_text().splitlines()] if history.exists() else []

    support.until(lambda: len(runs()) >= 3, "three runs")
    told = runs()
    assert "refuse user" in told[0]["error"] and "are not tried again before" in told[2]["error"], told[:3]
    part = secret.with_suffix(".part")
    part.write_text(os.environ["SF_TEST_PASSWORD"] + "\n")
    part.chmod(0o600)
    part.rename(secret)
    support.until(lambda: any(run["status"] == "ok" for run in runs()), "a run with the new password")
    process.terminate()
    process.wait()


def faults(place):
    topic = "wazuh-alerts"
    secure = place.about["secure_bootstrap"]
    wrong = place.settings(topic, password={"env": "SF_WRONG_PASSWORD"})
    fails(site.Pipeline("source_kafka", wrong), 77, f"the brokers at {secure} refuse user", "before the next run")
    fails(site.Pipeline("source_kafka", place.settings(topic, ca_file="/etc/ssl/certs/ca-certificates.crt")), 69,
          f"TLS with the brokers at {secure} fails", "certificate verify failed")
    place.server("stop")
    away = site.Pipeline("source_kafka", place.settings(topic, retry_for="2s"))
    fails(away, 69, f"no broker of {secure} answered within 2 s", "check brokers")


def main():
    place = Site()
    everything_arrives(place)
    a_topic_made_anew_is_a_gap(place)
    os.environ["SF_WRONG_PASSWORD"] = "wrong-one"
    one_certificate_is_wrong(place)
    a_damaged_batch_keeps_no_other_from_being_read(place)
    partitions_and_starts(place)
    preflight_tells_what_is_there(place)
    a_password_is_read_again(place)
    faults(place)


main()
