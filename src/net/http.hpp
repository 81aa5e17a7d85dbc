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
#include <variant>
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
    /// Content-Type as it was written, without its parameters; empty when there is none.
    std::string_view media_type() const;

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
/// What one stream passes on before other work of the loop has its turn.
constexpr std::size_t turn_bytes = std::size_t{256} << 10;
/// Copies until the end, in pieces; yields to other work after every turn_bytes.
Task<> copy(Source& from, Stream& to);

/// Who sent a request.
struct Peer {
    std::string address;       ///< "127.0.0.1", "::1", or "unix"
    bool is_loopback = false;  ///< of this machine
    /// Whom it counts as where something is bounded for each client: the address, of IPv6 its first 64 bits,
    /// because whoever has one such address has all of those.
    std::string network = address;
};

class BodyShare;

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
    /// Set by a handler when the client has shown that it may call us: its connection is no stranger's then.
    bool is_known = false;
    /// Closes the connection that it came by, whatever is under way there: an answer breaks off, a WebSocket
    /// ends. May be called at any time, also when the connection is gone; empty where there is none.
    std::function<void()> hang_up = {};
    std::shared_ptr<BodyShare> share;  ///< of the memory for bodies; null where nobody counts it

    std::optional<std::string> find_query(std::string_view name) const;
};

/// Fills path and query from `target`; nothing when an escape is bad.
bool set_target(Request& request, std::string target);

/// No body. An answer to HEAD may know how long the one to GET would be.
struct NoBody {
    std::optional<std::uint64_t> length;  ///< bytes
};

/// A body that is read as it is sent. With `length` (bytes) it goes out with Content-Length, else chunked;
/// each read that returns is sent at once, so an event stream needs nothing special.
struct StreamedBody {
    std::unique_ptr<Source> source;  ///< never null
    std::optional<std::uint64_t> length;
};

/// Called with the connection after the head of a 101 is sent.
using Upgrade = std::function<Task<>(std::unique_ptr<Stream>)>;

/// What follows the head: one of nothing, a text in memory, a stream, what a server does with the connection
/// after its 101, and the connection that a client's 101 has left.
using ResponseBody = std::variant<NoBody, std::string, StreamedBody, Upgrade, std::unique_ptr<Stream>>;

/// Its status is 101 exactly where the body is an upgrade; the server answers 500 in place of any other.
struct Response {
    int status = 200;
    Headers headers;  ///< without Content-Length and Transfer-Encoding: the server writes those
    ResponseBody body;

    /// The text in memory; empty when the body is something else.
    const std::string& text() const;
    /// The body's stream; null when it is something else.
    Source* source() const;
    /// Content-Length where it is known: not of a stream without one, nor of an upgrade.
    std::optional<std::uint64_t> length() const;
    bool is_upgrade() const;
    /// The connection that a 101 has left on the client's side; null when there is none.
    std::unique_ptr<Stream> take_connection();
};

Response text_response(int status, std::string text);
Response json_response(int status, std::string json);
Response stream_response(int status, Headers headers, std::unique_ptr<Source> source,
                         std::optional<std::uint64_t> length = std::nullopt);
/// 101, on the server's side.
Response upgrade_response(Headers headers, Upgrade upgrade);
/// All that follows the head, taken out of the response; errors as for a Source.
Task<std::string> read_all(Response& response, std::size_t limit);

/// The whole body of a request, in memory that counts as the request's until its end. A length that is too
/// large is refused before anything is read. Throws as read_all does, and Error{exhausted, "too_many_bodies"}
/// when other requests hold what there is for bodies.
Task<std::string> collect_body(Request& request, std::size_t limit);

/// Answers requests. One at a time per connection, many connections at once, all on the loop.
class Handler {
public:
    virtual ~Handler() = default;
    /// The request lives until the response has been sent. What it throws becomes a 500 without
    /// details: handlers that can fail turn their errors into responses themselves (net/router).
    virtual Task<Response> handle(Request& request) = 0;
};

}  // namespace carrel::net
