#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: each SDK header compiles alone, and no change of the ABI's layout, values or signatures goes unnoticed.

usage: tests/unit/sdk/headers.py [--cc CC] [--cxx CXX]
The C ABI compiles as C11, C17 and C++20, every .hpp as C++20, each included twice and without any other header, with
-Wall -Wextra -Wpedantic -Wshadow -Werror. abi_sentinels.c compiles, and stops doing so for each of the MUTATIONS.
sdk/README.md shows the example that is compiled (sdk/examples).
Prints one line per failure; exit 0 none, 1 some.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(HERE, "..", "..", "..", "sdk", "include")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsyntax-only"]

# header, what stands there, what is put in its place
MUTATIONS = [
    ("triage.h", "  void (*destroy)(void* self);", "  void (*inserted)(void);\n  void (*destroy)(void* self);"),
    ("triage.h", "  void (*destroy)(void* self);", ""),
    ("entry.h", "  uint16_t needs_minor;", "  uint32_t needs_minor;"),
    ("entry.h", "0x4c504653u", "0x4c504654u"),
    ("base.h", "  char where[56]; ", "  char where[64]; "),
    ("base.h", "  SF_VANISHED = 3,", "  SF_VANISHED = 13,"),
    ("base.h", "    int64_t i64;\n", "    int64_t i64;\n    sf_str pair[2];\n"),
    ("source.h", "  int64_t from_ms;\n  int64_t to_ms;\n", "  int64_t to_ms;\n  int64_t from_ms;\n"),
    ("stage.h", "sf_status (*begin)(void* self, sf_error* error);", "sf_status (*begin)(void* self);"),
    ("service/clock.h", "  int64_t (*now_ms)(const sf_host* host);", "  double (*now_ms)(const sf_host* host);"),
    ("service/fs.h", "enum { SF_FILE = 0, SF_DIRECTORY = 1,", "enum { SF_FILE = 1, SF_DIRECTORY = 0,"),
    ("service/queue.h", "  uint32_t group; ", "  uint64_t group; "),
    ("service/http.h", "  uint32_t timeout_ms; ", "  int64_t timeout_ms; "),
]
# A field at the end of an appendable struct is what a minor version does: the 1.0 sentinels still hold.
APPENDED = ("triage.h", "} sf_triage;", "  void (*late)(void);\n} sf_triage;")


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr.strip()


def headers():
    for folder, _, names in sorted(os.walk(os.path.join(INCLUDE, "signalfoundry"))):
        for name in sorted(names):
            if name.endswith((".h", ".hpp")):
                yield os.path.relpath(os.path.join(folder, name), INCLUDE)


def alone(options):
    for header in headers():
        text = f"#include <{header}>\n#include <{header}>\n"
        ways = [(options.cxx, "c++", "c++20")]
        if header.endswith(".h"):
            ways += [(options.cc, "c", "c11"), (options.cc, "c", "c17")]
        for compiler, language, standard in ways:
            command = [compiler, "-x", language, f"-std={standard}", *WARNINGS, f"-I{INCLUDE}", "-"]
            good, said = run(command, text)
            if not good:
                yield f"{header}: does not compile alone as {standard}:\n{said}"


def mutated(options, header, old, new):
    """Whether the sentinels compile against headers in which `old` is replaced by `new`."""
    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(INCLUDE, os.path.join(root, "include"))
        path = os.path.join(root, "include", "signalfoundry", "abi", header)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if old not in text:
            return None
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new, 1))
        sentinels = os.path.join(HERE, "abi_sentinels.c")
        return run([options.cc, "-std=c11", "-fsyntax-only", f"-I{root}/include", sentinels])[0]


def sentinels(options):
    for standard in ("c11", "c17"):
        command = [options.cc, f"-std={standard}", *WARNINGS, f"-I{INCLUDE}", os.path.join(HERE, "abi_sentinels.c")]
        good, said = run(command)
        if not good:
            yield f"abi_sentinels.c: the ABI is not what it was ({standard}):\n{said}"
    for header, old, new in MUTATIONS:
        compiles = mutated(options, header, old, new)
        if compiles is None:
            yield f"{header}: there is no \"{old.strip()}\" to be changed. Correct MUTATIONS in headers.py."
        elif compiles:
            yield f"{header}: the sentinels do not see \"{old.strip()}\" become \"{new.strip()}\""
    if not mutated(options, *APPENDED):
        yield "triage.h: the sentinels refuse a field that was appended"


def readme():
    sdk = os.path.join(INCLUDE, "..")
    with open(os.path.join(sdk, "examples", "noisy_rule.cpp"), encoding="utf-8") as file:
        example = file.read().split("\n#include", 1)[1]
    with open(os.path.join(sdk, "README.md"), encoding="utf-8") as file:
        if f"```cpp\n#include{example}```" not in file.read():
            yield "sdk/README.md: its plugin is not sdk/examples/noisy_rule.cpp. Copy it, from the first #include on."


def snippets(options):
    """The README's snippets of tests, the includes before a main() around the rest."""
    with open(os.path.join(INCLUDE, "..", "README.md"), encoding="utf-8") as file:
        found = [one for one in re.findall(r"```cpp\n(.*?)```", file.read(), re.S) if "under_test.hpp" in one]
    if len(found) < 2 or not any("SourceUnderTest" in one for one in found):
        yield "sdk/README.md: there is no snippet of a test, or none of a source's"
    for text in found:
        lines = text.splitlines()
        head = [line for line in lines if line.startswith("#include")]
        body = [line for line in lines if not line.startswith("#include")]
        code = "\n".join([*head, "int main() {", *body, "}"])
        good, said = run([options.cxx, "-x", "c++", "-std=c++20", "-fsyntax-only", f"-I{INCLUDE}", "-"], code)
        if not good:
            yield f"sdk/README.md: a snippet does not compile:\n{text}\n{said}"


def main():
    parser = argparse.ArgumentParser(description="SDK headers alone, and the sentinels of the ABI.")
    parser.add_argument("--cc", default=os.environ.get("CC", "cc"))
    parser.add_argument("--cxx", default=os.environ.get("CXX", "c++"))
    options = parser.parse_args()
    failures = [*readme(), *snippets(options), *sentinels(options), *alone(options)]
    count = len(list(headers()))
    good = f"headers: {count} compile alone; {len(MUTATIONS)} breaks of the ABI seen"
    print("\n".join(failures) if failures else good)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
