# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests of source_wazuh share: the program, servers of $SF_SHARED, a pipeline with a fresh state.

The program is $SF_BUILD/bin/signalfoundry. Without SF_SHARED a test ends with 77: skipped.
"""
import atexit
import base64
import collections
import datetime
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support

ROOT = pathlib.Path(__file__).resolve().parents[3]
SKIP = 77


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(SKIP)


def shared():
    place = os.environ.get("SF_SHARED")
    if not place:
        skip("SF_SHARED is not set")
    return pathlib.Path(place)


def program():
    path = pathlib.Path(os.environ.get("SF_BUILD", ROOT / "build" / "dev")) / "bin" / "signalfoundry"
    if not os.access(path, os.X_OK):
        sys.exit(f"{path} is not there. Build first, or set SF_BUILD.")
    return str(path)


def temp_dir(parent=None):
    """A directory that the server's user may enter; removed at exit."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="sf-e2e-", dir=parent))
    place.chmod(0o755)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def start(server, *words):
    """Starts a server of $SF_SHARED/servers in a directory of its own; stopped at exit."""
    script = shared() / "servers" / server / server
    for last in (False, True):  # a server, not ours, that ends while it starts is tried once more, and it is said
        place = temp_dir() / server
        done = subprocess.run([script, "start", "--dir", place, *words], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        print(f"{server} does not start: {done.stderr[-500:]}", file=sys.stderr)
        if last:
            sys.exit(1)
    atexit.register(subprocess.run, [script, "stop", "--dir", place], stdout=subprocess.DEVNULL, check=False)
    return {**json.loads(done.stdout), "dir": str(place)}


def opensearch():
    """A secured OpenSearch; the one that SF_OPENSEARCH (what its start printed) names is used as it is."""
    if os.environ.get("SF_OPENSEARCH"):
        about = json.loads(pathlib.Path(os.environ["SF_OPENSEARCH"]).read_text())
    else:
        about = start("opensearch", "--secure")
    return about


def load(about, place, *words):
    """Fills the index with alerts; gives their Wazuh ids."""
    server = place / "server.json"
    server.write_text(json.dumps(about))
    published = (shared() / "data" / "alerts").glob("*es_archives.jsonl")
    samples = [ROOT / "pipelines" / "demo-alerts.jsonl", *sorted(published)]
    done = subprocess.run(
        [shared() / "servers" / "opensearch" / "load", server, *samples, "--print-ids", *words],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split()


def ask(about, method, path, body=None):
    """One request to OpenSearch as admin."""
    return send(about, method, path, json.dumps(body).encode() if body is not None else None)


def put_text(about, path, text):
    """Indexes a document byte for byte."""
    return send(about, "POST", path, text.encode())


def send(about, method, path, data):
    request = urllib.request.Request(about["url"] + path, data, method=method)
    word = "admin:" + about["users"]["admin"]
    request.add_header("Authorization", "Basic " + base64.b64encode(word.encode()).decode())
    request.add_header("Content-Type", "application/json")
    tls = ssl.create_default_context(cafile=about["ca_file"])
    with urllib.request.urlopen(request, context=tls, timeout=60) as answer:
        return json.load(answer)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def moment_of(alert):
    return datetime.datetime.fromisoformat(alert["timestamp"])


def forget_alerts(about):
    ask(about, "DELETE", "/wazuh-alerts-*")


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def stage(name, plugin, settings):
    text = f'\n[[stage]]\nname = "{name}"\nplugin = "{plugin}"\n[stage.settings]\n'
    return text + "".join(f"{key} = {toml(value)}\n" for key, value in settings.items() if value is not None)


class Pipeline:
    """The seven stages with a state directory of its own."""

    def __init__(self, plugin, settings, policy=ROOT / "pipelines" / "policies" / "default.toml"):
        self.policy = policy
        self.place = temp_dir(support.sandbox_root())
        self.state = self.place / "state"
        self.file = self.place / "pipeline.toml"
        self.write(plugin, settings)

    def write(self, plugin, settings):
        stages = [
            ("poll", plugin, settings),
            ("cap", "queue_cap", {"cap": 2000}),
            ("triage", "triage_policy", {"policy": str(self.policy)}),
            ("cases", "cases", {}),
            ("escalation", "escalation", {}),
            ("reconcile", "reconcile", {}),
            ("heartbeat", "heartbeat", {}),
        ]
        text = f'[pipeline]\nname = "e2e"\nstate = {toml(str(self.state))}\n'
        for name, used, more in stages:
            text += stage(name, used, more)
        self.file.write_text(text)

    def command(self, *words):
        return subprocess.run([program(), *words], capture_output=True, text=True, check=False, timeout=600)

    def run(self, *words):
        """(exit code, the run's report, stderr)"""
        done = self.command("run", str(self.file), "--format", "json", *words)
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        assert lines, f"no report; exit {done.returncode}; {done.stderr}"
        return done.returncode, json.loads(lines[-1]), done.stderr

    def preflight(self, code):
        """The steps of `validate --connect`: name -> (outcome, found, advice)."""
        done = self.command("validate", str(self.file), "--connect", "--format", "json")
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return {one["step"]: (one["outcome"], one["found"], one["advice"]) for one in json.loads(done.stdout)["steps"]}

    def ledger(self):
        done = self.command("ledger", "export", "--state", str(self.state))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def verdicts(self):
        """alert id -> its dispositions, one per verdict."""
        out = collections.defaultdict(list)
        for entry in self.ledger():
            if entry["kind"] == "verdict":
                out[entry["alert_id"]].append(entry["disposition"])
        return out

    def drop_in(self, name, alert):
        """Lays a file into the queue as another process would."""
        queue = self.state / "queue"
        queue.mkdir(parents=True, exist_ok=True)
        part = self.place / "part"
        part.write_text(json.dumps(alert))
        part.rename(queue / name)

    def check_books(self):
        done = self.command("reconcile", str(self.file))
        assert done.returncode == 0, done.stdout + done.stderr
        done = self.command("ledger", "verify", "--state", str(self.state))
        assert done.returncode == 0, done.stdout + done.stderr


def settings_for(about, **more):
    """source_wazuh's settings for an OpenSearch (or a fault server in front of one)."""
    out = {
        "url": about["url"],
        "user": "reader",
        "password": {"env": "SF_TEST_PASSWORD"},
        "ca_file": about["ca_file"],
        "start": "3h",
        "window": "12h",
        "visibility_delay": "1s",
        "retry_for": "60s",
    }
    out.update(more)
    return out
