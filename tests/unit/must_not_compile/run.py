#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: what the SDK and core/fs make impossible does not compile, and fails for the reason that is meant.

usage: tests/unit/must_not_compile/run.py [--cxx CXX] [CASE.cpp ...]
Each case says in a line `// expect: REGEX` what the compiler must say. With -DSF_CONTROL it holds the same code done
right, which must compile: otherwise the case could fail for a missing header and nobody would know.
Prints one line per failure; exit 0 none, 1 some.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
INCLUDES = ["-I" + os.path.join(ROOT, folder) for folder in (os.path.join("sdk", "include"), "core")]
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-fsyntax-only"]


def compile_case(cxx, path, *more):
    command = [cxx, *FLAGS, *INCLUDES, *more, path]
    env = dict(os.environ, LC_ALL="C")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    return done.returncode == 0, done.stderr


def check(cxx, path):
    name = os.path.basename(path)
    with open(path, encoding="utf-8") as file:
        expected = re.findall(r"^// expect: (.+)$", file.read(), re.MULTILINE)
    if len(expected) != 1:
        return f"{name}: needs one line `// expect: REGEX`"
    good, said = compile_case(cxx, path, "-DSF_CONTROL")
    if not good:
        return f"{name}: its control does not compile:\n{said}"
    good, said = compile_case(cxx, path)
    if good:
        return f"{name}: compiles, and must not"
    if not re.search(expected[0], said):
        return f"{name}: fails, but not with /{expected[0]}/:\n{said}"
    return None


def main():
    parser = argparse.ArgumentParser(description="Code that must not compile.")
    parser.add_argument("--cxx", default=os.environ.get("CXX", "c++"))
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    cases = options.cases or sorted(glob.glob(os.path.join(HERE, "*.cpp")))
    failures = [failure for failure in (check(options.cxx, case) for case in cases) if failure]
    print("\n".join(failures) if failures else f"must_not_compile: {len(cases)} cases fail as they should")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
