// A history told otherwise: when the vendor refuses a request for what stands in it, or when it outgrows what
// a request may hold. Pure, and slow: it goes through megabytes.
//
// Signatures of thoughts bind to all bytes before them, so behind the first message that is altered no
// thought stays. It is also dear, since the vendor's cache has nothing of what follows: pictures go in large
// steps.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace carrel::agent {

/// The first `keep` messages as they are, then `rest`.
struct Retold {
    std::size_t keep = 0;
    std::vector<std::string> rest;
};

/// With only the newest pictures, at most `pictures` of them, in at most `bytes` with all messages if that
/// can be; the older ones are told to be gone. Nothing when that changes nothing.
std::optional<Retold> clear_pictures(std::span<const std::string> messages, std::size_t pictures,
                                     std::size_t bytes);

/// The model's last answer and what follows it as plain words; the person's messages stay. That is all that
/// the vendor has not taken yet: the answer came to a request that held what stands before. Nothing when
/// these are plain words already.
std::optional<Retold> tell_newest_in_words(std::span<const std::string> messages);

/// Everything as plain words in one message, the oldest left out where it is long; a person's message at the
/// end stays. Nothing when there is nothing before that.
std::optional<Retold> tell_all_in_words(std::span<const std::string> messages);

/// Without the model's last answer and its results; the person's messages stay. Nothing when there is no
/// answer.
std::optional<Retold> leave_newest_out(std::span<const std::string> messages);

/// What is told to the model in place of messages that are taken back: which calls of theirs ran.
std::string left_out_message(std::span<const std::string> messages);

}  // namespace carrel::agent
