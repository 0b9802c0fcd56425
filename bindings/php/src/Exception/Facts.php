<?php

declare(strict_types=1);

namespace Kess\Exception;

/**
 * The facts of an exception, which is one of the classes here.
 *
 * @internal
 */
trait Facts
{
    private string $reason = '';
    private string $name = '';
    private ?int $position = null;

    public static function of(string $message, string $reason, string $name = '', int $status = 0, ?int $position = null): self
    {
        $exception = new self($message, $status);
        $exception->reason = $reason;
        $exception->name = $name;
        $exception->position = $position;

        return $exception;
    }

    public function reason(): string
    {
        return $this->reason;
    }

    public function code(): string
    {
        return $this->name;
    }

    public function position(): ?int
    {
        return $this->position;
    }
}
