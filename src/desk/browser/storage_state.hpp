// Cookies and local storage, saved and loaded in the format of Playwright's storageState:
// https://playwright.dev/docs/api/class-browsercontext#browser-context-storage-state
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "desk/browser/control.hpp"
#include "ops/desk/cdp.hpp"

namespace carrel::desk::browser {

/// "https://example.com:8443" of an address with http or https; empty of any other.
std::string origin_of(std::string_view url);

/// The protocol's cookies (Storage.getCookies) as storageState has them.
json::Array to_saved_cookies(const json::Value& answer);
/// The reverse, for Storage.setCookies. Refuses what has no name and value, or neither domain nor url.
core::Expected<json::Array> to_browser_cookies(const std::vector<json::Object>& cookies);

using Items = std::vector<std::pair<std::string, std::string>>;
/// Refuses what is no origin, and items that are not {name, value}.
core::Expected<std::map<std::string, Items>> read_origins(const std::vector<json::Object>& origins);
/// "https://a.example,https://b.example"; refuses what is no origin.
core::Expected<std::set<std::string>> parse_origins(std::string_view list);

class StorageStates {
public:
    /// `control` must outlive it.
    explicit StorageStates(BrowserControl& control);

    /// {cookies, origins}: of the origins that tabs show or have shown while they were driven, that were
    /// loaded, and `wanted`. An origin without local storage is left out.
    Task<json::Object> save(std::set<std::string> wanted);
    /// {cookies, origins}: how many were set.
    Task<json::Object> load(ops::StorageState state);

private:
    Task<std::set<std::string>> open_origins();

    BrowserControl& control_;
    std::set<std::string> seen_;
    cdp::Cdp::Subscription events_;
};

}  // namespace carrel::desk::browser
