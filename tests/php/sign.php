<?php
/*
 * Signs parameters as a partner or a gateway written in PHP does.
 *
 *   php sign.php PRIVATE_KEY_FILE
 *
 * Standard input: one request a line, "text BASE64" (a JSON object) or
 * "params BASE64" (a tree as tree.php reads it). Answer, one line each:
 *
 *   ok SIGN TEXT BODY     the signature as the document's class makes it; in
 *                         base64 the canonical text and the message, which is
 *                         json_encode of the parameters with sign_type and sign
 *   fail REASON           nothing was signed
 *
 * The document's class would sign the empty string where json_encode fails;
 * that is answered with "fail" here.
 */

declare(strict_types=1);

require __DIR__ . '/rsa2.php';
require __DIR__ . '/tree.php';

function signed(RSA2 $rsa2, $params): string
{
    if (!is_array($params)) {
        return 'fail no array';
    }
    $text = $rsa2->text($params);
    if ($text === false) {
        return 'fail ' . json_last_error_msg();
    }
    $sign = $rsa2->createSign($params);
    if ($sign === null) {
        return 'fail openssl_sign';
    }
    $params['sign_type'] = 'RSA2';
    $params['sign'] = $sign;
    $body = json_encode($params);
    return "ok $sign " . base64_encode($text) . ' ' . base64_encode($body);
}

$rsa2 = new RSA2($argv[1]);
while (($line = fgets(STDIN)) !== false) {
    [$kind, $input] = explode(' ', rtrim($line, "\n"));
    $raw = base64_decode($input, true);
    $params = $kind === 'params' ? tree_read($raw) : json_decode($raw, true);
    echo signed($rsa2, $params), "\n";
}
