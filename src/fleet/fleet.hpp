// All desks of this server.
//
//                  driver.start, GET /hello, GET /ready
//     starting ────────────────────────────────────────▶ ready ──── stop() ────▶ stopped
//        │                                                  │
//        └──────── any of them fails ──▶ failed ◀── it ends ┘
//     any of them ── not what identity.json and its row say, at the next start ──▶ lost
//
// A desk's row is committed before anything of it exists, and says `removed` only after the driver
// confirmed that nothing is left; until then its slot (user ids, interface) is taken. Each change of
// state is an event `desk` in the session's log, in the same commit. Desks outlive this object.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "async/scope.hpp"
#include "async/task.hpp"
#include "core/clock.hpp"
#include "fleet/driver.hpp"
#include "net/http.hpp"
#include "store/store.hpp"

namespace carrel::fleet {

struct FleetOptions {
    unsigned most_desks = 20;
    std::string image = "desktop";
    Limits limits;
    std::chrono::milliseconds hello_limit{10'000};  ///< for the tool server's first answer
    std::chrono::milliseconds ready_limit{30'000};  ///< for the window manager after that
};

/// A new desk, as asked for.
struct DeskWish {
    std::string session_id;
    std::string principal;
    Network network = Network::internet;
    int width = 1280;  ///< pixels
    int height = 800;
};

/// Where the time of a start went: ("commit", 2.1 ms), ("start", …), ("hello", …), ("ready", …).
using Timings = std::vector<std::pair<std::string, std::chrono::duration<double, std::milli>>>;

std::string_view name_of(Network network);

class Fleet {
public:
    Fleet(async::Executor executor, Driver& driver, store::Store& store, const core::Clock& clock,
          FleetOptions options);
    ~Fleet();
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    /// Compares rows with what the driver finds on the host: adopts what is well, removes the rest.
    Task<> recover();
    /// Makes a desk and answers when it is ready. `along` goes into the commit of the desk's row, before
    /// it (the session's own row). Throws exhausted before any commit; later failures leave a row
    /// `failed`, nothing on the host, and the reason in the Error. Not cancellable half-way: see
    /// async::shield.
    Task<Timings> start(DeskWish wish, std::function<void(store::Transaction&)> along);
    /// Destroys the session's desk, if any; returns when every process of it is dead. `along` goes into
    /// the commit that precedes the end. A desk that is being started is waited for.
    Task<> stop(std::string session_id, std::function<void(store::Transaction&)> along);

    /// The endpoint of the session's desk, or null when none is ready.
    std::shared_ptr<net::Handler> find_endpoint(const std::string& session_id) const;
    std::size_t size() const;
    const FleetOptions& options() const;

    /// Stops watching; desks live on.
    Task<> close();

private:
    struct Member;
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carrel::fleet
