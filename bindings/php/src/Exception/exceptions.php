<?php

// Every exception of this package. Composer finds them by its "classmap".

declare(strict_types=1);

namespace Kess\Exception;

/** Every exception of this package implements it. No message holds a secret. */
interface KessException extends \Throwable
{
    /** Return the reason as one stable word ("mismatch"): the table bindings/status.json has all of them; or "". */
    public function reason(): string;

    /** Return the name of the status ("KESS_ERR_SIGNATURE"), or "". */
    public function code(): string;

    /** Return the offset of the fault in the text, in bytes, or null. */
    public function position(): ?int;
}

/**
 * What every exception does.
 *
 * @internal
 */
trait Facts
{
    /** @param array{code?: string, status?: int, position?: int} $facts what libkess says of a call that failed */
    public function __construct(string $message, private string $reason = '', private array $facts = [])
    {
        parent::__construct($message, $facts['status'] ?? 0);
    }

    public function reason(): string
    {
        return $this->reason;
    }

    public function code(): string
    {
        return $this->facts['code'] ?? '';
    }

    public function position(): ?int
    {
        return ($this->facts['position'] ?? -1) < 0 ? null : $this->facts['position'];
    }
}

/** An argument cannot be used. Nothing was signed. */
class InputError extends \InvalidArgumentException implements KessException
{
    use Facts;
}

/** A document has no canonical form, or is not safe to sign as a request. Nothing was signed. */
final class CanonicalizationError extends InputError
{
}

/** A key cannot be loaded, or the key policy refuses it. */
final class KeyLoadError extends InputError
{
}

/** The document is not authentic: use no value of it. It says nothing about the money: query the transfer. */
class InvalidSignature extends \RuntimeException implements KessException
{
    use Facts;
}

/** A document cannot be verified: it has no canonical form, or is not safe to verify. Use no value of it. */
final class DocumentRefused extends InvalidSignature
{
}

/** The library cannot be loaded, or it failed. The input is not the cause; nothing was signed or verified. */
final class BackendError extends \RuntimeException implements KessException
{
    use Facts;
}
