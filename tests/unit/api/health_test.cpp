#include "api/state/health.hpp"

#include <doctest/doctest.h>

using namespace carrel::api;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t plenty = std::uint64_t{50} << 30;

Vitals well() {
    Vitals vitals;
    vitals.room = {.free = plenty, .all = plenty};
    return vitals;
}

using Words = std::vector<std::string_view>;

}  // namespace

TEST_CASE("a server is healthy, degraded with its reasons, or unhealthy where nothing can be made") {
    struct Case {
        void (*change)(Vitals&);
        std::string_view status;
        Words reasons;
    };
    const Case cases[] = {
        {[](Vitals&) {}, "healthy", {}},
        {[](Vitals& v) { v.has_model_key = false; }, "degraded", {"no_model_key"}},
        {[](Vitals& v) { v.host_warnings = 2; }, "degraded", {"host_lacking"}},
        {[](Vitals& v) { v.store_took = 700ms; }, "degraded", {"store_slow"}},
        {[](Vitals& v) { v.room.free = 1000; }, "degraded", {"disk_low"}},
        {[](Vitals& v) { v.desks = v.most_desks; }, "degraded", {"no_free_desk"}},
        {[](Vitals& v) { v.failed_creations = 1; }, "degraded", {"desks_fail"}},
        {[](Vitals& v) { v.failed_creations = 3; }, "unhealthy", {"desks_fail"}},
        {[](Vitals& v) { v.store = "failed"; }, "unhealthy", {"store_failed"}},
        {[](Vitals& v) {
             v.store = "full";
             v.room.free = 0;
         },
         "unhealthy",
         {"disk_full"}},
        {[](Vitals& v) { v.can_start_desks = false; }, "unhealthy", {"no_desks"}},
        {[](Vitals& v) {
             v.can_start_desks = false;
             v.has_model_key = false;
         },
         "unhealthy",
         {"no_desks", "no_model_key"}},
    };
    for (const auto& [change, status, reasons] : cases) {
        auto vitals = well();
        change(vitals);
        const auto verdict = judge(vitals);
        CHECK(verdict.status == status);
        CHECK(verdict.reasons == reasons);
    }
}
