#include "desk/transfer/source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "desk/files/paths.hpp"

namespace carrel::desk::transfer {

using async::Task;

namespace {

/// What is read at once where the disk has to be waited for.
constexpr std::size_t block_size = std::size_t{1} << 20;

std::string read_block(int file, std::uint64_t at, std::size_t size, const std::string& path) {
    std::string block(size, '\0');
    for (;;) {
        const auto count = ::pread(file, block.data(), block.size(), static_cast<off_t>(at));
        if (count < 0 && errno == EINTR) continue;
        block.resize(static_cast<std::size_t>(files::checked_disk("read " + path, count)));
        return block;
    }
}

class FileSource final : public net::Source {
public:
    FileSource(files::OpenedFile opened, ByteRange range, async::Pool& pool)
        : opened_{std::move(opened)}, at_{range.first}, end_{range.first + range.size}, pool_{pool} {
        ::posix_fadvise(opened_.file.get(), static_cast<off_t>(at_), static_cast<off_t>(range.size),
                        POSIX_FADV_SEQUENTIAL);
    }

    Task<std::size_t> read(std::span<char> into) override {
        into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - at_)));
        if (into.empty()) co_return 0;
        if (used_ < block_.size()) co_return take_block(into);
        iovec place{into.data(), into.size()};
        // What the page cache has is there at once; only the disk is worth a thread.
        const auto count = ::preadv2(opened_.file.get(), &place, 1, static_cast<off_t>(at_), RWF_NOWAIT);
        if (count > 0) {
            at_ += static_cast<std::uint64_t>(count);
            co_return static_cast<std::size_t>(count);
        }
        if (count < 0) co_await fetch_block();
        if (block_.empty())
            throw core::Error{core::Code::conflict, opened_.path + " became shorter while it was read"};
        co_return take_block(into);
    }

private:
    Task<> fetch_block() {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block_size, end_ - at_));
        // In memory of its own: a reader that goes away does not wait for the disk.
        block_ =
            co_await async::run_on(pool_, [file = opened_.file.duplicate(), path = opened_.path, at = at_,
                                           size] { return read_block(file.get(), at, size, path); });
        used_ = 0;
    }

    std::size_t take_block(std::span<char> into) {
        const auto count = std::min(into.size(), block_.size() - used_);
        std::memcpy(into.data(), block_.data() + used_, count);
        used_ += count;
        at_ += count;
        if (used_ == block_.size()) {
            block_ = {};
            used_ = 0;
        }
        return count;
    }

    files::OpenedFile opened_;
    std::uint64_t at_;
    std::uint64_t end_;
    async::Pool& pool_;
    std::string block_;
    std::size_t used_ = 0;
};

class EndlessSource final : public net::Source {
public:
    EndlessSource(files::OpenedFile opened, std::uint64_t most, async::Pool& pool)
        : opened_{std::move(opened)}, left_{most}, pool_{pool} {}

    Task<std::size_t> read(std::span<char> into) override {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
        if (size == 0) co_return 0;
        const auto block =
            co_await async::run_on(pool_, [file = opened_.file.duplicate(), path = opened_.path, at = at_,
                                           size] { return read_block(file.get(), at, size, path); });
        std::memcpy(into.data(), block.data(), block.size());
        at_ += block.size();
        left_ -= block.size();
        co_return block.size();
    }

private:
    files::OpenedFile opened_;
    std::uint64_t at_ = 0;
    std::uint64_t left_;
    async::Pool& pool_;
};

}  // namespace

std::unique_ptr<net::Source> make_file_source(files::OpenedFile file, ByteRange range, async::Pool& pool) {
    return std::make_unique<FileSource>(std::move(file), range, pool);
}

std::unique_ptr<net::Source> make_endless_source(files::OpenedFile file, std::uint64_t most,
                                                 async::Pool& pool) {
    return std::make_unique<EndlessSource>(std::move(file), most, pool);
}

}  // namespace carrel::desk::transfer
