#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.hpp"
#include "desk/archive/tar.hpp"
#include "desk/archive/tar_layout.hpp"

namespace carrel::desk::archive {

using core::Expected;
using core::refuse;

namespace {

constexpr std::uint64_t most_meta = std::uint64_t{1} << 20;
constexpr std::size_t longest_target = 4096;  // no path on a disk is longer

std::string_view bytes_at(std::string_view block, TarPlace place) {
    return block.substr(place.at, place.size);
}
std::string_view text_at(std::string_view block, TarPlace place) {
    const auto bytes = bytes_at(block, place);
    return bytes.substr(0, bytes.find('\0'));
}

/// What a type that is not unpacked is, for a sentence.
std::string kind_of_type(char type) {
    switch (type) {
        case '3': return "a character device";
        case '4': return "a block device";
        case '6': return "a named pipe";
        case 'M': return "the rest of a file that began in another volume";
        case 'N': return "a list of long names of an older GNU tar (type N)";
        default: return fmt::format("of a type that is not unpacked ({})", core::repair_utf8({&type, 1}));
    }
}

}  // namespace

std::string TarReader::name_in(std::string_view block) const {
    std::string name{text_at(block, name_place)};
    // GNU's older format has times where ustar has the prefix.
    if (bytes_at(block, magic_place) != std::string_view{"ustar\0", 6}) return name;
    const auto prefix = text_at(block, prefix_place);
    return prefix.empty() ? name : fmt::format("{}/{}", prefix, name);
}

Expected<void> TarReader::begin_meta(State state, std::uint64_t size) {
    if (size > most_meta)
        return refuse(fmt::format("a header of the tar is larger than {} bytes", most_meta));
    state_ = state;
    left_ = size;
    padding_ = tar_padding(size);
    meta_.clear();
    if (left_ == 0) return end_content();
    return {};
}

Expected<void> TarReader::pass_over(std::string_view name, std::string_view what, std::uint64_t size) {
    next_ = {};
    events_.note(fmt::format("{} \"{}\" was passed over", what, core::repair_utf8(name.substr(0, 200))));
    state_ = State::passed;
    left_ = size;
    padding_ = tar_padding(size);
    if (left_ == 0) return end_content();
    return {};
}

Expected<void> TarReader::begin_entry(std::string_view block, char type, std::uint64_t size) {
    if (type == 'V') return pass_over(name_in(block), "the label of the volume,", size);
    if (type == 'A') return pass_over(name_in(block), "the access list of", size);
    ArchiveEntry entry;
    entry.name = next_.name ? *next_.name : name_in(block);
    entry.target = next_.target ? *next_.target : std::string{text_at(block, target_place)};
    if (entry.target.size() > longest_target)
        return refuse(fmt::format("the tar's entry \"{}\" has a link of more than {} bytes",
                                  core::repair_utf8(entry.name.substr(0, 200)), longest_target));
    entry.size = next_.size.value_or(size);
    const auto mode = parse_tar_number(bytes_at(block, mode_place));
    if (!mode)
        return refuse(
            fmt::format("the tar's entry \"{}\" has no number as its mode", core::repair_utf8(entry.name)));
    entry.mode = static_cast<unsigned>(*mode & 07777);
    const auto time = next_.modified.value_or(TarTime{parse_tar_time(bytes_at(block, time_place)), 0});
    entry.modified = time.seconds;
    entry.nanoseconds = time.nanoseconds;
    switch (type) {
        case '\0':
        case '0':
        case '7':
            if (!entry.name.ends_with('/')) return begin_file(std::move(entry), block, type);
            entry.kind = ArchiveEntry::Kind::folder;
            break;
        case 'S': return begin_file(std::move(entry), block, type);
        case '1': entry.kind = ArchiveEntry::Kind::hard_link; break;
        case '2': entry.kind = ArchiveEntry::Kind::symlink; break;
        case '5':
        case 'D': entry.kind = ArchiveEntry::Kind::folder; break;
        default:
            return refuse(fmt::format("the tar's entry \"{}\" is {}", core::repair_utf8(entry.name),
                                      kind_of_type(type)));
    }
    if (entry.kind == ArchiveEntry::Kind::folder && entry.size > 0 && type != 'D')
        return refuse("the tar has a directory with content");
    next_ = {};
    // Some writers give links the size of what they point at, without its content; a directory of GNU's
    // incremental archives has a list of what it held.
    const auto passed = type == 'D' ? entry.size : 0;
    entry.size = 0;
    events_.begin(std::move(entry));
    events_.end();
    left_ = passed;
    padding_ = tar_padding(passed);
    state_ = State::passed;
    if (left_ == 0) return end_content();
    return {};
}

Expected<void> TarReader::begin_file(ArchiveEntry entry, std::string_view block, char type) {
    const auto records = std::exchange(next_, {});
    if (type != 'S' && !records.sparse_size) {
        const auto stored = entry.size;
        return begin_content(std::move(entry), stored);
    }
    if (records.sparse_name) entry.name = *records.sparse_name;
    entry_ = std::move(entry);
    left_ = entry_.size;
    map_ = records.sparse_map;
    if (type != 'S') {
        entry_.size = *records.sparse_size;
        if (!records.has_sparse_text) return begin_sparse();
        text_.emplace();
        state_ = State::sparse_text;
        return {};
    }
    const auto size = parse_tar_number(bytes_at(block, sparse_size_place));
    if (!size) return refuse("the tar has an entry whose size is no number");
    entry_.size = *size;
    if (auto taken = take_sparse_parts(block, sparse_parts_at, sparse_parts_in_header); !taken) return taken;
    if (block[sparse_more_at] == '\0') return begin_sparse();
    state_ = State::sparse_blocks;
    return {};
}

Expected<void> TarReader::take_sparse_parts(std::string_view block, std::size_t at, std::size_t most) {
    for (std::size_t i = 0; i < most; ++i, at += 2 * sparse_number_size) {
        const auto fields = block.substr(at, 2 * sparse_number_size);
        if (fields[sparse_number_size] == '\0') return {};
        const auto first = parse_tar_number(fields.substr(0, sparse_number_size));
        const auto size = parse_tar_number(fields.substr(sparse_number_size));
        if (!first || !size || map_.size() == most_sparse_parts)
            return refuse("the tar has a sparse file whose map is malformed, or too long");
        map_.push_back({*first, *size});
    }
    return {};
}

/// The map is whole; `left_` is what is stored of the file.
Expected<void> TarReader::begin_sparse() {
    if (auto judged = judge_map(map_, entry_.size, left_); !judged) return judged;
    entry_.hole = entry_.size - left_;
    sparse_.emplace(std::exchange(map_, {}), entry_.size);
    return begin_content(std::exchange(entry_, {}), left_);
}

Expected<void> TarReader::begin_content(ArchiveEntry entry, std::uint64_t stored) {
    left_ = stored;
    padding_ = tar_padding(stored);
    state_ = State::content;
    events_.begin(std::move(entry));
    if (left_ == 0) return end_content();
    return {};
}

Expected<void> TarReader::take_header(std::string_view block) {
    if (std::ranges::all_of(block, [](char byte) { return byte == '\0'; })) {
        if (++zero_blocks_ == 2) state_ = State::done;
        return {};
    }
    zero_blocks_ = 0;
    const auto sum = parse_tar_number(bytes_at(block, sum_place));
    if (!sum || *sum != tar_sum(block))
        return refuse(has_begun_ ? "the tar is damaged: a header's checksum is wrong"
                                 : "this is no tar: its first header's checksum is wrong");
    has_begun_ = true;
    const auto size = parse_tar_number(bytes_at(block, size_place));
    if (!size) return refuse("the tar has an entry whose size is no number");
    switch (const char type = block[type_place.at]) {
        case 'L': return begin_meta(State::long_name, *size);
        case 'K': return begin_meta(State::long_target, *size);
        case 'x':
        case 'X': return begin_meta(State::pax, *size);
        case 'g': return begin_meta(State::global_pax, *size);
        default: return begin_entry(block, type, *size);
    }
}

/// A header, or what of it stands in blocks of its own.
Expected<void> TarReader::take_block(std::string_view block) {
    if (state_ == State::header) return take_header(block);
    if (state_ == State::sparse_blocks) {
        if (auto taken = take_sparse_parts(block, 0, sparse_parts_in_block); !taken) return taken;
        if (block[sparse_more_in_block_at] == '\0') return begin_sparse();
        return {};
    }
    // The map counts as content.
    if (left_ < tar_block) return refuse("the tar has a sparse file whose map is malformed");
    left_ -= tar_block;
    if (auto taken = text_->push(block); !taken) return taken;
    if (!text_->is_whole()) return {};
    map_ = text_->map();
    text_.reset();
    return begin_sparse();
}

Expected<void> TarReader::end_content() {
    if (state_ == State::content) {
        if (sparse_) sparse_->finish(events_.hole);
        sparse_.reset();
        events_.end();
    } else if (state_ == State::pax) {
        if (auto taken = next_.take_pax(meta_); !taken) return taken;
    } else if (state_ == State::long_name || state_ == State::long_target) {
        auto text = meta_.substr(0, meta_.find('\0'));
        (state_ == State::long_name ? next_.name : next_.target) = std::move(text);
    }
    left_ = padding_;
    state_ = padding_ > 0 ? State::padding : State::header;
    return {};
}

void TarReader::give(std::string_view piece) {
    if (state_ == State::content && sparse_)
        sparse_->push(piece, events_.data, events_.hole);
    else if (state_ == State::content)
        events_.data(piece);
    else if (state_ != State::padding && state_ != State::passed)
        meta_ += piece;
}

Expected<void> TarReader::push(std::string_view bytes) {
    while (!bytes.empty() && state_ != State::done) {
        if (state_ == State::header || state_ == State::sparse_blocks || state_ == State::sparse_text) {
            const auto wanted = std::min(tar_block - waiting_.size(), bytes.size());
            waiting_ += bytes.substr(0, wanted);
            bytes.remove_prefix(wanted);
            if (waiting_.size() < tar_block) return {};
            const auto block = std::exchange(waiting_, {});
            if (auto taken = take_block(block); !taken) return taken;
            continue;
        }
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        give(bytes.substr(0, count));
        bytes.remove_prefix(count);
        left_ -= count;
        if (left_ > 0) continue;
        if (state_ == State::padding)
            state_ = State::header;
        else if (auto ended = end_content(); !ended)
            return ended;
    }
    return {};
}

Expected<void> TarReader::finish() const {
    // Some writers leave the last blocks out.
    if (state_ == State::done || (state_ == State::header && waiting_.empty() && has_begun_)) return {};
    return refuse(has_begun_ ? "the tar ends in the middle" : "there is no tar in the body");
}

}  // namespace carrel::desk::archive
