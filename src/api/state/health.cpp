#include "api/state/health.hpp"

#include "api/state/about.hpp"
#include "core/log.hpp"
#include "rest/answers.hpp"

namespace carrel::api {

namespace {

using net::Response;
using namespace std::chrono_literals;

constexpr std::string_view store_well = "ok";
constexpr std::string_view store_full = "full";
/// What a desk may write by default, and the server's own.
constexpr std::uint64_t low_room = std::uint64_t{1} << 30;
constexpr auto slow_store = 500ms;
/// One may be a desk's own bad day; nothing was made between so many.
constexpr std::size_t many_failures = 3;

/// store_well, store_full, or "failed".
Task<std::string_view> status_of_store(store::Store& store) {
    try {
        co_await store.check();
        co_return store_well;
    } catch (const core::Error& error) {
        core::log_error("the store is not well: {}", error.message());
        co_return error.reason() == "disk_full" ? store_full : "failed";
    }
}

std::string_view status_of_desks(const Vitals& vitals) {
    if (!vitals.can_start_desks) return "failed";
    if (vitals.failed_creations > 0) return "failing";
    return vitals.desks >= vitals.most_desks ? "full" : "ok";
}

std::string_view status_of_disk(const Vitals& vitals) { return vitals.room.free < low_room ? "low" : "ok"; }

bool has_key(const Sources& sources, const Principal& principal) {
    const bool is_guest = principal.role == ops::Role::guest;
    return sources.models.has_key(is_guest ? ops::local_principal().name : principal.name,
                                  std::string{sources.models.default_provider().vendor.name});
}

/// What the host lacks, in sentences: for those who may change it, and not for whoever can reach the port.
json::Array told_warnings(const fleet::Capabilities& capabilities, const Principal& principal) {
    json::Array told;
    if (principal.may(ops::Permission::create))
        for (const auto& warning : capabilities.warnings) told.emplace_back(warning);
    return told;
}

json::Object checks_of(const Vitals& vitals, const Sources& sources, json::Array warnings) {
    json::Object host{{"status", vitals.host_warnings == 0 ? "ok" : "lacking"},
                      {"lacks", vitals.host_warnings}};
    if (!warnings.empty()) host["warnings"] = std::move(warnings);
    return {{"database", json::Object{{"status", vitals.store}, {"type", "sqlite"}}},
            {"api_key", json::Object{{"status", vitals.has_model_key ? "set" : "missing"},
                                     {"provider", sources.models.default_provider().vendor.name}}},
            {"desks", json::Object{{"status", status_of_desks(vitals)}}},
            {"disk", json::Object{{"status", status_of_disk(vitals)}}},
            {"host", std::move(host)}};
}

Task<Response> health(Sources sources, Principal principal) {
    const auto began = std::chrono::steady_clock::now();
    const auto store = co_await status_of_store(sources.store);
    const auto took = std::chrono::steady_clock::now() - began;
    const auto capabilities = sources.fleet.capabilities();
    const Vitals vitals{.store = store,
                        .store_took = std::chrono::duration_cast<std::chrono::milliseconds>(took),
                        .room = sources.store.room(),
                        .has_model_key = has_key(sources, principal),
                        .can_start_desks = capabilities.can_start,
                        .failed_creations = sources.service.failed_creations(),
                        .desks = sources.fleet.places().held(),
                        .most_desks = sources.fleet.most_desks(),
                        .host_warnings = capabilities.warnings.size()};
    const auto verdict = judge(vitals);
    co_return rest::json_answer(
        verdict.status == "unhealthy" ? 503 : 200,
        json::Object{{"status", verdict.status},
                     {"reasons", json::Array(verdict.reasons.begin(), verdict.reasons.end())},
                     {"version", version},
                     {"timestamp", core::to_rfc3339(sources.clock.now())},
                     {"checks", checks_of(vitals, sources, told_warnings(capabilities, principal))}});
}

Task<Response> ready(store::Store& store) {
    // On a full disk it still serves: deleting sessions is how room is made.
    const auto status = co_await status_of_store(store);
    if (status != store_well && status != store_full)
        throw core::Error{core::Code::unavailable, "the store does not answer"};
    co_return rest::json_answer(200, json::Object{{"status", "ready"}});
}

}  // namespace

Verdict judge(const Vitals& vitals) {
    Verdict verdict{"healthy", {}};
    const auto note = [&verdict](bool is_so, std::string_view status, std::string_view reason) {
        if (!is_so) return;
        if (verdict.status != "unhealthy") verdict.status = status;
        verdict.reasons.push_back(reason);
    };
    note(vitals.store == store_full, "unhealthy", "disk_full");
    note(vitals.store != store_well && vitals.store != store_full, "unhealthy", "store_failed");
    note(!vitals.can_start_desks, "unhealthy", "no_desks");
    note(vitals.failed_creations > 0, vitals.failed_creations >= many_failures ? "unhealthy" : "degraded",
         "desks_fail");
    note(vitals.store_took >= slow_store, "degraded", "store_slow");
    note(vitals.room.free < low_room && vitals.store != store_full, "degraded", "disk_low");
    note(vitals.desks >= vitals.most_desks, "degraded", "no_free_desk");
    note(!vitals.has_model_key, "degraded", "no_model_key");
    note(vitals.host_warnings > 0, "degraded", "host_lacking");
    return verdict;
}

std::vector<Binding> health_bindings(Sources sources) {
    return {
        {"health",
         [sources](net::Request&, const Principal& principal) { return health(sources, principal); }},
        {"health/ready", [&store = sources.store](net::Request&, const Principal&) { return ready(store); }}};
}

}  // namespace carrel::api
