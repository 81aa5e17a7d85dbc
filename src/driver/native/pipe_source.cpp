#include "driver/native/pipe_source.hpp"

#include <sys/ioctl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>

#include "core/sys.hpp"

namespace carrel::driver::native {

using boost::asio::use_awaitable;

Task<std::size_t> PipeSource::read(std::span<char> into) {
    boost::system::error_code error;
    const auto count = co_await pipe_.async_read_some(boost::asio::buffer(into.data(), into.size()),
                                                      boost::asio::redirect_error(use_awaitable, error));
    if (error && error != boost::asio::error::eof)
        throw core::Error{core::Code::unavailable, "reading the workspace broke off: " + error.message()};
    co_return count;
}

Task<> PipeSource::await_first() {
    co_await pipe_.async_wait(boost::asio::posix::stream_descriptor::wait_read, use_awaitable);
    int count = 0;
    core::checked("look into a pipe", ::ioctl(pipe_.native_handle(), FIONREAD, &count));
    if (count == 0)
        throw core::Error{core::Code::unavailable, "the workspace cannot be opened; try again in a moment"};
}

}  // namespace carrel::driver::native
