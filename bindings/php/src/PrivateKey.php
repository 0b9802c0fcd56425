<?php

declare(strict_types=1);

namespace Kess;

use Kess\Exception\BackendError;
use Kess\Exception\CanonicalizationError;
use Kess\Exception\InputError;

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
     * @throws BackendError libkess failed
     */
    public function publicKey(): PublicKey
    {
        return PublicKey::fromPem(Library::call(Library::SPKI, $this->handle(), ''), allowWeak: true);
    }

    /**
     * Return the signed request body for parameters. Send it unchanged.
     *
     * It is their canonical form with "sign_type" and "sign" appended.
     *
     * @param string|array<mixed> $parameters a JSON object as text, or an array, without "sign"
     * @param Profile|null        $profile    the PHP settings of the gateway; null for PHP 8.2 and later
     *
     * @throws CanonicalizationError they have no canonical form, or a gateway would read the body
     *                               differently; nothing was signed
     * @throws InputError            the array cannot be encoded exactly; nothing was signed
     * @throws BackendError          libkess failed; nothing was signed
     */
    public function signedBody(string|array $parameters, ?Profile $profile = null): string
    {
        return Library::call(Library::SIGNED_BODY, $this->handle(), Library::text($parameters), $profile->flags ?? 0);
    }

    /**
     * Return the signature of the canonical form of a document, in base64.
     *
     * @param string|array<mixed> $document a JSON text, or an array
     * @param Profile|null        $profile  the PHP settings of the gateway; null for PHP 8.2 and later
     *
     * @throws CanonicalizationError it has no canonical form; nothing was signed
     * @throws InputError            the array cannot be encoded exactly; nothing was signed
     * @throws BackendError          libkess failed; nothing was signed
     */
    public function signDocument(string|array $document, ?Profile $profile = null): string
    {
        return Library::call(Library::SIGN_DOCUMENT, $this->handle(), Library::text($document), $profile->flags ?? 0);
    }
}
