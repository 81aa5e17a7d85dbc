// What the agent tells, as lines of the session's log.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "agent/interfaces.hpp"
#include "async/scope.hpp"
#include "core/clock.hpp"
#include "store/store.hpp"

namespace carrel::session {

using async::Task;

/// Pieces of text and thinking are joined: one event per 50 ms at most, the first one at once. The other
/// events wait for none, and come after what was told before them.
class EventSink final : public agent::Sink {
public:
    EventSink(async::Executor executor, store::Store& store, const core::Clock& clock,
              std::string session_id);

    void text(std::string_view piece) override;
    void thinking(std::string_view piece) override;
    void status(std::string_view message, std::optional<double> retry_after) override;
    Task<> tool_use(std::string name, json::Object input, std::string tool_use_id) override;
    Task<> tool_result(std::string tool_use_id, const agent::ToolResult& result) override;
    Task<> usage(agent::Usage usage) override;

    /// Stores what waits to be joined. After it nothing is told any more.
    Task<> finish();

private:
    void join(std::string_view kind, std::string_view piece);
    void flush();
    Task<> flush_later();
    void post(std::string_view name, json::Object data);

    store::Store& store_;
    const core::Clock& clock_;
    std::string session_id_;
    std::string_view kind_;  ///< of waiting_: "text" or "thinking"
    std::string waiting_;
    bool is_flush_due_ = false;
    std::chrono::steady_clock::time_point last_flush_;
    async::Scope scope_;
};

}  // namespace carrel::session
