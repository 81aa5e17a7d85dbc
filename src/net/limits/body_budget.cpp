#include "net/limits/body_budget.hpp"

#include <malloc.h>

#include <algorithm>

#include "core/error.hpp"

namespace carrel::net {

namespace {

/// So much held at a time leaves holes in the heap that are worth a walk through it (some milliseconds).
constexpr std::uint64_t crowd_bytes = std::uint64_t{8} << 20;

}  // namespace

void BodyBudget::take(std::uint64_t bytes) {
    left_ -= bytes;
    least_left_ = std::min(least_left_, left_);
}

void BodyBudget::give_back(std::uint64_t bytes) {
    left_ += bytes;
    if (left_ < all_ || all_ - least_left_ < crowd_bytes) return;
    least_left_ = all_;
    ::malloc_trim(0);
}

void BodyShare::hold(std::size_t bytes) {
    const std::uint64_t wanted = bytes - std::min(bytes, free_bytes);
    if (wanted <= held_) return;
    const auto more = wanted - held_;
    if (more > budget_.left_)
        throw core::Error{core::Code::exhausted,
                          "other requests with large bodies are being read; try again in a moment",
                          "too_many_bodies"};
    budget_.take(more);
    held_ = wanted;
}

}  // namespace carrel::net
