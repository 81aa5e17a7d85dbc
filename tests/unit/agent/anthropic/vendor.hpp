// The vendor's side of a random walk: judges each request by rules of its own, written apart from those of
// src/agent (from the vendor's documentation, as tests/doubles/anthropic_rules.mjs), and answers anything.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "json/parse.hpp"
#include "outbound/http_client.hpp"

namespace carrel::tests {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_{seed} {}
    /// From 0 to `below` - 1.
    std::size_t number(std::size_t below) { return engine_() % below; }
    bool chance(std::size_t of_hundred) { return number(100) < of_hundred; }
    template <class T>
    const T& of(const std::vector<T>& list) {
        return list[number(list.size())];
    }

private:
    std::mt19937_64 engine_;
};

/// What is wrong with a request; and what it holds.
class Judge {
public:
    static constexpr std::size_t most_pictures = 100;
    static constexpr std::size_t most_bytes = 32'000'000;

    /// "" for a request that breaks no rule.
    std::string find_fault(std::string_view body);
    /// Signatures are known by the place where they were given.
    void sign(const std::string& signature) { signed_[signature] = place_; }
    /// The answer that is given now, of so many blocks, may come back without a message behind it.
    void pause(std::size_t blocks) { paused_[place_] = blocks; }

private:
    void judge(const json::Value& body);
    void judge_user(const json::Array& content);
    void judge_answer(const json::Array& content);
    void judge_call(const json::Value& block);
    void judge_result(const json::Value& block);
    void judge_text(const json::Value& block);
    void end_turn();
    void demand(bool is_so, std::string_view what);

    std::map<std::string, std::uint64_t> signed_;
    std::map<std::uint64_t, std::size_t> paused_;

    // Of the request that is judged.
    std::string fault_;
    std::uint64_t place_ = 0;
    std::set<std::string> seen_;
    std::map<std::string, std::string> due_;   ///< calls of the answer before that have no result; toolset
    std::map<std::string, std::string> made_;  ///< calls of the answer that is read
    std::string role_;
    bool has_text_ = false;
    std::size_t pictures_ = 0;
};

/// Serves the Messages API to whoever calls: well, or as badly as a random walk wants.
class Vendor final : public outbound::HttpClient {
public:
    explicit Vendor(Dice& dice) : dice_{dice} {}

    bool is_kind = true;              ///< answers "fine" to what it can take
    std::vector<std::string> faults;  ///< of requests that broke a rule
    std::size_t requests = 0;

    async::Task<outbound::Reply> send(outbound::Call call) override;

private:
    outbound::Reply refuse(int status, std::string_view type);
    outbound::Reply stream(std::string text, bool is_broken);
    std::string kind_answer();
    std::string wild_answer();
    std::string wild_block(std::size_t index);
    std::string wild_call(std::size_t index);

    Dice& dice_;
    Judge judge_;
    std::vector<std::string> given_ids_;
};

}  // namespace carrel::tests
