#include "api/api.hpp"

#include <iterator>

#include "api/callers/people.hpp"
#include "api/desks.hpp"
#include "api/errors.hpp"
#include "api/events.hpp"
#include "api/fleet.hpp"
#include "api/routes.hpp"
#include "api/sessions.hpp"
#include "api/state/about.hpp"
#include "api/state/figures.hpp"
#include "api/state/health.hpp"
#include "api/workspaces.hpp"

namespace carrel::api {

namespace {

void append(std::vector<Binding>& all, std::vector<Binding> some) {
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
}

/// No answer of ours may be sniffed for another type, framed or embedded by others, or kept by caches
/// unless its handler says so.
void protect(net::Response& response) {
    if (response.status == 101) return;
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Cross-Origin-Resource-Policy", "same-origin");
    response.headers.set("Referrer-Policy", "no-referrer");
    if (!response.headers.has("Content-Security-Policy"))
        response.headers.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    if (!response.headers.has("Cache-Control")) response.headers.set("Cache-Control", "no-store");
}

/// Counts sessions that are made, and answers who counts and tells of all answers.
Observer watch(metrics::Metrics& metrics, session::SessionService& service) {
    // Every desk is made for its session.
    service.watch_creations([&metrics](const fleet::Started& started, auto took) {
        metrics.note_creation(started.was_warm ? "hit" : "miss", started.timings, took);
    });
    return [&metrics](const Answered& answered) {
        metrics.note_operation(answered.row.name, answered.row.method, answered.status, answered.took);
        log_access(answered);
    };
}

/// Whoever watches over the server asks this, and takes no answer for its end.
bool asks_for_health(const net::Request& request) {
    return request.method == "GET" && request.path.starts_with("/api/v1/health");
}

}  // namespace

net::ServerLimits server_limits() {
    return {.connections = 1024,
            .connections_of_one = 512,
            .strangers = 256,
            .collected_bytes = 32uz << 20,
            .is_always_answered = asks_for_health};
}

Api::Api(async::Executor executor, Sources sources, session::Models& models, people::People& people,
         Gatekeeper gatekeeper, async::Pool& pool, ListImages images)
    : gatekeeper_{std::move(gatekeeper)},
      loads_{std::move(executor), sources.fleet},
      router_{any_error_response} {
    auto& service = sources.service;
    const auto& clock = sources.clock;
    const auto observer = watch(sources.metrics, service);
    std::vector<Binding> bindings;
    append(bindings, health_bindings(sources));
    append(bindings, {figures_binding(sources, loads_)});
    append(bindings, session_bindings(service));
    append(bindings, fleet_bindings(service));
    append(bindings, event_bindings(service));
    append(bindings, desk_bindings(service));
    append(bindings, image_bindings(pool, std::move(images)));
    append(bindings, people_bindings(people, service, gatekeeper_));
    append(bindings, workspace_bindings(service));
    append(bindings, about_bindings(service, models, gatekeeper_, clock));
    add_routes(router_, gatekeeper_, ops::server_operations(), bindings, observer);
    add_desk_routes(router_, gatekeeper_, service, observer);
}

Task<net::Response> Api::handle(net::Request& request) {
    net::Response response;
    try {
        gatekeeper_.check_host(request);
        response = co_await router_.handle(request);
    } catch (const core::Error& error) {
        response = any_error_response(error, request);
    }
    protect(response);
    co_return response;
}

}  // namespace carrel::api
