r"""
The area document: a JSON text and its canonical form.

How cases are chosen: one about X holds nothing else, an object with one or two keys in
lower case, and no blank, fraction, slash or empty container unless it is X. So a
program that breaks one rule fails at the cases of that rule alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay.errors import CanonicalizationError
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Profile
from tests.conformance.broken import each
from tests.conformance.source import Draft, Refused, Source
from tests.conformance.source.rules import BULK, MISTAKES, RULES, tried
from tests.support.php import Php
from tests.support.php_answers import Settings
from tests.support.vectors import iter_profiles
from tests.vectors.ask import php_name


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.php_answers import Answer


def _nested(levels: int, inner: bytes = b'"b"') -> bytes:
    """Return a document of so many levels."""
    return b'{"a":' * levels + inner + b"}" * levels


def _keys(*keys: str) -> bytes:
    """Return an object with these keys, numbered in the order of the document."""
    return _members(*(f'"{key}":{at}' for at, key in enumerate(keys, 1)))


def _members(*members: str) -> bytes:
    return f"{{{','.join(members)}}}".encode()


def _many(size: int, step: int) -> bytes:
    """Return an object of many keys, of which every fourth is no number."""
    names = [str(n * step % size) for n in range(size)]
    mixed = [f"{name}a" if at % 4 == 3 else name for at, name in enumerate(names)]
    return _members(*(f'"{key}":"b"' for key in mixed))


_ZEROS: Final = "0" * 20_000

#: The cases of each rule. A case is a text, or a text with what to see in it.
_CASES: Final[dict[str, list[str | bytes | tuple[str | bytes, str]]]] = {
    # -------------------------------------------------------- the plainest
    "plain.form": [
        '{"a":"b","c":"d"}',
        '{"a":1,"b":2}',
        '{"a":"b","c":3}',
        '{"a":[1,2]}',
    ],
    "plain.bare": ['{"a":"b"}', '{"a":1}', '{"a":true}', "[1]"],
    "plain.json": ['{"a":"c"}', '{"a":12}', '{"a":"b","c":1}', '{"a":{"b":1}}'],
    # -------------------------------------------------------- reading
    "read.utf8_text": [
        ('{"a":"\u00e9"}', "the two bytes C3 A9 are one character"),
        '{"a":"\u179f\u17bb\u1781"}',
        '{"a":"\u20ac"}',
        '{"\u00e9":1}',
    ],
    "read.unescape": [
        ('{"a":"\\u0062"}', "the escape of a plain letter"),
        '{"a":"\\u00E9"}',
        '{"a":"\\u00e9"}',
        '{"a":"b\\/c"}',
        '{"a":"\\u002F"}',
        '{"\\u0061":1}',
        '{"a":"\\u004B\\u006E"}',
        '{"a":"\\/"}',
    ],
    "read.empty": ["", " ", "\n", "\t\r\n"],
    "read.top_level": ["null", "true", "false", "1", "-1", '"a"', '""', "0"],
    "read.array": ["[1,2]", '["a"]', '[{"a":1}]', "[[1],[2]]", "[[1,2]]"],
    "read.comma": ['{"a":1,}', '{"a":[1,]}', '{"a":[1,2,]}', "[1,]", '{"a":{"b":1,}}'],
    "read.comments": [
        '{"a":1}// b',
        '{"a":1/* b */}',
        '/* b */{"a":1}',
        '{"a":1}# b',
        '{//\n"a":1}',
    ],
    "read.quotes": [
        "{'a':1}",
        "{\"a\":'b'}",
        "{a:1}",
        "{a_b:1}",
        '{"a":{b:1}}',
        "{\"a\":['b']}",
    ],
    "read.literals": [
        '{"a":True}',
        '{"a":NULL}',
        '{"a":False}',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":-Infinity}',
    ],
    "read.numbers": [
        '{"a":01}',
        '{"a":-01}',
        '{"a":007}',
        '{"a":+1}',
        '{"a":+12}',
        '{"a":.5}',
        '{"a":1.}',
        '{"a":-.5}',
        '{"a":0x10}',
        '{"a":0xFF}',
    ],
    "read.trailing": [
        '{"a":1}b',
        '{"a":1}{"b":2}',
        '{"a":1},',
        '{"a":1}}',
        ('{"a":1}\0', "the byte 00 follows"),
        ('{"a":1}\0b', "the byte 00 and more follow"),
    ],
    "read.blanks": [
        ('{\v"a":1}', "the byte 0B"),
        ('{"a":1}\f', "the byte 0C"),
        ('\u00a0{"a":1}', "U+00A0"),
        ('{"a":\v1}', "the byte 0B"),
    ],
    "read.encoding": [
        (b'\xef\xbb\xbf{"a":1}', "a byte order mark"),
        (b"\xef\xbb\xbf[1]", "a byte order mark"),
        (b'\xef\xbb\xbf{"a":"b"}', "a byte order mark"),
        ('{"a":1}'.encode("utf-16-le"), "UTF-16, the low byte first"),
        ('{"a":1}'.encode("utf-16-be"), "UTF-16, the high byte first"),
        ('{"a":1}'.encode("utf-16"), "UTF-16 with its mark"),
        ('{"a":1}'.encode("utf-32-le"), "UTF-32"),
    ],
    "read.control": [
        ('{"a":"\n"}', "a raw line feed in a string"),
        ('{"a":"b\tc"}', "a raw tabulator in a string"),
        ('{"a":"\x01"}', "the raw byte 01"),
        ('{"a":"\x1f"}', "the raw byte 1F"),
        ('{"a":"b\rc"}', "a raw carriage return in a string"),
    ],
    "read.delete": [
        ('{"a":"\x7f"}', "the raw byte 7F, which is allowed"),
        ('{"a":"b\x7fc"}', "the raw byte 7F"),
        '{"a":"\\u007f"}',
    ],
    "read.escapes": [
        '{"a":"\\q"}',
        '{"a":"\\v"}',
        '{"a":"\\\'"}',
        '{"a":"\\0"}',
        '{"a":"\\x41"}',
        '{"a":"\\x7a"}',
        '{"a":"\\U0041"}',
        '{"a":"\\U0061"}',
        '{"a":"\\u41"}',
        '{"a":"\\u6g"}',
    ],
    "read.surrogates": [
        ('{"a":"\\ud83d"}', "a high one alone"),
        ('{"a":"\\ude00"}', "a low one alone"),
        ('{"a":"\\ude00\\ud83d"}', "in the wrong order"),
        ('{"a":"\\ud83db"}', "a high one, then a letter"),
        ('{"a":"\\ud83d\\u0062"}', "a high one, then the escape of a letter"),
        ('{"\\ud83d":1}', "in a key"),
    ],
    "read.utf8": [
        (b'{"a":"\xff"}', "a byte that UTF-8 does not have"),
        (b'{"a":"\x80"}', "a second byte without a first one"),
        (b'{"a":"\xc3"}', "a first byte without a second one"),
        (b'{"a":"b\xe9c"}', "Latin-1"),
        (b'{"a":"\xc0\xaf"}', "an overlong slash"),
        (b'{"a":"\xc1\xa2"}', "an overlong letter"),
        (b'{"a":"\xe0\x80\xa2"}', "an overlong letter of three bytes"),
        (b'{"a":"\xed\xa0\xbd"}', "half a surrogate pair in UTF-8"),
        (b'{"a":"\xed\xa0\xbd\xed\xb8\x80"}', "a surrogate pair in UTF-8"),
        (b'{"a":"\xf4\x90\x80\x80"}', "beyond U+10FFFF"),
        (b'{"\xff":1}', "in a key"),
    ],
    "read.noncharacters": [
        ('{"a":"\ufffe"}', "U+FFFE"),
        ('{"a":"\ufdd0"}', "U+FDD0"),
        ('{"a":"\U0010ffff"}', "U+10FFFF"),
        ('{"a":"\\uffff"}', "U+FFFF as an escape"),
    ],
    "read.nul": [
        '{"a":"\\u0000"}',
        '{"a":"b\\u0000c"}',
        '{"a":"b\\u0000"}',
        '{"\\u0000a":1}',
        '{"a":{"\\u0000b":1}}',
        '{"\\u0000":1}',
        '{"a\\u0000b":1}',
    ],
    "read.depth": [
        (_nested(512), "512 levels"),
        (_nested(511, b"{}"), "the 512th level is empty"),
        (_nested(511, b"[]"), "the 512th level is empty"),
        (_nested(513), "513 levels"),
        (_nested(600), "600 levels"),
        (b"[" * 512 + b"]" * 512, "arrays alone"),
        (_nested(1000), "1000 levels"),
    ],
    "read.depth_small": [
        (_nested(65), "65 levels"),
        (_nested(101), "101 levels"),
        (_nested(129), "129 levels"),
        (_nested(511), "511 levels, the most there can be"),
        (b"[" * 200 + b"1" + b"]" * 200, "200 arrays"),
        (_nested(257), "257 levels"),
        (b"[" * 400 + b"1" + b"]" * 400, "400 arrays"),
    ],
    "read.duplicates": [
        '{"a":"b","a":"c"}',
        '{"a":1,"b":2,"a":3}',
        '{"a":1,"a":2,"a":3}',
        '{"a":{"b":1},"a":{"c":2}}',
        '{"a":{"b":1,"b":2}}',
        '{"a":{"b":1},"a":2}',
        '{"a":{"b":{"c":1},"b":{"d":2}}}',
        '{"a":[{"b":1,"b":2}]}',
    ],
    "read.duplicate_place": [
        '{"a":{"c":1,"b":2,"c":3}}',
        '{"a":{"d":1,"b":2,"c":3,"d":4}}',
        '[{"b":1,"a":2,"b":3}]',
        '{"a":{"c":1,"b":2,"c":1}}',
        '{"a":{"b":1,"d":2,"c":3,"b":4}}',
        '[{"b":1,"d":2,"c":3,"b":4}]',
    ],
    "read.duplicate_names": [
        '{"a":1,"\\u0061":2}',
        '{"a":{"b":1,"\\u0062":2}}',
        '{"\\u0061":1,"a":2}',
        '{"a":1,"\\u0061":2,"b":3}',
        '{"a":{"b":1,"b":2,"\\u0062":3}}',
        '{"a":{"\\u0062":1,"\\u0062":2,"b":3}}',
    ],
    # -------------------------------------------------------- numbers
    "number.integer": [
        ('{"a":9007199254740993}', "2^53 + 1"),
        ('{"a":-9007199254740993}', "-2^53 - 1"),
        ('{"a":9223372036854775807}', "the largest of 64 bits"),
        ('{"a":1234567890123456789}', "19 digits"),
        ('{"a":100000000000000000}', "10^17"),
        ('{"a":2147483648}', "2^31"),
        ('{"a":4294967296}', "2^32"),
        ('{"a":-2147483649}', "-2^31 - 1"),
    ],
    "number.beyond": [
        ('{"a":9223372036854775808}', "2^63"),
        ('{"a":-9223372036854775809}', "-2^63 - 1"),
        ('{"a":18446744073709551615}', "2^64 - 1"),
        ('{"a":18446744073709551616}', "2^64"),
        ('{"a":123456789012345678901234567890}', "30 digits"),
        ('{"a":-99999999999999999999}', "20 digits"),
        ('{"a":10000000000000000000}', "10^19"),
    ],
    "number.least": [
        ('{"a":-9223372036854775808}', "-2^63"),
        ("[-9223372036854775808]", "-2^63"),
        ('{"a":[-9223372036854775808]}', "-2^63"),
        ('{"a":{"b":-9223372036854775808}}', "-2^63"),
        '{"a":-9223372036854775808,"b":9007199254740993}',
        "[9007199254740993,-9223372036854775808]",
    ],
    "number.integer_zero": [
        '{"a":-0}',
        "[-0]",
        '{"a":[-0,1]}',
        '{"a":{"b":-0}}',
        '{"a":-0,"b":1e2}',
        '{"a":-0,"b":0.50}',
    ],
    "number.minus_zero": [
        '{"a":-0.0}',
        '{"a":-0e0}',
        "[-0.0]",
        ('{"a":-1e-400}', "rounds to minus zero"),
        '{"a":-0E+5}',
    ],
    "number.double": [
        '{"a":19.99}',
        '{"a":0.1}',
        '{"a":123456.78}',
        '{"a":-0.3}',
        '{"a":100000.01}',
    ],
    "number.rounding": [
        ('{"a":9007199254740993.0}', "half way between two doubles, to even"),
        ('{"a":9007199254740993.00001}', "a little above half way"),
        ('{"a":9007199254740992.99999}', "a little below half way"),
        ('{"a":0.500000000000000166533453693773481063544750213623046875}', "half way"),
        (
            '{"a":0.5000000000000001665334536937734810635447502136230468750001}',
            "above half way by the last digit",
        ),
        ('{"a":4503599627370497.50001}', "the digits after the 17th decide"),
        ('{"a":9007199254740995.00001}', "the digits after the 17th decide"),
    ],
    "number.overflow": [
        ('{"a":1e999,"a":1}', "the infinite value is replaced"),
        ('{"a":"b","sign":1e999}', "the infinite value is removed"),
        ('{"a":1,"sign_type":-1e999}', "the infinite value is removed"),
        ('{"a":{"b":1e400,"b":2}}', "the infinite value is replaced"),
        ('{"a":1,"sign":[1e999]}', "the infinite value is removed"),
    ],
    "number.underflow": [
        ('{"a":1e-400}', "rounds to 0"),
        ('{"a":1e-999}', "rounds to 0"),
        ('{"a":5e-324}', "the least double"),
        ('{"a":1.5e-310}', "a subnormal double"),
        ('{"a":2.2250738585072011e-308}', "the largest subnormal double"),
        ('{"a":2e-324}', "rounds to 0"),
        ('{"a":1.5e-310,"b":0.1}', "a subnormal double"),
        ('{"a":5e-324,"b":19.99}', "the least double"),
        ('{"a":1e-310,"b":0.123}', "a subnormal double beside another fraction"),
        ('{"a":19.987,"b":-5e-324}', "the least double beside another fraction"),
    ],
    "number.exponent": [
        (f'{{"a":0.{_ZEROS}1e20001}}', "the exponent counts as 19999"),
        (f'{{"a":1{_ZEROS}e-20000}}', "the exponent counts as -19999"),
        (f'{{"a":0.{_ZEROS}15e20003}}', "the exponent counts as 19999"),
    ],
    # -------------------------------------------------------- sorting
    "sort.bytes": [
        '{"b":1,"a":2}',
        '{"c":1,"a":2,"b":3}',
        '{"a":1,"c":2,"b":3}',
        '{"b":"x","a":"y"}',
        '{"ab":1,"aa":2}',
        '{"b":1,"a":2,"c":3}',
    ],
    "sort.nested": [
        '{"a":{"c":1,"b":2}}',
        '{"a":[{"c":1,"b":2}]}',
        '{"a":{"d":1,"b":2,"c":3}}',
        '[{"b":1,"a":2}]',
        '{"a":{"b":{"d":1,"c":2}}}',
    ],
    "sort.nested_numbers": [
        '{"a":{"b":1,"2":3}}',
        '{"a":{"b":1,"10":2,"9":3}}',
        '[{"b":1,"1":2}]',
        '{"a":{"x":1,"0":2}}',
        '{"a":{"c":1,"b":2,"2":3}}',
        '[{"c":1,"10":2,"b":3,"9":4}]',
    ],
    "sort.underscore": [
        '{"a_b":1,"aa":2}',
        '{"aab":1,"aa_c":2}',
        '{"sender_name":1,"senders":2}',
        '{"a_c":1,"ab":2,"aa":3}',
        '{"aab":1,"a_a":2,"a_b":3}',
        '{"a_b":1,"ac":2,"ab":3}',
        '{"a_b":1,"aaa":2,"a_c":3}',
        ('{"a_b":1,"a1":2}', "a digit comes before _"),
        '{"line1":1,"line_2":2,"b":3}',
        '{"b1":1,"b_":2}',
    ],
    "sort.length": [
        '{"b":1,"aa":2}',
        '{"c":1,"bb":2,"aaa":3}',
        '{"ab":1,"b":2}',
        '{"amount":1,"out":2}',
        '{"abc":1,"ca":2,"aa":3}',
        '{"ca":1,"c":2,"bb":3}',
        '{"cab":1,"ca":2,"abc":3}',
    ],
    "sort.case": [
        '{"a":1,"B":2}',
        '{"B":1,"a":2,"C":3}',
        '{"aB":1,"aa":2}',
        '{"b":1,"B":2}',
        '{"b":1,"A":2,"C":3}',
        '{"D":1,"B":2,"b":3}',
        '{"Ab":1,"B":2,"aB":3}',
        '{"B":1,"b":2,"aB":3}',
    ],
    "sort.digits": [
        '{"a10":1,"a9":2}',
        '{"a2":1,"a10":2,"a1":3}',
        '{"a9b":1,"a10b":2}',
        '{"x100":1,"x20":2}',
        '{"a2":1,"a10":2,"a1b":3}',
        '{"a100":1,"a2":2,"b1":3}',
        '{"b":1,"a10":2,"a2":3}',
    ],
    "sort.code_points": [
        ('{"\ufffd":1,"\U0001f600":2}', "U+FFFD and U+1F600"),
        ('{"\U00010000":1,"\uff5e":2}', "U+10000 and U+FF5E"),
        ('{"a\U0001f600":1,"a\ufb01":2}', "U+1F600 and U+FB01"),
        ('{"\ue000":1,"\U0010fffd":2}', "U+E000 and U+10FFFD"),
        ('{"":1,"5":2,"\ufffd":3,"\U0001f600":4}', "U+FFFD and U+1F600"),
        ('{"":1,"\U0001f600":2,"5":3,"\ufffd":4}', "U+FFFD and U+1F600"),
    ],
    "sort.numbers": [
        '{"10":1,"9":2}',
        '{"2":1,"100":2,"30":3}',
        '{"-2":1,"-10":2}',
        '{"1000":1,"999":2}',
        '{"20":1,"3":2,"100":3}',
        '{"b":1,"a":2,"30":3,"4":4}',
        '{"a":1,"5x":2,"0":3}',
        '{"9":1,"5x":2,"b":3}',
        '{"5x":1,"b":2,"0":3}',
        '{"9":1,"10":2,"B":3,"a1":4,"a_":5,"\\uff5e":6,"\\ud83d\\ude00":7}',
        '{"\\ud83d\\ude00":1,"\\uff5e":2,"10":3,"9":4,"a_":5,"a1":6,"B":7}',
    ],
    "sort.mixed": [
        '{"":1,"5":2}',
        '{"a":1,"5":2}',
        '{"5":1,"":2}',
        '{"x":1,"0":2}',
        ('{"5a":1,"10":2}', "10 and 5a compare as text"),
        ('{"10":1,"9a":2}', "10 and 9a compare as text"),
        ('{"-1":1,"":2}', "the empty key comes before any integer"),
        ('{"-5":1,"-a":2}', "the minus is text"),
        ('{"-a":1,"-5":2}', "the minus is text"),
        ('{"+":1,"5":2}', "a plus comes before the digits"),
        ('{"5":1,"$":2,"a":3}', "a dollar sign comes before the digits"),
        ('{"1":1,"!":2}', "an exclamation mark comes before the digits"),
        '{"+":1,"9a":2,"5":3}',
        '{"$":1,"":2,"10":3}',
        '{"5":1,"9a":2,"a":3}',
        '{"5":1,"a":2,"":3}',
        '{"":1,"10":2,"5":3}',
        '{"":1,"-3":2,"10":3}',
        '{"a":1,"-1":2,"":3}',
        '{"a":1,"10":2,"9a":3}',
        '{"10 ":1,"0":2,"a":3}',
        '{"10":1,"a":2,"5 ":3}',
    ],
    "sort.numeric_strings": [
        '{"10.5":1,"9.5":2}',
        '{"1e1":1,"9":2}',
        '{"1e2":1,"2e1":2}',
        '{" 5":1,"4":2}',
        '{"5 ":1,"40":2}',
        '{"10 ":1,"9 ":2}',
        '{"10.":1,"9.":2}',
        '{".5":1,"0":2}',
        '{"+5":1,"4":2}',
        '{"+10":1,"+9":2}',
        '{"010":1,"09":2}',
        '{"007":1,"6":2}',
        '{"1e1":1,"2e0":2}',
        '{"2.5":1,"10.5":2}',
        '{"03":1,"1.5":2," 9":3}',
        '{"1.5":1," 9":2,"03":3}',
        '{"07":1,"3.5":2,"10.":3}',
        '{".5":1,"07":2,"0.25":3,"3.5":4}',
        '{"07":1,"3.5":2,"15e0":3}',
        '{"07":1,"9e0":2,"3.5":3,"2e1":4}',
        '{"3.5":1,"+9":2,"04":3}',
        '{"3.5":1,"+5":2,"1e1":3}',
        '{"10.5":1,"07":2,"9.5":3}',
        '{"6.5":1,"010":2,"8e0":3,"09":4}',
    ],
    "sort.big": [
        ('{"9223372036854775809":1,"9223372036854775808":2}', "equal as doubles"),
        ('{"99999999999999999999":1,"99999999999999999998":2}', "equal as doubles"),
        ('{"2e1000":1,"1e1000":2}', "both are infinite"),
        ('{"-1e1000":1,"-2e1000":2}', "both are infinite"),
        ('{"3e999":1,"2e999":2,"1e999":3}', "all are infinite"),
        ('{"9007199254740993.":1,"9007199254740992.5":2}', "equal as doubles"),
        ('{"09007199254740993":1,"9007199254740992.0":2}', "equal as doubles"),
        ('{"9007199254740993.0":1,"09007199254740992":2}', "equal as doubles"),
        ('{"123456789012345678901e-20":1,"09":2}', "20 digits overflow in any case"),
        ('{"-123456789012345678901e-20":1,"-09":2}', "20 digits overflow"),
        ('{"12345678901234567890123e-22":1,"02":2}', "23 digits overflow"),
        (
            '{"9007199254740993.0":1,"09007199254740993":2,"9007199254740992.0":3}',
            "equal as doubles",
        ),
        (
            '{"09007199254740993":1,"09007199254740992":2,"9007199254740993.0":3}',
            "equal as doubles",
        ),
        (
            (
                '{"-9223372036854775808 ":1,"-09223372036854775808":2,'
                '"-9223372036854775809":3}'
            ),
            "a blank behind -2^63 makes it a double",
        ),
        (
            (
                '{"-9223372036854775808 ":1,"-9223372036854775809":2,'
                '"-9223372036854775808":3}'
            ),
            "a blank behind -2^63 makes it a double",
        ),
        (
            (
                '{"-9223372036854775808 ":1,"-9223372036854775809":2,'
                '" -9223372036854775807":3}'
            ),
            "a blank behind -2^63 makes it a double",
        ),
    ],
    "sort.ties": [
        '{"10":1,"1e1":2}',
        '{"1e1":1,"10":2}',
        '{"1.0":1,"01":2}',
        '{"1":1,"1.0":2,"01":3}',
        '{" 7":1,"7 ":2,"7":3}',
        '{"1":1,"10":2,"10.0":3}',
        '{"10":1,"7":2,"1e1":3}',
        '{"1":1,"1.0":2," 7":3}',
    ],
    "sort.algorithm": [
        '{"2":1,"10":2,"1a":3}',
        '{"2":1,"1a":2,"10":3}',
        '{"10":1,"2":2,"1a":3}',
        '{"10":1,"1a":2,"2":3}',
        '{"1a":1,"10":2,"2":3}',
        '{"1a":1,"2":2,"10":3}',
        (_keys("10", "9", "9a", "1a"), "4 keys"),
        (_keys("9a", "10", "1b", "9"), "4 keys"),
        (_keys("2", "10", "1a", "9", "1b"), "5 keys"),
        (_keys("30", "4", "3a", "20", "1a"), "5 keys"),
        (_keys("10", "9", "1a", "8", "7", "6a", "5"), "7 keys"),
        (_keys("7", "1a", "30", "2b", "4", "10", "3c", "20", "1"), "9 keys"),
        (_many(16, 5), "16 keys: insertion"),
        (_many(17, 5), "17 keys: quick sort"),
        (_many(40, 7), "40 keys: quick sort"),
        (_many(1024, 7), "1024 keys: the pivot is one of five"),
        (_keys("9a", "10", "2", "1a"), "4 keys"),
        (_keys("30", "9", "1a", "10"), "4 keys"),
        (_keys("9", "1a", "10", "9a"), "4 keys"),
        (_keys("10", "9", "1a", "2", "30"), "5 keys"),
    ],
    # -------------------------------------------------------- removing
    "remove.sign": [
        '{"a":1,"sign":"x"}',
        '{"sign":"x","a":"b"}',
        '{"sign":"x","z":1}',
        '{"a":1,"sign":2}',
        '{"a":1,"sign":"x","b":2}',
    ],
    "remove.sign_type": [
        '{"a":1,"sign_type":"RSA2"}',
        '{"sign_type":"RSA2","z":"b"}',
        '{"a":1,"sign_type":"x"}',
        '{"a":1,"sign_type":3}',
    ],
    "remove.top_only": [
        '{"a":{"sign":"x","b":1}}',
        '{"a":{"b":1,"sign_type":"RSA2"}}',
        '{"a":[{"b":1,"sign":2}]}',
        '{"a":{"b":{"c":1,"sign":"x"}}}',
    ],
    "remove.exact": [
        '{"Sign":"x","a":1}',
        '{"SIGN":1,"a":2}',
        '{"Sign_Type":"x","a":1}',
        ('{"a":1,"sign ":2}', "a blank behind it"),
        ('{" sign":1,"a":2}', "a blank in front of it"),
        ('{"a":1,"sign\\n":2}', "a line feed behind it"),
        '{"a":1,"signature":2}',
        '{"a":1,"sign_by":2}',
        '{"a":1,"signs":2}',
        '{"0":"x","a":1}',
        '{"a":1,"0":2}',
        '{"0":1,"b":2}',
    ],
    "remove.null": [
        '{"a":1,"sign":null}',
        '{"a":1,"sign_type":null}',
        '{"sign":null,"z":"b"}',
        '{"a":1,"sign":null,"sign_type":null}',
        '{"sign":null,"sign_type":null,"z":"b"}',
    ],
    "remove.unescaped": [
        '{"a":1,"sig\\u006e":2}',
        '{"\\u0073ign":1,"a":2}',
        '{"a":1,"sign\\u005ftype":2}',
        '{"a":"b","sig\\u006E":"x"}',
        '{"a":1,"sig\\u006e":2,"sign\\u005ftype":3}',
        '{"\\u0073ign":1,"\\u0073ign_type":2,"z":"b"}',
    ],
    "remove.after_sorting": [
        ('{"sign":1,"2":2,"10":3,"1a":4}', "the keys have no consistent order"),
        ('{"10":1,"2":2,"sign":3,"1a":4}', "the keys have no consistent order"),
        ('{"1a":1,"sign_type":2,"10":3,"2":4}', "the keys have no consistent order"),
        ('{"2":1,"sign":2,"1a":3,"10":4}', "the keys have no consistent order"),
        ('{"10":1,"sign":2,"1a":3,"sign_type":4,"2":5}', "no consistent order"),
        ('{"1a":1,"10":2,"sign":3,"2":4}', "the keys have no consistent order"),
        ('{"10":1,"sign_type":2,"9":3,"1a":4,"3b":5}', "no consistent order"),
        ('{"1a":1,"10":2,"sign":3,"2":4,"9":5}', "no consistent order"),
        ('{"1a":1,"sign_type":2,"10":3,"9":4,"2":5}', "no consistent order"),
    ],
    "keep.null": [
        '{"a":{"b":null}}',
        '{"a":{"b":null,"c":1}}',
        '{"a":null,"b":1}',
        '{"a":[{"b":1,"c":null}]}',
        '{"a":{"b":null,"c":""}}',
        '{"a":[{"b":"","c":null}]}',
        '{"a":null,"b":0}',
        '{"a":null,"b":"","c":1}',
        '{"a":"b","c":null}',
    ],
    "keep.empty": [
        '{"a":{"b":""}}',
        '{"a":{"b":"","c":1}}',
        '{"a":"","b":1}',
        '{"a":[{"b":1,"c":""}]}',
        '{"a":"b","c":""}',
        '{"a":[],"b":1}',
        '{"a":{"b":[],"c":1}}',
        '{"a":1,"b":[]}',
        '{"a":"","b":null}',
        '{"a":"","b":0}',
        '{"a":{"b":"","c":null}}',
        '{"a":[{"b":"","c":0}]}',
    ],
    "keep.falsy": [
        '{"a":0,"b":1}',
        '{"a":false,"b":1}',
        '{"a":"0","b":1}',
        '{"a":1,"b":false}',
    ],
    "keep.blanks": [
        '{"a":" b"}',
        '{"a":"b "}',
        '{"a":"b\\n"}',
        '{"a":" "}',
        '{"a":"b ","c":" d"}',
        '{"a":{"b":"  c"}}',
    ],
    "keep.text": [
        ('{"a":"e\\u0301"}', "a letter and its accent"),
        ('{"a":"A\\u030ab"}', "a letter and its accent"),
        ('{"a":"\\u00fc"}', "one character; two in NFD"),
        ('{"a":"b\\u00c5"}', "one character; two in NFD"),
        ('{"a":"\\uff21"}', "a full-width letter"),
        ('{"a":"\\ufb01"}', "a ligature"),
        '{"a":"b\\r\\nc"}',
        '{"a":"b\\r\\n\\r\\nc"}',
        '{"a":"b  c"}',
        '{"a":"b \\t c"}',
        '{"a":"b&c"}',
        '{"a":"b<c"}',
        '{"a":"b<i>c"}',
        '{"a":"<b>c<i>"}',
        '{"a":"b+c"}',
        '{"a":"b%20c"}',
        '{"a":"%41"}',
        '{"a":"b\\\\c"}',
        '{"a":"b\\\\\\\\c"}',
        ('{"a":"\\u1780\\u200b\\u1781"}', "Khmer, with the mark between its words"),
        ('{"a":"b\\u200dc"}', "a joiner"),
        '{"a":"b\\u0001c"}',
        '{"a":"b\\u001fc"}',
        '{"a":"b\\u20ac"}',
        '{"a":"b\\u00e9c"}',
        ('{"a":"e\u0301"}', "a letter and its accent, without escapes"),
        ('{"a":"A\u030ab"}', "a letter and its accent, without escapes"),
        ('{"a":"b\u00c5"}', "one character without escapes; two in NFD"),
    ],
    "keep.elements": [
        '{"a":["c","b"]}',
        "[2,1]",
        '{"a":[3,1,2]}',
        '{"a":["b","b"]}',
        '{"a":[1,1,2]}',
        '{"a":[1,null]}',
        '{"a":[null,"b"]}',
        '{"a":["b",""]}',
        '{"a":["","b"]}',
    ],
    "keep.keys": [
        '{"a":{"01":1}}',
        '{"a":{"007":1}}',
        '{"a":{"":1}}',
        '{"":1}',
        '{"a":{" b":1}}',
        '{"a":{"b ":1}}',
        '{"a":{"B":1}}',
        '{"a":{"bC":1}}',
        '{"a":{"b":1,"":2}}',
    ],
    "keep.members": [
        '{"code":1,"data":{"a":1}}',
        '{"data":{"a":"b"},"success":true}',
        '{"a":1,"data":{"b":2,"c":3}}',
        '{"data":{"a":1}}',
        '{"a":{"b":1}}',
        '{"a":{"b":1,"c":2},"b":3}',
        '{"a":[{"c":1,"a":2}],"c":3}',
    ],
    "keep.types": [
        '{"a":"1"}',
        '{"a":"85512345678"}',
        '{"a":"1e2"}',
        '{"a":"007"}',
        '{"a":5}',
        '{"a":-7}',
        '{"a":[1,2,3]}',
        '{"a":true}',
        '{"a":false}',
        '{"a":[true,false]}',
        '{"a":null}',
        '{"a":[null]}',
        '{"a":""}',
        '{"a":[""]}',
        '{"a":0.5}',
        '{"a":[1.25,3]}',
        '{"a":{"b":"c"}}',
        '{"a":["b"]}',
        ('{"a":"2024-01-31T10:00:00.000Z"}', "a string, also where it holds a date"),
        '{"a":"2024-01-31T10:00:00Z"}',
        '{"a":"2024-01-31T17:00:00+07:00"}',
        '{"a":"2024-01-31 10:00:00"}',
        '{"a":"2024-01-31"}',
        '{"a":{"b":"2024-01-31T17:30:00.125+07:00"}}',
    ],
    "keep.amount": [
        '{"amount":0.5}',
        '{"amount":12.5}',
        '{"amount":100}',
        '{"amount":7}',
        '{"amount":0.25}',
        '{"amount":19.99}',
        '{"amount":1}',
        '{"amount":250}',
        '{"amount":"100"}',
    ],
    # -------------------------------------------------------- lists
    "list.empty": [
        '{"a":{}}',
        "{}",
        '{"a":[{}]}',
        '{"a":{"b":{}}}',
        ('{"sign":"x"}', "nothing is left"),
        '{"a":{},"b":1}',
    ],
    "list.array": [
        '{"a":["b"]}',
        '{"a":["b","c"]}',
        "[[1]]",
        '{"a":[[1],[2]]}',
    ],
    "list.numbered": [
        '{"a":{"0":1}}',
        '{"a":{"0":"b","1":"c"}}',
        '{"a":[{"0":1,"1":2}]}',
        '{"a":{"0":{"0":1}}}',
        '{"a":{"0":1},"b":{},"c":["d"]}',
        '{"a":{"0":"b","1":"c"},"d":{},"e":[1]}',
    ],
    "list.order": [
        '{"a":{"1":2,"0":1}}',
        '{"a":{"0":1,"2":2,"1":3}}',
        '[{"1":"b","0":"a"}]',
        '{"a":{"2":1,"1":2,"0":3}}',
        '{"a":{"1":2,"0":1},"b":{"5":1}}',
        '{"a":{"2":1,"1":2,"0":3},"b":{"1":4}}',
    ],
    "list.gaps": [
        '{"a":{"1":1,"2":2}}',
        '{"a":{"5":1}}',
        '{"a":{"0":1,"2":2}}',
        '{"1":1,"2":2}',
        '{"a":{"-1":1,"0":2}}',
        '{"a":{"10":1,"20":2}}',
    ],
    "list.spelling": [
        '{"a":{"00":1}}',
        '{"a":{"0":1,"01":2}}',
        '{"a":{"-0":1}}',
        '{"a":{"-0":1,"1":2}}',
        '{"a":{"000":1,"1":2}}',
        '{"a":{"-0":"b"}}',
        '{"a":{"00":1},"b":{"01":2}}',
        '{"a":{"-0":1},"b":{"01":2}}',
        '{"a":{"0":1,"01":2},"b":{"07":3}}',
    ],
    "list.after_sorting": [
        '{"1":"b","0":"a"}',
        '{"2":1,"0":2,"1":3}',
        '{"1":1,"sign":"x","0":2}',
        '{"0":"a","1":"b"}',
        '{"0":"a","sign":"x"}',
        '{"0":1}',
        '{"1":{"0":"b"},"0":"a"}',
        '{"2":1,"0":{"0":"a","1":"b"},"1":3}',
    ],
    # -------------------------------------------------------- writing
    "write.slash": [
        '{"a":"b/c"}',
        '{"a":"/"}',
        '{"a":"https://b.example/c"}',
        '{"a":"</b>"}',
        '{"a":"//"}',
    ],
    "write.unicode": [
        ('{"a":"\\u00e9"}', "U+00E9"),
        ('{"a":"\\u179f\\u17bb\\u1781"}', "Khmer"),
        ('{"a":"\\u4e2d"}', "U+4E2D"),
        ('{"a":"\\u0080"}', "U+0080"),
        ('{"a":"\\u2028"}', "U+2028"),
        ('{"a":"\\u2029"}', "U+2029"),
        ('{"a":"\\u0431"}', "U+0431"),
        ('{"a":"\\u00ff"}', "U+00FF"),
        ('{"a":"\\u00a7"}', "U+00A7"),
        ('{"a":"b\\u00b0c"}', "U+00B0"),
    ],
    "write.lower_hex": [
        ('{"a":"\\u00ea"}', "U+00EA"),
        ('{"a":"\\u17bb"}', "U+17BB"),
        ('{"a":"\\uffff"}', "U+FFFF"),
        ('{"a":"\\u001f"}', "U+001F"),
        ('{"a":"\\uabcd"}', "U+ABCD"),
    ],
    "write.pairs": [
        ('{"a":"\\ud83d\\ude00"}', "U+1F600"),
        ('{"a":"\\ud800\\udc00"}', "U+10000"),
        ('{"a":"\\udbff\\udfff"}', "U+10FFFF"),
        ('{"a":"b\\ud834\\udd1ec"}', "U+1D11E"),
    ],
    "write.html": [
        '{"a":"b<c"}',
        '{"a":"b>c"}',
        '{"a":"b&c"}',
        '{"a":"b\'c"}',
        '{"a":"b+c"}',
        '{"a":"b`c"}',
        '{"a":"<b>"}',
        '{"a":"O\'Neil"}',
    ],
    "write.delete": [
        ('{"a":"b\\u007f"}', "U+007F"),
        ('{"a":"\\u007fb"}', "U+007F"),
        ('{"a":"\\u007f\\u007f"}', "U+007F twice"),
        ('{"b\\u007f":1}', "U+007F in a key"),
    ],
    "write.control": [
        '{"a":"b\\nc"}',
        '{"a":"b\\tc"}',
        '{"a":"b\\rc"}',
        '{"a":"b\\bc"}',
        '{"a":"b\\fc"}',
        ('{"a":"\\u000b"}', "U+000B has no short form"),
        ('{"a":"b\\u000bc"}', "U+000B has no short form"),
        ('{"a":"\\u0001"}', "U+0001"),
        ('{"a":"\\u0008"}', "\\b in another form"),
        ('{"a":"b\\u001fc"}', "U+001F"),
        ('{"a":"\\u0002b"}', "U+0002"),
    ],
    "write.quote": [
        '{"a":"b\\"c"}',
        '{"a":"\\""}',
        '{"a":"\\u0022"}',
        '{"a":"b\\\\c"}',
        '{"a":"\\\\"}',
        '{"a":"\\u005c"}',
    ],
    "write.keys": [
        '{"b/c":1}',
        '{"\\u00e9":"a"}',
        '{"a\\"b":1}',
        '{"a":{"b/c":1}}',
        '{"5":1}',
        '{"a":{"7":1}}',
        '{"12":"a"}',
        '{"a":{"-3":1}}',
    ],
    "write.number": [
        '{"a":0.50}',
        '{"a":1.10}',
        '{"a":1.5e0}',
        '{"a":25e-1}',
        '{"a":100.250}',
    ],
    "write.whole": [
        '{"a":1.0}',
        '{"a":10.0}',
        '{"a":1e2}',
        '{"a":-3.0}',
        '{"a":250e0}',
        ('{"a":99999999999999984.0}', "17 digits of which 16 are needed"),
        ('{"a":12345678901234568e0}', "17 digits"),
        ('{"a":36028797018963972.0}', "17 digits of which 16 are needed"),
        '{"a":10000000.0}',
    ],
    "write.digits": [
        '{"a":0.3}',
        '{"a":4.35}',
        '{"a":0.7}',
        ('{"a":0.30000000000000004}', "17 digits are needed"),
        ('{"a":1.0000000000000002}', "17 digits are needed"),
        ('{"a":123456789.12345679}', "17 digits are needed"),
        ('{"a":0.123456789012345}', "15 digits are needed"),
    ],
    "write.shortest": [
        ('{"a":5e-324}', "the least double: one digit is enough"),
        ('{"a":5e-324,"b":0.30000000000000004}', "one digit is enough for the least"),
        ('{"a":1e-323,"b":0.30000000000000004}', "one digit is enough"),
        ('{"a":2e-323,"b":0.30000000000000004}', "one digit is enough"),
        ('{"a":1.6e-322,"b":1.0000000000000002}', "two digits are enough"),
    ],
    "write.decimal_point": [
        '{"a":0.5}',
        '{"a":1.5}',
        '{"a":-2.25}',
        '{"a":12.75}',
    ],
    "write.large": [
        '{"a":1e15}',
        '{"a":1e16}',
        '{"a":1.5e16}',
        '{"a":-1e16}',
        '{"a":1e17}',
        '{"a":1.5e17}',
        '{"a":2e20}',
        '{"a":3e15}',
        '{"a":1e15,"b":0.30000000000000004}',
        '{"a":1e16,"b":1.0}',
        '{"a":1e17,"b":1e25}',
        '{"a":3e16,"b":10.0}',
    ],
    "write.small": [
        '{"a":0.0001}',
        '{"a":0.00025}',
        '{"a":0.00001}',
        '{"a":0.000025}',
        '{"a":0.0005}',
        '{"a":0.000001}',
    ],
    "write.exponent": [
        '{"a":1e25}',
        '{"a":1.5e25}',
        '{"a":1e-7}',
        '{"a":1.5e-8}',
        '{"a":1e100}',
        '{"a":2.5e-10}',
        '{"a":-4e30}',
        '{"a":1.7976931348623157e308}',
    ],
    # -------------------------------------------------------- failing
    "fail.empty": [
        '{"a":1e999}',
        '{"a":-1e999}',
        "[1e999]",
        '{"a":{"b":1e400}}',
    ],
    "fail.infinite": [
        '{"a":1e309}',
        '{"a":-1e309}',
        '{"a":[1e500]}',
        '{"a":{"b":-2e308}}',
        '{"a":1,"b":1e999}',
    ],
}

#: The cases under other settings than those of PHP 8.2: rule, words, text and, where it
#: is not the first, the version of the kit that brings it.
_PROFILED: Final[dict[str, list[tuple[str, str] | tuple[str, str, str]]]] = {
    "profile.precision": [
        ("precision=17", '{"a":0.1}'),
        ("precision=17", '{"a":19.99}'),
        ("precision=17", '{"a":4.35}'),
        ("precision=17", '{"a":0.5}'),
        ("precision=17", '{"a":1e25}'),
        ("precision=17", '{"a":0.1,"b":1e25}'),
        ("precision=17", '{"a":19.99,"b":2e30}'),
        *(
            ("precision=100", text, "1.1")
            for text in (
                '{"a":0.1}',
                '{"a":19.99}',
                '{"a":0.5}',
                '{"a":1e25}',
                '{"a":-2.5e-10}',
                '{"a":0.1,"b":5e-324}',
            )
        ),
    ],
    "profile.slashes": [
        ("unescaped_slashes", '{"a":"b/c"}'),
        ("unescaped_slashes", '{"a":"/"}'),
        ("unescaped_slashes", '{"b/c":1}'),
        ("unescaped_slashes", '{"a":"\\/"}'),
    ],
    "profile.unicode": [
        ("unescaped_unicode", '{"a":"\\u00e9"}'),
        ("unescaped_unicode", '{"a":"\\ud83d\\ude00"}'),
        ("unescaped_unicode", '{"a":"\\u2028"}'),
        ("unescaped_unicode", '{"a":"\\u2029b"}'),
        ("unescaped_unicode", '{"\\u179f":1}'),
    ],
    "profile.zero_fraction": [
        (words, text, "1.1")
        for words, text in (
            ("preserve_zero_fraction", '{"a":1.0}'),
            ("preserve_zero_fraction", '{"a":[100000.0,0.0]}'),
            ("preserve_zero_fraction", '{"a":1,"b":-2.0}'),
            ("preserve_zero_fraction", '{"a":1e25,"b":36028797018963968.0}'),
            ("precision=17 preserve_zero_fraction", '{"a":0.1,"b":1e3}'),
            ("precision=100 preserve_zero_fraction", '{"a":1e25}'),
            ("precision=100 preserve_zero_fraction", '{"a":0.1,"b":1e3}'),
        )
    ],
    # Of the questions that old versions of PHP were asked.
    "profile.ksort": [
        ("ksort=8.0", '{"a":0,"2":1}'),
        ("ksort=7", '{"a":0,"2":1}'),
        ("ksort=8.0", '{"0":0,"":1}'),
        ("ksort=7", '{"10.0":0,"10 ":1}'),
        ("ksort=7", '{"a":0,"0":1}'),
        ("ksort=8.0", '{"9a":0,"1e1":1,"9":2,"10":3}'),
        ("ksort=7", '{"1e1":0,"9a":1,"10":2,"9":3}'),
    ],
}


#: Of these rules, the cases from these places on came with later versions of the kit.
_LATER: Final[dict[str, dict[str, int]]] = {
    "1.2": {
        "keep.null": 6,
        "keep.empty": 8,
        "keep.text": 0,
        "keep.elements": 0,
    },
    "1.3": {
        "read.depth_small": 5,
        "number.underflow": 8,
        "sort.underscore": 7,
        "sort.numbers": 9,
        "write.control": 9,
        "write.unicode": 8,
        "keep.text": 25,
        "keep.members": 4,
        "keep.types": 12,
        "keep.amount": 7,
    },
}

#: Who answered the cases of old versions, before.
_OLD: Final = ("PHP 8.1.34", "PHP 7.4.33")


def _drafts() -> Iterator[Draft]:
    levels = {rule.id: rule.level for rule in RULES}
    for rule, cases in _CASES.items():
        for place, one in enumerate(cases):
            text, comment = one if isinstance(one, tuple) else (one, "")
            yield Draft(
                rule,
                levels[rule],
                _encoded(text),
                comment,
                since=_version(rule, place),
            )
    for rule, profiled in _PROFILED.items():
        for words, given, *since in profiled:
            yield Draft(
                rule,
                levels[rule],
                given.encode(),
                profile=words,
                since=since[0] if since else "1.0",
            )


def _version(rule: str, place: int) -> str:
    """Return the version of the kit that brought a case."""
    later = [one for one in _LATER if place >= _LATER[one].get(rule, place + 1)]
    return later[-1] if later else "1.0"


def _encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _ask(drafts: Sequence[Draft]) -> tuple[list[str], list[bytes | Refused]]:
    """Ask PHP; what only old versions can answer was asked before."""
    stored = {
        (case.document, case.settings.profile): case.answer
        for case in iter_profiles()
        if case.settings.ksort != "8.2"
    }
    answers: list[bytes | Refused] = []
    with Php() as php:
        for draft in drafts:
            profile = Profile.from_words(draft.profile)
            if profile.ksort == "8.2":
                settings = Settings(
                    profile.serialize_precision,
                    profile.unescaped_slashes,
                    profile.unescaped_unicode,
                    preserve_zero_fraction=profile.preserve_zero_fraction,
                )
                (answer,) = php.canonicalize([draft.text], settings)
            else:
                answer = stored[draft.text, profile]
            answers.append(_result(draft, answer))
    return [php_name(), *_OLD], answers


def _result(draft: Draft, answer: Answer) -> bytes | Refused:
    if answer.canonical is not None:
        return answer.canonical
    try:
        canonicalize(draft.text, profile=Profile.from_words(draft.profile))
    except CanonicalizationError as error:
        return Refused(reason=error.reason, stage=answer.failure)
    msg = f"kesspay accepts what PHP refuses: {draft.text!r}"
    raise AssertionError(msg)


def _wrong(draft: Draft) -> Iterator[tuple[str, bytes | None]]:
    codes = [mistake.code for mistake in tried(draft.text)]
    yield from each(draft.text, codes, profile=draft.profile)


SOURCE: Final = Source(
    file="document",
    about="a JSON text and its canonical form, or that it has none",
    rules=(*RULES, BULK),
    mistakes=MISTAKES,
    drafts=tuple(_drafts()),
    ask=_ask,
    wrong=_wrong,
)
