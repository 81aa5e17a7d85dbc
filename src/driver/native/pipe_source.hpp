// What a process of the jail's writes into a pipe.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "async/task.hpp"
#include "core/fd.hpp"
#include "net/http.hpp"

namespace carrel::driver::native {

using async::Task;

class PipeSource final : public net::Source {
public:
    PipeSource(async::Executor executor, core::Fd pipe) : pipe_{std::move(executor), pipe.release()} {}

    Task<std::size_t> read(std::span<char> into) override;

    /// Returns when there is something to read. Throws unavailable when the reader has ended without a word:
    /// it could not even open the workspace.
    Task<> await_first();

private:
    boost::asio::posix::stream_descriptor pipe_;
};

}  // namespace carrel::driver::native
