// Pictures of the desk's screen: captured by MIT-SHM into memory shared with the X server, with the
// pointer drawn in, encoded on the pool, and kept as long as nothing changes.
#pragma once

#include <xcb/shm.h>

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/run_on.hpp"
#include "desk/connection.hpp"
#include "desk/damage.hpp"
#include "desk/encode.hpp"
#include "desk/picture.hpp"
#include "desk/turns.hpp"
#include "ops/desk_screen.hpp"

namespace carrel::desk {

/// A finished picture.
struct Picture {
    std::string bytes;
    std::string_view media_type;  ///< "image/png" or "image/jpeg"
    Size size;
};

/// What of the screen, at which size, as what.
struct Shot {
    Region region;
    Size size;
    bool is_jpeg = false;
    int quality = 0;
    bool operator==(const Shot&) const = default;
};

/// Of the whole screen, by what a client wishes. Throws Unprocessable when the picture would be
/// larger than 16384 pixels a side.
Shot plan_shot(Size screen, const ops::PictureOptions& options);
/// Of a part. Throws Unprocessable when it is empty or not on the screen.
Shot plan_shot(Size screen, const ops::RegionScreenshot& wish);

class Screen {
public:
    /// Blocks: runs on the pool. All must outlive it.
    Screen(async::Executor executor, async::Pool& pool, Connection& connection, Damage& damage);
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    Size size() const { return size_; }

    /// The screen as it is at the time of the call or later. Calls at the same time share one capture,
    /// and the encoding if they want the same. The last pixels and pictures are kept for ten seconds,
    /// the pictures as long as the screen does not change.
    Task<std::shared_ptr<const Picture>> shoot(Shot shot);

private:
    struct Memory;

    void note(const xcb_generic_event_t& event);
    Task<> capture();
    bool is_known_changed() const;
    unsigned request_pixels();
    Task<Cursor> read_cursor();
    void make_memory();
    void forget_later();

    async::Pool& pool_;
    Connection& connection_;
    Damage& damage_;
    Size size_;
    Turns turns_;
    boost::asio::steady_timer forget_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< for the timer, which may fire too late
    std::uint64_t tickets_ = 0;
    std::uint64_t covered_ = 0;  ///< the last ticket that was given before the capture began
    std::uint64_t captured_changes_ = 0;
    std::unique_ptr<Memory> memory_;
    std::unique_ptr<Workspace> workspace_;  ///< used by the one who has the turn
    std::unique_ptr<Cursor> cursor_;        ///< as drawn in
    std::vector<std::pair<Shot, std::shared_ptr<const Picture>>> pictures_;  ///< of the captured screen
};

}  // namespace carrel::desk
