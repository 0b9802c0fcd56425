"""
The canonical form of a document and its guard, in pure Python.

This package computes byte for byte what PHP 8.2 computes with ::

    $a = json_decode($text, true);        # decode.py, number.py
    ksort($a);                            # ksort.py
    unset($a['sign_type'], $a['sign']);   # canonical.py
    json_encode($a);                      # encode.py, number.py

and fails where PHP fails. It is written to be read, and to port from: the
docstrings of these modules, in this order, are all of the rules.

1.  ``decode``: JSON text to an array, and the first fault of a bad text.
2.  ``number``: the value of a number, and the text of a double.
3.  ``ksort``: the order of the top-level keys.
4.  ``encode``: an array to text.
5.  ``canonical``: the four steps together.
6.  ``parameters``: a mapping to the JSON text that means the same.
7.  ``guard``: which documents are signed, and which signatures are accepted.

``fast_decode`` reads ordinary texts with orjson and adds no rule.

The native core is tested against this package, and where the native core
cannot be built this package does its work. It imports nothing of kesspay but
the errors and the Profile.
"""
