<?php

declare(strict_types=1);

namespace Kess;

use FFI\CData;
use Kess\Exception\BackendError;
use Kess\Exception\InputError;
use Kess\Exception\KeyLoadError;

/**
 * The methods of both kinds of keys: one kess_key, loaded once, freed once, never shown or
 * copied.
 *
 * @internal
 */
trait Handle
{
    /**
     * Load a key from the content of a key file: PEM, DER or base64.
     *
     * @param string      $pem       the bytes of the file, at most 1 MiB
     * @param string|null $password  for an encrypted private key and for PKCS#12
     * @param bool        $allowWeak accept RSA from 512 bits, for old sandboxes only
     *
     * @throws KeyLoadError it holds no such key, the password is wrong, or the key policy refuses it
     * @throws BackendError libkess cannot be loaded, or it failed
     */
    public static function fromPem(
        // A private key that is given for a public one by mistake must not be shown either.
        #[\SensitiveParameter] string $pem,
        #[\SensitiveParameter] ?string $password = null,
        bool $allowWeak = false,
    ): self {
        return new self(Library::key(self::LOAD, $pem, $password, $allowWeak));
    }

    /**
     * Load a key from a file.
     *
     * @param string      $path      its path
     * @param string|null $password  for an encrypted private key and for PKCS#12
     * @param bool        $allowWeak accept RSA from 512 bits, for old sandboxes only
     *
     * @throws InputError   the path is empty or holds a NUL
     * @throws KeyLoadError as fromPem; "file" where the file cannot be read
     * @throws BackendError libkess cannot be loaded, or it failed
     */
    public static function fromFile(
        string $path,
        #[\SensitiveParameter] ?string $password = null,
        bool $allowWeak = false,
    ): self {
        return new self(Library::key(self::LOAD . '_FILE', $path, $password, $allowWeak));
    }

    private function __construct(private ?CData $key)
    {
    }

    public function __destruct()
    {
        $key = $this->key ?? null;
        $this->key = null;
        if ($key !== null) {
            Library::get()->kess_key_free($key);
        }
    }

    private function __clone()
    {
    }

    /** @return array<string, int> */
    public function __debugInfo(): array
    {
        return ['bits' => $this->bits()];
    }

    public function __serialize(): array
    {
        throw new \LogicException('a key cannot be serialised: load it where it is needed');
    }

    /** @param array<mixed> $data */
    public function __unserialize(array $data): void
    {
        throw new \LogicException('a key cannot be unserialised: load it from its file');
    }

    /** Return the number of bits of the modulus. */
    public function bits(): int
    {
        return Library::get()->kess_key_bits($this->handle());
    }

    private function handle(): CData
    {
        return $this->key ?? throw new BackendError('the key was freed', 'backend');
    }
}
