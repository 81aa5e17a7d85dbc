// One rule for the kernel's nf_tables: its conditions and verdict as expressions
// (linux/netfilter/nf_tables.h).
#pragma once

#include "jail/network/nft.hpp"  // before the kernel's headers, which it makes leave out what libc has, too

#include <libnftnl/rule.h>

#include <memory>

#include "core/sys.hpp"

struct nftnl_expr;

namespace carrel::jail::network::nft {

/// `object`, which libnftnl has made; throws when it could not.
template <class T>
T* made(T* object) {
    if (object == nullptr) throw core::system_error("write rules for nftables", ENOMEM);
    return object;
}

/// What keeps count for each source of a kind of limit.
const char* set_of(Limit::Kind kind);

/// The expressions of one rule; libnftnl frees them with it.
class RuleWriter {
public:
    RuleWriter(const std::string& table, const std::string& chain);

    nftnl_rule* get() { return rule_.get(); }
    void add(const Match& match);
    void add(const Limit& limit);
    void add(Verdict verdict);

private:
    nftnl_expr* append(const char* name);
    void require_ipv4();
    void load(Field field);
    void load_known(const char* name, std::uint16_t key_attribute, std::uint16_t register_attribute,
                    std::uint32_t key);
    void mask(const std::string& bits);
    void compare(bool is_equal, const std::string& value);

    std::unique_ptr<nftnl_rule, decltype(&::nftnl_rule_free)> rule_;
};

}  // namespace carrel::jail::network::nft
