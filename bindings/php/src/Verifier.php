<?php

declare(strict_types=1);

namespace Kess;

/** A public key with the profile of a gateway. */
final class Verifier
{
    public function __construct(private PublicKey $key, private ?Profile $profile = null)
    {
    }

    /**
     * Verify a body and return its canonical bytes; see PublicKey::verifyDocument().
     *
     * @throws Exception\InvalidSignature it is not authentic: use no value of it
     */
    public function verifyDocument(string $body): string
    {
        return $this->key->verifyDocument($body, $this->profile);
    }

    /**
     * Verify bodies, one after the other; see PublicKey::verifyDocuments().
     *
     * @param array<string> $bodies the answers as they were received
     *
     * @return array<string|Exception\KessException> under the same keys: the canonical bytes, or the exception
     */
    public function verifyDocuments(array $bodies): array
    {
        return $this->key->verifyDocuments($bodies, $this->profile);
    }
}
