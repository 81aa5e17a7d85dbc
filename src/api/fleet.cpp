#include "api/fleet.hpp"

#include "api/service_binding.hpp"
#include "ops/server.hpp"
#include "rest/answers.hpp"
#include "rest/requests.hpp"

namespace carrel::api {

namespace {

using net::Request;
using net::Response;
using session::SessionService;

Task<Response> list_queue(SessionService& service, Request&, Principal principal) {
    json::Array waiting;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& waiter : service.waiting(principal))
        waiting.push_back(
            json::Object{{"session_id", waiter.session},
                         {"position", waiter.position},
                         {"waiting_seconds",
                          std::chrono::duration_cast<std::chrono::seconds>(now - waiter.since).count()}});
    co_return rest::json_answer(
        200, json::Object{{"waiting", std::move(waiting)}, {"length", service.waiting_count()}});
}

Task<Response> list_pools(SessionService& service, Request&, Principal) {
    json::Array pools;
    for (const auto& pool : service.pools())
        pools.push_back(json::Object{{"image", pool.image},
                                     {"size", pool.bounds.size},
                                     {"most", pool.bounds.most},
                                     {"wanted", pool.wanted},
                                     {"ready", pool.ready},
                                     {"making", pool.making}});
    co_return rest::json_answer(200, json::Object{{"pools", std::move(pools)}});
}

Task<Response> clean_up(SessionService& service, Request& request, Principal) {
    const auto asked = rest::decode_query(request, ops::clean_up_shape());
    const auto done = co_await service.clean_up(std::chrono::seconds{asked.max_idle});
    co_return rest::json_answer(200, json::Object{{"cleaned", done.ended}, {"active", done.left}});
}

}  // namespace

std::vector<Binding> fleet_bindings(SessionService& service) {
    const auto with = [&service](std::string_view name, ServiceFunction function) {
        return service_binding(service, name, function);
    };
    return {with("queue/list", list_queue), with("pools/list", list_pools), with("admin/cleanup", clean_up)};
}

}  // namespace carrel::api
