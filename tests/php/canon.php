<?php
/*
 * Answers what PHP makes of documents and of parameter trees: the canonical
 * form, or how it fails. One process answers any number of requests.
 *
 *   php canon.php [FILE]        FILE: the requests; standard input without it
 *
 * A request is a line of three fields, separated by blanks:
 *
 *   text|params  SETTINGS  BASE64
 *
 * text:   BASE64 is a JSON text; it is decoded with json_decode(.., true)
 * params: BASE64 is a parameter tree in the form that tree.php reads
 * SETTINGS: "-", or letters: p serialize_precision = 17, h 100,
 *   s JSON_UNESCAPED_SLASHES, u JSON_UNESCAPED_UNICODE,
 *   z JSON_PRESERVE_ZERO_FRACTION
 *
 * The answer is a line:
 *
 *   ok BASE64                   the canonical bytes
 *   decode CODE MESSAGE         json_decode fails
 *   type 0 TYPE                 the top level is no array: the document's
 *                               class stops with a TypeError
 *   encode CODE MESSAGE         json_encode fails
 *
 * It runs under PHP 7.2 and later, so that old versions can be asked as well.
 */

declare(strict_types=1);

require __DIR__ . '/tree.php';

function answer(string $kind, string $settings, string $input): string
{
    $precision = strpos($settings, 'p') !== false ? '17' : '-1';
    $precision = strpos($settings, 'h') !== false ? '100' : $precision;
    ini_set('serialize_precision', $precision);
    if ($kind === 'params') {
        return canonical(tree_read($input), $settings);
    }
    $data = json_decode($input, true);
    if (json_last_error() !== JSON_ERROR_NONE) {
        return failure('decode');
    }
    if (!is_array($data)) {
        return 'type 0 ' . gettype($data);
    }
    return canonical($data, $settings);
}

function canonical(array $data, string $settings): string
{
    $flags = 0;
    if (strpos($settings, 's') !== false) {
        $flags |= JSON_UNESCAPED_SLASHES;
    }
    if (strpos($settings, 'u') !== false) {
        $flags |= JSON_UNESCAPED_UNICODE;
    }
    if (strpos($settings, 'z') !== false) {
        $flags |= JSON_PRESERVE_ZERO_FRACTION;
    }
    ksort($data);
    unset($data['sign_type'], $data['sign']);
    $text = json_encode($data, $flags);
    if ($text === false) {
        return failure('encode');
    }
    return 'ok ' . base64_encode($text);
}

function failure(string $class): string
{
    return $class . ' ' . json_last_error() . ' ' . json_last_error_msg();
}

$requests = fopen($argv[1] ?? 'php://stdin', 'rb');
while (($line = fgets($requests)) !== false) {
    [$kind, $settings, $input] = explode(' ', rtrim($line, "\n"));
    echo answer($kind, $settings, base64_decode($input, true)) . "\n";
}
