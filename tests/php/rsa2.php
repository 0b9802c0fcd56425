<?php
/*
 * The signature class of the partner API document ("Signature algorithm
 * (PHP)"), with the key paths as arguments instead of constants.
 *
 * createSign and verifySign follow the document to the letter, its holes
 * included; verifyStrict is the same algorithm with the holes closed.
 */

class RSA2
{
    private $privateKey;
    private $publicKey;

    public function __construct(string $privateKey = '', string $publicKey = '')
    {
        $this->privateKey = $privateKey;
        $this->publicKey = $publicKey;
    }

    private static function toString(array $data)
    {
        ksort($data);
        unset($data['sign_type'], $data['sign']);
        return json_encode($data);
    }

    public function createSign(array $data = [])
    {
        return openssl_sign(
            self::toString($data),
            $sign,
            file_get_contents($this->privateKey),
            OPENSSL_ALGO_SHA256
        ) ? base64_encode($sign) : null;
    }

    public function verifySign(array $data = [], string $sign = '')
    {
        return (bool) openssl_verify(
            self::toString($data),
            base64_decode($sign),
            file_get_contents($this->publicKey),
            OPENSSL_ALGO_SHA256
        );
    }

    public function verifyStrict(array $data, string $sign): bool
    {
        $text = self::toString($data);
        $raw = base64_decode($sign, true);
        if ($text === false || $raw === false || base64_encode($raw) !== $sign) {
            return false;
        }
        $key = openssl_pkey_get_public(file_get_contents($this->publicKey));
        if ($key === false) {
            return false;
        }
        if (openssl_pkey_get_details($key)['type'] !== OPENSSL_KEYTYPE_RSA) {
            return false;
        }
        return openssl_verify($text, $raw, $key, OPENSSL_ALGO_SHA256) === 1;
    }

    /* The canonical text, or false: what createSign hands to openssl_sign. */
    public function text(array $data)
    {
        return self::toString($data);
    }
}
