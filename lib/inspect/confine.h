// SPDX-License-Identifier: MIT
/* The SOCKS server's confinement. */
#ifndef INSPECT_CONFINE_H
#define INSPECT_CONFINE_H

#include "base/err.h"

/** socks_confine() - for good; after it dial_serve() and guide_ask() still work, with all
 * descriptors opened before */
int socks_confine(struct err *e) WARN_UNUSED;

#endif
