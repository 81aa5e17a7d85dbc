// The terminal's operations over HTTP.
#include <cstring>

#include "desk/terminal/terminal.hpp"
#include "ops/desk/observe.hpp"
#include "ops/desk/terminal.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::terminal {

namespace {

/// A command of 16 MiB, with every character escaped.
constexpr std::size_t largest_command_body = std::size_t{33} << 20;
/// A command that has ended by then is answered with a length.
constexpr auto patience = std::chrono::milliseconds{500};

struct Wanted {
    std::string command;
    std::chrono::milliseconds limit;
};

/// A long command is taken apart on the pool.
Task<Wanted> decode(Terminal& terminal, net::Request& request) {
    auto text = co_await net::read_all(*request.body, largest_command_body);
    const bool is_short = text.size() < processes::short_text;
    const auto parse = [text = std::move(text)] {
        return rest::value_or_refuse(ops::execute_shape().decode(rest::parse_body(text)), "body");
    };
    auto execute = is_short ? parse() : co_await async::run_on(terminal.pool(), parse);
    if (execute.command.contains('\0'))
        throw rest::unprocessable({"command"}, "cannot contain the character NUL");
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

Task<std::string> to_text(const CommandResult& result, async::Pool& pool) {
    if (result.output.size() + result.error.size() < processes::short_text)
        co_return json::to_text(to_json(result));
    co_return co_await async::run_on(pool, [&result] { return json::to_text(to_json(result)); });
}

/// Bytes that are made when they are asked for.
class LateText : public net::Source {
public:
    Task<std::size_t> read(std::span<char> into) final {
        while (written_ == text_.size()) {
            if (has_ended_) co_return 0;
            text_ = co_await make_more();
            written_ = 0;
        }
        const auto count = std::min(into.size(), text_.size() - written_);
        std::memcpy(into.data(), text_.data() + written_, count);
        written_ += count;
        co_return count;
    }

protected:
    /// The next bytes; end() says that there are no more after them.
    virtual Task<std::string> make_more() = 0;
    void end() { has_ended_ = true; }

private:
    std::string text_;
    std::size_t written_ = 0;
    bool has_ended_ = false;
};

/// The answer to a command that takes its time. As a stream, because the server watches those: when
/// nobody waits for the answer any more, the command goes with it and the terminal is free.
class LateAnswer final : public LateText {
public:
    LateAnswer(RunningCommand command, async::Pool& pool) : command_{std::move(command)}, pool_{pool} {}

private:
    Task<std::string> make_more() override {
        end();
        std::string refusal;
        try {
            const auto result = co_await command_.result();
            co_return co_await to_text(result, pool_);
        } catch (const core::Error& error) {
            refusal = error.message();
        }
        co_return json::to_text(json::Object{{"success", false}, {"error", refusal}});
    }

    RunningCommand command_;
    async::Pool& pool_;
};

Task<net::Response> execute(Terminal& terminal, net::Request& request) {
    auto wanted = co_await decode(terminal, request);
    auto command = terminal.start(std::move(wanted.command), wanted.limit);
    if (co_await command.ends_within(patience))
        co_return net::json_response(200, co_await to_text(co_await command.result(), terminal.pool()));
    co_return net::stream_response(200, {{"Content-Type", "application/json"}},
                                   std::make_unique<LateAnswer>(std::move(command), terminal.pool()));
}

/// The events of one command: {"type":"stdout"|"stderr","chunk"}, at last {"type":"done",…}, or
/// {"type":"error","chunk"} when the command could not be run or was stopped.
class CommandEvents final : public LateText {
public:
    explicit CommandEvents(RunningCommand command) : command_{std::move(command)} {}

private:
    static std::string frame(const json::Object& event) { return "data: " + json::to_text(event) + "\n\n"; }

    Task<std::string> make_more() override {
        std::string refusal;
        try {
            if (const auto piece = co_await command_.next()) {
                const auto* type = piece->kind == OutputKind::standard_output ? "stdout" : "stderr";
                co_return frame({{"type", type}, {"chunk", piece->text}});
            }
            end();
            co_return last_frames(co_await command_.result());
        } catch (const core::Error& error) {
            refusal = error.message();
        }
        end();
        co_return frame({{"type", "error"}, {"chunk", refusal}});
    }

    static std::string last_frames(const CommandResult& result) {
        std::string frames;
        if (result.timed_out) frames = frame({{"type", "error"}, {"chunk", result.system}});
        return frames + frame({{"type", "done"},
                               {"exit_code", result.exit_code},
                               {"system", result.system},
                               {"timed_out", result.timed_out},
                               {"duration_ms", result.duration.count()}});
    }

    RunningCommand command_;
};

Task<net::Response> stream(Terminal& terminal, net::Request& request) {
    auto wanted = co_await decode(terminal, request);
    co_return net::stream_response(
        200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}},
        std::make_unique<CommandEvents>(terminal.stream(std::move(wanted.command), wanted.limit)));
}

Task<net::Response> restart(Terminal& terminal, net::Request& request) {
    co_await rest::decode_body(request, ops::nothing_shape());
    co_await terminal.restart();
    co_return rest::json_answer({{"success", true}, {"message", "The terminal was restarted."}});
}

}  // namespace

std::vector<rest::Binding> bind_terminal(Terminal& terminal) {
    return {
        {"terminal/execute", "POST", [&](net::Request& request) { return execute(terminal, request); }},
        {"terminal/execute/stream", "POST", [&](net::Request& request) { return stream(terminal, request); }},
        {"terminal/restart", "POST", [&](net::Request& request) { return restart(terminal, request); }},
    };
}

}  // namespace carrel::desk::terminal
