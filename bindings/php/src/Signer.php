<?php

declare(strict_types=1);

namespace Kess;

/** A private key with the profile of a gateway. */
final class Signer
{
    public function __construct(private PrivateKey $key, private ?Profile $profile = null)
    {
    }

    /**
     * Return the signed request body for parameters; see PrivateKey::signedBody().
     *
     * @param string|array<mixed> $parameters a JSON object as text, or an array, without "sign"
     */
    public function signedBody(string|array $parameters): string
    {
        return $this->key->signedBody($parameters, $this->profile);
    }

    /**
     * Return the signature of a document in base64; see PrivateKey::signDocument().
     *
     * @param string|array<mixed> $document a JSON text, or an array
     */
    public function signDocument(string|array $document): string
    {
        return $this->key->signDocument($document, $this->profile);
    }
}
