#include "app/client.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "core/error.hpp"
#include "json/fields.hpp"
#include "net/status.hpp"
#include "outbound/curl_client.hpp"

namespace carrel::app {

namespace {

constexpr std::size_t most_error_bytes = 64 * 1024;

core::Code code_of(int status, std::string_view reason) {
    return net::find_code(status, reason).value_or(status < 500 ? core::Code::invalid : core::Code::internal);
}

/// A problem's own words: `detail` is a sentence, or a list of {loc,msg}.
core::Error problem_of(int status, std::string_view text) {
    const auto body = json::parse(text);
    if (!body) return {code_of(status, {}), fmt::format("the server answered {}", status)};
    const std::string reason{json::text_or(*body, "code")};
    const auto code = code_of(status, reason);
    const auto* detail = json::find(*body, "detail");
    if (!detail || !detail->is_array())
        return {code, std::string{json::text_or(*body, "detail", "no reason given")}, reason};
    return {code, json::to_sentence(detail->as_array()), reason};
}

/// Without a key and with a wrong one are two mistakes.
core::Error refused_key(const ServerAddress& server, const core::Error& said) {
    if (said.reason() == "key_revoked" || said.reason() == "key_expired") return said;
    return {core::Code::unauthorized,
            server.key.empty()
                ? fmt::format("the server at {} asks for a key: set CARREL_TOKEN to it", server.url)
                : fmt::format("the key in CARREL_TOKEN is not one of the server's at {}", server.url)};
}

outbound::Call make_call(const ServerAddress& server, std::string method, const std::string& path,
                         std::string accept, const json::Object* body) {
    outbound::Call call{
        .method = std::move(method), .url = server.url + path, .headers = {{"Accept", std::move(accept)}}};
    if (!server.key.empty()) call.headers.add("Authorization", "Bearer " + server.key);
    if (body) {
        call.headers.add("Content-Type", "application/json");
        call.body = json::to_text(*body);
    }
    // A followed log sends something every 15 s; a command that says nothing for as long as it may run (300
    // s) does not.
    call.patience.total = std::nullopt;
    call.patience.silence = std::chrono::minutes{6};
    return call;
}

async::Task<> transfer(outbound::HttpClient& http, outbound::Call call,
                       const std::function<bool(std::string_view)>& take) {
    const auto url = call.url;
    auto reply = co_await http.send(std::move(call));
    if (reply.status >= 300)
        throw problem_of(reply.status, co_await net::read_all(*reply.body, most_error_bytes));
    std::array<char, 64 * 1024> buffer;
    while (const auto count = co_await reply.body->read(buffer))
        if (!take({buffer.data(), count})) co_return;
}

}  // namespace

void Client::stream(std::string method, std::string path, std::string accept, const json::Object* body,
                    const std::function<bool(std::string_view)>& take) {
    boost::asio::io_context loop{1};
    outbound::CurlClient http{loop.get_executor()};
    std::exception_ptr failure;
    boost::asio::co_spawn(
        loop, transfer(http, make_call(server_, std::move(method), path, std::move(accept), body), take),
        [&](std::exception_ptr thrown) {
            failure = std::move(thrown);
            loop.stop();
        });
    loop.run();
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (core::Error& error) {
        if (error.code() == core::Code::unauthorized) throw refused_key(server_, error);
        if (error.reason() == "connection_broken")
            throw error.during(
                "the call was not answered whole, and may have been carried out (`carrel logs "
                "--desk` may say why)");
        if (error.reason() != "connection_error") throw;
        throw error.during(fmt::format(
            "no server answers at {} (start one with `carrel serve`, or give --server)", server_.url));
    }
}

json::Value Client::call(std::string method, std::string path, const json::Object* body) {
    std::string text;
    stream(std::move(method), std::move(path), "application/json", body, [&](std::string_view piece) {
        text += piece;
        return true;
    });
    if (text.empty()) return json::Object{};
    return core::value_or_throw(json::parse(text));
}

}  // namespace carrel::app
