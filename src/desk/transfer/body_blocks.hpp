// A large body in blocks: while one is being used on the pool, the next is read.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "async/both.hpp"
#include "async/run_on.hpp"
#include "net/http.hpp"

namespace carrel::desk::transfer {

using async::Task;

/// Large enough that a turn of the pool costs little beside it, small enough for the processor's cache; two
/// of them are all the memory of an upload.
constexpr std::size_t body_block = std::size_t{256} << 10;

/// Reads until `into` is full or the body is at its end.
inline Task<std::size_t> fill_block(net::Source& body, std::span<char> into) {
    std::size_t count = 0;
    while (count < into.size()) {
        const auto more = co_await body.read(into.subspan(count));
        if (more == 0) break;
        count += more;
    }
    co_return count;
}

/// `use` and `go_on` as below, of one block.
template <class Use, class GoOn>
Task<> use_block(async::Pool& pool, Use& use, GoOn& go_on, std::string_view block) {
    bool is_done = co_await async::run_on(pool, [&] {
        use(block);
        return go_on();
    });
    while (!is_done) is_done = co_await async::run_on(pool, [&] { return go_on(); });
}

/// Calls `use(block)` on the pool for each block of the body, in order, one at a time. What `use` throws, or
/// reading the body, whichever is first, ends it. Everything that `use` refers to must outlive this, which it
/// does when the caller awaits.
///
/// Where a block may be much work, `go_on()` is called on the pool behind `use`, until it answers true:
/// others have their turn between.
template <class Use, class GoOn>
Task<> for_each_block(net::Source& body, std::optional<std::uint64_t> length, async::Pool& pool, Use use,
                      GoOn go_on) {
    const auto size =
        static_cast<std::size_t>(std::clamp<std::uint64_t>(length.value_or(body_block), 1, body_block));
    std::array blocks{std::make_unique_for_overwrite<char[]>(size), std::unique_ptr<char[]>{}};
    auto count = co_await fill_block(body, {blocks[0].get(), size});
    while (count > 0) {
        const std::string_view full{blocks[0].get(), count};
        if (count < size) {
            co_await use_block(pool, use, go_on, full);
            break;
        }
        if (!blocks[1]) blocks[1] = std::make_unique_for_overwrite<char[]>(size);
        // Both end before this goes on, also when one fails: a block in use is never read into.
        count = co_await async::both(fill_block(body, {blocks[1].get(), size}),
                                     use_block(pool, use, go_on, full));
        std::swap(blocks[0], blocks[1]);
    }
}
template <class Use>
Task<> for_each_block(net::Source& body, std::optional<std::uint64_t> length, async::Pool& pool, Use use) {
    co_await for_each_block(body, length, pool, std::move(use), [] { return true; });
}

}  // namespace carrel::desk::transfer
