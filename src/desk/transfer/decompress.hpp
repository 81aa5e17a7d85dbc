// Compressed bodies as they come: gzip, bzip2, xz and Zstandard, each told by how it begins. In memory that
// is bounded whatever comes: a piece of what comes out at a time, and what the format wants to remember.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::desk::transfer {

/// Enough of a body to tell what it is.
constexpr std::size_t longest_magic = 8;

/// What a body that begins so is, for a sentence: "a zip", "compressed by lzip". Nothing when it is not
/// known.
std::optional<std::string_view> name_of_format(std::string_view beginning);

class Decompression {
public:
    /// Nothing when what begins so is compressed by none of the four.
    static std::unique_ptr<Decompression> find(std::string_view beginning);
    ~Decompression();

    /// The next piece of what `bytes` hold, which become fewer; empty when more of them are wanted. Valid
    /// until the next call. Throws invalid for what is damaged, exhausted for what wants too much memory.
    std::string_view next(std::string_view& bytes);
    /// Throws invalid when the data ends in the middle.
    void finish();

    std::string_view name() const { return name_; }
    /// Bytes behind the end that are neither more compressed data nor zeros.
    std::uint64_t rest() const { return rest_; }

private:
    class Codec;
    class Gzip;
    class Bzip2;
    class Xz;
    class Zstandard;
    enum class State { inside, between, behind };
    struct Format;
    explicit Decompression(const Format& format);
    bool find_next(std::string_view& bytes);
    std::string_view step(std::string_view& bytes);

    const Format& format_;
    std::string_view name_;
    std::unique_ptr<Codec> codec_;
    std::unique_ptr<char[]> piece_;
    State state_ = State::between;
    bool has_begun_ = false;
    std::string head_;      ///< what could be the beginning of another part
    std::string_view now_;  ///< of `head_`, what has not been taken
    std::uint64_t rest_ = 0;
};

}  // namespace carrel::desk::transfer
