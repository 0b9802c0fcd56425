<?php
/* openssl_sign as in an old tutorial: its default hash, and base64 in lines. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('sign_mail', ['sign' => function (string $text, string $key): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    openssl_sign(json_encode($data, JSON_THROW_ON_ERROR), $sign, $key);
    return chunk_split(base64_encode($sign));
}]);
