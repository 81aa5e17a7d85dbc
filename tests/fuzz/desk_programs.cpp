// What a terminal's client and a desk's own processes may say: control messages, lines of /proc, output that
// is read again in pieces.
#include <cstdlib>

#include "core/text.hpp"
#include "desk/background/output_log.hpp"
#include "desk/processes/tree.hpp"
#include "desk/pty/control.hpp"

using namespace carrel::desk;

namespace {

/// Pieces of text hold the same bytes as the log, whatever their size.
void read_in_pieces(std::string_view bytes) {
    background::OutputLog log{background::OutputLog::chunk_bytes};
    log.add(bytes);
    std::string all;
    for (std::uint64_t offset = log.begin(); offset < log.end();) {
        const auto piece = background::read_piece(
            log, {.offset = offset, .limit = 4 + bytes.size() % 7, .is_text = true}, true);
        if (piece.bytes.empty() || piece.offset != offset) std::abort();
        all += piece.bytes;
        offset = piece.next();
    }
    if (all != log.read(log.begin(), log.kept())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto control = pty::parse_control(text)) {
        if (control->size.columns < 1 || control->size.columns > 1000 || control->signal < 0) std::abort();
    }
    (void)processes::parse_stat(text);
    read_in_pieces(text);
    return 0;
}
