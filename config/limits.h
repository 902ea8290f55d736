// SPDX-License-Identifier: MIT
/* Every limit on input that others control, in one place. Each room has its section. */
#ifndef CONFIG_LIMITS_H
#define CONFIG_LIMITS_H

#define KIB 1024ULL
#define MIB (1024ULL * KIB)
#define GIB (1024ULL * MIB)

#endif
