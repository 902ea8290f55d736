// SPDX-License-Identifier: MIT
/*
 * CRC-64/GO-ISO (ISO 3309, polynomial x^64 + x^4 + x^3 + x + 1, reflected),
 * the checksum in tar-split journals.
 */
#ifndef ARCHIVE_CRC64_H
#define ARCHIVE_CRC64_H

#include <stddef.h>
#include <stdint.h>

/** crc64_iso() - continued from crc, 0 at first */
uint64_t crc64_iso(uint64_t crc, const void *p, size_t n);

#endif
