#include "desk/encode.hpp"

#include <libdeflate.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
// jpeglib.h needs size_t and FILE from above.
#include <jpeglib.h>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace carrel::desk {

namespace {

/// Of a page of text in a browser, dense text, a photograph at 1024×768: level 4 takes 4.7, 6.1, 17 ms for
/// 101, 189, 774 KB; level 6 takes 5.6, 7.8, 23 ms for 95, 181, 769; lower ones gain nothing more.
constexpr int deflate_level = 4;
constexpr std::uint32_t colour_mask = 0xffffff;
constexpr int full_chroma_quality = 90;
/// A page of text at 1024×768 makes 110 KB. Memory that is not written to is never really taken.
constexpr std::size_t usual_jpeg_bytes = std::size_t{1} << 20;

/// At most 256 colours, numbered in the order of their first appearance.
class Palette {
public:
    /// The colour's number; nothing when it would be the 257th.
    std::optional<std::uint8_t> number_of(std::uint32_t colour) {
        auto slot = (colour * 2654435761U) >> 22;
        while (numbers_[slot] != 0) {
            if (colours_[numbers_[slot] - 1] == colour) return static_cast<std::uint8_t>(numbers_[slot] - 1);
            slot = (slot + 1) % numbers_.size();
        }
        if (size_ == colours_.size()) return std::nullopt;
        colours_[size_] = colour;
        numbers_[slot] = static_cast<std::uint16_t>(++size_);
        return static_cast<std::uint8_t>(size_ - 1);
    }
    std::span<const std::uint32_t> colours() const { return {colours_.data(), size_}; }

private:
    std::array<std::uint16_t, 1024> numbers_{};  ///< number + 1 by hash; 0: free
    std::array<std::uint32_t, 256> colours_{};
    std::size_t size_ = 0;
};

/// What a PNG compresses: rows, each after a byte that names its filter (0: none).
using Rows = std::span<std::uint8_t>;

/// What a store of four bytes for three may reach beyond the end.
constexpr std::size_t overrun = 1;

std::size_t count_bytes(Size size, int bytes_per_pixel) {
    return (static_cast<std::size_t>(size.width) * bytes_per_pixel + 1) * size.height;
}

/// Bytes that grow but never shrink, and are not cleared.
class Buffer {
public:
    std::uint8_t* room_for(std::size_t size) {
        if (size > size_) {
            bytes_.reset();
            bytes_ = std::make_unique_for_overwrite<std::uint8_t[]>(size);
            size_ = size;
        }
        return bytes_.get();
    }

private:
    std::unique_ptr<std::uint8_t[]> bytes_;
    std::size_t size_ = 0;
};

std::optional<Rows> indexed_rows(Pixels pixels, Palette& palette, Buffer& buffer) {
    const auto size = count_bytes(pixels.size, 1);
    const Rows rows{buffer.room_for(size), size};
    auto* to = rows.data();
    // Neighbours are mostly equal on a screen: the table is asked only where the colour changes.
    std::uint32_t last = ~pixels.first[0];
    std::uint8_t number = 0;
    for (int y = 0; y < pixels.size.height; ++y) {
        *to++ = 0;
        const auto* row = pixels.row(y);
        for (int x = 0; x < pixels.size.width; ++x) {
            if (row[x] != last) {
                last = row[x];
                const auto found = palette.number_of(last & colour_mask);
                if (!found) return std::nullopt;
                number = *found;
            }
            *to++ = number;
        }
    }
    return rows;
}

Rows rgb_rows(Pixels pixels, Buffer& buffer) {
    const auto size = count_bytes(pixels.size, 3);
    const Rows rows{buffer.room_for(size + overrun), size};
    auto* to = rows.data();
    for (int y = 0; y < pixels.size.height; ++y) {
        *to++ = 0;
        const auto* row = pixels.row(y);
        for (int x = 0; x < pixels.size.width; ++x, to += 3) {
            // Red first. One store of four bytes, the last of which the next byte covers: twice as fast.
            const std::uint32_t red_first = __builtin_bswap32(row[x] << 8);
            std::memcpy(to, &red_first, sizeof red_first);
        }
    }
    return rows;
}

void put_number(std::string& png, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) png.push_back(static_cast<char>(number >> shift));
}

void put_chunk(std::string& png, std::string_view type, std::string_view content) {
    put_number(png, static_cast<std::uint32_t>(content.size()));
    const auto begin = png.size();
    png += type;
    png += content;
    put_number(png, libdeflate_crc32(0, png.data() + begin, png.size() - begin));
}

std::string header_of(Size size, bool is_indexed) {
    std::string header;
    put_number(header, static_cast<std::uint32_t>(size.width));
    put_number(header, static_cast<std::uint32_t>(size.height));
    const char colour_type = is_indexed ? 3 : 2;
    header += {8, colour_type, 0, 0, 0};
    return header;
}

std::string palette_of(const Palette& palette) {
    std::string bytes;
    for (const auto colour : palette.colours())
        for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<char>(colour >> shift));
    return bytes;
}

struct FreeCompressor {
    void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};

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

}  // namespace

struct Workspace::Buffers {
    std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor{
        libdeflate_alloc_compressor(deflate_level)};
    Buffer rows;
    Buffer compressed;

    /// Valid until the next call.
    std::string_view compress(Rows from) {
        if (!compressor) throw core::Error{core::Code::exhausted, "no memory to compress a picture"};
        const auto bound = libdeflate_zlib_compress_bound(compressor.get(), from.size());
        auto* to = compressed.room_for(bound);
        const auto size = libdeflate_zlib_compress(compressor.get(), from.data(), from.size(), to, bound);
        return {reinterpret_cast<const char*>(to), size};
    }
};

Workspace::Workspace() : buffers_{std::make_unique<Buffers>()} {}
Workspace::~Workspace() = default;

std::string to_png(Pixels pixels, Workspace& workspace) {
    auto& buffers = workspace.buffers();
    Palette palette;
    const auto indexed = indexed_rows(pixels, palette, buffers.rows);
    const bool is_indexed = indexed.has_value();
    const Rows rows = is_indexed ? *indexed : rgb_rows(pixels, buffers.rows);
    std::string png = "\x89PNG\r\n\x1a\n";
    put_chunk(png, "IHDR", header_of(pixels.size, is_indexed));
    if (is_indexed) put_chunk(png, "PLTE", palette_of(palette));
    put_chunk(png, "IDAT", buffers.compress(rows));
    put_chunk(png, "IEND", {});
    return png;
}

std::string to_jpeg(Pixels pixels, int quality, Workspace& workspace) {
    Encoder encoder{workspace.buffers().compressed.room_for(usual_jpeg_bytes), usual_jpeg_bytes};
    auto& state = encoder.state;
    state.image_width = static_cast<JDIMENSION>(pixels.size.width);
    state.image_height = static_cast<JDIMENSION>(pixels.size.height);
    state.input_components = 4;
    state.in_color_space = JCS_EXT_BGRX;
    jpeg_set_defaults(&state);
    jpeg_set_quality(&state, quality, TRUE);
    if (quality >= full_chroma_quality)
        state.comp_info[0].h_samp_factor = state.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&state, TRUE);
    while (state.next_scanline < state.image_height) {
        // libjpeg only reads the row; its type lacks the const.
        auto* row = reinterpret_cast<JSAMPLE*>(
            const_cast<std::uint32_t*>(pixels.row(static_cast<int>(state.next_scanline))));
        jpeg_write_scanlines(&state, &row, 1);
    }
    jpeg_finish_compress(&state);
    return {reinterpret_cast<const char*>(encoder.bytes), encoder.size};
}

}  // namespace carrel::desk
