// The operations on files as a client meets them, on a directory of the test's own.
#pragma once

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "desk/files/files.hpp"
#include "desk/transfer/handlers.hpp"
#include "json/parse.hpp"
#include "tests/fakes/run_loop.hpp"

namespace carrel::files_test {

using async::Task;
using desk::files::Files;
namespace fs = std::filesystem;

struct Folder {
    Folder() {
        std::string pattern = fs::temp_directory_path() / "carrel-files-test-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()));
        path = pattern;
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
};

inline void put(const fs::path& path, std::string_view text) { std::ofstream{path} << text; }

inline std::string text_of(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

/// The operations as a client sees them.
struct Client {
    Files& files;

    Task<net::Response> send(std::string_view name, net::Request request, std::string_view method = {}) {
        for (const auto& bind :
             {desk::files::bind_files, desk::files::bind_folders, desk::transfer::bind_transfers})
            for (const auto& binding : bind(files))
                if (binding.name == name && (method.empty() || binding.method == method))
                    co_return co_await binding.handler(request);
        throw core::Error{core::Code::not_found, "no such operation"};
    }
    Task<json::Value> call(std::string name, json::Object body) {
        net::Request request;
        request.body = net::make_source(json::to_text(body));
        const auto response = co_await send(name, std::move(request));
        CHECK(response.status == 200);
        co_return *json::parse(response.text());
    }
    /// The output, or the error after "!".
    Task<std::string> edit(std::string name, json::Object body) {
        const auto answer = co_await call(std::move(name), std::move(body));
        if (answer.at("success").as_bool()) co_return std::string{json::text_or(answer, "output")};
        co_return "!" + std::string{json::text_or(answer, "error")};
    }
    Task<json::Value> upload(std::unique_ptr<net::Source> body) {
        net::Request request;
        request.headers.add("Content-Type", "multipart/form-data; boundary=B");
        request.body = std::move(body);
        co_return *json::parse((co_await send("file/upload", std::move(request))).text());
    }
};

/// Runs `test(files, executor, folder)`, whose pool has one thread.
template <class Test>
void on_loop(Test test) {
    Folder folder;
    async::Pool pool{1};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Files files{executor, pool, folder.path};
        co_await test(files, executor, folder.path);
    });
    pool.join();
}

/// Runs `test(client, folder)`.
template <class Test>
void with_files(Test test) {
    on_loop([&](Files& files, async::Executor, const fs::path& folder) -> Task<> {
        co_await test(Client{files}, folder);
    });
}

template <class Function>
Task<std::optional<core::Error>> error_of(Function function) {
    try {
        co_await function();
    } catch (const core::Error& error) {
        co_return error;
    }
    co_return std::nullopt;
}

}  // namespace carrel::files_test
