#include "outbound/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstring>

#include "core/text.hpp"

namespace carrel::outbound {

namespace {

constexpr std::size_t most_header_bytes = std::size_t{64} << 10;

core::Error unreachable(std::string message) {
    return {core::Code::unavailable, std::move(message), "connection_error"};
}

/// The host of a URL for messages; empty when there is none. Never what stands before an "@".
std::string host_of(const std::string& url) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed{curl_url(), &curl_url_cleanup};
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
    char* host = nullptr;
    if (curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return {};
    std::string result{host};
    curl_free(host);
    return result;
}

bool is_one_line(std::string_view text) {
    return text.find_first_of(std::string_view{"\r\n\0", 3}) == text.npos;
}

}  // namespace

void check(const Call& call) {
    const auto scheme = core::to_lower(std::string_view{call.url}.substr(0, 8));
    if (!is_one_line(call.url) || (!scheme.starts_with("http://") && scheme != "https://") ||
        host_of(call.url).empty())
        throw core::Error{core::Code::invalid,
                          "the address of an outgoing call must be an http:// or https:// URL with a host"};
    for (const auto& [name, value] : call.headers)
        if (name.empty() || !is_one_line(name) || !is_one_line(value) || name.find(':') != name.npos)
            throw core::Error{core::Code::invalid,
                              fmt::format("the header {} of an outgoing call holds a line break or other "
                                          "character that no header can carry",
                                          is_one_line(name) ? name : "")};
}

Transfer::Transfer(async::Executor loop, Call call)
    : arrival{loop}, loop_{std::move(loop)}, call_{std::move(call)}, host_{host_of(call_.url)} {
    set_up();
}

Transfer::~Transfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(lines_);
}

void Transfer::set_up() {
    easy_ = curl_easy_init();
    if (!easy_) throw core::Error{core::Code::exhausted, "no memory for an outgoing call"};
    for (const auto& [name, value] : call_.headers)
        lines_ =
            curl_slist_append(lines_, fmt::format("{}{}{}", name, value.empty() ? ";" : ": ", value).c_str());
    // Without this curl asks for a go-ahead before large bodies, and some proxies never answer it.
    lines_ = curl_slist_append(lines_, "Expect:");
    const auto set = [this](auto option, auto value) { curl_easy_setopt(easy_, option, value); };
    set(CURLOPT_URL, call_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    // One connection per running transfer, so that pausing one never holds up another.
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_CUSTOMREQUEST, call_.method.c_str());
    set(CURLOPT_HTTPHEADER, lines_);
    if (!call_.body.empty() || call_.method == "POST") {
        set(CURLOPT_POSTFIELDS, call_.body.data());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
    }
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call_.patience.connect.count()));
    if (call_.patience.total) set(CURLOPT_TIMEOUT_MS, static_cast<long>(call_.patience.total->count()));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_ERRORBUFFER, detail_.data());
}

template <class Change>
void Transfer::tell_loop(Change change) {
    boost::asio::post(loop_, [self = shared_from_this(), change = std::move(change)]() mutable {
        change(self->arrival);
        self->arrival.changed.notify_all();
    });
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    const auto length = size * count;
    return static_cast<Transfer*>(self)->read_header({bytes, length}) ? length : 0;
}

bool Transfer::read_header(std::string_view line) {
    if (has_head_) return true;  // trailers say nothing that we need
    header_bytes_ += line.size();
    if (header_bytes_ > most_header_bytes) {
        refusal_ =
            unreachable(fmt::format("{} sent more than {} bytes of headers", host_, most_header_bytes));
        return false;
    }
    const auto text = core::trim(line);
    if (text.starts_with("HTTP/")) {
        incoming_ = {};
    } else if (text.empty()) {
        hand_over_head();
    } else if (const auto colon = text.find(':'); colon != text.npos) {
        incoming_.add(std::string{text.substr(0, colon)}, std::string{core::trim(text.substr(colon + 1))});
    }
    return true;
}

void Transfer::hand_over_head() {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) return;  // an interim answer; the real one follows
    has_head_ = true;
    tell_loop([status, headers = std::move(incoming_)](Arrival& arrival) mutable {
        arrival.has_head = true;
        arrival.status = static_cast<int>(status);
        arrival.headers = std::move(headers);
    });
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto length = size * count;
    if (transfer.waiting_.load() >= most_waiting) {
        transfer.is_paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer.waiting_ += length;
    transfer.tell_loop([piece = std::string{bytes, length}](Arrival& arrival) mutable {
        if (!piece.empty()) arrival.pieces.push_back(std::move(piece));
    });
    return length;
}

bool Transfer::take(std::span<char> into, std::size_t& count) {
    count = 0;
    while (count < into.size() && !arrival.pieces.empty()) {
        const auto& piece = arrival.pieces.front();
        const auto part = std::min(into.size() - count, piece.size() - arrival.taken);
        std::memcpy(into.data() + count, piece.data() + arrival.taken, part);
        count += part;
        arrival.taken += part;
        if (arrival.taken < piece.size()) break;
        arrival.pieces.pop_front();
        arrival.taken = 0;
    }
    const auto before = waiting_.fetch_sub(count);
    return before >= most_waiting / 2 && before - count < most_waiting / 2;
}

void Transfer::resume() {
    if (!is_paused_) return;
    is_paused_ = false;
    last_moved_ = Clock::now();
    curl_easy_pause(easy_, CURLPAUSE_CONT);
}

bool Transfer::check_silence(Clock::time_point now) {
    curl_off_t down = 0;
    curl_off_t up = 0;
    curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &up);
    const auto moved = down + up + static_cast<curl_off_t>(header_bytes_);
    if (moved != moved_ || is_paused_) {
        moved_ = moved;
        last_moved_ = now;
    }
    if (now < silent_at()) return false;
    fail({core::Code::timeout, fmt::format("{} has been silent for {} s", host_,
                                           std::chrono::duration<double>{call_.patience.silence}.count())});
    return true;
}

void Transfer::finish(CURLcode result) {
    if (result != CURLE_OK) return fail(refusal_ ? *refusal_ : error_of(result));
    tell_loop([](Arrival& arrival) { arrival.is_over = true; });
}

void Transfer::fail(core::Error error) {
    tell_loop([error = std::move(error)](Arrival& arrival) {
        arrival.is_over = true;
        arrival.failure = error;
    });
}

core::Error Transfer::error_of(CURLcode result) const {
    const std::string_view told{detail_.data()};
    const auto detail = told.empty() ? std::string_view{curl_easy_strerror(result)} : told;
    switch (result) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return unreachable(fmt::format("the name {} does not resolve", host_));
        case CURLE_COULDNT_RESOLVE_PROXY:
            return unreachable("the name of the configured proxy does not resolve");
        case CURLE_COULDNT_CONNECT: return unreachable(fmt::format("no connection to {}: {}", host_, detail));
        case CURLE_PEER_FAILED_VERIFICATION:
            return unreachable(fmt::format("the certificate of {} is not trusted: {}", host_, detail));
        case CURLE_OPERATION_TIMEDOUT:
            return {core::Code::timeout, fmt::format("{} took too long: {}", host_, detail)};
        case CURLE_OUT_OF_MEMORY: return {core::Code::exhausted, "no memory for an outgoing call"};
        default:
            return {core::Code::unavailable, fmt::format("{} broke off: {}", host_, detail),
                    "connection_broken"};
    }
}

}  // namespace carrel::outbound
