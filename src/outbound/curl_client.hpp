// HttpClient over libcurl: one thread of its own runs every transfer.
#pragma once

#include <memory>

#include "outbound/http_client.hpp"

namespace carrel::outbound {

/// Theory of operation: the loop hands a transfer to the curl thread through a queue; the curl thread
/// hands heads, pieces and endings back by posting to the loop. Each side touches only its own half of
/// a transfer. A reader that is slow pauses its transfer (256 KiB wait at most), nothing else.
class CurlClient final : public HttpClient {
public:
    /// `loop` must live longer than this object: the thread posts to it.
    explicit CurlClient(async::Executor loop);
    /// Breaks off what runs and joins the thread.
    ~CurlClient() override;

    Task<Reply> send(Call call) override;

private:
    class Engine;
    std::shared_ptr<Engine> engine_;
};

}  // namespace carrel::outbound
