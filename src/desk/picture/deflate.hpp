// DEFLATE (RFC 1951) for pictures of screens, in parts that can be joined. Pure.
//
// A general compressor looks for repetitions everywhere; on a screen they are in the row above and just
// to the left, so these are tried first and one table of hashes does for the rest. And a general one ends its
// stream where it ends: here a part ends on a whole byte, refers to nothing before it, and does not say that
// it is the last, so that parts made at different times make one stream (docs/decisions/0010).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace carrel::desk::picture {

class Deflater {
public:
    Deflater();
    ~Deflater();
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;

    /// What pays on a screen: of fewer bytes a repetition costs more than the bytes themselves.
    static constexpr std::size_t usual_shortest = 4;

    /// Appends a part that inflates to `bytes`: rows of `stride` bytes, of pixels of `step` bytes each (both
    /// are only where to look first: any bytes are compressed). Repetitions of fewer than `shortest` bytes,
    /// at least 3, are not used.
    void append_part(std::string& to, std::span<const std::uint8_t> bytes, std::size_t stride,
                     std::size_t step, std::size_t shortest = usual_shortest);

    /// Appends the empty part that says it is the last.
    static void append_end(std::string& to);

private:
    struct State;
    struct Part;
    std::unique_ptr<State> state_;
};

}  // namespace carrel::desk::picture
