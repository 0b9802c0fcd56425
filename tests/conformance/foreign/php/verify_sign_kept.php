<?php
/* The signature is read, but it is not taken out of what was signed. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('verify_sign_kept', ['verify' => function (string $text, string $key): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    $sign = base64_decode($data['sign'], true);
    ksort($data);
    $signed = json_encode($data, JSON_THROW_ON_ERROR);
    if (openssl_verify($signed, (string) $sign, $key, OPENSSL_ALGO_SHA256) !== 1) {
        throw new Refused();
    }
    return $signed;
}]);
