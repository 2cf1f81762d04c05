import pytest

from fleet.kit.strict_json import DEPTH, InvalidJson, loads

# The classes of nst/JSONTestSuite's invalid documents, and of those it leaves open that we refuse.
REFUSED = {
    # nothing, or more than one value
    "empty": b"",
    "blank": b"  \n",
    "two values": b"1 2",
    "trailing garbage": b'{"a":1}x',
    "trailing comma after value": b"1,",
    "trailing bracket": b"[1]]",
    "trailing brace": b"{}}",
    "nul after value": b"[1]\x00",
    "comment after": b'{"a":1}/**/',
    "line comment": b"[1]//x",
    "hash comment": b"[1]#x",
    "open comment": b'{"a":/*',
    "only a comma": b",",
    "only a bracket": b"[",
    "only a brace": b"{",
    "only a quote": b'"',
    "only a minus": b"-",
    "only a backslash": b"\\",
    "form feed": b"[\x0c1]",
    "vertical tab": b"[\x0b1]",
    "non-breaking space": b"[\xc2\xa01]",
    "zero-width space": b"\xe2\x80\x8b[]",
    "word joiner": b"\xe2\x81\xa0[]",
    "byte order mark": b"\xef\xbb\xbf{}",
    # arrays
    "array unclosed": b"[1",
    "array unclosed after comma": b"[1,",
    "array trailing comma": b"[1,]",
    "array leading comma": b"[,1]",
    "array double comma": b"[1,,2]",
    "array just comma": b"[,]",
    "array colon": b'["a":1]',
    "array missing comma": b"[1 true]",
    "array wrong closer": b"[1}",
    "array spread": b"[...]",
    "array star": b"[*]",
    "array newlines unclosed": b'["a",\n4\n,1,',
    # objects
    "object unclosed": b'{"a":1',
    "object trailing comma": b'{"a":1,}',
    "object leading comma": b'{,"a":1}',
    "object two commas": b'{"a":1,,"b":2}',
    "object missing value": b'{"a":',
    "object missing colon": b'{"a" 1}',
    "object double colon": b'{"a"::1}',
    "object comma for colon": b'{"a",1}',
    "object key without quotes": b"{a:1}",
    "object key single quotes": b"{'a':1}",
    "object key number": b"{1:1}",
    "object key null": b"{null:null}",
    "object key array": b"{[]:1}",
    "object key only": b'{"a"}',
    "object semicolon": b'{"a":1;"b":2}',
    "object wrong closer": b'{"a":1]',
    "object garbage after value": b'{"a":"b" c}',
    "object emoji": b"{\xf0\x9f\x87\xa8\xf0\x9f\x87\xad}",
    # strings
    "string unclosed": b'"a',
    "string single quotes": b"['a']",
    "string without quotes": b"[a]",
    "string backtick": b"[`a`]",
    "string tab": b'["\t"]',
    "string newline": b'["a\nb"]',
    "string nul": b'["a\x00b"]',
    "string control character": b'["\x1f"]',
    "string bad escape": b'["\\x00"]',
    "string escaped quote unclosed": b'["\\"]',
    "string escape of nothing": b'["\\',
    "string escaped emoji": b'["\\\xf0\x9f\x8c\x80"]',
    "string escaped tab": b'["\\\t"]',
    "string short unicode escape": b'["\\u00A"]',
    "string unicode escape not hex": b'["\\uqqqq"]',
    "string upper-case unicode escape": b'["\\U0041"]',
    "string surrogate then junk": b'["\\uD800\\u"]',
    "string trailing comma": b'"",',
    # literals
    "literal capitalised": b"[True]",
    "literal upper case": b"[NULL]",
    "literal cut": b"[nul]",
    "literal longer": b"[truee]",
    "literal undefined": b"[undefined]",
    "literal joined": b"truefalse",
    # numbers
    "number NaN": b"[NaN]",
    "number minus NaN": b"[-NaN]",
    "number Infinity": b"[Infinity]",
    "number minus Infinity": b"[-Infinity]",
    "number inf": b"[inf]",
    "number bare NaN": b"NaN",
    "number plus": b"[+1]",
    "number two minuses": b"[--1]",
    "number minus alone": b"[-]",
    "number minus word": b"[-foo]",
    "number minus space": b"[- 1]",
    "number leading zero": b"[012]",
    "number minus leading zero": b"[-012]",
    "number two zeros": b"[00]",
    "number ends in dot": b"[1.]",
    "number begins with dot": b"[.5]",
    "number minus dot": b"[-.5]",
    "number dot alone": b"[.]",
    "number two dots": b"[1..2]",
    "number dot exponent": b"[1.e1]",
    "number exponent of nothing": b"[1e]",
    "number exponent plus": b"[1e+]",
    "number two exponents": b"[1e1e1]",
    "number exponent sign twice": b"[1e+-1]",
    "number hex": b"[0x1F]",
    "number octal": b"[0o17]",
    "number underscore": b"[1_000]",
    "number thousands": b"[1 000]",
    "number expression": b"[1+2]",
    "number letter behind": b"[1a]",
    "number full-width": b"[\xef\xbc\x91]",
    "number arabic": b"[\xd9\xa1]",
    "number too large for a double": b"[1e999]",
    "number minus too large": b"[-1e999]",
    "number above 64 bits": b"[9223372036854775808]",
    "number below 64 bits": b"[-9223372036854775809]",
    "number of 10,000 digits": b"1" * 10_000,
    # bytes that are no UTF-8
    "utf-8 alone continuation": b'["\x81"]',
    "utf-8 cut": b'["\xe0\xff"]',
    "utf-8 overlong": b'["\xc0\xaf"]',
    "utf-8 surrogate": b'["\xed\xa0\x80"]',
    "utf-8 beyond Unicode": b'["\xf4\xbf\xbf\xbf"]',
    "latin-1": b'["\xe9"]',
    "latin-1 in a number": b"[1\xe5]",
    "latin-1 alone": b"\xe5",
    "utf-16 little endian": '["é"]'.encode("utf-16-le"),
    "utf-16 with mark": '["é"]'.encode("utf-16"),
    # halves of surrogate pairs
    "lone high surrogate": b'["\\uD800"]',
    "lone low surrogate": b'["\\uDC00"]',
    "swapped surrogates": b'["\\uDd1e\\uD834"]',
    "high surrogate and letter": b'["\\uD800a"]',
    "lone surrogate as key": b'{"\\ud800":1}',
    # keys twice
    "key twice": b'{"a":1,"a":2}',
    "key twice, same value": b'{"a":1,"a":1}',
    "key twice, one escaped": b'{"a":1,"\\u0061":2}',
    "key twice, inside": b'[{"b":{"a":1,"a":2}}]',
    "empty key twice": b'{"":1,"":2}',
    # depth
    "one level too deep": b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1),
    "objects too deep": b'{"a":' * (DEPTH + 1) + b"1" + b"}" * (DEPTH + 1),
    "100,000 open arrays": b"[" * 100_000,
    "100,000 open array-objects": b'[{"":' * 50_000,
}

ACCEPTED = {
    "object": (b'{"a":{"b":[1,2.5,null,true,false,"x"]}}', {"a": {"b": [1, 2.5, None, True, False, "x"]}}),
    "white space": (b" \t\r\n[ 1 , 2 ]\n", [1, 2]),
    "lone string": (b'"x"', "x"),
    "lone number": (b"-0", 0),
    "utf-8": ('["é€😀"]'.encode(), ["é€😀"]),
    "surrogate pair": (b'["\\uD83D\\uDE00"]', ["😀"]),
    "escaped nul": (b'["\\u0000"]', ["\0"]),
    "backslash before u": (b'["\\\\ud800"]', ["\\ud800"]),
    "largest integer": (b"9223372036854775807", 2**63 - 1),
    "smallest integer": (b"-9223372036854775808", -(2**63)),
    "underflow": (b"[1e-999]", [0.0]),
    "same key in two objects": (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
    "deepest": (b"[" * DEPTH + b"]" * DEPTH, None),
    "many brackets, not deep": (b"[" + b"[]," * 500 + b"[]]", [[]] * 501),
    "brackets in a string": (b'["' + b"[" * 500 + b'\\"' + b"{" * 500 + b'"]', ["[" * 500 + '"' + "{" * 500]),
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(document: bytes) -> None:
    with pytest.raises(InvalidJson):
        loads(document)


@pytest.mark.parametrize(
    "document, value",
    [(b"78.0", 78), (b"7.8e1", 78), (b"-0.0", 0), (b"9007199254740992.0", 2**53), (b"0.5", 0.5), (b"1e300", 1e300)],
)
def test_a_whole_number_is_an_integer_however_it_is_written(document: bytes, value: float) -> None:
    assert (loads(document), type(loads(document))) == (value, type(value))


@pytest.mark.parametrize("document, value", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepts(document: bytes, value: object) -> None:
    assert value is None or loads(document) == value
    loads(document)
