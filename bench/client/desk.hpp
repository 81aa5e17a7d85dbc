// A desk under measurement: its session over HTTP, and its processes as the host's root sees them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/client/http_client.hpp"
#include "core/fd.hpp"

namespace carrel::bench {

struct Target {
    std::uint16_t port = 0;
    std::string data;  ///< the server's data directory
};

struct Desk {
    std::string session;  ///< id
    std::string id;
    std::string server_timing;  ///< of its making

    /// "/api/v1/sessions/<id>/desk<path>".
    std::string at(std::string_view path) const;
};

/// POST /sessions: answered when the desk is ready.
Desk make_desk(HttpClient& http);
void remove_desk(HttpClient& http, const Desk& desk);

/// The whole screen as a PNG. Throws when all its pixels have one colour.
std::string first_picture(HttpClient& http, const Desk& desk);

/// Of the desk's first process; the jail writes it down.
int first_process(const Target& target, const Desk& desk);
/// Every process of the desk.
std::vector<int> process_ids(const Target& target, const Desk& desk);
/// The same, pinned, so that their end can be seen and a pid means nobody else.
std::vector<core::Fd> hold_processes(const Target& target, const Desk& desk);
bool has_ended(const core::Fd& process);

/// The Unix socket that the desk's tool server listens on.
std::string endpoint(const Target& target, const Desk& desk);

/// A desk that ends with the scope.
class ScopedDesk {
public:
    explicit ScopedDesk(HttpClient& http) : http_{http}, desk_{make_desk(http)} {}
    ~ScopedDesk();
    ScopedDesk(const ScopedDesk&) = delete;
    ScopedDesk& operator=(const ScopedDesk&) = delete;
    const Desk& operator*() const { return desk_; }
    const Desk* operator->() const { return &desk_; }

private:
    HttpClient& http_;
    Desk desk_;
};

}  // namespace carrel::bench
