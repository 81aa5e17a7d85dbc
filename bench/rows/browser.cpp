#include <fmt/format.h>

#include "bench/bare/devtools.hpp"
#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

namespace {

std::string tab_id(HttpClient& http, const Desk& desk) {
    const auto answer = core::value_or_throw(json::parse(http.must("GET", desk.at("/browser/tabs")).body));
    const auto* tabs = json::find(answer, "tabs");
    if (!tabs || !tabs->is_array() || tabs->get_array().empty())
        throw core::Error{core::Code::internal, "the browser has no tab"};
    return std::string{json::text_or(tabs->get_array()[0], "tab_id")};
}

}  // namespace

void measure_browser(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    http.must("POST", desk->at("/browser/cdp/navigate"), R"({"url":"data:text/html,<title>bench</title>"})");
    BareDevtools bare{first_process(target, *desk), "/devtools/page/" + tab_id(http, *desk)};
    const std::string script = R"({"script":"1 + 1"})";
    const std::string call = R"({"id":1,"method":"Runtime.evaluate","params":{"expression":"1 + 1"}})";
    // In turn, so that both meet the same machine and the same browser.
    Samples through, floor;
    for (int i = 0; i < count; ++i) {
        through.push_back(time_of([&] { http.must("POST", desk->at("/browser/cdp/evaluate"), script); }));
        floor.push_back(time_of([&] { bare.call(call); }));
    }
    print_row("evaluate", through);
    print_row("evaluate floor", floor);
}

}  // namespace carrel::bench
