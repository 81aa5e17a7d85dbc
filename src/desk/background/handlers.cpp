// The operations of programs beside the terminal, over HTTP.
#include <cstring>

#include "core/text.hpp"
#include "desk/background/background.hpp"
#include "desk/background/follow.hpp"
#include "desk/processes/child_wishes.hpp"
#include "ops/desk/background.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::background {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_variables = 256;
constexpr std::size_t most_environment = std::size_t{64} << 10;
constexpr std::size_t largest_write_body = std::size_t{4} << 20;

async::Duration seconds(double count) {
    return std::chrono::duration_cast<async::Duration>(std::chrono::duration<double>(count));
}

rest::Unprocessable refusal(std::vector<std::string> path, std::string message) {
    return rest::unprocessable(std::move(path), std::move(message));
}

std::vector<std::string> to_environment(const json::Object& variables) {
    std::vector<std::string> lines;
    std::size_t size = 0;
    for (const auto& [name, value] : variables) {
        const std::string key{name};
        if (key.empty() || key.find_first_of(std::string_view{"=\0", 2}) != key.npos)
            throw refusal({"env", key}, "a name must not be empty and holds no \"=\" and no NUL");
        if (!value.is_string() || value.as_string().find('\0') != boost::json::string::npos)
            throw refusal({"env", key}, "must be a string without NUL");
        lines.push_back(key + "=" + std::string{value.as_string()});
        size += lines.back().size();
    }
    if (lines.size() > most_variables || size > most_environment)
        throw refusal({"env"}, "may have 256 variables, and 65536 bytes in all");
    return lines;
}

json::Object describe(const BackgroundProcess& process) {
    const auto until = process.end ? process.ended : core::SystemClock{}.now();
    json::Object object{{"process_id", process.id},
                        {"pid", process.process},
                        {"command", process.wish.command},
                        {"cwd", process.wish.folder},
                        {"is_running", !process.end},
                        {"started_at", core::to_rfc3339(process.started)},
                        {"duration_ms", (until - process.started).count()},
                        {"stdout_bytes", process.output.log.end()},
                        {"stderr_bytes", process.errors.log.end()},
                        {"has_input", process.input.has_value()}};
    if (process.end) {
        processes::add_end(object, *process.end);
        object["ended_at"] = core::to_rfc3339(process.ended);
    }
    return object;
}

net::Response succeed(json::Object object) {
    object["success"] = true;
    return rest::json_answer(object);
}

Task<net::Response> start(Background& background, net::Request& request) {
    auto wish = co_await rest::decode_body(request, ops::start_process_shape());
    processes::check_command(wish.command, "body");
    processes::check_folder(wish.cwd, "body");
    const auto process =
        background.start(std::move(wish.process_id), {.command = std::move(wish.command),
                                                      .folder = std::move(wish.cwd),
                                                      .environment = to_environment(wish.env),
                                                      .has_input = wish.stdin_pipe});
    co_return succeed({{"process_id", process->id}, {"pid", process->process}});
}

net::Response list(const Background& background) {
    json::Array all;
    for (const auto& process : background.all()) all.push_back(describe(*process));
    return succeed({{"processes", std::move(all)}});
}

std::string input_of(ops::WriteProcess& wish) {
    if (wish.data && wish.data_base64)
        throw refusal({"data_base64"}, "stands instead of data, not beside it");
    if (!wish.data && !wish.data_base64 && !wish.eof)
        throw refusal({"data"}, "or data_base64 or eof is required");
    if (!wish.data_base64) return std::move(wish.data).value_or("");
    auto bytes = core::parse_base64(*wish.data_base64);
    if (!bytes) throw refusal({"data_base64"}, "is no base64");
    return std::move(*bytes);
}

Task<net::Response> write(Background& background, net::Request& request) {
    auto wish = co_await rest::decode_body(request, ops::write_process_shape(), largest_write_body);
    const auto process = background.get(wish.process_id);
    auto bytes = input_of(wish);
    const auto written =
        co_await background.write(process, std::move(bytes), wish.eof, seconds(wish.timeout));
    if (written.refusal.empty()) co_return succeed({{"written", written.count}});
    co_return rest::json_answer({{"success", false}, {"error", written.refusal}, {"written", written.count}});
}

Task<net::Response> output(Background& background, net::Request& request) {
    const auto wish = rest::decode_query(request, ops::process_output_shape());
    const auto process = background.get(wish.process_id);
    const auto& stream = stream_of(*process, wish.stream);
    OutputWish piece_wish{.offset = checked_offset(stream, wish.offset),
                          .limit = static_cast<std::size_t>(wish.limit),
                          .is_text = wish.encoding == "text"};
    const auto until = steady_clock::now() + seconds(wish.wait);
    auto piece = read_piece(stream.log, piece_wish, stream.has_ended);
    while (piece.bytes.empty() && !stream.has_ended && steady_clock::now() < until) {
        co_await process->changed.wait_for(until - steady_clock::now());
        piece = read_piece(stream.log, piece_wish, stream.has_ended);
    }
    auto object = to_json(piece, piece_wish.is_text);
    object["dropped"] = piece.dropped;
    object["size"] = stream.log.end();
    object["is_end"] = stream.has_ended && piece.next() == stream.log.end();
    co_return succeed(std::move(object));
}

Task<net::Response> follow(Background& background, net::Request& request) {
    const auto wish = rest::decode_query(request, ops::follow_process_shape());
    const auto process = background.get(wish.process_id);
    const auto& stream = stream_of(*process, wish.stream);
    auto offset = checked_offset(stream, wish.offset);
    if (const auto last = request.headers.find("Last-Event-ID")) {
        const auto number = core::parse_unsigned(*last);
        if (!number || *number > stream.log.end())
            throw rest::Unprocessable{{{{"Last-Event-ID"}, "is no id that this stream gave", "out_of_range"}},
                                      "header"};
        offset = *number;
    }
    co_return follow_output(process, wish.stream, offset, wish.encoding == "text");
}

Task<net::Response> wait(Background& background, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::wait_process_shape());
    const auto process = background.get(wish.process_id);
    const auto until = steady_clock::now() + seconds(wish.timeout);
    while (!process->end && steady_clock::now() < until)
        co_await process->changed.wait_for(until - steady_clock::now());
    co_return succeed(describe(*process));
}

Task<net::Response> send_signal(Background& background, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::signal_process_shape());
    const auto process = background.get(wish.process_id);
    co_return succeed(
        {{"signalled", co_await background.signal(process, processes::get_signal(wish.signal))}});
}

Task<net::Response> remove(Background& background, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::remove_process_shape());
    co_await background.remove(background.get(wish.process_id));
    co_return succeed({{"process_id", wish.process_id}});
}

}  // namespace

std::vector<rest::Binding> bind_background(Background& background) {
    return {
        {"terminal/process/start", "POST", [&](net::Request& request) { return start(background, request); }},
        {"terminal/process/list", "GET",
         [&](net::Request&) -> Task<net::Response> { co_return list(background); }},
        {"terminal/process/write", "POST", [&](net::Request& request) { return write(background, request); }},
        {"terminal/process/output", "GET",
         [&](net::Request& request) { return output(background, request); }},
        {"terminal/process/follow", "GET",
         [&](net::Request& request) { return follow(background, request); }},
        {"terminal/process/wait", "POST", [&](net::Request& request) { return wait(background, request); }},
        {"terminal/process/signal", "POST",
         [&](net::Request& request) { return send_signal(background, request); }},
        {"terminal/process/remove", "POST",
         [&](net::Request& request) { return remove(background, request); }},
    };
}

}  // namespace carrel::desk::background
