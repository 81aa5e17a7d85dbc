// What a command printed, kept within bounds and made into text. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace carrel::desk::processes {

/// Output shorter than this is repaired and written as JSON on the loop: it costs less than asking the pool.
constexpr std::size_t short_text = std::size_t{64} << 10;

/// How many bytes at the end are the beginning of a character whose rest is missing; at most three.
std::size_t unfinished_length(std::string_view bytes);

/// Keeps the beginning and the end of what it is given: a command that prints a gigabyte costs
/// `limit` bytes, and both its first words and its last ones (the error, usually) can be read.
class BoundedOutput {
public:
    explicit BoundedOutput(std::size_t limit) : half_{limit / 2} {}

    void add(std::string_view bytes);
    /// Well-formed UTF-8; where bytes were left out, a line says how many.
    std::string text() const;
    bool is_cut() const { return left_out() > 0; }
    std::uint64_t left_out() const;
    /// Bytes kept.
    std::size_t size() const { return head_.size() + kept_tail().size(); }

private:
    std::string_view kept_tail() const;

    std::size_t half_;
    std::uint64_t total_ = 0;
    std::string head_;
    std::string tail_;
};

/// Cuts a stream of bytes into pieces that end between characters, so that a character which arrives
/// in two halves is not taken for two broken ones.
class TextPieces {
public:
    /// What is whole by now, as well-formed UTF-8; at most three bytes wait for their rest.
    std::string add(std::string_view bytes);
    /// What still waited when nothing more comes.
    std::string finish();

private:
    std::string waiting_;
};

}  // namespace carrel::desk::processes
