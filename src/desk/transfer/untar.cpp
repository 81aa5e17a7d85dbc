// Tars, which are unpacked as they come, and what they may be compressed by.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "desk/transfer/unpack.hpp"

namespace carrel::desk::transfer {

using core::Code;
using core::Error;

namespace {

/// How much may stand behind the end of a tar: it is not kept, but takes time.
constexpr std::uint64_t most_behind = std::uint64_t{1} << 30;

}  // namespace

TarUnpacking::TarUnpacking(std::string folder)
    : unpacker_{std::move(folder)},
      reader_{{.begin = [this](const archive::ArchiveEntry& entry) { unpacker_.begin(entry); },
               .data = [this](std::string_view bytes) { unpacker_.data(bytes); },
               .hole = [this](std::uint64_t size) { unpacker_.hole(size); },
               .end = [this] { unpacker_.end(); },
               .note = [this](std::string sentence) { unpacker_.note(std::move(sentence)); }}} {}

void TarUnpacking::take(std::string_view bytes) {
    if (reader_.is_done()) {
        behind_ += bytes.size();
        if (behind_ > most_behind)
            throw Error{Code::invalid,
                        fmt::format("more than {} bytes stand behind the tar's end", most_behind)};
        return;
    }
    refuse_unless(reader_.push(bytes));
}

/// What is no tar at all is called by its name, if it has one.
void TarUnpacking::refuse_unless(core::Expected<void> taken) const {
    if (taken) return;
    if (const auto name = reader_.has_begun() ? std::nullopt : name_of_format(beginning_))
        throw Error{
            Code::invalid,
            fmt::format("this is no tar, but {}; tars are unpacked plain or compressed by gzip, bzip2, "
                        "xz or Zstandard, and zips with archive=zip",
                        *name)};
    throw std::move(taken.error());
}

void TarUnpacking::take_beginning() {
    is_known_ = true;
    decompression_ = Decompression::find(beginning_);
    auto rest = std::exchange(now_, {});
    for (now_ = beginning_; !run(files::Moment::max());) {
    }
    now_ = rest;
}

void TarUnpacking::push(std::string_view bytes) {
    now_ = bytes;
    if (is_known_) return;
    const auto count = std::min(longest_magic - beginning_.size(), bytes.size());
    beginning_ += bytes.substr(0, count);
    now_.remove_prefix(count);
    if (beginning_.size() == longest_magic) take_beginning();
}

bool TarUnpacking::run(files::Moment until) {
    if (!decompression_) {
        take(std::exchange(now_, {}));
        return true;
    }
    for (;;) {
        const auto piece = decompression_->next(now_);
        if (piece.empty()) return true;
        take(piece);
        if (std::chrono::steady_clock::now() > until) return false;
    }
}

void TarUnpacking::finish() {
    if (!is_known_) take_beginning();
    if (decompression_) {
        decompression_->finish();
        if (const auto rest = decompression_->rest(); rest > 0)
            unpacker_.note(fmt::format("{} bytes behind the end of the {} data were passed over", rest,
                                       decompression_->name()));
    }
    refuse_unless(reader_.finish());
    unpacker_.finish();
}

}  // namespace carrel::desk::transfer
