// The pictures of a captured screen: drawn, compressed, compared, and kept as long as they are of use. Knows
// no display.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "desk/picture/frame.hpp"
#include "desk/picture/jpeg.hpp"
#include "desk/picture/picture.hpp"
#include "desk/picture/png.hpp"
#include "desk/picture/shot.hpp"

namespace carrel::desk::picture {

/// A finished picture.
struct Picture {
    std::string bytes;
    std::string_view media_type;  ///< "image/png", "image/jpeg" or "image/webp"
    Size size;
    std::uint64_t frame = 0;  ///< what of the screen it shows
};

/// What a client has already.
struct Known {
    std::optional<std::uint64_t> frame;
    bool wants_difference = false;  ///< where it differs from that frame, if that is smaller than all of it
};

/// What it is answered.
struct Shown {
    enum class Change { unchanged, rectangles, whole };
    struct Part {
        Region place;  ///< in the picture
        std::string bytes;
    };
    Change change = Change::whole;
    std::uint64_t frame = 0;
    Size size;
    std::shared_ptr<const Picture> picture;  ///< of a whole one
    std::vector<Part> parts;                 ///< of rectangles
};

/// For one thread at a time.
class Pictures {
public:
    /// `pixels` are the screen's, without pointer, rows without gaps. They are drawn into, and must stay
    /// until the next call.
    void set_pixels(std::span<std::uint32_t> pixels, Size size);
    void set_cursor(Cursor cursor);
    const Cursor& cursor() const { return cursor_; }

    /// What is ready: cheap.
    std::optional<Shown> find(const Shot& shot, const Known& known) const;
    /// Slow (milliseconds). The shot lies on the screen.
    Shown show(const Shot& shot, const Known& known);

private:
    using FramePointer = std::shared_ptr<const Frame>;
    struct View {
        Region region;
        bool has_cursor;
        bool operator==(const View&) const = default;
    };

    Pixels pixels_of(const Shot& shot);
    void draw_pointer(bool is_wanted);
    FramePointer find_frame(const Shot& shot) const;
    FramePointer frame_of(const Shot& shot);
    std::shared_ptr<const Picture> find_picture(const Shot& shot, std::uint64_t frame) const;
    std::shared_ptr<const Picture> picture_of(const Shot& shot, const Frame& frame);
    std::string encode(Pixels pixels, const Shot& shot, std::span<const std::uint64_t> bands);
    std::vector<Shown::Part> parts_of(const Shot& shot, const std::vector<Region>& places);

    std::span<std::uint32_t> pixels_;
    Size size_;
    Cursor cursor_;
    std::vector<std::uint32_t> below_;  ///< the pixels under the pointer, while it is drawn
    bool is_drawn_ = false;

    PngEncoder png_;
    JpegEncoder jpeg_;
    std::vector<std::pair<View, FramePointer>> frames_;  ///< of these pixels and this pointer
    std::vector<FramePointer> past_;                     ///< the last few that were shown, the newest last
    std::vector<std::pair<Shot, std::shared_ptr<const Picture>>> pictures_;
};

}  // namespace carrel::desk::picture
