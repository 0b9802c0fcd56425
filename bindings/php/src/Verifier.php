<?php

declare(strict_types=1);

namespace Kess;

use Kess\Exception\InvalidSignature;
use Kess\Exception\KessException;

/** A public key with the profile of a gateway. */
final class Verifier
{
    public function __construct(private PublicKey $key, private ?Profile $profile = null)
    {
    }

    /** @throws InvalidSignature where the body is not authentic: use no value of it */
    public function verifyDocument(string $body): string
    {
        return $this->key->verifyDocument($body, $this->profile);
    }

    /**
     * @param array<string> $bodies
     *
     * @return array<string|KessException>
     */
    public function verifyDocuments(array $bodies): array
    {
        return $this->key->verifyDocuments($bodies, $this->profile);
    }
}
