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

    private const KIND = 'a private key';
    private const LOAD = 'kess_private_key_load';
    private const LOAD_FILE = 'kess_private_key_load_file';

    /**
     * Return the public half, as an object of its own.
     *
     * @throws BackendError libkess failed
     */
    public function publicKey(): PublicKey
    {
        return PublicKey::ofPrivate($this->handle());
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
        return $this->signed('kess_signed_body', $parameters, $profile);
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
        return $this->signed('kess_sign_document', $document, $profile);
    }

    /** @param string|array<mixed> $document */
    private function signed(string $function, string|array $document, ?Profile $profile): string
    {
        $text = Library::text($document);
        $key = $this->handle();
        $length = \strlen($text);
        $options = $profile?->options();
        $room = Room::for($length);
        do {
            $status = $room->ffi->$function($key, $room->out, $room->length, $text, $length, $options, $room->error);
        } while ($status === 2 && $room->grow());

        return $room->result($status);
    }
}
