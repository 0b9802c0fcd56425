<?php
/* A verifier whose encoder has the flag that makes logs readable. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('verify_unicode', ['verify' => function (string $text, string $key): string {
    $data = json_decode($text, true, 65, JSON_THROW_ON_ERROR);
    if (!is_array($data) || !is_string($data['sign'] ?? null)) {
        throw new Refused();
    }
    if (array_key_exists('sign_type', $data) && $data['sign_type'] !== 'RSA2') {
        throw new Refused();
    }
    $raw = base64_decode($data['sign'], true);
    if ($raw === false || base64_encode($raw) !== $data['sign']) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    $signed = json_encode($data, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
    if (openssl_verify($signed, $raw, $key, OPENSSL_ALGO_SHA256) !== 1) {
        throw new Refused();
    }
    return $signed;
}]);
