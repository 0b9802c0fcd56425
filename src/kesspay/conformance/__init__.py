"""
Find out which rule of the signature a program breaks: the conformance kit.

``kit`` reads the cases, rules and known mistakes, which lie as JSON in the folder
``kit`` next to it. The other modules ask a program the cases and judge its answers.
"""
