// What a page says on its console and asks of the network, kept in bounded rings. Fed with events of the
// DevTools protocol. Pure. Headers and bodies are never kept.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/parse.hpp"

namespace carrel::desk::page {

struct ConsoleEntry {
    std::uint64_t number = 0;  ///< rises by one from 1; a gap before the first that is left was dropped
    double time = 0;           ///< milliseconds since 1970
    std::string level;         ///< "log", "info", "debug", "warning", "error"
    std::string text;
    std::string url;  ///< where it was said
    int line = 0;     ///< from 1; 0: not known
};

class ConsoleLog {
public:
    /// Whether the event was one of the console.
    bool take(std::string_view method, const json::Value& params);
    const std::deque<ConsoleEntry>& entries() const { return entries_; }
    std::uint64_t last_number() const { return last_number_; }
    void clear() { entries_.clear(), bytes_ = 0; }
    /// A new attachment begins, to which the browser tells again what it has kept: what is no newer than
    /// anything seen so far is not taken twice.
    void attach() { known_until_ = latest_; }

private:
    void add(ConsoleEntry entry);

    std::deque<ConsoleEntry> entries_;
    std::uint64_t last_number_ = 0;
    std::size_t bytes_ = 0;
    double latest_ = 0;  ///< time of an entry, milliseconds since 1970
    double known_until_ = 0;
};

struct NetworkEntry {
    std::uint64_t number = 0;
    std::string id;  ///< of the protocol: the same for all of a chain of redirects
    std::string method;
    std::string url;
    std::string type;  ///< "document", "xhr", "image", …
    int status = 0;    ///< 0: not answered
    std::string media_type;
    std::int64_t bytes = 0;  ///< that came over the network, with the head
    double time = 0;         ///< when it was sent, milliseconds since 1970
    double started = 0;      ///< seconds of the protocol's own clock
    double milliseconds = 0;
    std::string failure;  ///< "net::ERR_…", empty while it has not failed
    bool has_ended = false;
    bool is_from_cache = false;
    std::string frame;
    std::string loader;
};

class NetworkLog {
public:
    bool take(std::string_view method, const json::Value& params);
    const std::deque<NetworkEntry>& entries() const { return entries_; }
    std::uint64_t last_number() const { return last_number_; }
    void clear() { entries_.clear(); }
    /// The last answer to a frame's own document: its status; nothing while there is none.
    std::optional<int> document_status(std::string_view frame, std::string_view loader) const;

private:
    void send(const json::Value& params);
    void redirect(const json::Value& params);
    void answer(const json::Value& params);
    void finish(const json::Value& params);
    void fail(const json::Value& params);
    NetworkEntry* find(const json::Value& params);

    std::deque<NetworkEntry> entries_;
    std::uint64_t last_number_ = 0;
};

/// "[error] Uncaught TypeError: … (https://x.test/a.js:3)"
std::string to_line(const ConsoleEntry& entry);
/// "GET https://x.test/a.js 200 text/javascript 12 ms"
std::string to_line(const NetworkEntry& entry);

/// Whether it is an error: of the console that level; of the network no answer, or a status from 400 on.
bool is_error(const ConsoleEntry& entry);
bool is_error(const NetworkEntry& entry);

/// The text a JavaScript value of the protocol (Runtime.RemoteObject) shows.
std::string text_of_remote(const json::Value& remote);

/// An address without a user's name and password, cut to `limit` characters; of a data: address only its
/// kind.
std::string safe_url(std::string_view url, std::size_t limit = 2'000);

}  // namespace carrel::desk::page
