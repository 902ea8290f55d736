// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/hash.h"
#include "base/str.h"
#include "tests/unit/archive/util.h"

/* writes one entry, reads it back */
static void round_trip(const struct tar_entry *in, const char *text)
{
	const struct tar_entry *out = NULL;
	struct tar_reader *t;
	struct stream *src;
	struct made m;
	struct err e;

	made_start(&m);
	CHECK_OK(tar_write_entry(m.w, in, &e), e);
	CHECK_OK(tar_write(m.w, text, in->size, &e), e);
	made_end(&m);
	CHECK_EQ(m.bytes.len % 512, 0);
	src = stream_mem_new(m.bytes.data, m.bytes.len, NULL);
	t = tar_reader_new(src);
	CHECK_EQ(tar_next(t, &out, &e), 1);
	CHECK_STR(out->name, in->name);
	CHECK_STR(out->link, in->link);
	CHECK_EQ(out->type, in->type);
	CHECK_EQ(out->mode, in->mode);
	CHECK_EQ(out->uid, in->uid);
	CHECK_EQ(out->gid, in->gid);
	CHECK_EQ(out->size, in->size);
	CHECK_EQ(out->mtime_sec, in->mtime_sec);
	CHECK_EQ(out->mtime_nsec, in->mtime_nsec);
	CHECK_EQ(out->n_xattrs, in->n_xattrs);
	for (size_t i = 0; i < in->n_xattrs; i++) {
		CHECK_STR(out->xattrs[i].name, in->xattrs[i].name);
		CHECK_EQ(out->xattrs[i].len, in->xattrs[i].len);
		CHECK_MEM(out->xattrs[i].value, in->xattrs[i].value, in->xattrs[i].len);
	}
	CHECK_EQ(tar_next(t, &out, &e), 0);
	tar_reader_free(t);
	stream_free(src);
	made_free(&m);
}

TEST(plain_entry_has_no_pax_header)
{
	struct made m;

	made_start(&m);
	made_add(&m, TAR_FILE, "a", "x");
	CHECK_EQ(m.bytes.len, 1024);
	CHECK_EQ(m.bytes.data[TAR_TYPE], '0');
	made_free(&m);
}

TEST(round_trips)
{
	struct tar_xattr xattrs[] = {{"user.a", "1\0002", 3}, {"user.empty", "", 0}};
	struct tar_entry ent = {
		.name = "dir/file", .link = "", .type = TAR_FILE, .mode = 04755, .size = 5};

	round_trip(&ent, "hello");
	ent.uid = 3000000;
	ent.gid = 4294967294u;
	ent.mtime_sec = -5;
	ent.mtime_nsec = 500;
	round_trip(&ent, "hello");
	ent.mtime_sec = 1600000000;
	ent.xattrs = xattrs;
	ent.n_xattrs = 2;
	round_trip(&ent, "hello");
}

TEST(long_names)
{
	char name[1000], link[500];
	struct tar_entry ent = {.name = name, .link = "", .type = TAR_DIR, .mode = 0755};

	for (size_t len = 95; len < sizeof(name); len += len < 270 ? 1 : 97) {
		memset(name, 'n', len);
		name[len] = 0;
		round_trip(&ent, "");
		for (size_t i = 7; i + 1 < len; i += 10)
			name[i] = '/';
		round_trip(&ent, "");
	}
	memset(link, 'l', sizeof(link) - 1);
	link[sizeof(link) - 1] = 0;
	ent.type = TAR_SYMLINK;
	ent.link = link;
	round_trip(&ent, "");
}

TEST(wrong_amount_of_content)
{
	struct tar_entry ent = {.name = "a", .link = "", .type = TAR_FILE, .size = 3};
	struct made m;
	struct err e;

	made_start(&m);
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_EQ(tar_write(m.w, "abcd", 4, &e), -1);
	CHECK_EQ(tar_write(m.w, "ab", 2, &e), 0);
	CHECK_EQ(tar_writer_end(m.w, &e), -1);
	made_free(&m);
}

/* the digest of a tar of these names, made by Docker's commit of the same files */
TEST(pax_headers_are_those_of_go)
{
	char dir[200], name[400], link[302];
	struct tar_entry ent = {.mtime_sec = 1700000000, .uname = "", .gname = ""};
	const struct {
		enum tar_type type;
		const char *name, *link;
		uint32_t mode;
	} all[] = {
		{TAR_DIR, dir, "", 0755},
		{TAR_FILE, name, "", 0644},
		{TAR_HARDLINK, "hh", name, 0644},
		{TAR_SYMLINK, "s", link, 0777},
		{TAR_FILE, "\xc3\xbcn\xc3\xaf", "", 0644},
	};
	char digest[DIGEST_SIZE];
	struct made m;
	struct err e;

	memset(dir, 'g', 120);
	str_copy(dir + 120, "/", 2);
	memcpy(name, dir, 121);
	memset(name + 121, 'f', 200);
	name[321] = 0;
	memset(link, 't', 300);
	link[300] = 0;
	made_start(&m);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		ent.name = all[i].name;
		ent.link = all[i].link;
		ent.type = all[i].type;
		ent.mode = all[i].mode;
		ent.size = all[i].type == TAR_FILE;
		CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
		CHECK_OK(tar_write(m.w, "x", ent.size, &e), e);
	}
	made_end(&m);
	sha256_digest(m.bytes.data, m.bytes.len, digest);
	CHECK_STR(digest,
		  "sha256:ba569870c7f02bdee9e5d3886107d847858467595682f086d6dfd5c667c2c0e8");
	made_free(&m);
}
