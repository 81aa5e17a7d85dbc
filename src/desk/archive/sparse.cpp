#include "desk/archive/sparse.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace carrel::desk::archive {

using core::Expected;
using core::refuse;

namespace {

constexpr std::string_view malformed = "the tar has a sparse file whose map is malformed";

}  // namespace

Expected<void> judge_map(const SparseMap& map, std::uint64_t size, std::uint64_t stored) {
    std::uint64_t end = 0;
    std::uint64_t sum = 0;
    for (const auto& part : map) {
        if (part.at < end || part.at > size || part.size > size - part.at)
            return refuse(std::string{malformed});
        end = part.at + part.size;
        sum += part.size;
    }
    if (sum != stored) return refuse(std::string{malformed});
    return {};
}

Expected<SparseMap> parse_map(std::string_view text) {
    SparseMap map;
    const auto numbers = core::split(text, ',');
    if (numbers.size() % 2 != 0 || numbers.size() / 2 > most_sparse_parts)
        return refuse(std::string{malformed});
    for (std::size_t i = 0; i < numbers.size(); i += 2) {
        const auto at = core::parse_unsigned(numbers[i]);
        const auto size = core::parse_unsigned(numbers[i + 1]);
        if (!at || !size) return refuse(std::string{malformed});
        map.push_back({*at, *size});
    }
    return map;
}

Expected<void> SparseText::take(std::uint64_t number) {
    if (!wanted_) {
        if (number > most_sparse_parts) return refuse("the tar has a sparse file in too many parts");
        wanted_ = 2 * number;
        return {};
    }
    if (numbers_++ % 2 == 0)
        map_.push_back({number, 0});
    else
        map_.back().size = number;
    return {};
}

Expected<void> SparseText::push(std::string_view block) {
    for (const char byte : block) {
        if (is_whole()) return {};  // zeros fill the block
        if (byte != '\n') {
            digits_ += byte;
            if (digits_.size() > 20) return refuse(std::string{malformed});
            continue;
        }
        const auto number = core::parse_unsigned(digits_);
        digits_.clear();
        if (!number) return refuse(std::string{malformed});
        if (auto taken = take(*number); !taken) return taken;
    }
    return {};
}

void SparseContent::skip_to(std::uint64_t at, const Hole& hole) {
    if (at > at_) hole(at - at_);
    at_ = at;
}

void SparseContent::push(std::string_view bytes, const Data& data, const Hole& hole) {
    while (!bytes.empty() && part_ < map_.size()) {
        const auto& part = map_[part_];
        const auto end = part.at + part.size;
        if (at_ >= end) {  // also what is empty, and says only where the file ends
            ++part_;
            continue;
        }
        if (at_ < part.at) skip_to(part.at, hole);
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(end - at_, bytes.size()));
        data(bytes.substr(0, count));
        at_ += count;
        bytes.remove_prefix(count);
    }
}

void SparseContent::finish(const Hole& hole) { skip_to(size_, hole); }

}  // namespace carrel::desk::archive
