# Writes json_vectors.h: what Python's json module makes of numbers and texts.
#     python3 tests/unit/web/json_vectors.py > tests/unit/web/json_vectors.h
import json
import random
import struct

random.seed(20260223)
doubles = [0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.1 + 0.2, 1 / 3, 2 / 3, 1e15, 1e16, 1e17, 1e21, 1e22, 1e23, 123456789012345680.0,
           9007199254740991.0, 9007199254740992.0, 9007199254740993.0, 0.0001, 0.00001, 0.000123, 1.5e-5, 5e-324, 2.2250738585072014e-308,
           1.7976931348623157e308, 3.14159, 100.0, 120.0, 1e2, 1.25e10, 12345.678, 99999999999999.98, 999999999999999.9, 9999999999999998.0]
while len(doubles) < 300:
    value = struct.unpack("<d", random.randbytes(8))[0]
    if value == value and abs(value) != float("inf"):
        doubles.append(value)
for _ in range(100):
    doubles.append(round(random.uniform(-100000, 100000), random.randint(0, 6)))

texts = ["", "a", "\"", "\\", "/", "\b\f\n\r\t", "\x00\x01\x1f\x7f", "caf\u00e9", "\u20ac", "\U0001f989", "a\U00010000b\U0010ffff",
         "\u2028\u2029", "<script>&'", "\u0080\u07ff\u0800\uffff", "x" * 70 + "\n"]


def c_bytes(text):
    return "".join("\\%03o" % byte for byte in text.encode())


print("/* Made by json_vectors.py: what Python's json.dumps() writes. */")
print("#ifndef HOOT_TESTS_JSON_VECTORS_H\n#define HOOT_TESTS_JSON_VECTORS_H\n\n#include <stddef.h>\n")
print("/* clang-format off */")
print("static const struct { double number; const char *text; } double_vectors[] = {")
for value in doubles:
    print("    { %s, \"%s\" }," % (value.hex(), json.dumps(value)))
print("};\n\nstatic const struct { const char *bytes; size_t len; const char *json; } text_vectors[] = {")
for text in texts:
    quoted = json.dumps(text).replace("\\", "\\\\").replace("\"", "\\\"")
    print("    { \"%s\", %d, \"%s\" }," % (c_bytes(text), len(text.encode()), quoted))
print("};\n/* clang-format on */\n\n#endif")
