#include "desk/picture/deflate.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "desk/picture/huffman.hpp"

namespace carrel::desk::picture {

namespace {

constexpr std::size_t farthest = 32767;  ///< one less than RFC 1951 allows: it fits into 16 bits of a token
constexpr std::size_t longest_match = 258;
/// Found above or to the left, such a match is taken without looking on.
constexpr std::size_t good_match = 24;
/// Of a long match only so many positions are remembered: the rest is found by the row above.
constexpr std::size_t remembered = 8;
constexpr std::size_t hash_bits = 12;
constexpr std::size_t block_tokens = 32768;
constexpr std::size_t end_of_block = 256;

/// A literal byte, or a match as length << 16 | distance.
using Token = std::uint32_t;

struct Step {
    std::uint16_t base;
    std::uint8_t extra_bits;
};
constexpr std::array<Step, 29> length_steps{
    {{3, 0},  {4, 0},  {5, 0},  {6, 0},   {7, 0},   {8, 0},   {9, 0},   {10, 0},  {11, 1}, {13, 1},
     {15, 1}, {17, 1}, {19, 2}, {23, 2},  {27, 2},  {31, 2},  {35, 3},  {43, 3},  {51, 3}, {59, 3},
     {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}}};
constexpr std::array<Step, 30> distance_steps{
    {{1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},     {9, 2},     {13, 2},
     {17, 3},    {25, 3},    {33, 4},    {49, 4},     {65, 5},     {97, 5},    {129, 6},   {193, 6},
     {257, 7},   {385, 7},   {513, 8},   {769, 8},    {1025, 9},   {1537, 9},  {2049, 10}, {3073, 10},
     {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}}};

/// The row of length_steps by length.
constexpr auto length_rows = [] {
    std::array<std::uint8_t, longest_match + 1> rows{};
    for (std::uint8_t row = 0; row < length_steps.size(); ++row)
        for (std::size_t length = length_steps[row].base; length <= longest_match; ++length)
            rows[length] = row;
    return rows;
}();

std::size_t distance_row(std::uint32_t distance) {
    if (distance < 5) return distance - 1;
    const auto highest = static_cast<std::size_t>(std::bit_width(distance - 1)) - 1;
    return 2 * highest + ((distance - 1) >> (highest - 1) & 1);
}

std::uint64_t eight_at(const std::uint8_t* at) {
    std::uint64_t bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/// Of six bytes: of fewer, most of what has the same hash is a poor match.
std::size_t hash_at(const std::uint8_t* at) {
    return (eight_at(at) << 16) * 0x9e3779b185ebca87U >> (64 - hash_bits);
}

/// How many bytes are equal from `here` and from `there`, up to `most`.
std::size_t equal_bytes(const std::uint8_t* here, const std::uint8_t* there, std::size_t most) {
    std::size_t count = 0;
    for (; count + 8 <= most; count += 8)
        if (const auto differing = eight_at(here + count) ^ eight_at(there + count))
            return count + static_cast<std::size_t>(std::countr_zero(differing)) / 8;
    while (count < most && here[count] == there[count]) ++count;
    return count;
}

/// Bits, the lowest first, into room that was made before.
class BitWriter {
public:
    explicit BitWriter(char* to) : to_{to} {}
    /// At most 32 at once.
    void put(std::uint64_t bits, unsigned count) {
        waiting_ |= bits << count_;
        count_ += count;
        if (count_ < 32) return;
        const auto ready = static_cast<std::uint32_t>(waiting_);
        std::memcpy(to_, &ready, sizeof ready);
        to_ += sizeof ready;
        waiting_ >>= 32;
        count_ -= 32;
    }
    void put(Code code) { put(code.bits, code.length); }
    /// What is left, filled up to a whole byte; answers where it ends.
    char* finish() {
        for (; count_ > 0; count_ -= std::min(count_, 8U), waiting_ >>= 8)
            *to_++ = static_cast<char>(waiting_);
        return to_;
    }

private:
    char* to_;
    std::uint64_t waiting_ = 0;
    unsigned count_ = 0;
};

struct Codes {
    std::array<Code, 286> literals;
    std::array<Code, 30> distances;
};

/// The lengths of both trees' codes, written as RFC 1951, 3.2.7 says.
class Header {
public:
    explicit Header(const Codes& codes) {
        literals_ = used(codes.literals, 257);
        distances_ = used(codes.distances, 1);
        std::array<std::uint8_t, 286 + 30> lengths;
        std::size_t count = 0;
        for (std::size_t i = 0; i < literals_; ++i) lengths[count++] = codes.literals[i].length;
        for (std::size_t i = 0; i < distances_; ++i) lengths[count++] = codes.distances[i].length;
        for (std::size_t at = 0; at < count;) {
            const auto value = lengths[at];
            std::size_t run = 1;
            while (at + run < count && lengths[at + run] == value) ++run;
            at += run;
            put_run(value, run);
        }
        make_codes(counts_, 7, codes_);
        while (written_ > 4 && codes_[order[written_ - 1]].length == 0) --written_;
    }

    std::size_t bits() const {
        auto sum = 3 + 14 + 3 * written_;
        for (std::size_t i = 0; i < size_; ++i)
            sum += codes_[entries_[i].symbol].length + entries_[i].extra_bits;
        return sum;
    }

    void write(BitWriter& to) const {
        to.put(0b100, 3);  // not the last one; codes of its own
        to.put(literals_ - 257, 5);
        to.put(distances_ - 1, 5);
        to.put(written_ - 4, 4);
        for (std::size_t i = 0; i < written_; ++i) to.put(codes_[order[i]].length, 3);
        for (std::size_t i = 0; i < size_; ++i) {
            to.put(codes_[entries_[i].symbol]);
            to.put(entries_[i].extra, entries_[i].extra_bits);
        }
    }

private:
    static constexpr std::array<std::uint8_t, 19> order{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                        11, 4,  12, 3, 13, 2, 14, 1, 15};
    struct Entry {
        std::uint8_t symbol;
        std::uint8_t extra;
        std::uint8_t extra_bits;
    };

    static std::size_t used(std::span<const Code> codes, std::size_t least) {
        auto count = codes.size();
        while (count > least && codes[count - 1].length == 0) --count;
        return count;
    }
    void put(std::uint8_t symbol, std::size_t extra, std::uint8_t extra_bits) {
        entries_[size_++] = {symbol, static_cast<std::uint8_t>(extra), extra_bits};
        ++counts_[symbol];
    }
    void put_run(std::uint8_t value, std::size_t run) {
        if (value != 0) {
            put(value, 0, 0);
            --run;
        }
        while (run >= 3) {
            const auto most = value != 0 ? 6UZ : run < 11 ? 10UZ : 138UZ;
            const auto piece = std::min(run, most);
            if (value != 0)
                put(16, piece - 3, 2);
            else if (piece < 11)
                put(17, piece - 3, 3);
            else
                put(18, piece - 11, 7);
            run -= piece;
        }
        for (; run > 0; --run) put(value, 0, 0);
    }

    std::size_t literals_;
    std::size_t distances_;
    std::array<Entry, 286 + 30> entries_;
    std::size_t size_ = 0;
    std::array<std::uint32_t, 19> counts_{};
    std::array<Code, 19> codes_;
    std::size_t written_ = order.size();
};

}  // namespace

struct Deflater::State {
    /// Where bytes with this hash were last, the newest first: position + 1; 0: nowhere.
    using Bucket = std::array<std::uint32_t, 4>;
    std::array<Bucket, std::size_t{1} << hash_bits> buckets;
    std::array<Token, block_tokens> tokens;
    std::size_t size = 0;
    std::array<std::uint32_t, 286> literal_counts;
    std::array<std::uint32_t, 30> distance_counts;

    void begin_block() {
        size = 0;
        literal_counts.fill(0);
        distance_counts.fill(0);
        literal_counts[end_of_block] = 1;
    }

    void put_literal(std::uint8_t byte) {
        tokens[size++] = byte;
        ++literal_counts[byte];
    }
    void put_match(std::size_t length, std::size_t distance) {
        tokens[size++] = static_cast<Token>(length << 16 | distance);
        ++literal_counts[257 + length_rows[length]];
        ++distance_counts[distance_row(static_cast<std::uint32_t>(distance))];
    }

    std::size_t block_bits(const Codes& codes, const Header& header) const {
        auto bits = header.bits();
        for (std::size_t i = 0; i < literal_counts.size(); ++i)
            bits += std::size_t{literal_counts[i]} *
                    (codes.literals[i].length + (i > end_of_block ? length_steps[i - 257].extra_bits : 0U));
        for (std::size_t i = 0; i < distance_counts.size(); ++i)
            bits +=
                std::size_t{distance_counts[i]} * (codes.distances[i].length + distance_steps[i].extra_bits);
        return bits;
    }

    void write_tokens(BitWriter& bits, const Codes& codes) const {
        for (const auto token : std::span{tokens.data(), size}) {
            if (token < end_of_block) {
                bits.put(codes.literals[token]);
                continue;
            }
            const auto length = token >> 16;
            const auto distance = token & 0xffffU;
            const auto row = length_rows[length];
            const auto code = codes.literals[257 + row];
            bits.put(code.bits | std::uint64_t{length - length_steps[row].base} << code.length,
                     static_cast<unsigned>(code.length + length_steps[row].extra_bits));
            const auto far = distance_row(distance);
            const auto far_code = codes.distances[far];
            bits.put(far_code.bits | std::uint64_t{distance - distance_steps[far].base} << far_code.length,
                     static_cast<unsigned>(far_code.length + distance_steps[far].extra_bits));
        }
        bits.put(codes.literals[end_of_block]);
    }

    /// The tokens as a block, and an empty stored one behind it, which ends on a byte.
    void write_block(std::string& to) {
        Codes codes;
        make_codes(literal_counts, longest_code, codes.literals);
        make_codes(distance_counts, longest_code, codes.distances);
        const Header header{codes};
        const auto begin = to.size();
        to.resize(begin + block_bits(codes, header) / 8 + 16);
        BitWriter bits{to.data() + begin};
        header.write(bits);
        write_tokens(bits, codes);
        bits.put(0, 3);
        auto* end = bits.finish();
        to.resize(static_cast<std::size_t>(end - to.data()));
        to += std::string_view{"\0\0\xff\xff", 4};
        begin_block();
    }
};

namespace {

void remember(std::array<std::uint32_t, 4>& bucket, std::size_t position) {
    bucket = {static_cast<std::uint32_t>(position + 1), bucket[0], bucket[1], bucket[2]};
}

struct Match {
    std::size_t length = 0;
    std::size_t distance = 0;
};

}  // namespace

/// One part on its way through the State.
struct Deflater::Part {
    State& state;
    std::string& to;
    std::span<const std::uint8_t> bytes;
    std::size_t stride;
    std::size_t step;
    std::size_t shortest;

    /// Eight bytes are read at once: no match begins in the last ones.
    std::size_t searched() const { return bytes.size() < 8 ? 0 : bytes.size() - 8; }
    State::Bucket& bucket(std::size_t at) { return state.buckets[hash_at(bytes.data() + at)]; }

    void improve(Match& best, std::size_t at, std::size_t distance) const {
        const auto* here = bytes.data() + at;
        const auto found = equal_bytes(here, here - distance, std::min(longest_match, bytes.size() - at));
        if (found > best.length) best = {found, distance};
    }

    Match find(std::size_t at) {
        Match best;
        if (at >= step) improve(best, at, step);
        if (best.length >= good_match) return best;
        if (at >= stride && stride <= farthest) improve(best, at, stride);
        if (best.length >= good_match) return best;
        auto& places = bucket(at);
        for (const auto place : places) {
            if (place == 0 || at + 1 - place > farthest) break;
            improve(best, at, at + 1 - place);
        }
        remember(places, at);
        return best;
    }

    std::size_t take(std::size_t at, Match match) {
        if (match.length < shortest) {
            state.put_literal(bytes[at]);
            return 1;
        }
        state.put_match(match.length, match.distance);
        const auto end = std::min({at + match.length, at + remembered, searched()});
        for (auto inside = at + 1; inside < end; ++inside) remember(bucket(inside), inside);
        return match.length;
    }

    void compress() {
        state.buckets.fill({});
        state.begin_block();
        for (std::size_t at = 0; at < bytes.size();) {
            if (state.size == block_tokens) state.write_block(to);
            at += take(at, at < searched() ? find(at) : Match{});
        }
        state.write_block(to);
    }
};

Deflater::Deflater() : state_{std::make_unique_for_overwrite<State>()} {}
Deflater::~Deflater() = default;

void Deflater::append_part(std::string& to, std::span<const std::uint8_t> bytes, std::size_t stride,
                           std::size_t step, std::size_t shortest) {
    Part{*state_, to, bytes, stride, step, shortest}.compress();
}

void Deflater::append_end(std::string& to) { to += std::string_view{"\1\0\0\xff\xff", 5}; }

}  // namespace carrel::desk::picture
