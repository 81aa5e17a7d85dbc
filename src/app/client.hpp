// A client of a running server, for the command line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "json/parse.hpp"

namespace carrel::app {

/// Where the server is, and what opens it.
struct ServerAddress {
    std::string url = "http://127.0.0.1:7800";
    std::string key;  ///< of CARREL_TOKEN; empty when the server needs none
};

/// Blocking calls of the server's API. All throw Error: unavailable with a hint when no server answers,
/// else with the server's own words.
class Client {
public:
    explicit Client(ServerAddress server) : server_{std::move(server)} {}

    /// The JSON answer; an empty object when there is none.
    json::Value call(std::string method, std::string path, const json::Object* body = nullptr);
    /// The answer's bytes, as they come, until the end or until `take` answers false.
    void stream(std::string method, std::string path, std::string accept, const json::Object* body,
                const std::function<bool(std::string_view)>& take);

private:
    ServerAddress server_;
};

}  // namespace carrel::app
