#include "desk/screen.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xcb/xfixes.h>

#include <algorithm>
#include <cmath>

#include "core/sys.hpp"
#include "desk/encode.hpp"
#include "desk/handlers.hpp"

namespace carrel::desk {

namespace {

constexpr int largest_side = 16384;
constexpr std::size_t kept_pictures = 4;
constexpr std::chrono::seconds kept_time{10};
constexpr std::uint8_t type_mask = 0x7f;

Shot plan_size(Region region, const ops::PictureOptions& options) {
    const auto whole = region.size();
    Shot shot{region, whole, options.format == "jpeg", options.format == "jpeg" ? options.quality : 0};
    const auto rounded = [](double side) { return std::max(1, static_cast<int>(std::lround(side))); };
    if (options.scale && (options.width || options.height))
        throw unprocessable({"scale"}, "give either scale or width and height");
    if (options.scale)
        shot.size = {rounded(whole.width * *options.scale), rounded(whole.height * *options.scale)};
    if (options.width) shot.size.width = *options.width;
    if (options.height) shot.size.height = *options.height;
    if (options.width && !options.height)
        shot.size.height = rounded(static_cast<double>(whole.height) * *options.width / whole.width);
    if (options.height && !options.width)
        shot.size.width = rounded(static_cast<double>(whole.width) * *options.height / whole.height);
    if (shot.size.width > largest_side || shot.size.height > largest_side)
        throw unprocessable({options.scale ? "scale" : "width"},
                            fmt::format("the picture would be {}×{} pixels; a side has at most {}",
                                        shot.size.width, shot.size.height, largest_side));
    return shot;
}

void check_edges(std::string_view low_name, int low, std::string_view high_name, int high, int side) {
    if (low < 0 || low >= side)
        throw unprocessable({std::string{low_name}},
                            fmt::format("{} is outside the screen, which goes from 0 to {}", low, side - 1));
    if (high > side)
        throw unprocessable({std::string{high_name}},
                            fmt::format("{} is outside the screen, which ends at {}", high, side));
    if (high <= low)
        throw unprocessable({std::string{high_name}},
                            fmt::format("{} must be more than {} ({})", high, low_name, low));
}

Picture encode(Pixels pixels, Shot shot, Workspace& workspace) {
    const auto part = pixels.part(shot.region);
    Image scaled;
    if (shot.size != part.size) scaled = scale(part, shot.size);
    const auto final_pixels = shot.size != part.size ? scaled.pixels() : part;
    if (shot.is_jpeg) return {to_jpeg(final_pixels, shot.quality, workspace), "image/jpeg", shot.size};
    return {to_png(final_pixels, workspace), "image/png", shot.size};
}

}  // namespace

Shot plan_shot(Size screen, const ops::PictureOptions& options) {
    return plan_size({0, 0, screen.width, screen.height}, options);
}

Shot plan_shot(Size screen, const ops::RegionScreenshot& wish) {
    check_edges("x0", wish.x0, "x1", wish.x1, screen.width);
    check_edges("y0", wish.y0, "y1", wish.y1, screen.height);
    return plan_size({wish.x0, wish.y0, wish.x1, wish.y1}, wish);
}

/// Memory that we and the X server both see.
struct Screen::Memory {
    Memory(xcb_connection_t* connection, Size of) : raw{connection}, size{of} {
        const core::Fd file{core::checked("memfd_create", ::memfd_create("screen", MFD_CLOEXEC))};
        core::checked("ftruncate", ::ftruncate(file.get(), static_cast<off_t>(bytes())));
        void* mapped = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
        if (mapped == MAP_FAILED) throw core::system_error("mmap", errno);
        first = static_cast<std::uint32_t*>(mapped);
        segment = xcb_generate_id(raw);
        // libxcb closes the descriptor that it sends.
        xcb_shm_attach_fd(raw, segment, file.duplicate().release(), 0);
    }
    ~Memory() {
        xcb_shm_detach(raw, segment);
        xcb_flush(raw);
        ::munmap(first, bytes());
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    std::size_t count() const { return static_cast<std::size_t>(size.width) * size.height; }
    std::size_t bytes() const { return count() * sizeof(std::uint32_t); }
    Pixels pixels() const { return {first, size.width, size}; }

    xcb_connection_t* raw;
    Size size;
    std::uint32_t* first = nullptr;
    xcb_shm_seg_t segment = 0;
};

Screen::Screen(async::Executor executor, async::Pool& pool, Connection& connection, Damage& damage)
    : pool_{pool},
      connection_{connection},
      damage_{damage},
      size_{connection.screen().width_in_pixels, connection.screen().height_in_pixels},
      turns_{executor},
      forget_{executor} {
    auto* raw = connection.raw();
    const auto* extension = xcb_get_extension_data(raw, &xcb_shm_id);
    if (!extension || !extension->present)
        throw core::Error{core::Code::unavailable, "the display has no MIT-SHM extension"};
    const Answer<xcb_xfixes_query_version_reply_t> version{
        xcb_xfixes_query_version_reply(raw, xcb_xfixes_query_version(raw, 5, 0), nullptr)};
    if (!version) throw core::Error{core::Code::unavailable, "the display has no XFIXES extension"};
    connection.on_event([this](const auto& event) { note(event); });
}

Screen::~Screen() = default;

void Screen::note(const xcb_generic_event_t& event) {
    if ((event.response_type & type_mask) != XCB_CONFIGURE_NOTIFY) return;
    const auto& change = reinterpret_cast<const xcb_configure_notify_event_t&>(event);
    if (change.window == connection_.root()) size_ = {change.width, change.height};
}

void Screen::make_memory() {
    if (memory_ && memory_->size == size_) return;
    memory_.reset();
    cursor_.reset();
    memory_ = std::make_unique<Memory>(connection_.raw(), size_);
}

bool Screen::is_known_changed() const {
    return !memory_ || memory_->size != size_ || damage_.changes() != captured_changes_ || !cursor_;
}

/// The sequence of a request for all pixels. Whatever changes from here on is noted as a change.
unsigned Screen::request_pixels() {
    pictures_.clear();
    make_memory();
    damage_.arm();
    captured_changes_ = damage_.changes();
    return xcb_shm_get_image(
               connection_.raw(), connection_.root(), 0, 0, static_cast<std::uint16_t>(size_.width),
               static_cast<std::uint16_t>(size_.height), ~0U, XCB_IMAGE_FORMAT_Z_PIXMAP, memory_->segment, 0)
        .sequence;
}

Task<Cursor> Screen::read_cursor() {
    const auto pointer = co_await connection_.answer<xcb_xfixes_get_cursor_image_reply_t>(
        xcb_xfixes_get_cursor_image(connection_.raw()).sequence, "reading the pointer's shape");
    const auto* argb = xcb_xfixes_get_cursor_image_cursor_image(pointer.get());
    const auto count =
        static_cast<std::size_t>(xcb_xfixes_get_cursor_image_cursor_image_length(pointer.get()));
    Cursor cursor{
        pointer->x - pointer->xhot, pointer->y - pointer->yhot, {pointer->width, pointer->height}, {}};
    cursor.argb.assign(argb, argb + count);
    co_return cursor;
}

/// Brings memory_ up to date: afterwards it shows the screen as it is now.
Task<> Screen::capture() {
    const auto covered = tickets_;
    // Pixels that are known to be needed are asked for together with the pointer: one turn less.
    std::optional<unsigned> pixels;
    if (is_known_changed()) pixels = request_pixels();
    // The answer comes after every event of what was drawn before: it tells about changes as well.
    auto cursor = co_await read_cursor();
    if (!pixels && (is_known_changed() || *cursor_ != cursor)) pixels = request_pixels();
    if (pixels) {
        co_await connection_.answer<xcb_shm_get_image_reply_t>(*pixels, "capturing the screen");
        draw_cursor({memory_->first, memory_->count()}, memory_->size, cursor);
        cursor_ = std::make_unique<Cursor>(std::move(cursor));
    }
    covered_ = covered;
}

Task<std::shared_ptr<const Picture>> Screen::shoot(Shot shot) {
    const auto ticket = ++tickets_;
    const auto turn = co_await turns_.take();
    if (covered_ < ticket) co_await capture();
    forget_later();
    const auto known = std::ranges::find(pictures_, shot, [](const auto& entry) { return entry.first; });
    if (known != pictures_.end()) co_return known->second;

    const auto pixels = memory_->pixels();
    if (shot.region.x1 > pixels.size.width || shot.region.y1 > pixels.size.height)
        throw core::Error{core::Code::conflict, "the screen has become smaller; look at it again"};
    if (!workspace_) workspace_ = std::make_unique<Workspace>();
    auto picture = std::make_shared<const Picture>(co_await async::run_on(
        pool_, [pixels, shot, &workspace = *workspace_] { return encode(pixels, shot, workspace); }));
    if (pictures_.size() == kept_pictures) pictures_.erase(pictures_.begin());
    pictures_.emplace_back(shot, picture);
    co_return picture;
}

/// A desk that nobody looks at gives its memory back.
void Screen::forget_later() {
    forget_.expires_after(kept_time);
    forget_.async_wait([this, alive = std::weak_ptr<char>{alive_}](const boost::system::error_code& error) {
        if (error || alive.expired()) return;
        // Somebody is looking right now: the pool may be reading the pixels.
        if (turns_.is_taken()) return forget_later();
        pictures_.clear();
        memory_.reset();
        cursor_.reset();
        workspace_.reset();
    });
}

}  // namespace carrel::desk
