<?php

declare(strict_types=1);

namespace Kess;

/**
 * An RSA public key, which verifies. Load it once: PEM or DER of SPKI, PKCS#1, an X.509
 * certificate or PKCS#12.
 */
final class PublicKey
{
    use Handle;

    private const LOAD = 'KESS_DO_LOAD_PUBLIC';

    /**
     * Return the key as the DER of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
     *
     * @throws Exception\BackendError libkess failed
     */
    public function spki(): string
    {
        return base64_decode(Library::call('KESS_DO_PUBLIC_TEXT', $this->key, ''));
    }

    /**
     * Verify a body and return its canonical bytes. Read values only from these bytes.
     *
     * @param string       $body    the answer as it was received
     * @param Profile|null $profile the PHP settings of the gateway; null for PHP 8.2 and later
     *
     * @throws Exception\InvalidSignature it is not authentic: use no value of it. DocumentRefused is a kind of it
     * @throws Exception\BackendError     libkess failed; nothing was verified
     */
    public function verifyDocument(string $body, ?Profile $profile = null): string
    {
        return Library::call('KESS_DO_VERIFY_DOCUMENT', $this->key, $body, $profile);
    }

    /**
     * Verify bodies, one after the other. It throws no exception for a body.
     *
     * @param array<string> $bodies  the answers as they were received
     * @param Profile|null  $profile the PHP settings of the gateway; null for PHP 8.2 and later
     *
     * @return array<string|Exception\KessException> under the same keys: the canonical bytes, or the exception
     */
    public function verifyDocuments(array $bodies, ?Profile $profile = null): array
    {
        $verdicts = [];
        foreach ($bodies as $name => $body) {
            try {
                $verdicts[$name] = $this->verifyDocument($body, $profile);
            } catch (Exception\InvalidSignature | Exception\BackendError $refusal) {
                $verdicts[$name] = $refusal;
            }
        }

        return $verdicts;
    }
}
