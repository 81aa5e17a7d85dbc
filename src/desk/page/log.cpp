#include "desk/page/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>

#include "core/text.hpp"
#include "desk/page/tree.hpp"

namespace carrel::desk::page {

namespace {

constexpr std::size_t most_messages = 1'000;
constexpr std::size_t most_console_bytes = 512uz * 1024;
constexpr std::size_t longest_message = 4'000;
constexpr std::size_t most_requests = 500;
constexpr std::size_t most_arguments = 50;

/// "{a: 1, b: \"x\"}", from what the protocol tells of an object beforehand.
std::string preview_text(const json::Value& preview) {
    const auto* properties = json::find(preview, "properties");
    if (!properties || !properties->is_array()) return {};
    const bool is_list = json::text_or(preview, "subtype") == "array";
    std::string text;
    for (const auto& property : properties->get_array() | std::views::take(most_arguments)) {
        if (!text.empty()) text += ", ";
        if (!is_list) text += std::string{json::text_or(property, "name")} + ": ";
        const auto value = json::text_or(property, "value", "…");
        const bool is_text = json::text_or(property, "type") == "string";
        text += is_text ? json::to_text(json::Value(value)) : std::string{value};
    }
    const auto* more = json::find(preview, "overflow");
    if (more && *more == true) text += ", …";
    return is_list ? "[" + text + "]" : "{" + text + "}";
}

std::string console_level(std::string_view type) {
    if (type == "error" || type == "assert") return "error";
    if (type == "warning") return "warning";
    if (type == "debug" || type == "verbose") return "debug";
    return type == "info" ? "info" : "log";
}

/// Lines stay apart in what is kept; other control characters do not.
std::string message_text(std::string_view text) {
    std::string result;
    for (const auto line : core::split(text.substr(0, longest_message * 4), '\n')) {
        if (result.size() > longest_message) break;
        if (!result.empty()) result += '\n';
        result += one_line(line, longest_message);
    }
    return std::string{core::utf8_prefix(result, longest_message)};
}

void set_place(ConsoleEntry& entry, const json::Value* frame) {
    if (!frame) return;
    entry.url = safe_url(json::text_or(*frame, "url"), 500);
    entry.line = static_cast<int>(std::clamp(json::number_or(*frame, "lineNumber"), -1.0, 1e8)) + 1;
}

ConsoleEntry call_entry(const json::Value& params) {
    ConsoleEntry entry{.time = json::number_or(params, "timestamp"),
                       .level = console_level(json::text_or(params, "type")),
                       .text = {},
                       .url = {}};
    std::string text;
    const auto* arguments = json::find(params, "args");
    if (arguments && arguments->is_array())
        for (const auto& argument : arguments->get_array() | std::views::take(most_arguments)) {
            if (text.size() > longest_message) break;
            text += (text.empty() ? "" : " ") + text_of_remote(argument);
        }
    entry.text = message_text(text);
    const auto* stack = json::find(params, "stackTrace");
    const auto* frames = stack ? json::find(*stack, "callFrames") : nullptr;
    if (frames && frames->is_array() && !frames->get_array().empty())
        set_place(entry, &frames->get_array().front());
    return entry;
}

ConsoleEntry exception_entry(const json::Value& params) {
    ConsoleEntry entry{.time = json::number_or(params, "timestamp"), .level = "error", .text = {}, .url = {}};
    const auto* details = json::find(params, "exceptionDetails");
    if (!details) return entry;
    const auto* thrown = json::find(*details, "exception");
    const auto what = thrown ? text_of_remote(*thrown) : std::string{};
    const std::string begin{json::text_or(*details, "text")};
    entry.text = message_text(what.empty() ? begin : begin.empty() ? what : begin + " " + what);
    set_place(entry, details);
    return entry;
}

ConsoleEntry browser_entry(const json::Value& params) {
    const auto* said = json::find(params, "entry");
    if (!said) return {};
    ConsoleEntry entry{.time = json::number_or(*said, "timestamp"),
                       .level = console_level(json::text_or(*said, "level")),
                       .text = message_text(json::text_or(*said, "text")),
                       .url = {}};
    set_place(entry, said);
    return entry;
}

}  // namespace

std::string text_of_remote(const json::Value& remote) {
    const auto* value = json::find(remote, "value");
    if (value && value->is_string()) return std::string{value->get_string().subview(0, longest_message)};
    if (const auto exact = json::text_or(remote, "unserializableValue"); !exact.empty())
        return std::string{exact.substr(0, 400)};
    // As JavaScript writes it, which JSON's own way with numbers is not.
    const auto description = json::text_or(remote, "description");
    if (value && value->is_number())
        return description.empty() ? fmt::format("{}", value->to_number<double>())
                                   : std::string{description.substr(0, 400)};
    if (value) return json::to_text(*value).substr(0, longest_message);
    const auto subtype = json::text_or(remote, "subtype");
    if (const auto* preview = json::find(remote, "preview");
        preview && (subtype.empty() || subtype == "array"))
        if (auto text = preview_text(*preview); !text.empty()) return text.substr(0, longest_message);
    if (const auto text = json::text_or(remote, "description"); !text.empty())
        return std::string{text.substr(0, longest_message)};
    const auto type = json::text_or(remote, "type");
    return type == "undefined" ? "undefined" : std::string{json::text_or(remote, "subtype", type)};
}

std::string safe_url(std::string_view url, std::size_t limit) {
    if (url.starts_with("data:"))
        return one_line(url.substr(0, std::min(url.find(','), std::min<std::size_t>(url.size(), 100))), 100);
    std::string safe{url.substr(0, limit * 4)};
    const auto scheme = safe.find("://");
    if (scheme != safe.npos) {
        const auto end = safe.find_first_of("/?#", scheme + 3);
        const auto at = safe.rfind('@', end == safe.npos ? safe.size() : end);
        if (at != safe.npos && at > scheme && (end == safe.npos || at < end))
            safe.erase(scheme + 3, at - scheme - 2);
    }
    return one_line(safe, limit);
}

bool ConsoleLog::take(std::string_view method, const json::Value& params) {
    if (method == "Runtime.consoleAPICalled")
        add(call_entry(params));
    else if (method == "Runtime.exceptionThrown")
        add(exception_entry(params));
    else if (method == "Log.entryAdded")
        add(browser_entry(params));
    else
        return false;
    return true;
}

void ConsoleLog::add(ConsoleEntry entry) {
    if (entry.time != 0 && entry.time <= known_until_) return;
    latest_ = std::max(latest_, entry.time);
    entry.number = ++last_number_;
    bytes_ += entry.text.size() + entry.url.size();
    entries_.push_back(std::move(entry));
    while (entries_.size() > most_messages || bytes_ > most_console_bytes) {
        bytes_ -= entries_.front().text.size() + entries_.front().url.size();
        entries_.pop_front();
    }
}

bool NetworkLog::take(std::string_view method, const json::Value& params) {
    if (method == "Network.requestWillBeSent")
        send(params);
    else if (method == "Network.responseReceived")
        answer(params);
    else if (method == "Network.loadingFinished")
        finish(params);
    else if (method == "Network.loadingFailed")
        fail(params);
    else
        return method.starts_with("Network.");
    return true;
}

NetworkEntry* NetworkLog::find(const json::Value& params) {
    const auto id = json::text_or(params, "requestId");
    for (auto& entry : entries_ | std::views::reverse)
        if (entry.id == id) return &entry;
    return nullptr;
}

void NetworkLog::send(const json::Value& params) {
    redirect(params);
    const auto* request = json::find(params, "request");
    if (!request) return;
    entries_.push_back({.number = ++last_number_,
                        .id = std::string{json::text_or(params, "requestId").substr(0, 100)},
                        .method = one_line(json::text_or(*request, "method"), 20),
                        .url = safe_url(json::text_or(*request, "url")),
                        .type = core::to_lower(one_line(json::text_or(params, "type"), 30)),
                        .media_type = {},
                        .time = json::number_or(params, "wallTime") * 1000,
                        .started = json::number_or(params, "timestamp"),
                        .failure = {},
                        .frame = std::string{json::text_or(params, "frameId").substr(0, 64)},
                        .loader = std::string{json::text_or(params, "loaderId").substr(0, 64)}});
    while (entries_.size() > most_requests) entries_.pop_front();
}

/// A redirect comes as a second request with the id of the first, and the first one's answer in it.
void NetworkLog::redirect(const json::Value& params) {
    const auto* response = json::find(params, "redirectResponse");
    auto* entry = response ? find(params) : nullptr;
    if (!entry) return;
    entry->status = static_cast<int>(json::number_or(*response, "status"));
    entry->media_type = one_line(json::text_or(*response, "mimeType"), 100);
    entry->bytes = static_cast<std::int64_t>(json::number_or(*response, "encodedDataLength"));
    entry->milliseconds = std::max((json::number_or(params, "timestamp") - entry->started) * 1000, 0.0);
    entry->has_ended = true;
}

void NetworkLog::answer(const json::Value& params) {
    auto* entry = find(params);
    const auto* response = json::find(params, "response");
    if (!entry || !response) return;
    entry->status = static_cast<int>(json::number_or(*response, "status"));
    entry->media_type = one_line(json::text_or(*response, "mimeType"), 100);
    entry->is_from_cache =
        json::flag_of(*response, "fromDiskCache") || json::flag_of(*response, "fromPrefetchCache");
    entry->milliseconds = std::max((json::number_or(params, "timestamp") - entry->started) * 1000, 0.0);
}

void NetworkLog::finish(const json::Value& params) {
    auto* entry = find(params);
    if (!entry) return;
    entry->bytes = static_cast<std::int64_t>(json::number_or(params, "encodedDataLength"));
    entry->milliseconds = std::max((json::number_or(params, "timestamp") - entry->started) * 1000, 0.0);
    entry->has_ended = true;
}

void NetworkLog::fail(const json::Value& params) {
    auto* entry = find(params);
    if (!entry) return;
    entry->failure =
        json::flag_of(params, "canceled") ? "cancelled" : one_line(json::text_or(params, "errorText"), 200);
    if (entry->failure.empty()) entry->failure = "failed";
    entry->milliseconds = std::max((json::number_or(params, "timestamp") - entry->started) * 1000, 0.0);
    entry->has_ended = true;
}

std::optional<int> NetworkLog::document_status(std::string_view frame, std::string_view loader) const {
    for (const auto& entry : entries_ | std::views::reverse)
        if (entry.type == "document" && entry.frame == frame && entry.loader == loader && entry.status > 0)
            return entry.status;
    return std::nullopt;
}

std::string to_line(const ConsoleEntry& entry) {
    auto line = fmt::format("[{}] {}", entry.level, one_line(entry.text, longest_message));
    if (!entry.url.empty()) fmt::format_to(std::back_inserter(line), " ({}:{})", entry.url, entry.line);
    return line;
}

std::string to_line(const NetworkEntry& entry) {
    auto line = fmt::format("{} {}", entry.method, entry.url);
    const auto out = std::back_inserter(line);
    if (entry.status > 0) fmt::format_to(out, " {}", entry.status);
    if (!entry.media_type.empty()) fmt::format_to(out, " {}", entry.media_type);
    if (!entry.failure.empty()) fmt::format_to(out, " {}", entry.failure);
    if (entry.has_ended)
        fmt::format_to(out, " {:.0f} ms", entry.milliseconds);
    else
        line += " (pending)";
    return line;
}

bool is_error(const ConsoleEntry& entry) { return entry.level == "error"; }
bool is_error(const NetworkEntry& entry) { return !entry.failure.empty() || entry.status >= 400; }

}  // namespace carrel::desk::page
