// SPDX-License-Identifier: MIT
/*
 * A walk through DER (X.690) down to one extension:
 *
 *	Certificate > TBSCertificate > [3] Extensions > Extension(2.5.29.17)
 *		> OCTET STRING > GeneralNames > [2] dNSName, [7] iPAddress
 *
 * Every element is taken from a span by der_take(), which checks its length
 * against the span; nothing else moves a pointer.
 */
#include "tls/der.h"

#include <string.h>

#define DER_SEQUENCE 0x30
#define DER_OID	     0x06
#define DER_BOOLEAN  0x01
#define DER_OCTETS   0x04
#define DER_EXPLICIT 0xa3 /* [3], the extensions */

struct span {
	const unsigned char *p;
	size_t n;
};

/* Takes the next element off a span: 1 taken, 0 the span is empty, -1 malformed. */
static int der_take(struct span *s, unsigned *ret_tag, struct span *ret)
{
	size_t head = 2, len;

	if (s->n == 0)
		return 0;
	if (s->n < 2 || (s->p[0] & 0x1f) == 0x1f)
		return -1;
	len = s->p[1];
	if (len >= 0x80) {
		size_t digits = len & 0x7f;

		if (digits == 0 || digits > 3 || s->n < 2 + digits)
			return -1;
		len = 0;
		for (size_t i = 0; i < digits; i++)
			len = len << 8 | s->p[2 + i];
		head += digits;
	}
	if (len > s->n - head)
		return -1;
	*ret_tag = s->p[0];
	*ret = (struct span){s->p + head, len};
	s->p += head + len;
	s->n -= head + len;
	return 1;
}

/* Takes the next element, which must have this tag. */
static int der_expect(struct span *s, unsigned tag, struct span *ret)
{
	unsigned got;

	return der_take(s, &got, ret) == 1 && got == tag ? 0 : -1;
}

/* The extension's value when it is subjectAltName: 1 yes, 0 another one, -1 malformed. */
static int san_value(struct span ext, struct span *ret)
{
	static const unsigned char oid_san[] = {0x55, 0x1d, 0x11};
	struct span oid, value;
	unsigned tag;

	if (der_expect(&ext, DER_OID, &oid) < 0 || der_take(&ext, &tag, &value) != 1)
		return -1;
	if (tag == DER_BOOLEAN && der_take(&ext, &tag, &value) != 1)
		return -1;
	if (tag != DER_OCTETS)
		return -1;
	if (oid.n != sizeof(oid_san) || memcmp(oid.p, oid_san, oid.n) != 0)
		return 0;
	*ret = value;
	return 1;
}

/* Finds GeneralNames: 1 found, 0 there are none, -1 malformed. */
static int find_names(struct span cert, struct span *ret)
{
	struct span tbs, outer, exts, ext, value;
	unsigned tag = 0;
	int r;

	if (der_expect(&cert, DER_SEQUENCE, &outer) < 0 ||
	    der_expect(&outer, DER_SEQUENCE, &tbs) < 0)
		return -1;
	do {
		r = der_take(&tbs, &tag, &exts);
	} while (r == 1 && tag != DER_EXPLICIT);
	if (r <= 0)
		return r;
	if (der_expect(&exts, DER_SEQUENCE, &outer) < 0)
		return -1;
	while ((r = der_take(&outer, &tag, &ext)) == 1) {
		r = tag == DER_SEQUENCE ? san_value(ext, &value) : -1;
		if (r < 0)
			return -1;
		if (r == 1)
			return der_expect(&value, DER_SEQUENCE, ret) < 0 ? -1 : 1;
	}
	return r;
}

int der_each_san(const unsigned char *cert, size_t n,
		 int (*fn)(void *arg, enum der_name kind, const unsigned char *p, size_t n),
		 void *arg)
{
	struct span names, name;
	unsigned tag = 0;
	int r = find_names((struct span){cert, n}, &names);

	if (r <= 0)
		return r;
	while ((r = der_take(&names, &tag, &name)) == 1) {
		enum der_name kind = tag & 0x1f;

		if ((tag & 0xe0) != 0x80 || (kind != DER_NAME_DNS && kind != DER_NAME_IP))
			continue;
		r = fn(arg, kind, name.p, name.n);
		if (r != 0)
			return r;
	}
	return r;
}
