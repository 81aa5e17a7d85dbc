#include "desk/pty/ptys.hpp"

#include <fmt/format.h>

#include "core/id.hpp"

namespace carrel::desk::pty {

using core::Code;
using core::Error;

Ptys::Ptys(async::Executor executor, async::Pool& pool, std::string home, std::string bash)
    : executor_{executor},
      pool_{pool},
      home_{std::move(home)},
      bash_{std::move(bash)},
      changed_{executor},
      scope_{executor} {}

std::shared_ptr<Pty> Ptys::open(std::string id, PtyWish wish) {
    if (is_closed_) throw Error{Code::unavailable, "the desk is being ended"};
    if (all_.size() >= limit)
        throw Error{Code::unavailable, fmt::format("{} terminals are open already; close one first", limit),
                    "too_many_terminals"};
    if (id.empty()) id = core::make_id("pty_");
    for (const auto& each : all_)
        if (each->id() == id) throw Error{Code::conflict, fmt::format("there is a terminal {} already", id)};
    if (wish.folder.empty()) wish.folder = home_;
    wish.bash = bash_;
    auto pty = std::make_shared<Pty>(executor_, pool_, std::move(id), std::move(wish));
    all_.push_back(pty);
    scope_.start("a terminal", keep(pty));
    return pty;
}

Task<> Ptys::keep(std::shared_ptr<Pty> pty) {
    std::exception_ptr failure;
    try {
        co_await pty->live();
    } catch (...) {
        failure = std::current_exception();
    }
    all_.remove(pty);
    changed_.notify_all();
    if (failure) std::rethrow_exception(failure);
}

std::vector<std::shared_ptr<Pty>> Ptys::find(const std::string& id) const {
    std::vector<std::shared_ptr<Pty>> found;
    for (const auto& each : all_)
        if (id.empty() || each->id() == id) found.push_back(each);
    if (found.empty() && !id.empty())
        throw Error{Code::not_found, fmt::format("there is no terminal {}; terminal/pty/list has all", id)};
    return found;
}

Task<> Ptys::close() {
    is_closed_ = true;
    for (const auto& each : all_) each->hang_up();
    while (!all_.empty()) co_await changed_.wait();
    co_await scope_.close();
}

}  // namespace carrel::desk::pty
