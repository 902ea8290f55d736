// SPDX-License-Identifier: MIT
/* Every limit on input that others control, in one place. Each room has its section. */
#ifndef CONFIG_LIMITS_H
#define CONFIG_LIMITS_H

#define KIB 1024ULL
#define MIB (1024ULL * KIB)
#define GIB (1024ULL * MIB)

/* ns */
#define SUBID_FILE_MAX_BYTES (4 * MIB) /* /etc/subuid, /etc/subgid, getsubids' output */
#define SUBID_RANGES_MAX     339       /* the kernel takes 340 lines in a map, one is the user's own */
#define MNT_INFO_MAX_BYTES   (64 * MIB)

#endif
