// HTTP as plain values: what handlers, the proxy and test doubles speak.
//
// One interface, `Handler`, is implemented by the router, by a tunnel to a desk and by test doubles:
// a request goes in, a response comes out, and bodies are streams that are read as they are needed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.hpp"

namespace carrel::net {

using async::Task;

/// Header lines in the order they came; names compare without regard to case; a name may repeat.
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> lines) : lines_{lines} {}

    void add(std::string name, std::string value) { lines_.emplace_back(std::move(name), std::move(value)); }
    /// Replaces every line of that name.
    void set(std::string_view name, std::string value);
    void remove(std::string_view name);
    bool has(std::string_view name) const { return find(name).has_value(); }
    /// The first line of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    std::size_t count(std::string_view name) const;
    /// Whether a comma-separated list header (Connection, Accept…) has that token, in any case.
    bool has_token(std::string_view name, std::string_view token) const;

    auto begin() const { return lines_.begin(); }
    auto end() const { return lines_.end(); }
    std::size_t size() const { return lines_.size(); }

private:
    std::vector<std::pair<std::string, std::string>> lines_;
};

/// Bytes to be read. Reading is pulled: a slow reader slows the writer down.
class Source {
public:
    virtual ~Source() = default;
    /// At least one byte into `into`, or 0 at the end. Throws Error when the other side breaks off.
    virtual Task<std::size_t> read(std::span<char> into) = 0;
};

/// A two-way byte stream: a socket, or what an HTTP upgrade left behind.
class Stream : public Source {
public:
    virtual Task<> write(std::string_view bytes) = 0;
    /// Says that nothing more will be written; reading goes on.
    virtual void finish_writing() = 0;
    /// Ends both directions at once; pending reads and writes throw.
    virtual void close() = 0;
};

/// A Source over a string.
std::unique_ptr<Source> make_source(std::string text);
/// All of it; throws Error{invalid, reason "too_large"} beyond `limit` bytes.
Task<std::string> read_all(Source& source, std::size_t limit);
/// Copies until the end, in pieces; yields to other work after every 256 KiB.
Task<> copy(Source& from, Stream& to);

/// Who sent a request.
struct Peer {
    std::string address;       ///< "127.0.0.1", "::1", or "unix"
    bool is_loopback = false;  ///< of this machine
};

using Query = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method = "GET";
    std::string target = "/";  ///< as received: path and query, still encoded
    std::string path = "/";    ///< the encoded path alone; segments are decoded by the router
    Query query;               ///< decoded, in order, repeated names kept
    Headers headers;
    Peer peer;
    std::string id;                                 ///< of this request, for logs and X-Request-Id
    std::map<std::string, std::string> parameters;  ///< {name} segments of the route, decoded
    std::unique_ptr<Source> body;                   ///< never null in a handler
    std::optional<std::uint64_t> body_length;       ///< bytes; 0 without a body; nothing when it is chunked
    /// Set by a handler that may be cancelled when its client goes away before it has answered: one that
    /// only waits and looks, or whose work may stop where it is.
    bool may_be_dropped = false;

    std::optional<std::string> find_query(std::string_view name) const;
};

/// Fills path and query from `target`; nothing when an escape is bad.
bool set_target(Request& request, std::string target);

struct Response {
    int status = 200;
    Headers headers;  ///< without Content-Length and Transfer-Encoding: the server writes those
    std::string content;
    /// The body as a stream instead of `content`. With `length` it is sent with Content-Length, else
    /// chunked; each read that returns is sent at once, so an event stream needs nothing special.
    std::unique_ptr<Source> source;
    std::optional<std::uint64_t> length;
    /// With status 101: called with the connection after the head is sent.
    std::function<Task<>(std::unique_ptr<Stream>)> upgrade;
    /// With status 101 on the client's side: the connection.
    std::unique_ptr<Stream> stream;
};

Response text_response(int status, std::string text);
Response json_response(int status, std::string json);

/// Answers requests. One at a time per connection, many connections at once, all on the loop.
class Handler {
public:
    virtual ~Handler() = default;
    /// The request lives until the response has been sent. What it throws becomes a 500 without
    /// details: handlers that can fail turn their errors into responses themselves (api/errors).
    virtual Task<Response> handle(Request& request) = 0;
};

}  // namespace carrel::net
