// A limit of a desk's groups, and when the desk meets it.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "async/task.hpp"
#include "core/fd.hpp"
#include "jail/wire/group_watch.hpp"

namespace carrel::driver::native {

using async::Task;

class LimitWatch {
public:
    /// `key`: of the number that grows, in the file behind `watched`. What it holds now is known already.
    LimitWatch(async::Executor executor, jail::wire::GroupWatch how, core::Fd watched, std::string key);

    /// Returns true when the limit was met since the last call; false when that will never be heard: there is
    /// no limit, or its group is gone. Cancellable; one caller.
    Task<bool> is_met();
    /// Takes what happened up to now as known.
    void forget();

private:
    std::optional<std::uint64_t> read();

    jail::wire::GroupWatch how_;
    boost::asio::posix::stream_descriptor watched_;
    std::string key_;
    std::optional<std::uint64_t> known_;
};

}  // namespace carrel::driver::native
