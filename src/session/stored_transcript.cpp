#include "session/stored_transcript.hpp"

#include <iterator>

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

Task<> StoredTranscript::rewrite(std::size_t keep, std::vector<std::string> rest) {
    auto stored = store_->run([session = session_id_, keep, rest](store::Transaction& t) {
        t.truncate_messages(session, keep);
        for (const auto& raw : rest) t.append_message(session, raw);
    });
    messages_.resize(keep);
    messages_.insert(messages_.end(), std::make_move_iterator(rest.begin()),
                     std::make_move_iterator(rest.end()));
    co_await std::move(stored);
}

}  // namespace carrel::session
