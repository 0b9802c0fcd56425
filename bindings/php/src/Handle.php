<?php

declare(strict_types=1);

namespace Kess;

// A private key that is given for a public one by mistake must not be shown either.
use SensitiveParameter as Hide;

/**
 * The methods of both kinds of keys: one kess_key, loaded once, freed once, never shown or
 * copied.
 *
 * @internal
 */
trait Handle
{
    private ?\FFI\CData $key = null;

    /**
     * Load a key from the content of a key file: PEM, DER or base64.
     *
     * @param string      $pem       the bytes of the file, at most 1 MiB
     * @param string|null $password  for an encrypted private key and for PKCS#12
     * @param bool        $allowWeak accept RSA from 512 bits, for old sandboxes only
     *
     * @throws Exception\KeyLoadError it holds no such key, the password is wrong, or the key policy refuses it
     * @throws Exception\BackendError libkess cannot be loaded, or it failed
     */
    public static function fromPem(#[Hide] string $pem, #[Hide] ?string $password = null, bool $allowWeak = false): self
    {
        return new self(self::LOAD, $pem, $password, $allowWeak);
    }

    /**
     * Load a key from a file.
     *
     * @param string      $path      its path
     * @param string|null $password  for an encrypted private key and for PKCS#12
     * @param bool        $allowWeak accept RSA from 512 bits, for old sandboxes only
     *
     * @throws Exception\InputError   the path is empty or holds a NUL
     * @throws Exception\KeyLoadError as fromPem; "file" where the file cannot be read
     * @throws Exception\BackendError libkess cannot be loaded, or it failed
     */
    public static function fromFile(string $path, #[Hide] ?string $password = null, bool $allowWeak = false): self
    {
        return new self(self::LOAD . '_FILE', $path, $password, $allowWeak);
    }

    private function __construct(string $name, #[Hide] string $data, #[Hide] ?string $password, bool $allowWeak)
    {
        $ffi = Library::get();
        $memory = $ffi->new('kess_request[1]');
        $memory[0]->operation = $ffi->$name;
        $memory[0]->policy = $allowWeak ? $ffi->KESS_KEY_ALLOW_WEAK : 0;
        $key = $ffi->kess_load_key($memory, $data, \strlen($data), $password, \strlen($password ?? ''));
        $this->key = $key ?? throw Library::failed($memory, null, '');
    }

    public function __destruct()
    {
        [$key, $this->key] = [$this->key, null];
        Library::get()->kess_key_free($key);
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
        return Library::get()->kess_key_bits($this->key);
    }
}
