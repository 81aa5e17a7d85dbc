// The terminal's operations over HTTP.
#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/text.hpp"
#include "desk/terminal/terminal.hpp"
#include "net/sse.hpp"
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

/// In bytes: a terminal holds 4,095 of a line.
constexpr std::size_t longest_answer = 4000;
constexpr std::size_t largest_input_body = std::size_t{4} << 20;
/// A stream that has nothing to say says so this often, for whoever would take it for dead.
constexpr std::chrono::seconds keep_alive_every{15};

std::chrono::milliseconds to_limit(double seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

/// A long command is taken apart on the pool.
template <class Wish>
Task<Wish> decode(Terminal& terminal, net::Request& request, const json::Shape<Wish>& shape) {
    auto text = co_await net::collect_body(request, largest_command_body);
    const bool is_short = text.size() < processes::short_text;
    const auto parse = [text = std::move(text), &shape] {
        return rest::value_or_refuse(shape.decode(rest::parse_body(text)), "body");
    };
    auto wish = is_short ? parse() : co_await async::run_on(terminal.pool(), parse);
    if (wish.command.contains('\0'))
        throw rest::unprocessable({"command"}, "cannot contain the character NUL");
    co_return wish;
}

json::Object to_json(const CommandResult& result) {
    json::Object object{{"success", result.is_success()},
                        {"output", result.output},
                        {"error", result.error},
                        {"system", result.system},
                        {"exit_code", result.exit_code},
                        {"timed_out", result.timed_out},
                        {"waiting_for_input", result.prompt.has_value()},
                        {"duration_ms", result.duration.count()}};
    if (result.prompt) object["prompt"] = *result.prompt;
    return object;
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

Task<net::Response> answer_with(Terminal& terminal, RunningCommand command) {
    if (co_await command.ends_within(patience))
        co_return net::json_response(200, co_await to_text(co_await command.result(), terminal.pool()));
    co_return net::stream_response(200, {{"Content-Type", "application/json"}},
                                   std::make_unique<LateAnswer>(std::move(command), terminal.pool()));
}

Task<net::Response> execute(Terminal& terminal, net::Request& request) {
    auto wish = co_await decode(terminal, request, ops::execute_shape());
    co_return co_await answer_with(terminal, terminal.start(std::move(wish.command), to_limit(wish.timeout)));
}

Task<net::Response> answer(Terminal& terminal, net::Request& request) {
    auto wish = co_await rest::decode_body(request, ops::answer_terminal_shape());
    if (wish.text.contains('\0')) throw rest::unprocessable({"text"}, "cannot contain the character NUL");
    // The field's rule counts characters; a terminal's line holds bytes, and drops what is beyond silently.
    if (wish.text.size() > longest_answer)
        throw rest::unprocessable({"text"}, fmt::format("has more than {} bytes", longest_answer));
    if (wish.enter) wish.text += '\n';
    co_return co_await answer_with(terminal, terminal.answer(std::move(wish.text), to_limit(wish.timeout)));
}

std::string bytes_of(ops::CommandInput& wish) {
    if (wish.data && wish.data_base64)
        throw rest::unprocessable({"data_base64"}, "stands instead of data, not beside it");
    if (!wish.data && !wish.data_base64 && !wish.eof)
        throw rest::unprocessable({"data"}, "or data_base64 or eof is required");
    if (!wish.data_base64) return std::move(wish.data).value_or("");
    auto bytes = core::parse_base64(*wish.data_base64);
    if (!bytes) throw rest::unprocessable({"data_base64"}, "is no base64");
    return std::move(*bytes);
}

Task<net::Response> input(Terminal& terminal, net::Request& request) {
    auto wish = co_await rest::decode_body(request, ops::command_input_shape(), largest_input_body);
    request.may_be_dropped = true;  // nobody learns how much was taken; what was, stays
    auto bytes = bytes_of(wish);
    const auto size = bytes.size();
    const auto written = co_await terminal.write_input(std::move(wish.input_id), std::move(bytes), wish.eof,
                                                       to_limit(wish.timeout));
    // An end that was given leaves nothing open.
    const bool is_whole = written.count == size && !(wish.eof && written.is_open);
    json::Object object{{"success", is_whole}, {"written", written.count}, {"is_open", written.is_open}};
    if (!is_whole)
        object["error"] = written.is_open
                              ? "the command did not take all of it in time"
                              : "the command has ended or closed its input before it had all of it";
    co_return rest::json_answer(object);
}

/// The events of one command: {"type":"stdout"|"stderr","chunk"}, at last {"type":"done",…}, or
/// {"type":"error","chunk"} when the command could not be run or was stopped; and
/// {"type":"waiting_for_input","prompt"} while it asks for something on the terminal.
class CommandEvents final : public LateText {
public:
    CommandEvents(RunningCommand command, bool has_input)
        : command_{std::move(command)}, is_told_{!has_input} {}

private:
    using Kind = Run::Piece::Kind;

    static std::string frame(const json::Object& event) { return "data: " + json::to_text(event) + "\n\n"; }

    Task<std::string> make_more() override {
        std::string refusal;
        try {
            // A comment first: who gives the input too knows at once that the command is taken.
            if (!std::exchange(is_told_, true) || !co_await command_.has_news_within(keep_alive_every))
                co_return std::string{net::sse_keep_alive};
            if (const auto piece = co_await command_.next()) {
                if (piece->kind == Kind::prompt)
                    co_return frame({{"type", "waiting_for_input"}, {"prompt", piece->text}});
                const auto* type = piece->kind == Kind::standard_output ? "stdout" : "stderr";
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
    bool is_told_;
};

Task<net::Response> stream(Terminal& terminal, net::Request& request) {
    auto wish = co_await decode(terminal, request, ops::execute_stream_shape());
    const bool has_input = !wish.input_id.empty();
    auto command = terminal.stream(std::move(wish.command), to_limit(wish.timeout), std::move(wish.input_id));
    co_return net::stream_response(200,
                                   {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}},
                                   std::make_unique<CommandEvents>(std::move(command), has_input));
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
        {"terminal/answer", "POST", [&](net::Request& request) { return answer(terminal, request); }},
        {"terminal/input", "POST", [&](net::Request& request) { return input(terminal, request); }},
    };
}

}  // namespace carrel::desk::terminal
