<?php
/* The class of the API document, as it stands there. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

final class RSA2
{
    public function __construct(private string $publicKey)
    {
    }

    public static function toString(array $data): string|false
    {
        ksort($data);
        unset($data['sign_type'], $data['sign']);
        return json_encode($data);
    }

    public function verifySign(array $data = [], string $sign = ''): bool
    {
        return (bool) openssl_verify(
            (string) self::toString($data),
            base64_decode($sign),
            $this->publicKey,
            OPENSSL_ALGO_SHA256
        );
    }
}

serve('verify_documented', ['verify' => function (string $text, string $key): string {
    $response = json_decode($text, true);
    $rsa2 = new RSA2($key);
    if (!$rsa2->verifySign($response, $response['sign'])) {
        throw new Refused();
    }
    return (string) RSA2::toString($response);
}]);
