#include "session/stored_transcript.hpp"

namespace carrel::session {

Task<StoredTranscript> StoredTranscript::load(store::Store& store, std::string session_id) {
    auto messages =
        co_await store.run([session_id](store::Transaction& t) { return t.messages(session_id); });
    co_return StoredTranscript{store, std::move(session_id), std::move(messages)};
}

Task<> StoredTranscript::append(std::string raw_message) {
    // Shared with the store's thread instead of copied: messages with pictures are large.
    const auto raw = std::make_shared<const std::string>(std::move(raw_message));
    auto stored =
        store_->run([session = session_id_, raw](store::Transaction& t) { t.append_message(session, *raw); });
    // In memory it stands from when it is asked to be stored: a task that is cancelled while it waits
    // must not go on with a history that the store does not have.
    messages_.push_back(*raw);
    co_await std::move(stored);
}

}  // namespace carrel::session
