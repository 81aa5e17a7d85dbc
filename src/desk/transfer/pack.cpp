#include "desk/transfer/pack.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libdeflate.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "core/text.hpp"
#include "desk/archive/tar.hpp"
#include "desk/archive/zip.hpp"
#include "desk/files/paths.hpp"

namespace carrel::desk::transfer {

using async::Task;

using core::Code;
using core::Error;

namespace {

constexpr std::size_t piece_size = std::size_t{256} << 10;
constexpr std::size_t most_entries = 500'000;
constexpr std::size_t most_named = 10;
constexpr std::size_t longest_list = 2000;

bool is_packed(mode_t mode) { return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode); }

archive::ArchiveEntry entry_of(const struct stat& facts, std::string name) {
    archive::ArchiveEntry entry;
    entry.name = std::move(name);
    entry.mode = facts.st_mode & 07777;
    entry.modified = facts.st_mtim.tv_sec;
    if (S_ISDIR(facts.st_mode)) entry.kind = archive::ArchiveEntry::Kind::folder;
    if (S_ISLNK(facts.st_mode)) entry.kind = archive::ArchiveEntry::Kind::symlink;
    if (S_ISREG(facts.st_mode)) entry.size = static_cast<std::uint64_t>(facts.st_size);
    return entry;
}

Error unreadable(std::string_view folder, std::string_view path) {
    return {Code::forbidden,
            fmt::format("{} cannot be read; say skip_unreadable to leave such things out",
                        files::join_path(folder, path)),
            "unreadable"};
}

}  // namespace

PackCheck::PackCheck(std::string folder, bool skips_unreadable)
    : folder_{std::move(folder)}, skips_unreadable_{skips_unreadable}, walk_{folder_, {}} {}

bool PackCheck::run(files::Moment until) {
    while (const auto found = walk_.next()) {
        if (++entries_ > most_entries)
            throw Error{Code::exhausted, fmt::format("{} holds more than {} files", folder_, most_entries)};
        if (!is_packed(found->facts.st_mode)) {
            leave_out(found->path);
        } else if (S_ISREG(found->facts.st_mode) &&
                   ::faccessat(found->folder, found->name().c_str(), R_OK, AT_EACCESS) != 0 &&
                   errno != ENOENT) {
            if (!skips_unreadable_) throw unreadable(folder_, found->path);
            leave_out(found->path);
        }
        if (std::chrono::steady_clock::now() > until) return false;
    }
    if (walk_.unreadable() > 0) {
        if (!skips_unreadable_) throw unreadable(folder_, walk_.first_unreadable());
        leave_out(walk_.first_unreadable());
        more_left_out_ += walk_.unreadable() - 1;
    }
    if (walk_.is_cut())
        throw Error{Code::exhausted, fmt::format("{} is too deep, or a directory of it too full", folder_)};
    return true;
}

void PackCheck::leave_out(std::string_view path) {
    if (left_out_.size() == most_named) {
        ++more_left_out_;
        return;
    }
    auto& name = left_out_.emplace_back();
    for (const auto step : core::split(path, '/'))
        name += (name.empty() ? "" : "/") + core::percent_encode(core::repair_utf8(step));
}

std::string PackCheck::left_out() const {
    auto names = left_out_;
    if (more_left_out_ > 0) names.push_back(fmt::format("and {} more", more_left_out_));
    auto text = fmt::format("{}", fmt::join(names, ", "));
    // Longer headers do not pass the server.
    return text.size() <= longest_list
               ? text
               : fmt::format("{} files and directories", left_out_.size() + more_left_out_);
}

/// A format: what stands around and in place of contents.
class Packing::Writer {
public:
    virtual ~Writer() = default;
    virtual void begin(const archive::ArchiveEntry& entry, std::string& to) = 0;
    virtual void data(std::string_view bytes, std::string& to) = 0;
    virtual void end(std::string& to) = 0;
    virtual void finish(std::string& to) = 0;
};

class Packing::TarEntries final : public Writer {
public:
    void begin(const archive::ArchiveEntry& entry, std::string& to) override {
        to += archive::tar_header(entry);
        padding_ = archive::tar_padding(entry.size);
    }
    void data(std::string_view bytes, std::string& to) override { to += bytes; }
    void end(std::string& to) override { to.append(padding_, '\0'); }
    void finish(std::string& to) override { to += archive::tar_end(); }

private:
    std::size_t padding_ = 0;
};

class Packing::ZipEntries final : public Writer {
public:
    ZipEntries() {
        // The fastest level: an archive is made once and sent once.
        if (::deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            throw Error{Code::exhausted, "there is no memory to make a zip"};
    }
    ~ZipEntries() override { ::deflateEnd(&stream_); }

    void begin(const archive::ArchiveEntry& entry, std::string& to) override {
        is_deflated_ = entry.kind == archive::ArchiveEntry::Kind::file && entry.size > 0;
        crc_ = 0;
        size_ = packed_ = 0;
        ::deflateReset(&stream_);
        auto sized = entry;
        if (entry.kind == archive::ArchiveEntry::Kind::symlink) sized.size = entry.target.size();
        to += zip_.begin(sized, is_deflated_ ? archive::ZipMethod::deflated : archive::ZipMethod::stored);
        if (entry.kind == archive::ArchiveEntry::Kind::symlink) data(entry.target, to);
    }

    void data(std::string_view bytes, std::string& to) override {
        crc_ = ::libdeflate_crc32(crc_, bytes.data(), bytes.size());
        size_ += bytes.size();
        if (is_deflated_) return deflate(bytes, Z_NO_FLUSH, to);
        packed_ += bytes.size();
        to += bytes;
    }

    void end(std::string& to) override {
        if (is_deflated_) deflate({}, Z_FINISH, to);
        to += zip_.end(crc_, packed_, size_);
    }
    void finish(std::string& to) override { to += zip_.finish(); }

private:
    void deflate(std::string_view bytes, int flush, std::string& to) {
        // zlib takes no const.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(bytes.size());
        std::array<char, 65536> out;
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(out.data());
            stream_.avail_out = out.size();
            ::deflate(&stream_, flush);
            const auto count = out.size() - stream_.avail_out;
            to.append(out.data(), count);
            packed_ += count;
        } while (stream_.avail_out == 0);
    }

    archive::ZipWriter zip_;
    z_stream stream_{};
    bool is_deflated_ = false;
    std::uint32_t crc_ = 0;
    std::uint64_t size_ = 0;
    std::uint64_t packed_ = 0;
};

Packing::Packing(std::string folder, ArchiveFormat format, bool skips_unreadable)
    : folder_{files::without_slashes(folder)},
      prefix_{folder_ == "/" ? "" : files::last_step(folder_)},
      skips_unreadable_{skips_unreadable},
      walk_{folder_, {}},
      buffer_{std::make_unique_for_overwrite<char[]>(piece_size)} {
    if (format == ArchiveFormat::tar)
        writer_ = std::make_unique<TarEntries>();
    else
        writer_ = std::make_unique<ZipEntries>();
}

Packing::~Packing() = default;

void Packing::open_next() {
    if (!std::exchange(is_begun_, true) && !prefix_.empty()) {
        struct stat facts{};
        files::checked_disk("look at " + folder_, ::stat(folder_.c_str(), &facts));
        writer_->begin(entry_of(facts, prefix_), ready_);
        writer_->end(ready_);
        return;
    }
    const auto found = walk_.next();
    if (!found) {
        writer_->finish(ready_);
        is_done_ = true;
        return;
    }
    if (!is_packed(found->facts.st_mode)) return;
    auto facts = found->facts;
    auto name = prefix_.empty() ? found->path : fmt::format("{}/{}", prefix_, found->path);
    if (S_ISREG(facts.st_mode)) {
        file_ = core::Fd{::openat(found->folder, found->name().c_str(),
                                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
        if (!file_ && (skips_unreadable_ || errno == ENOENT)) return;
        if (!file_) throw files::disk_error("read " + files::join_path(folder_, found->path), errno);
        files::refuse_own(file_.get(), found->path);
        files::checked_disk("look at " + found->path, ::fstat(file_.get(), &facts));
    }
    auto entry = entry_of(facts, std::move(name));
    if (entry.kind == archive::ArchiveEntry::Kind::symlink) {
        std::array<char, PATH_MAX> target;
        const auto count = ::readlinkat(found->folder, found->name().c_str(), target.data(), target.size());
        if (count < 0) return;  // gone meanwhile
        entry.target.assign(target.data(), static_cast<std::size_t>(count));
    }
    writer_->begin(entry, ready_);
    left_ = entry.size;
    file_path_ = found->path;
    if (!file_) writer_->end(ready_);
}

void Packing::read_content() {
    if (left_ == 0) {
        writer_->end(ready_);
        file_.reset();
        return;
    }
    const auto count = ::read(file_.get(), buffer_.get(),
                              static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece_size)));
    if (count < 0 && errno == EINTR) return;
    files::checked_disk("read " + files::join_path(folder_, file_path_), count);
    if (count == 0)
        throw Error{Code::conflict, fmt::format("{} became shorter while it was read",
                                                files::join_path(folder_, file_path_))};
    writer_->data({buffer_.get(), static_cast<std::size_t>(count)}, ready_);
    left_ -= static_cast<std::uint64_t>(count);
}

std::string Packing::next() {
    ready_.clear();
    while (!is_done_ && ready_.size() < piece_size) {
        if (file_)
            read_content();
        else
            open_next();
    }
    return std::move(ready_);
}

namespace {

class ArchiveSource final : public net::Source {
public:
    ArchiveSource(async::Pool& pool, std::shared_ptr<Packing> packing)
        : pool_{pool}, packing_{std::move(packing)} {}

    Task<std::size_t> read(std::span<char> into) override {
        if (at_ == piece_.size()) {
            // The work owns what it uses: a reader that goes away does not wait for the disk.
            piece_ = co_await async::run_on(pool_, [packing = packing_] { return packing->next(); });
            at_ = 0;
        }
        const auto count = std::min(into.size(), piece_.size() - at_);
        std::memcpy(into.data(), piece_.data() + at_, count);
        at_ += count;
        co_return count;
    }

private:
    async::Pool& pool_;
    std::shared_ptr<Packing> packing_;
    std::string piece_;
    std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<net::Source> make_archive_source(async::Pool& pool, std::shared_ptr<Packing> packing) {
    return std::make_unique<ArchiveSource>(pool, std::move(packing));
}

}  // namespace carrel::desk::transfer
