#include "net/status.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using core::Code;
using net::find_code;
using net::status_of;

namespace {

struct Case {
    Code code;
    const char* reason;
    int status;
};
const Case cases[] = {
    {Code::invalid, "", 400},
    {Code::invalid, "method_not_allowed", 405},
    {Code::invalid, "too_large", 413},
    {Code::invalid, "unsupported_media_type", 415},
    {Code::invalid, "out_of_range", 416},
    {Code::invalid, "expectation_failed", 417},
    {Code::invalid, "validation_failed", 422},
    {Code::invalid, "unknown_provider", 422},
    {Code::invalid, "unsupported_model", 422},
    {Code::invalid, "takes_no_key", 422},
    {Code::invalid, "no_image", 422},
    {Code::invalid, "beyond_the_bounds", 422},
    {Code::invalid, "desk_too_large", 422},
    {Code::invalid, "too_many_workspaces", 422},
    {Code::invalid, "home_too_large", 422},
    {Code::invalid, "upgrade_required", 426},
    {Code::unauthorized, "", 401},
    {Code::forbidden, "", 403},
    {Code::not_found, "", 404},
    {Code::not_found, "no_such_tab", 404},
    {Code::conflict, "", 409},
    {Code::exhausted, "", 507},
    {Code::exhausted, "disk_full", 507},
    {Code::exhausted, "clipboard_too_large", 507},
    {Code::exhausted, "head_too_large", 431},
    {Code::exhausted, "too_many_connections", 503},
    {Code::exhausted, "too_many_bodies", 503},
    {Code::exhausted, "too_many_calls", 503},
    {Code::exhausted, "too_many_wrong_keys", 429},
    {Code::exhausted, "no_free_desk", 503},
    {Code::exhausted, "no_descriptors", 503},
    {Code::exhausted, "no_memory", 503},
    {Code::timeout, "", 504},
    {Code::timeout, "browser_hung", 504},
    {Code::timeout, "request_timeout", 408},
    {Code::unavailable, "", 503},
    {Code::unavailable, "display_restarted", 503},
    {Code::unavailable, "tool_server_restarted", 502},
    {Code::unavailable, "bad_desk_answer", 502},
    {Code::internal, "", 500},
};

}  // namespace

TEST_CASE("an error's status tells its code again, whatever the reason") {
    for (const auto& each : cases) {
        const core::Error error{each.code, "it went wrong", each.reason};
        CAPTURE(error.reason());
        CHECK(status_of(error) == each.status);
        CHECK(find_code(status_of(error), error.reason()) == each.code);
        CHECK(net::phrase_of(each.status) != "Unknown");
    }
}

TEST_CASE("a status tells a code without its reason too, the usual one where several have it") {
    struct Told {
        int status;
        Code code;
    };
    for (const auto& [status, code] :
         {Told{400, Code::invalid}, Told{408, Code::timeout}, Told{413, Code::invalid},
          Told{422, Code::invalid}, Told{431, Code::exhausted}, Told{502, Code::unavailable},
          Told{503, Code::unavailable}, Told{507, Code::exhausted}}) {
        CAPTURE(status);
        CHECK(find_code(status, "") == code);
        CHECK(find_code(status, "some_word") == code);
    }
    // A reason is believed only together with its status.
    CHECK(find_code(404, "no_free_desk") == Code::not_found);
    for (const int status : {0, 200, 304, 418, 599}) CHECK_FALSE(find_code(status, "too_large"));
}

TEST_CASE("a reason has its status only where it belongs to the code") {
    CHECK(status_of({Code::not_found, "x", "too_large"}) == 404);
}
