#include "desk/init/init.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fd.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"
#include "desk/init/given.hpp"
#include "desk/init/link.hpp"
#include "desk/init/log_memory.hpp"
#include "desk/init/netlink.hpp"
#include "desk/init/part.hpp"
#include "desk/init/parts.hpp"
#include "desk/init/voice.hpp"

namespace carrel::desk::init {

namespace {

using core::checked;
using core::Fd;
using core::Speaker;

constexpr auto display_folder = "/tmp/.X11-unix";
constexpr auto display_socket = "/tmp/.X11-unix/X1";
/// After fork failed, most likely by a fork bomb at the desk's limit of processes. Nothing tells when
/// there is room again, so it is tried again; only then, and for a part that rests, does init
/// wake by itself.
constexpr int retry_ms = 200;

class Init {
public:
    explicit Init(LogMemory& log) : log_{log}, runtime_{runtime_folder()} {}
    ~Init() {
        for (const auto* part : parts())
            if (part->pid != 0) ::kill(part->pid, SIGKILL);
    }
    Init(const Init&) = delete;
    Init& operator=(const Init&) = delete;

    InitEnd run() {
        prepare();
        display_.is_wanted = window_manager_.is_wanted = has_display();
        tool_server_.is_wanted = true;
        while (true) {
            if (const auto failure = start_what_is_wanted()) return *failure;
            if (!wait_for_news()) return InitEnd::stopped;
        }
    }

private:
    void prepare();
    std::optional<InitEnd> start_what_is_wanted();
    int patience_ms();
    bool start(Part& part);
    [[noreturn]] void become(Part& part);
    bool wait_for_news();
    bool read_signals();
    void reap();
    void note_end(Part& part, int status);
    void say_end(const Part& part, int status);
    void read_link();
    void take_environment(std::string_view lines);
    bool is_renewing();
    void tell_of_bus(const Part& started);
    void tell(Word word, std::string_view more = {});
    void end_programs();
    void end_who_is_no_part();

    std::array<Part*, most_parts> parts() {
        return {&display_, &window_manager_, &tool_server_, &panel_, &bus_};
    }

    template <class... Arguments>
    void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        log_.add(Speaker::init, fmt::format(format, std::forward<Arguments>(arguments)...));
    }
    Voice& voice(Speaker speaker) { return *voices_.at(std::to_underlying(speaker) - 1); }
    int output_of(const Part& part) { return voice(part.speaker).writer(); }

    LogMemory& log_;
    std::string runtime_;
    Part display_{Speaker::display, InitEnd::display_failed};
    Part window_manager_{Speaker::window_manager, InitEnd::window_manager_failed};
    Part tool_server_{Speaker::tool_server, InitEnd::tool_server_failed};
    Part panel_{Speaker::panel, {}};
    Part bus_{Speaker::message_bus, {}};
    std::array<std::unique_ptr<Voice>, core::speaker_count - 1> voices_;  ///< of all but init itself
    bool must_retry_ = false;
    NetlinkGuard netlink_;
    Fd program_;  ///< our own executable, which has no path in a desk
    Fd signals_;
    Fd display_listener_;
    Fd bus_listener_;  ///< the bus starts when somebody first connects
    Fd link_;          ///< to the tool server
    Fd far_link_;      ///< its end, while it is being started
};

void Init::prepare() {
    program_ = core::open_file("/proc/self/exe", O_PATH);
    checked("the endpoint's socket (fd 3)", ::fcntl(endpoint_fd, F_SETFD, FD_CLOEXEC));
    // Programs of the desk run as the same user: they shall not look into PID 1 (the nonce, the endpoint).
    checked("prctl PR_SET_DUMPABLE", ::prctl(PR_SET_DUMPABLE, 0));
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT}) ::sigaddset(&set, number);
    checked("sigprocmask", ::sigprocmask(SIG_BLOCK, &set, nullptr));
    ::signal(SIGPIPE, SIG_IGN);
    for (std::size_t i = 0; i < voices_.size(); ++i)
        voices_[i] = std::make_unique<Voice>([this, speaker = static_cast<Speaker>(i + 1)](
                                                 std::string_view line) { log_.add(speaker, line); });
    signals_ = Fd{checked("signalfd", ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK))};
    if (has_display()) {
        ::setenv("DISPLAY", ":1", 1);
        ::mkdir(display_folder, 01777);
    }
    ::mkdir(runtime_.c_str(), 0700);
    bus_listener_ = listen_at(runtime_ + "/bus");
    ::setenv("DBUS_SESSION_BUS_ADDRESS", ("unix:path=" + runtime_ + "/bus").c_str(), 1);
}

/// The end, when a part that is needed cannot be kept alive.
std::optional<InitEnd> Init::start_what_is_wanted() {
    must_retry_ = false;
    const auto now = std::chrono::steady_clock::now();
    const bool is_renewal = is_renewing();
    for (auto* part : parts()) {
        if (is_renewal && part != &display_ && part != &tool_server_) continue;
        // A bus that rests has no listener: who wants it is refused at once, and does not wait.
        if (part->has_rested(now) && part == &bus_) bus_listener_ = listen_at(runtime_ + "/bus");
        if (!part->is_wanted || part->pid != 0 || part->rests_until) continue;
        if (part->may_start(now)) {
            must_retry_ |= !start(*part);
            continue;
        }
        say("the {} ended {} times within a minute and is {}", name_of(part->speaker), most_starts,
            part->failure ? "not started again" : "left alone for a minute");
        if (part->failure) return part->failure;
        part->rest(now);
        if (part != &bus_) continue;
        bus_.is_wanted = false;
        bus_listener_.reset();
    }
    return std::nullopt;
}

/// Until a part has rested, or what could not be started shall be tried again; -1 when nothing but news is
/// waited for.
int Init::patience_ms() {
    std::optional<Part::Time> next;
    for (const auto* part : parts())
        if (part->rests_until && (!next || *part->rests_until < *next)) next = part->rests_until;
    if (!next) return must_retry_ ? retry_ms : -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - std::chrono::steady_clock::now());
    const auto rest = static_cast<int>(std::max(left, std::chrono::milliseconds{0}).count());
    return must_retry_ ? std::min(rest, retry_ms) : rest;
}

/// False when fork failed: to be tried again.
bool Init::start(Part& part) {
    if (&part == &display_ && (!display_listener_ || ::access(display_socket, F_OK) != 0))
        display_listener_ = listen_at(display_socket);
    if (&part == &tool_server_) {
        int ends[2];
        checked("socketpair", ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends));
        link_ = Fd{ends[0]};
        far_link_ = Fd{ends[1]};
    }
    const pid_t child = ::fork();
    if (child == 0) become(part);
    far_link_.reset();
    if (child < 0) {
        part.starts.pop_back();
        return false;
    }
    part.pid = child;
    say("the {} was started{} as process {}", name_of(part.speaker), part.has_run ? " again" : "", child);
    tell_of_bus(part);
    if (std::exchange(part.has_run, true)) {
        if (&part == &display_) tell(Word::display_restarted);
        if (&part == &window_manager_) tell(Word::window_manager_restarted);
        if (&part == &tool_server_) tell(Word::tool_server_restarted);
    }
    return true;
}

/// In the child: never returns.
void Init::become(Part& part) {
    const int output = output_of(part);
    if (&part == &tool_server_)
        become_tool_server(
            {program_.get(), far_link_.get(), voice(Speaker::browser).writer(), output, part.has_run});
    if (&part == &display_) become_display(display_listener_.get(), output);
    if (&part == &window_manager_) become_plain({"openbox"}, output);
    if (&part == &panel_) become_plain({"tint2"}, output);
    become_bus(bus_listener_.get(), output);
}

/// False when the desk shall end.
bool Init::wait_for_news() {
    std::array<pollfd, 4 + core::speaker_count - 1> waits{
        pollfd{signals_.get(), POLLIN, 0}, pollfd{link_.get(), POLLIN, 0},
        pollfd{bus_.is_wanted ? -1 : bus_listener_.get(), POLLIN, 0}, pollfd{netlink_.fd(), POLLIN, 0}};
    for (std::size_t i = 0; i < voices_.size(); ++i) waits[4 + i] = {voices_[i]->reader(), POLLIN, 0};
    const int count = ::poll(waits.data(), waits.size(), patience_ms());
    if (count < 0 && errno != EINTR) checked("poll", count);
    if (count <= 0) return true;
    if (waits[1].revents) read_link();
    if (waits[2].revents) bus_.is_wanted = true;
    if (waits[3].revents) netlink_.answer();
    for (std::size_t i = 0; i < voices_.size(); ++i)
        if (waits[4 + i].revents) voices_[i]->listen();
    return !waits[0].revents || read_signals();
}

/// False when told to stop. Programs inside a desk cannot stop it: whoever may do that is outside of
/// its process namespace, and has no pid here.
bool Init::read_signals() {
    signalfd_siginfo signal{};
    while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal)
        if (signal.ssi_signo != SIGCHLD && (signal.ssi_pid == 0 || ::getpid() != 1)) return false;
    reap();
    return true;
}

void Init::reap() {
    int status = 0;
    for (pid_t child = ::waitpid(-1, &status, WNOHANG); child > 0; child = ::waitpid(-1, &status, WNOHANG))
        for (auto* part : parts())
            if (part->pid == child) note_end(*part, status);
}

void Init::say_end(const Part& part, int status) {
    voice(part.speaker).finish();
    if (part.is_renewed)
        say("the {} was ended, to start with them", name_of(part.speaker));
    else if (WIFSIGNALED(status))
        say("the {} was killed by signal {} ({})", name_of(part.speaker), WTERMSIG(status),
            ::strsignal(WTERMSIG(status)));
    else
        say("the {} ended with status {}", name_of(part.speaker), WEXITSTATUS(status));
}

void Init::note_end(Part& part, int status) {
    const bool is_renewal = part.is_renewed;
    say_end(part, status);
    if (is_renewal) part.forget_starts();
    part.pid = 0;
    if (&part == &tool_server_) link_.reset();
    // The bus and the panel start again when they are needed: on a connection, and when the window
    // manager is ready for windows again.
    if (&part == &bus_) bus_.is_wanted = false;
    if (&part == &display_ || &part == &window_manager_) panel_.is_wanted = false;
    if (is_renewal && !is_renewing()) tell(Word::environment_given);
    if (&part != &display_) return;
    // With its display the window manager ends too: that is one fact, not two, and no failure of its own.
    window_manager_.has_run = false;
    window_manager_.starts.clear();
}

/// The tool server takes notifications from it: one that starts later hears of a bus that runs.
void Init::tell_of_bus(const Part& started) {
    const bool is_news = &started == &bus_ || &started == &tool_server_;
    if (is_news && bus_.pid != 0) tell(Word::message_bus_started);
}

void Init::read_link() {
    const auto size = ::recv(link_.get(), nullptr, 0, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC);
    std::string message(size > 0 ? static_cast<std::size_t>(size) : 1, '\0');
    const auto count = ::recv(link_.get(), message.data(), message.size(), MSG_DONTWAIT);
    if (count == 0) link_.reset();
    if (count <= 0) return;
    const auto word = static_cast<Word>(message.front());
    if (word == Word::window_manager_ready) panel_.is_wanted = true;
    if (word == Word::end_programs) end_programs();
    if (word == Word::keep_lines) take_lines(std::string_view{message}.substr(1));
    if (word == Word::give_environment) take_environment(std::string_view{message}.substr(1));
}

/// Nothing is open yet that could be lost. Killed: none of them can keep its end from coming, and a window
/// manager that ends by itself would take its time.
void Init::take_environment(std::string_view lines) {
    const auto count = take_lines(lines);
    say("{} lines were added to the environment of programs", count);
    panel_.is_wanted = false;
    for (auto* part : {&window_manager_, &panel_, &bus_}) {
        if (part->pid == 0) continue;
        part->is_renewed = true;
        ::kill(part->pid, SIGKILL);
    }
    if (!is_renewing()) tell(Word::environment_given);
}

/// Some still have to end, before the first of them starts again.
bool Init::is_renewing() {
    return std::ranges::any_of(parts(), [](const Part* part) { return part->is_renewed; });
}

void Init::tell(Word word, std::string_view more) {
    auto message = std::string(1, static_cast<char>(word)).append(more);
    // A tool server that does not read its notices misses them; nothing here may wait for it.
    if (link_) ::send(link_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/// However fast they multiply: who is stopped starts nobody. kill(2) of -1 reaches everybody at once, also
/// who is just being made. Such a one may be overlooked at first; when its parent has been killed it is
/// there to be seen, or will never be (copy_process of the kernel), so the second look is the last.
void Init::end_programs() {
    if (::getpid() != 1) return;  // not in a desk: everybody would be who knows who
    ::kill(-1, SIGSTOP);
    end_who_is_no_part();
    end_who_is_no_part();
    std::string kept;
    for (const auto* part : parts()) {
        if (part->pid == 0) continue;
        ::kill(part->pid, SIGCONT);
        kept.append(reinterpret_cast<const char*>(&part->pid), sizeof part->pid);
    }
    tell(Word::programs_ended, kept);
}

void Init::end_who_is_no_part() {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir("/proc"), ::closedir};
    while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
        const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
        const bool is_part = std::ranges::any_of(parts(), [&](const Part* part) { return part->pid == pid; });
        if (pid > 1 && !is_part) ::kill(pid, SIGKILL);
    }
}

}  // namespace

int run_init() {
    core::open_log("carrel-desk init", core::Level::info);
    // First of all, while no program of the desk runs that could get hold of the file.
    LogMemory log{Fd{log_fd}};
    try {
        return static_cast<int>(Init{log}.run());
    } catch (const std::exception& failure) {
        log.add(Speaker::init, failure.what());
        return static_cast<int>(InitEnd::failed);
    }
}

}  // namespace carrel::desk::init
