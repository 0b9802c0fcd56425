<?php
/* Errors of the gateway may come without a signature, so the author lets them pass. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('verify_unsigned', ['verify' => function (string $text, string $key): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    $sign = $data['sign'] ?? null;
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    $signed = json_encode($data, JSON_THROW_ON_ERROR);
    if ($sign === null || $sign === '') {
        return $signed;
    }
    $raw = base64_decode($sign, true);
    if ($raw === false || base64_encode($raw) !== $sign) {
        throw new Refused();
    }
    if (openssl_verify($signed, $raw, $key, OPENSSL_ALGO_SHA256) !== 1) {
        throw new Refused();
    }
    return $signed;
}]);
