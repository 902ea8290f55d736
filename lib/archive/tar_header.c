// SPDX-License-Identifier: MIT
/*
 * One header block of 512 bytes. Sources: POSIX.1-2017 pax "ustar Interchange
 * Format", GNU tar manual "Basic Tar Format" (base-256 numbers, oldgnu magic).
 */
#include "archive/tar_internal.h"

#include <string.h>

#include "base/mem.h"

static int parse_base256(const unsigned char *p, size_t len, int64_t *ret)
{
	bool negative = p[0] & 0x40;
	uint64_t v = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = p[i];

		if (i == 0)
			c = negative ? c : c & 0x7f;
		/* what is shifted out must be sign only */
		if ((v >> 55) != (negative ? 0x1ff : 0))
			return -1;
		v = v << 8 | c;
	}
	*ret = (int64_t)v;
	return 0;
}

int tar_parse_number(const unsigned char *field, size_t len, int64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	if (len > 0 && (field[0] & 0x80))
		return parse_base256(field, len, ret);
	while (i < len && (field[i] == ' ' || field[i] == 0))
		i++;
	for (; i < len && field[i] != ' ' && field[i] != 0; i++) {
		if (field[i] < '0' || field[i] > '7' || v >> 60)
			return -1;
		v = v << 3 | (uint64_t)(field[i] - '0');
	}
	*ret = (int64_t)v;
	return 0;
}

void tar_field(struct buf *b, const unsigned char *field, size_t len)
{
	buf_add(b, field, strnlen((const char *)field, len));
}

/* POSIX sums unsigned bytes; some old writers summed signed ones */
static bool checksum_ok(const unsigned char *block)
{
	int64_t want;
	int64_t sum = 0, signed_sum = 0;

	for (int i = 0; i < TAR_BLOCK_BYTES; i++) {
		unsigned char c = i >= TAR_CHKSUM && i < TAR_CHKSUM + 8 ? ' ' : block[i];

		sum += c;
		signed_sum += (signed char)c;
	}
	if (tar_parse_number(block + TAR_CHKSUM, 8, &want) < 0)
		return false;
	return want == sum || want == signed_sum;
}

static bool all_zero(const unsigned char *block)
{
	return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK_BYTES - 1) == 0;
}

int tar_parse_header(const unsigned char *block, struct tar_header *ret, struct err *e)
{
	int64_t v[7];
	static const struct {
		short at, len;
		const char *what;
	} fields[] = {
		{TAR_MODE, 8, "mode"},
		{TAR_UID, 8, "uid"},
		{TAR_GID, 8, "gid"},
		{TAR_SIZE, 12, "size"},
		{TAR_MTIME, 12, "mtime"},
		{TAR_MAJOR, 8, "device major"},
		{TAR_MINOR, 8, "device minor"},
	};

	if (all_zero(block))
		return 0;
	if (!checksum_ok(block))
		return err_set(e, ERR_INVALID, 0, "tar: header checksum is wrong");
	memset(ret, 0, sizeof(*ret));
	ret->type = (char)block[TAR_TYPE];
	ret->is_ustar = memcmp(block + TAR_MAGIC, "ustar\0", 6) == 0;
	ret->is_gnu = memcmp(block + TAR_MAGIC, "ustar  \0", 8) == 0;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		v[i] = 0;
		if (i >= 5 && ret->type != TAR_CHAR && ret->type != TAR_BLOCK)
			break;
		if (tar_parse_number(block + fields[i].at, (size_t)fields[i].len, &v[i]) < 0)
			return err_set(e, ERR_INVALID, 0, "tar: header field %s is malformed",
				       fields[i].what);
	}
	if (v[1] < 0 || v[2] < 0 || v[3] < 0)
		return err_set(e, ERR_INVALID, 0, "tar: negative owner or size");
	ret->mode = (uint32_t)v[0] & 07777;
	ret->uid = (uint64_t)v[1];
	ret->gid = (uint64_t)v[2];
	ret->size = (uint64_t)v[3];
	ret->mtime_sec = v[4];
	if (ret->type == TAR_CHAR || ret->type == TAR_BLOCK) {
		ret->dev_major = (uint32_t)v[5];
		ret->dev_minor = (uint32_t)v[6];
	}
	return 1;
}
