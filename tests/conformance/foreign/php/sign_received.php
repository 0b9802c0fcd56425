<?php
/* What the caller gave is signed as it came, and the signature goes into an address. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('sign_received', ['sign' => function (string $text, string $key): string {
    if (!is_array(json_decode($text, true, 512, JSON_THROW_ON_ERROR))) {
        throw new Refused();
    }
    openssl_sign($text, $sign, $key, OPENSSL_ALGO_SHA256);
    return strtr(base64_encode($sign), '+/', '-_');
}]);
