// One request and its answer: what a Connection knows of it alone ends with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "async/gate.hpp"
#include "core/error.hpp"
#include "net/body.hpp"
#include "net/framing.hpp"
#include "net/head_writer.hpp"
#include "net/http.hpp"
#include "net/limits/body_budget.hpp"
#include "net/server.hpp"
#include "net/wire.hpp"

namespace carrel::net {

/// Whether the server looks after its connections now and then, or rests until something happens on one.
struct Rest {
    explicit Rest(const async::Executor& executor) : over{executor} {}

    /// Costs a comparison while the server does not rest.
    void end() {
        if (std::exchange(is_on, false)) over.notify_all();
    }

    bool is_on = false;
    async::Gate over;
};

/// What the connections of a server share. Outlives them.
struct Shared {
    Handler& handler;
    ServerLimits limits;
    std::string id_prefix;  ///< of request ids; random per process
    std::shared_ptr<Rest> rest;
    std::uint64_t id_count = 0;  ///< requests so far
    DateLine date = {};
    BodyBudget bodies{limits.collected_bytes};
};

/// serve() or refuse() is called once.
class Exchange {
public:
    Exchange(Shared& shared, std::shared_ptr<Wire> wire);

    /// Answers the request that the head begins, by the handler; with a 503 when `is_refused`, unless it is
    /// for what is always answered. Whether the
    /// connection can carry another request then.
    Task<bool> serve(RequestHead head, Peer peer, bool is_refused);
    /// Answers what is no request.
    Task<> refuse(const core::Error& why);

    /// Whether it is for nobody once the client has gone away: a stream is being sent, or the handler does
    /// what may be dropped.
    bool ends_with_client() const;
    /// Whether the client has shown that it may call us.
    bool is_known() const { return request_.is_known; }
    /// Whether some of the request is still to be read.
    bool has_unread_body() const { return !body_->is_done(); }

private:
    enum class Stage { reading, handling, sending, streaming };

    /// Whether the request's target is one.
    bool take(RequestHead head, Peer peer);
    Task<Response> answer(bool has_target, bool is_refused);
    Task<Response> ask_handler();
    /// Whether what the handler left of the body can be read, for the next request.
    bool can_drain() const;
    Task<bool> drain();

    Task<> send(Response response);
    std::string make_head(Response& response);
    Task<> send_stream(StreamedBody streamed, std::string head);
    Task<> upgrade(Response response, std::string head);

    Shared& shared_;
    std::shared_ptr<Wire> wire_;
    std::shared_ptr<BodyReader> body_;
    Request request_;
    Stage stage_ = Stage::reading;
    bool keep_alive_ = false;    ///< the connection goes on after this
    bool speaks_chunks_ = true;  ///< the request is HTTP/1.1
};

}  // namespace carrel::net
