<?php
/*
 * Verifies messages as a partner or a gateway written in PHP does.
 *
 *   php verify.php strict|documented PUBLIC_KEY_FILE
 *
 * Standard input: one message (a JSON text with "sign") a line, in base64.
 * Answer, one line each: "true", "false", or "error CLASS" where PHP throws.
 *
 * documented: to the letter of the document; it believes some forgeries.
 * strict: the same with its holes closed: json_encode must succeed, the base64
 * must be exact, the key must be RSA, openssl_verify must give exactly 1.
 */

require __DIR__ . '/rsa2.php';

[, $mode, $path] = $argv;
$rsa2 = new RSA2('', $path);
while (($line = fgets(STDIN)) !== false) {
    $response = json_decode(base64_decode(rtrim($line, "\n"), true), true);
    try {
        $isValid = $mode === 'strict'
            ? is_array($response) && is_string($response['sign'] ?? null)
                && $rsa2->verifyStrict($response, $response['sign'])
            : $rsa2->verifySign($response, $response['sign']);
        echo $isValid ? 'true' : 'false', "\n";
    } catch (Throwable $error) {
        echo 'error ', get_class($error), "\n";
    }
}
