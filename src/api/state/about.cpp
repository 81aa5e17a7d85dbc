#include "api/state/about.hpp"

#include "api/callers/people.hpp"
#include "api/web.hpp"
#include "ops/principal.hpp"
#include "ops/server.hpp"
#include "rest/answers.hpp"
#include "rest/requests.hpp"

namespace carrel::api {

namespace {

using net::Request;
using net::Response;
using session::Models;
using session::SessionService;

/// What a person who chooses needs to know of a vendor.
json::Object view(const session::Provider& provider, bool has_key) {
    const auto& vendor = provider.vendor;
    return {{"name", vendor.name},
            {"title", vendor.title},
            {"needs_key", vendor.needs_key},
            {"has_key", vendor.needs_key && has_key},
            {"key_variable", vendor.key_variable},
            {"key_hint", vendor.key_hint},
            {"default_model", provider.default_model},
            {"models", json::Array(vendor.models.begin(), vendor.models.end())}};
}

Task<Response> config(SessionService& service, const Models& models, Principal principal, bool needs_login) {
    json::Array names;
    json::Array providers;
    for (const auto& provider : models.providers()) {
        names.emplace_back(provider.vendor.name);
        const auto has_key = models.has_key(principal.name, std::string{provider.vendor.name});
        providers.emplace_back(view(provider, has_key));
    }
    const auto& standard = models.default_provider();
    const auto network = core::name_of(service.new_desk(principal.name).network);
    co_return rest::json_answer(200, json::Object{{"app_name", "Carrel"},
                                                  {"version", version},
                                                  {"api_provider", standard.vendor.name},
                                                  {"default_model", standard.default_model},
                                                  {"default_network", network},
                                                  {"vnc_url", "/desk/{id}"},
                                                  {"available_providers", std::move(names)},
                                                  {"providers", std::move(providers)},
                                                  {"needs_login", needs_login},
                                                  {"user", principal.name},
                                                  {"role", ops::name_of(principal.role)}});
}

/// Anybody can send one: no more than a key needs.
constexpr std::size_t largest_log_in = std::size_t{8} << 10;

Task<Response> log_in(Gatekeeper& gatekeeper, Request& request) {
    const auto asked = co_await rest::decode_body(request, ops::log_in_shape(), largest_log_in);
    auto response = rest::json_answer(200, json::Object{{"status", "logged_in"}});
    response.headers.add("Set-Cookie", gatekeeper.log_in(request, asked.key));
    co_return response;
}

Task<Response> log_out(Gatekeeper& gatekeeper, Request& request) {
    Response response{.status = 204};
    response.headers.add("Set-Cookie", gatekeeper.log_out(request));
    co_return response;
}

Task<Response> set_key(Models& models, Request& request, Principal principal) {
    auto asked = co_await rest::decode_body(request, ops::set_credential_shape());
    models.set_key(principal.name, asked.provider, std::move(asked.key));
    co_return Response{.status = 204};
}

Task<Response> forget_key(Models& models, Request& request, Principal principal) {
    const auto asked = co_await rest::decode_body(request, ops::forget_credential_shape());
    models.forget_key(principal.name, asked.provider);
    co_return Response{.status = 204};
}

Task<Response> page(Request& request, std::string name) { co_return page_file(request, name); }

Task<Response> live() { co_return rest::json_answer(200, json::Object{{"status", "alive"}}); }

}  // namespace

std::vector<Binding> about_bindings(SessionService& service, Models& models, Gatekeeper& gatekeeper,
                                    const core::Clock& clock) {
    return {
        {"health/live", [](Request&, const Principal&) { return live(); }},
        {"config",
         [&](Request&, const Principal& principal) {
             return config(service, models, principal, gatekeeper.needs_key());
         }},
        {"login", [&](Request& request, const Principal&) { return log_in(gatekeeper, request); }},
        {"logout", [&](Request& request, const Principal&) { return log_out(gatekeeper, request); }},
        {"credentials/set",
         [&](Request& request, const Principal& principal) { return set_key(models, request, principal); }},
        {"credentials/forget",
         [&](Request& request, const Principal& principal) {
             return forget_key(models, request, principal);
         }},
        {"page/index", [](Request& request, const Principal&) { return page(request, "index.html"); }},
        {"page/desk",
         [&](Request& request, const Principal&) { return desk_page(gatekeeper, clock, request); }},
        {"page/asset",
         [](Request& request, const Principal&) { return page(request, request.parameters.at("name")); }},
    };
}

}  // namespace carrel::api
