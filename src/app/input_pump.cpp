#include "app/input_pump.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "json/fields.hpp"

namespace carrel::app {

namespace {

/// A call of that many bytes; the row takes a MiB.
constexpr std::size_t piece_bytes = std::size_t{256} << 10;
/// Seconds that a call waits for a command which does not read; then the next one does.
constexpr int patience = 60;

}  // namespace

bool has_standard_input() {
    struct stat facts{};
    return ::fstat(STDIN_FILENO, &facts) == 0 &&
           (S_ISFIFO(facts.st_mode) || S_ISREG(facts.st_mode) || S_ISSOCK(facts.st_mode));
}

InputPump::InputPump(ServerAddress server, std::string path, std::string input_id)
    : client_{std::move(server)},
      path_{std::move(path)},
      input_id_{std::move(input_id)},
      stopped_{core::checked("make an event", ::eventfd(0, EFD_CLOEXEC))} {}

InputPump::~InputPump() { stop(); }

void InputPump::start() {
    if (!thread_.joinable()) thread_ = std::thread{[this] { carry(); }};
}

std::string InputPump::stop() {
    if (!thread_.joinable()) return failure_;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto count = ::write(stopped_.get(), &one, sizeof one);
    thread_.join();
    return failure_;
}

void InputPump::carry() {
    std::string piece(piece_bytes, '\0');
    try {
        while (wait_for_input()) {
            const auto count = ::read(STDIN_FILENO, piece.data(), piece.size());
            if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (count < 0) throw core::system_error("read standard input", errno);
            if (!give({piece.data(), static_cast<std::size_t>(count)}, count == 0) || count == 0) return;
        }
    } catch (const core::Error& error) {
        // A command that has ended takes no more: no failure.
        if (error.code() != core::Code::not_found) failure_ = error.message();
    } catch (const std::exception& error) {
        failure_ = error.what();
    }
}

bool InputPump::wait_for_input() const {
    std::array<pollfd, 2> ends{{{STDIN_FILENO, POLLIN, 0}, {stopped_.get(), POLLIN, 0}}};
    while (::poll(ends.data(), ends.size(), -1) < 0 && errno == EINTR) {
    }
    return ends[1].revents == 0;
}

bool InputPump::give(std::string_view bytes, bool is_end) {
    do {
        const json::Object body{{"input_id", input_id_},
                                {"data_base64", core::to_base64(bytes)},
                                {"eof", is_end},
                                {"timeout", patience}};
        const auto answer = client_.call("POST", path_, &body);
        if (!answer.at("is_open").as_bool()) return false;
        bytes.remove_prefix(
            std::min(bytes.size(), static_cast<std::size_t>(answer.at("written").as_int64())));
        // The end, too, is given again until it is taken: no more is taken then.
    } while (!bytes.empty() || is_end);
    return true;
}

}  // namespace carrel::app
