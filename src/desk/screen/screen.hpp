// The desk's screen as its clients see it: captured by MIT-SHM into memory shared with the X server, turned
// into pictures on the pool, and watched for changes by who waits for one.
#pragma once

#include <xcb/shm.h>

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "async/run_on.hpp"
#include "async/turns.hpp"
#include "desk/picture/pictures.hpp"
#include "desk/picture/shot.hpp"
#include "desk/screen/damage.hpp"
#include "desk/screen/pointer.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::screen {

using async::Task;

class Screen {
public:
    /// Blocks: runs on the pool. All must outlive it.
    Screen(async::Executor executor, async::Pool& pool, x11::Connection& connection, Damage& damage);
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    picture::Size size() const { return size_; }

    /// The whole screen as it is at the time of the call or later. Calls at the same time share one capture,
    /// and the encoding if they want the same. Everything is kept for ten seconds: pictures as long as
    /// what they show is the same, and what of the last ones can be used for the next.
    Task<std::shared_ptr<const picture::Picture>> shoot(ops::PictureOptions options);

    /// Plans a shot for the screen as it is by then, on which it must lie; may throw.
    using Plan = std::function<picture::Shot(picture::Size)>;
    struct Wish {
        picture::Known known;
        async::Duration wait{};  ///< how long a change is awaited
    };
    /// The same, for a client who may have a picture already. With `wait`, returns as soon as the screen
    /// shows something else than `known`, or, when that names no frame, than at the time of the call; at
    /// the end `unchanged`.
    Task<picture::Shown> show(Plan plan, Wish wish);

    /// Returns true when the screen has another size than `size`, false after `limit`.
    Task<bool> wait_for_other_size(picture::Size size, async::Duration limit);

private:
    struct Memory;
    /// What the pointer looks like; `hot` is the pixel of it that points.
    struct Shape {
        picture::Cursor cursor;
        int hot_x = 0;
        int hot_y = 0;
    };

    void note(const xcb_generic_event_t& event);
    void stir();
    Task<> capture();
    bool is_known_changed() const;
    unsigned request_pixels();
    Task<bool> receive_pixels(unsigned sequence);
    Task<picture::Cursor> read_cursor();
    Task<std::optional<Shape>> read_shape();
    void make_memory();
    void forget_later();
    Task<picture::Shown> look(const Plan& plan, picture::Known known);

    async::Pool& pool_;
    x11::Connection& connection_;
    Damage& damage_;
    Pointer pointer_;
    picture::Size size_;
    async::Turns turns_;
    async::Gate stirred_;      ///< something has changed, perhaps
    std::uint64_t stirs_ = 0;  ///< how often
    std::uint64_t noted_changes_ = 0;
    boost::asio::steady_timer forget_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< for the timer, which may fire too late
    std::uint64_t tickets_ = 0;
    std::uint64_t covered_ = 0;  ///< the last ticket that was given before the capture began
    std::uint64_t captured_changes_ = 0;
    Shape shape_;               ///< that the display has told last
    bool is_captured_ = false;  ///< false while pixels are under way: who asked for them may have gone
    std::unique_ptr<Memory> memory_;
    std::unique_ptr<picture::Pictures> pictures_;  ///< of memory_; used by the one who has the turn
};

}  // namespace carrel::desk::screen
