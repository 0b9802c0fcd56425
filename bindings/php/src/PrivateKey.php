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

    private const KIND = 'a private key';
    private const LOAD = 'kess_private_key_load';
    private const LOAD_FILE = 'kess_private_key_load_file';

    /** The public half, as an object of its own. */
    public function publicKey(): PublicKey
    {
        return PublicKey::ofPrivate($this->handle());
    }

    /**
     * The request body for parameters: "sign_type" and "sign" are appended.
     *
     * @param string|array<mixed> $parameters a JSON object as text, or an array
     */
    public function signedBody(string|array $parameters, ?Profile $profile = null): string
    {
        return $this->signed('kess_signed_body', $parameters, $profile);
    }

    /**
     * The signature of a document, in base64.
     *
     * @param string|array<mixed> $document a JSON text, or an array
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
