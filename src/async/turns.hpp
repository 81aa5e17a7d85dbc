// One after another: what must not overlap takes its turn.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "async/gate.hpp"
#include "async/task.hpp"

namespace carrel::async {

class Turns {
public:
    explicit Turns(Executor executor) : gate_{std::move(executor)} {}

    /// Held until it is destroyed.
    class Turn {
    public:
        explicit Turn(Turns& turns) : turns_{&turns} { turns_->is_taken_ = true; }
        Turn(Turn&& other) noexcept : turns_{std::exchange(other.turns_, nullptr)} {}
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (!turns_) return;
            turns_->is_taken_ = false;
            turns_->gate_.notify_all();
        }

    private:
        Turns* turns_;
    };

    Task<Turn> take() {
        while (is_taken_) co_await gate_.wait();
        co_return Turn{*this};
    }

    /// Nothing when others have it for longer than `limit`.
    Task<std::optional<Turn>> take_within(Duration limit) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (is_taken_)
            if (!co_await gate_.wait_for(end - std::chrono::steady_clock::now()) && is_taken_)
                co_return std::nullopt;
        co_return std::optional<Turn>{std::in_place, *this};
    }

    bool is_taken() const { return is_taken_; }

private:
    bool is_taken_ = false;
    Gate gate_;
};

}  // namespace carrel::async
