#!/usr/bin/python3
"""Runs the privileged tests under Debian 12's own kernel (6.1) with a pure cgroup v2 tree.

A virtual machine by QEMU's own emulation (no KVM): Debian's packaged cloud kernel, a small initial file
system that loads what it needs, and a disk that holds the tests and the jail. The tests' output comes over
the serial line. Exit code 77: it could not be tried here, and the last line says why.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
MOST_SECONDS = 1500
KEEP = pathlib.Path("/var/cache/carrel-kernel")
DISK_MIB = 2048
# What a desk and its disk need; what these depend on is loaded before them.
MODULES = ["virtio_pci", "virtio_blk", "overlay", "nft_ct", "nft_masq", "nft_chain_nat", "nft_connlimit", "nft_fib_inet", "nft_limit",
           "nft_reject_inet", "nft_log", "nf_conntrack_netlink", "veth", "loop"]
# What the jail and the tests call, with the folder that they look in. Busybox's own shell would prefer its own, lesser
# ip; its cp knows no holes.
HOST_TOOLS = {"dash": "bin", "ip": "bin", "nft": "bin", "tar": "bin", "cp": "bin", "e2fsck": "bin", "dumpe2fs": "bin", "mkfs.ext4": "sbin"}
TOOLS = ["qemu-system-x86_64", "cpio", "dpkg-deb", "apt-get", "modinfo", *HOST_TOOLS]

FIRST_PROCESS = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /disk
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in $(/bin/busybox cat /modules.order); do /bin/busybox insmod /modules/$module.ko || echo "no module $module"; done
/bin/busybox mount -t ext4 /dev/vda /disk
for place in proc sys dev; do /bin/busybox mount --move /$place /disk/$place; done
exec /bin/busybox switch_root /disk /bin/busybox sh /run-tests
"""

RUN_TESTS = """export PATH=/bin
busybox mount -t cgroup2 cgroup2 /sys/fs/cgroup
busybox ip link set lo up
busybox mkdir -p /run/netns
busybox uname -r
/carrel/privileged_tests %s </dev/null 2>&1
echo "exit code $?"
busybox poweroff -f
"""


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def find_kernel(folder):
    """The unpacked kernel package: kept, because packages are large and seldom change."""
    listed = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True)
    found = re.search(r"Depends: (linux-image-6\.1\S*)", listed.stdout)
    if not found:
        skip("apt knows no linux-image-cloud-amd64 of kernel 6.1 (run apt-get update; not on Debian 12?)")
    kept = KEEP / found[1]
    if kept.exists():
        return kept
    fetched = subprocess.run(["apt-get", "download", "-q", found[1]], cwd=folder, capture_output=True, text=True)
    packages = list(folder.glob("*.deb"))
    if fetched.returncode or not packages:
        skip(f"{found[1]} cannot be downloaded: {fetched.stderr.strip()}")
    part = KEEP / f"{found[1]}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "-x", packages[0], part], check=True)
    part.rename(kept)
    return kept


def add_module(kernel, name, order):
    """Adds the module's file after those of all it depends on; what the kernel has built in has no file."""
    files = list(kernel.rglob(re.sub("[-_]", "[-_]", name) + ".ko"))
    if not files or files[0] in order:
        return
    needed = subprocess.run(["modinfo", "-F", "depends", files[0]], capture_output=True, text=True, check=True).stdout
    for other in filter(None, needed.strip().split(",")):
        add_module(kernel, other, order)
    order.append(files[0])


def make_initial_files(folder, kernel):
    root = folder / "initial"
    (root / "bin").mkdir(parents=True)
    (root / "modules").mkdir()
    shutil.copy("/bin/busybox", root / "bin/busybox")
    order = []
    for name in MODULES:
        add_module(kernel, name, order)
    for file in order:
        shutil.copy(file, root / "modules" / file.name)
    (root / "modules.order").write_text(" ".join(file.stem for file in order))
    (root / "init").write_text(FIRST_PROCESS)
    (root / "init").chmod(0o755)
    names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
    archive = folder / "initial.cpio"
    with archive.open("wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, stdout=out, check=True)
    return archive


def libraries_of(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True)
    return set(re.findall(r"(/lib\S+)", listed.stdout))


def make_disk(folder, programs, arguments):
    root = folder / "root"
    for place in ("bin", "sbin", "proc", "sys", "dev", "tmp", "etc", "carrel", "run", "root"):
        (root / place).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    (root / "bin/sh").symlink_to("dash")
    for name in ("cat", "ls", "mount", "kill", "sleep", "sysctl", "grep", "nsenter", "readlink", "unshare", "cut", "du"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    (root / "etc/resolv.conf").write_text("")
    (root / "run-tests").write_text(RUN_TESTS % " ".join(arguments))
    needed = set()
    for tool, place in HOST_TOOLS.items():
        shutil.copy(shutil.which(tool), root / place / tool)
        needed |= libraries_of(root / place / tool)
    for name in ("carrel-jail", "privileged_tests", "privileged_probe"):
        shutil.copy(programs / name, root / "carrel" / name)
        needed |= libraries_of(programs / name)
    for library in needed:
        place = root / library.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)
    disk = folder / "disk.img"
    subprocess.run(["mkfs.ext4", "-q", "-d", root, disk, f"{DISK_MIB}M"], check=True)
    return disk


def boot(kernel, initial, disk):
    image = next((kernel / "boot").glob("vmlinuz-*"))
    # One processor: emulated ones that wait for each other are slower than one.
    command = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-smp", "1", "-nographic", "-no-reboot",
               "-nic", "none", "-kernel", image, "-initrd", initial, "-drive", f"file={disk},format=raw,if=virtio,cache=unsafe",
               "-append", "console=ttyS0 quiet panic=-1 systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=MOST_SECONDS).stdout


def main():
    programs = pathlib.Path(sys.argv[1])
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or not pathlib.Path("/bin/busybox").exists():
        skip(f"missing: {', '.join(missing) or 'busybox-static'} (see tools/packages.txt)")
    with tempfile.TemporaryDirectory(prefix="carrel-vm-") as name:
        folder = pathlib.Path(name)
        kernel = find_kernel(folder)
        try:
            output = boot(kernel, make_initial_files(folder, kernel), make_disk(folder, programs, sys.argv[2:]))
        except subprocess.TimeoutExpired as error:
            print((error.stdout or b"").decode(errors="replace"))
            print(f"the virtual machine took longer than {MOST_SECONDS} s")
            return 1
    print(output.replace("\r", ""))
    code = re.search(r"exit code (\d+)", output)
    return int(code[1]) if code else 1


if __name__ == "__main__":
    sys.exit(main())
