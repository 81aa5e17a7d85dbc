// The whole of /api/v1 and the page: one Handler for net::Server.
#pragma once

#include "api/callers/auth.hpp"
#include "api/images.hpp"
#include "api/state/sources.hpp"
#include "fleet/load.hpp"
#include "net/router.hpp"
#include "net/server.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// What a client of the server may cost it.
net::ServerLimits server_limits();

class Api final : public net::Handler {
public:
    /// Binds every operation row to its handler; throws Error{internal} when they do not match.
    /// What is referred to must outlive it.
    /// It counts what is asked, and how sessions are made, in `sources.metrics`.
    Api(async::Executor executor, Sources sources, session::Models& models, people::People& people,
        Gatekeeper gatekeeper, async::Pool& pool, ListImages images);

    /// Checks Host first, whatever is asked; every answer carries the headers that keep browsers honest.
    async::Task<net::Response> handle(net::Request& request) override;

private:
    Gatekeeper gatekeeper_;
    fleet::Loads loads_;
    net::Router router_;
};

}  // namespace carrel::api
