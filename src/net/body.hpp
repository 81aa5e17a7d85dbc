// A message's body, read off a Wire as its head has framed it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/error.hpp"
#include "net/framing.hpp"
#include "net/wire.hpp"

namespace carrel::net {

class BodyReader {
public:
    BodyReader(std::shared_ptr<Wire> wire, BodyFrame frame);

    /// As Source::read. Throws Error{unavailable} when the body ends early, Error{invalid} when its chunks
    /// are malformed; it is broken then, and so is the connection.
    Task<std::size_t> read(std::span<char> into);

    /// Whether all of it was read: what comes next on the wire is another message.
    bool is_done() const { return is_done_; }
    bool is_broken() const { return is_broken_; }
    /// Why it is broken, unless a read was cancelled.
    const std::optional<core::Error>& failure() const { return failure_; }
    /// How much is left; nothing when only the end will tell.
    std::optional<std::uint64_t> left() const;
    /// Each read may take that long, where the wire's time is checked.
    void set_patience(Wire::Clock::duration patience) { patience_ = patience; }
    /// The sender waits for "100 Continue" before it sends: say it at the first read.
    void expect_continue() { owes_continue_ = true; }
    /// Whether the sender still waits for it.
    bool owes_continue() const { return owes_continue_; }

private:
    Task<std::size_t> read_frame(std::span<char> into);
    Task<std::size_t> read_counted(std::span<char> into);
    Task<std::size_t> read_chunks(std::span<char> into);

    std::shared_ptr<Wire> wire_;
    BodyFrame frame_;
    ChunkDecoder chunks_;
    Wire::Clock::duration patience_{};
    bool owes_continue_ = false;
    bool is_done_;
    bool is_broken_ = false;
    std::optional<core::Error> failure_;
};

/// Sends a body that is read from a Source, one write for each piece.
class BodyWriter {
public:
    /// With `length`, exactly so many bytes; chunked or until the end else.
    BodyWriter(Wire& wire, std::optional<std::uint64_t> length, bool is_chunked);

    /// `before` (a head) goes out together with the first piece. Throws Error{internal} when the source
    /// does not hold what `length` said.
    Task<> send(Source& source, std::string before);

private:
    Task<std::size_t> read_piece(Source& source);
    Task<> write_piece(std::size_t count, std::string before);

    Wire& wire_;
    std::optional<std::uint64_t> left_;
    bool is_chunked_;
    std::size_t capacity_;
    std::unique_ptr<char[]> piece_;  ///< room for a chunk's size, `capacity_` bytes, room for its end
};

}  // namespace carrel::net
