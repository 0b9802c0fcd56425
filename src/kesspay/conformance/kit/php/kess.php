<?php
// Your code, which the adapter and the runner in this folder ask.

declare(strict_types=1);

/** Your code refuses the input. Any other exception is an error, which blames no rule. */
final class Refused extends Exception
{
}

/** The canonical form of a JSON text: what is signed. Replace the body with your code. */
function canonicalize(string $text): string
{
    $data = json_decode($text, true);
    if (!is_array($data)) {
        throw new Refused('no JSON object or array');
    }
    ksort($data);
    unset($data['sign_type'], $data['sign']);
    return json_encode($data) ?: throw new Refused(json_last_error_msg());
}

// What your code does, each with up to four strings: text, key (PEM), kind of the key
// ('private' or 'public') and password; null where there is none. README.md of the kit
// says what 'verify', 'sign', 'body', 'key' and 'base64' are given, and what they return.
return [
    'canonicalize' => fn (string $text): string => canonicalize($text),
];
