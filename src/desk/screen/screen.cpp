#include "desk/screen/screen.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <xcb/xfixes.h>

#include "core/sys.hpp"

namespace carrel::desk::screen {

namespace {

constexpr std::chrono::seconds kept_time{10};

}  // namespace

/// Memory that we and the X server both see.
struct Screen::Memory {
    Memory(xcb_connection_t* connection, picture::Size of) : raw{connection}, size{of} {
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
    std::span<std::uint32_t> pixels() const { return {first, count()}; }

    xcb_connection_t* raw;
    picture::Size size;
    std::uint32_t* first = nullptr;
    xcb_shm_seg_t segment = 0;
};

Screen::Screen(async::Executor executor, async::Pool& pool, x11::Connection& connection, Damage& damage)
    : pool_{pool},
      connection_{connection},
      damage_{damage},
      pointer_{connection, [this] { stir(); }},
      size_{connection.screen().width_in_pixels, connection.screen().height_in_pixels},
      turns_{executor},
      stirred_{executor},
      forget_{executor} {
    auto* raw = connection.raw();
    const auto* extension = xcb_get_extension_data(raw, &xcb_shm_id);
    if (!extension || !extension->present)
        throw core::Error{core::Code::unavailable, "the display has no MIT-SHM extension"};
    const x11::Answer<xcb_xfixes_query_version_reply_t> version{
        xcb_xfixes_query_version_reply(raw, xcb_xfixes_query_version(raw, 5, 0), nullptr)};
    if (!version) throw core::Error{core::Code::unavailable, "the display has no XFIXES extension"};
    connection.on_event([this](const auto& event) { note(event); });
    connection.on_end([this] { stir(); });
}

Screen::~Screen() = default;

void Screen::note(const xcb_generic_event_t& event) {
    // The damage was told before: it was there first.
    if (std::exchange(noted_changes_, damage_.changes()) != damage_.changes()) stir();
    // With its highest bit set it was sent by a program, and says what that likes.
    if (event.response_type != XCB_CONFIGURE_NOTIFY) return;
    const auto& change = reinterpret_cast<const xcb_configure_notify_event_t&>(event);
    if (change.window != connection_.root()) return;
    size_ = {change.width, change.height};
    stir();
}

void Screen::stir() {
    ++stirs_;
    stirred_.notify_all();
}

void Screen::make_memory() {
    if (memory_ && memory_->size == size_) return;
    memory_.reset();
    memory_ = std::make_unique<Memory>(connection_.raw(), size_);
}

bool Screen::is_known_changed() const {
    return !memory_ || memory_->size != size_ || !is_captured_ || damage_.changes() != captured_changes_;
}

/// The sequence of a request for all pixels. Whatever changes from here on is noted as a change.
unsigned Screen::request_pixels() {
    make_memory();
    damage_.arm();
    captured_changes_ = damage_.changes();
    is_captured_ = false;
    return xcb_shm_get_image(
               connection_.raw(), connection_.root(), 0, 0, static_cast<std::uint16_t>(size_.width),
               static_cast<std::uint16_t>(size_.height), ~0U, XCB_IMAGE_FORMAT_Z_PIXMAP, memory_->segment, 0)
        .sequence;
}

/// Nothing when the display does not tell it: it refuses (BadAccess) while the pointer has the shape of a
/// program that has ended, as the window manager's until the next one is there.
Task<std::optional<Screen::Shape>> Screen::read_shape() {
    const auto sequence = xcb_xfixes_get_cursor_image(connection_.raw()).sequence;
    x11::Answer<xcb_xfixes_get_cursor_image_reply_t> pointer;
    try {
        pointer = co_await connection_.answer<xcb_xfixes_get_cursor_image_reply_t>(
            sequence, "reading the pointer's shape");
    } catch (const core::Error& error) {
        if (error.code() != core::Code::internal || !connection_.is_alive()) throw;
        co_return std::nullopt;
    }
    const auto* argb = xcb_xfixes_get_cursor_image_cursor_image(pointer.get());
    const auto count =
        static_cast<std::size_t>(xcb_xfixes_get_cursor_image_cursor_image_length(pointer.get()));
    Shape shape{
        {pointer->x - pointer->xhot, pointer->y - pointer->yhot, {pointer->width, pointer->height}, {}},
        pointer->xhot,
        pointer->yhot};
    shape.cursor.argb.assign(argb, argb + count);
    co_return shape;
}

/// Where its shape is not told, the pointer is shown with the last one, at its place.
Task<picture::Cursor> Screen::read_cursor() {
    if (auto shape = co_await read_shape()) {
        shape_ = std::move(*shape);
        co_return shape_.cursor;
    }
    const auto place = co_await connection_.answer<xcb_query_pointer_reply_t>(
        xcb_query_pointer(connection_.raw(), connection_.root()).sequence, "reading the pointer's place");
    auto cursor = shape_.cursor;
    cursor.x = place->root_x - shape_.hot_x;
    cursor.y = place->root_y - shape_.hot_y;
    co_return cursor;
}

/// False when the screen became another one on the way: the display refuses what is not there.
Task<bool> Screen::receive_pixels(unsigned sequence) {
    try {
        co_await connection_.answer<xcb_shm_get_image_reply_t>(sequence, "capturing the screen");
        co_return true;
    } catch (const core::Error&) {
        if (!connection_.is_alive() || memory_->size == size_) throw;
    }
    co_return false;
}

/// Brings memory_ up to date: afterwards it shows the screen as it is now.
Task<> Screen::capture() {
    const auto covered = tickets_;
    // Pixels that are known to be needed are asked for together with the pointer: one turn less.
    std::optional<unsigned> pixels;
    if (is_known_changed()) pixels = request_pixels();
    // The answer comes after every event of what was drawn before: it tells about changes as well.
    auto cursor = co_await read_cursor();
    if (!pixels && is_known_changed()) pixels = request_pixels();
    if (pixels) {
        while (!co_await receive_pixels(*pixels)) pixels = request_pixels();
        if (!pictures_) pictures_ = std::make_unique<picture::Pictures>();
        pictures_->set_pixels(memory_->pixels(), memory_->size);
        is_captured_ = true;
    }
    pictures_->set_cursor(std::move(cursor));
    covered_ = covered;
}

Task<picture::Shown> Screen::look(const Plan& plan, picture::Known known) {
    const auto ticket = ++tickets_;
    const auto turn = co_await turns_.take();
    // A capture after this ticket may have been broken off half way: by its client, or by the display.
    if (covered_ < ticket || !is_captured_) co_await capture();
    forget_later();
    const auto shot = plan(memory_->size);
    if (auto ready = pictures_->find(shot, known)) co_return std::move(*ready);
    co_return co_await async::run_on(
        pool_, [shot, known, &pictures = *pictures_] { return pictures.show(shot, known); });
}

Task<std::shared_ptr<const picture::Picture>> Screen::shoot(ops::PictureOptions options) {
    auto shown =
        co_await look([&options](picture::Size screen) { return picture::plan_shot(screen, options); }, {});
    co_return std::move(shown.picture);
}

Task<picture::Shown> Screen::show(Plan plan, Wish wish) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + wish.wait;
    std::optional<Pointer::Watch> watch;
    if (wish.wait > async::Duration{}) watch.emplace(pointer_);
    while (true) {
        const auto seen = stirs_;
        auto shown = co_await look(plan, wish.known);
        if (wish.wait == async::Duration{}) co_return shown;
        if (wish.known.frame && shown.change != picture::Shown::Change::unchanged) co_return shown;
        wish.known.frame = shown.frame;
        shown = {picture::Shown::Change::unchanged, shown.frame, shown.size, nullptr, {}};
        while (stirs_ == seen)
            if (!co_await stirred_.wait_for(end - Clock::now())) co_return shown;
        if (!connection_.is_alive()) throw x11::display_is_gone();
    }
}

Task<bool> Screen::wait_for_other_size(picture::Size size, async::Duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (size_ == size && connection_.is_alive())
        if (!co_await stirred_.wait_for(end - std::chrono::steady_clock::now())) co_return false;
    co_return true;
}

/// A desk that nobody looks at gives its memory back.
void Screen::forget_later() {
    forget_.expires_after(kept_time);
    forget_.async_wait([this, alive = std::weak_ptr<char>{alive_}](const boost::system::error_code& error) {
        if (error || alive.expired()) return;
        // Somebody is looking right now: the pool may be reading the pixels.
        if (turns_.is_taken()) return forget_later();
        is_captured_ = false;
        pictures_.reset();
        memory_.reset();
        connection_.flush();
    });
}

}  // namespace carrel::desk::screen
