#include "desk/picture/jpeg.hpp"

#include <cstdio>
#include <cstdlib>
// jpeglib.h needs size_t and FILE from above.
#include <jpeglib.h>

#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk::picture {

namespace {

constexpr int full_chroma_quality = 90;
/// A page of text at 1024×768 makes 110 KB. Memory that is not written to is never really taken.
constexpr std::size_t usual_bytes = std::size_t{1} << 20;

/// Destroys what libjpeg made, also when encoding throws.
struct Encoder {
    jpeg_compress_struct state{};
    jpeg_error_mgr errors{};
    unsigned char* room;
    unsigned char* bytes;
    unsigned long size;

    /// Writes into `room_size` bytes at `first`; libjpeg takes more from the heap when they are full.
    Encoder(unsigned char* first, std::size_t room_size) : room{first}, bytes{first}, size{room_size} {
        state.err = jpeg_std_error(&errors);
        // libjpeg would end the program.
        errors.error_exit = [](j_common_ptr) {
            throw core::Error{core::Code::internal, "the picture could not be made a JPEG"};
        };
        jpeg_create_compress(&state);
        jpeg_mem_dest(&state, &bytes, &size);
    }
    ~Encoder() {
        jpeg_destroy_compress(&state);
        if (bytes != room) std::free(bytes);
    }
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;
};

int byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text.at(at)); }

/// Where the header of a JPEG ends and its compressed part begins: behind the SOS segment.
std::size_t header_end(std::string_view jpeg) {
    constexpr int start_of_scan = 0xda;
    for (std::size_t at = 2;;) {
        const int kind = byte_at(jpeg, at + 1);
        at += 2 + static_cast<std::size_t>(byte_at(jpeg, at + 2) << 8 | byte_at(jpeg, at + 3));
        if (kind == start_of_scan) return at;
    }
}

/// Writes another height into a header.
void set_height(std::string& header, int height) {
    constexpr int start_of_frame = 0xc0;
    std::size_t at = 2;
    while (byte_at(header, at + 1) != start_of_frame)
        at += 2 + static_cast<std::size_t>(byte_at(header, at + 2) << 8 | byte_at(header, at + 3));
    header.at(at + 5) = static_cast<char>(height >> 8);
    header.at(at + 6) = static_cast<char>(height);
}

/// The pieces of a compressed part between its restart markers, without the end marker.
std::vector<std::string_view> split(std::string_view scan) {
    std::vector<std::string_view> pieces;
    std::size_t begin = 0;
    for (std::size_t at = 0; (at = scan.find('\xff', at)) != std::string_view::npos; ++at) {
        const int kind = byte_at(scan, at + 1);
        if (kind == 0) continue;  // a byte of the data that happens to be 255
        pieces.push_back(scan.substr(begin, at - begin));
        begin = at + 2;
    }
    return pieces;
}

struct JpegBand {
    std::optional<std::uint64_t> hash;  ///< of what `bytes` shows; nothing: it is to be compressed
    std::string bytes;
};

}  // namespace

struct JpegEncoder::State {
    std::unique_ptr<unsigned char[]> room = std::make_unique_for_overwrite<unsigned char[]>(usual_bytes);
    Size size;
    int quality = 0;
    std::string header;
    std::vector<JpegBand> bands;

    /// Calls `use` with a whole JPEG that has a restart marker behind each band.
    template <class Use>
    void compress(Pixels pixels, Use use) {
        Encoder encoder{room.get(), usual_bytes};
        auto& state = encoder.state;
        state.image_width = static_cast<JDIMENSION>(pixels.size.width);
        state.image_height = static_cast<JDIMENSION>(pixels.size.height);
        state.input_components = 4;
        state.in_color_space = JCS_EXT_BGRX;
        jpeg_set_defaults(&state);
        jpeg_set_quality(&state, quality, TRUE);
        const bool is_full = quality >= full_chroma_quality;
        if (is_full) state.comp_info[0].h_samp_factor = state.comp_info[0].v_samp_factor = 1;
        const int unit = is_full ? 8 : 16;
        state.restart_interval =
            static_cast<unsigned>((pixels.size.width + unit - 1) / unit * (band_height / unit));
        jpeg_start_compress(&state, TRUE);
        while (state.next_scanline < state.image_height) {
            // libjpeg only reads the row; its type lacks the const.
            auto* row = reinterpret_cast<JSAMPLE*>(
                const_cast<std::uint32_t*>(pixels.row(static_cast<int>(state.next_scanline))));
            jpeg_write_scanlines(&state, &row, 1);
        }
        jpeg_finish_compress(&state);
        use(std::string_view{reinterpret_cast<const char*>(encoder.bytes), encoder.size});
    }

    /// Bands from `first` up to but without `end`.
    void renew(Pixels pixels, std::size_t first, std::size_t end, std::span<const std::uint64_t> hashes) {
        auto place = band_of(size, first);
        place.y1 = band_of(size, end - 1).y1;
        compress(pixels.part(place), [&](std::string_view jpeg) {
            const auto begin = header_end(jpeg);
            header = jpeg.substr(0, begin);
            const auto pieces = split(jpeg.substr(begin));
            for (auto i = first; i < end; ++i) {
                bands[i].bytes = pieces.at(i - first);
                bands[i].hash = hashes[i];
            }
        });
    }

    void update(Pixels pixels, int wanted, std::span<const std::uint64_t> hashes) {
        if (size != pixels.size || quality != wanted) bands.assign(hashes.size(), {});
        size = pixels.size;
        quality = wanted;
        const auto is_known = [&](std::size_t i) { return bands[i].hash == hashes[i]; };
        for (std::size_t first = 0; first < bands.size();) {
            if (is_known(first)) {
                ++first;
                continue;
            }
            auto end = first + 1;
            while (end < bands.size() && !is_known(end)) ++end;
            renew(pixels, first, end, hashes);
            first = end;
        }
    }

    std::string assemble() const {
        std::string jpeg = header;
        set_height(jpeg, size.height);
        std::size_t total = jpeg.size() + 2;
        for (const auto& band : bands) total += band.bytes.size() + 2;
        jpeg.reserve(total);
        for (std::size_t i = 0; i < bands.size(); ++i) {
            if (i > 0) jpeg += {'\xff', static_cast<char>(0xd0 + (i - 1) % 8)};
            jpeg += bands[i].bytes;
        }
        return jpeg += "\xff\xd9";
    }
};

JpegEncoder::JpegEncoder() : state_{std::make_unique<State>()} {}
JpegEncoder::~JpegEncoder() = default;

std::string JpegEncoder::encode(Pixels pixels, int quality, std::span<const std::uint64_t> bands) {
    if (!bands.empty()) {
        state_->update(pixels, quality, bands);
        return state_->assemble();
    }
    State other;
    other.quality = quality;
    std::string jpeg;
    other.compress(pixels, [&](std::string_view bytes) { jpeg = bytes; });
    return jpeg;
}

}  // namespace carrel::desk::picture
