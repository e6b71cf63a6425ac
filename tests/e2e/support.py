# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: the program, a sandbox around each run, alerts, and processes to look after.

SF_BUILD   the build directory, with bin/signalfoundry; unset: the tests are skipped (exit 77)
SF_SOURCE  the source tree (default: where this file lies)
SF_SHARED  the project's shared material (default: ../shared beside the source tree); tests that need it are skipped
SF_FULL=1  the nightly sizes
SF_SEED    the seed of what is random; printed by the tests that draw
SF_KEEP=1  keep the sandboxes
TMPDIR     where the sandboxes lie; unset: /dev/shm where it has room, as what dies here is processes, not power
"""
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("SF_BUILD", "")
SOURCE = os.environ.get("SF_SOURCE") or os.path.dirname(os.path.dirname(HERE))
SHARED = os.environ.get("SF_SHARED") or os.path.join(os.path.dirname(SOURCE), "shared")
FULL = os.environ.get("SF_FULL", "") not in ("", "0")
KEEP = os.environ.get("SF_KEEP", "") not in ("", "0")
PROGRAM = os.path.join(os.path.abspath(BUILD), "bin", "signalfoundry") if BUILD else ""
POLICY = os.path.join(SOURCE, "pipelines", "policies", "default.toml")
TIMEOUT_S = 600 if FULL else 120


def sandbox_root():
    """None: where temporary files lie by default."""
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return None
    enough = room.f_bavail * room.f_frsize > (8 << 30 if FULL else 1 << 30) and os.access("/dev/shm", os.W_OK)
    return "/dev/shm" if enough and not os.environ.get("TMPDIR") else None


def say(text):
    print("    " + text, flush=True)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


def tree(root, skip=()):
    """Everything below root: relative path -> kind, mode, size, inode, mtime and, of a file, the digest."""
    out = {}
    pending = [""]
    while pending:
        at = pending.pop()
        for entry in os.scandir(os.path.join(root, at)):
            name = os.path.join(at, entry.name)
            if name in skip:
                continue
            info = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                pending.append(name)
                out[name] = ("directory", info.st_mode, 0, info.st_ino, 0, "")
                continue
            digest = ""
            if stat.S_ISLNK(info.st_mode):
                digest = os.readlink(os.path.join(root, name))
            elif stat.S_ISREG(info.st_mode) and info.st_size < 32 << 20:
                digest = sha256(read(os.path.join(root, name)))
            out[name] = (stat.S_IFMT(info.st_mode), info.st_mode, info.st_size, info.st_ino, info.st_mtime_ns, digest)
    return out


def differences(before, after):
    gone = [f"- {n!r}" for n in before.keys() - after.keys()]
    new = [f"+ {n!r}" for n in after.keys() - before.keys()]
    return sorted(gone + new + [f"~ {n!r}" for n in before.keys() & after.keys() if before[n] != after[n]])


# ---- alerts

RULES = [  # id, level, description, groups; by hand, so that every disposition of the default policy comes up
    ("5715", 3, "sshd: authentication success.", ["syslog", "sshd", "authentication_success"]),
    ("550", 7, "Integrity checksum changed.", ["ossec", "syscheck", "syscheck_file"]),
    ("5710", 5, "sshd: Attempt to login using a non-existent user", ["syslog", "sshd", "authentication_failed"]),
    ("92151", 12, "Binary loaded PowerShell automation library.", ["sysmon", "windows"]),
    ("5402", 3, "Successful sudo to ROOT executed.", ["syslog", "sudo"]),
    ("510", 7, "Host-based anomaly detection event (rootcheck).", ["ossec", "rootcheck"]),
    ("60104", 5, "Windows audit failure event.", ["windows", "windows_security"]),
    ("100053", 13, "Possible credential dumping from LSASS memory.", ["local", "credential_dumping"]),
]


def alert(n, rule=None):
    """The n-th of endlessly many alerts, with an id as the SIEM gives it."""
    rule_id, level, description, groups = RULES[n * 7 % 41 % len(RULES) if rule is None else rule]
    ms = 1_790_000_000_000 + n * 411
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}+0000"
    return {"timestamp": stamp, "id": f"{ms // 1000}.{n}",
            "rule": {"id": rule_id, "level": level, "description": description, "groups": groups},
            "agent": {"id": f"{n % 9 + 1:03d}", "name": f"host-{n % 9}", "ip": f"10.20.0.{n % 9 + 10}"},
            "manager": {"name": "siem-01"}, "decoder": {"name": "test"}, "location": "test",
            "full_log": f"event {n} of the test"}


def dumps(document):
    return json.dumps(document, separators=(",", ":"))


def write_jsonl(path, documents):
    return write(path, "".join((d if isinstance(d, str) else dumps(d)) + "\n" for d in documents))


def drop(queue, name, data):
    """Puts a file into a queue as a good producer does: written beside it, then renamed into place."""
    os.makedirs(queue, exist_ok=True)
    temporary = os.path.join(queue, ".drop-" + sha256(name.encode(errors="surrogateescape"))[:16])
    write(temporary, data)
    os.rename(temporary, os.path.join(queue, name))


# ---- the program

class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    @property
    def report(self):
        """The one JSON object on stdout."""
        lines = self.out.splitlines()
        assert len(lines) == 1, f"stdout holds {len(lines)} lines, not one JSON object: {self}"
        return json.loads(lines[0])

    def __str__(self):
        return f"exit {self.code}\n--- stdout\n{self.out[-3000:]}\n--- stderr\n{self.err[-3000:]}"


class Sandbox:
    """A directory of its own for one test; only `state` in it may change while the program runs."""

    def __init__(self, name):
        # Resolved: a path through a link is none of a test's business.
        self.base = os.path.realpath(tempfile.mkdtemp(prefix=f"sf-{name}-", dir=sandbox_root()))
        os.chmod(self.base, 0o755)
        self.state = os.path.join(self.base, "state")
        self.queue = os.path.join(self.state, "queue")
        self.input = self._make("input")
        self.canary = self._make("canary")  # working directory, home and temporary directory of the program
        write(os.path.join(self.canary, "keep"), "nobody touches this\n")
        self.toml = os.path.join(self.base, "pipeline.toml")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("SF_", "SIGNALFOUNDRY_"))}
        self.environment.update(HOME=self.canary, TMPDIR=self.canary, NO_COLOR="1")
        self.program = PROGRAM

    def _make(self, name):
        path = os.path.join(self.base, name)
        os.makedirs(path)
        return path

    def install(self):
        """A copy of program, plugins and policy that any user may reach: a home directory is closed to others."""
        place = self._make("installed")
        for folder in ("bin", "plugins"):
            os.makedirs(os.path.join(place, folder))
        shutil.copy2(PROGRAM, os.path.join(place, "bin"))
        for name in os.listdir(os.path.join(BUILD, "plugins")):
            if name.endswith(".sfplugin.so"):
                shutil.copy2(os.path.join(BUILD, "plugins", name), os.path.join(place, "plugins"))
        policy = shutil.copy2(POLICY, place)
        write(self.toml, read(self.toml).decode().replace(POLICY, policy))
        self.program = os.path.join(place, "bin", "signalfoundry")

    def remove(self):
        if KEEP:
            return say(f"kept {self.base}")
        for root, folders, _ in os.walk(self.base):
            for folder in folders:
                os.chmod(os.path.join(root, folder), 0o700, follow_symlinks=os.path.islink(os.path.join(root, folder)))
        shutil.rmtree(self.base, ignore_errors=True)
        return None

    def alerts(self, count, name="alerts.jsonl"):
        """A file with the first `count` alerts, one a line; gives its path."""
        return write_jsonl(os.path.join(self.input, name), [alert(i) for i in range(count)])

    def pipeline(self, source=None, source_format="jsonl", cap=2000, head="", policy=POLICY, workers=2):
        """Writes the pipeline: the seven stages, or six of them without a source."""
        text = f'[pipeline]\nname = "test"\nstate = "{self.state}"\nworkers = {workers}\n{head}\n'
        if source:
            text += f'[[stage]]\nname = "poll"\nplugin = "source_file"\n[stage.settings]\npath = {json.dumps(source)}\n'
            text += f'format = "{source_format}"\n'
        text += f'\n[[stage]]\nname = "cap"\nplugin = "queue_cap"\n[stage.settings]\ncap = {cap}\n'
        text += f'\n[[stage]]\nname = "triage"\nplugin = "triage_policy"\n[stage.settings]\npolicy = "{policy}"\n'
        for stage in ("cases", "escalation", "reconcile", "heartbeat"):
            text += f'\n[[stage]]\nname = "{stage}"\nplugin = "{stage}"\n'
        return write(self.toml, text)

    def add_stage(self, before, name, plugin, settings=""):
        """Puts a stage into the pipeline, before the one of that name."""
        text = read(self.toml).decode()
        at = text.index(f'[[stage]]\nname = "{before}"')
        stage = f'[[stage]]\nname = "{name}"\nplugin = {json.dumps(plugin)}\n'
        if settings:
            stage += f"[stage.settings]\n{settings}\n"
        write(self.toml, text[:at] + stage + "\n" + text[at:])

    def call(self, *arguments, prefix=(), timeout=TIMEOUT_S, watch=True):
        """The program, to its end. Fails when anything in the sandbox changed but the state directory."""
        before = tree(self.base, ("state",)) if watch else {}
        started = time.monotonic()
        done = subprocess.run([*prefix, self.program, *arguments], cwd=self.canary, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
        seconds = time.monotonic() - started
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"), seconds)
        changed = differences(before, tree(self.base, ("state",))) if watch else []
        assert not changed, f"changed outside of the state directory: {changed}\n{result}"
        return result

    def run(self, *arguments, drain=True, **options):
        drains = ("--drain",) if drain else ()
        return self.call("run", self.toml, *drains, "--format", "json", "--state", self.state, *arguments, **options)

    def start(self, *arguments):
        """A run in the background. Its output goes to files, so that nobody has to read it."""
        out = open(os.path.join(self.base, "state-run.out"), "wb")
        err = open(os.path.join(self.base, "state-run.err"), "wb")
        with out, err:
            command = [self.program, "run", self.toml, "--format", "json", "--state", self.state, *arguments]
            return subprocess.Popen(command, cwd=self.canary, env=self.environment, stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=err)

    def output(self):
        """What the last started run wrote."""
        out = read(os.path.join(self.base, "state-run.out"))
        return out.decode(), read(os.path.join(self.base, "state-run.err")).decode(errors="replace")

    def worker(self, process):
        """The worker of a started run; None while there is none (a plugin that is being looked at is none)."""
        try:
            owner = json.loads(read(os.path.join(self.state, "lock"))).get("pid")
        except (FileNotFoundError, ValueError):
            return None
        return next(iter(children(process.pid)), None) if owner == process.pid else None

    def heartbeat(self):
        return json.loads(read(os.path.join(self.state, "heartbeat.json")))

    def history(self):
        return [json.loads(line) for line in read(os.path.join(self.state, "heartbeat-history.jsonl")).splitlines()]

    def waiting(self):
        try:
            return sorted(n for n in os.listdir(self.queue) if not n.startswith("."))
        except FileNotFoundError:
            return []


# ---- processes

def children(pid):
    try:
        return [int(p) for p in read(f"/proc/{pid}/task/{pid}/children").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def kill(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def pause(*pids):
    """Stops processes, and returns when the kernel has: one that is in the middle of a call first ends that."""
    def stopped(pid):
        try:
            return read(f"/proc/{pid}/stat").rpartition(b") ")[2][:1] in (b"T", b"Z", b"X")
        except (FileNotFoundError, ProcessLookupError):
            return True
    for pid in pids:
        kill(pid, signal.SIGSTOP)
    until(lambda: all(map(stopped, pids)), "the pause")


def until(condition, what, timeout=60.0):
    """Waits for something that is bound to happen; the wait ends a test only when it never does."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:.0f} s for: {what}")
        time.sleep(0.002)


class MemoryWatch(threading.Thread):
    """The most memory that any worker of a run held (VmHWM), in KiB."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.peak_kib = process, 0
        self.start()

    def run(self):
        while self.process.poll() is None:
            for pid in children(self.process.pid):
                try:
                    for line in read(f"/proc/{pid}/status").splitlines():
                        if line.startswith(b"VmHWM:"):
                            self.peak_kib = max(self.peak_kib, int(line.split()[1]))
                except (FileNotFoundError, ProcessLookupError):
                    pass
            time.sleep(0.02)


# ---- test cases

class EndToEnd(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.box = Sandbox(self.id().split(".")[-1][:40])
        self.addCleanup(self.box.remove)

    def ends(self, result, code, status=None):
        """The run ended with this exit code, and its report has this status; gives the report."""
        self.assertEqual(result.code, code, str(result))
        if status is None:
            return None
        self.assertEqual(result.report["status"], status, str(result))
        return result.report

    def first_batch(self, process):
        """Waits until files of a started run are through."""
        processed = os.path.join(self.box.state, "processed")
        until(lambda: process.poll() is not None or (os.path.isdir(processed) and os.listdir(processed)), "a batch")

    def popen(self, *arguments):
        process = self.box.start(*arguments)

        def stop():
            if process.poll() is None:
                process.kill()
            process.wait()
        self.addCleanup(stop)
        return process


def skip_without(path):
    return unittest.skipUnless(os.path.exists(path), f"{path} is not there")


def main():
    if not BUILD:
        print("skipped: SF_BUILD is not set")
        sys.exit(77)
    if not os.access(PROGRAM, os.X_OK):
        print(f"{PROGRAM} is not there; build it first")
        sys.exit(1)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    program = unittest.main(module="__main__", verbosity=2, exit=False)
    result = program.result
    if result.wasSuccessful() and result.testsRun != 0 and len(result.skipped) == result.testsRun:
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() else 1)
