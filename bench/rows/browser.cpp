#include <fmt/format.h>

#include <algorithm>
#include <chrono>

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

/// Answers /late after that time; any other path is a page that changes wholly when a click's answer has
/// come, or, asked with ?at_once, at the click.
constexpr std::chrono::milliseconds late{300};
constexpr std::string_view late_server = R"(import http.server, time
page = """<title>late</title><body style='margin:0;height:100vh'>late<script>let n = 0;
const turn = () => document.body.style.background = n++ % 2 ? 'white' : 'gold';
onclick = () => location.search ? turn() : fetch('/late').then((answer) => answer.text()).then(turn)</script>"""
class Late(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/late': time.sleep(0.3)
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(page.encode())
    def log_message(self, *rest): pass
http.server.ThreadingHTTPServer(('127.0.0.1', 8300), Late).serve_forever()
)";

/// Times of settled clicks on that page, less what the page itself takes.
Samples click_on_page(HttpClient& http, const Desk& desk, std::string_view query,
                      std::chrono::milliseconds own, int count) {
    const auto page = json::to_text(json::Object{{"url", fmt::format("http://127.0.0.1:8300/{}", query)}});
    const auto end = Clock::now() + std::chrono::seconds{30};
    while (!http.must("POST", desk.at("/browser/cdp/navigate"), page).body.contains(R"("success":true)"))
        if (Clock::now() > end) throw core::Error{core::Code::timeout, "no page within 30 s"};
    const auto click = [&] {
        const auto answer =
            http.must("POST", desk.at("/mouse/click"),
                      R"({"button":"left_click","coordinate":{"x":400,"y":400},"screenshot":false})");
        if (!answer.body.contains(R"("observed":"settled")"))
            throw core::Error{core::Code::internal, "a click on a page did not settle: " + answer.body};
    };
    auto samples = measure(count, click);
    for (auto& sample : samples) sample -= own;
    return samples;
}

void measure_late_pages(HttpClient& http, const Desk& desk, int count) {
    http.must("POST", desk.at("/file/write"),
              json::to_text(json::Object{{"path", "/home/agent/late.py"}, {"file_text", late_server}}));
    http.must("POST", desk.at("/terminal/execute"), R"({"command":"python3 late.py >late.log 2>&1 &"})");
    print_row("late page", click_on_page(http, desk, "", late, count));
    print_row("page at once", click_on_page(http, desk, "?at_once", {}, count));
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
    measure_late_pages(http, *desk, std::min(count, 40));
}

}  // namespace carrel::bench
