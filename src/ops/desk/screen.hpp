// Operations of the screen: their requests and rows.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> screen_rows();

/// Of a picture, in pixels: what every format can hold.
constexpr int largest_picture_side = 16383;
constexpr int longest_wait_for_change = 60;  ///< seconds

/// How a picture is made, and when.
struct PictureOptions {
    std::optional<std::string> format;  ///< "png" (the default), "jpeg" or "webp"
    std::optional<int> quality;         ///< of a JPEG or WebP
    std::optional<bool> lossless;       ///< of a WebP
    std::optional<double> scale;        ///< pixels of the picture for one of the screen
    std::optional<int> width;           ///< pixels; the other side follows when only one is given
    std::optional<int> height;
    bool cursor = true;                ///< whether the pointer is drawn
    std::optional<std::string> since;  ///< a frame's id: what has changed since then is wanted
    double wait_change = 0;            ///< seconds to wait for a change
};

struct Screenshot : PictureOptions {};
const json::Shape<Screenshot>& screenshot_shape();

/// The rectangle from x0,y0 up to but without x1,y1.
struct RegionScreenshot : PictureOptions {
    int x0 = 0;
    int y0 = 0;
    int x1 = 0;
    int y1 = 0;
};
const json::Shape<RegionScreenshot>& region_screenshot_shape();

struct ResizeScreen {
    int width = 0;  ///< pixels
    int height = 0;
};
const json::Shape<ResizeScreen>& resize_screen_shape();

}  // namespace carrel::ops
