<?php
/* The text is hashed before a function that hashes; the body has the members sorted. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('sign_twice_hashed', ['body' => function (string $text, string $key): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data) || array_is_list($data) && $data !== [] || isset($data['sign'])) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign_type']);
    $hash = hash('sha512', json_encode($data, JSON_THROW_ON_ERROR), true);
    openssl_sign($hash, $sign, $key, OPENSSL_ALGO_SHA512);
    return json_encode($data + ['sign_type' => 'RSA', 'sign' => base64_encode($sign)]);
}]);
