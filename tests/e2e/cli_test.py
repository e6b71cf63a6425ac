#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line where no state directory is needed: help, wrong words, completion, plugins, and its reference.

usage: SF_BUILD=build/dev tests/e2e/cli_test.py [unittest arguments]
Exits 77 (skipped) where SF_BUILD is not set.
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

from cli_support import BUILD, ESC, PROGRAM, ROOT, STAGES, Case, main, sf, write

COMMANDS = [
    "run", "validate", "status", "gaps", "reconcile", "plugin list", "plugin inspect", "plugin check", "case list", "case show",
    "explain", "ledger verify", "ledger export", "drill race", "completion",
]  # fmt: skip
LATER = [
    "policy lint x.toml", "policy test x.toml", "policy explain x.toml a.json", "policy diff a b --state d",
    "plugin new triage x", "case decide c-1 benign --by me --reason r", "pack verify p", "replay k",
    "schema",
]  # fmt: skip


class WithoutState(Case):
    def test_help_of_every_command_exits_0_with_an_example(self):
        for command in ["", *COMMANDS]:
            for word in ("--help", "-h"):
                done = self.exits(0, *command.split(), word)
                self.assertIn(f"Usage: signalfoundry {command}".strip(), done.stdout)
                self.assertIn("Example", done.stdout)
                self.assertEqual(done.stderr, "")
            self.assertEqual(self.exits(0, "help", *command.split()).stdout, done.stdout)

    def test_a_group_lists_its_commands(self):
        self.assertIn("ledger verify", self.exits(0, "ledger", "--help").stdout)
        done = self.exits(64, "ledger")
        self.assertIn("ledger export", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_version_names_program_sdk_and_abi(self):
        text = self.exits(0, "--version").stdout
        self.assertRegex(text, r"signalfoundry \d+\.\d+\.\d+\n")
        self.assertRegex(text, r"SDK \d+\.\d+\.\d+\n")
        self.assertRegex(text, r"plugin ABI \d+\.\d+\n")

    def test_help_and_version_touch_neither_plugins_nor_books(self):
        if not shutil.which("strace"):
            self.skipTest("no strace")
        for word in ("--help", "--version"):
            done = subprocess.run(
                ["env", "SIGNALFOUNDRY_ALLOW_CORE=1", "strace", "-f", "-e", "trace=open,openat,clone,fork", PROGRAM, word],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if "ptrace" in done.stderr:
                self.skipTest("strace may not trace here")
            self.assertEqual(re.findall(r"sfplugin|state\.db|clone\(|fork\(", done.stderr), [])

    def test_an_unknown_command_is_a_usage_error_with_the_nearest_name(self):
        for words, near in ((["rnu"], "run"), (["recocile"], "reconcile"), (["ledger", "verfiy"], "verify")):
            self.assertIn(f'Did you mean "{near}"?', self.exits(64, *words).stderr)
        self.assertNotIn("Did you mean", self.exits(64, "zzzzzzzz").stderr)
        self.exits(64)

    def test_an_unknown_option_is_a_usage_error_with_the_nearest_name(self):
        done = self.exits(64, "run", "x.toml", "--drian")
        self.assertIn('Did you mean "--drain"?', done.stderr)
        self.exits(64, "validate", "x.toml", "--drain")
        self.exits(64, "--sttae", "x", "status")

    def test_wrong_arguments_are_usage_errors(self):
        for line in (
            "run", "run a.toml b.toml", "run a.toml --state", "run a.toml --state=", "run a.toml --state --drain",
            "run a.toml --drain=false", "case list --limit -1 --state x", "case list --disposition bad --state x",
            "status --format yaml --state x", "explain", "explain zz --state x", "explain c-zz --state x",
            "case show ../../etc --state x", "completion", "completion tcsh", "reconcile --yes --state x",
            "status a.toml --pipeline b.toml",
        ):  # fmt: skip
            self.exits(64, *line.split())
        self.exits(64, "run", "")
        self.exits(64, "status", "--state", "")

    def test_hostile_words_are_escaped(self):
        for words in ([f"{ESC}[31m"], ["run", f"--{ESC}]0;x"], ["explain", f"{ESC}[2J", "--state", "x"]):
            done = self.exits(64, *words)
            self.assertNotIn(ESC, done.stderr)
            self.assertIn("\\x1B", done.stderr)

    def test_what_a_later_version_has_is_said_to_be_missing(self):
        for line in LATER:
            done = self.exits(64, *line.split())
            self.assertIn("not in this version", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_without_a_state_directory_the_question_is_asked(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("which state directory?", self.exits(64, "case", "list", cwd=folder).stderr)

    def test_output_that_cannot_be_written_is_an_error(self):
        if os.path.exists("/dev/full"):
            done = subprocess.run(f"{PROGRAM} --help >/dev/full", shell=True, capture_output=True, check=False)
            self.assertEqual(done.returncode, 73)
        done = subprocess.run(f"{PROGRAM} --help >&-", shell=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 74)


class Completion(Case):
    def complete(self, *words):
        script = self.exits(0, "completion", "bash").stdout
        ask = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _signalfoundry"
        show = 'printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(
            ["bash", "-c", f"{script}\n{ask}\n{show}"],
            capture_output=True, text=True, check=False, cwd=os.path.join(ROOT, "docs"),
        )  # fmt: skip
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_the_scripts_parse(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.exits(0, "completion", shell).stdout
            self.assertIn("drain", script)
            self.assertIn("case", script)
            if not shutil.which(shell):
                continue
            done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_bash_offers_commands_options_and_values(self):
        self.assertEqual(self.complete("signalfoundry", "led"), ["ledger"])
        self.assertEqual(self.complete("signalfoundry", "ledger", "v"), ["verify"])
        self.assertEqual(self.complete("signalfoundry", "run", "--dr"), ["--drain", "--dry-run"])
        self.assertEqual(self.complete("signalfoundry", "case", "list", "--lim"), ["--limit"])
        self.assertEqual(self.complete("signalfoundry", "status", "--format", "j"), ["json"])
        self.assertEqual(self.complete("signalfoundry", "completion", "z"), ["zsh"])
        self.assertEqual(self.complete("signalfoundry", "status", "--state", "form"), ["formats"])


class Plugins(Case):
    def test_list_names_each_plugin_and_its_kind(self):
        text = self.exits(0, "plugin", "list").stdout
        for _, plugin, _ in STAGES:
            self.assertRegex(text, rf"(?m)^{plugin} +\d+\.\d+\.\d+ +sf\.(source|triage|stage)/1 +1\.\d+ +/")
        rows = [json.loads(line) for line in self.exits(0, "plugin", "list", "--format", "json").stdout.splitlines()]
        self.assertEqual({row["id"] for row in rows if row["refused"] is None} & {p for _, p, _ in STAGES},
                         {p for _, p, _ in STAGES})  # fmt: skip

    def test_list_says_why_a_plugin_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            write(os.path.join(folder, "broken.sfplugin.so"), "no library")
            os.chmod(os.path.join(folder, "broken.sfplugin.so"), 0o644)
            done = self.exits(0, "plugin", "list", "--plugin-dir", folder)
            self.assertRegex(done.stdout, r"(?m)^refused  .*/broken\.sfplugin\.so: .+")
            lines = self.exits(0, "plugin", "list", "--plugin-dir", folder, "--format", "json").stdout.splitlines()
            refused = [json.loads(line) for line in lines if json.loads(line)["refused"]]
            self.assertEqual([r["id"] for r in refused], ["broken"])
            self.exits(78, "plugin", "inspect", "broken", "--plugin-dir", folder)

    def test_inspect_gives_settings_that_a_pipeline_accepts(self):
        """What inspect prints, with the path put in, is a stage that validate accepts."""
        with tempfile.TemporaryDirectory() as folder:
            text = self.exits(0, "plugin", "inspect", "source_file").stdout
            self.assertIn('format = "jsonl"', text)
            stage = text[text.index("[[stage]]") :]
            stage = stage.replace("path/to/file", os.path.join(ROOT, "pipelines/demo-alerts.jsonl"))
            file = write(os.path.join(folder, "p.toml"), f'[pipeline]\nname = "x"\nstate = "s"\n{stage}')
            self.exits(0, "validate", file)

    def test_inspect_names_the_stage_of_a_plugin_with_dots_in_its_id(self):
        plugins = os.path.join(os.path.abspath(BUILD), "test-plugins")
        if not os.path.exists(os.path.join(plugins, "org.vendor-a.twin.sfplugin.so")):
            self.skipTest("the plugins of the tests are not built")
        with tempfile.TemporaryDirectory() as folder:
            text = self.exits(0, "plugin", "inspect", "org.vendor-a.twin", "--plugin-dir", plugins).stdout
            self.assertIn('name   = "twin"\nplugin = "org.vendor-a.twin"\n', text)
            stage = text[text.index("[[stage]]") :]
            file = write(os.path.join(folder, "p.toml"), f'[pipeline]\nname = "x"\nstate = "s"\n{stage}')
            self.exits(0, "validate", file, "--plugin-dir", plugins)

    def test_inspect_gives_the_digest_and_marks_secrets(self):
        path = os.path.join(os.path.abspath(BUILD), "plugins", "source_wazuh.sfplugin.so")
        if not os.path.exists(path):
            self.skipTest("source_wazuh is not built")
        for name in ("source_wazuh", path):
            info = json.loads(self.exits(0, "plugin", "inspect", name, "--format", "json").stdout)
            with open(path, "rb") as file:
                self.assertEqual(info["sha256"], hashlib.sha256(file.read()).hexdigest())
        self.assertTrue(info["settings"]["properties"]["password"]["x-sf-secret"])
        self.assertIn("a secret", self.exits(0, "plugin", "inspect", "source_wazuh").stdout)

    def test_an_unknown_plugin_is_named_with_the_nearest(self):
        self.assertIn('Did you mean "source_file"?', self.exits(78, "plugin", "inspect", "source_fiel").stderr)


class Reference(Case):
    def test_the_reference_has_every_command_and_option(self):
        with open(os.path.join(ROOT, "docs/reference/cli.md"), encoding="utf-8") as file:
            sections = re.split(r"(?m)^## ", file.read())
        by_name = {s.split("\n", 1)[0].strip("`"): s for s in sections}
        for command in COMMANDS:
            text = sf(*command.split(), "--help").stdout
            self.assertIn(command, by_name)
            for option in re.findall(r"(?m)^  (--[a-z-]+)", text):
                self.assertIn(f"`{option}", by_name[command] + by_name["Options that many commands take"], command)


if __name__ == "__main__":
    main()
