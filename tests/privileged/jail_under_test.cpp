#include "tests/privileged/jail_under_test.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/id.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/process/channel.hpp"

namespace carrel::test {

namespace fs = std::filesystem;
using core::checked;
using core::Fd;

namespace {

const std::string image_hash(64, 'a');

std::string program_folder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

void write_text(const fs::path& path, const std::string& text) { std::ofstream{path} << text; }

/// busybox under the names that the tests use, and a few files with owners.
void make_image(const std::string& data) {
    const auto root = fs::path{data} / "images/tiny" / image_hash / "root";
    for (const char* folder : {"bin", "etc", "home/agent", "proc", "sys", "dev", "run", "tmp", "private"})
        fs::create_directories(root / folder);
    fs::copy_file("/bin/busybox", root / "bin/busybox");
    for (const char* name :
         {"sh",   "cat", "ls",   "id",       "ps",       "echo", "mkdir", "rm",    "touch", "sleep", "stat",
          "head", "dd",  "wc",   "ip",       "hostname", "grep", "mount", "df",    "chmod", "mv",    "env",
          "nc",   "yes", "kill", "readlink", "printf",   "ln",   "true",  "uname", "find",  "seq",   "date"})
        fs::create_symlink("busybox", root / "bin" / name);
    write_text(root / "etc/passwd", "root:x:0:0::/root:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/sh\n");
    write_text(root / "private/secret", "of root\n");
    fs::permissions(root / "private/secret", fs::perms::owner_read);
    write_text(root / "home/agent/note", "from the image\n");
    fs::permissions(root / "home/agent/note", fs::perms::owner_read | fs::perms::owner_write);
    for (const char* path : {"home/agent", "home/agent/note"})
        checked("chown", ::chown((root / path).c_str(), 1000, 1000));
}

/// Makes the kernel look older, for this process and all it starts.
void refuse_newer_calls() {
    const auto filter = ::seccomp_init(SCMP_ACT_ALLOW);
    constexpr unsigned set_descriptor = 5;  // FSCONFIG_SET_FD
    const scmp_arg_cmp is_descriptor{1, SCMP_CMP_EQ, set_descriptor, 0};
    ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(fsconfig), 1, &is_descriptor);
    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    // As root no "no new privileges" is needed, and desks must not depend on it being set.
    ::seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    if (::seccomp_load(filter) < 0) ::_exit(126);
}

/// As in a container that has no loop devices.
void refuse_loops() {
    const auto filter = ::seccomp_init(SCMP_ACT_ALLOW);
    const scmp_arg_cmp asks_for_one{1, SCMP_CMP_EQ, LOOP_CTL_GET_FREE, 0};
    ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENODEV), SCMP_SYS(ioctl), 1, &asks_for_one);
    ::seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    if (::seccomp_load(filter) < 0) ::_exit(126);
}

}  // namespace

JailUnderTest::JailUnderTest(Kernel kernel, std::vector<std::string> options)
    : kernel_{kernel}, options_{std::move(options)} {
    REQUIRE_MESSAGE(::geteuid() == 0, "these tests need root");
    // Of a desk or jail that has ended, a test shall say so and not end itself without a word.
    ::signal(SIGPIPE, SIG_IGN);
    data_ = "/tmp/carrel-test-" + core::random_hex(8);
    // Far from the default, where another server's desks may live.
    uid_base_ = 1'500'000'000 + static_cast<std::uint32_t>(::getpid() % 100) * 2'000'000;
    fs::create_directories(data_);
    make_image(data_);
    launch();
}

JailUnderTest::~JailUnderTest() {
    if (!socket_) restart();
    for (const auto& id : started_) {
        try {
            ask(jail::wire::Stop{id});
        } catch (const core::Error&) {
        }
    }
    end();
    // The jail's cleaner may still be at work in there.
    eventually([&] {
        std::error_code error;
        fs::remove_all(data_, error);
        return !error && !fs::exists(data_);
    });
}

void JailUnderTest::launch() {
    int ends[2];
    checked("socketpair", ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
    socket_ = Fd{ends[0]};
    Fd theirs{ends[1]};
    const auto folder = program_folder();
    const auto uid_base = std::to_string(uid_base_);
    pid_ = checked("fork", ::fork());
    if (pid_ > 0) return;
    ::fcntl(theirs.get(), F_SETFD, 0);
    const auto number = std::to_string(theirs.get());
    if (kernel_ == Kernel::debian_12) refuse_newer_calls();
    if (kernel_ == Kernel::without_loops) refuse_loops();
    std::vector<std::string> words{"carrel-jail",   "serve",
                                   "--socket",      number,
                                   "--data",        data_,
                                   "--uid-base",    uid_base,
                                   "--carrel-uid",  "65534",
                                   "--carrel-gid",  "65534",
                                   "--desk-binary", folder + "/privileged_probe"};
    std::ranges::copy(options_, std::back_inserter(words));
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv((folder + "/carrel-jail").c_str(), arguments.data());
    ::_exit(127);
}

jail::wire::Spec JailUnderTest::spec() {
    return {.id = core::make_id("desk_"),
            .slot = next_slot_++,
            .image = "tiny",
            .image_hash = image_hash,
            .nonce = core::random_hex(32),
            .width = 1024,
            .height = 768,
            .network = jail::wire::Network::none,
            .limits = {.memory = 128 << 20, .cpu = 100, .processes = 64}};
}

std::uint64_t JailUnderTest::send(jail::wire::What what) {
    const auto number = next_number_++;
    jail::process::send_packet(socket_.get(), jail::wire::format_request({number, std::move(what)}));
    return number;
}

Reply JailUnderTest::receive() {
    if (!is_readable(socket_, patience)) throw core::Error{core::Code::timeout, "the jail does not answer"};
    std::vector<char> buffer(jail::wire::longest_answer);
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(jail::wire::most_descriptors_in_answer * sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto count = checked("receive", ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC));
    if (count == 0) throw core::Error{core::Code::unavailable, "the jail has ended"};
    Reply reply{
        core::value_or_throw(jail::wire::parse_answer({buffer.data(), static_cast<std::size_t>(count)})),
        {},
        {},
        {},
        {},
        {}};
    if (const auto* header = CMSG_FIRSTHDR(&message)) {
        int descriptors[jail::wire::most_descriptors_in_answer]{-1, -1, -1, -1, -1};
        std::memcpy(descriptors, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
        const int* next = descriptors;
        reply.process = Fd{*next++};
        for (const auto& [field, place] :
             {std::pair{"memory_watch", &Reply::memory}, std::pair{"process_watch", &Reply::processes},
              std::pair{"disk_watch", &Reply::disk}, std::pair{"workspace_watch", &Reply::workspace}})
            if (reply.answer.find(field).value_or("none") != "none") reply.*place = Fd{*next++};
    }
    return reply;
}

Reply JailUnderTest::ask(jail::wire::What what) {
    const auto number = send(std::move(what));
    auto reply = receive();
    CHECK(reply.answer.number == number);
    return reply;
}

Reply JailUnderTest::ask_text(const std::string& text) {
    jail::process::send_packet(socket_.get(), text);
    return receive();
}

Reply JailUnderTest::start(const jail::wire::Spec& spec) {
    started_.push_back(spec.id);
    auto reply = ask(jail::wire::Start{spec});
    REQUIRE_MESSAGE(!reply.answer.error, reply.answer.error->message());
    return reply;
}

void JailUnderTest::stop(const std::string& id) {
    const auto reply = ask(jail::wire::Stop{id});
    REQUIRE_MESSAGE(!reply.answer.error, reply.answer.error->message());
    std::erase(started_, id);
}

void JailUnderTest::restart() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    launch();
}

Fd JailUnderTest::restart_for_driver() {
    restart();
    return std::move(socket_);
}

int JailUnderTest::end() {
    socket_.reset();
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Fd JailUnderTest::connect(const std::string& id) {
    Fd socket{checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    (data_ + "/endpoints/" + id).copy(address.sun_path, sizeof address.sun_path - 1);
    checked("connect", ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    return socket;
}

std::string JailUnderTest::run(const std::string& id, const std::string& line) {
    const auto socket = connect(id);
    const auto text = line + "\n";
    // A desk that may have no more processes closes the connection, at once or after it was asked.
    if (::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0 && errno == EPIPE) return "";
    std::string answer;
    char buffer[4096];
    while (is_readable(socket, patience)) {
        const auto count = ::read(socket.get(), buffer, sizeof buffer);
        if (count <= 0) return answer;
        answer.append(buffer, static_cast<std::size_t>(count));
    }
    throw core::Error{core::Code::timeout, "the desk does not answer: " + line};
}

std::string JailUnderTest::fill_memory(const std::string& id, int megabytes) {
    // The kernel kills what is most expendable: else it may be the desk's first process, for all are small.
    // Who frees the memory is a shell that runs already: a new process would be the next to meet the limit.
    return shell(id, fmt::format("exec 2>/dev/null; (echo 1000 >/proc/self/oom_score_adj; exec dd "
                                 "if=/dev/zero of=/dev/shm/big bs=1M count={}); code=$?; "
                                 "[ $code = 0 ] || : >/dev/shm/big; echo $code",
                                 megabytes));
}

Held JailUnderTest::hold(const std::string& id, const std::string& what) {
    auto socket = connect(id);
    core::write_all(socket.get(), "hold " + what + "\n");
    if (!is_readable(socket, patience))
        throw core::Error{core::Code::timeout, "the desk does not hold " + what};
    char buffer[64];
    const auto count = checked("read what is held", ::read(socket.get(), buffer, sizeof buffer));
    if (count == 0) return {0, "killed", std::move(socket)};
    const auto words = core::split(core::trim({buffer, static_cast<std::size_t>(count)}), ' ');
    return {core::parse_unsigned(words.at(0)).value_or(0), std::string{words.at(1)}, std::move(socket)};
}

unsigned long long limited_to(int resource, unsigned long long wanted) {
    rlimit limit;
    checked("getrlimit", ::getrlimit(static_cast<__rlimit_resource>(resource), &limit));
    return std::min<unsigned long long>(wanted, limit.rlim_max);
}

bool is_readable(const Fd& fd, std::chrono::milliseconds limit) {
    pollfd waiting{fd.get(), POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(limit.count())) > 0;
}

bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

}  // namespace carrel::test
