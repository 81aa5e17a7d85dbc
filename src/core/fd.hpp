// A file descriptor that closes itself.
#pragma once

#include <utility>

namespace carrel::core {

/// Owns one descriptor, or none (-1). Closing never fails visibly: write errors that matter are
/// found by fsync, not by close.
class Fd {
public:
    Fd() = default;
    explicit Fd(int number) : number_{number} {}
    Fd(Fd&& other) noexcept : number_{other.release()} {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = other.release();
        }
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    /// Gives the number up; the caller owns it now.
    int release() { return std::exchange(number_, -1); }
    void reset();
    /// A second descriptor of the same open file, close-on-exec.
    Fd duplicate() const;

private:
    int number_ = -1;
};

}  // namespace carrel::core
