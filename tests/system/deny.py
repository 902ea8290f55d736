# SPDX-License-Identifier: MIT
# deny.py CALL=ERRNO... -- COMMAND...: runs the command where system calls fail (seccomp(2)), as with
# a security module that forbids them. No privilege is needed, and setuid programs get none.
import ctypes, errno, os, platform, struct, sys

NUMBERS = {
	"x86_64": {"mount": 165, "statfs": 137, "fstatfs": 138},
	"aarch64": {"mount": 40, "statfs": 43, "fstatfs": 44},
}[platform.machine()]
LOAD, EQUAL, RETURN, ALLOW, ERRNO = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050000

at = sys.argv.index("--")
code = [(LOAD, 0, 0, 0)]
for rule in sys.argv[1:at]:
	call, name = rule.split("=")
	code += [(EQUAL, 0, 1, NUMBERS[call]), (RETURN, 0, 0, ERRNO | getattr(errno, name))]
code.append((RETURN, 0, 0, ALLOW))
text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in code))
prog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(text)))
libc = ctypes.CDLL(None, use_errno=True)
for args in ((38, 1, 0, 0, 0), (22, 2, ctypes.c_void_p(ctypes.addressof(prog)), 0, 0)):
	if libc.prctl(*args) != 0:
		sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[at + 1], sys.argv[at + 1:])
