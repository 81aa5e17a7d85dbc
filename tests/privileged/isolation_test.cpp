#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;

namespace {

struct Case {
    std::string given;
    std::string expected;
};

/// The value of "Name:\tvalue" in /proc/…/status.
std::string status_value(const std::string& text, std::string_view name) {
    for (const auto line : core::split(text, '\n'))
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':')
            return std::string{core::trim(line.substr(name.size() + 1))};
    return "?";
}

}  // namespace

TEST_CASE("A desk starts, runs its program as the agent and answers at its endpoint") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    CHECK(desk.process);
    CHECK(desk.answer.find("nonce") == spec.nonce);
    const std::vector<Case> cases{
        {"id -u; id -g; id -G", "1000\n1000\n1000\n"},
        {"hostname; cat /etc/hostname; cat /etc/machine-id",
         fmt::format("{0}\n{0}\n{1}00000000000000000000\n", spec.id, spec.id.substr(5))},
        {"echo $CARREL_DESK_ID $CARREL_NONCE $CARREL_WIDTH $CARREL_HEIGHT $CARREL_NETWORK",
         fmt::format("{} {} 1024 768 none\n", spec.id, spec.nonce)},
        {"echo $HOME $USER $LANG $XDG_RUNTIME_DIR", "/home/agent agent C.UTF-8 /run/user/1000\n"},
        {"for n in 0 1 2; do readlink /proc/1/fd/$n; done", "/dev/null\n/dev/null\n/dev/null\n"},
        // The log, which carrel-desk init maps and closes. The probe lets go of its connection after it has
        // forked.
        {"for i in 1 2 3 4 5 6 7 8 9; do n=$(ls /proc/1/fd | wc -l); [ $n = 5 ] && break; sleep 1; done; "
         "echo $n",
         "5\n"},
        {"stat -c '%a %u' /run/user/1000 /tmp/.X11-unix /tmp /dev/shm", "700 1000\n1777 0\n1777 0\n1777 0\n"},
        // Its groups are the top of what it sees.
        {"grep -v ':/$' /proc/self/cgroup | grep carrel | wc -l", "0\n"},
    };
    for (const auto& [command, expected] : cases) {
        CAPTURE(command);
        CHECK(jail.shell(spec.id, command) == expected + "status 0\n");
    }
}

TEST_CASE("The agent can change what is its own, on disk under the image's ids, and nothing else") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    CHECK(jail.shell(spec.id,
                     "cd /home/agent && cat note && echo more >> note && chmod 640 note && mv note memo && "
                     "mkdir -p a/b && touch a/b/c && stat -c '%u:%g %a' memo a/b/c && ls") ==
          "from the image\n1000:1000 640\n1000:1000 644\na\nmemo\nstatus 0\n");
    const auto upper = jail.data() + "/desks/" + spec.id + "/upper/home/agent/";
    for (const char* name : {"memo", "a", "a/b/c"}) {
        struct stat status;
        REQUIRE(::lstat((upper + name).c_str(), &status) == 0);
        CHECK(status.st_uid == 1000);
    }
    CHECK(core::read_file(upper + "memo") == "from the image\nmore\n");
    for (const char* command :
         {"cat /private/secret", "touch /bin/new", "touch /etc/passwd", "rm /bin/sh", "mkdir /new",
          "chmod 777 /etc", "echo x > /proc/sys/kernel/hostname", "echo x > /sys/kernel/uevent_helper",
          "touch /sys/x", "echo 1000 > /proc/sys/user/max_mnt_namespaces"}) {
        CAPTURE(command);
        CHECK(jail.shell(spec.id, command).find("status 1\n") != std::string::npos);
    }
}

TEST_CASE("No process of a desk has a capability, nor a way to one") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    for (const char* process : {"1", "self"}) {
        const auto text = jail.shell(spec.id, fmt::format("cat /proc/{}/status", process));
        for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
            CAPTURE(set);
            CHECK(status_value(text, set) == "0000000000000000");
        }
        CHECK(status_value(text, "NoNewPrivs") == "1");
        CHECK(status_value(text, "Seccomp") == "2");
        CHECK(status_value(text, "Uid") == "1000\t1000\t1000\t1000");
        CHECK(status_value(text, "Groups") == "1000");
    }
    CHECK(jail.call(spec.id, "setuid") == "EPERM\nstatus 0\n");
    CHECK(jail.shell(spec.id, "cat /proc/self/uid_map").find(" 65536\n") != std::string::npos);
}

TEST_CASE("System calls that a desktop never needs are refused, and those of Chromium's sandbox are not") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    const std::vector<Case> cases{
        {"mount", "EPERM"},
        {"umount", "EPERM"},
        {"fsopen", "EPERM"},
        {"open_tree", "EPERM"},
        {"open_tree_attr", "EPERM"},
        {"pivot_root", "EPERM"},
        {"setns", "EPERM"},
        {"ptrace", "EPERM"},
        {"bpf", "EPERM"},
        {"keyctl", "EPERM"},
        {"io_uring", "EPERM"},
        {"userfaultfd", "EPERM"},
        {"perf", "EPERM"},
        {"kexec", "EPERM"},
        {"module", "EPERM"},
        {"reboot", "EPERM"},
        {"settime", "EPERM"},
        {"clone3", "ENOSYS"},
        {"mknod", "EPERM"},
        {"tiocsti", "EPERM"},
        {"packet", "EAFNOSUPPORT"},
        {"vsock", "EAFNOSUPPORT"},
        {"nfnetlink", "EPROTONOSUPPORT"},
        {"unshare mount", "EPERM"},
        {"mknod in sandbox", "EPERM"},
        {"rtnetlink in sandbox", "EPERM"},
        {"uevents in sandbox", "EPERM"},
        {"rtnetlink", "ok"},
        {"inet", "ok"},
        {"unshare sandbox", "ok"},
        {"chroot in sandbox", "ok"},
    };
    for (const auto& [name, expected] : cases) {
        CAPTURE(name);
        CHECK(jail.call(spec.id, name) == expected + "\nstatus 0\n");
    }
}

TEST_CASE("A desk has so many netlink sockets and no more, and gets new ones for those it closes") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    // Each time all that were open are closed, with the process that had them.
    for (int round = 0; round < 3; ++round) {
        CHECK(jail.run(spec.id, "netlink 100") == "100\nstatus 0\n");
        CHECK(jail.run(spec.id, "netlink 1000") == "128 EMFILE\nstatus 0\n");
    }
    CHECK(jail.call(spec.id, "rtnetlink") == "ok\nstatus 0\n");
}

TEST_CASE("A desk has a keyring of its own, and nobody may read the program it runs") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    // By owner, used and counted keys of each: the keyring is a key.
    const auto owner = fmt::format("\n{:>5}: ", desk.answer.get_number("uid_base") + 1000);
    CHECK(("\n" + core::read_file("/proc/key-users")).find(owner) != std::string::npos);
    struct stat status;
    const auto program = fmt::format("/proc/{}/exe", desk.answer.get_number("pid"));
    REQUIRE(::stat(program.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0111);
}

TEST_CASE("A desk sees only its own processes, files and network") {
    JailUnderTest jail;
    const auto one = jail.spec();
    const auto two = jail.spec();
    jail.start(one);
    jail.start(two);
    // A process, a file and an abstract socket of the one…
    CHECK(jail.shell(one.id,
                     "sleep 1000 >/dev/null 2>&1 & echo secret > /tmp/secret; echo secret > /dev/shm/s; "
                     "nc -l -p 7777 >/dev/null 2>&1 & true") == "status 0\n");
    // …are not there for the other.
    CHECK(jail.shell(two.id, "ps | grep -c '[s]leep'") == "0\nstatus 1\n");
    CHECK(jail.shell(two.id, "ls /tmp /dev/shm | grep secret; echo $(ls -A /tmp)") ==
          ".ICE-unix .X11-unix\nstatus 0\n");
    CHECK(jail.shell(two.id, "cat /proc/net/dev | grep -c :") == "1\nstatus 0\n");
    CHECK(jail.shell(two.id, "ip -o addr | wc -l").find("status 0") != std::string::npos);
    CHECK(jail.shell(two.id, "nc 127.0.0.1 7777 </dev/null").find("status 1") != std::string::npos);
    CHECK(jail.shell(two.id, "nc -w 1 10.0.0.1 80 </dev/null").find("status 1") != std::string::npos);
    // What is the host's is nowhere: its files, its mounts, its devices.
    CHECK(jail.shell(two.id, "ls " + jail.data()).find("status 1") != std::string::npos);
    CHECK(jail.shell(
              two.id,
              "grep -vE ' - (overlay|tmpfs|devtmpfs|devpts|proc|sysfs) ' /proc/self/mountinfo | wc -l") ==
          "0\nstatus 0\n");
    CHECK(jail.shell(two.id, "echo $(ls /dev)") ==
          "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero\nstatus 0\n");
    CHECK(jail.shell(two.id, "echo $(ls /)") == "bin dev etc home private proc run sys tmp\nstatus 0\n");
}

TEST_CASE("The range of ids is the slot's, and the endpoint's peer is the desk itself") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    const auto base = desk.answer.get_number("uid_base");
    const auto pid = desk.answer.get_number("pid");
    struct stat status;
    REQUIRE(::stat(fmt::format("/proc/{}", pid).c_str(), &status) == 0);
    CHECK(status.st_uid == base + 1000);
    const auto socket = jail.connect(spec.id);
    ucred peer{};
    socklen_t size = sizeof peer;
    REQUIRE(::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0);
    CHECK(peer.uid == base + 1000);
    CHECK(std::uint64_t(peer.pid) == pid);
    REQUIRE(::stat((jail.data() + "/endpoints/" + spec.id).c_str(), &status) == 0);
    CHECK(status.st_uid == 65534);
    CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("The parts of the data directory belong to whom they must") {
    JailUnderTest jail;
    jail.ask(jail::wire::List{});
    struct Part {
        const char* name;
        unsigned mode;
        uid_t user;
        gid_t group;
    };
    for (const auto& [name, mode, user, group] :
         {Part{"", 0755, 0, 0}, Part{"images", 0750, 0, 65534}, Part{"desks", 0700, 0, 0},
          Part{"endpoints", 0710, 0, 65534}, Part{"logs", 0770, 0, 65534}, Part{"bin", 0700, 0, 0},
          Part{"trash", 0700, 0, 0}}) {
        CAPTURE(name);
        struct stat status;
        REQUIRE(::stat((jail.data() + "/" + name).c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == mode);
        CHECK(status.st_uid == user);
        CHECK(status.st_gid == group);
    }
}
