// SPDX-License-Identifier: MIT
/* Allow-lists of system calls for thimble's own processes. seccomp(2). */
#include "sandbox/allow.h"

#include <errno.h>

#include "base/mem.h"

int sandbox_allow_only(const struct sandbox_allow *a, struct err *e)
{
	CLEANUP(sandbox_filter_clear) struct sandbox_filter filter = {0};
	CLEANUP(sandbox_rules_clear)
	struct sandbox_rules rules = {.default_action = SANDBOX_ACT_ERRNO | EPERM};

	rules.n_rules = 1 + a->n_args;
	rules.rules = xcalloc(rules.n_rules, sizeof(*rules.rules));
	for (size_t i = 0; i < rules.n_rules; i++)
		rules.rules[i].action = SANDBOX_ACT_ALLOW;
	for (size_t i = 0; i < a->n_names; i++)
		strv_add(&rules.rules[0].names, a->names[i]);
	for (size_t i = 0; i < a->n_args; i++) {
		struct sandbox_rule *r = &rules.rules[i + 1];

		strv_add(&r->names, a->args[i].name);
		r->n_args = 1;
		r->args = xmemdup(&a->args[i].arg, sizeof(a->args[i].arg));
	}
	if (sandbox_filter_compile(&rules, &filter, e) < 0)
		return -1;
	return sandbox_filter_install(&filter, e);
}
