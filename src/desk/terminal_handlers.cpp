// The terminal's operations over HTTP.
#include <cstring>

#include "desk/terminal.hpp"
#include "ops/desk.hpp"

namespace carrel::desk {

namespace {

/// A command of the largest size, with every character escaped.
constexpr std::size_t largest_command_body = std::size_t{8} << 20;
/// An answer longer than this is made on the pool.
constexpr std::size_t short_answer = std::size_t{64} << 10;

struct Wanted {
    std::string command;
    std::chrono::milliseconds limit;
};

Task<Wanted> decode(net::Request& request) {
    auto execute = co_await decode_body(request, ops::execute_shape(), largest_command_body);
    co_return Wanted{std::move(execute.command),
                     std::chrono::milliseconds{static_cast<std::int64_t>(execute.timeout * 1000)}};
}

json::Object to_json(const CommandResult& result) {
    return {{"success", result.is_success()},
            {"output", result.output},
            {"error", result.error},
            {"system", result.system},
            {"exit_code", result.exit_code},
            {"timed_out", result.timed_out},
            {"duration_ms", result.duration.count()}};
}

Task<net::Response> execute(Terminal& terminal, net::Request& request) {
    auto wanted = co_await decode(request);
    const auto result = co_await terminal.execute(std::move(wanted.command), wanted.limit);
    if (result.output.size() + result.error.size() < short_answer) co_return json_answer(to_json(result));
    co_return co_await async::run_on(terminal.pool(), [&result] { return json_answer(to_json(result)); });
}

/// The events of one command: {"type":"stdout"|"stderr","chunk"}, at last {"type":"done",…}, or
/// {"type":"error","chunk"} when the command could not be run or was stopped.
class CommandEvents final : public net::Source {
public:
    explicit CommandEvents(RunningCommand command) : command_{std::move(command)} {}

    Task<std::size_t> read(std::span<char> into) override {
        if (written_ == frame_.size()) {
            if (has_ended_) co_return 0;
            frame_ = co_await next_frame();
            written_ = 0;
        }
        const auto count = std::min(into.size(), frame_.size() - written_);
        std::memcpy(into.data(), frame_.data() + written_, count);
        written_ += count;
        co_return count;
    }

private:
    static std::string frame(const json::Object& event) { return "data: " + json::to_text(event) + "\n\n"; }

    Task<std::string> next_frame() {
        try {
            if (const auto piece = co_await command_.next()) {
                const auto* type = piece->kind == OutputKind::standard_output ? "stdout" : "stderr";
                co_return frame({{"type", type}, {"chunk", piece->text}});
            }
        } catch (const core::Error& error) {
            has_ended_ = true;
            co_return frame({{"type", "error"}, {"chunk", error.message()}});
        }
        has_ended_ = true;
        co_return last_frames();
    }

    std::string last_frames() const {
        const auto& result = command_.result();
        std::string frames;
        if (result.timed_out) frames = frame({{"type", "error"}, {"chunk", result.system}});
        return frames + frame({{"type", "done"},
                               {"exit_code", result.exit_code},
                               {"system", result.system},
                               {"timed_out", result.timed_out},
                               {"duration_ms", result.duration.count()}});
    }

    RunningCommand command_;
    std::string frame_;
    std::size_t written_ = 0;
    bool has_ended_ = false;
};

Task<net::Response> stream(Terminal& terminal, net::Request& request) {
    auto wanted = co_await decode(request);
    net::Response response;
    response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
    response.source =
        std::make_unique<CommandEvents>(terminal.stream(std::move(wanted.command), wanted.limit));
    co_return response;
}

Task<net::Response> restart(Terminal& terminal, net::Request& request) {
    co_await decode_body(request, ops::nothing_shape());
    co_await terminal.restart();
    co_return json_answer({{"success", true}, {"message", "The terminal was restarted."}});
}

}  // namespace

std::vector<Binding> bind_terminal(Terminal& terminal) {
    return {
        {"terminal/execute", "POST", [&](net::Request& request) { return execute(terminal, request); }},
        {"terminal/execute/stream", "POST", [&](net::Request& request) { return stream(terminal, request); }},
        {"terminal/restart", "POST", [&](net::Request& request) { return restart(terminal, request); }},
    };
}

}  // namespace carrel::desk
