#!/usr/bin/python3
"""./dev bench: starts a server of its own, measures it, and prints each figure beside its target and, where there
is one, a floor measured in the same run. Also says what else the machine was doing, and writes build/bench.json.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

from figures import table

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUPS = ("life", "cold", "resting", "pictures", "viewer", "input", "observe", "calls", "files", "browser", "load", "neighbours", "terminal", "idle", "pool", "burst", "many")
# Groups that need a server of their own, with other flags than the rest, which measure desks that are made when they are asked for.
FLAGS = {"resting": ("--pool", "", "--cleanup-interval-seconds", "1"), "pool": ("--pool", "desktop=12:12", "--max-displays", "40"),
         "burst": ("--pool", "desktop=3:3", "--max-displays", "40")}


# --- the machine ------------------------------------------------------------------------------------

def processor_time():
    """(busy, all) in ticks, of all cores since boot."""
    numbers = [int(word) for word in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(numbers) - numbers[3] - numbers[4], sum(numbers)


def busy_percent(seconds=2):
    """How busy the cores are while we do nothing."""
    busy, everything = processor_time()
    time.sleep(seconds)
    now_busy, now_everything = processor_time()
    return round(100 * (now_busy - busy) / max(1, now_everything - everything))


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {"processor": model, "cores": os.cpu_count(), "kernel": os.uname().release,
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20}


def moment():
    return {"time": time.strftime("%Y-%m-%d %H:%M:%S"), "load": round(os.getloadavg()[0], 1), "others_busy_percent": busy_percent()}


# --- the server -------------------------------------------------------------------------------------

def wait_until(what, check, seconds):
    end = time.monotonic() + seconds
    while not (result := check()):
        if time.monotonic() > end:
            sys.exit(f"bench: {what}: not within {seconds} s")
        time.sleep(0.05)
    return result


def newest_build(images):
    builds = [path for path in (images / "desktop").glob("*") if len(path.name) == 64]
    return max(builds, key=lambda path: path.stat().st_ctime_ns, default=None)


def link_image(data, source):
    """The newest image, by hard links: the page cache is shared, and nothing is copied."""
    build = newest_build(source / "images")
    if build is None:
        sys.exit(f"bench: no image in {source}/images: run ./dev image, or name a data directory with --images")
    goal = data / "images/desktop" / build.name
    if not goal.exists():
        goal.parent.mkdir(parents=True, exist_ok=True)
        # Under another name first, so that a copy that is cut off is never taken for an image.
        partial = goal.with_name("." + build.name)
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(["cp", "-al", str(build), str(partial)], check=True)
        partial.rename(goal)
    return goal / "root"


class Server:
    def __init__(self, programs, data, uid_base, *flags):
        shutil.rmtree(data / "server", ignore_errors=True)
        self.log = open(ROOT / "build/bench-server.log", "w+")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("CARREL_", "ANTHROPIC_"))}
        environment["CARREL_DESK_DISK_MB"] = "4096"  # a gigabyte is written and read in one
        self.process = subprocess.Popen(
            [programs / "carrel", "serve", "--listen", "127.0.0.1:0", "--data", data, "--width", "1024", "--height", "768",
             "--provider", "scripted", "--network", "none", "--uid-base", str(uid_base), "--on-exit", "destroy", *flags],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env=environment)
        text = wait_until("the server starts", self.said_ready, 60)
        self.port = int(text.split("http://127.0.0.1:")[1].split()[0])

    def said_ready(self):
        text = pathlib.Path(self.log.name).read_text()
        if self.process.poll() is not None:
            sys.exit(f"bench: carrel serve ended with {self.process.returncode}:\n{text}")
        return text if " ready" in text and "http://" in text else None

    def ask(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=json.dumps(body).encode() if body is not None else None,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def jail(self):
        """The jail's processes: the children of the server that was started as root."""
        return [pid for pid in processes() if parent_of(pid) == self.process.pid]

    def close(self):
        while sessions := json.loads(self.ask("GET", "/api/v1/sessions?limit=100"))["sessions"]:
            for session in sessions:
                self.ask("DELETE", f"/api/v1/sessions/{session['id']}?purge=true")
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


# --- what is idle -----------------------------------------------------------------------------------

def processes():
    return [int(path.name) for path in pathlib.Path("/proc").iterdir() if path.name.isdigit()]


def read_proc(pid, name):
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def parent_of(pid):
    text = read_proc(pid, "stat")
    return int(text.rpartition(")")[2].split()[1]) if text else 0


def desk_processes(data, desk):
    """Of the desk's own process namespace and those below it."""
    first = json.loads((data / "desks" / desk / "identity.json").read_text())["pid"]
    wanted = os.readlink(f"/proc/{first}/ns/pid")
    found = []
    for pid in processes():
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") == wanted:
                found.append(pid)
        except OSError:
            pass
    return found


def all_desk_processes(data, desks):
    """Of all of them, by one look at the machine's processes."""
    wanted = {os.readlink(f"/proc/{json.loads((data / 'desks' / desk / 'identity.json').read_text())['pid']}/ns/pid") for desk in desks}
    found = []
    for pid in processes():
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") in wanted:
                found.append(pid)
        except OSError:
            pass
    return found


def memory(pid, row):
    """Kilobytes of a row of smaps_rollup: Pss or Rss."""
    return sum(int(line.split()[1]) for line in read_proc(pid, "smaps_rollup").splitlines() if line.startswith(row + ":"))


def wakeups(pids):
    count = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            text = read_proc(pid, f"task/{thread}/status")
            count += int(text.split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return count


def ticks(pids):
    return sum(sum(int(word) for word in read_proc(pid, "stat").rpartition(")")[2].split()[11:13]) for pid in pids)


def wait_for_rest(pids):
    """Until none of them has computed for a second: what starts behind a ready desk has started."""
    def is_resting():
        before = ticks(pids)
        time.sleep(1)
        return ticks(pids) == before
    wait_until("the desks come to rest", is_resting, 60)


def measure_idle(server, data):
    figures = {}
    sessions = [json.loads(server.ask("POST", "/api/v1/sessions", {"provider": "scripted", "network": "none"})) for _ in range(4)]
    time.sleep(1)  # the panel follows the window manager, and only then are all processes there to be watched
    desks = [desk_processes(data, session["desk"]["id"]) for session in sessions]
    everyone = [pid for desk in desks for pid in desk]
    wait_for_rest(everyone)
    per_desk = lambda row: sum(memory(pid, row) for pid in everyone) / len(desks) / 1024
    figures["desk memory"] = per_desk("Pss")
    # The server's figures with nobody connected: connections of the client are closed.
    ours = [server.process.pid, *server.jail()]
    span = 10
    before, desk_before, ticks_before = wakeups(ours), wakeups(everyone), ticks(everyone)
    time.sleep(span)
    figures["server wakeups"] = (wakeups(ours) - before) / span
    figures["desk wakeups"] = (wakeups(everyone) - desk_before) / span / len(desks)
    figures["desk processor"] = 100 * (ticks(everyone) - ticks_before) / os.sysconf("SC_CLK_TCK") / span / len(desks)
    figures["server memory"] = memory(server.process.pid, "Pss") / 1024
    figures["server resident"] = memory(server.process.pid, "Rss") / 1024
    for session in sessions:
        server.ask("GET", f"/api/v1/sessions/{session['id']}/desk/screen/screenshot")
    figures["desk memory after"] = per_desk("Pss")
    for session in sessions:
        server.ask("DELETE", f"/api/v1/sessions/{session['id']}?purge=true")
    return {name: {"name": name, "value": round(value, 2)} for name, value in figures.items()}


def named(figures):
    return {name: {"name": name, "value": round(value, 4)} for name, value in figures.items()}


def measure_rest(server, everyone, count, prefix, span):
    """How busy the machine is while nobody asks for anything, and what the desks wake and hold."""
    ours = [server.process.pid, *server.jail()]
    time.sleep(2)
    woken, processor = wakeups(everyone), ticks(everyone)
    busy, everything = processor_time()
    time.sleep(span)
    now_busy, now_everything = processor_time()
    return {f"{prefix} busy": 100 * (now_busy - busy) / max(1, now_everything - everything),
            f"{prefix} wakeups": (wakeups(everyone) - woken) * 60 / span / count,
            f"{prefix} processor": (ticks(everyone) - processor) / os.sysconf("SC_CLK_TCK") * 60 / span * 100 / count,
            f"{prefix} memory": sum(memory(pid, "Pss") for pid in everyone) / count / 1024,
            f"{prefix} server memory": sum(memory(pid, "Pss") for pid in ours) / 1024}


def measure_many(client, server, data, image_root, options, count, span):
    others = busy_percent(5)
    sessions = [json.loads(server.ask("POST", "/api/v1/sessions", {"provider": "scripted", "network": "none"})) for _ in range(count)]
    time.sleep(1)
    everyone = all_desk_processes(data, [session["desk"]["id"] for session in sessions])
    # The panel looks for a compositor during its first half minute.
    figures = {"many": count, "others busy": others} | measure_rest(server, everyone, count, "young", 10)
    time.sleep(25)
    figures |= measure_rest(server, everyone, count, "many", span)
    for session in sessions:
        server.ask("POST", f"/api/v1/sessions/{session['id']}/pause", {})
    figures |= measure_rest(server, everyone, count, "frozen", 10)
    for session in sessions:
        server.ask("POST", f"/api/v1/sessions/{session['id']}/resume", {})
    return named(figures) | measure_timed(client, server, data, image_root, options, ["random"])


# --- all of it --------------------------------------------------------------------------------------

def measure_timed(client, server, data, image_root, options, groups):
    """The rows that the client prints, by name; each is shown as it comes."""
    rows = {}
    command = [client, str(server.port), str(data), str(image_root), str(ROOT / "bench/pages/reference.html"), str(options.scale), *groups]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            row = json.loads(line)
            rows[row["name"]] = row
            print(f"  measured: {row['name']}", file=sys.stderr, flush=True)
    if process.returncode:
        sys.exit(f"bench: carrel-bench ended with {process.returncode}")
    return rows


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="where the programs are")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("/var/lib/carrel-bench"), help="a data directory for this alone")
    parser.add_argument("--images", type=pathlib.Path, default=pathlib.Path(os.environ.get("CARREL_DATA", "/var/lib/carrel")),
                        help="the data directory whose newest image is measured")
    parser.add_argument("--uid-base", type=int, default=1_900_000_000, help="of the measured desks")
    parser.add_argument("--scale", type=int, default=100, help="percent of the usual number of samples")
    parser.add_argument("--desks", type=int, default=100, help="how many the group many makes")
    parser.add_argument("--only", nargs="*", choices=GROUPS, default=list(GROUPS), metavar="GROUP", help=" ".join(GROUPS))
    return parser.parse_args()


def main():
    options = parse_options()
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "--preserve-env=CARREL_DATA", sys.executable, *sys.argv])
    (ROOT / "build").mkdir(exist_ok=True)
    options.data.mkdir(parents=True, exist_ok=True)
    image_root = link_image(options.data, options.images)
    result = {"machine": machine(), "before": moment()}
    rows = {}
    groups = [group for group in options.only if group not in FLAGS and group not in ("idle", "many")]
    client = options.bin / "carrel-bench"

    def with_server(measure, *flags):
        server = Server(options.bin, options.data, options.uid_base, *flags)
        try:
            rows.update(measure(server))
        finally:
            server.close()

    if groups:
        with_server(lambda server: measure_timed(client, server, options.data, image_root, options, groups), "--pool", "", "--max-displays", "60")
    if "idle" in options.only:
        with_server(lambda server: measure_idle(server, options.data), "--pool", "")
    for group, flags in FLAGS.items():
        if group in options.only:
            with_server(lambda server: measure_timed(client, server, options.data, image_root, options, [group]), *flags)
    if "many" in options.only:
        with_server(lambda server: measure_many(client, server, options.data, image_root, options, options.desks, 60 if options.scale >= 50 else 20),
                    "--pool", "", "--max-displays", str(options.desks + 8))
    if "health direct" in rows:
        rows["proxy"] = {"name": "proxy", "value": rows["health"]["median"] - rows["health direct"]["median"]}
    result |= {"after": moment(), "rows": rows}
    (ROOT / "build/bench.json").write_text(json.dumps(result, indent=1) + "\n")
    facts = result["machine"]
    print(f"\n1024×768 on {facts['processor']}, {facts['cores']} cores, {facts['memory_mb']} MB, Linux {facts['kernel']}")
    for when in ("before", "after"):
        print(f"{when}: {result[when]['time']}, load {result[when]['load']}, others kept the cores {result[when]['others_busy_percent']} % busy")
    print("\n" + table(rows) + "\n\nall figures: build/bench.json")


if __name__ == "__main__":
    main()
