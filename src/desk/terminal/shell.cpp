#include "desk/terminal/shell.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "core/id.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/processes/child_end.hpp"
#include "desk/processes/tree.hpp"
#include "desk/terminal/prompt.hpp"

namespace carrel::desk::terminal {

using boost::asio::posix::stream_descriptor;
using core::checked;

namespace {

/// More pipes of background jobs than this are not followed apart: they would cost descriptors.
constexpr std::size_t late_pipes_limit = 128;
constexpr auto hang_up_limit = std::chrono::milliseconds{300};
/// What programs print on the terminal itself is read this often at most.
constexpr auto terminal_pause = std::chrono::milliseconds{20};
constexpr auto closed_terminal_pause = std::chrono::milliseconds{500};
constexpr std::size_t printed_limit = 4096;  // bytes

/// Typed once. No prompts, history or mail; a failing `exec` keeps the shell. begin and end carry the
/// exit status of the last command over, so that `echo $?` means what it says. A report begins with a line
/// end: what a command has written into the pipe is none of it.
///
/// After a text that ends within "$(", bash 5.2 goes on with parts of its parser's state as they were
/// there, and writes before its line buffer some lines later. Only an interrupt makes it forget them, so
/// after a status of 2, which is a syntax error's, it interrupts itself. Not if an INT trap would hear it.
///
/// __carrel_begun is set by the last redirection, which does nothing but expand it: what comes so far has
/// opened all of its pipes. A shell that can open no more files does not, and says so to nobody.
constexpr std::string_view preparation = R"(PS1= PS2= PS4='+ '
export -n PS1
unset HISTFILE MAIL MAILCHECK TMOUT
set +o history +H
shopt -s execfail
__carrel_begin() {{ __carrel_token=$1; __carrel_begun=; return $__carrel_status; }}
__carrel_end() {{ local __carrel_last=$?; [[ $__carrel_token ]] || return 0; __carrel_status=$__carrel_last; printf '\n%s %d %d\n' "$__carrel_token" "$__carrel_last" "${{__carrel_begun:+1}}" >{0}/report; __carrel_token=; [[ $__carrel_last == 2 && ! $(trap -p INT) ]] && kill -INT $$; return 0; }}
PROMPT_COMMAND=__carrel_end __carrel_status=0
)";
constexpr std::string_view run_line =
    "__carrel_begin {1}; \\. {0}/command >{0}/output 2>{0}/errors <{2} <&\"${{__carrel_begun:=0}}\"; "
    "__carrel_end\n";
constexpr std::string_view probe_line = "__carrel_end; __carrel_begin {0}; __carrel_end\n";

std::string shell_word(std::string_view text) {
    std::string result = "'";
    for (const char c : text) result += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
    return result + "'";
}

/// Kills the members of a shell's own group, but not the shell: its command substitutions.
void kill_group_except_leader(pid_t leader) {
    for (const auto& each : processes::read_facts())
        if (each.group == leader && each.pid != leader) ::kill(each.pid, SIGKILL);
}

}  // namespace

PrivateFolder::PrivateFolder(const std::string& parent) : path_{parent + "/terminal-XXXXXX"} {
    if (!::mkdtemp(path_.data())) throw core::system_error("make a directory in " + parent, errno);
}

PrivateFolder::~PrivateFolder() {
    for (const auto* name : {"/command", "/output", "/errors", "/report", "/input"})
        ::unlink((path_ + name).c_str());
    ::rmdir(path_.c_str());
}

void PrivateFolder::ensure() const {
    if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST)
        throw core::system_error("make " + path_, errno);
}

Shell::Shell(async::Executor executor, const TerminalSettings& settings, async::Gate& changed,
             LateOutput& late)
    : executor_{executor},
      changed_{changed},
      late_{late},
      folder_{settings.folder},
      terminal_{executor},
      handle_{executor},
      scope_{executor} {
    ensure_pipes();
    process_ = spawn_shell(settings.bash, settings.home);
    terminal_.assign(process_.terminal.release());
    handle_.assign(process_.handle.release());
    first_limits_ = read_limits(process_.process);
    scope_.start("waiting for the shell's end", await_exit());
    scope_.start("reading the shell's terminal", follow_terminal());
    type(fmt::format(preparation, shell_word(folder_.path())));
}

Shell::~Shell() {
    if (!exit_code_ && process_.process > 0) ::kill(process_.process, SIGKILL);
}

void Shell::start_command(std::string_view command, Take take, bool has_input) {
    ensure_pipes();
    write_command(command);
    // A new one each time: who of an earlier command still has that one open shall not take from it.
    ::unlink(path_of("input").c_str());
    if (has_input) checked("make a pipe", ::mkfifo(path_of("input").c_str(), 0600));
    auto token = core::random_hex(16);
    const auto input = has_input ? shell_word(folder_.path()) + "/input" : std::string{"/dev/null"};
    read_terminal();
    printed_.clear();
    // What was typed for an earlier command and not read by it, a password perhaps, is not for this one.
    if (const auto slave = open_slave()) ::tcflush(slave.get(), TCIFLUSH);
    type(fmt::format(run_line, shell_word(folder_.path()), token, input));
    token_ = std::move(token);
    status_.reset();
    probed_status_.reset();
    has_begun_ = true;
    take_ = std::move(take);
}

core::Fd Shell::open_input() const {
    // Refused (ENXIO) until the shell has opened its own side.
    return core::Fd{::open(path_of("input").c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
}

void Shell::write_command(std::string_view command) {
    const auto path = path_of("command");
    const auto file = core::open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
    // Not cut to nothing first: the page that a short command needs stays allocated, so that a full disk
    // can still be cleaned up from here.
    core::write_all(file.get(), command);
    core::write_all(file.get(), "\n");
    checked("cut " + path, ::ftruncate(file.get(), static_cast<off_t>(command.size() + 1)));
}

void Shell::ensure_pipes() {
    // Somebody may have emptied the directory that ours is in.
    folder_.ensure();
    for (const auto kind : {OutputKind::standard_output, OutputKind::standard_error})
        if (!capture_of(kind) || !capture_of(kind)->is_in_place()) open_capture(kind);
    ensure_reports();
}

void Shell::ensure_reports() {
    folder_.ensure();
    if (!reports_ || !reports_->is_in_place()) open_reports();
}

void Shell::open_capture(OutputKind kind) {
    auto& capture = capture_of(kind);
    if (capture) capture->cancel();
    capture = std::make_shared<Capture>(executor_,
                                        path_of(kind == OutputKind::standard_output ? "output" : "errors"));
    scope_.start("reading a command's output", follow_output(kind, capture));
}

void Shell::open_reports() {
    if (reports_) reports_->cancel();
    reports_ = std::make_shared<Capture>(executor_, path_of("report"));
    scope_.start("reading the shell's reports", follow_reports(reports_));
}

std::shared_ptr<Capture>& Shell::capture_of(OutputKind kind) {
    return kind == OutputKind::standard_output ? output_ : errors_;
}

void Shell::type(std::string_view line) {
    // A shell that does not read for so long that its pipe is full is ended by whoever waits for it.
    if (::write(process_.input.get(), line.data(), line.size()) < 0 && errno != EAGAIN)
        throw core::system_error("write to the shell", errno);
}

void Shell::drain_output() {
    for (const auto kind : {OutputKind::standard_output, OutputKind::standard_error})
        capture_of(kind)->drain([&](std::string_view bytes) { take_output(kind, bytes); });
}

void Shell::finish_command() {
    drain_output();
    for (const auto kind : {OutputKind::standard_output, OutputKind::standard_error}) retire_if_shared(kind);
    take_ = nullptr;
    token_.clear();
}

void Shell::retire_if_shared(OutputKind kind) {
    auto& capture = capture_of(kind);
    if (!capture->has_writers([&](std::string_view bytes) { late_.add(bytes); })) return;
    if (late_.size() >= late_pipes_limit) return;  // the next ensure_pipes makes a new one all the same
    late_.adopt(std::exchange(capture, nullptr));
}

void Shell::take_output(OutputKind kind, std::string_view bytes) {
    if (take_)
        take_(kind, bytes);
    else
        late_.add(bytes);
}

void Shell::hold_output(bool is_held) {
    if (std::exchange(is_held_, is_held) != is_held) changed_.notify_all();
}

pid_t Shell::foreground_group() const {
    const pid_t group = ::tcgetpgrp(const_cast<stream_descriptor&>(terminal_).native_handle());
    return group > 1 ? group : process_.process;
}

void Shell::signal_foreground(int signal) {
    if (exit_code_) return;
    const pid_t group = foreground_group();
    if (signal == SIGKILL && group == process_.process)
        kill_group_except_leader(group);
    else
        ::kill(-group, signal);
    // What was stopped must run to hear it, and bash is to give up the rest of its list, too.
    ::kill(-group, SIGCONT);
    ::kill(process_.process, SIGCONT);
    if (group != process_.process || signal != SIGINT) ::kill(process_.process, SIGINT);
}

void Shell::probe() {
    ensure_reports();
    has_answered_ = false;
    probed_status_.reset();
    probe_token_ = core::random_hex(16);
    type(fmt::format(probe_line, probe_token_));
}

bool Shell::is_idle() const {
    const int commands = process_.input_reader.get();
    int unread = 0;
    struct stat facts{};
    if (::ioctl(commands, FIONREAD, &unread) != 0 || unread > 0 || ::fstat(commands, &facts) != 0)
        return false;
    return file_being_read(process_.process) == fmt::format("pipe:[{}]", facts.st_ino);
}

std::string Shell::lowered_limits() const {
    return describe_lowered(first_limits_, read_limits(process_.process));
}

Task<> Shell::close() {
    if (!exit_code_) {
        const pid_t group = foreground_group();
        if (group != process_.process) ::kill(-group, SIGKILL);
        ::kill(process_.process, SIGHUP);
        ::kill(process_.process, SIGCONT);
    }
    const auto end = std::chrono::steady_clock::now() + hang_up_limit;
    while (!exit_code_ && co_await changed_.wait_for(end - std::chrono::steady_clock::now())) {
    }
    if (!exit_code_) ::kill(process_.process, SIGKILL);
    while (!exit_code_) co_await changed_.wait();
    co_await scope_.close();
}

Task<> Shell::follow_output(OutputKind kind, std::shared_ptr<Capture> capture) {
    while (true) {
        co_await capture->wait_readable();
        while (is_held_ && capture == capture_of(kind)) co_await changed_.wait();
        if (capture != capture_of(kind)) co_return;
        capture->read_once([&](std::string_view bytes) { take_output(kind, bytes); });
    }
}

Task<> Shell::follow_reports(std::shared_ptr<Capture> reports) {
    while (true) {
        co_await reports->wait_readable();
        reports->read_once([&](std::string_view bytes) { read_reports(bytes); });
    }
}

void Shell::read_reports(std::string_view bytes) {
    unread_report_ += bytes;
    auto lines = core::split(unread_report_, '\n');
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) accept_report(lines[i]);
    // A report is short; what is longer is not one.
    unread_report_ = lines.back().size() > 64 ? std::string{} : std::string{lines.back()};
}

void Shell::accept_report(std::string_view line) {
    const auto parts = core::split(line, ' ');
    if (parts.size() < 2) return;
    const auto status = core::parse_unsigned(parts[1]);
    if (!status || *status > 255) return;
    if (!token_.empty() && parts[0] == token_ && !status_) {
        status_ = static_cast<int>(*status);
        // Another failure than this one's may be an interrupt's.
        has_begun_ = *status != 1 || parts.back() != "0";
    }
    if (!probe_token_.empty() && parts[0] == probe_token_) {
        has_answered_ = true;
        probed_status_ = static_cast<int>(*status);
    }
    changed_.notify_all();
}

bool Shell::read_terminal() {
    std::array<char, 4096> bytes;
    // As much as a terminal holds; what is printed meanwhile is read the next time.
    for (int round = 0; round < 16; ++round) {
        const auto count = ::read(terminal_.native_handle(), bytes.data(), bytes.size());
        // EIO: nobody has the other side open. Somebody may open it again.
        if (count <= 0) return count < 0 && errno != EIO;
        printed_.append(bytes.data(), static_cast<std::size_t>(count));
        if (printed_.size() > printed_limit) printed_.erase(0, printed_.size() - printed_limit);
    }
    return true;
}

Task<> Shell::follow_terminal() {
    while (true) {
        co_await terminal_.async_wait(stream_descriptor::wait_read, boost::asio::use_awaitable);
        co_await async::pause(read_terminal() ? terminal_pause : closed_terminal_pause);
    }
}

core::Fd Shell::open_slave() {
    // By ioctl, as in spawn/pty: the name need not lead to it.
    return core::Fd{
        ::ioctl(terminal_.native_handle(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
}

Task<std::optional<pid_t>> Shell::find_reader(async::Pool& pool) {
    const int master = terminal_.native_handle();
    const auto slave = open_slave();
    int number = 0;
    int typed = 0;
    if (!slave || ::ioctl(master, TIOCGPTN, &number) != 0) co_return std::nullopt;
    if (::ioctl(slave.get(), FIONREAD, &typed) == 0 && typed > 0) co_return std::nullopt;
    co_return co_await async::run_on(
        pool, [group = foreground_group(), terminal = fmt::format("/dev/pts/{}", number)] {
            return find_terminal_reader(group, terminal);
        });
}

std::string Shell::prompt() {
    read_terminal();
    return last_line(printed_);
}

void Shell::answer(std::string_view text) {
    read_terminal();
    printed_.clear();
    const auto count = ::write(terminal_.native_handle(), text.data(), text.size());
    if (count < static_cast<ssize_t>(text.size()))
        throw core::Error{core::Code::unavailable, "the terminal takes no more input", "terminal_full"};
}

Task<> Shell::await_exit() {
    exit_code_ = (co_await processes::await_child(handle_)).code();
    changed_.notify_all();
}

}  // namespace carrel::desk::terminal
