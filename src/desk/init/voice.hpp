// What one kind of program in the desk writes to its standard output and error, made into lines.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "core/fd.hpp"

namespace carrel::desk::init {

/// Cuts bytes into lines. What of a line is longer than the log keeps is left out. Pure.
class LineCutter {
public:
    using Say = std::function<void(std::string_view line)>;

    void push(std::string_view bytes, const Say& say);
    /// A last line without an end.
    void finish(const Say& say);

private:
    std::string line_;
};

/// How many bytes of one voice are listened to: who says more within a second is not heard until it is over.
/// Pure.
class Attention {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// How many of `count` bytes that came at `now` may be taken.
    std::size_t take(std::size_t count, Time now);
    /// What was not taken in the seconds that are over at `now`; once.
    std::size_t take_missed(Time now);

private:
    void advance(Time now);

    Time began_{};
    std::size_t taken_ = 0;
    std::size_t missed_ = 0;
    std::size_t told_missed_ = 0;
};

/// A pipe of which PID 1 keeps both ends, however often its programs start again. Always drained, so that
/// nobody who writes has to wait.
class Voice {
public:
    explicit Voice(std::function<void(std::string_view line)> say);

    int reader() const { return reader_.get(); }
    /// For children, as their standard output and error.
    int writer() const { return writer_.get(); }

    /// Reads what is there, up to some bound: who writes without end keeps nobody else waiting.
    void listen();
    /// Its program has ended: the rest, also of a line without an end.
    void finish();

private:
    LineCutter::Say say_;
    core::Fd reader_;
    core::Fd writer_;
    LineCutter cutter_;
    Attention attention_;
};

}  // namespace carrel::desk::init
