// Whoever counts answers and writes of them: told of each that a row's handler gave.
#pragma once

#include <chrono>
#include <functional>

#include "core/log.hpp"
#include "net/router.hpp"
#include "ops/operation.hpp"

namespace carrel::api {

/// One answer.
struct Answered {
    const ops::Operation& row;
    const net::Request& request;
    int status = 0;                              ///< 0: the client went away before
    std::chrono::steady_clock::duration took{};  ///< until the answer's head; of a stream only that
};

/// On the loop. It must not throw.
using Observer = std::function<void(const Answered&)>;

/// The same route, whose answers `observer` hears of; those to errors too. `row` must outlive it.
net::Route observed(net::Route route, const ops::Operation& row, Observer observer);

/// How loud an answer is told: what failed for our fault, or took long, is for whoever looks after the
/// server; the rest for whoever looks for something.
core::Level level_of(const Answered& answered);

/// Its line in the log: the request's id, method, the row's name, status, time and session. Never a path, a
/// query, a header or a body: those are people's.
void log_access(const Answered& answered);

}  // namespace carrel::api
