#include "desk/picture/webp.hpp"

#include <webp/encode.h>

#include "core/error.hpp"

namespace carrel::desk::picture {

namespace {

/// Takes what libwebp writes.
int append(const std::uint8_t* bytes, std::size_t size, const WebPPicture* picture) {
    static_cast<std::string*>(picture->custom_ptr)->append(reinterpret_cast<const char*>(bytes), size);
    return 1;
}

struct WebPicture : WebPPicture {
    WebPicture() : WebPPicture{} {
        if (!WebPPictureInit(this)) throw core::Error{core::Code::internal, "libwebp is of another version"};
    }
    ~WebPicture() { WebPPictureFree(this); }
    WebPicture(const WebPicture&) = delete;
    WebPicture& operator=(const WebPicture&) = delete;
};

/// The fastest settings that still make a small picture, by measurement (docs/bench.md).
WebPConfig settings(int quality, bool is_lossless) {
    WebPConfig config;
    bool is_right = WebPConfigInit(&config) != 0;
    config.method = 0;
    config.quality = static_cast<float>(quality);
    if (is_lossless) {
        config.lossless = 1;
        config.quality = 85;  // of a lossless picture: the effort
    }
    is_right = is_right && WebPValidateConfig(&config) != 0;
    if (!is_right) throw core::Error{core::Code::internal, "libwebp refuses its settings"};
    return config;
}

}  // namespace

std::string to_webp(Pixels pixels, int quality, bool is_lossless) {
    const auto config = settings(quality, is_lossless);
    std::string bytes;
    WebPicture picture;
    picture.use_argb = is_lossless;
    picture.width = pixels.size.width;
    picture.height = pixels.size.height;
    picture.writer = append;
    picture.custom_ptr = &bytes;
    const auto* first = reinterpret_cast<const std::uint8_t*>(pixels.first);
    if (!WebPPictureImportBGRX(&picture, first, pixels.stride * 4) || !WebPEncode(&config, &picture))
        throw core::Error{core::Code::internal, "the picture could not be made a WebP"};
    return bytes;
}

}  // namespace carrel::desk::picture
