// Zips: stored whole, then unpacked by their directory.
#include <fmt/format.h>
#include <libdeflate.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/text.hpp"
#include "desk/files/new_file.hpp"
#include "desk/files/paths.hpp"
#include "desk/transfer/unpack.hpp"

namespace carrel::desk::transfer {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t packed_piece = std::size_t{256} << 10;
constexpr std::uint64_t longest_target = 4096;

}  // namespace

/// One entry's content on its way.
class ZipUnpacking::Content {
public:
    Content(const archive::ZipItem& item, std::uint64_t at) : item_{item}, at_{at}, left_{item.packed} {
        if (item.method == archive::ZipMethod::deflated && ::inflateInit2(&stream_, -MAX_WBITS) != Z_OK)
            throw Error{Code::exhausted, "there is no memory to unpack a zip"};
    }
    ~Content() {
        if (item_.method == archive::ZipMethod::deflated) ::inflateEnd(&stream_);
    }
    Content(const Content&) = delete;
    Content& operator=(const Content&) = delete;

    const archive::ZipItem& item() const { return item_; }

    /// The next piece of the content; empty at its end.
    std::string next(int spool) {
        while (!is_done()) {
            auto piece =
                item_.method == archive::ZipMethod::stored ? read_piece(spool) : inflate_piece(spool);
            given_ += piece.size();
            if (given_ > item_.entry.size) throw damaged("is longer than its directory says");
            crc_ = ::libdeflate_crc32(crc_, piece.data(), piece.size());
            if (!piece.empty()) return piece;
        }
        if (given_ != item_.entry.size) throw damaged("is shorter than its directory says");
        if (crc_ != item_.crc) throw damaged("has another checksum than its directory says");
        return {};
    }

private:
    bool is_done() const { return item_.method == archive::ZipMethod::stored ? left_ == 0 : has_ended_; }

    Error damaged(std::string_view what) const {
        return {Code::invalid,
                fmt::format("the zip's entry \"{}\" {}", core::repair_utf8(item_.entry.name), what)};
    }

    std::string read_piece(int spool) {
        std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(left_, packed_piece)), '\0');
        const auto count = ::pread(spool, piece.data(), piece.size(), static_cast<off_t>(at_));
        if (count <= 0) throw damaged("ends early");
        piece.resize(static_cast<std::size_t>(count));
        at_ += static_cast<std::uint64_t>(count);
        left_ -= static_cast<std::uint64_t>(count);
        return piece;
    }

    std::string inflate_piece(int spool) {
        if (stream_.avail_in == 0 && left_ > 0) {
            packed_ = read_piece(spool);
            stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
            stream_.avail_in = static_cast<uInt>(packed_.size());
        }
        std::string piece(packed_piece, '\0');
        stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream_.avail_out = static_cast<uInt>(piece.size());
        const int result = ::inflate(&stream_, Z_NO_FLUSH);
        has_ended_ = result == Z_STREAM_END;
        piece.resize(piece.size() - stream_.avail_out);
        const bool is_stuck = piece.empty() && left_ == 0 && stream_.avail_in == 0;
        if (!has_ended_ && ((result != Z_OK && result != Z_BUF_ERROR) || is_stuck))
            throw damaged("is damaged");
        return piece;
    }

    archive::ZipItem item_;
    std::uint64_t at_;
    std::uint64_t left_;
    std::uint64_t given_ = 0;
    std::uint32_t crc_ = 0;
    z_stream stream_{};
    std::string packed_;
    bool has_ended_ = false;
};

ZipUnpacking::ZipUnpacking(std::string folder)
    : unpacker_{std::move(folder)}, spool_{unpacker_.make_spool()} {}

ZipUnpacking::~ZipUnpacking() = default;

void ZipUnpacking::push(std::string_view bytes) {
    files::write_pieces(spool_.get(), bytes);
    size_ += bytes.size();
}

std::string ZipUnpacking::read_at(std::uint64_t at, std::size_t size) const {
    if (at >= size_) return {};
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, size_ - at)), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const auto count =
            ::pread(spool_.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(at + have));
        if (count < 0 && errno == EINTR) continue;
        if (files::checked_disk("read the zip", count) == 0) break;
        have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return bytes;
}

void ZipUnpacking::open_next() {
    auto& item = items_[next_++];
    if (item.had_backslashes && !std::exchange(has_told_backslashes_, true))
        unpacker_.note(
            "names in the zip have backslashes, as programs on Windows write them: they are the folders of a "
            "path");
    const auto at = core::value_or_throw(archive::find_zip_content(
        [this](std::uint64_t from, std::size_t size) { return read_at(from, size); }, item));
    auto content = std::make_unique<Content>(item, at);
    if (item.entry.kind == archive::ArchiveEntry::Kind::symlink) {
        if (item.entry.size > longest_target)
            throw Error{Code::invalid, "the zip has a link that is too long"};
        for (auto piece = content->next(spool_.get()); !piece.empty(); piece = content->next(spool_.get()))
            item.entry.target += piece;
        unpacker_.begin(item.entry);
    } else if (item.entry.kind == archive::ArchiveEntry::Kind::folder) {
        unpacker_.begin(item.entry);
    } else {
        unpacker_.begin(item.entry);
        content_ = std::move(content);
    }
}

bool ZipUnpacking::run(files::Moment until) {
    if (!std::exchange(is_read_, true))
        items_ = core::value_or_throw(archive::read_zip_directory(
            [this](std::uint64_t at, std::size_t size) { return read_at(at, size); }, size_));
    while (content_ || next_ < items_.size()) {
        if (!content_) {
            open_next();
        } else if (const auto piece = content_->next(spool_.get()); !piece.empty()) {
            unpacker_.data(piece);
        } else {
            unpacker_.end();
            content_.reset();
        }
        if (std::chrono::steady_clock::now() > until) return false;
    }
    unpacker_.finish();
    return true;
}

}  // namespace carrel::desk::transfer
