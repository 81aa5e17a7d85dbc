// The terminals of a desk that clients are connected to.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.hpp"
#include "desk/pty/pty.hpp"
#include "net/websocket.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::pty {

class Ptys {
public:
    static constexpr std::size_t limit = 16;

    /// `home` is where terminals start unless they are told.
    Ptys(async::Executor executor, async::Pool& pool, std::string home, std::string bash = "/bin/bash");

    /// A terminal with its program. `id` may be empty. Throws Error{conflict} when the id is taken,
    /// Error{unavailable, "too_many_terminals"}, and what Pty throws.
    std::shared_ptr<Pty> open(std::string id, PtyWish wish);
    /// The one of that id; with an empty id all. Throws Error{not_found}.
    std::vector<std::shared_ptr<Pty>> find(const std::string& id) const;
    /// Hangs all up and waits until they are gone.
    Task<> close();

    const std::string& home() const { return home_; }

private:
    Task<> keep(std::shared_ptr<Pty> pty);

    async::Executor executor_;
    async::Pool& pool_;
    std::string home_;
    std::string bash_;
    std::list<std::shared_ptr<Pty>> all_;
    bool is_closed_ = false;
    async::Gate changed_;
    async::Scope scope_;
};

/// A client at a terminal: both ways until either ends; the terminal ends with its client.
Task<> serve_pty(std::shared_ptr<Pty> pty, net::WebSocket& client);

/// terminal/pty, terminal/pty/list, …/resize, …/signal, …/close.
std::vector<rest::Binding> bind_ptys(Ptys& ptys);

}  // namespace carrel::desk::pty
