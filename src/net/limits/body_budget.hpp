// How much memory the bodies of requests may take together: those that handlers collect whole.
#pragma once

#include <cstddef>
#include <cstdint>

namespace carrel::net {

/// One for all requests of a server. Outlives its shares.
class BodyBudget {
public:
    explicit BodyBudget(std::uint64_t bytes) : left_{bytes}, least_left_{bytes}, all_{bytes} {}
    std::uint64_t left() const { return left_; }

private:
    friend class BodyShare;
    void take(std::uint64_t bytes);
    void give_back(std::uint64_t bytes);

    std::uint64_t left_;
    std::uint64_t least_left_;  ///< since memory went back to the kernel
    std::uint64_t all_;
};

/// What one request holds of it, until its end.
class BodyShare {
public:
    /// So much is given to everybody: who says little is heard also while others have used up all.
    static constexpr std::size_t free_bytes = std::size_t{16} << 10;

    explicit BodyShare(BodyBudget& budget) : budget_{budget} {}
    ~BodyShare() { budget_.give_back(held_); }
    BodyShare(const BodyShare&) = delete;
    BodyShare& operator=(const BodyShare&) = delete;

    /// The body takes so many bytes now. Throws Error{exhausted, "too_many_bodies"} when they are not left.
    void hold(std::size_t bytes);

private:
    BodyBudget& budget_;
    std::uint64_t held_ = 0;
};

}  // namespace carrel::net
