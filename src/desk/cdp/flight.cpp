#include "desk/cdp/flight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

namespace carrel::desk::cdp {

namespace {

using namespace std::chrono_literals;

/// Network.ResourceType of what pages are drawn from.
constexpr std::array<std::string_view, 7> drawn_from{"Document", "Stylesheet", "Image", "Font",
                                                     "Script",   "XHR",        "Fetch"};
constexpr std::size_t most_requests = 2000;
constexpr std::size_t most_sockets = 100;
constexpr std::size_t most_polls = 64;
constexpr std::size_t longest_address = 1000;  ///< bytes, of a poll's
/// Asked for so often within this time, with nobody acting: a poll.
constexpr int polls_from = 2;
constexpr auto poll_memory = 60s;
/// So long after its document came, or after somebody acted, a page does what it does by itself.
constexpr auto alone_after = 2s;

std::string key_of(const CdpEvent& event) {
    return event.session + '/' + std::string{json::text_or(event.params, "requestId")};
}

std::string_view without_query(std::string_view url) { return url.substr(0, url.find_first_of("?#")); }

/// Of interfaces with one address for everything, the body tells what is asked for. Empty: too long to
/// remember.
std::string question_of(const json::Value& request) {
    const auto address = without_query(json::text_or(request, "url"));
    if (address.size() > longest_address) return {};
    const auto body = json::text_or(request, "postData");
    return fmt::format("{} {} {}", json::text_or(request, "method"), address,
                       std::hash<std::string_view>{}(body));
}

}  // namespace

void Flight::take(const CdpEvent& event, Time now) {
    const std::string_view method = event.method;
    if (method.starts_with("Network.webSocket")) return take_socket(event, now);
    if (method == "Network.requestWillBeSent") return begin(event, now);
    if (method == "Network.responseReceived" || method == "Network.dataReceived") return hear(event, now);
    if (method == "Network.loadingFinished" || method == "Network.loadingFailed") {
        requests_.erase(key_of(event));
        return;
    }
    if (method == "Page.frameNavigated") return arrive(event, now);
    const auto frame = json::text_or(event.params, "frameId");
    if (method == "Page.frameDetached") {
        std::erase_if(requests_, [&](const auto& entry) {
            return entry.second.frame == frame && entry.second.session == event.session;
        });
    } else if (frame == main_frame_) {
        if (method == "Page.frameStartedLoading") begin_loading(now);
        if (method == "Page.frameStoppedLoading") loading_since_.reset();
    }
}

void Flight::begin_loading(Time now) {
    if (!loading_since_) loading_since_ = now;
}

void Flight::begin(const CdpEvent& event, Time now) {
    const auto type = json::text_or(event.params, "type");
    const auto* asked = json::find(event.params, "request");
    if (!asked || std::ranges::find(drawn_from, type) == drawn_from.end()) return;
    // One that is sent on to another address keeps its number and its beginning; the page asked only once.
    if (requests_.size() >= most_requests || requests_.contains(key_of(event))) return;
    const auto frame = json::text_or(event.params, "frameId");
    Request request{.session = event.session,
                    .frame = std::string{frame},
                    .loader = std::string{json::text_or(event.params, "loaderId")},
                    .begun = now,
                    .is_document = type == "Document" && frame == main_frame_,
                    .is_of_script = type == "XHR" || type == "Fetch"};
    // A worker's own script: its end is told to the worker's session, which nobody listens to.
    if (request.loader.empty()) return;
    if (type != "Document") request.is_poll = is_poll(*asked, now);
    requests_.try_emplace(key_of(event), std::move(request));
}

void Flight::hear(const CdpEvent& event, Time now) {
    const auto place = requests_.find(key_of(event));
    if (place == requests_.end()) return;
    if (!place->second.answered) place->second.answered = now;
    place->second.heard = now;
}

void Flight::take_socket(const CdpEvent& event, Time now) {
    if (event.method == "Network.webSocketClosed") {
        sockets_.erase(key_of(event));
        return;
    }
    const bool is_sent = event.method == "Network.webSocketFrameSent";
    if (!is_sent && event.method != "Network.webSocketFrameReceived") return;
    auto place = sockets_.find(key_of(event));
    if (place == sockets_.end()) {
        if (!is_sent || sockets_.size() >= most_sockets) return;
        place = sockets_.try_emplace(key_of(event), Socket{.session = event.session}).first;
    }
    auto& socket = place->second;
    socket.is_silent = socket.asked && now - *socket.asked > socket_patience;
    if (!is_sent)
        socket.asked.reset();
    else if (!socket.asked)
        socket.asked = now;
}

/// Whether what the page asks for now is its own wish.
bool Flight::is_left_alone(Time now) const {
    return holders_ == 0 && !loading_since_ && now - used_at_ >= alone_after &&
           (!arrived_at_ || now - *arrived_at_ >= alone_after);
}

bool Flight::is_poll(const json::Value& request, Time now) {
    auto question = question_of(request);
    auto place = polls_.find(question);
    if (place != polls_.end() && now - place->second.last > poll_memory) {
        polls_.erase(place);
        place = polls_.end();
    }
    if (is_left_alone(now) && !question.empty()) {
        if (place == polls_.end()) {
            if (polls_.size() >= most_polls)
                polls_.erase(std::ranges::min_element(polls_, {},
                                                      [](const auto& entry) { return entry.second.last; }));
            place = polls_.try_emplace(std::move(question)).first;
        }
        ++place->second.count;
    }
    if (place == polls_.end()) return false;
    place->second.last = now;
    return place->second.count >= polls_from;
}

/// The frame has its next document: what its last one asked for is of no use, and its end may never be told.
void Flight::arrive(const CdpEvent& event, Time now) {
    const auto* frame = json::find(event.params, "frame");
    if (!frame) return;
    const auto id = json::text_or(*frame, "id");
    const auto loader = json::text_or(*frame, "loaderId");
    std::erase_if(requests_, [&](const auto& entry) {
        return entry.second.frame == id && entry.second.loader != loader;
    });
    if (id != main_frame_) return;
    arrived_at_ = now;
    sockets_.clear();
    polls_.clear();
    // Out of the browser's memory it comes whole.
    if (json::text_or(event.params, "type") == "BackForwardCacheRestore") loading_since_.reset();
}

void Flight::forget_session(std::string_view session) {
    std::erase_if(requests_, [&](const auto& entry) { return entry.second.session == session; });
    std::erase_if(sockets_, [&](const auto& entry) { return entry.second.session == session; });
}

void Flight::clear() {
    requests_.clear();
    sockets_.clear();
    loading_since_.reset();
}

bool Flight::is_awaited(const Request& request, Time since, Time now) const {
    if (request.is_poll || request.begun < (request.is_document ? since - most_patience : since))
        return false;
    if (request.is_document || !request.heard) return true;
    const bool is_streamed = request.is_of_script && now - *request.answered > answer_patience;
    return !is_streamed && now - *request.heard <= pause_patience;
}

bool Flight::is_busy(Time since, Time now) const {
    if (loading_since_ && *loading_since_ >= since - most_patience) return true;
    return std::ranges::any_of(requests_,
                               [&](const auto& entry) { return is_awaited(entry.second, since, now); }) ||
           std::ranges::any_of(sockets_, [&](const auto& entry) {
               const auto& [session, asked, is_silent] = entry.second;
               return asked && !is_silent && *asked >= since && now - *asked <= socket_patience;
           });
}

}  // namespace carrel::desk::cdp
