// Stands in a desk's image where X servers look for xkbcomp, the compiler of keyboard maps.
//
// At each start the X server asks the same question: it pipes the same 300 bytes to
// `xkbcomp … -xkm - OUT` and reads OUT. Compiling costs 7 to 11 ms of a desk's start, copying a
// remembered answer nothing. So: the question that was remembered while the image was made is
// answered from its file; every other call goes to the real compiler, unchanged.
//
// Static, no allocation: what is not done is quick.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace {

constexpr const char* real_compiler = "/usr/bin/xkbcomp.real";
constexpr const char* known_question = "/usr/lib/carrel/keymap/source";
constexpr const char* known_answer = "/usr/lib/carrel/keymap/keymap.xkm";
constexpr mode_t readable = 0644;

/// Room for any question that is worth remembering; a longer one goes to the real compiler.
struct Question {
    char bytes[16384];
    std::size_t size = 0;

    std::string_view text() const { return {bytes, size}; }
};

/// Reads until the end or until the room is full.
void read_into(int fd, Question& question) {
    while (question.size < sizeof question.bytes) {
        const auto count = ::read(fd, question.bytes + question.size, sizeof question.bytes - question.size);
        if (count <= 0) return;
        question.size += static_cast<std::size_t>(count);
    }
}

/// Whether this is the X server's call: a binary map (-xkm) of what comes by the pipe ("-").
bool is_servers_call(int count, char** words) {
    bool binary = false;
    bool from_pipe = false;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        binary |= word == "-xkm";
        from_pipe |= word == "-";
    }
    return binary && from_pipe;
}

bool copy_file(const char* from, const char* to) {
    const int source = ::open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0) return false;
    struct stat status{};
    const int target = ::open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, readable);
    return target >= 0 && ::fstat(source, &status) == 0 &&
           ::sendfile(target, source, nullptr, static_cast<std::size_t>(status.st_size)) == status.st_size;
}

bool is_known(const Question& question) {
    const int file = ::open(known_question, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    static Question known;
    read_into(file, known);
    return known.text() == question.text();
}

/// Makes the bytes read so far, and what is still in the pipe, the standard input again.
void put_back(const Question& question) {
    const int memory = ::memfd_create("question", 0);
    if (memory < 0) std::_Exit(1);
    if (::write(memory, question.bytes, question.size) != static_cast<ssize_t>(question.size)) std::_Exit(1);
    char more[4096];
    for (auto count = ::read(0, more, sizeof more); count > 0; count = ::read(0, more, sizeof more))
        if (::write(memory, more, static_cast<std::size_t>(count)) != count) std::_Exit(1);
    ::lseek(memory, 0, SEEK_SET);
    ::dup2(memory, 0);
    ::close(memory);
}

/// Runs the real compiler and waits; its exit status.
int compile(char** words) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::execv(real_compiler, words);
        std::_Exit(127);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 1;
    return WEXITSTATUS(status);
}

/// While the image is made: compiles, and keeps question and answer for every desk to come.
int record(const Question& question, char** words, const char* answer) {
    put_back(question);
    const int status = compile(words);
    if (status != 0) return status;
    const int file = ::open(known_question, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, readable);
    const bool kept = file >= 0 &&
                      ::write(file, question.bytes, question.size) == static_cast<ssize_t>(question.size) &&
                      copy_file(answer, known_answer);
    return kept ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    if (is_servers_call(count, words)) {
        static Question question;
        read_into(0, question);
        const char* answer = words[count - 1];
        if (std::getenv("CARREL_RECORD_KEYMAP") != nullptr) return record(question, words, answer);
        if (is_known(question) && copy_file(known_answer, answer)) return 0;
        put_back(question);
    }
    ::execv(real_compiler, words);
    return 127;
}
