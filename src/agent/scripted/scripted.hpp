// A model without a network: it plays a script on the real desk, through the same loop and tools as
// any other. What it shall play stands in the person's message, so it remembers nothing itself.
#pragma once

#include "agent/interfaces.hpp"
#include "agent/scripted/script.hpp"

namespace carrel::agent::scripted {

/// "tour" plays the built-in tour, a JSON list plays that script, anything else is answered with an
/// explanation of these.
class ScriptedModel final : public Model {
public:
    Task<Answer> answer(Question question, Progress& progress) override;
    Size picture_size(Size screen) const override { return screen; }
    std::size_t most_pictures() const override { return 10'000; }
    std::size_t most_history_bytes() const override { return std::size_t{1} << 30; }
};

}  // namespace carrel::agent::scripted
