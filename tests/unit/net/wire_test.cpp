#include "net/wire.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

#include "async/scope.hpp"
#include "core/sys.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using namespace carrel::net;
using namespace carrel::net::test;

namespace {

/// Both ends of a connection that takes little at once.
std::pair<core::Fd, core::Fd> narrow_pair() {
    std::array<int, 2> ends{};
    core::checked("socketpair",
                  ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()));
    const int little = 4096;
    core::checked("setsockopt", ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little));
    return {core::Fd{ends[0]}, core::Fd{ends[1]}};
}

Task<> write_and_finish(Wire& wire, std::string_view first, std::string_view second) {
    co_await wire.write(first, second);
    wire.finish_writing();
}

}  // namespace

TEST_CASE("two parts written at once arrive whole and in order, wherever the kernel stops taking them") {
    for (const auto& [first, second] :
         {std::pair{0, 0}, {1, 0}, {0, 1}, {300, 200'000}, {200'000, 300}, {100'000, 100'000}}) {
        CAPTURE(first);
        CAPTURE(second);
        fakes::run_loop([&](async::Executor executor) -> Task<> {
            auto [near, far] = narrow_pair();
            Wire wire{executor, std::move(near)};
            const auto reader = make_stream(executor, std::move(far));
            std::string a(static_cast<std::size_t>(first), 'a');
            std::string b(static_cast<std::size_t>(second), 'b');
            async::Scope scope{executor};
            scope.start("the writer", write_and_finish(wire, a, b));
            const auto arrived = co_await read_to(*reader, {});
            CHECK(arrived == a + b);
            CHECK(wire.written() == a.size() + b.size());
            co_await scope.close();
        });
    }
}
