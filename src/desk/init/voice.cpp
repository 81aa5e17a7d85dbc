#include "desk/init/voice.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/desk_log.hpp"
#include "core/sys.hpp"

namespace carrel::desk::init {

namespace {

/// Bytes of a voice that become lines within a second. More than any program says that is well.
constexpr std::size_t most_a_second = std::size_t{32} << 10;

}  // namespace

void LineCutter::push(std::string_view bytes, const Say& say) {
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('\n'), bytes.size());
        line_.append(bytes.substr(0, std::min(end, core::longest_log_text - line_.size())));
        if (end == bytes.size()) return;
        finish(say);
        bytes.remove_prefix(end + 1);
    }
}

void LineCutter::finish(const Say& say) {
    if (!line_.empty()) say(line_);
    line_.clear();
}

void Attention::advance(Time now) {
    if (now - began_ < std::chrono::seconds{1}) return;
    began_ = now;
    taken_ = 0;
    told_missed_ += std::exchange(missed_, 0);
}

std::size_t Attention::take(std::size_t count, Time now) {
    advance(now);
    const auto heard = std::min(count, most_a_second - taken_);
    taken_ += heard;
    missed_ += count - heard;
    return heard;
}

std::size_t Attention::take_missed(Time now) {
    advance(now);
    return std::exchange(told_missed_, 0);
}

Voice::Voice(std::function<void(std::string_view line)> say) : say_{std::move(say)} {
    int ends[2];
    core::checked("pipe", ::pipe2(ends, O_CLOEXEC));
    reader_ = core::Fd{ends[0]};
    writer_ = core::Fd{ends[1]};
    core::checked("pipe", ::fcntl(reader_.get(), F_SETFL, O_NONBLOCK));
}

void Voice::listen() {
    static std::array<char, std::size_t{64} << 10> buffer;  // PID 1 has one thread
    const auto count = ::read(reader_.get(), buffer.data(), buffer.size());
    if (count <= 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (const auto missed = attention_.take_missed(now); missed > 0) {
        cutter_.finish(say_);
        say_(fmt::format("({} bytes left out: more than {} in a second)", missed, most_a_second));
    }
    cutter_.push({buffer.data(), attention_.take(static_cast<std::size_t>(count), now)}, say_);
}

void Voice::finish() {
    listen();
    cutter_.finish(say_);
}

}  // namespace carrel::desk::init
