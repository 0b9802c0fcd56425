<?php

declare(strict_types=1);

namespace Kess;

/** A private key with the profile of a gateway. */
final class Signer
{
    public function __construct(private PrivateKey $key, private ?Profile $profile = null)
    {
    }

    /** @param string|array<mixed> $parameters a JSON object as text, or an array */
    public function signedBody(string|array $parameters): string
    {
        return $this->key->signedBody($parameters, $this->profile);
    }

    /** @param string|array<mixed> $document a JSON text, or an array */
    public function signDocument(string|array $document): string
    {
        return $this->key->signDocument($document, $this->profile);
    }
}
