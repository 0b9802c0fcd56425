"""The examples of the written rules, and ordinary messages of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Case


__all__ = ["MESSAGES", "cases"]

#: Messages as partners and the gateway send them.
MESSAGES: Final = (
    (
        b'{"service":"create.unified.fundTransfer","sign_type":"RSA2",'
        b'"out_trade_no":"T-2024-000017","receiver_id":"85512345678",'
        b'"sender_name":"Sok Dara","amount":0.50,"currency":"USD"}'
    ),
    (
        b'{"service":"confirm.fundTransfer","sign_type":"RSA2",'
        b'"partner_transaction_id":"D-991/7","pre_transfer_id":"8f14e45fceea167a"}'
    ),
    b'{"service":"query.fundTransfer","out_trade_no":"T-2024-000017"}',
    (
        b'{"success":true,"code":200,"message":"Success","data":{"out_trade_no":'
        b'"T-2024-000017","receiver_id":"85512345678","amount":0.5,"currency":"USD",'
        b'"pre_transfer_id":"8f14e45fceea167a","receiver_name":"\xe1\x9e\x9f\xe1\x9e'
        b'\xbb\xe1\x9e\x81 \xe1\x9e\x8a\xe1\x9e\xb6\xe1\x9e\x9a\xe1\x9e\xb6",'
        b'"expire_in":300},"sign_type":"RSA2","sign":"QUJD"}'
    ),
    (
        b'{"success":true,"code":200,"message":"OK","data":{"result_code":"SUCCESS",'
        b'"fund_transfer_id":"FT/2024/0009","out_trade_no":"T-2024-000017",'
        b'"receiver_id":"85512345678","pre_transfer_id":"8f14e45fceea167a",'
        b'"amount":19.99,"currency":"USD","receiver_name":"Jos\\u00e9 \\"J\\" N."},'
        b'"sign_type":"RSA2","sign":"QUJD"}'
    ),
    (
        b'{"success":false,"error_code":"NOTEXIST","error_desc":"Wrong pre transfer '
        b'ID, or invalid string.","sign_type":"RSA2","sign":"QUJD"}'
    ),
    b'{\n  "success": true,\n  "data": {},\n  "sign": "QUJD"\n}\n',
)

_EXAMPLES: Final = (
    # Containers and lists.
    *("{}", "[]", '{"a":{}}', '{"a":{"0":1,"1":2}}', '{"a":{"1":2,"0":1}}'),
    *('{"1":"b","0":"a"}', '{"0":"a","1":"b","sign":"x"}'),
    *('{"a":{"1":1,"2":2}}', '{"sign":"x"}', '{"a":{"00":1}}', '{"a":{"-0":1}}'),
    *('{"0":1,"1":2,"0":3}', '[{"b":1,"a":2}]', "1", "null", '"x"', "true"),
    # Removal and duplicates.
    *('{"sign":1,"a":2,"sign_type":3}', '{"sig\\u006e":1,"a":2}'),
    *('{"Sign":1,"sign ":2,"sign\\u0000":3}', '{"a":1,"sign":1e999}'),
    *('{"d":{"sign":1,"sign_type":2},"sign":3}', '{"a":1e999,"a":1}'),
    '{"z":{"a":1,"b":2,"a":3}}',
    # Strings.
    *('{"k":"/"}', '{"k":"\\/"}', '{"k":"<>&\'"}', '{"k":"\u00e9"}'),
    *('{"k":"\\u00E9"}', '{"k":"\U0001f600"}', '{"k":"\\uD83D\\uDE00"}'),
    '{"k":"\\u0000\\u0008\\u0009\\u000a\\u000b\\u000c\\u000d\\u001F"}',
    *('{"k":"\\u007f"}', '{"k":"\u2028"}', '{"k":"\uffff"}', '{"k":"\\ud800"}'),
    *('{"\u00e9/":1}', '{"k":"\\u0041\\u002f\\u0022\\u005c"}'),
    # Numbers.
    *(
        f'{{"n":{number}}}'
        for number in (
            *("0", "-0", "0.0", "-0.0", "0.50", "1.0", "10.0", "1e2", "1E-2"),
            *("1e16", "99999999999999984.0", "99999999999999999.0", "1e17"),
            *("1e25", "0.0001", "0.00009999", "1e-5", "5e-324", "1e-400"),
            *("-1e-400", "1e308", "1e309", "9007199254740993", "0.1", "01"),
            *("9007199254740993.0", "9223372036854775807", "1.", ".5", "+1"),
            *("9223372036854775808", "-9223372036854775808", "19.99"),
            *("-9223372036854775809", "0.30000000000000004"),
            "123456789012345678.0",
        )
    ),
    # Order of the top level.
    *('{"b":1,"a":2,"B":3,"_":4}', '{"a":1,"":2}', '{"z":1,"\u00e9":2}'),
    *('{"ab":1,"a":2,"a_":3,"a1":4,"aB":5}', '{"10":1,"9":2}'),
    *('{"10x":1,"9x":2}', '{"a":1,"10":2,"9":3,"B":4}', '{"10":1,"1e1":2}'),
    *('{"1e1":1,"10":2}', '{"1.5":1,"1.25":2}', '{" 5":1,"5 ":2,"4":3}'),
    *('{"":1,"5":2,"-1":3}', '{"0":1,"":2}', '{"x":1,"0":"a"}'),
    *('{"9223372036854775809":1,"9223372036854775808":2}',),
    *('{"2e1000":1,"1e1000":2}', '{"2":1,"10":2,"1a":3}'),
    *('{"2":1,"1a":2,"10":3}', '{"10":1,"2":2,"1a":3}'),
    # Syntax.
    *("", " ", '{"a":1}\n', "\ufeff{}", '{"a":1,}', "[TRUE]", '{"a":1]'),
    *('{"a":1}x', '{"a":1}\x00', "// c\n{}", "{'a':1}"),
)


def cases() -> Iterator[Case]:
    """Yield each example once."""
    for text in _EXAMPLES:
        yield "example", text.encode()
    for message in MESSAGES:
        yield "message", message
