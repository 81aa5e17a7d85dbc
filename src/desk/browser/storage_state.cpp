#include "desk/browser/storage_state.hpp"

#include <fmt/format.h>

#include "core/text.hpp"
#include "desk/cdp/navigation.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::browser {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;

constexpr std::size_t most_origins = 200;
constexpr std::size_t most_items = 10'000;
constexpr auto site_loading_time = 10s;

/// By number: a key that is named as a member of Storage ("length", "key") is no property of it.
constexpr auto read_items_script =
    "() => Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i))"
    ".map((name) => ({ name, value: localStorage.getItem(name) }))";
constexpr auto write_items_script =
    "(items) => { for (const [name, value] of items) localStorage.setItem(name, value); }";

/// A tab that nobody sees, in which every address is an empty page: no request goes out, and no service
/// worker of a site is woken, whose own requests would.
class Workbench {
public:
    static Task<std::unique_ptr<Workbench>> open(BrowserControl& control) {
        auto tab = co_await control.tabs.open_hidden();
        auto bench = std::make_unique<Workbench>(control, tab);
        co_await tab->call("Network.enable", {});
        co_await tab->call("Network.setBypassServiceWorker", {{"bypass", true}});
        co_await tab->call("Fetch.enable", {{"patterns", json::Array{json::Object{{"urlPattern", "*"}}}}});
        co_return bench;
    }

    Workbench(BrowserControl& control, std::shared_ptr<cdp::Tab> tab) : control_{control}, tab_{tab} {
        events_ = tab->subscribe([weak = std::weak_ptr{tab}](const cdp::CdpEvent& event) {
            const auto held = weak.lock();
            if (!held || event.method != "Fetch.requestPaused") return;
            held->post("Fetch.fulfillRequest",
                       {{"requestId", json::text_or(event.params, "requestId")},
                        {"responseCode", 200},
                        {"responseHeaders",
                         json::Array{json::Object{{"name", "Content-Type"}, {"value", "text/html"}}}},
                        {"body", ""}});
        });
    }
    ~Workbench() { control_.cdp.post({}, "Target.closeTarget", {{"targetId", tab_->id()}}); }
    Workbench(const Workbench&) = delete;
    Workbench& operator=(const Workbench&) = delete;

    Task<json::Value> run_at(std::string origin, std::string script, json::Array arguments) {
        co_await cdp::navigate(control_.executor, tab_, origin + "/", "commit", site_loading_time);
        co_return co_await tab_->run(std::move(script), std::move(arguments));
    }

private:
    BrowserControl& control_;
    std::shared_ptr<cdp::Tab> tab_;
    cdp::Cdp::Subscription events_;
};

void add_frame_origins(const json::Value& tree, std::set<std::string>& origins) {
    if (const auto* frame = json::find(tree, "frame"))
        if (auto origin = origin_of(json::text_or(*frame, "url")); !origin.empty())
            origins.insert(std::move(origin));
    if (const auto* children = json::find(tree, "childFrames"); children && children->is_array())
        for (const auto& child : children->get_array()) add_frame_origins(child, origins);
}

const json::Value& member_or(const json::Object& object, std::string_view name,
                             const json::Value& otherwise) {
    const auto* value = object.if_contains(name);
    return value ? *value : otherwise;
}

/// Of a cookie that is kept for one top-level site alone (CHIPS), in Playwright's words.
constexpr auto cross_site_name = "_crHasCrossSiteAncestor";

void add_partition(const json::Value& key, json::Object& cookie) {
    const auto* object = key.if_object();
    if (!object) return;
    cookie["partitionKey"] = json::text_or(key, "topLevelSite");
    cookie[cross_site_name] = member_or(*object, "hasCrossSiteAncestor", true);
}

json::Array items_as_lists(const Items& items) {
    json::Array list;
    for (const auto& [name, value] : items) list.push_back(json::Array{name, value});
    return list;
}

}  // namespace

std::string origin_of(std::string_view url) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (!core::to_lower(url.substr(0, scheme.size())).starts_with(scheme)) continue;
        const auto rest = url.substr(scheme.size());
        const auto host = rest.substr(0, rest.find_first_of("/?#"));
        const auto place = host.rfind('@');
        const auto bare = place == host.npos ? host : host.substr(place + 1);
        return bare.empty() ? std::string{} : std::string{scheme} + core::to_lower(bare);
    }
    return {};
}

json::Array to_saved_cookies(const json::Value& answer) {
    json::Array saved;
    const auto* cookies = json::find(answer, "cookies");
    if (!cookies || !cookies->is_array()) return saved;
    for (const auto& cookie : cookies->get_array()) {
        const auto* object = cookie.if_object();
        if (!object) continue;
        const bool is_of_session = member_or(*object, "session", false) == json::Value(true);
        json::Object made{{"name", json::text_or(cookie, "name")},
                          {"value", json::text_or(cookie, "value")},
                          {"domain", json::text_or(cookie, "domain")},
                          {"path", json::text_or(cookie, "path", "/")},
                          {"expires", is_of_session ? json::Value(-1) : member_or(*object, "expires", -1)},
                          {"httpOnly", member_or(*object, "httpOnly", false)},
                          {"secure", member_or(*object, "secure", false)},
                          {"sameSite", json::text_or(cookie, "sameSite", "Lax")}};
        if (const auto* key = json::find(cookie, "partitionKey")) add_partition(*key, made);
        saved.push_back(std::move(made));
    }
    return saved;
}

/// What is wrong with it; empty when nothing is.
std::string_view partition_problem(const json::Object& cookie) {
    const auto* key = cookie.if_contains("partitionKey");
    const auto* ancestor = cookie.if_contains(cross_site_name);
    if (key && (!key->is_string() || key->as_string().empty()))
        return "needs a partitionKey that is a site, such as https://example.com";
    if (ancestor && !ancestor->is_bool()) return "needs a _crHasCrossSiteAncestor of true or false";
    return {};
}

core::Expected<json::Array> to_browser_cookies(const std::vector<json::Object>& cookies) {
    json::Array result;
    for (std::size_t i = 0; i < cookies.size(); ++i) {
        const auto& cookie = cookies[i];
        const auto wrong = [&](std::string_view what) {
            return core::refuse(fmt::format("cookies[{}] {}", i, what));
        };
        // document.cookie = "value" has none: an empty one.
        if (!cookie.contains("name") || !cookie.at("name").is_string()) return wrong("needs a name, a text");
        if (!cookie.contains("value") || !cookie.at("value").is_string())
            return wrong("needs a value, a text");
        if (cookie.at("name").as_string().empty() && cookie.at("value").as_string().empty())
            return wrong("needs a name or a value");
        if (json::text_or(cookie, "domain").empty() && json::text_or(cookie, "url").empty())
            return wrong("needs a domain or a url");
        const auto same_site = json::text_or(cookie, "sameSite");
        if (cookie.contains("sameSite") && same_site != "Strict" && same_site != "Lax" && same_site != "None")
            return wrong("needs a sameSite of Strict, Lax or None");
        const auto* expires = cookie.if_contains("expires");
        if (expires && !expires->is_number()) return wrong("needs an expires in seconds, or -1");
        if (const auto problem = partition_problem(cookie); !problem.empty()) return wrong(problem);
        json::Object made;
        for (const auto* name : {"name", "value", "url", "domain", "path", "sameSite"})
            if (const auto text = json::text_or(cookie, name); cookie.contains(name)) made[name] = text;
        for (const auto* name : {"httpOnly", "secure"})
            if (const auto* flag = cookie.if_contains(name); flag && flag->is_bool()) made[name] = *flag;
        if (expires && expires->to_number<double>() > 0) made["expires"] = *expires;
        if (cookie.contains("partitionKey"))
            made["partitionKey"] = {{"topLevelSite", cookie.at("partitionKey")},
                                    {"hasCrossSiteAncestor", member_or(cookie, cross_site_name, true)}};
        result.push_back(std::move(made));
    }
    return result;
}

core::Expected<std::map<std::string, Items>> read_origins(const std::vector<json::Object>& origins) {
    std::map<std::string, Items> result;
    for (std::size_t i = 0; i < origins.size(); ++i) {
        const auto wrong = [&](std::string_view what) {
            return core::refuse(fmt::format("origins[{}] {}", i, what));
        };
        const auto name = json::text_or(origins[i], "origin");
        if (name.empty() || origin_of(name) != core::to_lower(name))
            return wrong("needs an origin such as https://example.com");
        auto& items = result[origin_of(name)];
        const auto* list = origins[i].if_contains("localStorage");
        if (!list) continue;
        if (!list->is_array() || list->get_array().size() > most_items)
            return wrong("needs a localStorage that is a list of at most 10,000 items");
        for (const auto& item : list->get_array()) {
            const auto* key = json::find(item, "name");
            const auto* value = json::find(item, "value");
            if (!key || !key->is_string() || !value || !value->is_string())
                return wrong("has an item that is not {name, value} of texts");
            items.emplace_back(json::text_or(item, "name"), json::text_or(item, "value"));
        }
    }
    return result;
}

core::Expected<std::set<std::string>> parse_origins(std::string_view list) {
    std::set<std::string> origins;
    for (const auto part : core::split(list, ',')) {
        const auto text = core::trim(part);
        if (text.empty()) continue;
        if (origin_of(text) != core::to_lower(text))
            return core::refuse(fmt::format("\"{}\" is no origin such as https://example.com", text));
        origins.insert(origin_of(text));
    }
    return origins;
}

StorageStates::StorageStates(BrowserControl& control) : control_{control} {
    events_ = control.cdp.subscribe([this](const cdp::CdpEvent& event) {
        const auto* frame =
            event.method == "Page.frameNavigated" ? json::find(event.params, "frame") : nullptr;
        if (!frame || seen_.size() >= most_origins) return;
        if (auto origin = origin_of(json::text_or(*frame, "url")); !origin.empty())
            seen_.insert(std::move(origin));
    });
}

Task<std::set<std::string>> StorageStates::open_origins() {
    std::set<std::string> origins;
    for (const auto& info : co_await control_.tabs.list()) {
        if (auto origin = origin_of(info.url); !origin.empty()) origins.insert(std::move(origin));
        try {
            const auto tab = co_await control_.tabs.get(info.id);
            const auto answer = co_await tab->call("Page.getFrameTree", {}, 2s);
            if (const auto* tree = json::find(answer, "frameTree")) add_frame_origins(*tree, origins);
        } catch (const Error& error) {
            if (error.reason() == "browser_gone" || error.reason() == "browser_hung") throw;
            // One that is busy or gone has told its address: its frames are left out.
        }
    }
    co_return origins;
}

Task<json::Object> StorageStates::save(std::set<std::string> wanted) {
    wanted.merge(co_await open_origins());
    wanted.insert(seen_.begin(), seen_.end());
    if (wanted.size() > most_origins)
        throw Error{Code::conflict, fmt::format("more than {} origins at once", most_origins), "too_many"};
    json::Array origins;
    if (!wanted.empty()) {
        const auto bench = co_await Workbench::open(control_);
        for (const auto& origin : wanted) {
            auto items = co_await bench->run_at(origin, read_items_script, {});
            if (items.is_array() && !items.get_array().empty())
                origins.push_back(json::Object{{"origin", origin}, {"localStorage", std::move(items)}});
        }
    }
    const auto cookies = co_await control_.cdp.call({}, "Storage.getCookies");
    co_return json::Object{{"cookies", to_saved_cookies(cookies)}, {"origins", std::move(origins)}};
}

Task<json::Object> StorageStates::load(ops::StorageState state) {
    auto cookies = to_browser_cookies(state.cookies);
    if (!cookies) throw rest::unprocessable({"cookies"}, cookies.error().message());
    const auto origins = read_origins(state.origins);
    if (!origins) throw rest::unprocessable({"origins"}, origins.error().message());
    if (origins->size() > most_origins)
        throw rest::unprocessable({"origins"}, fmt::format("at most {} origins at once", most_origins));
    co_await control_.ensure_open();
    const auto count = cookies->size();
    if (count > 0) co_await control_.cdp.call({}, "Storage.setCookies", {{"cookies", std::move(*cookies)}});
    if (!origins->empty()) {
        const auto bench = co_await Workbench::open(control_);
        for (const auto& [origin, items] : *origins) {
            json::Array arguments;  // not by braces: a list in a list of one would be that list
            arguments.push_back(items_as_lists(items));
            co_await bench->run_at(origin, write_items_script, std::move(arguments));
            if (seen_.size() < most_origins) seen_.insert(origin);
        }
    }
    co_return json::Object{{"cookies", count}, {"origins", origins->size()}};
}

std::vector<rest::Binding> bind_storage(BrowserControl& control) {
    const auto states = std::make_shared<StorageStates>(control);
    return {
        {"browser/storage_state", "GET",
         [states](net::Request& request) -> Task<net::Response> {
             const auto wish = rest::decode_query(request, ops::get_storage_shape());
             auto wanted = parse_origins(wish.origins.value_or(""));
             if (!wanted)
                 throw rest::Unprocessable{{{{"origins"}, wanted.error().message(), "out_of_range"}},
                                           "query"};
             co_return co_await answer_of(states->save(std::move(*wanted)));
         }},
        {"browser/storage_state", "POST",
         [states](net::Request& request) -> Task<net::Response> {
             auto state = co_await rest::decode_body(request, ops::storage_state_shape(), largest_script);
             co_return co_await answer_of(states->load(std::move(state)));
         }},
    };
}

}  // namespace carrel::desk::browser
