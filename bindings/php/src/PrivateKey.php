<?php

declare(strict_types=1);

namespace Kess;

/**
 * An RSA private key, which signs. Load it once: PEM or DER of PKCS#1, PKCS#8 or
 * PKCS#12, encrypted or not.
 */
final class PrivateKey
{
    use Handle;

    private const LOAD = 'KESS_DO_LOAD_PRIVATE';

    /**
     * Return the public half, as an object of its own.
     *
     * @throws Exception\BackendError libkess failed
     */
    public function publicKey(): PublicKey
    {
        return PublicKey::fromPem(Library::call('KESS_DO_PUBLIC_TEXT', $this->key, ''), allowWeak: true);
    }

    /**
     * Return the signed request body for parameters. Send it unchanged.
     *
     * It is their canonical form with "sign_type" and "sign" appended.
     *
     * @param string|array<mixed> $parameters a JSON object as text, or an array, without "sign"
     * @param Profile|null        $profile    the PHP settings of the gateway; null for PHP 8.2 and later
     *
     * @throws Exception\CanonicalizationError they have no canonical form, or a gateway would read the body
     *                                         differently; nothing was signed
     * @throws Exception\InputError            the array cannot be encoded exactly; nothing was signed
     * @throws Exception\BackendError          libkess failed; nothing was signed
     */
    public function signedBody(string|array $parameters, ?Profile $profile = null): string
    {
        return Library::call('KESS_DO_SIGNED_BODY', $this->key, $parameters, $profile);
    }

    /**
     * Return the signature of the canonical form of a document, in base64.
     *
     * @param string|array<mixed> $document a JSON text, or an array
     * @param Profile|null        $profile  the PHP settings of the gateway; null for PHP 8.2 and later
     *
     * @throws Exception\CanonicalizationError it has no canonical form; nothing was signed
     * @throws Exception\InputError            the array cannot be encoded exactly; nothing was signed
     * @throws Exception\BackendError          libkess failed; nothing was signed
     */
    public function signDocument(string|array $document, ?Profile $profile = null): string
    {
        return Library::call('KESS_DO_SIGN_DOCUMENT', $this->key, $document, $profile);
    }
}
