#include "net/tunnel.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/text.hpp"
#include "net/answer.hpp"
#include "net/body.hpp"
#include "net/connect.hpp"
#include "net/head_writer.hpp"
#include "net/wire.hpp"

namespace carrel::net {

namespace {

using core::Code;
using core::Error;

bool has_body(const Request& request) { return request.body && request.body_length != 0; }

std::string make_head(const Request& request) {
    if (!is_token(request.method) || !is_target(request.target))
        throw Error{Code::internal, "a request to be sent has a method or target that would break its head"};
    std::string head;
    head.reserve(512);
    head.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    append_line(head, "Host", "desk");
    append_headers(head, request.headers);
    if (request.headers.has("Upgrade")) append_line(head, "Connection", "Upgrade");
    if (!has_body(request)) {
        if (request.method != "GET" && request.method != "HEAD") append_line(head, "Content-Length", "0");
    } else if (request.body_length) {
        append_line(head, "Content-Length", fmt::format("{}", *request.body_length));
    } else {
        append_line(head, "Transfer-Encoding", "chunked");
    }
    return head += "\r\n";
}

/// Remembers whether it was the client, and not the desk, that broke off.
class WatchedSource final : public Source {
public:
    explicit WatchedSource(Source& source) : source_{source} {}

    Task<std::size_t> read(std::span<char> into) override {
        has_failed_ = true;
        const auto count = co_await source_.read(into);
        has_failed_ = false;
        co_return count;
    }
    bool has_failed() const { return has_failed_; }

private:
    Source& source_;
    bool has_failed_ = false;
};

/// Whether the desk has taken all of it: false when it broke off, perhaps after an early answer. Throws
/// what reading the client's body throws.
Task<bool> send_request(Wire& wire, Request& request) {
    if (!has_body(request)) {
        try {
            co_await wire.write(make_head(request));
            co_return true;
        } catch (const Error& error) {
            if (error.code() == Code::internal) throw;
            co_return false;
        }
    }
    WatchedSource body{*request.body};
    BodyWriter writer{wire, request.body_length, !request.body_length};
    try {
        co_await writer.send(body, make_head(request));
        co_return true;
    } catch (const Error& error) {
        if (body.has_failed() || error.code() == Code::internal) throw;
        co_return false;
    }
}

}  // namespace

struct Tunnel::Pool {
    using Clock = std::chrono::steady_clock;
    struct Kept {
        std::shared_ptr<Wire> wire;
        Clock::time_point since;
    };

    /// The connection that was used last, if it is fit for use.
    std::shared_ptr<Wire> find_kept() {
        while (!kept.empty()) {
            const auto last = std::move(kept.back());
            kept.pop_back();
            if (Clock::now() - last.since < limits.idle_time && last.wire->is_fresh()) return last.wire;
        }
        return nullptr;
    }

    void keep(std::shared_ptr<Wire> wire) {
        if (!wire->buffered().empty()) return;  // nobody asked for that
        if (kept.size() >= limits.idle_connections) kept.erase(kept.begin());
        kept.push_back({std::move(wire), Clock::now()});
    }

    Task<std::shared_ptr<Wire>> connect() {
        try {
            auto socket = co_await connect_socket(path, limits.connect_time);
            co_return std::make_shared<Wire>(executor, std::move(socket));
        } catch (const Error& error) {
            throw Error{Code::unavailable, "the desk's tool server cannot be reached: " + error.message(),
                        "desk_unreachable"};
        }
    }

    async::Executor executor;
    std::string path;
    TunnelLimits limits;
    std::vector<Kept> kept;
};

namespace {

/// An answer's body. Gives the connection back when it is at its end.
class AnswerSource final : public Source {
public:
    AnswerSource(std::shared_ptr<Wire> wire, BodyFrame frame,
                 std::function<void(std::shared_ptr<Wire>)> give_back)
        : wire_{std::move(wire)}, reader_{wire_, frame}, give_back_{std::move(give_back)} {}

    Task<std::size_t> read(std::span<char> into) override {
        try {
            const auto count = co_await reader_.read(into);
            if (reader_.is_done() && give_back_) std::exchange(give_back_, nullptr)(std::move(wire_));
            co_return count;
        } catch (const Error& error) {
            throw in_tunnel_terms(error);
        }
    }

private:
    std::shared_ptr<Wire> wire_;
    BodyReader reader_;
    std::function<void(std::shared_ptr<Wire>)> give_back_;
};

/// The answer as a Response; `give_back` takes the connection when it can carry another request.
Response make_response(std::shared_ptr<Wire> wire, AnswerHead head, const Request& request,
                       std::function<void(std::shared_ptr<Wire>)> give_back) {
    Response response{.status = head.status, .headers = std::move(head.headers), .body = {}};
    std::optional<std::uint64_t> length_of_get;
    if (const auto length = response.headers.find("Content-Length"); length && request.method == "HEAD")
        length_of_get = core::parse_unsigned(*length);
    for (const auto name : framing_headers) response.headers.remove(name);

    const auto frame = head.body;
    const bool is_counted = frame.kind == BodyFrame::Kind::length;
    if (head.status == 101) {
        response.body = make_stream(std::move(wire));
    } else if (frame.kind == BodyFrame::Kind::none) {
        response.body = NoBody{length_of_get};
        give_back(std::move(wire));
    } else if (is_counted && frame.length <= wire->buffered().size()) {
        // What is here already goes on in one piece with the head.
        const auto count = static_cast<std::size_t>(frame.length);
        response.body = std::string{wire->buffered().substr(0, count)};
        wire->consume(count);
        give_back(std::move(wire));
    } else {
        auto source = std::make_unique<AnswerSource>(std::move(wire), frame, std::move(give_back));
        response.body =
            StreamedBody{std::move(source), is_counted ? std::optional{frame.length} : std::nullopt};
    }
    return response;
}

}  // namespace

Tunnel::Tunnel(async::Executor executor, std::string unix_path, TunnelLimits limits)
    : pool_{std::make_shared<Pool>(std::move(executor), std::move(unix_path), limits)} {}

Tunnel::~Tunnel() = default;

Task<Response> Tunnel::handle(Request& request) {
    const auto pool = pool_;
    if (auto wire = pool->find_kept())
        if (auto response = co_await exchange(pool, std::move(wire), request, true))
            co_return std::move(*response);
    auto response = co_await exchange(pool, co_await pool->connect(), request, false);
    co_return std::move(*response);
}

Task<std::optional<Response>> Tunnel::exchange(std::shared_ptr<Pool> pool, std::shared_ptr<Wire> wire,
                                               Request& request, bool is_kept) {
    const auto written = wire->written();
    const bool is_sent = co_await send_request(*wire, request);
    auto head = co_await read_answer(*wire, request.method, pool->limits.head_bytes);
    if (!head) {
        const bool is_safe =
            wire->written() == written || request.method == "GET" || request.method == "HEAD";
        if (is_kept && is_safe && !has_body(request)) co_return std::nullopt;
        throw broke_off();
    }
    if (head->status == 101 && !request.headers.has("Upgrade"))
        throw bad_answer("it changes the protocol without having been asked to");
    // Only what is sent and answered whole leaves a connection that another request can use.
    const bool is_reusable = is_sent && head->keep_alive;
    const auto give_back = [weak = std::weak_ptr{pool}, is_reusable](std::shared_ptr<Wire> used) {
        if (const auto owner = weak.lock(); owner && is_reusable) owner->keep(std::move(used));
    };
    co_return make_response(std::move(wire), std::move(*head), request, give_back);
}

}  // namespace carrel::net
