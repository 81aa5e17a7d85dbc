// Carries our standard input to a command in a desk, while that runs.
#pragma once

#include <string>
#include <thread>

#include "app/client.hpp"
#include "core/fd.hpp"

namespace carrel::app {

/// Whether there is input to carry: a pipe, a file or a socket. A terminal is not, it would be taken from
/// whoever sits there; neither is /dev/null.
bool has_standard_input();

class InputPump {
public:
    /// `path` is of terminal/input, `input_id` the command's.
    InputPump(ServerAddress server, std::string path, std::string input_id);
    /// Ends what still waits for input. Its last call ends with the command.
    ~InputPump();
    InputPump(const InputPump&) = delete;
    InputPump& operator=(const InputPump&) = delete;

    /// Begins. Once, and when the command is known to the desk.
    void start();
    /// What went wrong; empty when nothing did. Ends it, too.
    std::string stop();

private:
    void carry();
    bool wait_for_input() const;
    /// False when no more is taken.
    bool give(std::string_view bytes, bool is_end);

    Client client_;
    std::string path_;
    std::string input_id_;
    core::Fd stopped_;
    std::string failure_;
    std::thread thread_;
};

}  // namespace carrel::app
