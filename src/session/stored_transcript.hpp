// The conversation as the model sees it, kept in the store.
#pragma once

#include <string>
#include <vector>

#include "agent/interfaces.hpp"
#include "store/store.hpp"

namespace carrel::session {

using async::Task;

/// In memory only while a turn runs: histories with pictures are large.
class StoredTranscript final : public agent::Transcript {
public:
    static Task<StoredTranscript> load(store::Store& store, std::string session_id);

    const std::vector<std::string>& messages() const override { return messages_; }
    /// Returns when the message is stored.
    Task<> append(std::string raw_message) override;
    Task<> rewrite(std::size_t keep, std::vector<std::string> rest) override;

private:
    StoredTranscript(store::Store& store, std::string session_id, std::vector<std::string> messages)
        : store_{&store}, session_id_{std::move(session_id)}, messages_{std::move(messages)} {}

    store::Store* store_;
    std::string session_id_;
    std::vector<std::string> messages_;
};

}  // namespace carrel::session
