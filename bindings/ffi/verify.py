"""Verify a body: python verify.py HEADER LIBRARY KEY < BODY."""

import sys
from pathlib import Path

from cffi import FFI


header, library, key_file = sys.argv[1:]
ffi = FFI()
ffi.cdef(Path(header).read_text(encoding="utf-8"))
kess = ffi.dlopen(library)

body = sys.stdin.buffer.read()
key = ffi.new("kess_key **")
error = ffi.new("kess_error *")
out = ffi.new("uint8_t[]", kess.kess_canonical_bound(len(body)))
size = ffi.new("size_t *", len(out))
status = kess.kess_public_key_load_file(key, key_file.encode(), 0, error)
if status == kess.KESS_OK:
    status = kess.kess_verify_document(
        key[0], out, size, body, len(body), ffi.NULL, error
    )
    kess.kess_key_free(key[0])
if status != kess.KESS_OK:
    sys.exit("refused: " + ffi.string(kess.kess_status_message(status)).decode())
# Read values from these bytes only, never from the body.
sys.stdout.buffer.write(ffi.buffer(out, size[0]))
