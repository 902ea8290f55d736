// SPDX-License-Identifier: MIT
/* Short forms for the binding tables of types_*.c; each table defines T as its struct first. */
#ifndef ENGINE_TYPES_INTERNAL_H
#define ENGINE_TYPES_INTERNAL_H

#include "engine/types.h"

#define F(member, name, type)		    JSON_F(T, member, name, type, NULL, 0)
#define F_OMIT(member, name, type)	    JSON_F(T, member, name, type, NULL, JSON_OMITEMPTY)
#define F_FLAGS(member, name, type, flags)  JSON_F(T, member, name, type, NULL, flags)
#define F_SUB(member, name, type, sub)	    JSON_F(T, member, name, type, sub, 0)
#define F_SUB_OMIT(member, name, type, sub) JSON_F(T, member, name, type, sub, JSON_OMITEMPTY)
#define END                        \
	{                          \
		.type = JSON_B_END \
	}

#endif
