#include "desk/transfer/decompress.hpp"

#include <bzlib.h>
#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "core/error.hpp"

namespace carrel::desk::transfer {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t unpacked_piece = std::size_t{128} << 10;
/// xz -9 wants 65 MiB; Zstandard as much as its own command takes without being asked, 128 MiB.
constexpr std::uint64_t most_xz_memory = std::uint64_t{96} << 20;
constexpr int largest_zstd_window = 27;

struct Room {
    char* at;
    std::size_t size;
};
/// What of a room was filled, and whether the data has ended there.
struct Filled {
    std::size_t size;
    bool is_end;
};

template <class Size>
Size capped(std::size_t size) {
    return static_cast<Size>(std::min<std::size_t>(size, std::numeric_limits<Size>::max()));
}

Error no_memory() { return {Code::exhausted, "there is no memory to unpack the archive"}; }

}  // namespace

class Decompression::Codec {
public:
    virtual ~Codec() = default;
    /// Begins anew.
    virtual void begin() = 0;
    /// Takes from `bytes` and fills `room`. Throws Error without saying of what.
    virtual Filled step(std::string_view& bytes, Room room) = 0;

protected:
    static Error damaged() { return {Code::invalid, "is damaged"}; }
    static Error too_large() {
        return {Code::exhausted,
                "wants more memory to be unpacked than there is for it; pack it at a usual level"};
    }
};

/// Its checksum is checked, as those of the others are.
class Decompression::Gzip final : public Codec {
public:
    ~Gzip() override { ::inflateEnd(&stream_); }
    void begin() override {
        ::inflateEnd(&stream_);
        stream_ = {};
        constexpr int gzip_only = 16;
        if (::inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK) throw no_memory();
    }
    Filled step(std::string_view& bytes, Room room) override {
        // zlib takes no const.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = capped<uInt>(bytes.size());
        const auto given = stream_.avail_in;
        stream_.next_out = reinterpret_cast<Bytef*>(room.at);
        stream_.avail_out = static_cast<uInt>(room.size);
        const int result = ::inflate(&stream_, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR) throw no_memory();
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) throw damaged();
        bytes.remove_prefix(given - stream_.avail_in);
        return {room.size - stream_.avail_out, result == Z_STREAM_END};
    }

private:
    z_stream stream_{};
};

class Decompression::Bzip2 final : public Codec {
public:
    ~Bzip2() override { ::BZ2_bzDecompressEnd(&stream_); }
    void begin() override {
        ::BZ2_bzDecompressEnd(&stream_);
        stream_ = {};
        if (::BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw no_memory();
    }
    Filled step(std::string_view& bytes, Room room) override {
        stream_.next_in = const_cast<char*>(bytes.data());
        stream_.avail_in = capped<unsigned>(bytes.size());
        const auto given = stream_.avail_in;
        stream_.next_out = room.at;
        stream_.avail_out = static_cast<unsigned>(room.size);
        const int result = ::BZ2_bzDecompress(&stream_);
        if (result == BZ_MEM_ERROR) throw no_memory();
        if (result != BZ_OK && result != BZ_STREAM_END) throw damaged();
        bytes.remove_prefix(given - stream_.avail_in);
        return {room.size - stream_.avail_out, result == BZ_STREAM_END};
    }

private:
    bz_stream stream_{};
};

class Decompression::Xz final : public Codec {
public:
    ~Xz() override { ::lzma_end(&stream_); }
    void begin() override {
        // Begun again on the same stream, it keeps its memory.
        if (::lzma_stream_decoder(&stream_, most_xz_memory, 0) != LZMA_OK) throw no_memory();
    }
    Filled step(std::string_view& bytes, Room room) override {
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
        stream_.avail_in = bytes.size();
        stream_.next_out = reinterpret_cast<std::uint8_t*>(room.at);
        stream_.avail_out = room.size;
        const auto result = ::lzma_code(&stream_, LZMA_RUN);
        if (result == LZMA_MEM_ERROR) throw no_memory();
        if (result == LZMA_MEMLIMIT_ERROR) throw too_large();
        if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR) throw damaged();
        bytes.remove_prefix(bytes.size() - stream_.avail_in);
        return {room.size - stream_.avail_out, result == LZMA_STREAM_END};
    }

private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

class Decompression::Zstandard final : public Codec {
public:
    Zstandard() : stream_{::ZSTD_createDStream()} {
        if (!stream_) throw no_memory();
        ::ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, largest_zstd_window);
    }
    ~Zstandard() override { ::ZSTD_freeDStream(stream_); }
    Zstandard(const Zstandard&) = delete;
    Zstandard& operator=(const Zstandard&) = delete;

    void begin() override { ::ZSTD_DCtx_reset(stream_, ZSTD_reset_session_only); }
    Filled step(std::string_view& bytes, Room room) override {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        ZSTD_outBuffer out{room.at, room.size, 0};
        const auto result = ::ZSTD_decompressStream(stream_, &out, &in);
        if (::ZSTD_isError(result) != 0) {
            const std::string_view reason{::ZSTD_getErrorName(result)};
            throw reason.contains("memory") ? too_large() : damaged();
        }
        bytes.remove_prefix(in.pos);
        return {out.pos, result == 0};
    }

private:
    ZSTD_DStream* stream_;
};

struct Decompression::Format {
    std::string_view name;
    /// How each of its parts begins: one or the other; `?` is any byte.
    std::array<std::string_view, 2> magics;
    std::unique_ptr<Codec> (*make)();

    /// Whether `bytes` are as much of a beginning as they can be.
    bool begins(std::string_view bytes) const {
        return std::ranges::any_of(magics, [&](std::string_view magic) {
            if (magic.empty()) return false;
            const auto count = std::min(bytes.size(), magic.size());
            return std::ranges::equal(bytes.substr(0, count), magic.substr(0, count),
                                      [](char byte, char wanted) { return byte == wanted || wanted == '?'; });
        });
    }
    std::size_t magic_size() const { return magics[0].size(); }

    static const std::array<Format, 4>& all() {
        static const std::array<Format, 4> formats{{
            {"gzip",
             {std::string_view{"\x1f\x8b\x08", 3}, {}},
             [] -> std::unique_ptr<Codec> { return std::make_unique<Gzip>(); }},
            {"bzip2",
             {"BZh?1AY&", "BZh?\x17rE8"},
             [] -> std::unique_ptr<Codec> { return std::make_unique<Bzip2>(); }},
            {"xz",
             {std::string_view{"\xfd"
                               "7zXZ\0",
                               6},
              {}},
             [] -> std::unique_ptr<Codec> { return std::make_unique<Xz>(); }},
            // The second is a frame to be skipped, with which some programs begin.
            {"Zstandard",
             {"\x28\xb5\x2f\xfd", "?\x2a\x4d\x18"},
             [] -> std::unique_ptr<Codec> { return std::make_unique<Zstandard>(); }},
        }};
        return formats;
    }
};

std::optional<std::string_view> name_of_format(std::string_view beginning) {
    struct Known {
        std::string_view magic;
        std::string_view name;
    };
    using namespace std::string_view_literals;
    constexpr std::array known{
        Known{"PK\x03\x04"sv, "a zip"},
        Known{"PK\x05\x06"sv, "a zip"},
        Known{"7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive"},
        Known{"Rar!\x1a\x07"sv, "a RAR archive"},
        Known{"LZIP"sv, "compressed by lzip"},
        Known{"\x04\x22\x4d\x18"sv, "compressed by LZ4"},
        Known{"\x1f\x9d"sv, "compressed by compress(1)"},
        Known{"\x5d\x00\x00"sv, "compressed by lzma"},
        Known{"\x89LZO"sv, "compressed by lzop"},
        Known{"!<arch>\n"sv, "an ar archive, as Debian's packages are"},
        Known{"070701"sv, "a cpio archive"},
        Known{"\xed\xab\xee\xdb"sv, "an RPM package"},
        Known{"MSCF"sv, "a cabinet of Windows"},
    };
    const auto row =
        std::ranges::find_if(known, [&](const Known& one) { return beginning.starts_with(one.magic); });
    if (row == known.end()) return std::nullopt;
    return row->name;
}

std::unique_ptr<Decompression> Decompression::find(std::string_view beginning) {
    for (const auto& format : Format::all())
        if (beginning.size() >= format.magic_size() && format.begins(beginning))
            return std::unique_ptr<Decompression>{new Decompression{format}};
    return nullptr;
}

Decompression::Decompression(const Format& format)
    : format_{format},
      name_{format.name},
      codec_{format.make()},
      piece_{std::make_unique_for_overwrite<char[]>(unpacked_piece)} {}

Decompression::~Decompression() = default;

/// Whether another part begins; false when there is none, or not enough has come to know.
bool Decompression::find_next(std::string_view& bytes) {
    // Zeros fill blocks of tapes and the like.
    if (has_begun_ && head_.empty())
        bytes.remove_prefix(std::min(bytes.find_first_not_of('\0'), bytes.size()));
    while (!bytes.empty() && head_.size() < format_.magic_size()) {
        head_ += bytes.front();
        bytes.remove_prefix(1);
        if (format_.begins(head_)) continue;
        state_ = State::behind;
        rest_ = std::exchange(head_, {}).size();
        return false;
    }
    if (head_.size() < format_.magic_size()) return false;
    codec_->begin();
    now_ = head_;
    state_ = State::inside;
    has_begun_ = true;
    return true;
}

std::string_view Decompression::step(std::string_view& bytes) {
    try {
        const auto [size, is_end] = codec_->step(bytes, {piece_.get(), unpacked_piece});
        if (is_end) {
            state_ = State::between;
            head_.clear();
            now_ = {};
        }
        return {piece_.get(), size};
    } catch (Error& error) {
        if (error.code() == Code::invalid || error.message().starts_with("wants"))
            throw Error{error.code(), fmt::format("the {} data in the body {}", name_, error.message())};
        throw;
    }
}

std::string_view Decompression::next(std::string_view& bytes) {
    for (;;) {
        if (state_ == State::between && !find_next(bytes) && state_ == State::between) return {};
        if (state_ == State::behind) {
            rest_ += bytes.size();
            bytes = {};
            return {};
        }
        auto& from = now_.empty() ? bytes : now_;
        const auto before = from.size();
        const auto piece = step(from);
        if (!piece.empty()) return piece;
        // Also when all was taken, more may come out of what the decoder holds; but not when nothing moves.
        if (state_ != State::inside || from.size() != before) continue;
        if (from.empty()) return {};
        throw Error{Code::invalid, fmt::format("the {} data in the body is damaged", name_)};
    }
}

void Decompression::finish() {
    if (state_ == State::inside || !has_begun_)
        throw Error{Code::invalid, fmt::format("the {} data in the body ends in the middle", name_)};
    rest_ += std::exchange(head_, {}).size();
}

}  // namespace carrel::desk::transfer
