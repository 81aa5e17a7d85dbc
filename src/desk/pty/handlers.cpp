// The operations of terminals over HTTP.
#include "core/clock.hpp"
#include "desk/processes/child_wishes.hpp"
#include "desk/pty/control.hpp"
#include "desk/pty/ptys.hpp"
#include "net/websocket_handshake.hpp"
#include "ops/desk/pty.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::pty {

namespace {

/// A terminal that waits for its client, and ends with it also when that one never comes.
struct Promised {
    std::shared_ptr<Pty> pty;
    explicit Promised(std::shared_ptr<Pty> made) : pty{std::move(made)} {}
    ~Promised() { pty->hang_up(); }
    Promised(const Promised&) = delete;
    Promised& operator=(const Promised&) = delete;
};

Task<net::Response> open(Ptys& ptys, net::Request& request) {
    net::require_handshake(request);
    auto wish = rest::decode_query(request, ops::open_pty_shape());
    processes::check_command(wish.command, "query");
    processes::check_folder(wish.cwd, "query");
    const auto promised = std::make_shared<Promised>(
        ptys.open(std::move(wish.pty_id), {.command = std::move(wish.command),
                                           .folder = std::move(wish.cwd),
                                           .size = {.columns = wish.cols, .rows = wish.rows}}));
    co_return net::accept_websocket(request, {pty_subprotocol}, {}, [promised](net::WebSocket& client) {
        return serve_pty(promised->pty, client);
    });
}

json::Object describe(const Pty& pty) {
    return {{"pty_id", pty.id()},       {"pid", pty.process()},
            {"command", pty.command()}, {"cols", pty.size().columns},
            {"rows", pty.size().rows},  {"started_at", core::to_rfc3339(pty.started())}};
}

net::Response list(const Ptys& ptys) {
    json::Array all;
    for (const auto& pty : ptys.find({})) all.push_back(describe(*pty));
    return rest::json_answer({{"success", true}, {"ptys", std::move(all)}});
}

template <class Change>
net::Response change(const Ptys& ptys, const std::string& id, Change apply) {
    json::Array ids;
    for (const auto& pty : ptys.find(id)) {
        apply(*pty);
        ids.emplace_back(pty->id());
    }
    return rest::json_answer({{"success", true}, {"pty_ids", std::move(ids)}});
}

Task<net::Response> resize(Ptys& ptys, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::resize_pty_shape());
    co_return change(ptys, wish.pty_id,
                     [&](Pty& pty) { pty.resize({.columns = wish.cols, .rows = wish.rows}); });
}

Task<net::Response> send_signal(Ptys& ptys, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::signal_pty_shape());
    const auto number = processes::get_signal(wish.signal);
    co_return change(ptys, wish.pty_id, [&](Pty& pty) { pty.signal(number); });
}

Task<net::Response> close(Ptys& ptys, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::close_pty_shape());
    co_return change(ptys, wish.pty_id, [](Pty& pty) { pty.hang_up(); });
}

}  // namespace

std::vector<rest::Binding> bind_ptys(Ptys& ptys) {
    return {
        {"terminal/pty", "GET", [&](net::Request& request) { return open(ptys, request); }},
        {"terminal/pty/list", "GET", [&](net::Request&) -> Task<net::Response> { co_return list(ptys); }},
        {"terminal/pty/resize", "POST", [&](net::Request& request) { return resize(ptys, request); }},
        {"terminal/pty/signal", "POST", [&](net::Request& request) { return send_signal(ptys, request); }},
        {"terminal/pty/close", "POST", [&](net::Request& request) { return close(ptys, request); }},
    };
}

}  // namespace carrel::desk::pty
