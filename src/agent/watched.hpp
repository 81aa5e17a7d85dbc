// A model whose calls somebody hears of: how long each took and what it used.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "agent/interfaces.hpp"

namespace carrel::agent {

/// One call of Model::answer that has ended.
struct EndedCall {
    enum class Outcome { answered, failed, cancelled };
    Outcome outcome = Outcome::answered;
    std::chrono::steady_clock::duration took{};
    Usage usage;  ///< of an answer
};

/// "answered", "failed", "cancelled".
std::string_view name_of(EndedCall::Outcome outcome);

using CallObserver = std::function<void(const EndedCall&)>;

/// The same model; `observer` is told of each call, on the loop. It must not throw.
std::unique_ptr<Model> watched(std::unique_ptr<Model> model, CallObserver observer);

}  // namespace carrel::agent
