# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: the program, and a small pipeline's state to damage."""
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SF_BUILD", "")
PROGRAM = os.path.join(os.path.abspath(BUILD), "bin", "signalfoundry")
STAGES = [
    ("poll", "source_file", {"path": os.path.join(ROOT, "pipelines/demo-alerts.jsonl")}),
    ("cap", "queue_cap", {}),
    ("triage", "triage_policy", {"policy": os.path.join(ROOT, "pipelines/policies/default.toml")}),
    ("cases", "cases", {}),
    ("escalation", "escalation", {}),
    ("reconcile", "reconcile", {}),
    ("heartbeat", "heartbeat", {}),
]
ESC = "\x1b"


def sf(*arguments, **options):
    """Runs the program; .returncode, .stdout and .stderr as text."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SIGNALFOUNDRY_")}
    env.update(options.pop("env", {}))
    return subprocess.run(
        [PROGRAM, *arguments], capture_output=True, encoding="utf-8", errors="surrogateescape", timeout=120, env=env,
        check=False, **options,
    )  # fmt: skip


def pipeline_text(state, extra=""):
    text = f'[pipeline]\nname = "cli-test"\nstate = {json.dumps(state)}\n{extra}'
    for name, plugin, settings in STAGES:
        text += f'\n[[stage]]\nname = "{name}"\nplugin = "{plugin}"\n[stage.settings]\n'
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    return text


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def entries(state):
    return [json.loads(line) for line in sf("ledger", "export", "--state", state).stdout.splitlines()]


def sql(state, *statements):
    """Changes the books behind the program's back."""
    with sqlite3.connect(os.path.join(state, "state.db")) as db:
        for statement in statements:
            db.execute(*statement) if isinstance(statement, tuple) else db.execute(statement)
    db.close()


class Case(unittest.TestCase):
    def exits(self, code, *arguments, **options):
        done = sf(*arguments, **options)
        said = f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        self.assertEqual(done.returncode, code, said)
        return done


class OnABook(Case):
    """A state directory after one run of the demo's alerts; each test that damages it works on a copy."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="sf-cli-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.state = os.path.join(cls.folder, "state")
        cls.pipeline = write(os.path.join(cls.folder, "p.toml"), pipeline_text(cls.state))
        cls.ran = sf("run", cls.pipeline, "--drain", "--format", "json")
        if cls.ran.returncode != 0:
            raise AssertionError(cls.ran.stdout + cls.ran.stderr)
        cls.entries = entries(cls.state)

    def copy(self):
        """A copy of the state, and a pipeline for it."""
        folder = tempfile.mkdtemp(dir=self.folder)
        state = os.path.join(folder, "state")
        shutil.copytree(self.state, state)
        return state, write(os.path.join(folder, "p.toml"), pipeline_text(state))

    def verdict(self, disposition="escalated"):
        return next(e for e in self.entries if e["kind"] == "verdict" and e["disposition"] == disposition)

    def file_of(self, state, folder, key):
        (path,) = glob.glob(os.path.join(state, folder, "*/*/*", f"*{key}*"))
        return path


def main():
    if not BUILD:
        print("SF_BUILD is not set: which build is to be tested?")
        sys.exit(77)
    unittest.main()
